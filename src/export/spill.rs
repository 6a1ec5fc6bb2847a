//! Rows of a `long` export that are out of order, on disk, form by form.
//!
//! Rows that no longer fit into memory are written as runs in the order of their forms, and merged: first by form, then in
//! the order in which the forms began. The file has no name, so that nothing is left behind; what it held is encrypted with
//! a key that only this process's memory has, and cannot be read off the disk by anybody.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::path::Path;

use jiff::civil::DateTime;

use super::sealed_file::{Block, SealedFile};
use super::table::{Cell, Cells, FORMULA_ERRORS, Fault};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Rows by form.
pub(super) struct Spill {
    file: SealedFile,
    /// Rows by form that are still in memory.
    waiting: HashMap<String, Waiting>,
    waiting_bytes: usize,
    rows: u64,
    runs: Vec<Vec<Block>>,
}

/// Rows of one form, encoded one after the other.
struct Waiting {
    first: u64,
    rows: Vec<u8>,
}

/// Rows of one form within a run.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    /// What the run is sorted by: the form, or when it began.
    order: Vec<u8>,
    /// The number of its first row.
    first: u64,
    rows: Vec<u8>,
}

/// Bytes of chunks that are sealed together; a chunk is never divided.
const BLOCK_BYTES: usize = 64 << 10;

impl Spill {
    /// Makes the file in the folder `dir`, for this process only.
    pub(super) fn create(dir: &Path) -> Result<Self, Trouble> {
        let file = SealedFile::create(dir)
            .map_err(|error| spill_trouble(&format!("its file cannot be made: {}", error.kind())))?;
        Ok(Self { file, waiting: HashMap::new(), waiting_bytes: 0, rows: 0, runs: Vec::new() })
    }

    /// Adds a row of the form `key`.
    pub(super) fn add(&mut self, key: &str, row: &Cells) -> Result<(), Trouble> {
        self.rows += 1;
        let waiting = match self.waiting.get_mut(key) {
            Some(waiting) => waiting,
            None => self.waiting.entry(key.to_owned()).or_insert(Waiting { first: self.rows, rows: Vec::new() }),
        };
        let before = waiting.rows.len();
        encode(row, &mut waiting.rows);
        self.waiting_bytes += waiting.rows.len() - before + size_of::<Waiting>();
        if self.waiting_bytes >= limit::SPILL_BUFFER_BYTES {
            self.flush().map_err(|error| disk_trouble(&error))?;
        }
        Ok(())
    }

    /// Writes what waits as one run in the order of the forms.
    fn flush(&mut self) -> io::Result<()> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let mut chunks: Vec<Chunk> =
            waiting.map(|(key, Waiting { first, rows })| Chunk { order: key.into_bytes(), first, rows }).collect();
        chunks.sort_unstable();
        self.runs.push(write(&mut self.file, &chunks)?);
        Ok(())
    }

    /// Gives the rows back form by form, in the order in which the forms began; after each form comes `None`.
    pub(super) fn read_back<E: From<Trouble>>(
        mut self,
        mut take: impl FnMut(Option<&Cells>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: io::Error| E::from(disk_trouble(&error));
        self.flush().map_err(failed)?;
        let runs = self.by_beginning().map_err(failed)?;
        let mut merged = Merged::new(&self.file, runs).map_err(failed)?;
        let (mut form, mut row) = (None, Cells::default());
        while let Some(chunk) = merged.next(&self.file).map_err(failed)? {
            if form.replace(chunk.first).is_some_and(|before| before != chunk.first) {
                take(None)?;
            }
            let mut rest = chunk.rows.as_slice();
            while !rest.is_empty() {
                if decode(&mut rest, &mut row).is_none() {
                    return Err(spill_trouble("it reads back other than it was written").into());
                }
                take(Some(&row))?;
            }
        }
        take(None)
    }

    /// The same chunks in runs by when their forms began.
    fn by_beginning(&mut self) -> io::Result<Vec<Vec<Block>>> {
        let mut merged = Merged::new(&self.file, std::mem::take(&mut self.runs))?;
        let (mut runs, mut waiting, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut form: Option<(Vec<u8>, u64)> = None;
        while let Some(chunk) = merged.next(&self.file)? {
            let first = match &form {
                Some((key, first)) if *key == chunk.order => *first,
                _ => form.insert((chunk.order, chunk.first)).1,
            };
            bytes += chunk.rows.len() + size_of::<Chunk>();
            // Chunks of one form come in the order of its rows, and stay in it.
            waiting.push(Chunk { order: first.to_be_bytes().to_vec(), first, rows: chunk.rows });
            if bytes >= limit::SPILL_BUFFER_BYTES {
                waiting.sort_by_key(|chunk| chunk.first);
                runs.push(write(&mut self.file, &std::mem::take(&mut waiting))?);
                bytes = 0;
            }
        }
        waiting.sort_by_key(|chunk| chunk.first);
        runs.push(write(&mut self.file, &waiting)?);
        Ok(runs)
    }
}

/// Writes a run: every chunk as its order, its number and its rows.
fn write(file: &mut SealedFile, chunks: &[Chunk]) -> io::Result<Vec<Block>> {
    let (mut blocks, mut plain) = (Vec::new(), Vec::new());
    for Chunk { order, first, rows } in chunks {
        for part in [order.as_slice(), &first.to_le_bytes(), rows.as_slice()] {
            plain.extend_from_slice(&u64::try_from(part.len()).unwrap_or(0).to_le_bytes());
            plain.extend_from_slice(part);
        }
        if plain.len() >= BLOCK_BYTES {
            blocks.push(file.seal(std::mem::take(&mut plain))?);
        }
    }
    if !plain.is_empty() {
        blocks.push(file.seal(plain)?);
    }
    Ok(blocks)
}

/// The order of a chunk, its run, its rows, and the number of the first.
type Head = (Vec<u8>, usize, Vec<u8>, u64);

/// Runs that are read together, in their order.
struct Merged {
    runs: Vec<Run>,
    /// The next chunk of each run; of two in the same place the earlier run's comes first.
    heads: BinaryHeap<Reverse<Head>>,
}

/// A run that is read.
struct Run {
    blocks: std::vec::IntoIter<Block>,
    plain: Vec<u8>,
    at: usize,
}

impl Merged {
    fn new(file: &SealedFile, runs: Vec<Vec<Block>>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|blocks| Run { blocks: blocks.into_iter(), plain: Vec::new(), at: 0 });
        let mut merged = Self { runs: runs.collect(), heads: BinaryHeap::new() };
        for run in 0..merged.runs.len() {
            merged.advance(file, run)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, file: &SealedFile, at: usize) -> io::Result<()> {
        let next = self.runs.get_mut(at).map(|run| run.next(file)).transpose()?.flatten();
        self.heads.extend(next.map(|Chunk { order, first, rows }| Reverse((order, at, rows, first))));
        Ok(())
    }

    fn next(&mut self, file: &SealedFile) -> io::Result<Option<Chunk>> {
        let Some(Reverse((order, run, rows, first))) = self.heads.pop() else { return Ok(None) };
        self.advance(file, run)?;
        Ok(Some(Chunk { order, first, rows }))
    }
}

impl Run {
    fn next(&mut self, file: &SealedFile) -> io::Result<Option<Chunk>> {
        if self.at >= self.plain.len() {
            let Some(block) = self.blocks.next() else { return Ok(None) };
            (self.plain, self.at) = (file.open(block)?, 0);
        }
        let mut rest = self.plain.get(self.at..).unwrap_or_default();
        let before = rest.len();
        let mut chunk = || {
            let (order, first, rows) = (part(&mut rest)?, part(&mut rest)?, part(&mut rest)?);
            let first = u64::from_le_bytes(first.try_into().ok()?);
            Some((Chunk { order: order.to_vec(), first, rows: rows.to_vec() }, rest.len()))
        };
        let damaged = || io::Error::other("it reads back other than it was written");
        let (chunk, left) = chunk().ok_or_else(damaged)?;
        self.at += before - left;
        Ok(Some(chunk))
    }
}

fn part<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = usize::try_from(u64::from_le_bytes(*take(rest)?)).ok()?;
    let (part, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(part)
}

/// Writes a row: its number, its fault, its cells; numbers little-endian, texts preceded by their length.
fn encode(row: &Cells, out: &mut Vec<u8>) {
    out.extend_from_slice(&row.number.to_le_bytes());
    match &row.fault {
        None => out.push(0),
        Some(fault) => {
            out.push(1);
            encode_text(fault.reason.as_str(), out);
            encode_text(&fault.message, out);
            encode_text(&fault.help, out);
            let column = fault.column.and_then(|column| u32::try_from(column).ok()).unwrap_or(u32::MAX);
            out.extend_from_slice(&column.to_le_bytes());
        }
    }
    out.extend_from_slice(&u32::try_from(row.width()).unwrap_or(0).to_le_bytes());
    for cell in row.cells() {
        match cell {
            Cell::Empty => out.push(0),
            Cell::Text(text) => {
                out.push(1);
                encode_text(text, out);
            }
            Cell::Number(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Cell::Flag(flag) => out.push(if flag { 3 } else { 4 }),
            Cell::Moment(moment) => {
                out.push(5);
                encode_text(&moment.to_string(), out);
            }
            Cell::Error(name) => {
                out.push(6);
                encode_text(name, out);
            }
        }
    }
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn decode(rest: &mut &[u8], row: &mut Cells) -> Option<()> {
    row.clear(u64::from_le_bytes(*take(rest)?));
    if decode_byte(rest)? == 1 {
        let reason = Reason::parse(decode_text(rest)?)?;
        let message = decode_text(rest)?.to_owned();
        let help = decode_text(rest)?.to_owned().into();
        let column = u32::from_le_bytes(*take(rest)?);
        let column = if column == u32::MAX { None } else { usize::try_from(column).ok() };
        row.fault = Some(Fault { reason, message, help, column });
    }
    let width = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    for column in 0..width {
        let cell = match decode_byte(rest)? {
            0 => Cell::Empty,
            1 => Cell::Text(decode_text(rest)?),
            2 => Cell::Number(f64::from_le_bytes(*take(rest)?)),
            3 => Cell::Flag(true),
            4 => Cell::Flag(false),
            5 => Cell::Moment(decode_text(rest)?.parse::<DateTime>().ok()?),
            6 => Cell::Error(formula_error(decode_text(rest)?)),
            _ => return None,
        };
        row.put(column, cell);
    }
    Some(())
}

fn formula_error(name: &str) -> &'static str {
    FORMULA_ERRORS.into_iter().find(|known| *known == name).unwrap_or("#VALUE!")
}

fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(head)
}

fn decode_byte(rest: &mut &[u8]) -> Option<u8> {
    take::<1>(rest).map(|[byte]| *byte)
}

fn decode_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let len = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    let (text, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

fn disk_trouble(error: &io::Error) -> Trouble {
    spill_trouble(&format!("its file failed: {}", error.kind()))
}

fn spill_trouble(why: &str) -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::FileUnreadable,
        message: format!("the rows are out of order and cannot be put in order on disk: {why}"),
        help: "see that the folder of the ledger has room and can be written to, or export the report sorted by form"
            .to_owned(),
    }
}
