//! The ledger as the courier's queue.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::engine::params;
use super::store::number;
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{AuthorityName, Person, PersonId, State, WriteBack, WriteBackId, WriteBackKind};
use crate::writeback::{Queue, QueueTrouble};

/// The write-backs of one authority in a ledger.
#[derive(Debug)]
pub struct LedgerQueue<'l> {
    ledger: Mutex<&'l mut Ledger>,
    authority: AuthorityName,
    actor: Actor,
}

impl<'l> LedgerQueue<'l> {
    /// The write-backs of `authority`; what becomes of them is done by `actor`.
    pub fn new(ledger: &'l mut Ledger, authority: AuthorityName, actor: Actor) -> Self {
        Self { ledger: Mutex::new(ledger), authority, actor }
    }

    /// A change is one transaction, so that nothing is half done where another thread has panicked.
    fn ledger(&self) -> MutexGuard<'_, &'l mut Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trouble(trouble: LedgerTrouble) -> QueueTrouble {
    QueueTrouble::Ledger(Box::new(trouble))
}

/// The states that hold up whatever comes later for the same person.
const IN_THE_WAY: &str = "'sending', 'uncertain', 'refused', 'held'";

impl Queue for LedgerQueue<'_> {
    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble> {
        let condition = format!(
            "authority = ?1 AND state = 'approved' AND NOT EXISTS (
                SELECT 1 FROM write_back earlier WHERE earlier.authority = ?1 AND earlier.person = write_back.person
                AND earlier.sequence < write_back.sequence AND earlier.state IN ('approved', {IN_THE_WAY})
                AND json_extract(earlier.payload, '$.kind') = json_extract(write_back.payload, '$.kind'))"
        );
        let ledger = self.ledger();
        let approved = ledger.selected(&condition, params![self.authority.as_str()]).map_err(trouble)?;
        let mut passed: BTreeSet<PersonId> = busy.iter().copied().collect();
        let free = approved.into_iter().filter(|one| !put_off.contains(&one.id) && passed.insert(one.person));
        Ok(free.take(wanted).collect())
    }

    fn behind(&self) -> Result<Vec<(WriteBack, WriteBack)>, QueueTrouble> {
        let condition = format!("authority = ?1 AND state IN ('approved', {IN_THE_WAY})");
        let in_order = self.ledger().selected(&condition, params![self.authority.as_str()]).map_err(trouble)?;
        let mut first: BTreeMap<(PersonId, WriteBackKind), WriteBack> = BTreeMap::new();
        let mut behind = Vec::new();
        for one in in_order {
            match first.entry((one.person, one.kind)) {
                Entry::Vacant(free) => drop(free.insert(one)),
                Entry::Occupied(earlier) if one.state == State::Approved => behind.push((one, earlier.get().clone())),
                Entry::Occupied(_) => {}
            }
        }
        Ok(behind)
    }

    fn may_be_written(&self, write_back: &WriteBack) -> Result<Option<Timestamp>, QueueTrouble> {
        self.ledger().may_be_written(write_back).map_err(trouble)
    }

    fn again(&self, id: WriteBackId) -> Result<Option<WriteBack>, QueueTrouble> {
        self.ledger().write_back(id).map_err(trouble)
    }

    fn unsettled(&self) -> Result<Vec<WriteBack>, QueueTrouble> {
        let condition = "+authority = ?1 AND state IN ('sending', 'uncertain')";
        self.ledger().selected(condition, params![self.authority.as_str()]).map_err(trouble)
    }

    fn change(&self, seen: &WriteBack, to: State) -> Result<WriteBack, QueueTrouble> {
        self.ledger().change_write_back(seen, to, &self.actor).map_err(|error| match error {
            LedgerTrouble::Conflict(_) => QueueTrouble::Overtaken(seen.id),
            error => trouble(error),
        })
    }

    fn known_person(&self, person: PersonId) -> Result<Option<Person>, QueueTrouble> {
        self.ledger().person(&self.authority, person).map_err(trouble)
    }
}

impl Ledger {
    /// How many write-backs of an authority are in a state.
    pub fn write_backs_in(&self, authority: &AuthorityName, state: &str) -> Result<u64, LedgerTrouble> {
        let sql = "SELECT count(*) FROM write_back WHERE +authority = ?1 AND state = ?2";
        let counted: i64 = self.database.one(sql, params![authority.as_str(), state], |row| row.get(0))?;
        Ok(super::store::count(counted))
    }

    /// The notes that are on a person's record already, for a later revision to be appended to.
    pub fn sent_to(&self, authority: &AuthorityName, person: PersonId) -> Result<Vec<WriteBack>, LedgerTrouble> {
        let condition = "authority = ?1 AND person = ?2 AND state = 'sent'";
        self.selected(condition, params![authority.as_str(), number(person.number())])
    }
}
