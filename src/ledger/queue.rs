//! The ledger as the courier's queue.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::engine::params;
use super::store::{decode, number};
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
    match trouble {
        LedgerTrouble::Busy { .. } => QueueTrouble::Busy(Box::new(trouble)),
        trouble => QueueTrouble::Ledger(Box::new(trouble)),
    }
}

/// Those that hold up whatever comes later for the same person.
const NOT_THROUGH: &str = "state IN ('approved', 'sending', 'uncertain', 'refused', 'held')";

/// Write-backs that are read at a time.
const AT_A_TIME: u32 = 64;

impl Queue for LedgerQueue<'_> {
    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble> {
        let ledger = self.ledger();
        let mut passed: BTreeSet<PersonId> = busy.iter().copied().collect();
        let (mut ready, mut last) = (Vec::new(), 0);
        while ready.len() < wanted {
            let page = ledger.approved(&self.authority, last).map_err(trouble)?;
            let Some((sequence, _)) = page.last() else { break };
            last = *sequence;
            for (sequence, one) in page {
                let is_free = ready.len() < wanted && !passed.contains(&one.person) && !put_off.contains(&one.id);
                if is_free && !ledger.is_held_up(&self.authority, &one, sequence).map_err(trouble)? {
                    passed.insert(one.person);
                    ready.push(one);
                }
            }
        }
        Ok(ready)
    }

    fn behind(&self) -> Result<Vec<(WriteBack, WriteBack)>, QueueTrouble> {
        let condition = format!("authority = ?1 AND {NOT_THROUGH}");
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
        let condition = "authority = ?1 AND state IN ('sending', 'uncertain')";
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
    /// The next approved write-backs of an authority, in the order they were planned, with their numbers.
    fn approved(&self, authority: &AuthorityName, after: i64) -> Result<Vec<(i64, WriteBack)>, LedgerTrouble> {
        let sql = "SELECT sequence, payload FROM write_back WHERE authority = ?1 AND state = 'approved'
            AND sequence > ?2 ORDER BY sequence LIMIT ?3";
        let rows: Vec<(i64, String)> =
            self.database
                .rows(sql, params![authority.as_str(), after, AT_A_TIME], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.into_iter().map(|(sequence, payload)| Ok((sequence, decode("a write-back", &payload)?))).collect()
    }

    /// Whether an earlier write-back of the same kind for the same person is not on the record yet.
    fn is_held_up(&self, authority: &AuthorityName, one: &WriteBack, sequence: i64) -> Result<bool, LedgerTrouble> {
        let sql = format!(
            "SELECT payload FROM write_back WHERE authority = ?1 AND person = ?2 AND sequence < ?3 AND {NOT_THROUGH}"
        );
        let earlier: Vec<String> =
            self.database
                .rows(&sql, params![authority.as_str(), number(one.person.number()), sequence], |row| row.get(0))?;
        for payload in &earlier {
            if decode::<WriteBack>("a write-back", payload)?.kind == one.kind {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many write-backs of an authority are in a state.
    pub fn write_backs_in(&self, authority: &AuthorityName, state: &str) -> Result<u64, LedgerTrouble> {
        let sql = "SELECT count(*) FROM write_back WHERE authority = ?1 AND state = ?2";
        let counted: i64 = self.database.one(sql, params![authority.as_str(), state], |row| row.get(0))?;
        Ok(super::store::count(counted))
    }
}
