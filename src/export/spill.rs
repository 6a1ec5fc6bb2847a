//! Rows of a `long` export that are out of order, on disk, form by form.
//!
//! The file is encrypted with a key that only this process's memory has: it can be left behind by a crash, and what
//! it holds cannot be read by anybody.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use rusqlite::{Connection, OptionalExtension as _, Rows, Statement, params};
use uuid::Uuid;

use super::table::{Cell, Cells, FORMULA_ERRORS, Fault};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Rows by form, in a database of their own.
pub(super) struct Spill {
    database: Connection,
    // Dropped after the connection, so that the file is closed when it goes.
    _file: SpillFile,
    /// Rows by form that are still in memory.
    waiting: HashMap<String, Waiting>,
    waiting_bytes: usize,
    rows: i64,
    runs: i64,
}

/// Rows of one form, encoded one after the other.
struct Waiting {
    first: i64,
    rows: Vec<u8>,
}

struct SpillFile(PathBuf);

impl Drop for SpillFile {
    fn drop(&mut self) {
        // What cannot be removed cannot be read either.
        drop(std::fs::remove_file(&self.0));
    }
}

const SCHEMA: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768;
    CREATE TABLE form (key TEXT PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE chunk (run INTEGER, first INTEGER, rows BLOB NOT NULL, PRIMARY KEY (run, first)) WITHOUT ROWID;
";

impl Spill {
    /// Makes the file, readable by this user only, and sees that it really is encrypted.
    pub(super) fn create(dir: &Path) -> Result<Self, Trouble> {
        let path = dir.join(format!("spill-{}.db", Uuid::now_v7()));
        let create = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        create.map_err(|error| spill_trouble(&format!("its file cannot be made: {}", error.kind())))?;
        let file = SpillFile(path);
        let database = Self::open(&file.0).map_err(|error| database_trouble(&error))?;
        let cipher: Option<String> = database
            .query_row("PRAGMA cipher_version", [], |row| row.get(0))
            .optional()
            .map_err(|error| database_trouble(&error))?;
        if cipher.is_none() {
            return Err(spill_trouble("it would not be encrypted"));
        }
        database.execute_batch(SCHEMA).map_err(|error| database_trouble(&error))?;
        database.execute_batch("BEGIN").map_err(|error| database_trouble(&error))?;
        Ok(Self { database, _file: file, waiting: HashMap::new(), waiting_bytes: 0, rows: 0, runs: 0 })
    }

    fn open(path: &Path) -> rusqlite::Result<Connection> {
        // SQLite's generator is ChaCha20 seeded by the operating system; the key goes nowhere but into `PRAGMA key`.
        let key: String =
            Connection::open_in_memory()?.query_row("SELECT hex(randomblob(32))", [], |row| row.get(0))?;
        let database = Connection::open(path)?;
        database.execute_batch(&format!("PRAGMA key = \"x'{key}'\""))?;
        Ok(database)
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
            self.flush().map_err(|error| database_trouble(&error))?;
        }
        Ok(())
    }

    /// Writes what waits as one run in the order of the forms: runs are only ever added to the end of the file.
    fn flush(&mut self) -> rusqlite::Result<()> {
        self.waiting_bytes = 0;
        let mut form = self.database.prepare_cached("INSERT OR IGNORE INTO form (key, first) VALUES (?1, ?2)")?;
        let mut first_of = self.database.prepare_cached("SELECT first FROM form WHERE key = ?1")?;
        let mut waiting: Vec<(String, Waiting)> = std::mem::take(&mut self.waiting).into_iter().collect();
        waiting.sort_unstable_by_key(|(_, waiting)| waiting.first);
        let mut run: Vec<(i64, Vec<u8>)> = Vec::with_capacity(waiting.len());
        for (key, waiting) in waiting {
            let first = if form.execute(params![key, waiting.first])? == 1 {
                waiting.first
            } else {
                first_of.query_row([&key], |row| row.get(0))?
            };
            run.push((first, waiting.rows));
        }
        run.sort_unstable_by_key(|(first, _)| *first);
        let mut chunk = self.database.prepare_cached("INSERT INTO chunk (run, first, rows) VALUES (?1, ?2, ?3)")?;
        for (first, rows) in run {
            chunk.execute(params![self.runs, first, rows])?;
        }
        self.runs += 1;
        Ok(())
    }

    /// Gives the rows back form by form, in the order in which the forms began; after each form comes `None`.
    pub(super) fn read_back<E: From<Trouble>>(
        mut self,
        mut take: impl FnMut(Option<&Cells>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(database_trouble(&error));
        self.flush().map_err(failed)?;
        let runs = (0..self.runs)
            .map(|_| self.database.prepare("SELECT first, rows FROM chunk WHERE run = ?1 ORDER BY first"));
        let mut runs: Vec<Statement<'_>> = runs.collect::<Result<_, _>>().map_err(failed)?;
        let cursors = (0..self.runs).zip(&mut runs).map(|(run, statement)| statement.query([run]));
        let mut cursors: Vec<Rows<'_>> = cursors.collect::<Result<_, _>>().map_err(failed)?;
        // The next chunk of each run: the form that began first comes first, and of its chunks the earliest.
        let mut heads = BinaryHeap::new();
        for (run, cursor) in cursors.iter_mut().enumerate() {
            heads.extend(next_chunk(cursor).map_err(failed)?.map(|(first, rows)| Reverse((first, run, rows))));
        }
        let (mut form, mut row) = (None, Cells::default());
        while let Some(Reverse((first, run, rows))) = heads.pop() {
            if form.replace(first).is_some_and(|before| before != first) {
                take(None)?;
            }
            let mut rest = rows.as_slice();
            while !rest.is_empty() {
                if decode(&mut rest, &mut row).is_none() {
                    return Err(spill_trouble("it reads back other than it was written").into());
                }
                take(Some(&row))?;
            }
            if let Some(cursor) = cursors.get_mut(run) {
                heads.extend(next_chunk(cursor).map_err(failed)?.map(|(first, rows)| Reverse((first, run, rows))));
            }
        }
        take(None)
    }
}

fn next_chunk(cursor: &mut Rows<'_>) -> rusqlite::Result<Option<(i64, Vec<u8>)>> {
    cursor.next()?.map(|chunk| Ok((chunk.get(0)?, chunk.get(1)?))).transpose()
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

fn database_trouble(error: &rusqlite::Error) -> Trouble {
    spill_trouble(&format!("its database failed: {error}"))
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
