//! Reading on a core of its own: records cross over in batches, so that mapping and reading go on side by side.
//!
//! The channel holds few batches: a slow consumer holds the reader up, and memory stays where it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::columns::Layout;
use super::headings::{Dictionary, Headings};
use super::open::{Kind, Part, Progress};
use super::record::{Draft, Frame, Record, Row};
use super::{forms_table, rows, xml};
use crate::diagnostic::Place;
use crate::domain::{ExtractType, Reason, Trouble};

const BATCH_BYTES: usize = 1 << 18;
const BATCH_ITEMS: usize = 256;
const BATCHES_AHEAD: usize = 3;

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

enum Message<T> {
    Opened(Layout),
    Batch { frame: Arc<Frame>, items: Vec<Result<T, Trouble>> },
    Done(Remarks),
}

/// The reader's end of the channel.
pub(super) struct Outlet<T> {
    sender: SyncSender<Message<T>>,
    frame: Arc<Frame>,
    items: Vec<Result<T, Trouble>>,
    bytes: usize,
    pub(super) remarks: Remarks,
}

impl<T> Outlet<T> {
    /// Says which layout it is: the file can be read.
    pub(super) fn opened(&mut self, layout: Layout) -> Result<(), Stop> {
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

    fn flush(&mut self) -> Result<(), Stop> {
        if self.items.is_empty() {
            return Ok(());
        }
        let room = self.items.len();
        let items = std::mem::replace(&mut self.items, Vec::with_capacity(room));
        self.bytes = 0;
        self.sender.send(Message::Batch { frame: Arc::clone(&self.frame), items }).map_err(|_| Stop::Closed)
    }

    /// The reader has come to its end, or to where it cannot go on.
    fn close(mut self, ended: Result<(), Stop>) {
        let last = match ended {
            Err(Stop::Closed) => return,
            Err(Stop::Trouble(trouble)) => self.put(Err(trouble), 0),
            Ok(()) => Ok(()),
        };
        if last.and_then(|()| self.flush()).is_ok() {
            // A listener who left before the last word misses nothing.
            drop(self.sender.send(Message::Done(self.remarks)));
        }
    }
}

/// What comes out of the channel, one by one.
struct Inlet<T> {
    /// `None` once the listener leaves, which is what stops the reader.
    receiver: Option<Receiver<Message<T>>>,
    thread: Option<JoinHandle<()>>,
    frame: Arc<Frame>,
    batch: std::vec::IntoIter<Result<T, Trouble>>,
    remarks: Option<Remarks>,
    ended: bool,
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
        let mut outlet =
            Outlet { sender, frame: Arc::clone(&frame), items: Vec::new(), bytes: 0, remarks: Remarks::default() };
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
            remarks: None,
            ended: false,
            progress,
        };
        match inlet.receive() {
            Some(Message::Opened(layout)) => Ok((layout, inlet)),
            Some(Message::Batch { items, .. }) => {
                Err(items.into_iter().find_map(Result::err).unwrap_or_else(|| stopped("it gave records unasked")))
            }
            Some(Message::Done(_)) | None => Err(stopped("it ended before it began")),
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
            if self.ended {
                return None;
            }
            match self.receive() {
                Some(Message::Batch { frame, items }) => (self.frame, self.batch) = (frame, items.into_iter()),
                Some(Message::Opened(_)) => {}
                Some(Message::Done(remarks)) => (self.ended, self.remarks) = (true, Some(remarks)),
                None => {
                    self.ended = true;
                    return Some(Err(stopped("it broke off")));
                }
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

    /// What was passed over; known once everything has been read.
    pub const fn remarks(&self) -> Option<&Remarks> {
        self.inlet.remarks.as_ref()
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

    /// What was passed over; known once everything has been read.
    pub const fn remarks(&self) -> Option<&Remarks> {
        self.inlet.remarks.as_ref()
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
            Kind::Xml => xml::read(&part, &read_progress, &dictionary, outlet),
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
