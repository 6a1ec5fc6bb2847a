//! What is asked again and again: ledgers are kept open for whoever asks next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::installation::{Installation, OpenLedger, ledger};
use super::{Actor, Failure, FailureKind, Workplace};
use crate::calendar::Clock;
use crate::ledger::Ledger;

/// Opened ledgers of a workplace, lent to whoever asks.
///
/// Opening one derives its key and holds its migrations against what is known, and closing the last one writes it
/// together: a page need not wait for that. What is lent is always the ledger that lies at its place now, and the mapping
/// files are those of now.
#[derive(Debug)]
pub struct Pool {
    workplace: Workplace,
    clock: Clock,
    idle: Mutex<Vec<Ledger>>,
    idle_max: usize,
}

impl Pool {
    /// A pool that keeps so many ledgers at the most while nobody asks them. None is open yet.
    pub const fn new(workplace: Workplace, clock: Clock, idle_max: usize) -> Self {
        Self { workplace, clock, idle: Mutex::new(Vec::new()), idle_max }
    }

    /// The workplace.
    pub const fn workplace(&self) -> &Workplace {
        &self.workplace
    }

    /// The clock by which everything is asked.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Asks an installation in somebody's name.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or what the question says.
    pub fn ask<T>(
        &self,
        actor: Actor,
        question: impl FnOnce(&mut Installation) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let rules = self.workplace.rules_in_force()?;
        let ledger = self.take()?;
        let mut installation = self.workplace.installation(rules, ledger, self.clock, actor);
        let answer = question(&mut installation);
        self.keep_after(&answer, installation.ledger);
        answer
    }

    /// Asks a ledger in somebody's name, which needs no mapping file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or what the question says.
    pub fn ask_ledger<T>(
        &self,
        actor: Actor,
        question: impl FnOnce(&mut OpenLedger) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let ledger = self.take()?;
        let mut opened = self.workplace.opened(ledger, self.clock, actor);
        let answer = question(&mut opened);
        self.keep_after(&answer, opened.ledger);
        answer
    }

    /// Closes the ledgers that nobody asks now: what was written is then in one file.
    pub fn close_idle(&self) {
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    /// One that is open already, as long as it is still what lies there and as this program knows it; else a new one.
    fn take(&self) -> Result<Ledger, Failure> {
        while let Some(kept) = self.idle().pop() {
            if kept.is_current().unwrap_or(false) {
                return Ok(kept);
            }
        }
        ledger(self.workplace.configuration(), self.clock)
    }

    /// Keeps a ledger for the next who asks. Where something has failed it is closed instead: whatever it was may lie in
    /// it. What is not there, cannot be done or has to wait is no fault of the ledger's.
    fn keep_after<T>(&self, answer: &Result<T, Failure>, ledger: Ledger) {
        let has_failed = |failure: &Failure| matches!(failure.kind, FailureKind::Failed | FailureKind::Configuration);
        let mut idle = self.idle();
        if idle.len() < self.idle_max && !answer.as_ref().is_err_and(has_failed) {
            idle.push(ledger);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Ledger>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Configuration;
    use crate::operation::init;
    use crate::operation::installation::Rulebook;

    #[test]
    fn a_ledger_is_kept_unless_something_has_failed() {
        let rules = Rulebook::of(None).unwrap();
        let authority = rules.panels.keys().next().unwrap().authority().to_string();
        let folder = tempfile::tempdir().unwrap();
        let made = init(folder.path(), &authority, &[&authority]).unwrap();
        let workplace = Workplace::new(Configuration::load(&made.config).unwrap());
        let pool = Pool::new(workplace, Clock::System, 4);
        let failing = |kind| {
            let fails = || Failure::new(kind, anyhow::anyhow!("it is so"), "");
            let answer: Result<(), Failure> = pool.ask(Actor::new("reader", None), |_| Err(fails()));
            let of_ledger: Result<(), Failure> = pool.ask_ledger(Actor::new("reader", None), |_| Err(fails()));
            assert!(answer.is_err() && of_ledger.is_err());
            pool.idle().len()
        };
        for kind in [FailureKind::NotFound, FailureKind::Invalid, FailureKind::Conflict, FailureKind::Busy] {
            assert_eq!(failing(kind), 1, "{kind:?}");
        }
        for kind in [FailureKind::Failed, FailureKind::Configuration] {
            assert_eq!(failing(kind), 0, "{kind:?}");
        }
    }
}
