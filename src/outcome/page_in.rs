//! What was filled in on a page: the same rows and columns as a workbook's sheet, so that the same checks hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::cell::Cell;
use super::open::{CELLS_MAX, Grid};
use super::workbook_in::{CellTrouble, FilledIn};
use super::{DECISION, PANEL, PERSON, RECORDED, SITTING, SUBMISSION};
use crate::diagnostic::Place;
use crate::domain::{PanelName, SubmissionId};
use crate::panel::{Choice, OutcomeFieldKind, OutcomeForm};

/// The page that was filled in.
#[derive(Debug, Clone, Copy)]
pub struct Page<'p> {
    /// The panel.
    pub panel: &'p PanelName,
    /// The day it sat.
    pub sitting: Date,
    /// What it can decide.
    pub form: &'p OutcomeForm,
}

/// One request for one child, as it was filled in.
#[derive(Clone, Copy)]
pub struct PageRow<'p> {
    /// The request.
    pub submission: &'p SubmissionId,
    /// The child, as the page names it.
    pub person: &'p str,
    /// The revision that the page showed; 0 where nothing was recorded.
    pub seen_revision: u32,
    /// The decision, by its name.
    pub decision: Option<&'p str>,
    /// What stands in the fields, by their names. One that is not there is empty.
    pub fields: &'p BTreeMap<String, String>,
}

/// The columns that say whose row it is, and the decision's.
const COLUMNS: [&str; 6] = [SUBMISSION, PERSON, PANEL, SITTING, RECORDED, DECISION];

/// By which name a page calls the decision: what is wrong with whose row it is stands there too.
const DECISION_FIELD: &str = "decision";

/// What a page calls its rows and columns.
#[derive(Debug)]
pub(super) struct PageLayout {
    /// Whose each row is, the first row first.
    records: Vec<Arc<str>>,
    /// Name and title of each field, in the order of their columns.
    fields: Vec<(Arc<str>, Arc<str>)>,
    /// Rows with something in a field that the panel does not have.
    foreign: BTreeSet<u32>,
}

impl PageLayout {
    /// The place of a cell, counted from 0; the header's row is the page's own.
    pub(super) fn place(&self, row: u32, column: u32) -> Place {
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let Some(record) = row.checked_sub(1).and_then(|row| self.records.get(at(row))) else { return Place::Whole };
        let field = at(column).checked_sub(COLUMNS.len()).and_then(|field| self.fields.get(field)).cloned();
        let (name, title) = field.unwrap_or_else(|| (DECISION_FIELD.into(), DECISION.into()));
        Place::Field { row, record: Arc::clone(record), name, title }
    }

    /// Whether a row has something in a field that the panel does not have.
    pub(super) fn is_foreign(&self, row: u32) -> bool {
        self.foreign.contains(&row)
    }
}

impl FilledIn {
    /// What was filled in on a page.
    pub fn of_rows(page: Page<'_>, rows: &[PageRow<'_>]) -> Self {
        let cells = rows.iter().map(|row| COLUMNS.len() + row.fields.len()).sum::<usize>();
        if cells > CELLS_MAX {
            let message = format!("more than {CELLS_MAX} fields are filled in, which no sitting needs");
            let help = "open the page again and fill it in there".to_owned();
            return Self::unreadable(CellTrouble { place: Place::Whole, message, help });
        }
        let mut grid = Grid::of_page(PageLayout {
            records: rows
                .iter()
                .map(|row| format!("{}, person {}", row.submission, row.person.trim()).into())
                .collect(),
            fields: page.form.fields.iter().map(|field| (*field.name).into()).zip(titles(page.form)).collect(),
            foreign: BTreeSet::new(),
        });
        let headings = COLUMNS.into_iter().chain(page.form.fields.iter().map(|field| field.title.as_str()));
        for (column, heading) in (0_u32..).zip(headings) {
            grid.put((0, column), Cell::Text(heading.to_owned()));
        }
        for (number, row) in (1_u32..).zip(rows) {
            for (column, text) in (0_u32..).zip(row.cells(page)) {
                grid.put((number, column), Cell::Text(text));
            }
            let is_foreign = |(name, text): (&String, &String)| {
                page.form.field(name).is_none() && !Cell::Text(text.clone()).is_blank()
            };
            if row.fields.iter().any(is_foreign)
                && let Some(layout) = &mut grid.page
            {
                layout.foreign.insert(number);
            }
        }
        Self::of_grid(grid)
    }
}

fn titles(form: &OutcomeForm) -> impl Iterator<Item = Arc<str>> {
    form.fields.iter().map(|field| field.title.as_str().into())
}

impl PageRow<'_> {
    /// What stands in each column.
    fn cells(&self, page: Page<'_>) -> Vec<String> {
        let decision = self.decision.map(|name| titled(&page.form.decisions, name)).unwrap_or_default();
        let mut cells = vec![
            self.submission.to_string(),
            self.person.to_owned(),
            page.panel.to_string(),
            page.sitting.to_string(),
            format!("revision {}", self.seen_revision),
            decision,
        ];
        for field in &page.form.fields {
            let text = self.fields.get(&field.name).map(String::as_str).unwrap_or_default();
            cells.push(match &field.kind {
                OutcomeFieldKind::Choice(choices) => titled(choices, text),
                OutcomeFieldKind::Text | OutcomeFieldKind::Date | OutcomeFieldKind::YesNo => text.to_owned(),
            });
        }
        cells
    }
}

/// The title of what a page has chosen by its name; what is no name stays what it is, and is refused later.
fn titled(choices: &[Choice], name: &str) -> String {
    choices.iter().find(|choice| choice.name == name).map_or(name, |choice| choice.title.as_str()).to_owned()
}
