//! What an engine does for the ledger.

use std::ops::ControlFlow;
use std::path::Path;

use super::value::{Columns, Value};
use crate::ledger::LedgerTrouble;

/// A database that keeps a ledger: opened, unlocked and brought up to date.
///
/// Statements are in the SQL that all engines share: parameters are `?1`, `?2` …, each used and each with one type; what
/// is there already is met by `ON CONFLICT (columns)`. Text sorts by its bytes. An engine keeps prepared statements by
/// their text.
pub(in crate::ledger) trait Engine: Send {
    /// Runs a statement that changes rows. How many it has changed.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, LedgerTrouble>;

    /// Runs a statement that reads, and gives its rows one by one until `take` breaks off.
    fn query(&self, sql: &str, values: &[Value<'_>], take: &mut Take<'_>) -> Result<(), LedgerTrouble>;

    /// Begins a transaction that writes. It waits for its turn here and not at its first change: whatever is read within
    /// it stays so until it ends.
    ///
    /// # Errors
    /// `Busy` where somebody else has been writing for longer than a short transaction takes.
    fn begin(&self) -> Result<(), LedgerTrouble>;

    /// Ends the transaction; when this returns, what it changed survives a power cut.
    fn commit(&self) -> Result<(), LedgerTrouble>;

    /// Ends the transaction as if it had not begun.
    fn rollback(&self) -> Result<(), LedgerTrouble>;

    /// Copies everything to `to`, where nothing is yet, while others write; the copy is opened with the same key.
    fn backup(&self, to: &Path) -> Result<Box<dyn Engine>, LedgerTrouble>;

    /// Whether it is still the database that lies at its address, and as this tessera knows it: one that is kept open
    /// may have been replaced from a backup, or brought up to date by a later tessera.
    fn is_current(&self) -> Result<bool, LedgerTrouble>;

    /// Bytes on disk.
    fn bytes(&self) -> u64;

    /// How the engine would find the rows of a statement, in its own words: one line a step.
    #[cfg(test)]
    fn plan(&self, sql: &str) -> Vec<String>;
}

/// What is done with each row.
pub(in crate::ledger) type Take<'t> = dyn FnMut(&dyn Columns) -> Result<ControlFlow<()>, LedgerTrouble> + 't;
