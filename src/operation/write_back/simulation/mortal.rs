//! The real queue of the real ledger, in a process that dies at a moment that was drawn.

use std::sync::Mutex;

use jiff::Timestamp;

use super::world::World;
use crate::domain::{Person, PersonId, State, WriteBack, WriteBackId};
use crate::ledger::LedgerQueue;
use crate::writeback::{Queue, QueueTrouble};

/// How long a process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// To its end.
    Whole,
    /// It dies when it has committed so many changes and is about to commit the next.
    Before(u64),
    /// It dies when it has committed so many changes, before anything else is done.
    After(u64),
}

#[derive(Debug, thiserror::Error)]
#[error("the process has died")]
pub(super) struct Died;

/// What is left of a life.
pub(super) struct Breath(Mutex<Life>);

impl Breath {
    pub(super) fn of(life: Life) -> Self {
        Self(Mutex::new(life))
    }

    /// Makes a change with what is left. Whoever has died does nothing more.
    pub(super) fn change<T, E: From<Died>>(&self, commit: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut life = self.0.lock().unwrap();
        let ends = match &mut *life {
            Life::Before(0) => return Err(Died.into()),
            Life::After(0 | 1) => true,
            Life::Before(left) | Life::After(left) => {
                *left -= 1;
                false
            }
            Life::Whole => false,
        };
        let done = commit();
        if ends {
            *life = Life::Before(0);
            return Err(Died.into());
        }
        done
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.0.lock().unwrap() == Life::Before(0)
    }

    fn alive(&self) -> Result<(), QueueTrouble> {
        if self.has_ended() { Err(Died.into()) } else { Ok(()) }
    }
}

impl From<Died> for QueueTrouble {
    fn from(died: Died) -> Self {
        Self::Ledger(Box::new(died))
    }
}

/// The queue as the courier sees it.
pub(super) struct Mortal<'a, 'l> {
    pub(super) queue: LedgerQueue<'l>,
    pub(super) breath: &'a Breath,
    pub(super) world: &'a World,
}

impl Queue for Mortal<'_, '_> {
    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble> {
        self.breath.alive()?;
        self.queue.ready(busy, put_off, wanted)
    }

    fn may_be_written(&self, write_back: &WriteBack) -> Result<Option<Timestamp>, QueueTrouble> {
        self.breath.alive()?;
        self.queue.may_be_written(write_back)
    }

    fn unsettled(&self) -> Result<Vec<WriteBack>, QueueTrouble> {
        self.breath.alive()?;
        self.queue.unsettled()
    }

    fn again(&self, id: WriteBackId) -> Result<Option<WriteBack>, QueueTrouble> {
        self.breath.alive()?;
        self.queue.again(id)
    }

    fn change(&self, seen: &WriteBack, to: State) -> Result<WriteBack, QueueTrouble> {
        self.breath.change(|| {
            let changed = self.queue.change(seen, to)?;
            self.world.committed(&changed);
            Ok(changed)
        })
    }

    fn known_person(&self, person: PersonId) -> Result<Option<Person>, QueueTrouble> {
        self.breath.alive()?;
        self.queue.known_person(person)
    }
}
