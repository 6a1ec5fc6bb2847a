//! What a look has shown: whoever stood on a list is held beside its one entry of the trail.
//!
//! The entry's `after` is the hash over the ids. An entry about one thing, and one of a ledger from before, holds none.
//! Each id has a row, and a long list has blocks of ids: [`SHOWN_IDS_A_ROW`] to a row, each between two ends of lines.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::audit::{Said, append};
use super::engine::{Database, params};
use super::{Actor, AuditEntry, Ledger, LedgerTrouble};
use crate::domain::PersonId;
use crate::domain::limit::SHOWN_IDS_A_ROW;

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

    /// As the rows beside the trail hold them.
    fn rows(&self) -> Vec<String> {
        if self.0.len() <= SHOWN_IDS_A_ROW {
            return self.0.iter().cloned().collect();
        }
        let (alone, ids): (Vec<&str>, Vec<&str>) =
            self.0.iter().map(String::as_str).partition(|id| id.contains(BETWEEN));
        let blocks = ids.chunks(SHOWN_IDS_A_ROW).map(|block| in_block(&block.join(BETWEEN)));
        alone.into_iter().map(ToOwned::to_owned).chain(blocks).collect()
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

/// What stands before, between and after the ids of a block.
const BETWEEN: &str = "\n";

/// From where to where blocks stand in the order of all rows.
pub(super) const BLOCKS: [&str; 2] = [BETWEEN, "\u{b}"];

/// How an id, or several, stand in a block.
pub(super) fn in_block(ids: &str) -> String {
    format!("{BETWEEN}{ids}{BETWEEN}")
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
        for row in seen.rows() {
            transaction.execute("INSERT INTO audit_shown (entry, id) VALUES (?1, ?2)", params![entry, row])?;
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
    let mut ids = Vec::new();
    let sql = "SELECT id FROM audit_shown WHERE entry = ?1 ORDER BY id";
    database.each(sql, params![entry], |row| {
        let row: String = row.get(0)?;
        match row.strip_prefix(BETWEEN).and_then(|block| block.strip_suffix(BETWEEN)) {
            Some(block) => ids.extend(block.split(BETWEEN).map(ToOwned::to_owned)),
            None => ids.push(row),
        }
        Ok(())
    })?;
    Ok(ids)
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

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;
    use crate::calendar::Clock;
    use crate::ledger::{Address, AuditSelection, LedgerKey};

    #[test]
    fn a_long_list_stands_in_few_rows_and_is_found_by_everybody_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
        let key = LedgerKey(SecretBox::new(Box::new([7; 32])));
        let mut ledger = Ledger::open(&Address::file(folder.path().join("ledger.db")), key, clock).unwrap();
        let (actor, mut all) = (Actor::new("administrator", None), Seen::default());
        let long = SHOWN_IDS_A_ROW + 1;
        (0..long).for_each(|number| all.id(format!("a-{number}")));
        let mut few = Seen::default();
        few.id("a-1");
        for (subject, seen) in [("every request", &all), ("requests a/p", &few)] {
            ledger.audit_look(&actor, "viewed", subject, seen).unwrap();
        }
        let rows = |ledger: &Ledger| ledger.counted("SELECT count(*) FROM audit_shown").unwrap();
        assert_eq!(rows(&ledger), 3, "two blocks, and one id");
        let found = |ledger: &Ledger, id: &str| -> Vec<String> {
            let selection = AuditSelection { subject: Some(id.to_owned()), ..AuditSelection::default() };
            let entries = ledger.audit_page(&selection, None, 9).unwrap();
            entries.into_iter().map(|entry| format!("{}: {}", entry.subject, entry.ids.len())).collect()
        };
        let list = format!("every request: {long}");
        assert_eq!(found(&ledger, "a-1"), ["requests a/p: 1".to_owned(), list.clone()]);
        for id in ["a-0", "a-10", "a-999", "a-1000"] {
            assert_eq!(found(&ledger, id), std::slice::from_ref(&list), "{id}");
        }
        assert!(found(&ledger, "a-").is_empty() && found(&ledger, "a-1001").is_empty());
        assert!(ledger.audit_verify(None).unwrap().whole);
        let sql = "UPDATE audit_shown SET id = replace(id, 'a-500', 'a-5000')";
        ledger.database.execute(sql, &[]).unwrap();
        assert!(!ledger.audit_verify(None).unwrap().whole);
    }
}
