//! The plain types of the field: what Mosaic holds, what a panel asks, what was decided.
//!
//! Promise: types, their ids and their named limits; nothing here reads a file, a clock or a network, and nothing
//! here prints what a child's record says unless asked by name ([`Private::expose`]).

pub mod limit;

mod account;
mod document;
mod duty;
mod fact;
mod field_rule;
mod finding;
mod hexadecimal;
mod id;
mod outcome;
mod private;
mod submission;
mod trouble;
mod write_back;

pub use account::{AccountName, Invitation, SignInAccount, SignInRole};
pub use document::{Document, DocumentKind, DocumentTrouble, Event, Person, Reading, Whose};
pub use duty::{Duty, DutyId, DutyStanding, DutyState, Escalation, Evidence};
pub use fact::{Fact, FactSource, FactValue};
pub use field_rule::FieldRule;
pub use finding::{FindingName, FindingSeverity, RecordedWaiver, TakenBack, Verdict, Waiver};
pub(crate) use hexadecimal::hexadecimal;
pub use id::{AuthorityName, FormId, IdTrouble, PanelName, PersonId, StepId, SubmissionId, WriteBackId};
pub use outcome::{Decision, Outcome, OutcomeState};
pub use private::Private;
pub use submission::{Answer, AnswerNote, AnswerTable, Origin, StepStatus, Submission, TableRow, Unmapped, Value};
pub(crate) use trouble::codes;
pub use trouble::{Account, ExtractType, Reason, Trouble};
pub use write_back::{FormAnswer, FormValue, Payload, Receipt, Reference, State, WriteBack, WriteBackKind};
