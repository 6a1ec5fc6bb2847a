//! The submissions of an export, read on a thread of their own so that mapping runs on another.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::vec;

use super::headings::{Headings, required};
use super::open::Part;
use super::sniff::Content;
use super::{Record, Row, answers, rows, xml};
use crate::domain::{ExtractType, Trouble};

/// Items that travel together, and batches that may be under way: memory is bounded by their product.
const BATCH_ITEMS: usize = 128;
const BATCHES_WAITING: usize = 4;

/// What an export holds, item by item: a record or row, or why one cannot be read.
pub struct Items<T> {
    receiver: Receiver<Vec<Result<T, Trouble>>>,
    batch: vec::IntoIter<Result<T, Trouble>>,
}

impl<T> Iterator for Items<T> {
    type Item = Result<T, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.batch.next() {
                return Some(item);
            }
            self.batch = self.receiver.recv().ok()?.into_iter();
        }
    }
}

/// The other end of [`Items`].
pub(super) struct Sink<T> {
    sender: SyncSender<Vec<Result<T, Trouble>>>,
    batch: Vec<Result<T, Trouble>>,
}

/// Nobody takes what is read any more.
pub(super) struct Gone;

impl<T> Sink<T> {
    pub(super) fn put(&mut self, item: Result<T, Trouble>) -> Result<(), Gone> {
        self.batch.push(item);
        if self.batch.len() < BATCH_ITEMS { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_ITEMS));
        self.sender.send(batch).map_err(|_| Gone)
    }
}

impl Part {
    /// The submissions of the part. `scratch` is a folder for a `long` export whose rows are out of order; what is
    /// kept there is encrypted with a key that exists in memory only.
    pub fn forms(&self, headings: &Headings, scratch: &Path) -> Items<Record> {
        let (part, headings, scratch) = (self.clone(), headings.clone(), scratch.to_owned());
        on_a_thread(move |sink| match part.content() {
            Content::Xml(_) => xml::read(&part, &headings, sink),
            Content::Delimited(_) | Content::Workbook => answers::read(&part, &headings, &scratch, sink),
        })
    }

    /// The rows of the part, a table of documents, events or persons.
    pub fn rows(&self, extract: ExtractType, headings: &Headings) -> Items<Row> {
        let (part, headings) = (self.clone(), headings.clone());
        on_a_thread(move |sink| rows::read(&part, extract, &headings, required(extract), sink))
    }
}

/// Runs a reader on a thread. A trouble that ends the reading is the last item.
fn on_a_thread<T: Send + 'static>(read: impl FnOnce(&mut Sink<T>) -> Result<(), Trouble> + Send + 'static) -> Items<T> {
    let (sender, receiver) = sync_channel(BATCHES_WAITING);
    std::thread::spawn(move || {
        let mut sink = Sink { sender, batch: Vec::with_capacity(BATCH_ITEMS) };
        let ended = read(&mut sink);
        // Where nobody listens any more, nobody misses the rest.
        if let Err(trouble) = ended
            && sink.put(Err(trouble)).is_err()
        {
            return;
        }
        drop(sink.flush());
    });
    Items { receiver, batch: Vec::new().into_iter() }
}
