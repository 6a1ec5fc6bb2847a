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
mod pre_proceedings;
mod prepared;
#[cfg(test)]
mod profile_proofs;
mod progress;
mod quarantine;
mod rehearsal;
mod reminders;
mod search;
mod sittings;
mod source;
mod submissions;
mod sync;
mod today;
mod trackers;
mod wording;
mod workplace;
mod write_back;

pub use crate::learning::{By, Count, Month, PreProceedingsRow};
pub use crate::ledger::{Actor, AuditEntry};
pub use accounts::{
    AccountListed, AccountNow, InvitationMade, account_accept, account_change, account_first, account_invite,
    account_invited, account_now, account_password, accounts_list, hash_of, new_secret, password_trouble, sign_in,
    sign_in_noted,
};
pub use agenda::{Agenda, AgendaEntry, Arising, Heard, InvitationDue, Tracked, agenda};
pub use check::{CheckReport, CheckScope, Explanation, StatedFact, WaiverGiven, check, explain, state_facts, waive};
pub use check_matrix::check_out;
pub use checked_request::{CheckedRequest, PaperChecked};
pub use duties::{
    DutiesRun, DutyFilter, DutyListed, DutyShown, Escalates, RoleNamed, RoleReminded, duties_list, duties_page,
    duties_table, duty_complete, duty_roles, duty_show,
};
pub use facts::{FactShown, request_facts};
pub use failure::{Failure, FailureKind, Mistake};
pub use figures::{ArrivalFigure, Figures, MissingFigure, figures};
pub use file_report::FileReport;
pub use import::{ImportReport, ImportRequest, Imported, import};
pub use init::{Initialised, init};
pub use installation::built_in_authorities;
pub use kept_pack::{KeptPaper, pack_forget, pack_keep, pack_kept};
pub use learning::{
    DecisionLearned, DutyLearned, Learning, LearningAsked, MissingLearned, PanelLearned, PeriodLearned, WaitLearned,
    learning,
};
pub use learning_report::{COUNTED, count_in_words};
pub use ledger::{
    AuditFilter, AuditProof, BackedUp, LedgerStatus, audit_csv, audit_export, audit_page, audit_verify, ledger_backup,
    ledger_status, list_viewed,
};
pub use mappings::{
    DiagnosticShown, MappingListed, TryReport, VerifyReport, mappings_list, mappings_table, mappings_try,
    mappings_verify,
};
pub use outcomes::{
    OutcomeFilter, OutcomeListed, OutcomesApproved, WriteShown, outcome_reject, outcome_show, outcome_text,
    outcomes_approve, outcomes_list, outcomes_page, outcomes_table,
};
pub use outcomes_approval::{outcomes_approve_seen, outcomes_waiting};
pub use outcomes_page::{
    ChoiceShown, FieldShown, FieldTrouble, FilledRow, OutcomeFormRow, OutcomeFormShown, OutcomesRecorded, outcome_form,
    outcomes_preview, outcomes_record,
};
pub use outcomes_workbook::{
    OutcomeTaken, OutcomeTrouble, OutcomesLoaded, WorkbookWritten, outcomes_load, outcomes_workbook,
};
pub use pack::{PackChecked, PackPaper, READ_DOCUMENTS, pack_check, read_documents};
pub use page::{Page, Paging};
pub use panel_diff::{AspectCompared, PanelPair, PanelsCompared, panels_diff};
pub use panel_profile::{Aspect, Said};
pub use panels::{
    CutoffShown, PanelListed, PanelShown, RoleShown, panel_cutoff, panel_roles, panel_show, panel_sittings,
    panels_list, panels_table, sittings_calendar, sittings_table,
};
pub use pre_proceedings::{PreProceedings, pre_proceedings};
pub use progress::{Progress, Unwatched};
pub use quarantine::{
    Quarantined, Replayed, quarantine_discard, quarantine_list, quarantine_page, quarantine_replay, quarantine_show,
    quarantine_table,
};
pub use rehearsal::stand_in;
pub use reminders::{Reminded, ReminderDuty, ReminderShown, ReminderState, RemindersRun, duties_remind};
pub use search::{Found, search};
pub use sittings::{Readiness, SittingListed, SittingPage, sitting_page, sitting_recheck, sittings_listed};
pub use submissions::{
    FactStated, SubmissionFilter, SubmissionListed, SubmissionStory, Submissions, submission_show, submissions_list,
    submissions_page,
};
pub use sync::{SyncMode, SyncReport, Synced, sync};
pub use today::{Today, today};
pub use trackers::{
    NextMilestone, TrackedRow, TrackerListed, TrackerShown, tracker_show, trackers_list, trackers_table,
};
pub use wording::{Wording, wording};
pub use workplace::Workplace;
pub use write_back::{
    Sending, WriteBackListed, WriteBackShown, writeback_hold, writeback_list, writeback_reconcile, writeback_retry,
    writeback_send, writeback_show, writeback_table, writebacks_page,
};
