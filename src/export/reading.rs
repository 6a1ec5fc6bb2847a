//! Reading on a core of its own: records cross over in batches, so that mapping and reading go on side by side.
//!
//! The channel holds few batches: a slow consumer holds the reader up, and memory stays where it is.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::columns::Layout;
use super::headings::{Dictionary, Headings};
use super::open::{Kind, Part, Progress};
use super::record::{Draft, Frame, Record, Row};
use super::{forms_table, rows, xml};
use crate::diagnostic::Place;
use crate::domain::{ExtractType, Reason, Trouble, limit};

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

/// A batch, or the work that makes one. Whoever comes to it first does it: the listener when it waits for it, the
/// reader when it is far enough ahead.
struct Work<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

type Task<T> = Box<dyn FnOnce() -> Batch<T> + Send>;

enum State<T> {
    Waiting(Task<T>),
    Begun,
    Done(Batch<T>),
    /// Given to the listener, or lost with the reader that had begun it.
    Gone,
}

impl<T> Work<T> {
    fn new(state: State<T>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(state), done: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Work is done outside the lock, so nothing is half changed when a thread panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the task, if nobody has begun it.
    fn begin(&self) -> Option<Task<T>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Begun) {
            State::Waiting(task) => Some(task),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Does the work here, unless somebody else has begun it; whether it did.
    fn help(&self) -> bool {
        let Some(task) = self.begin() else { return false };
        let mut unfinished = Unfinished { work: self, batch: None };
        unfinished.batch = Some(task());
        true
    }

    /// The batch, done here or waited for; `None` if whoever had begun it broke off.
    fn take(&self) -> Option<Batch<T>> {
        if let Some(task) = self.begin() {
            return Some(task());
        }
        let mut state = self.lock();
        loop {
            match std::mem::replace(&mut *state, State::Gone) {
                State::Done(batch) => return Some(batch),
                State::Begun => *state = State::Begun,
                State::Waiting(_) | State::Gone => return None,
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the listener when work ends, well or in a panic.
struct Unfinished<'w, T> {
    work: &'w Work<T>,
    batch: Option<Batch<T>>,
}

impl<T> Drop for Unfinished<'_, T> {
    fn drop(&mut self) {
        *self.work.lock() = self.batch.take().map_or(State::Gone, State::Done);
        self.work.done.notify_all();
    }
}

enum Message<T> {
    Opened(Layout),
    Work(Arc<Work<T>>),
    Done(Remarks),
    Refused(Trouble),
}

/// The reader's end of the channel.
pub(super) struct Outlet<T> {
    sender: SyncSender<Message<T>>,
    frame: Arc<Frame>,
    items: Vec<Result<T, Trouble>>,
    bytes: usize,
    opened: bool,
    /// Work that has been handed over and may not have been begun.
    ahead: VecDeque<Arc<Work<T>>>,
    pub(super) remarks: Remarks,
}

impl<T> Outlet<T> {
    /// Says which layout it is: the file can be read.
    pub(super) fn opened(&mut self, layout: Layout) -> Result<(), Stop> {
        self.opened = true;
        self.sender.send(Message::Opened(layout)).map_err(|_| Stop::Closed)
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

    /// Hands a batch over.
    pub(super) fn put_batch(&mut self, batch: Batch<T>) -> Result<(), Stop> {
        self.send(Work::new(State::Done(batch)))
    }

    /// Hands over work that makes a batch. While the listener is busy, the reader does some of it.
    pub(super) fn put_task(&mut self, task: Task<T>) -> Result<(), Stop> {
        let work = Work::new(State::Waiting(task));
        self.ahead.push_back(Arc::clone(&work));
        self.send(work)
    }

    fn send(&mut self, work: Arc<Work<T>>) -> Result<(), Stop> {
        let mut message = Message::Work(work);
        loop {
            message = match self.sender.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(Stop::Closed),
                Err(TrySendError::Full(message)) => message,
            };
            match self.ahead.pop_front() {
                Some(work) => drop(work.help()),
                None => return self.sender.send(message).map_err(|_| Stop::Closed),
            }
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.items.is_empty() {
            return Ok(());
        }
        let room = self.items.len();
        let items = std::mem::replace(&mut self.items, Vec::with_capacity(room));
        self.bytes = 0;
        let frame = Arc::clone(&self.frame);
        self.put_batch(Batch { frame, items, remarks: Remarks::default(), stop: None })
    }

    /// The reader has come to its end, or to where it cannot go on. A listener who has left misses nothing.
    fn close(mut self, ended: Result<(), Stop>) {
        let last = match ended {
            Err(Stop::Closed) => return,
            Err(Stop::Trouble(trouble)) if !self.opened => return drop(self.sender.send(Message::Refused(trouble))),
            Err(Stop::Trouble(trouble)) => self.put(Err(trouble), 0),
            Ok(()) => Ok(()),
        };
        if last.and_then(|()| self.flush()).is_ok() {
            while let Some(work) = self.ahead.pop_front() {
                work.help();
            }
            drop(self.sender.send(Message::Done(self.remarks)));
        }
    }
}

/// What comes out of the channel, one by one.
struct Inlet<T> {
    /// `None` once the listener leaves or nothing more can come, which is what stops the reader.
    receiver: Option<Receiver<Message<T>>>,
    thread: Option<JoinHandle<()>>,
    frame: Arc<Frame>,
    batch: std::vec::IntoIter<Result<T, Trouble>>,
    stop: Option<Trouble>,
    remarks: Remarks,
    progress: Progress,
}

impl<T: Send + 'static> Inlet<T> {
    /// Starts a reader and waits until it says which layout it found, or why it finds none.
    fn open(
        progress: Progress,
        read: impl FnOnce(&mut Outlet<T>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<(Layout, Self), Trouble> {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        let frame = Arc::new(Frame::Elements(Vec::new()));
        let mut outlet = Outlet {
            sender,
            frame: Arc::clone(&frame),
            items: Vec::new(),
            bytes: 0,
            opened: false,
            ahead: VecDeque::new(),
            remarks: Remarks::default(),
        };
        let thread = std::thread::Builder::new().name("export-reader".to_owned()).spawn(move || {
            let ended = read(&mut outlet);
            outlet.close(ended);
        });
        let thread = thread.map_err(|_| stopped("no further thread can be started"))?;
        let inlet = Self {
            receiver: Some(receiver),
            thread: Some(thread),
            frame,
            batch: Vec::new().into_iter(),
            stop: None,
            remarks: Remarks::default(),
            progress,
        };
        match inlet.receive() {
            Some(Message::Opened(layout)) => Ok((layout, inlet)),
            Some(Message::Refused(trouble)) => Err(trouble),
            Some(Message::Work(_) | Message::Done(_)) | None => Err(stopped("it ended before it began")),
        }
    }

    fn receive(&self) -> Option<Message<T>> {
        self.receiver.as_ref().and_then(|receiver| receiver.recv().ok())
    }

    fn next(&mut self) -> Option<Result<T, Trouble>> {
        loop {
            if let Some(item) = self.batch.next() {
                return Some(item);
            }
            if let Some(trouble) = self.stop.take() {
                self.receiver = None;
                return Some(Err(trouble));
            }
            self.receiver.as_ref()?;
            match self.receive() {
                Some(Message::Work(work)) => match work.take() {
                    Some(batch) => {
                        self.frame = batch.frame;
                        self.batch = batch.items.into_iter();
                        self.stop = batch.stop;
                        self.remarks.add(batch.remarks);
                    }
                    None => self.stop = Some(stopped("it broke off")),
                },
                Some(Message::Done(remarks)) => {
                    self.receiver = None;
                    self.remarks.add(remarks);
                }
                Some(Message::Opened(_)) => {}
                Some(Message::Refused(trouble)) => self.stop = Some(trouble),
                None => self.stop = Some(stopped("it broke off")),
            }
        }
    }
}

impl<T> Drop for Inlet<T> {
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

/// The submissions of one part, in the order in which they begin.
pub struct Forms {
    layout: Layout,
    inlet: Inlet<Draft>,
}

impl Forms {
    /// How the part is laid out.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Bytes on disk that the reader has come through, of [`Part::bytes`].
    pub fn bytes_read(&self) -> u64 {
        self.inlet.progress.load(Ordering::Relaxed)
    }

    /// What was passed over so far: everything, once the last record has been read.
    pub const fn remarks(&self) -> &Remarks {
        &self.inlet.remarks
    }
}

impl Iterator for Forms {
    type Item = Result<Record, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        let draft = self.inlet.next()?;
        Some(draft.map(|draft| draft.finish(&self.inlet.frame)))
    }
}

/// The rows of one part of a `documents`, `events` or `persons` extract.
pub struct Rows {
    inlet: Inlet<Row>,
}

impl Rows {
    /// Bytes on disk that the reader has come through, of [`Part::bytes`].
    pub fn bytes_read(&self) -> u64 {
        self.inlet.progress.load(Ordering::Relaxed)
    }

    /// What was passed over so far: everything, once the last record has been read.
    pub const fn remarks(&self) -> &Remarks {
        &self.inlet.remarks
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inlet.next()
    }
}

impl Part {
    /// Reads the part as submissions. Rows of a `long` export that are out of order are spilled to a file in
    /// `spill_dir` whose key is never written down.
    ///
    /// # Errors
    /// The trouble of a part that cannot be opened or has no header that is known.
    pub fn forms(&self, headings: &Headings, spill_dir: &Path) -> Result<Forms, Trouble> {
        let (part, dictionary) = (self.clone(), headings.dictionary(ExtractType::Forms));
        let (progress, spill_dir) = (Progress::default(), spill_dir.to_owned());
        let read_progress = Arc::clone(&progress);
        let (layout, inlet) = Inlet::open(progress, move |outlet| match part.kind()? {
            Kind::Xml => xml::read(&part, &read_progress, dictionary, outlet),
            kind => forms_table::read(&part, kind, &read_progress, &dictionary, &spill_dir, outlet),
        })?;
        Ok(Forms { layout, inlet })
    }

    /// Reads the part as rows of a `documents`, `events` or `persons` extract.
    ///
    /// # Errors
    /// The trouble of a part that cannot be opened, has no header that is known, or lacks a column.
    pub fn rows(&self, extract: ExtractType, headings: &Headings) -> Result<Rows, Trouble> {
        let (part, dictionary): (Self, Dictionary) = (self.clone(), headings.dictionary(extract));
        let progress = Progress::default();
        let read_progress = Arc::clone(&progress);
        let (_, inlet) =
            Inlet::open(progress, move |outlet| rows::read(&part, extract, &read_progress, &dictionary, outlet))?;
        Ok(Rows { inlet })
    }
}
