//! Rows of a `long` export that are out of order, sorted on disk.
//!
//! They wait in a database whose key exists in this process's memory only: what is left behind by a crash can be
//! read by nobody.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::Record;
use super::answers::{AnswerVisitor, Header};
use super::forms::Sink;
use super::long::Assembly;
use super::order::key_of;
use super::table::{Cell, Flow, TableRow};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble};

/// Rows that are written in one transaction.
const ROWS_A_TRANSACTION: u64 = 20_000;

/// Rows on disk, by submission and order of arrival.
pub(super) struct Spill<'a> {
    header: &'a Header,
    database: Connection,
    path: PathBuf,
    rows: u64,
    failed: Option<rusqlite::Error>,
    troubles: Vec<Trouble>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    place: Place,
    cells: Vec<StoredCell>,
}

#[derive(Serialize, Deserialize)]
enum StoredCell {
    #[serde(rename = "e")]
    Empty,
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "n")]
    Number(f64),
    #[serde(rename = "f")]
    Flag(bool),
    #[serde(rename = "m")]
    Moment(jiff::civil::DateTime),
}

impl<'a> Spill<'a> {
    pub(super) fn new(header: &'a Header, scratch: &Path) -> Result<Self, rusqlite::Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|_| rusqlite::Error::ExecuteReturnedResults)?;
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = scratch.join(format!("sorting-{}.db", uuid::Uuid::now_v7()));
        let database = Connection::open(&path)?;
        database.pragma_update(None, "key", format!("x'{key}'"))?;
        // Nothing here outlives the process: neither a journal nor syncing has anything to keep.
        database.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;
             CREATE TABLE row (submission TEXT, number INTEGER, cells BLOB, PRIMARY KEY (submission, number)) WITHOUT ROWID;
             BEGIN;",
        )?;
        Ok(Self { header, database, path, rows: 0, failed: None, troubles: Vec::new() })
    }

    /// Hands on the submissions, each with its rows in the order of the file.
    pub(super) fn read_back(self, sink: &mut Sink<Record>) -> Result<(), Trouble> {
        for trouble in &self.troubles {
            if sink.put(Err(trouble.clone())).is_err() {
                return Ok(());
            }
        }
        let result = match &self.failed {
            Some(error) => Err(disk_trouble(error)),
            None => self.submissions(sink).map_err(|error| disk_trouble(&error)),
        };
        drop(self);
        result
    }

    fn submissions(&self, sink: &mut Sink<Record>) -> Result<(), rusqlite::Error> {
        self.database.execute_batch("COMMIT")?;
        let mut rows = self.database.prepare("SELECT submission, cells FROM row ORDER BY submission, number")?;
        let mut rows = rows.query([])?;
        let (mut assembly, mut current) = (Assembly::new(self.header), None::<String>);
        while let Some(row) = rows.next()? {
            let key: String = row.get(0)?;
            if current.as_ref() != Some(&key) {
                current = Some(key);
                if let Some(record) = assembly.finish()
                    && sink.put(record).is_err()
                {
                    return Ok(());
                }
            }
            let stored: Vec<u8> = row.get(1)?;
            let stored: Stored = serde_json::from_slice(&stored).map_err(|_| rusqlite::Error::InvalidQuery)?;
            assembly.add(&stored);
        }
        if let Some(record) = assembly.finish() {
            // Where nobody listens any more, nobody misses the last one.
            drop(sink.put(record));
        }
        Ok(())
    }

    fn store(&mut self, row: &dyn TableRow) -> Result<(), rusqlite::Error> {
        let cells = (0..row.width()).map(|column| match row.cell(column) {
            Cell::Empty => StoredCell::Empty,
            Cell::Text(text) => StoredCell::Text(text.to_owned()),
            Cell::Error(name) => StoredCell::Text(name.to_owned()),
            Cell::Number(number) => StoredCell::Number(number),
            Cell::Flag(flag) => StoredCell::Flag(flag),
            Cell::Moment(moment) => StoredCell::Moment(moment),
        });
        let stored = Stored { place: row.place(), cells: cells.collect() };
        let stored = serde_json::to_vec(&stored).map_err(|_| rusqlite::Error::InvalidQuery)?;
        let mut insert = self.database.prepare_cached("INSERT INTO row VALUES (?1, ?2, ?3)")?;
        insert.execute(params![key_of(self.header, row), i64::try_from(self.rows).unwrap_or(i64::MAX), stored])?;
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_A_TRANSACTION) {
            self.database.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }
}

impl Drop for Spill<'_> {
    fn drop(&mut self) {
        // What cannot be deleted cannot be read either.
        drop(std::fs::remove_file(&self.path));
    }
}

impl AnswerVisitor for Spill<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        match self.store(row) {
            Ok(()) => Flow::On,
            Err(error) => {
                self.failed = Some(error);
                Flow::Stop
            }
        }
    }

    fn trouble(&mut self, trouble: Trouble) -> Flow {
        self.troubles.push(trouble);
        Flow::On
    }
}

impl TableRow for Stored {
    fn width(&self) -> usize {
        self.cells.len()
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        match self.cells.get(column) {
            None | Some(StoredCell::Empty) => Cell::Empty,
            Some(StoredCell::Text(text)) => Cell::Text(text),
            Some(StoredCell::Number(number)) => Cell::Number(*number),
            Some(StoredCell::Flag(flag)) => Cell::Flag(*flag),
            Some(StoredCell::Moment(moment)) => Cell::Moment(*moment),
        }
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn cell_place(&self, column: usize, heading: &Arc<str>) -> Place {
        match &self.place {
            Place::Cell { sheet, row, .. } => {
                let column = u32::try_from(column).unwrap_or(u32::MAX - 1) + 1;
                Place::Cell { sheet: sheet.clone(), row: *row, column }
            }
            Place::Line(line) => Place::Column { line: *line, heading: heading.clone() },
            place => place.clone(),
        }
    }
}

fn disk_trouble(error: &rusqlite::Error) -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::TooLarge,
        message: format!("the rows are out of order and cannot be sorted: {error}"),
        help: "make room on the disk of the ledger".to_owned(),
    }
}
