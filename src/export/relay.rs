//! Reading on a core of its own: records cross over in batches, and what is made of them is made wherever there is
//! time.
//!
//! The channel holds few batches: a slow listener holds the reader up, and memory stays where it is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::columns::Layout;
use super::open::Progress;
use super::record::Frame;
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

const BATCH_BYTES: usize = 1 << 19;
const BATCH_ITEMS: usize = 512;
const BATCHES_AHEAD: usize = 4;

/// Why a reader stops before its end.
pub(super) enum Stop {
    /// Nobody listens any more.
    Closed,
    /// The rest cannot be read.
    Trouble(Trouble),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// What was passed over because it is no record and no answer: to be reported, not quarantined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Totals rows, page footers and repeated headers.
    pub furniture_rows: u64,
    /// Sheets of a workbook that were not read.
    pub sheets_unread: Vec<Arc<str>>,
    /// Paths of XML elements that no reader knows, and how often each stands in the file.
    pub elements_unknown: BTreeMap<String, u64>,
}

impl Remarks {
    /// Counts an element that nobody knows.
    pub(super) fn count_unknown(&mut self, path: &str, times: u64) {
        if let Some(count) = self.elements_unknown.get_mut(path) {
            *count += times;
        } else if self.elements_unknown.len() < limit::UNKNOWN_ELEMENTS_MAX {
            self.elements_unknown.insert(path.to_owned(), times);
        } else {
            *self.elements_unknown.entry("…".to_owned()).or_default() += times;
        }
    }

    fn add(&mut self, other: Self) {
        self.furniture_rows += other.furniture_rows;
        self.sheets_unread.extend(other.sheets_unread);
        for (path, times) in other.elements_unknown {
            self.count_unknown(&path, times);
        }
    }
}

/// Records that follow each other in the file.
pub(super) struct Batch<T> {
    pub(super) frame: Arc<Frame>,
    pub(super) items: Vec<Result<T, Trouble>>,
    pub(super) remarks: Remarks,
    /// Why nothing after these can be read.
    pub(super) stop: Option<Trouble>,
}

/// Work that makes a batch of records.
pub(super) type Task<T> = Box<dyn FnOnce() -> Batch<T> + Send>;

/// What is made of each record, on whichever core has time.
pub(super) type Through<T, U> = Arc<dyn Fn(Result<T, Trouble>, &Frame) -> U + Send + Sync>;

/// A batch as it is handed to the listener.
struct Ready<U> {
    items: Vec<U>,
    remarks: Remarks,
    /// Whether nothing comes after these.
    last: bool,
}

/// A batch, or the work that makes one. Whoever comes to it first does it: the listener when it waits for it, the
/// reader when it is far enough ahead.
struct Work<U> {
    state: Mutex<State<U>>,
    done: Condvar,
}

enum State<U> {
    Waiting(Box<dyn FnOnce() -> Ready<U> + Send>),
    Begun,
    Done(Ready<U>),
    /// Given to the listener, or lost with the reader that had begun it.
    Gone,
}

impl<U> Work<U> {
    fn lock(&self) -> MutexGuard<'_, State<U>> {
        // Work is done outside the lock, so nothing is half changed when a thread panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the task, if nobody has begun it.
    fn begin(&self) -> Option<Box<dyn FnOnce() -> Ready<U> + Send>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Begun) {
            State::Waiting(task) => Some(task),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Does the work here, unless somebody else has begun it.
    fn help(&self) {
        let Some(task) = self.begin() else { return };
        let mut unfinished = Unfinished { work: self, ready: None };
        unfinished.ready = Some(task());
    }

    /// The batch, done here or waited for; `None` if whoever had begun it broke off.
    fn take(&self) -> Option<Ready<U>> {
        if let Some(task) = self.begin() {
            return Some(task());
        }
        let mut state = self.lock();
        loop {
            match std::mem::replace(&mut *state, State::Gone) {
                State::Done(ready) => return Some(ready),
                State::Begun => *state = State::Begun,
                State::Waiting(_) | State::Gone => return None,
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the listener when work ends, well or in a panic.
struct Unfinished<'w, U> {
    work: &'w Work<U>,
    ready: Option<Ready<U>>,
}

impl<U> Drop for Unfinished<'_, U> {
    fn drop(&mut self) {
        *self.work.lock() = self.ready.take().map_or(State::Gone, State::Done);
        self.work.done.notify_all();
    }
}

enum Message<U> {
    Opened(Layout),
    Work(Arc<Work<U>>),
    Done(Remarks),
    Refused(Trouble),
}

/// The way to the listener, whatever is made of the records on the way.
trait Lane<T>: Send {
    fn opened(&mut self, layout: Layout) -> Result<(), Stop>;
    fn task(&mut self, task: Task<T>) -> Result<(), Stop>;
    /// The last word. A listener who has left misses nothing.
    fn close(self: Box<Self>, refused: Option<Trouble>, remarks: Remarks);
}

struct Channel<T, U> {
    sender: SyncSender<Message<U>>,
    through: Through<T, U>,
    /// Work that has been handed over and may not have been begun.
    ahead: VecDeque<Arc<Work<U>>>,
}

impl<T: 'static, U: Send + 'static> Lane<T> for Channel<T, U> {
    fn opened(&mut self, layout: Layout) -> Result<(), Stop> {
        self.sender.send(Message::Opened(layout)).map_err(|_| Stop::Closed)
    }

    fn task(&mut self, task: Task<T>) -> Result<(), Stop> {
        let through = Arc::clone(&self.through);
        let task = Box::new(move || {
            let Batch { frame, items, remarks, stop } = task();
            let last = stop.is_some();
            let items = items.into_iter().chain(stop.map(Err)).map(|item| through(item, &frame)).collect();
            Ready { items, remarks, last }
        });
        let work = Arc::new(Work { state: Mutex::new(State::Waiting(task)), done: Condvar::new() });
        self.ahead.push_back(Arc::clone(&work));
        if self.ahead.len() > BATCHES_AHEAD {
            self.ahead.pop_front();
        }
        let mut message = Message::Work(work);
        loop {
            message = match self.sender.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(Stop::Closed),
                Err(TrySendError::Full(message)) => message,
            };
            // The newest: the oldest is what the listener comes to next, and would have to wait for.
            match self.ahead.pop_back() {
                Some(work) => work.help(),
                None => return self.sender.send(message).map_err(|_| Stop::Closed),
            }
        }
    }

    fn close(mut self: Box<Self>, refused: Option<Trouble>, remarks: Remarks) {
        while let Some(work) = self.ahead.pop_back() {
            work.help();
        }
        drop(self.sender.send(refused.map_or(Message::Done(remarks), Message::Refused)));
    }
}

/// The reader's end of the way.
pub(super) struct Outlet<T> {
    lane: Box<dyn Lane<T>>,
    frame: Arc<Frame>,
    items: Vec<Result<T, Trouble>>,
    bytes: usize,
    opened: bool,
    pub(super) remarks: Remarks,
}

impl<T: Send + 'static> Outlet<T> {
    /// Says which layout it is: the file can be read.
    pub(super) fn opened(&mut self, layout: Layout) -> Result<(), Stop> {
        self.opened = true;
        self.lane.opened(layout)
    }

    /// Sets what the places of the following drafts have in common.
    pub(super) fn frame(&mut self, frame: Frame) -> Result<(), Stop> {
        self.flush()?;
        self.frame = Arc::new(frame);
        Ok(())
    }

    /// Hands a record or trouble over; `bytes` is about how large it is.
    pub(super) fn put(&mut self, item: Result<T, Trouble>, bytes: usize) -> Result<(), Stop> {
        self.items.push(item);
        self.bytes += bytes;
        if self.bytes >= BATCH_BYTES || self.items.len() >= BATCH_ITEMS { self.flush() } else { Ok(()) }
    }

    /// Hands over work that makes a batch. While the listener is busy, the reader does some of it.
    pub(super) fn put_task(&mut self, task: Task<T>) -> Result<(), Stop> {
        self.flush()?;
        self.lane.task(task)
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.items.is_empty() {
            return Ok(());
        }
        let room = self.items.len();
        let items = std::mem::replace(&mut self.items, Vec::with_capacity(room));
        self.bytes = 0;
        let frame = Arc::clone(&self.frame);
        self.lane.task(Box::new(move || Batch { frame, items, remarks: Remarks::default(), stop: None }))
    }

    /// The reader has come to its end, or to where it cannot go on.
    fn close(mut self, ended: Result<(), Stop>) {
        let refused = match ended {
            Err(Stop::Closed) => return,
            Err(Stop::Trouble(trouble)) if !self.opened => Some(trouble),
            Err(Stop::Trouble(trouble)) => {
                self.items.push(Err(trouble));
                None
            }
            Ok(()) => None,
        };
        if self.flush().is_ok() {
            self.lane.close(refused, self.remarks);
        }
    }
}

/// What comes out of the channel, one by one.
pub(super) struct Inlet<T, U> {
    /// `None` once the listener leaves or nothing more can come, which is what stops the reader.
    receiver: Option<Receiver<Message<U>>>,
    thread: Option<JoinHandle<()>>,
    through: Through<T, U>,
    ready: std::vec::IntoIter<U>,
    remarks: Remarks,
    progress: Progress,
}

impl<T: Send + 'static, U: Send + 'static> Inlet<T, U> {
    /// Starts a reader and waits until it says which layout it found, or why it finds none.
    pub(super) fn open(
        progress: Progress,
        through: Through<T, U>,
        read: impl FnOnce(&mut Outlet<T>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<(Layout, Self), Trouble> {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        let lane = Channel { sender, through: Arc::clone(&through), ahead: VecDeque::new() };
        let mut outlet = Outlet {
            lane: Box::new(lane),
            frame: Arc::new(Frame::Elements(Vec::new())),
            items: Vec::new(),
            bytes: 0,
            opened: false,
            remarks: Remarks::default(),
        };
        let thread = std::thread::Builder::new().name("export-reader".to_owned()).spawn(move || {
            let ended = read(&mut outlet);
            outlet.close(ended);
        });
        let thread = thread.map_err(|_| stopped("no further thread can be started"))?;
        let ready = Vec::new().into_iter();
        let remarks = Remarks::default();
        let inlet = Self { receiver: Some(receiver), thread: Some(thread), through, ready, remarks, progress };
        match inlet.receive() {
            Some(Message::Opened(layout)) => Ok((layout, inlet)),
            Some(Message::Refused(trouble)) => Err(trouble),
            Some(Message::Work(_) | Message::Done(_)) | None => Err(stopped("it ended before it began")),
        }
    }

    fn receive(&self) -> Option<Message<U>> {
        self.receiver.as_ref().and_then(|receiver| receiver.recv().ok())
    }

    /// The next record, or what was made of it.
    pub(super) fn next(&mut self) -> Option<U> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(item);
            }
            self.receiver.as_ref()?;
            let trouble = match self.receive() {
                Some(Message::Work(work)) => match work.take() {
                    Some(Ready { items, remarks, last }) => {
                        self.ready = items.into_iter();
                        self.remarks.add(remarks);
                        if last {
                            self.receiver = None;
                        }
                        continue;
                    }
                    None => stopped("it broke off"),
                },
                Some(Message::Done(remarks)) => {
                    self.receiver = None;
                    self.remarks.add(remarks);
                    continue;
                }
                Some(Message::Refused(trouble)) => trouble,
                Some(Message::Opened(_)) => continue,
                None => stopped("it broke off"),
            };
            self.receiver = None;
            return Some((self.through)(Err(trouble), &Frame::Elements(Vec::new())));
        }
    }
}

impl<T, U> Inlet<T, U> {
    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What was passed over so far.
    pub(super) const fn remarks(&self) -> &Remarks {
        &self.remarks
    }
}

impl<T, U> Drop for Inlet<T, U> {
    fn drop(&mut self) {
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // A reader that panicked has been told of as a trouble already.
            drop(thread.join());
        }
    }
}

fn stopped(why: &str) -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::FileUnreadable,
        message: format!("the reader of the file stopped: {why}"),
        help: "import the file again; if it happens again, keep the file and tell the systems officer".to_owned(),
    }
}
