//! What was filled in, in an outcomes workbook or on a page. Every cell is checked; a request is taken as a whole or not
//! at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::SUBMISSION;
use super::headings::{OutcomeSheet, none_found};
use super::medium::Medium;
use super::open::{Grid, open};
use super::row::{RowSaid, Said, panel_of, read};
use crate::diagnostic::Place;
use crate::domain::{Decision, Outcome, OutcomeState, PanelName, PersonId, Private, SubmissionId};
use crate::panel::OutcomeForm;

/// What a workbook or page is held against.
pub struct Known<'k> {
    /// The requests that its rows name, as far as there are such.
    pub requests: &'k BTreeMap<SubmissionId, RequestKnown>,
    /// What each panel of the configuration can decide.
    pub forms: &'k BTreeMap<PanelName, &'k OutcomeForm>,
    /// Whether a panel sits on a day.
    pub sitting: &'k dyn Fn(&PanelName, Date) -> SittingKnown,
}

/// What the ledger knows of a request.
#[derive(Debug, Clone)]
pub struct RequestKnown {
    /// Everybody it is about.
    pub people: Vec<PersonKnown>,
    /// The panel that it asks.
    pub panel: Option<PanelName>,
    /// Every revision of its outcomes.
    pub outcomes: Vec<Outcome>,
    /// Who recorded a revision for a child at a sitting, where it is known.
    pub recorded_by: BTreeMap<(PersonId, Date, u32), RecordedBy>,
}

/// Who recorded an outcome, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedBy {
    /// Who, as the trail keeps it.
    pub actor: String,
    /// When, as a person says it.
    pub at: String,
}

/// A child whom a request is about.
#[derive(Debug, Clone)]
pub struct PersonKnown {
    /// The child.
    pub person: PersonId,
    /// The child's initials, by which people tell the rows apart.
    pub initials: Option<Private<String>>,
}

/// A sitting, as far as the panel's calendar goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SittingKnown {
    /// It was held.
    Held,
    /// It is still to come.
    Ahead,
    /// There is none on that day, perhaps for a reason.
    No(Option<String>),
}

/// An outcome as the workbook or page has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: PersonId,
    /// The panel.
    pub panel: PanelName,
    /// The day it sat.
    pub sitting: Date,
    /// What it decided.
    pub decision: Decision,
    /// The cell that says so.
    pub place: Place,
}

/// Something about a cell or field. It never shows what stands in one that the panel fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellTrouble {
    /// The sheet and cell, or the row and field of a page.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a workbook or page holds.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Outcomes whose every cell is right, of requests all of whose rows are.
    pub outcomes: Vec<ReadOutcome>,
    /// Rows in which nothing was decided.
    pub undecided: usize,
    /// Everything that is wrong: the requests that it is about are left out.
    pub troubles: Vec<CellTrouble>,
    /// What a person should know, though it was taken.
    pub warnings: Vec<CellTrouble>,
}

/// What was filled in: a page, the workbook that tessera makes, or any with the headings Submission, Person, Sitting,
/// Decision and the titles of the panel's fields.
#[derive(Debug)]
pub struct FilledIn {
    grids: Vec<Grid>,
    unreadable: Option<CellTrouble>,
}

impl FilledIn {
    /// Reads what stands in the cells.
    pub fn open(bytes: &[u8]) -> Self {
        match open(bytes) {
            Ok(grids) => Self { grids, unreadable: None },
            Err(trouble) => Self::unreadable(trouble),
        }
    }

    pub(super) const fn unreadable(trouble: CellTrouble) -> Self {
        Self { grids: Vec::new(), unreadable: Some(trouble) }
    }

    pub(super) fn of_grid(grid: Grid) -> Self {
        Self { grids: vec![grid], unreadable: None }
    }

    fn medium(&self) -> Medium {
        self.grids.first().map_or(Medium::Workbook, Grid::medium)
    }

    /// The requests that its rows name.
    pub fn requests(&self) -> BTreeSet<SubmissionId> {
        let sheets = self.grids.iter().filter_map(OutcomeSheet::of);
        let named = sheets.flat_map(|sheet| {
            sheet.rows().filter_map(|row| sheet.text(row, SUBMISSION)).map(SubmissionId::new).collect::<Vec<_>>()
        });
        named.collect()
    }

    /// Checks every cell.
    pub fn check(&self, known: &Known<'_>) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.troubles.extend(self.unreadable.clone());
        let sheets: Vec<OutcomeSheet<'_>> = self.grids.iter().filter_map(OutcomeSheet::of).collect();
        if sheets.is_empty() && self.unreadable.is_none() {
            loaded.troubles = none_found(&self.grids);
        }
        let mut rows = Vec::new();
        for sheet in &sheets {
            let panels: BTreeSet<PanelName> = sheet.rows().filter_map(|row| panel_of(sheet, row, known)).collect();
            let forms: Vec<&OutcomeForm> = panels.iter().filter_map(|panel| known.forms.get(panel).copied()).collect();
            let troubles = sheet.troubles(&forms);
            loaded.warnings.extend(sheet.warnings(&forms));
            if troubles.is_empty() {
                rows.extend(sheet.rows().map(|row| read(sheet, row, known)));
            }
            loaded.troubles.extend(troubles);
        }
        loaded.take(rows, known, self.medium());
        loaded
    }
}

impl Loaded {
    /// Takes the requests all of whose rows are right.
    fn take(&mut self, rows: Vec<RowSaid>, known: &Known<'_>, medium: Medium) {
        let mut by_request: BTreeMap<Option<SubmissionId>, Vec<RowSaid>> = BTreeMap::new();
        for row in rows {
            by_request.entry(row.submission.clone()).or_default().push(row);
        }
        let mut said = BTreeSet::new();
        for (submission, rows) in by_request {
            let decided = || rows.iter().filter_map(RowSaid::decided);
            let mut troubles: Vec<CellTrouble> = rows.iter().flat_map(|row| row.troubles.clone()).collect();
            troubles.dedup();
            troubles.extend(twice(&rows, medium));
            let request = submission.as_ref().and_then(|id| known.requests.get(id));
            if let (true, Some(request)) = (troubles.is_empty(), request) {
                troubles.extend(left_out(&rows, request, medium));
            }
            if let Some(first) = troubles.first() {
                let first = first.place.clone();
                let held = decided().map(|outcome| &outcome.place);
                let held: Vec<&Place> = held.filter(|place| !troubles.iter().any(|one| one.place == **place)).collect();
                troubles.extend(held.into_iter().map(|place| held_back(place, &first, medium)));
            } else {
                self.outcomes.extend(decided().cloned());
            }
            let undecided = rows.iter().filter(|row| matches!(row.said, Said::Undecided) && row.submission.is_some());
            self.undecided += undecided.count();
            self.troubles.extend(troubles);
            for row in rows {
                self.warnings.extend(row.warnings);
                // What is true of the whole sitting is said once.
                self.warnings.extend(row.ahead.filter(|ahead| said.insert(ahead.message.clone())));
            }
        }
        self.outcomes.sort_by_key(|outcome| in_order(&outcome.place));
        self.troubles.sort_by_key(|trouble| in_order(&trouble.place));
        // Merged cells may reach into several requests.
        self.troubles.dedup();
        self.warnings.sort_by_key(|warning| in_order(&warning.place));
    }
}

impl CellTrouble {
    /// The row of the page that it is about, counted from 0, and the field's name, `decision` among them; nothing where
    /// it is about no page's field.
    pub fn field(&self) -> Option<(usize, &str)> {
        match &self.place {
            Place::Field { row, name, .. } => Some((usize::try_from(row.checked_sub(1)?).ok()?, name)),
            _ => None,
        }
    }
}

impl RowSaid {
    fn decided(&self) -> Option<&ReadOutcome> {
        match &self.said {
            Said::Decided(outcome) => Some(outcome),
            Said::Undecided | Said::Wrong => None,
        }
    }
}

/// Rows that decide on the same child at the same sitting.
fn twice(rows: &[RowSaid], medium: Medium) -> Vec<CellTrouble> {
    let mut seen = BTreeMap::new();
    let mut troubles = Vec::new();
    for outcome in rows.iter().filter_map(RowSaid::decided) {
        if let Some(first) = seen.insert((outcome.person, outcome.sitting), &outcome.place) {
            let (message, help) = medium.twice(first);
            troubles.push(CellTrouble { place: outcome.place.clone(), message, help });
        }
    }
    troubles
}

/// Children of a request for whom nothing is decided, though it is for others: the request would be closed for all.
fn left_out(rows: &[RowSaid], request: &RequestKnown, medium: Medium) -> Vec<CellTrouble> {
    let decided: Vec<&ReadOutcome> = rows.iter().filter_map(RowSaid::decided).collect();
    let sittings: BTreeSet<Date> = decided.iter().map(|outcome| outcome.sitting).collect();
    let mut troubles = Vec::new();
    for sitting in sittings {
        let at = |outcome: &&&ReadOutcome| outcome.sitting == sitting;
        let is_decided = |person: PersonId| {
            let before = request.outcomes.iter().any(|outcome| {
                outcome.person == person && outcome.sitting == sitting && outcome.state != OutcomeState::Rejected
            });
            before || decided.iter().filter(at).any(|outcome| outcome.person == person)
        };
        for child in request.people.iter().filter(|child| !is_decided(child.person)) {
            let person = child.person;
            let own = rows.iter().find(|row| row.person == Some(person)).map(|row| &row.place);
            let Some(place) = own.or_else(|| decided.iter().find(at).map(|outcome| &outcome.place)) else { continue };
            let (message, help) = medium.left_out(person);
            troubles.push(CellTrouble { place: place.clone(), message, help });
        }
    }
    troubles
}

fn held_back(place: &Place, because: &Place, medium: Medium) -> CellTrouble {
    let (message, help) = medium.held_back(because);
    CellTrouble { place: place.clone(), message, help }
}

/// Places in the order in which a reader comes to them.
fn in_order(place: &Place) -> (String, u32, u32) {
    match place {
        Place::Cell { sheet, row, column } => (sheet.to_string(), *row, *column),
        // The fields of a row are in order already.
        Place::Field { row, .. } => (String::new(), *row, 0),
        _ => (String::new(), 0, 0),
    }
}
