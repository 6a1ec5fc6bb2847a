//! What the courier needs of a way to Mosaic.

use std::time::Duration;

use jiff::civil::Date;

use crate::domain::{PersonId, Private, Receipt, WriteBack};

/// What became of one attempt to write. Not knowing is a value, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// Mosaic has it.
    Done(Receipt),
    /// Mosaic will not have it, now or later.
    Refused {
        /// Why, without anything of the child's record.
        reason: String,
    },
    /// The body surely never left, or Mosaic surely did not take it (429): it may be tried again.
    Unsent {
        /// Why.
        reason: String,
        /// How long Mosaic asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// It was handed over for Mosaic to take later: what became of it is read back.
    Handed {
        /// To what.
        reason: String,
    },
    /// Nobody knows whether Mosaic has it.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What reading Mosaic for a reference has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Mosaic has it, exactly once.
    Once(Receipt),
    /// Mosaic does not have it.
    Nowhere,
    /// More than one, or on another person: a person must look. The ids are Mosaic's.
    Doubtful {
        /// What is doubtful, without anything of the child's record.
        reason: String,
    },
    /// It was handed over, and Mosaic has not said what became of it.
    Waiting,
    /// Mosaic has said that it will not have it.
    Refused {
        /// Why, without anything of the child's record.
        reason: String,
    },
    /// Mosaic could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// A person as Mosaic knows them now, for the identity guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id that Mosaic answered for.
    pub person: PersonId,
    /// Date of birth.
    pub date_of_birth: Option<Private<Date>>,
    /// Initials.
    pub initials: Option<Private<String>>,
    /// Whether the record is closed.
    pub closed: bool,
    /// Whether the record is restricted.
    pub restricted: bool,
    /// The record that this one was merged into.
    pub merged_into: Option<PersonId>,
}

/// Why Mosaic did not say who a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unidentified {
    /// Mosaic answered, and the answer means no: unknown, gone or forbidden.
    Refused {
        /// Why.
        reason: String,
    },
    /// Mosaic could not be asked.
    Unreachable {
        /// Why.
        reason: String,
        /// How long Mosaic asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// A way to Mosaic. It carries and finds; it decides nothing.
pub trait Carrier: Send + Sync {
    /// Writes what the write-back says.
    fn carry(&self, write_back: &WriteBack) -> impl Future<Output = Carried> + Send;

    /// Reads Mosaic for the write-back's reference.
    fn find(&self, write_back: &WriteBack) -> impl Future<Output = Found> + Send;

    /// Reads who a person is.
    fn identify(&self, person: PersonId) -> impl Future<Output = Result<Identity, Unidentified>> + Send;
}
