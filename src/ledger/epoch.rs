//! After a restore: what was sent since the backup was made is not in the ledger, and Mosaic is asked first.

use jiff::Timestamp;

use super::audit::{self, Said};
use super::engine::{Database, params};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::WriteBack;

/// Marks a copy as a backup: whoever opens it as a ledger begins a new epoch.
pub(super) fn mark(copy: &Database, at: &str) -> Result<(), LedgerTrouble> {
    let sql = "INSERT INTO epoch (number, backed_up) SELECT coalesce(max(number), 0) + 1, ?1 FROM epoch";
    copy.execute(sql, params![at]).map(drop)
}

impl Ledger {
    /// Begins a new epoch, if this is a backup that is opened for the first time.
    pub(super) fn begin_epoch(&mut self) -> Result<(), LedgerTrouble> {
        let open = "SELECT number FROM epoch WHERE since IS NULL";
        if self.database.first(open, &[], |row| row.get::<i64>(0))?.is_none() {
            return Ok(());
        }
        let at = self.now();
        let transaction = self.transaction()?;
        // Somebody else may have opened it at the same time.
        let number: Option<i64> = transaction.first(open, &[], |row| row.get(0))?;
        let Some(number) = number else { return Ok(()) };
        transaction.execute("UPDATE epoch SET since = ?1 WHERE since IS NULL", params![at])?;
        let actor = Actor::new("ledger", None);
        let after = audit::fingerprint(&number.to_string());
        let said = Said { actor: &actor, action: "restored", subject: "ledger", before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// The last moment at which an approved write-back may have left without this ledger's having read Mosaic for it
    /// since: before the ledger was restored from a backup, or before a person has let go on what was held or refused.
    pub(super) fn may_be_written(&self, write_back: &WriteBack) -> Result<Option<Timestamp>, LedgerTrouble> {
        let restored = self.last_entry("ledger", "'restored'")?;
        let attempt = self.last_entry(&write_back.id.to_string(), "'sending', 'uncertain'")?;
        let stopped = self.last_entry(&write_back.id.to_string(), "'held', 'refused'")?;
        // An attempt since then has begun by reading.
        let restored = restored.filter(|restored| attempt.as_ref().is_none_or(|attempt| attempt < restored));
        let released = attempt.filter(|attempt| stopped.is_some_and(|stopped| *attempt < stopped));
        Ok(restored.max(released).map(|(_, at)| at))
    }

    /// The last entry of the trail about a subject that is one of these actions: its number and when.
    fn last_entry(&self, subject: &str, actions: &str) -> Result<Option<(i64, Timestamp)>, LedgerTrouble> {
        let sql = format!(
            "SELECT sequence, at FROM audit WHERE subject = ?1 AND action IN ({actions}) ORDER BY sequence DESC LIMIT 1"
        );
        let entry: Option<(i64, String)> =
            self.database.first(&sql, params![subject], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let damaged = |_| LedgerTrouble::Damaged { what: "the time of an entry of the trail".to_owned() };
        entry.map(|(sequence, at)| Ok((sequence, at.parse().map_err(damaged)?))).transpose()
    }
}
