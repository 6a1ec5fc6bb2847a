//! An engine as the files of the ledger use it.

use std::cell::Cell;
use std::fmt;
use std::ops::{ControlFlow, Deref};
use std::path::Path;

use super::value::{Row, Value};
use super::verbs::Engine;
use crate::ledger::LedgerTrouble;

/// The database of a ledger.
pub(in crate::ledger) struct Database {
    engine: Box<dyn Engine>,
    whole: Cell<Whole>,
    /// Statements that change rows, begun so far.
    executed: Cell<u64>,
}

/// Whether transactions are parts of a whole, which is kept or not kept as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// Each transaction stands for itself.
    None,
    /// They are parts of one.
    Open,
    /// They are parts of one, and one of them was not committed though it had begun to change something.
    Broken,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    pub(in crate::ledger) fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, whole: Cell::new(Whole::None), executed: Cell::new(0) }
    }

    /// Runs a statement that changes rows. How many it has changed.
    pub(in crate::ledger) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, LedgerTrouble> {
        self.executed.set(self.executed.get() + 1);
        self.engine.execute(sql, values)
    }

    /// Every row, as `read` makes it.
    pub(in crate::ledger) fn rows<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, LedgerTrouble>,
    ) -> Result<Vec<T>, LedgerTrouble> {
        let mut rows = Vec::new();
        self.each(sql, values, |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub(in crate::ledger) fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, LedgerTrouble>,
    ) -> Result<Option<T>, LedgerTrouble> {
        self.find(sql, values, |row| read(row).map(Some))
    }

    /// The row of a statement that always has one.
    pub(in crate::ledger) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, LedgerTrouble>,
    ) -> Result<T, LedgerTrouble> {
        let missing = || LedgerTrouble::Damaged { what: "a row that must be there".to_owned() };
        self.first(sql, values, read)?.ok_or_else(missing)
    }

    /// Gives every row to `take`, keeping none.
    pub(in crate::ledger) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<(), LedgerTrouble>,
    ) -> Result<(), LedgerTrouble> {
        self.find(sql, values, |row| take(row).map(|()| None::<()>)).map(drop)
    }

    /// The first thing that `look` finds in a row; no row behind that one is read.
    pub(in crate::ledger) fn find<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut look: impl FnMut(&Row<'_>) -> Result<Option<T>, LedgerTrouble>,
    ) -> Result<Option<T>, LedgerTrouble> {
        let mut found = None;
        self.engine.query(sql, values, &mut |columns| {
            found = look(&Row::new(columns))?;
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Begins a transaction that writes. Dropped before it is committed, it has changed nothing.
    pub(in crate::ledger) fn begin(&mut self) -> Result<Transaction<'_>, LedgerTrouble> {
        let is_part = self.whole.get() != Whole::None;
        if !is_part {
            self.engine.begin()?;
        }
        Ok(Transaction { is_open: true, is_part, executed: self.executed.get(), database: self })
    }

    /// Begins a whole: every transaction until its end is a part of it. It waits for its turn here.
    pub(in crate::ledger) fn begin_whole(&mut self) -> Result<(), LedgerTrouble> {
        if self.whole.get() != Whole::None {
            return Err(LedgerTrouble::Database { what: "a whole was begun within a whole".to_owned(), code: None });
        }
        self.engine.begin()?;
        self.whole.set(Whole::Open);
        Ok(())
    }

    /// Ends the whole, keeping what its parts have changed.
    ///
    /// # Errors
    ///
    /// Where one of the parts has changed something and was not committed: then nothing of the whole is kept.
    pub(in crate::ledger) fn commit_whole(&mut self) -> Result<(), LedgerTrouble> {
        if self.whole.get() == Whole::Broken {
            self.roll_back_whole();
            return Err(LedgerTrouble::Database {
                what: "a part of what belongs together was not done".to_owned(),
                code: None,
            });
        }
        let committed = self.engine.commit();
        if committed.is_err() {
            self.roll_back_whole();
        }
        self.whole.set(Whole::None);
        committed
    }

    /// Ends the whole as if it had not begun.
    pub(in crate::ledger) fn roll_back_whole(&mut self) {
        // What cannot be rolled back is never committed either: the connection holds it until it is closed.
        drop(self.engine.rollback());
        self.whole.set(Whole::None);
    }

    /// A copy of everything, at `to`.
    pub(in crate::ledger) fn backup(&self, to: &Path) -> Result<Self, LedgerTrouble> {
        self.engine.backup(to).map(Self::new)
    }

    /// Whether it is still the one that lies at its address, and as this tessera knows it.
    pub(in crate::ledger) fn is_current(&self) -> Result<bool, LedgerTrouble> {
        self.engine.is_current()
    }

    /// Bytes on disk.
    pub(in crate::ledger) fn bytes(&self) -> u64 {
        self.engine.bytes()
    }

    /// How the rows of a statement would be found.
    #[cfg(test)]
    pub(in crate::ledger) fn plan(&self, sql: &str) -> Vec<String> {
        self.engine.plan(sql)
    }
}

/// A transaction that writes, alone until it ends.
#[derive(Debug)]
pub(in crate::ledger) struct Transaction<'d> {
    database: &'d Database,
    is_open: bool,
    /// Whether it is kept only with the whole that it is a part of.
    is_part: bool,
    /// Statements that the database had executed when it began.
    executed: u64,
}

impl Transaction<'_> {
    /// Ends it; what it changed is on the disk, or will be with its whole.
    pub(in crate::ledger) fn commit(mut self) -> Result<(), LedgerTrouble> {
        if !self.is_part {
            self.database.engine.commit()?;
        }
        self.is_open = false;
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open && self.is_part {
            if self.database.executed.get() != self.executed {
                self.database.whole.set(Whole::Broken);
            }
        } else if self.is_open {
            // What cannot be rolled back is never committed either: the connection holds it until it is closed.
            drop(self.database.engine.rollback());
        }
    }
}
