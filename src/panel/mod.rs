//! Panel profiles: schedule, cutoff, approval, paperwork, ways round the panel, agenda, outcomes, duties, trackers.
//!
//! Promise: everything that tells one panel from another is read from `mappings/<authority>/panels/<panel>.toml`;
//! hard-codes no panel.

mod condition;
mod duty;
mod load;
mod load_duty;
mod load_outcome;
mod load_paperwork;
mod load_schedule;
mod load_special;
mod names;
mod outcome_form;
mod paperwork;
mod pre_proceedings;
mod profile;
mod special;

pub use condition::Condition;
pub use duty::{DueBy, DutyRule, EscalationRule, EvidenceRule, Milestone, RaisedBy, TrackerColumn, TrackerRule};
pub use names::{Known, KnownField};
pub use outcome_form::{
    Choice, FormOutcome, MinutesForm, NoteForm, OutcomeField, OutcomeFieldKind, OutcomeForm, StepForm,
};
pub use paperwork::{Paper, RequestKind, Requests};
pub use pre_proceedings::PreProceedingsRule;
pub use profile::{Approval, Cutoff, FactQuestion, Profile, Sitting};
pub use special::{AgendaItem, Circulation, Elsewhere, Exemption, Hearing, Invitation, Route, Threshold, Track};
