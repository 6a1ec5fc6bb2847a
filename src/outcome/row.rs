//! One row: whose it is, and what was decided.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cell::{Cell, choice, folded};
use super::headings::OutcomeSheet;
use super::medium::Medium;
use super::workbook_in::{CellTrouble, Known, ReadOutcome, RequestKnown, SittingKnown};
use super::{DECISION, INITIALS, KEY, PANEL, PERSON, RECORDED, SITTING, SUBMISSION, row_key};
use crate::diagnostic::Place;
use crate::domain::{AuthorityName, Decision, Outcome, OutcomeState, PanelName, PersonId, Private, SubmissionId};
use crate::panel::{OutcomeField, OutcomeFieldKind, OutcomeForm};

/// Characters that a cell holds at most (Excel, LibreOffice writing XLSX): text of that length has been cut.
const CELL_CHARS_MAX: usize = 32_767;

/// What a row says.
#[derive(Debug)]
pub(super) struct RowSaid {
    /// The request that it names.
    pub(super) submission: Option<SubmissionId>,
    /// The child that it names.
    pub(super) person: Option<PersonId>,
    /// Where the decision stands or would stand.
    pub(super) place: Place,
    pub(super) said: Said,
    pub(super) troubles: Vec<CellTrouble>,
    pub(super) warnings: Vec<CellTrouble>,
    /// That the sitting is still to come.
    pub(super) ahead: Option<CellTrouble>,
}

/// What was decided.
#[derive(Debug)]
pub(super) enum Said {
    /// Nothing.
    Undecided,
    /// Every cell is right.
    Decided(Box<ReadOutcome>),
    /// Something is wrong.
    Wrong,
}

/// Whose row it is: the row, its key and the ledger agree.
struct Whose<'k> {
    submission: SubmissionId,
    person: PersonId,
    panel: PanelName,
    sitting: Date,
    request: &'k RequestKnown,
}

/// Reads a row.
pub(super) fn read(sheet: &OutcomeSheet<'_>, row: u32, known: &Known<'_>) -> RowSaid {
    let reader = RowReader { sheet, row, known };
    let mut said = RowSaid {
        submission: sheet.text(row, SUBMISSION).map(SubmissionId::new),
        person: sheet.text(row, PERSON).and_then(|person| person.parse().ok()),
        place: sheet.place(row, DECISION),
        said: Said::Wrong,
        troubles: Vec::new(),
        warnings: Vec::new(),
        ahead: None,
    };
    if let Some((first_row, first_column)) = sheet.merged_into(row) {
        let message = "cells are merged, so that nobody can tell what belongs to which request";
        let help = "unmerge them and fill in each row by itself".to_owned();
        let place = sheet.grid.place(first_row, first_column);
        said.troubles.push(CellTrouble { place, message: message.to_owned(), help });
        return said;
    }
    if sheet.grid.page.as_ref().is_some_and(|page| page.is_foreign(row)) {
        let message = "something is filled in that this panel does not record";
        said.troubles.push(reader.trouble(
            DECISION,
            message,
            "open the page again: what the panel records has changed",
        ));
        return said;
    }
    if sheet.is_undecided(row) {
        said.said = Said::Undecided;
        said.warnings.extend(reader.emptied());
        return said;
    }
    match reader.outcome(&mut said.warnings) {
        Ok(outcome) => {
            said.ahead = reader.ahead(&outcome);
            if sheet.grid.is_row_hidden(row) {
                let message = format!("row {} is hidden or filtered away, and was read all the same", row + 1);
                let help = "empty the row if its decision was not meant";
                said.warnings.push(reader.trouble(DECISION, message, help));
            }
            said.said = Said::Decided(Box::new(outcome));
        }
        Err(troubles) => said.troubles = troubles,
    }
    said
}

/// The panels whose requests a sheet has.
pub(super) fn panel_of(sheet: &OutcomeSheet<'_>, row: u32, known: &Known<'_>) -> Option<PanelName> {
    let asked = sheet.text(row, SUBMISSION).and_then(|id| known.requests.get(&SubmissionId::new(id))?.panel.clone());
    named_panel(sheet, row, asked.as_ref()).or(asked)
}

/// The panel that the row names; without an authority it is one of the request's.
fn named_panel(sheet: &OutcomeSheet<'_>, row: u32, asked: Option<&PanelName>) -> Option<PanelName> {
    let named = sheet.text(row, PANEL)?;
    Some(match (named.split_once('/'), asked) {
        (Some((authority, panel)), _) => PanelName::of(&AuthorityName::new(authority), panel),
        (None, Some(asked)) => PanelName::of(&asked.authority(), &named),
        (None, None) => PanelName::of(&AuthorityName::new(""), &named),
    })
}

struct RowReader<'r> {
    sheet: &'r OutcomeSheet<'r>,
    row: u32,
    known: &'r Known<'r>,
}

impl<'r> RowReader<'r> {
    fn trouble(&self, heading: &str, message: impl Into<String>, help: impl Into<String>) -> CellTrouble {
        self.sheet.trouble(self.row, heading, message, help)
    }

    fn text(&self, heading: &str) -> Option<String> {
        self.sheet.text(self.row, heading)
    }

    const fn medium(&self) -> Medium {
        self.sheet.grid.medium()
    }

    /// The revision that whoever filled it in had before them.
    fn seen_revision(&self) -> u32 {
        self.text(RECORDED).as_deref().and_then(revision_in).unwrap_or(0)
    }

    fn outcome(&self, warnings: &mut Vec<CellTrouble>) -> Result<ReadOutcome, Vec<CellTrouble>> {
        let whose = self.whose().map_err(|trouble| vec![trouble])?;
        let Some(form) = self.known.forms.get(&whose.panel).filter(|form| !form.decisions.is_empty()) else {
            let message = format!("{} has no outcomes to choose from", whose.panel);
            return Err(vec![self.trouble(SUBMISSION, message, "the panel's file under mappings/ names no decisions")]);
        };
        let recorded = recorded(whose.request, whose.person, whose.sitting);
        let decision = self.decided(form, recorded.last().copied()).map_err(|mut troubles| {
            troubles.extend(self.not_first(&whose, None, recorded.last().copied()).err());
            troubles
        })?;
        self.not_overtaken(&whose, &decision, &recorded).map_err(|trouble| vec![trouble])?;
        warnings.extend(self.doubts(form, &whose, &decision, recorded.last().copied()));
        let place = self.sheet.place(self.row, DECISION);
        let Whose { submission, person, panel, sitting, .. } = whose;
        Ok(ReadOutcome { submission, person, panel, sitting, decision, place })
    }

    fn ahead(&self, outcome: &ReadOutcome) -> Option<CellTrouble> {
        let is_ahead = (self.known.sitting)(&outcome.panel, outcome.sitting) == SittingKnown::Ahead;
        let message = format!("the sitting on {} is still to come", outcome.sitting.strftime("%-d %B %Y"));
        is_ahead.then(|| self.trouble(DECISION, message, self.medium().ahead()))
    }

    /// Whose outcome it is: the row, its key and the ledger must agree.
    fn whose(&self) -> Result<Whose<'r>, CellTrouble> {
        let anew = || self.medium().anew();
        let text = |heading: &str| match self.sheet.cell(self.row, heading) {
            Some(Cell::Error | Cell::Formula) => Err(self.trouble(heading, NOT_ITSELF, anew())),
            cell => {
                cell.and_then(Cell::text).ok_or_else(|| self.trouble(heading, format!("“{heading}” is empty"), anew()))
            }
        };
        let (submission, person) = (SubmissionId::new(text(SUBMISSION)?), text(PERSON)?);
        let request = self.known.requests.get(&submission);
        let panel = named_panel(self.sheet, self.row, request.and_then(|request| request.panel.as_ref()));
        if let Some(panel) = panel.as_ref().filter(|panel| !self.known.forms.contains_key(*panel)) {
            let message = format!("the workbook is of the panel {panel}, which this configuration does not have");
            return Err(self.trouble(PANEL, message, "load it where that authority's requests are; `tessera mappings verify` says whether the panel's file has a mistake"));
        }
        let request = request.ok_or_else(|| {
            let (message, help) = self.medium().no_request(&submission);
            self.trouble(SUBMISSION, message, help)
        })?;
        let person: PersonId = person
            .parse()
            .map_err(|why| self.trouble(PERSON, format!("the person id cannot be read: {why}"), anew()))?;
        self.is_about(&submission, request, person)?;
        let panel = panel.or_else(|| request.panel.clone());
        let panel = panel.ok_or_else(|| self.trouble(SUBMISSION, "the request asks no panel", anew()))?;
        if request.panel.as_ref().is_some_and(|asked| *asked != panel) {
            return Err(self.trouble(PANEL, format!("the request asks another panel than {panel}"), anew()));
        }
        let Some(sitting) = self.sheet.cell(self.row, SITTING).and_then(Cell::day) else {
            text(SITTING)?;
            return Err(self.trouble(SITTING, "the sitting is no date", anew()));
        };
        self.has_its_key(&submission, person, &panel, sitting)?;
        if let SittingKnown::No(why) = (self.known.sitting)(&panel, sitting) {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            let help = "correct the sitting, or add the day to `extra` in the panel's file";
            return Err(self.trouble(SITTING, format!("{panel} does not sit on {sitting}{why}"), help));
        }
        Ok(Whose { submission, person, panel, sitting, request })
    }

    /// The request is about the child, and the initials that people go by are that child's.
    fn is_about(&self, submission: &SubmissionId, request: &RequestKnown, person: PersonId) -> Result<(), CellTrouble> {
        let Some(child) = request.people.iter().find(|child| child.person == person) else {
            let message = format!("the request {submission} is not about person {person}");
            return Err(self.trouble(PERSON, message, self.medium().anew()));
        };
        let Some(initials) = child.initials.as_ref().filter(|_| self.sheet.has(INITIALS)) else { return Ok(()) };
        match self.text(INITIALS) {
            Some(own) if bare(&own) == bare(initials.expose()) => Ok(()),
            // The row was made before the child's initials were known: its key says so.
            None if self.text(KEY).is_some() => Ok(()),
            _ => {
                let message = format!("the initials are not those of person {person}: the row is of two children");
                let help = "look whose decision it is; then make the workbook anew and copy the decisions into it";
                Err(self.trouble(INITIALS, message, help))
            }
        }
    }

    /// Nothing of what tessera filled in was changed, where the sheet has keys.
    fn has_its_key(
        &self,
        submission: &SubmissionId,
        person: PersonId,
        panel: &PanelName,
        sitting: Date,
    ) -> Result<(), CellTrouble> {
        if !self.sheet.has(KEY) {
            return Ok(());
        }
        let Some(key) = self.text(KEY) else {
            return Err(self.trouble(
                SUBMISSION,
                "the row was added to the workbook: it has no key",
                self.medium().anew(),
            ));
        };
        let initials = self.text(INITIALS).unwrap_or_default();
        let made = row_key(submission.as_str(), &person.to_string(), &initials, panel.as_str(), &sitting.to_string());
        if key == made {
            return Ok(());
        }
        let message = "the row's own columns (Submission, Person, Initials, Panel, Sitting) were changed after the workbook was made";
        Err(self.trouble(SUBMISSION, message, self.medium().anew()))
    }

    /// What was decided, every cell checked. A field without a column keeps what is recorded of it.
    fn decided(&self, form: &OutcomeForm, recorded: Option<&Outcome>) -> Result<Decision, Vec<CellTrouble>> {
        let mut troubles = Vec::new();
        let decision = self.decision(form).map_err(|trouble| troubles.push(trouble)).ok();
        let mut fields: BTreeMap<String, Private<String>> =
            recorded.map(|recorded| recorded.decision.fields.clone()).unwrap_or_default();
        fields.retain(|name, _| form.field(name).is_none_or(|field| !self.sheet.has(&field.title)));
        for field in &form.fields {
            match self.field(field) {
                Ok(Some(value)) => drop(fields.insert(field.name.clone(), Private::new(value))),
                Ok(None) => {}
                Err(trouble) => {
                    troubles.push(trouble);
                    continue;
                }
            }
            let is_needed = decision.as_ref().is_some_and(|decision| field.required_with.contains(decision));
            if is_needed && !fields.contains_key(&field.name) {
                let message = format!("“{}” is empty, and this decision needs it", field.title);
                let clause = if field.policy.is_empty() { String::new() } else { format!(" ({})", field.policy) };
                troubles.push(self.trouble(&field.title, message, format!("fill it in{clause}")));
            }
        }
        match decision {
            Some(decision) if troubles.is_empty() => Ok(Decision { decision, fields }),
            _ => Err(troubles),
        }
    }

    fn decision(&self, form: &OutcomeForm) -> Result<String, CellTrouble> {
        let Some(text) = self.itself(DECISION)?.and_then(Cell::text) else {
            let message = "something is filled in, and no decision is chosen";
            return Err(self.trouble(DECISION, message, self.medium().choose()));
        };
        choice(&form.decisions, &text).map_err(|help| self.trouble(DECISION, "there is no such decision", help))
    }

    /// The cell, if it holds what it shows: what a formula comes to may be another thing tomorrow.
    fn itself(&self, heading: &str) -> Result<Option<&'r Cell>, CellTrouble> {
        let help = "write the text itself in place of the formula";
        match self.sheet.cell(self.row, heading) {
            Some(Cell::Formula) => Err(self.trouble(heading, "the cell holds a formula", help)),
            Some(Cell::Error) => Err(self.trouble(heading, "the cell holds an error of a formula", help)),
            cell => Ok(cell),
        }
    }

    fn field(&self, field: &OutcomeField) -> Result<Option<String>, CellTrouble> {
        let Some(cell) = self.itself(&field.title)? else { return Ok(None) };
        let Some(text) = cell.text() else { return Ok(None) };
        if text.chars().count() >= CELL_CHARS_MAX {
            let (message, help) = self.medium().too_long(&field.title, CELL_CHARS_MAX);
            return Err(self.trouble(&field.title, message, help));
        }
        let read = match &field.kind {
            OutcomeFieldKind::Text => Ok(text),
            OutcomeFieldKind::Date => {
                let help = "write a date with the day first and the year in full, for instance 02/12/2026";
                cell.day().map(|day| day.to_string()).ok_or_else(|| help.to_owned())
            }
            OutcomeFieldKind::Choice(choices) => choice(choices, &text),
            OutcomeFieldKind::YesNo => {
                cell.yes_or_no().map(ToOwned::to_owned).ok_or_else(|| "write yes or no".to_owned())
            }
        };
        let message = format!("what stands under “{}” cannot be read", field.title);
        read.map(Some).map_err(|help| self.trouble(&field.title, message, help))
    }

    /// An old copy of the workbook must not undo a correction: what an earlier revision said is taken only from a
    /// workbook that was made after the latest.
    fn not_overtaken(&self, whose: &Whose<'_>, decision: &Decision, recorded: &[&Outcome]) -> Result<(), CellTrouble> {
        self.not_first(whose, Some(decision), recorded.last().copied())?;
        let Some((latest, earlier)) = recorded.split_last() else { return Ok(()) };
        if latest.decision == *decision || self.seen_revision() >= latest.revision {
            return Ok(());
        }
        let Some(earlier) = earlier.iter().find(|earlier| earlier.decision == *decision) else { return Ok(()) };
        let message = format!(
            "this is what revision {} said, and revision {} has taken its place",
            earlier.revision, latest.revision
        );
        let help = "if it was right after all, make the workbook anew and correct it there";
        Err(self.trouble(DECISION, message, help))
    }

    /// Nobody else was first: a page shows what is recorded, so that whoever saves another decision has seen the latest.
    /// To save once more what is the latest changes nothing.
    fn not_first(
        &self,
        whose: &Whose<'_>,
        decision: Option<&Decision>,
        latest: Option<&Outcome>,
    ) -> Result<(), CellTrouble> {
        let seen = self.seen_revision();
        let is_latest = seen == latest.map_or(0, |latest| latest.revision);
        if self.medium() != Medium::Page || is_latest || latest.is_some_and(|latest| Some(&latest.decision) == decision)
        {
            return Ok(());
        }
        let Some(latest) = latest else {
            let message = format!("the page showed revision {seen}, and nothing is recorded");
            return Err(self.trouble(DECISION, message, self.medium().anew()));
        };
        let revision = latest.revision;
        let by = whose.request.recorded_by.get(&(whose.person, whose.sitting, revision));
        let message = by.map_or_else(
            || format!("revision {revision} was recorded after this page was shown"),
            |by| format!("{} recorded revision {revision} on {}, after this page was shown", by.actor, by.at),
        );
        let help = "look at what is recorded now; to correct it, open the page again";
        Err(self.trouble(DECISION, message, help))
    }

    /// What is not wrong, and yet is seldom meant.
    fn doubts(
        &self,
        form: &OutcomeForm,
        whose: &Whose<'_>,
        decision: &Decision,
        recorded: Option<&Outcome>,
    ) -> Vec<CellTrouble> {
        let mut doubts = Vec::new();
        for field in form.fields.iter().filter(|field| field.comes_back) {
            let day = decision.fields.get(&field.name).and_then(|day| day.expose().parse::<Date>().ok());
            if day.is_some_and(|day| day <= whose.sitting) {
                let message = format!("“{}” is not after the sitting", field.title);
                doubts.push(self.trouble(&field.title, message, "look at the year"));
            }
        }
        if let Some(recorded) = recorded
            && recorded.state == OutcomeState::Rejected
            && recorded.decision == *decision
        {
            let message = format!("revision {} says the same, and was turned down", recorded.revision);
            doubts.push(self.trouble(DECISION, message, self.medium().turned_down()));
        }
        doubts
    }

    /// An empty row takes nothing back.
    fn emptied(&self) -> Option<CellTrouble> {
        let id = SubmissionId::new(self.text(SUBMISSION)?);
        let request = self.known.requests.get(&id)?;
        let sitting = self.sheet.cell(self.row, SITTING)?.day()?;
        let recorded = recorded(request, self.text(PERSON)?.parse().ok()?, sitting);
        let latest = recorded.last().filter(|latest| latest.state != OutcomeState::Rejected)?;
        let (message, help) = self.medium().emptied(&id, latest.revision);
        Some(self.trouble(DECISION, message, help))
    }
}

const NOT_ITSELF: &str = "the cell holds a formula where an id belongs";

/// What is recorded for a child at a sitting, first revision first.
fn recorded(request: &RequestKnown, person: PersonId, sitting: Date) -> Vec<&Outcome> {
    let mut recorded: Vec<&Outcome> =
        request.outcomes.iter().filter(|outcome| outcome.person == person && outcome.sitting == sitting).collect();
    recorded.sort_by_key(|outcome| outcome.revision);
    recorded
}

/// The number in `revision 2, approved`.
fn revision_in(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

/// Initials without what people put between them.
fn bare(initials: &str) -> String {
    folded(initials).chars().filter(|c| c.is_alphanumeric()).collect()
}
