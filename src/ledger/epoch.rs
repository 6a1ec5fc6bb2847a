//! After a restore: what was sent since the backup was made is not in the ledger, and Mosaic is asked first.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::audit::{self, Said};
use super::store::meant;
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::WriteBack;

/// Marks a copy as a backup: whoever opens it as a ledger begins a new epoch.
pub(super) fn mark(copy: &Connection, at: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO epoch (number, backed_up) SELECT coalesce(max(number), 0) + 1, ?1 FROM epoch";
    copy.execute(sql, params![at]).map(drop)
}

impl Ledger {
    /// Begins a new epoch, if this is a backup that is opened for the first time.
    pub(super) fn begin_epoch(&mut self) -> Result<(), LedgerTrouble> {
        let open = "SELECT number FROM epoch WHERE since IS NULL";
        let number: Option<i64> =
            self.connection.query_row(open, [], |row| row.get(0)).optional().map_err(|error| self.failed(error))?;
        let Some(number) = number else { return Ok(()) };
        let (at, path) = (self.now(), self.path.clone());
        let failed = |error: rusqlite::Error| meant(&path, &error);
        let transaction = self.transaction()?;
        transaction.execute("UPDATE epoch SET since = ?1 WHERE since IS NULL", params![at]).map_err(failed)?;
        let actor = Actor::new("ledger", None);
        let after = audit::fingerprint(&number.to_string());
        let said = Said { actor: &actor, action: "restored", subject: "ledger", before: &[], after: &after };
        audit::append(&transaction, &at, &said).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Whether Mosaic may hold a write-back of which nothing is known here: its panel had sat by the time the ledger
    /// was restored from a backup.
    pub(super) fn may_be_written(&self, write_back: &WriteBack) -> Result<bool, LedgerTrouble> {
        let sql = "SELECT since FROM epoch WHERE since IS NOT NULL ORDER BY number DESC LIMIT 1";
        let since: Option<String> =
            self.connection.query_row(sql, [], |row| row.get(0)).optional().map_err(|error| self.failed(error))?;
        let Some(since) = since else { return Ok(false) };
        let since = since.parse::<Timestamp>().map_err(|_| LedgerTrouble::Damaged { what: "the epoch".to_owned() })?;
        // A day later, whatever the time zone.
        let last = since.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(1));
        Ok(write_back.sitting <= last)
    }
}
