//! What could not be taken, and what became of it.

use super::audit::{self, Said};
use super::audit_kept;
use super::engine::{Row, Value, params};
use super::store::{count, decode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::diagnostic::Place;
use crate::domain::{AuthorityName, ExtractType, Reason, codes};
use serde::{Deserialize, Serialize};

codes! {
    /// What became of something in quarantine.
    EntryState {
        /// It waits for a person.
        Waiting => "waiting",
        /// It was read again and taken.
        Replayed => "replayed",
        /// A later export brought the same submission.
        TakenLater => "taken-later",
        /// A person gave it up.
        Discarded => "discarded",
    }
}

/// Something in quarantine.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub authority: AuthorityName,
    /// What its file holds.
    pub extract: ExtractType,
    /// The file's name.
    pub file: String,
    /// Where the file lay.
    pub path: String,
    /// Where in the file it stands.
    pub place: Place,
    /// Why it was not taken.
    pub reason: Reason,
    /// The same in words.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The record itself as JSON, for reading it again; `None` where the file must be read again.
    pub record: Option<String>,
    /// What became of it.
    pub state: EntryState,
    /// Why it was given up.
    pub why: Option<String>,
    /// When it was put here.
    pub at: String,
}

const COLUMNS: &str = "id, authority, extract, file, path, place, reason, message, help, record, state, why, at";

impl Ledger {
    /// What waits, or all that ever waited.
    pub fn quarantine(&self, all: bool) -> Result<Vec<Entry>, LedgerTrouble> {
        let narrow = if all { "1 = 1" } else { "state = 'waiting'" };
        self.entries_where(&format!("{narrow} ORDER BY id"), &[])
    }

    /// How many wait.
    pub fn quarantine_waiting(&self) -> Result<u64, LedgerTrouble> {
        let sql = "SELECT count(*) FROM quarantine WHERE state = 'waiting'";
        self.database.one(sql, &[], |row| row.get(0)).map(count)
    }

    /// One of them.
    pub fn quarantined(&self, id: u64) -> Result<Option<Entry>, LedgerTrouble> {
        Ok(self.entries_where("id = ?1", params![number(id)])?.pop())
    }

    /// Says what became of one that waits.
    pub fn settle_quarantined(
        &mut self,
        id: u64,
        state: EntryState,
        why: Option<&str>,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let changed = transaction.execute(
            "UPDATE quarantine SET state = ?2, why = ?3 WHERE id = ?1 AND state = 'waiting'",
            params![number(id), state.as_str(), why],
        )?;
        let now: Option<String> =
            transaction.first("SELECT state FROM quarantine WHERE id = ?1", params![number(id)], |row| row.get(0))?;
        if changed == 0 {
            let waits_no_longer = || LedgerTrouble::Conflict(format!("entry {id} of the quarantine waits no longer"));
            return (now.as_deref() == Some(state.as_str())).then_some(()).ok_or_else(waits_no_longer);
        }
        let subject = format!("quarantine {id}");
        let after = audit::fingerprint(state.as_str());
        let said =
            Said { actor, action: state.as_str(), subject: &subject, before: &audit_kept::reason(why), after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// The entries that meet a condition, in the order that it names.
    pub(super) fn entries_where(&self, condition: &str, parameters: &[Value<'_>]) -> Result<Vec<Entry>, LedgerTrouble> {
        let rows: Vec<Result<Entry, LedgerTrouble>> =
            self.database.rows(&format!("SELECT {COLUMNS} FROM quarantine WHERE {condition}"), parameters, |row| {
                Ok(entry(row))
            })?;
        rows.into_iter().collect()
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, LedgerTrouble> {
    let damaged = |_| LedgerTrouble::Damaged { what: "an entry of the quarantine".to_owned() };
    let text = |at: usize| row.get::<String>(at).map_err(damaged);
    let unknown = || LedgerTrouble::Damaged { what: "a code of the quarantine".to_owned() };
    Ok(Entry {
        id: count(row.get(0).map_err(damaged)?),
        authority: AuthorityName::new(text(1)?),
        extract: ExtractType::parse(&text(2)?).ok_or_else(unknown)?,
        file: text(3)?,
        path: text(4)?,
        place: decode("a place", &text(5)?)?,
        reason: Reason::parse(&text(6)?).ok_or_else(unknown)?,
        message: text(7)?,
        help: text(8)?,
        record: row.get(9).map_err(damaged)?,
        state: EntryState::parse(&text(10)?).ok_or_else(unknown)?,
        why: row.get(11).map_err(damaged)?,
        at: text(12)?,
    })
}
