//! A change of state of a write-back, as the log tells it: once, after it was committed, by whoever had it made.

use serde::{Deserialize, Serialize};

use crate::domain::{State, WriteBack, codes};
use crate::log::{self, Empty, Loggable, Shaped, Span, Value};

codes! {
    /// Why a write-back has changed its state.
    Cause {
        /// Its outcome was approved.
        OutcomeApproved => "outcome-approved",
        /// A person holds it back.
        HeldByPerson => "held-by-person",
        /// A person has let it go on.
        LetGoOn => "let-go-on",
        /// Mosaic said that it has it.
        Answered => "answered",
        /// Mosaic will not have it.
        Refused => "refused-by-mosaic",
        /// It surely never left, or was surely not taken.
        NotTaken => "not-taken",
        /// Mosaic did not say whether it has it.
        Unanswered => "unanswered",
        /// It was handed over to Mosaic's import.
        HandedOver => "handed-over",
        /// The program ended while it was being sent.
        ProgramEnded => "program-ended",
        /// It may have left although the ledger does not say so.
        MayBeWritten => "may-be-written",
        /// It was found on the record.
        Found => "found-on-record",
        /// It was not found on the record.
        NotFound => "not-on-record",
        /// What was found on the record leaves a doubt.
        Doubtful => "doubtful-on-record",
        /// Mosaic answered for another person.
        OtherPerson => "other-person",
        /// The person was merged into another.
        Merged => "person-merged",
        /// The record is restricted.
        Restricted => "record-restricted",
        /// The record is closed.
        Closed => "record-closed",
        /// The initials are not those of the persons extract.
        OtherInitials => "other-initials",
        /// The date of birth is not that of the persons extract.
        OtherDateOfBirth => "other-date-of-birth",
        /// Mosaic does not show the person.
        NotShown => "person-not-shown",
    }
}

impl Loggable for Cause {
    fn loggable(self) -> impl Value {
        self.as_str()
    }
}

/// What ties the lines of one write-back together.
pub(super) fn span(write_back: &WriteBack) -> Span {
    log::span!("write_back", write_back = write_back.id, submission = &write_back.submission, panel = &write_back.panel)
}

/// What ties the lines of one attempt together; the carrier adds Mosaic's status.
pub(super) fn attempt_span(write_back: &WriteBack) -> Span {
    log::span!("attempt", attempt = write_back.attempts, status = Empty)
}

/// Says that a write-back is planned now.
pub fn planned(write_back: &WriteBack) {
    let WriteBack { id, submission, panel, sitting, kind, .. } = write_back;
    log::info!(
        "A write-back is planned.",
        write_back = *id,
        submission = submission,
        panel = panel,
        sitting = *sitting,
        kind = *kind,
        state = &write_back.state
    );
}

/// Says what a write-back is now, and why.
pub fn changed(from: &State, now: &WriteBack, cause: Option<Cause>) {
    let (id, submission, attempt) = (now.id, &now.submission, now.attempts);
    macro_rules! line {
        ($level:ident, $sentence:literal $(, $field:ident = $value:expr)*) => {
            log::$level!($sentence, write_back = id, submission = submission, state = &now.state, before = from,
                attempt = attempt, cause = cause $(, $field = $value)*)
        };
    }
    match &now.state {
        State::Planned => line!(info, "A write-back is planned."),
        State::Approved if matches!(from, State::Planned) => line!(info, "A write-back may be sent."),
        State::Approved if cause == Some(Cause::LetGoOn) => {
            line!(info, "A write-back may be sent again: a person has let it go on.");
        }
        State::Approved => line!(info, "A write-back may be sent again: it is not on the record."),
        State::Sending { .. } => line!(info, "A write-back is being sent."),
        State::Sent { receipt } => {
            let mosaic_id = Shaped(&receipt.mosaic_id);
            line!(info, "A write-back is on the record.", mosaic_id = mosaic_id, by_reading = receipt.by_reading);
        }
        State::Uncertain { .. } if cause == Some(Cause::HandedOver) => {
            line!(info, "A write-back was handed over to Mosaic’s import.");
        }
        State::Uncertain { .. } => line!(warn, "Nobody knows whether a write-back is on the record: it is read back."),
        State::Refused { .. } => line!(warn, "Mosaic refused a write-back."),
        State::Held { .. } => line!(warn, "A write-back is held for a person."),
    }
}
