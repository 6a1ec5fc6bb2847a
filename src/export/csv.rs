//! Delimited text: comma, semicolon, tab or bar.

use std::cell::Cell as Counter;
use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use super::open::Part;
use super::table::{Cell, Flow, TableRow, TableVisitor};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

const BUFFER_BYTES: usize = 256 << 10;
/// Bytes by which the delimiter is known.
const HEAD_BYTES: u64 = 64 << 10;

/// Shows every row to the visitor.
pub(super) fn walk(part: &Part, visitor: &mut dyn TableVisitor) -> Result<(), Trouble> {
    let text = part.text()?;
    let watch = Watch::default();
    let mut watched = Watched { inner: text.reader, watch: watch.clone() };
    let mut head = Vec::new();
    watched.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| part.io_trouble(&error))?;
    let delimiter = delimiter(&head);
    let reader = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(head).chain(watched));
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(reader);
    let mut row = StringRecord::new();
    // The last row is held back until it is known whether the file ends within a quote.
    let mut held: Option<StringRecord> = None;
    loop {
        watch.since_row.set(0);
        match reader.read_record(&mut row) {
            Ok(true) => {
                if let Some(whole) = held.replace(std::mem::take(&mut row))
                    && show(visitor, &whole, text.damaged) == Flow::Stop
                {
                    return Ok(());
                }
            }
            Ok(false) => break,
            Err(error) => {
                let line = reader.position().line();
                show_held(visitor, held.take(), text.damaged);
                visitor.trouble(read_trouble(part, error, line));
                return Ok(());
            }
        }
    }
    let Some(last) = held else { return Ok(()) };
    if watch.quotes.get() % 2 == 1 {
        let line = last.position().map_or(0, csv::Position::line);
        let help = "have the report run again: a quotation mark is opened and never closed";
        visitor.trouble(Trouble {
            place: Place::Line(line),
            reason: Reason::FileTruncated,
            message: "the file ends in the middle of a cell".to_owned(),
            help: help.to_owned(),
        });
        return Ok(());
    }
    show(visitor, &last, text.damaged);
    Ok(())
}

fn show_held(visitor: &mut dyn TableVisitor, held: Option<StringRecord>, damaged: bool) {
    if let Some(row) = held {
        show(visitor, &row, damaged);
    }
}

fn show(visitor: &mut dyn TableVisitor, row: &StringRecord, damaged: bool) -> Flow {
    let line = row.position().map_or(0, csv::Position::line);
    if damaged && row.as_slice().contains('\u{fffd}') {
        return visitor.trouble(Trouble {
            place: Place::Line(line),
            reason: Reason::EncodingBroken,
            message: "the row holds bytes that are not UTF-8, which the file claims to be".to_owned(),
            help: "have the report written as UTF-8, or without a byte-order mark".to_owned(),
        });
    }
    if row.iter().any(|cell| cell.len() > limit::CELL_BYTES_MAX) || row.len() > limit::COLUMNS_MAX {
        return visitor.trouble(too_large(line));
    }
    visitor.row(&DelimitedRow { row, line })
}

fn too_large(line: u64) -> Trouble {
    Trouble {
        place: Place::Line(line),
        reason: Reason::TooLarge,
        message: "a row or a cell is larger than an export can hold".to_owned(),
        help: "look for a quotation mark that is opened and never closed".to_owned(),
    }
}

fn read_trouble(part: &Part, error: csv::Error, line: u64) -> Trouble {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => too_large(line),
        csv::ErrorKind::Io(error) => Trouble { place: Place::Line(line), ..part.io_trouble(&error) },
        _ => Trouble {
            place: Place::Line(line),
            ..part.trouble(Reason::EncodingBroken, "the row cannot be read", "have the report run again")
        },
    }
}

struct DelimitedRow<'a> {
    row: &'a StringRecord,
    line: u64,
}

impl TableRow for DelimitedRow<'_> {
    fn width(&self) -> usize {
        self.row.len()
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        match self.row.get(column) {
            None => Cell::Empty,
            Some(text) => Cell::Text(text),
        }
    }

    fn place(&self) -> Place {
        Place::Line(self.line)
    }

    fn cell_place(&self, _: usize, heading: &Arc<str>) -> Place {
        Place::Column { line: self.line, heading: heading.clone() }
    }
}

/// The delimiter that stands most often in any line at the head of the file.
fn delimiter(head: &[u8]) -> u8 {
    let count = |delimiter: u8| {
        let lines = head.split(|byte| *byte == b'\n').take(limit::TITLE_ROWS_MAX + 1);
        lines.map(|line| line.iter().filter(|byte| **byte == delimiter).count()).max().unwrap_or(0)
    };
    // The comma wins a draw.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// What a reader has seen: quotation marks, and bytes since the last row.
#[derive(Default, Clone)]
struct Watch {
    quotes: Rc<Counter<usize>>,
    since_row: Rc<Counter<usize>>,
}

/// Ends the reading when a row grows beyond all measure, so that a quotation mark that is never closed does not take
/// the rest of a large file for one cell.
struct Watched<R> {
    inner: R,
    watch: Watch,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let quotes = memchr::memchr_iter(b'"', buffer.get(..read).unwrap_or_default()).count();
        self.watch.quotes.set(self.watch.quotes.get() + quotes);
        self.watch.since_row.set(self.watch.since_row.get() + read);
        if self.watch.since_row.get() > limit::RECORD_BYTES_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(read)
    }
}
