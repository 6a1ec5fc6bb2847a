//! Panel profiles: schedule, cutoff, approval, paperwork, outcomes.
//!
//! Promise: everything that tells one panel from another is read from `mappings/<authority>/panels/<panel>.toml`;
//! hard-codes no panel.

mod load;
mod load_outcome;
mod outcome_form;
mod paperwork;
mod profile;

pub use load::Known;
pub use outcome_form::{Choice, NoteForm, OutcomeField, OutcomeFieldKind, OutcomeForm};
pub use paperwork::{Paper, RequestKind, Requests};
pub use profile::{Approval, Cutoff, FactQuestion, Profile, Sitting};
