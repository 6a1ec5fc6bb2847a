//! What the courier needs of the ledger.

use jiff::Timestamp;

use crate::domain::{PersonId, State, WriteBack, WriteBackId};

/// Why the ledger could not do what the courier asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueTrouble {
    /// Somebody else changed the write-back first: what was seen is no longer so.
    #[error("write-back {0} was changed by somebody else")]
    Overtaken(WriteBackId),
    /// Somebody else has been writing to the ledger for longer than a change waits: nothing was changed.
    #[error("the ledger is being written to by somebody else")]
    Busy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The ledger itself failed: the courier stops, because what cannot be recorded must not be done.
    #[error("the ledger could not record a write-back")]
    Ledger(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The write-backs of a ledger, one authority's at a time. Every change is committed when the call returns.
pub trait Queue: Send + Sync {
    /// Approved write-backs, at most `wanted`, and one for each person who is not in `busy`: the oldest that is not
    /// `put_off` and has no earlier one of its kind for that person that is not sent. Those of one kind go in order; a
    /// case note does not wait for a form that somebody has checked out.
    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble>;

    /// Until when an approved write-back may have left although nothing here says so: the ledger was restored from a
    /// backup, or a person has let go on what was held or refused. It is read back before it is sent.
    fn may_be_written(&self, write_back: &WriteBack) -> Result<Option<Timestamp>, QueueTrouble>;

    /// Those that must be read back before anything else: `uncertain`, and `sending` left behind by a worker that
    /// died. A ledger has one writing process, so at start every `sending` one was left behind.
    fn unsettled(&self) -> Result<Vec<WriteBack>, QueueTrouble>;

    /// Those that are approved and wait for an earlier one, each with that one: for the log. Nothing where nobody looks.
    fn behind(&self) -> Result<Vec<(WriteBack, WriteBack)>, QueueTrouble> {
        Ok(Vec::new())
    }

    /// A write-back as it is now.
    fn again(&self, id: WriteBackId) -> Result<Option<WriteBack>, QueueTrouble>;

    /// Sets the state of a write-back if its fence is still the one that was seen, and returns it as it now is: fence
    /// one higher, and one attempt more where the new state is `sending`. The change and its entry in the audit
    /// trail are one transaction.
    fn change(&self, seen: &WriteBack, to: State) -> Result<WriteBack, QueueTrouble>;

    /// Whether anything is known of this person that the identity guard must compare: id and date of birth as the
    /// `persons` extract has them.
    fn known_person(&self, person: PersonId) -> Result<Option<crate::domain::Person>, QueueTrouble>;
}
