//! `outcomes`: what panels decided, from what was loaded to approval.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::check::Checking;
use super::docket::handed_in;
use super::installation::{Installation, Writing as _};
use super::page::no_place;
use super::seen::seen_on;
use super::today::without_outcome;
use super::{Actor, CheckedRequest, Failure, FailureKind, OpenLedger, Page, Paging, SittingListed, Thing};
use crate::domain::{Decision, Outcome, OutcomeState, PanelName, State, StepStatus, SubmissionId, WriteBack};
use crate::ledger::{OutcomeKey, OutcomeRow, OutcomeSelection};
use crate::log;
use crate::mapping::{Field, FieldType};
use crate::outcome::may_approve;
use crate::report;
use crate::writeback::{self, Cause, Event, FormQuestion, FormTarget, Plan, Planning};

/// An outcome in a list.
#[derive(Debug, Clone, Serialize)]
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
    /// When it was loaded (RFC 3339).
    #[serde(skip)]
    pub loaded_at: String,
    /// Who approved it or turned it down.
    pub decided_by: Option<String>,
    /// Exactly what is written and where, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<WriteShown>,
    /// What the panel's profile asks for and cannot be written, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Why whoever asks may not approve it, where its writes were asked for; nothing where they may.
    #[serde(skip)]
    pub may_approve: Option<String>,
}

/// One thing that an outcome writes.
#[derive(Debug, Clone, Serialize)]
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
#[derive(Debug, Default, Serialize)]
pub struct OutcomesApproved {
    /// Outcomes that are approved now.
    pub approved: Vec<SubmissionId>,
    /// Those that are not, and why.
    pub not_approved: BTreeMap<String, String>,
    /// Write-backs that may be sent.
    pub write_backs: usize,
    /// What has gone wrong with those of them that could not be approved for no fault of their own, by the same names.
    #[serde(skip)]
    pub failed: BTreeMap<String, Failure>,
}

/// What is recorded, and what waits.
#[derive(Debug)]
pub struct OutcomesOverview {
    /// Outcomes that wait for approval.
    pub waiting: u64,
    /// Sittings of the last days with requests that have no outcome yet.
    pub to_record: Vec<SittingListed>,
    /// A page of those that are recorded.
    pub page: Page<OutcomeListed>,
}

/// Which outcomes are meant.
#[derive(Debug, Clone, Default)]
pub struct OutcomeFilter {
    /// Of this panel only.
    pub panel: Option<String>,
    /// Of this sitting only.
    pub sitting: Option<Date>,
    /// In this state only.
    pub state: Option<OutcomeState>,
}

impl Installation {
    /// A page of the outcomes of the authorities that are served, as far as a filter lets them through, newest sitting
    /// first. It may be short before the last one. That somebody looked stands in the audit trail.
    pub fn outcomes_page(&mut self, filter: &OutcomeFilter, paging: &Paging) -> Result<Page<OutcomeListed>, Failure> {
        let panel = filter.panel.as_ref().map(|name| self.rules.panel(name, &self.configuration));
        let panel = panel.transpose()?.map(|profile| profile.name.clone());
        let selection = OutcomeSelection { panel, sitting: filter.sitting, state: filter.state };
        let page = |paging: &Paging| {
            let after = paging.after.as_deref().map(outcome_key).transpose()?;
            let rows = self.ledger.outcomes_page(&selection, after.as_ref(), paging.rows_and_one())?;
            Ok(Page::of(paging, rows, key_of_outcome, OutcomeListed::of))
        };
        let page = Page::of_wanted(paging, page, |one| self.serves(&one.panel))?;
        self.viewed("list of outcomes", &seen_on(&page.rows))?;
        Ok(page)
    }

    /// That page, with what waits: for approval, and to be recorded.
    pub fn outcomes_overview(&mut self, filter: &OutcomeFilter, paging: &Paging) -> Result<OutcomesOverview, Failure> {
        let waiting = self.ledger.outcomes_waiting(&self.served())?;
        let to_record = without_outcome(self)?;
        Ok(OutcomesOverview { waiting, to_record, page: self.outcomes_page(filter, paging)? })
    }
}

fn key_of_outcome(row: &OutcomeRow) -> String {
    let Outcome { submission, person, sitting, revision, .. } = &row.outcome;
    format!("{sitting}/{person}/{revision}/{submission}")
}

fn outcome_key(text: &str) -> Result<OutcomeKey, Failure> {
    let parts: Vec<&str> = text.splitn(4, '/').collect();
    let [sitting, person, revision, submission] = *parts.as_slice() else { return Err(no_place()) };
    Ok(OutcomeKey {
        sitting: sitting.parse().map_err(|_| no_place())?,
        submission: submission.to_owned(),
        person: person.parse().map_err(|_| no_place())?,
        revision: revision.parse().map_err(|_| no_place())?,
    })
}

impl OpenLedger {
    /// The outcomes. That somebody looked stands in the audit trail.
    pub fn outcomes_list(&mut self) -> Result<Vec<OutcomeListed>, Failure> {
        let listed: Vec<OutcomeListed> = self.ledger.outcomes(None)?.iter().map(OutcomeListed::of).collect();
        self.viewed("list of outcomes", &seen_on(&listed))?;
        Ok(listed)
    }
}

impl Installation {
    /// The outcomes of a request, and exactly what is written for each.
    pub fn outcome_show(&mut self, id: &SubmissionId) -> Result<Vec<OutcomeListed>, Failure> {
        let rows = self.ledger.outcomes(Some(id))?;
        let is_served = |row: &OutcomeRow| self.configuration.authority(&row.outcome.panel.authority()).is_some();
        if !rows.iter().any(is_served) {
            return Err(Failure::not_found(Thing::Outcome, id));
        }
        let listed = rows.iter().map(|row| shown(self, &self.actor, row)).collect::<Result<Vec<_>, _>>()?;
        self.viewed(id.as_str(), &seen_on(&listed))?;
        Ok(listed)
    }
}

/// An outcome with exactly what it writes, as far as that is not written yet, and what was planned of it before.
pub(super) fn shown(installation: &Installation, actor: &Actor, row: &OutcomeRow) -> Result<OutcomeListed, Failure> {
    let outcome = &row.outcome;
    let planned = planned(installation, outcome)?.unwrap_or_default();
    let known = installation.ledger.write_backs_of(&outcome.submission)?.into_iter();
    let known = known.filter(|one| one.person == outcome.person && one.sitting == outcome.sitting);
    let mut all: Vec<WriteBack> = known.filter(|one| one.revision == outcome.revision).collect();
    let new = planned.write_backs.into_iter().filter(|one| all.iter().all(|known| known.id != one.id));
    all.extend(new.collect::<Vec<_>>());
    Ok(OutcomeListed {
        writes: all.iter().map(WriteShown::of).collect(),
        left_out: planned.left_out,
        may_approve: not_approved_by(installation, actor, row),
        ..OutcomeListed::of(row)
    })
}

/// Why somebody may not approve an outcome.
pub(super) fn not_approved_by(installation: &Installation, actor: &Actor, row: &OutcomeRow) -> Option<String> {
    match row.outcome.state {
        OutcomeState::Loaded => {
            let authority = installation.configuration.authority(&row.outcome.panel.authority());
            let second = authority.is_none_or(|authority| authority.second_person);
            may_approve(&row.loaded_by, actor.as_str(), second).err().map(|why| why.to_string())
        }
        OutcomeState::Approved => Some("it is approved already".to_owned()),
        OutcomeState::Rejected => Some("it was turned down".to_owned()),
        OutcomeState::Superseded => Some("a later revision has taken its place".to_owned()),
    }
}

impl Installation {
    /// Approves outcomes.
    pub fn outcomes_approve(&mut self, ids: &[SubmissionId]) -> Result<OutcomesApproved, Failure> {
        let actor = self.actor.clone();
        approve(self, &actor, ids)
    }
}

pub(super) fn approve(
    installation: &mut Installation,
    actor: &Actor,
    ids: &[SubmissionId],
) -> Result<OutcomesApproved, Failure> {
    OutcomesApproved::of_each(ids, ToString::to_string, |id| {
        let (mut report, changes) = installation.atomically(|all| approve_request(all, actor, id))?;
        report.write_backs = told(&changes);
        Ok(report)
    })
}

/// Approves what waits of a request, for each of its children.
fn approve_request(
    installation: &mut Installation,
    actor: &Actor,
    id: &SubmissionId,
) -> Result<(OutcomesApproved, Vec<Change>), Failure> {
    let mut report = OutcomesApproved::default();
    let rows = installation.ledger.outcomes(Some(id))?;
    let waiting: Vec<&OutcomeRow> = rows.iter().filter(|row| row.outcome.state == OutcomeState::Loaded).collect();
    if waiting.is_empty() {
        let last = rows.iter().rev().find_map(|row| Some((row.outcome.state, row.decided_by.as_ref()?)));
        let why = match (rows.is_empty(), last) {
            (true, _) => "it has no outcome".to_owned(),
            (false, None) => "no outcome of it waits for approval".to_owned(),
            (false, Some((state, by))) => format!("no outcome of it waits for approval: {by} has {state} it"),
        };
        report.not_approved.insert(id.to_string(), why);
    }
    let is_one = waiting.len() == 1;
    let mut changes = Vec::new();
    for row in waiting {
        let Outcome { person, .. } = &row.outcome;
        if let Some(why) = not_approved_by(installation, actor, row) {
            let name = if is_one { id.to_string() } else { format!("{id}, person {person}") };
            report.not_approved.insert(name, why);
            continue;
        }
        changes.extend(approve_one(installation, actor, &row.outcome)?);
        report.approved.push(id.clone());
    }
    Ok((report, changes))
}

impl OutcomesApproved {
    /// Approves each of several by itself. What goes wrong with one is said of it, and what was done before it stays
    /// told; where somebody else is saving for long, the others are not tried.
    ///
    /// # Errors
    ///
    /// What has gone wrong, where nothing else is to be said of any of them.
    pub(super) fn of_each<T>(
        all: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> String,
        mut approve: impl FnMut(&T) -> Result<Self, Failure>,
    ) -> Result<Self, Failure> {
        let (mut report, mut untried, mut is_busy) = (Self::default(), 0, false);
        for one in all {
            if is_busy {
                untried += 1;
                report
                    .not_approved
                    .insert(name(&one), "it was not tried: somebody else is saving at the moment".to_owned());
                continue;
            }
            match approve(&one) {
                Ok(done) => {
                    report.write_backs += done.write_backs;
                    report.approved.extend(done.approved);
                    report.not_approved.extend(done.not_approved);
                }
                Err(failure) => {
                    is_busy = failure.kind == FailureKind::Busy;
                    report.not_approved.insert(name(&one), failure.to_string());
                    report.failed.insert(name(&one), failure);
                }
            }
        }
        report.approved.dedup();
        let is_all = report.approved.is_empty() && report.not_approved.len() == report.failed.len() + untried;
        match report.failed.pop_first() {
            Some((_, failure)) if is_all => Err(failure),
            Some((name, failure)) => {
                report.failed.insert(name, failure);
                Ok(report)
            }
            None => Ok(report),
        }
    }
}

/// Approves one outcome that waits, and releases what it writes. To be done atomically: an outcome that is approved has
/// its write-backs planned. What it has changed is told once that is committed.
pub(super) fn approve_one(
    installation: &mut Installation,
    actor: &Actor,
    outcome: &Outcome,
) -> Result<Vec<Change>, Failure> {
    check_before(installation, outcome)?;
    installation.ledger.decide_outcome(outcome, OutcomeState::Approved, None, actor)?;
    let late = was_late(installation, outcome)?;
    installation.ledger.keep_lateness(outcome, late)?;
    let mut changes = vec![Change::Decided(outcome.clone(), OutcomeState::Approved)];
    changes.extend(release_one(installation, actor, outcome)?);
    Ok(changes)
}

/// Checks a request that no run has checked yet, for the sitting that has decided on it: it is shown there afterwards.
fn check_before(installation: &mut Installation, outcome: &Outcome) -> Result<(), Failure> {
    if installation.ledger.last_check(&outcome.submission, outcome.person)?.is_some() {
        return Ok(());
    }
    let Some(row) = installation.ledger.submission(&outcome.submission)? else { return Ok(()) };
    let Some(profile) = installation.rules.panels.get(&outcome.panel) else { return Ok(()) };
    let office = installation.rules.office(&outcome.panel.authority())?;
    let Some(sitting) = profile.sitting_on(outcome.sitting, office) else { return Ok(()) };
    if row.submission.panel.as_ref() != Some(&outcome.panel) {
        return Ok(());
    }
    let checked = Checking::new(installation, &[])?.at(&row.submission, Some(&sitting))?;
    let stored = checked.iter().map(CheckedRequest::stored).collect::<Result<Vec<_>, _>>()?;
    Ok(installation.ledger.keep_checks(&stored, &installation.actor)?)
}

/// Whether the request was handed in after the cutoff of the sitting that has decided; nothing where there is none.
fn was_late(installation: &Installation, outcome: &Outcome) -> Result<Option<bool>, Failure> {
    let Some(profile) = installation.rules.panels.get(&outcome.panel) else { return Ok(None) };
    let Some(row) = installation.ledger.submission(&outcome.submission)? else { return Ok(None) };
    let office = installation.rules.office(&outcome.panel.authority())?;
    let cutoff = profile.sitting_on(outcome.sitting, office).and_then(|sitting| sitting.cutoff);
    Ok(handed_in(&row.submission, office).zip(cutoff).map(|(at, cutoff)| at > cutoff.at))
}

impl Installation {
    /// Turns the outcome of a request down.
    pub fn outcome_reject(&mut self, id: &SubmissionId, reason: &str) -> Result<Vec<OutcomeListed>, Failure> {
        let (listed, changes) = self.atomically(|all| all.reject(id, reason))?;
        told(&changes);
        Ok(listed)
    }

    fn reject(&mut self, id: &SubmissionId, reason: &str) -> Result<(Vec<OutcomeListed>, Vec<Change>), Failure> {
        let rows = self.ledger.outcomes(Some(id))?;
        let waiting: Vec<&OutcomeRow> = rows.iter().filter(|row| row.outcome.state == OutcomeState::Loaded).collect();
        if waiting.is_empty() {
            return Err(no_longer_waits(id));
        }
        let mut changes = Vec::new();
        for row in waiting {
            self.ledger.decide_outcome(&row.outcome, OutcomeState::Rejected, Some(reason), &self.actor)?;
            changes.push(Change::Decided(row.outcome.clone(), OutcomeState::Rejected));
        }
        Ok((self.ledger.outcomes(Some(id))?.iter().map(OutcomeListed::of).collect(), changes))
    }
}

/// That nothing of a request is left to be decided on.
pub(super) fn no_longer_waits(id: &SubmissionId) -> Failure {
    let help = "`tessera outcomes list` shows all";
    Failure::conflict(format_args!("no outcome of {id} waits for approval"), help).on_page(
        "No outcome of this request is waiting for approval any more. Nothing was changed.",
        "Somebody else may have approved or rejected it. Open the list again to see how it stands now.",
    )
}

/// What a transaction has changed, for the log to say: not before it is committed, for it may still come to nothing.
#[derive(Debug)]
pub(super) enum Change {
    /// An outcome was approved or turned down.
    Decided(Outcome, OutcomeState),
    /// What an outcome writes was planned.
    Planned(WriteBack),
    /// A write-back may be sent: from which state, and as it is now.
    Released(State, WriteBack),
}

/// Says in the log what is committed: how many write-backs may be sent.
pub(super) fn told(changes: &[Change]) -> usize {
    for change in changes {
        match change {
            Change::Decided(outcome, state) => tell_decided(outcome, *state),
            Change::Planned(write_back) => writeback::planned(write_back),
            Change::Released(before, now) => writeback::changed(before, now, Some(Cause::OutcomeApproved)),
        }
    }
    changes.iter().filter(|change| matches!(change, Change::Released(..))).count()
}

/// Says in the log what was decided about an outcome.
pub(super) fn tell_decided(outcome: &Outcome, state: OutcomeState) {
    let Outcome { submission, panel, sitting, revision, .. } = outcome;
    log::info!(
        "An outcome was decided on.",
        submission = submission,
        panel = panel,
        sitting = *sitting,
        revision = *revision,
        state = state
    );
}

/// Plans and releases the write-backs of every approved outcome. What an interrupted run has left undone is done by
/// the next one, because a plan has the same keys whenever it is made.
pub(super) fn release(installation: &mut Installation, actor: &Actor) -> Result<usize, Failure> {
    let mut released = 0;
    for row in installation.ledger.outcomes(None)? {
        // Nobody is kept waiting for an outcome of which nothing is left to be planned.
        if row.outcome.state == OutcomeState::Approved && is_left(installation, &row.outcome)? {
            released += told(&installation.atomically(|all| release_one(all, actor, &row.outcome))?);
            installation.ledger.give_way();
        }
    }
    Ok(released)
}

/// Whether something that an approved outcome writes is not released yet.
fn is_left(installation: &Installation, outcome: &Outcome) -> Result<bool, Failure> {
    for write_back in planned(installation, outcome)?.unwrap_or_default().write_backs {
        let known = installation.ledger.write_back(write_back.id)?;
        if known.is_none_or(|known| known.state == State::Planned) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Plans and releases the write-backs of one approved outcome.
fn release_one(installation: &mut Installation, actor: &Actor, outcome: &Outcome) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for write_back in planned(installation, outcome)?.unwrap_or_default().write_backs {
        if installation.ledger.write_back(write_back.id)?.is_none() {
            installation.ledger.plan(std::slice::from_ref(&write_back), actor)?;
            changes.push(Change::Planned(write_back.clone()));
        }
        let Some(known) = installation.ledger.write_back(write_back.id)? else { continue };
        if known.state == State::Planned
            && let Ok(next) = known.state.next(Event::Approve)
        {
            let now = installation.ledger.change_write_back(&known, next, actor)?;
            changes.push(Change::Released(known.state, now));
        }
    }
    Ok(changes)
}

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
            loaded_at: row.at.clone(),
            decided_by: row.decided_by.clone(),
            writes: Vec::new(),
            left_out: Vec::new(),
            may_approve: None,
        }
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
