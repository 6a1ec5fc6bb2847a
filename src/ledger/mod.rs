//! Everything that must not be lost: what was read, what waits, what was decided, what was written, who did it.
//!
//! Promise: encrypted or not opened at all; every change with its entry in the audit trail, in one transaction; a
//! process that dies at any moment leaves a ledger from which the next one goes on. Which
//! database keeps it is known behind one seam only. Is bypassed by nobody.

mod account;
mod audit;
mod audit_columns;
mod audit_compare;
mod audit_kept;
mod check;
mod duty;
mod engine;
mod epoch;
mod import;
mod kept_paper;
mod learning;
mod lock;
mod look;
mod outcome;
mod page;
#[cfg(test)]
mod proofs;
mod quarantine;
mod queue;
mod standing;
mod status;
mod store;
mod submission;
mod tally;
mod told;
mod trouble;
mod waiver;
mod write_back;

pub use audit::{Actor, AuditEntry, AuditVerdict};
pub use check::{Against, Booking, LastCheck, StoredCheck};
pub use duty::{DutiesKept, DutyKey, DutySelection};
pub use engine::{Address, AddressTrouble};
pub use import::{FileBegun, FileStart, Item, OpenFile};
pub use kept_paper::KeptRow;
pub use learning::{Decided, DutiesTallied, FirstLacks, FirstLooks};
pub use lock::{Lease, Work};
pub use look::Seen;
pub use outcome::{OutcomeRow, Recorded};
pub use page::{AuditSelection, Booked, OutcomeKey, OutcomeSelection, Span};
pub use quarantine::{Entry, EntryState};
pub use queue::LedgerQueue;
pub use status::Status;
pub use store::{Ledger, LedgerKey};
pub use submission::{Candidate, Revision, Selection, SubmissionRow};
pub use tally::{Arrived, Lacking, Tallied};
pub use told::{Reminder, Told, Untold};
pub use trouble::LedgerTrouble;
