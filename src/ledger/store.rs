//! Opens the ledger.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretBox;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::LedgerTrouble;
use super::engine::{Address, Database, Transaction};
use super::lock::{self, Lease, Queue, Work};
use crate::calendar::Clock;

/// The key of a ledger: 32 bytes, never printed.
pub struct LedgerKey(pub SecretBox<[u8; 32]>);

/// The ledger.
pub struct Ledger {
    pub(super) database: Database,
    pub(super) clock: Clock,
    address: Address,
    queue: Queue,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger at `address`, making it where it is not.
    pub fn open(address: &Address, key: LedgerKey, clock: Clock) -> Result<Self, LedgerTrouble> {
        let database = Database::new(address.open(key, clock)?);
        let queue = Queue::of(address.path())?;
        let mut ledger = Self { database, clock, address: address.clone(), queue };
        ledger.begin_epoch()?;
        Ok(ledger)
    }

    /// Takes the right to do a kind of work.
    ///
    /// # Errors
    ///
    /// [`LedgerTrouble::Busy`] where another process, or another thread of this one, has it.
    pub fn lease(&self, work: Work) -> Result<Lease, LedgerTrouble> {
        lock::take(self.path(), work, Duration::ZERO)
    }

    /// Takes the right to do a kind of work as soon as whoever has it gives it back; `None` where that takes longer
    /// than `patience`.
    pub fn lease_within(&self, work: Work, patience: Duration) -> Result<Option<Lease>, LedgerTrouble> {
        match lock::take(self.path(), work, patience) {
            Err(LedgerTrouble::Busy { .. }) => Ok(None),
            taken => taken.map(Some),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.address.path()
    }

    /// Copies the ledger to `to` while everything goes on. The copy has the same key; nothing is overwritten.
    pub fn backup(&self, to: &Path) -> Result<(), LedgerTrouble> {
        let copy = self.database.backup(to)?;
        super::epoch::mark(&copy, &self.now())
    }

    /// Whether a ledger that was kept open is still the one that lies at its address, as this tessera knows it.
    pub fn is_current(&self) -> Result<bool, LedgerTrouble> {
        self.database.is_current()
    }

    pub(super) fn now(&self) -> String {
        self.clock.now().to_string()
    }

    /// Begins a whole: whatever is changed until it ends is kept together or not at all, and nobody else writes in
    /// between, so that what is read within it stays so. Short: everybody else waits.
    ///
    /// # Errors
    ///
    /// [`LedgerTrouble::Busy`] where somebody else has been writing for longer than a short transaction takes.
    pub fn begin_whole(&mut self) -> Result<(), LedgerTrouble> {
        self.queue.wait(|| self.database.begin_whole())
    }

    /// Ends the whole; what was changed in it survives a power cut.
    pub fn commit_whole(&mut self) -> Result<(), LedgerTrouble> {
        self.database.commit_whole()
    }

    /// Ends the whole as if it had not begun.
    pub fn roll_back_whole(&mut self) {
        self.database.roll_back_whole();
    }

    /// A transaction that writes, alone until it ends: what it reads first stays so.
    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>, LedgerTrouble> {
        self.queue.wait(|| self.database.begin())
    }

    /// Lets whoever waits to write go first: between two transactions of a long work.
    pub fn give_way(&self) {
        self.queue.give_way();
    }
}

/// A value as the ledger keeps it.
pub(super) fn encode(value: &impl Serialize) -> Result<String, LedgerTrouble> {
    serde_json::to_string(value).map_err(|_| LedgerTrouble::Damaged { what: "a value on its way in".to_owned() })
}

/// A value of the ledger. The error never shows it.
pub(super) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, LedgerTrouble> {
    serde_json::from_str(text).map_err(|_| LedgerTrouble::Damaged { what: what.to_owned() })
}

/// An id or count as the database keeps it.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count as the database keeps it, as we do.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
