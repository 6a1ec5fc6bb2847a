//! Panel profiles: schedule, cutoff, approval, paperwork, outcomes.
//!
//! Promise: everything that tells one panel from another is read from `mappings/<authority>/panels/<panel>.toml`;
//! hard-codes no panel.

mod outcome_form;

pub use outcome_form::{Choice, NoteForm, OutcomeField, OutcomeFieldKind, OutcomeForm};
