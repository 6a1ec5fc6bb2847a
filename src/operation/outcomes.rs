//! `outcomes`: from the workbook to approval.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;

use super::check::{each_request, sitting_on};
use super::installation::Installation;
use super::{Actor, Failure};
use crate::calendar::Clock;
use crate::config::Configuration;
use crate::diagnostic::Place;
use crate::domain::{Decision, Outcome, OutcomeState, PanelName, State, StepStatus, SubmissionId, WriteBack, limit};
use crate::ledger::{OutcomeRow, Recorded, Selection};
use crate::mapping::{Field, FieldType};
use crate::outcome::{self, CellTrouble, RequestKnown, RequestLine, Sheet, may_approve};
use crate::report;
use crate::writeback::{self, Event, FormQuestion, FormTarget, Plan, Planning};

/// A workbook that was written.
#[derive(Debug, Serialize)]
pub struct WorkbookWritten {
    /// The workbook.
    pub file: PathBuf,
    /// Its requests.
    pub requests: usize,
}

/// What was loaded from a workbook.
#[derive(Debug, Serialize)]
pub struct OutcomesLoaded {
    /// Outcomes that are new.
    pub new: usize,
    /// Outcomes that change what was known.
    pub revised: usize,
    /// Outcomes that say what is known.
    pub unchanged: usize,
    /// Rows without a decision.
    pub undecided: usize,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What is wrong.
    pub troubles: Vec<OutcomeTrouble>,
}

/// A cell that is wrong.
#[derive(Debug, Serialize)]
pub struct OutcomeTrouble {
    /// Sheet and cell.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// An outcome in a list.
#[derive(Debug, Serialize)]
pub struct OutcomeListed {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// The panel.
    pub panel: PanelName,
    /// The day it sat.
    pub sitting: Date,
    /// The revision.
    pub revision: u32,
    /// What was decided.
    pub decision: String,
    /// Where it stands.
    pub state: OutcomeState,
    /// Who loaded it.
    pub loaded_by: String,
    /// Who approved it or turned it down.
    pub decided_by: Option<String>,
    /// Exactly what is written and where, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<WriteShown>,
    /// What the panel's profile asks for and cannot be written, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One thing that an outcome writes.
#[derive(Debug, Serialize)]
pub struct WriteShown {
    /// What kind it is.
    pub kind: &'static str,
    /// Where it goes.
    pub to: String,
    /// Exactly what is written.
    pub text: String,
    /// How it stands.
    pub state: &'static str,
}

impl WriteShown {
    fn of(write_back: &WriteBack) -> Self {
        Self {
            kind: write_back.kind.as_str(),
            to: write_back.payload.heading(),
            text: write_back.payload.text().into_exposed(),
            state: write_back.state.as_str(),
        }
    }
}

/// What was approved.
#[derive(Debug, Serialize)]
pub struct OutcomesApproved {
    /// Outcomes that are approved now.
    pub approved: Vec<SubmissionId>,
    /// Those that are not, and why.
    pub not_approved: BTreeMap<String, String>,
    /// Write-backs that may be sent.
    pub write_backs: usize,
}

/// Writes the workbook for a sitting.
pub fn outcomes_workbook(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    panel: &str,
    date: Date,
    file: &Path,
) -> Result<WorkbookWritten, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let profile = installation.rules.panel(panel, configuration)?.clone();
    sitting_on(&installation, &profile, date)?;
    if profile.outcome.decisions.is_empty() {
        let help =
            format!("add [outcome.decisions] to mappings/{}.toml", profile.name.as_str().replace('/', "/panels/"));
        return Err(Failure::usage(format_args!("{} names no decisions", profile.name), help));
    }
    let selection = Selection { panel: Some(profile.name.clone()), ..Selection::default() };
    let mut requests = Vec::new();
    each_request(&installation, selection, &mut |submission| {
        for person in &submission.people {
            let known = installation.ledger.person(&submission.authority, *person)?;
            let initials = known.and_then(|person| person.initials);
            requests.push(RequestLine { submission: submission.id.clone(), person: *person, initials });
        }
        Ok(())
    })?;
    let written = WorkbookWritten { file: file.to_owned(), requests: requests.len() };
    let sheet =
        Sheet { panel: &profile.name, panel_title: &profile.title, sitting: date, form: &profile.outcome, requests };
    outcome::write(file, &sheet)
        .map_err(|error| Failure::failed(error, "look at who may write there and whether its disk is full"))?;
    installation.ledger.note(actor, "workbook-written", profile.name.as_str())?;
    Ok(written)
}

/// Reads a filled-in workbook.
pub fn outcomes_load(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    file: &Path,
    dry_run: bool,
) -> Result<OutcomesLoaded, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let _lock = if dry_run { None } else { Some(installation.ledger.lock()?) };
    load(&mut installation, actor, file, dry_run)
}

pub(super) fn load(
    installation: &mut Installation,
    actor: &Actor,
    file: &Path,
    dry_run: bool,
) -> Result<OutcomesLoaded, Failure> {
    let bytes = workbook_bytes(file)?;
    let mut lookups = Vec::new();
    let loaded = {
        let (rules, ledger) = (&installation.rules, &installation.ledger);
        let known = |id: &SubmissionId| match ledger.submission(id) {
            Ok(row) => row.map(|row| RequestKnown { people: row.submission.people, panel: row.submission.panel }),
            Err(_) => None,
        };
        let form_of = |panel: &PanelName| rules.panels.get(panel).map(|profile| &profile.outcome);
        outcome::read(&bytes, form_of, known)
    };
    let mut report = OutcomesLoaded {
        new: 0,
        revised: 0,
        unchanged: 0,
        undecided: loaded.undecided,
        dry_run,
        troubles: loaded.troubles.iter().map(OutcomeTrouble::of).collect(),
    };
    for read in loaded.outcomes {
        if let Some(trouble) = not_a_sitting(installation, &read)? {
            report.troubles.push(OutcomeTrouble::of(&trouble));
            continue;
        }
        lookups.push(Outcome {
            submission: read.submission,
            person: read.person,
            panel: read.panel,
            sitting: read.sitting,
            revision: 0,
            decision: read.decision,
            state: OutcomeState::Loaded,
        });
    }
    for outcome in lookups {
        let recorded = if dry_run {
            would_record(installation, &outcome)?
        } else {
            installation.ledger.record_outcome(outcome, actor)?
        };
        match recorded {
            Recorded::New => report.new += 1,
            Recorded::Revised(_) => report.revised += 1,
            Recorded::Unchanged => report.unchanged += 1,
        }
    }
    Ok(report)
}

fn workbook_bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = || -> anyhow::Result<Vec<u8>> {
        let opened = std::fs::File::open(file)?;
        anyhow::ensure!(
            opened.metadata()?.len() <= limit::WORKBOOK_BYTES_MAX,
            "it is too large for an outcomes workbook"
        );
        let mut bytes = Vec::new();
        opened.take(limit::WORKBOOK_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let read = read().with_context(|| format!("read {}", file.display()));
    read.map_err(|error| Failure {
        kind: super::FailureKind::Usage,
        ..Failure::failed(error, "name the workbook that was filled in")
    })
}

/// A panel cannot have decided on a day on which it did not sit.
fn not_a_sitting(installation: &Installation, read: &outcome::ReadOutcome) -> Result<Option<CellTrouble>, Failure> {
    let Some(profile) = installation.rules.panels.get(&read.panel) else { return Ok(None) };
    let office = installation.rules.office(&read.panel.authority())?;
    let sits = profile.schedule.is_none() || profile.sitting_on(read.sitting, office).is_some();
    Ok((!sits).then(|| CellTrouble {
        place: read.place.clone(),
        message: format!("{} does not sit on {}", read.panel, read.sitting),
        help: "correct the sitting, or add the day to `extra` in the panel's file".to_owned(),
    }))
}

fn would_record(installation: &Installation, outcome: &Outcome) -> Result<Recorded, Failure> {
    let known = installation.ledger.outcomes(Some(&outcome.submission))?;
    let same = |row: &&OutcomeRow| row.outcome.person == outcome.person && row.outcome.sitting == outcome.sitting;
    Ok(match known.iter().rfind(same) {
        None => Recorded::New,
        Some(row) if row.outcome.decision == outcome.decision => Recorded::Unchanged,
        Some(row) => Recorded::Revised(row.outcome.revision + 1),
    })
}

/// The outcomes.
pub fn outcomes_list(configuration: &Configuration, clock: Clock) -> Result<Vec<OutcomeListed>, Failure> {
    let ledger = super::installation::ledger(configuration, clock)?;
    Ok(ledger.outcomes(None)?.iter().map(OutcomeListed::of).collect())
}

/// The outcomes of a request, and exactly what is written for each.
pub fn outcome_show(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    id: &SubmissionId,
) -> Result<Vec<OutcomeListed>, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let rows = installation.ledger.outcomes(Some(id))?;
    if rows.is_empty() {
        return Err(Failure::unknown("outcome of", id, "outcomes list"));
    }
    let mut listed = Vec::new();
    for row in &rows {
        let planned = planned(&installation, &row.outcome)?.unwrap_or_default();
        let known = installation.ledger.write_backs_of(id)?.into_iter();
        let known = known.filter(|one| one.person == row.outcome.person && one.sitting == row.outcome.sitting);
        let mut all: Vec<WriteBack> = known.filter(|one| one.revision == row.outcome.revision).collect();
        let new = planned.write_backs.into_iter().filter(|one| all.iter().all(|known| known.id != one.id));
        all.extend(new.collect::<Vec<_>>());
        let writes = all.iter().map(WriteShown::of).collect();
        listed.push(OutcomeListed { writes, left_out: planned.left_out, ..OutcomeListed::of(row) });
    }
    installation.ledger.audit_view(actor, id.as_str())?;
    Ok(listed)
}

/// Approves outcomes.
pub fn outcomes_approve(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    ids: &[SubmissionId],
) -> Result<OutcomesApproved, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let _lock = installation.ledger.lock()?;
    approve(&mut installation, actor, ids)
}

pub(super) fn approve(
    installation: &mut Installation,
    actor: &Actor,
    ids: &[SubmissionId],
) -> Result<OutcomesApproved, Failure> {
    let mut report = OutcomesApproved { approved: Vec::new(), not_approved: BTreeMap::new(), write_backs: 0 };
    for id in ids {
        let rows = installation.ledger.outcomes(Some(id))?;
        let waiting: Vec<&OutcomeRow> = rows.iter().filter(|row| row.outcome.state == OutcomeState::Loaded).collect();
        if waiting.is_empty() {
            let why = if rows.is_empty() { "it has no outcome" } else { "no outcome of it waits for approval" };
            report.not_approved.insert(id.to_string(), why.to_owned());
            continue;
        }
        let authority = waiting.first().map(|row| row.outcome.panel.authority());
        let second = authority
            .and_then(|authority| installation.configuration.authority(&authority))
            .is_none_or(|a| a.second_person);
        for row in waiting {
            if let Err(why) = may_approve(&row.loaded_by, actor.as_str(), second) {
                report.not_approved.insert(id.to_string(), why.to_string());
                continue;
            }
            installation.ledger.decide_outcome(&row.outcome, OutcomeState::Approved, None, actor)?;
            report.approved.push(id.clone());
        }
    }
    report.approved.dedup();
    report.write_backs = release(installation, actor)?;
    Ok(report)
}

/// Turns the outcome of a request down.
pub fn outcome_reject(
    configuration: &Configuration,
    clock: Clock,
    actor: &Actor,
    id: &SubmissionId,
    reason: &str,
) -> Result<Vec<OutcomeListed>, Failure> {
    let mut installation = Installation::open(configuration, clock, actor)?;
    let _lock = installation.ledger.lock()?;
    let rows = installation.ledger.outcomes(Some(id))?;
    let waiting: Vec<&OutcomeRow> = rows.iter().filter(|row| row.outcome.state == OutcomeState::Loaded).collect();
    if waiting.is_empty() {
        return Err(Failure::usage(
            format_args!("no outcome of {id} waits for approval"),
            "`tessera outcomes list` shows all",
        ));
    }
    for row in waiting {
        installation.ledger.decide_outcome(&row.outcome, OutcomeState::Rejected, Some(reason), actor)?;
    }
    Ok(installation.ledger.outcomes(Some(id))?.iter().map(OutcomeListed::of).collect())
}

/// Plans and releases the write-backs of every approved outcome. What an interrupted run has left undone is done by
/// the next one, because a plan has the same keys whenever it is made.
pub(super) fn release(installation: &mut Installation, actor: &Actor) -> Result<usize, Failure> {
    let mut released = 0;
    let rows = installation.ledger.outcomes(None)?;
    for row in rows.iter().filter(|row| row.outcome.state == OutcomeState::Approved) {
        let Some(planned) = planned(installation, &row.outcome)? else { continue };
        for write_back in planned.write_backs {
            if installation.ledger.write_back(write_back.id)?.is_none() {
                installation.ledger.plan(std::slice::from_ref(&write_back), actor)?;
            }
            let Some(known) = installation.ledger.write_back(write_back.id)? else { continue };
            if known.state == State::Planned
                && let Ok(next) = known.state.next(Event::Approve)
            {
                installation.ledger.change_write_back(&known, next, actor)?;
                released += 1;
            }
        }
    }
    Ok(released)
}

/// The plan of an outcome; `None` while the note that it corrects is still on its way.
/// What an outcome writes; nothing where its panel has no profile.
fn planned(installation: &Installation, outcome: &Outcome) -> Result<Option<Plan>, Failure> {
    let Some(profile) = installation.rules.panels.get(&outcome.panel) else { return Ok(None) };
    let all = installation.ledger.write_backs_of(&outcome.submission)?;
    let mine = |one: &WriteBack| one.person == outcome.person && one.sitting == outcome.sitting;
    let earlier: Vec<WriteBack> = all.into_iter().filter(mine).collect();
    let target = form_target(installation, outcome)?;
    let planning = Planning {
        outcome,
        form: &profile.outcome,
        panel_title: &profile.title,
        earlier: &earlier,
        target: target.as_ref().map_err(|why| *why),
    };
    Ok(Some(writeback::plan(&planning)))
}

/// The outcome section of the form that made the request, or why it cannot be written into.
fn form_target(installation: &Installation, outcome: &Outcome) -> Result<Result<FormTarget, &'static str>, Failure> {
    let Some(row) = installation.ledger.submission(&outcome.submission)? else { return Ok(Err("it is not known")) };
    let submission = row.submission;
    let (Some(step), Some(form)) = (submission.step_id, submission.form_id) else {
        return Ok(Err("the export does not say which form on which step it is"));
    };
    if submission.status == StepStatus::Completed {
        return Ok(Err(
            "its step is completed, and Mosaic takes no more answers: once it is reopened, the next sync writes it",
        ));
    }
    if submission.people.len() > 1 {
        return Ok(Err("the form is about several children, and each has an outcome of its own: fill it in by hand"));
    }
    let mapping = installation.rules.mappings.form(&submission.authority, &submission.form, &submission.version);
    let Some(mapping) = mapping else { return Ok(Err("its mapping file is not there any more")) };
    let questions = mapping.fields.iter().filter(|field| field.is_outcome && !field.question.is_empty());
    let questions: Vec<FormQuestion> = questions.map(form_question).collect();
    Ok(if questions.is_empty() {
        Err("its mapping file names no questions under [outcome]")
    } else {
        Ok(FormTarget { step, form, questions })
    })
}

fn form_question(field: &Field) -> FormQuestion {
    FormQuestion {
        field: field.name.to_string(),
        question: field.question.to_string(),
        label: field.label.clone(),
        is_yes_no: field.kind == FieldType::YesNo,
        wordings: field.choice_wordings().map(|(name, wording)| (name.to_owned(), wording.to_owned())).collect(),
    }
}

impl OutcomeTrouble {
    fn of(trouble: &CellTrouble) -> Self {
        let place = match &trouble.place {
            Place::Whole => "the workbook".to_owned(),
            place => place.to_string(),
        };
        Self { place, message: trouble.message.clone(), help: trouble.help.clone() }
    }
}

impl OutcomeListed {
    pub(super) fn of(row: &OutcomeRow) -> Self {
        let Outcome { submission, person, panel, sitting, revision, decision, state } = &row.outcome;
        let Decision { decision, fields: _ } = decision;
        Self {
            submission: submission.clone(),
            person: person.to_string(),
            panel: panel.clone(),
            sitting: *sitting,
            revision: *revision,
            decision: decision.clone(),
            state: *state,
            loaded_by: row.loaded_by.clone(),
            decided_by: row.decided_by.clone(),
            writes: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

impl OutcomesLoaded {
    /// What was loaded, in words.
    pub fn text(&self) -> String {
        let first = if self.dry_run { "Nothing was changed. This would be loaded: " } else { "Loaded: " };
        let mut text = format!(
            "{first}{} new, {} revised, {} unchanged; {} without a decision.\n",
            self.new, self.revised, self.unchanged, self.undecided
        );
        for OutcomeTrouble { place, message, help } in &self.troubles {
            text.push_str(&format!("{place}: {message}\n  what to do: {help}\n"));
        }
        if self.new + self.revised > 0 && !self.dry_run {
            text.push_str("Next: `tessera outcomes show ID` shows exactly what will be written, `tessera outcomes approve ID` lets it be sent.\n");
        }
        text
    }
}

impl OutcomesApproved {
    /// What was approved, in words.
    pub fn text(&self) -> String {
        let mut text = format!(
            "Approved: {}. {} may be sent: `tessera writeback send`, or the next sync.\n",
            self.approved.len(),
            report::count(self.write_backs, "write-back")
        );
        for (id, why) in &self.not_approved {
            text.push_str(&format!("{id} is not approved: {why}\n"));
        }
        text
    }
}

/// Outcomes as a table.
pub fn outcomes_table(outcomes: &[OutcomeListed]) -> String {
    let rows: Vec<Vec<String>> = outcomes
        .iter()
        .map(|one| {
            vec![
                one.submission.to_string(),
                one.person.clone(),
                one.panel.to_string(),
                one.sitting.to_string(),
                one.revision.to_string(),
                one.decision.clone(),
                one.state.to_string(),
            ]
        })
        .collect();
    report::table(&["request", "person", "panel", "sitting", "revision", "decision", "state"], &rows)
}

/// The outcomes of a request with what is written for each.
pub fn outcome_text(outcomes: &[OutcomeListed]) -> String {
    let mut text = outcomes_table(outcomes);
    for one in outcomes {
        for WriteShown { to, text: body, state, .. } in &one.writes {
            text.push_str(&format!("\nOn the record of person {}, {to} [{state}]:\n\n{body}\n", one.person));
        }
        for left_out in &one.left_out {
            text.push_str(&format!("\nNot on the record of person {}: {left_out}\n", one.person));
        }
    }
    text
}
