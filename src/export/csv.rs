//! Delimited text: commas, semicolons, tabs or bars, quotes by RFC 4180.
//!
//! A quote that is never closed costs its own row only: reading goes on with the next line.

use std::io::BufRead as _;
use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::headings::Dictionary;
use super::open::{AGAIN, Part, Progress, io_trouble};
use super::record::Frame;
use super::table::{Cell, Cells, Fault, Table, cell_too_large};
use super::text::Text;
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Rows of a delimited file.
pub(super) struct Delimited {
    part: Part,
    progress: Progress,
    text: Text,
    splitter: Reader,
    delimiter: u8,
    columns: Option<usize>,
    output: Vec<u8>,
    ends: Vec<usize>,
    open_quotes: u32,
    /// Whether rows may still be the remains of a cell whose quote was never closed.
    remains: bool,
}

/// How reading one row ended.
enum Read {
    Row { cells: usize },
    TooLarge,
    OpenQuote { cells: usize },
    End,
}

impl Delimited {
    pub(super) fn open(part: &Part, progress: &Progress, dictionary: &Dictionary) -> Result<Self, Trouble> {
        let mut text = open_text(part, progress)?;
        let sample = text.fill_buf().map_err(|error| io_trouble(&error, Place::Whole))?;
        let delimiter = sniff_delimiter(sample, dictionary);
        Ok(Self {
            part: part.clone(),
            progress: Arc::clone(progress),
            text,
            splitter: splitter(delimiter),
            delimiter,
            columns: None,
            output: vec![0; 1 << 12],
            ends: vec![0; 64],
            open_quotes: 0,
            remains: false,
        })
    }

    /// Reads one row into `output` and `ends`.
    fn read(&mut self) -> Result<Read, Trouble> {
        let (mut written, mut cells, mut too_large, mut begun) = (0, 0, false, false);
        loop {
            let (input, at_end) = match self.text.fill_buf() {
                // A line end in place of the end of the text ends the row, unless a quote is still open.
                Ok([]) if begun => (b"\n".as_slice(), true),
                Ok([]) => return Ok(Read::End),
                Ok(input) => (input, false),
                Err(error) => return Err(io_trouble(&error, Place::Line(self.text.line()))),
            };
            let output = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, used, wrote, ended) = self.splitter.read_record(input, output, ends);
            self.text.consume(used);
            written += wrote;
            cells += ended;
            begun |= used > 0;
            match result {
                ReadRecordResult::Record if too_large => return Ok(Read::TooLarge),
                ReadRecordResult::Record => return Ok(Read::Row { cells }),
                _ if at_end && used > 0 => return Ok(Read::OpenQuote { cells }),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() < limit::RECORD_BYTES_MAX => {
                    self.output.resize(self.output.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() <= limit::COLUMNS_MAX => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                // The rest of the row is read over what was kept of it.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (written, cells, too_large) = (0, 0, true);
                }
                ReadRecordResult::End => return Ok(Read::End),
            }
        }
    }

    /// Begins again on the line after the one at `offset`, because the row there swallowed the rest.
    fn resume_after(&mut self, offset: u64) -> Result<(), Trouble> {
        self.text = open_text(&self.part, &self.progress)?;
        let failed = |error: std::io::Error| io_trouble(&error, Place::Whole);
        loop {
            let left = offset.saturating_sub(self.text.position());
            let input = self.text.fill_buf().map_err(failed)?;
            let input_len = u64::try_from(input.len()).unwrap_or(u64::MAX);
            if left > 0 && input_len > 0 {
                let used = usize::try_from(left.min(input_len)).unwrap_or(usize::MAX);
                self.text.consume(used);
                continue;
            }
            let line_end = memchr::memchr(b'\n', input);
            let used = line_end.map_or(input.len(), |end| end + 1);
            self.text.consume(used);
            if line_end.is_some() || used == 0 {
                break;
            }
        }
        self.splitter = splitter(self.delimiter);
        self.remains = true;
        Ok(())
    }

    /// Passes over line ends before a row, so that its line is known.
    fn skip_line_ends(&mut self) -> Result<(), Trouble> {
        loop {
            let input = match self.text.fill_buf() {
                Ok(input) => input,
                Err(error) => return Err(io_trouble(&error, Place::Line(self.text.line()))),
            };
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if ends == 0 {
                return Ok(());
            }
            self.text.consume(ends);
        }
    }

    /// Puts the row that was read into `row`, with what is wrong with it.
    fn take(&mut self, row: &mut Cells, cells: usize) {
        let ends = self.ends.get(..cells).unwrap_or_default();
        let output = self.output.get(..ends.last().copied().unwrap_or(0)).unwrap_or_default();
        // The text is valid UTF-8 and separators are ASCII, so cells are valid too.
        row.put_text(std::str::from_utf8(output).unwrap_or_default(), ends);
        let position = self.text.position();
        if self.text.broken_before(position) {
            row.fault = Some(Fault {
                reason: Reason::EncodingBroken,
                message: "the row holds bytes that are no characters in the file's encoding".to_owned(),
                help: "export the report again as UTF-8".into(),
                column: None,
            });
            return;
        }
        let Some(columns) = self.columns else { return };
        row.trim_to(columns);
        if row.width() != columns {
            row.fault = Some(self.uneven(row.width(), columns));
        } else if let Some(column) = row.longest_over(limit::CELL_BYTES_MAX) {
            row.fault = Some(cell_too_large(column));
        }
    }

    fn uneven(&mut self, found: usize, columns: usize) -> Fault {
        let last = self.text.fill_buf().is_ok_and(<[u8]>::is_empty);
        if last && found < columns && !self.text.ends_with_line_end() {
            return Fault {
                reason: Reason::FileTruncated,
                message: "the file ends in the middle of its last row".to_owned(),
                help: AGAIN.into(),
                column: None,
            };
        }
        Fault {
            reason: Reason::RowUneven,
            message: format!("the row has {found} cells and the header has {columns}"),
            help: "a separator or a quote in a text may not be quoted; export again with all texts in quotes".into(),
            column: None,
        }
    }
}

impl Table for Delimited {
    fn next_row(&mut self, row: &mut Cells) -> Result<bool, Trouble> {
        loop {
            self.skip_line_ends()?;
            row.clear(self.text.line());
            let offset = self.text.position();
            match self.read()? {
                Read::End => return Ok(false),
                Read::Row { cells } => {
                    self.take(row, cells);
                    let uneven = row.fault.as_ref().is_some_and(|fault| fault.reason != Reason::EncodingBroken);
                    if row.is_empty() || (self.remains && uneven) {
                        continue;
                    }
                    self.remains = false;
                }
                Read::TooLarge => {
                    row.fault = Some(Fault {
                        reason: Reason::TooLarge,
                        message: format!(
                            "the row is longer than {} MiB or has more than {} cells",
                            limit::RECORD_BYTES_MAX >> 20,
                            limit::COLUMNS_MAX
                        ),
                        help: "look for a quote that is never closed on this line; export again".into(),
                        column: None,
                    });
                }
                Read::OpenQuote { cells } => {
                    self.take(row, cells);
                    row.fault = Some(Fault {
                        reason: Reason::FileTruncated,
                        message: "a quote in this row is never closed".to_owned(),
                        help: AGAIN.into(),
                        column: None,
                    });
                    self.open_quotes += 1;
                    if self.open_quotes > limit::OPEN_QUOTES_MAX {
                        let fault = row.fault.take();
                        let frame = self.frame(&[]);
                        return Err(fault.map_or_else(
                            || io_trouble(&std::io::ErrorKind::Other.into(), Place::Line(row.number)),
                            |fault| row.trouble(&fault, &frame),
                        ));
                    }
                    self.resume_after(offset)?;
                }
            }
            return Ok(true);
        }
    }

    fn expect_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    fn frame(&self, headings: &[Arc<str>]) -> Frame {
        Frame::Lines(headings.to_vec())
    }
}

fn open_text(part: &Part, progress: &Progress) -> Result<Text, Trouble> {
    Text::new(part.source(progress)?).map_err(|error| io_trouble(&error, Place::Whole))
}

fn splitter(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

/// The separator under which some row has the most known headings; among equals the one with the most cells.
fn sniff_delimiter(sample: &[u8], dictionary: &Dictionary) -> u8 {
    let score = |delimiter: &u8| {
        let mut reader = splitter(*delimiter);
        let (mut rest, mut output, mut ends) = (sample, vec![0; sample.len() + 1], vec![0; limit::COLUMNS_MAX]);
        let mut best = (0, 0);
        for _ in 0..=limit::TITLE_ROWS_MAX {
            let (result, used, _, cells) = reader.read_record(rest, &mut output, &mut ends);
            rest = rest.get(used..).unwrap_or_default();
            if matches!(result, ReadRecordResult::End) || cells == 0 {
                break;
            }
            let mut row = Cells::default();
            let ends = ends.get(..cells).unwrap_or_default();
            let text = output.get(..ends.last().copied().unwrap_or(0)).unwrap_or_default();
            row.put_text(&String::from_utf8_lossy(text), ends);
            let known = |cell: &Cell<'_>| matches!(cell, Cell::Text(text) if dictionary.code(text).is_some());
            best = best.max((row.cells().filter(known).count(), cells));
        }
        best
    };
    // `max_by_key` takes the last of equals, so the likeliest stands last.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(score).unwrap_or(b',')
}
