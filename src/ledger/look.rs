//! What a look has shown: whoever stood on a list is held beside its one entry of the trail.
//!
//! The entry's `after` is the hash over the ids. An entry about one thing, and one of a ledger from before, holds none.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::audit::{Said, append};
use super::engine::{Database, params};
use super::{Actor, AuditEntry, Ledger, LedgerTrouble};
use crate::domain::PersonId;

/// The actions that show something and change nothing.
const LOOKS: [&str; 5] = ["viewed", "searched", "outcome-form-shown", "workbook-written", "exported"];

/// Whoever a list has shown: requests and children, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(BTreeSet<String>);

impl Seen {
    /// A request, or whatever else has an id of its own.
    pub fn id(&mut self, id: impl Into<String>) {
        self.0.insert(id.into());
    }

    /// A child, by Mosaic's id.
    pub fn person(&mut self, person: impl std::fmt::Display) {
        self.0.insert(person_of(person));
    }

    /// Whether nobody was shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hash over all of them, each with its length before it; empty where there is none.
    fn hash(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut digest = Sha256::new();
        for id in &self.0 {
            digest.update(u64::try_from(id.len()).unwrap_or(u64::MAX).to_le_bytes());
            digest.update(id);
        }
        digest.finalize().to_vec()
    }
}

/// A child as the trail names one.
fn person_of(person: impl std::fmt::Display) -> String {
    format!("person {person}")
}

/// What the trail is searched for when somebody asks for this: a number is a child's.
pub(super) fn sought(subject: &str) -> String {
    subject.parse::<PersonId>().map_or_else(|_| subject.to_owned(), person_of)
}

impl Ledger {
    /// Writes into the trail that somebody has looked at something, and whoever it has shown besides: one entry.
    pub fn audit_look(&mut self, actor: &Actor, action: &str, subject: &str, seen: &Seen) -> Result<(), LedgerTrouble> {
        let (at, after) = (self.now(), seen.hash());
        let transaction = self.transaction()?;
        let entry = append(&transaction, &at, &Said { actor, action, subject, before: &[], after: &after })?;
        for id in &seen.0 {
            transaction.execute("INSERT INTO audit_shown (entry, id) VALUES (?1, ?2)", params![entry, id])?;
        }
        transaction.commit()
    }
}

/// Whether an entry may hold ids.
pub(super) fn holds_ids(entry: &AuditEntry) -> bool {
    !entry.after.is_empty() && LOOKS.contains(&entry.action.as_str())
}

/// The ids that an entry holds, in order.
pub(super) fn ids(database: &Database, entry: i64) -> Result<Vec<String>, LedgerTrouble> {
    database.rows("SELECT id FROM audit_shown WHERE entry = ?1 ORDER BY id", params![entry], |row| row.get(0))
}

/// Whether the ids that an entry holds are those that it was written with.
pub(super) fn is_whole(database: &Database, entry: i64, action: &str, after: &[u8]) -> Result<bool, LedgerTrouble> {
    let held = Seen(ids(database, entry)?.into_iter().collect());
    Ok((held.is_empty() && !LOOKS.contains(&action)) || held.hash() == after)
}

/// An entry that is not there, though somebody is held to have been on its list.
pub(super) fn without_entry(database: &Database) -> Result<Option<i64>, LedgerTrouble> {
    let sql = "SELECT s.entry FROM audit_shown s LEFT JOIN audit a ON a.sequence = s.entry
               WHERE a.sequence IS NULL ORDER BY s.entry LIMIT 1";
    database.first(sql, &[], |row| row.get(0))
}
