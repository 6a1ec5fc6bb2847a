//! What a user can ask for, one file each; used alike by the commands and whatever else asks.
//!
//! Promise: does the work and returns it as the documented JSON shapes. Prints nothing.

mod accounts;
mod agenda;
mod agenda_report;
mod at_sitting;
mod check;
mod check_matrix;
mod checked_request;
mod docket;
mod duties;
mod duties_raised;
mod facts;
mod failure;
mod figures;
mod file_report;
mod import;
mod init;
mod installation;
mod kept_pack;
mod learning;
mod learning_report;
mod ledger;
mod mappings;
mod outcomes;
mod outcomes_approval;
mod outcomes_page;
mod outcomes_workbook;
mod pack;
mod page;
mod panel_diff;
mod panel_profile;
mod panels;
mod pool;
mod pre_proceedings;
mod prepared;
#[cfg(test)]
mod profile_proofs;
mod progress;
mod quarantine;
mod rehearsal;
mod reminders;
mod request_page;
mod search;
mod seen;
mod sittings;
mod source;
mod submissions;
mod sync;
mod today;
mod trackers;
mod waiver;
mod wording;
mod workplace;
mod write_back;

pub use crate::check::{
    Code, Effect, Finding, Group, Lapse, Lapsed, PaperState, Standing, Subject, Waived, waiver_days,
};
pub use crate::learning::{By, Count, Month, PreProceedingsRow};
pub use crate::ledger::{Actor, AuditEntry};
pub use accounts::{AccountListed, AccountNow, InvitationMade, hash_of, new_secret, password_trouble};
pub use agenda::{Agenda, AgendaEntry, Arising, Heard, InvitationDue, Tracked};
pub use check::{CheckReport, CheckScope, Explanation, StatedFact, explain};
pub use check_matrix::{check_out, check_sheets};
pub use checked_request::{CheckedRequest, PaperChecked};
pub use duties::{DutiesRun, DutyFilter, DutyListed, DutyShown, Escalates, RoleNamed, RoleReminded, duties_table};
pub use facts::FactShown;
pub use failure::{Failure, FailureKind, Mistake, PageText, Thing};
pub use figures::{ArrivalFigure, Figures, MissingFigure};
pub use file_report::FileReport;
pub use import::{ImportReport, ImportRequest, Imported};
pub use init::{Initialised, init};
pub use installation::{Installation, OpenLedger, built_in_authorities};
pub use kept_pack::KeptPaper;
pub use learning::{
    DecisionLearned, DutyLearned, Learning, LearningAsked, MissingLearned, PanelLearned, PeriodLearned, WaitLearned,
};
pub use learning_report::{COUNTED, count_in_words};
pub use ledger::{AuditFilter, AuditProof, BackedUp, LedgerStatus, audit_csv};
pub use mappings::{
    DiagnosticShown, MappingListed, TryReport, VerifyReport, mappings_list, mappings_table, mappings_try,
    mappings_verify,
};
pub use outcomes::{
    OutcomeFilter, OutcomeListed, OutcomesApproved, OutcomesOverview, WriteShown, outcome_text, outcomes_table,
};
pub use outcomes_page::{
    ChoiceShown, FieldShown, FieldTrouble, FilledRow, FormStep, OutcomeFormFilled, OutcomeFormRow, OutcomeFormShown,
    OutcomesRecorded,
};
pub use outcomes_workbook::{OutcomeTaken, OutcomeTrouble, OutcomesLoaded, WorkbookWritten};
pub use pack::{PackChecked, PackPaper, READ_DOCUMENTS, read_documents};
pub use page::{Page, Paging};
pub use panel_diff::{AspectCompared, PanelPair, PanelsCompared};
pub use panel_profile::{Aspect, Said};
pub use panels::{CutoffShown, PanelListed, PanelShown, RoleShown, panels_table, sittings_table};
pub use pool::Pool;
pub use pre_proceedings::PreProceedings;
pub use progress::{Progress, Unwatched};
pub use quarantine::{Quarantined, Replayed, quarantine_table};
pub use reminders::{Reminded, ReminderDuty, ReminderShown, ReminderState, RemindersRun};
pub use request_page::RequestPage;
pub use search::Found;
pub use sittings::{Readiness, SittingListed, SittingPage};
pub use submissions::{FactStated, SubmissionFilter, SubmissionListed, SubmissionStory, Submissions};
pub use sync::{SyncMode, SyncReport, Synced};
pub use today::Today;
pub use trackers::{NextMilestone, TrackedRow, TrackerListed, TrackerShown, trackers_table};
pub use waiver::{WaiverGiven, WaiverTakenBack, WrongDay};
pub use wording::Wording;
pub use workplace::Workplace;
pub use write_back::{Sending, WriteBackListed, WriteBackShown, writeback_table};
