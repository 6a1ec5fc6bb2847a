//! The header of a sheet: which column is which, and what of it is wrong.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::cell::{Cell, folded};
use super::open::Grid;
use super::{CellTrouble, DECISION, OURS, PERSON, SITTING, SUBMISSION};
use crate::diagnostic::{Place, nearest};
use crate::domain::limit;
use crate::panel::OutcomeForm;

/// The headings without which a sheet holds no outcomes.
const REQUIRED: [&str; 4] = [SUBMISSION, PERSON, SITTING, DECISION];

/// A sheet that holds outcomes.
#[derive(Debug)]
pub(super) struct OutcomeSheet<'g> {
    pub(super) grid: &'g Grid,
    header: u32,
    columns: BTreeMap<String, u32>,
    /// Columns whose heading stands further to the left already.
    doubled: Vec<u32>,
}

impl<'g> OutcomeSheet<'g> {
    /// The sheet, if one of its first rows has the headings.
    pub(super) fn of(grid: &'g Grid) -> Option<Self> {
        first_rows(grid).find_map(|header| {
            let (mut columns, mut doubled) = (BTreeMap::new(), Vec::new());
            for (heading, column) in headings(grid, header) {
                match columns.entry(heading) {
                    Entry::Vacant(entry) => drop(entry.insert(column)),
                    Entry::Occupied(_) => doubled.push(column),
                }
            }
            let has_all = REQUIRED.iter().all(|heading| columns.contains_key(&folded(heading)));
            has_all.then_some(Self { grid, header, columns, doubled })
        })
    }

    /// The rows below the header in which something stands under a heading.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        let below = self.grid.rows().filter(|row| *row > self.header);
        below.filter(|row| self.grid.row(*row).any(|(column, _)| self.columns.values().any(|own| *own == column)))
    }

    /// Whether there is a column of that heading.
    pub(super) fn has(&self, heading: &str) -> bool {
        self.columns.contains_key(&folded(heading))
    }

    /// What stands in a row under a heading.
    pub(super) fn cell(&self, row: u32, heading: &str) -> Option<&'g Cell> {
        self.grid.cell(row, *self.columns.get(&folded(heading))?)
    }

    /// The text that stands in a row under a heading.
    pub(super) fn text(&self, row: u32, heading: &str) -> Option<String> {
        self.cell(row, heading)?.text()
    }

    /// Whether nothing stands in the columns that the panel fills in.
    pub(super) fn is_undecided(&self, row: u32) -> bool {
        let ours = OURS.map(folded);
        let mut theirs = self.columns.iter().filter(|(heading, _)| !ours.contains(heading));
        theirs.all(|(_, column)| self.grid.cell(row, *column).is_none())
    }

    /// Where merged cells that reach into a row begin, if any do.
    pub(super) fn merged_into(&self, row: u32) -> Option<(u32, u32)> {
        self.columns.values().find_map(|column| self.grid.merged_at(row, *column))
    }

    /// The place of a cell; of the row's first where there is no such column.
    pub(super) fn place(&self, row: u32, heading: &str) -> Place {
        self.grid.place(row, self.columns.get(&folded(heading)).copied().unwrap_or(0))
    }

    pub(super) fn trouble(
        &self,
        row: u32,
        heading: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> CellTrouble {
        CellTrouble { place: self.place(row, heading), message: message.into(), help: help.into() }
    }

    /// What is wrong with the sheet as a whole, so that nothing of it can be taken.
    pub(super) fn troubles(&self, forms: &[&OutcomeForm]) -> Vec<CellTrouble> {
        let mut troubles = Vec::new();
        if let Some(row) = self.grid.broken_after {
            let help = "save it once more as .xlsx, and load that file";
            troubles.push(self.at(row, 0, "the sheet cannot be read from about here on".to_owned(), help.to_owned()));
        }
        let wanted = wanted(forms);
        let is_wanted = |heading: &str| wanted.iter().any(|wanted| folded(wanted) == heading);
        for column in &self.doubled {
            let heading = self.grid.cell(self.header, *column).and_then(Cell::text).unwrap_or_default();
            if is_wanted(&folded(&heading)) {
                let message = format!("the heading “{heading}” stands twice");
                troubles.push(self.at(self.header, *column, message, "take one of the two columns away".to_owned()));
            }
        }
        let missing: Vec<&str> = wanted.iter().copied().filter(|heading| !self.has(heading)).collect();
        for (heading, column) in self.columns.iter().filter(|(heading, _)| !is_wanted(heading)) {
            if let Some(meant) = nearest(heading, missing.iter().copied()) {
                let message = "there is no column of this name".to_owned();
                troubles.push(self.at(self.header, *column, message, format!("did you mean “{meant}”?")));
            }
        }
        troubles
    }

    /// What a person should know about the sheet, though it can be taken.
    pub(super) fn warnings(&self, forms: &[&OutcomeForm]) -> Vec<CellTrouble> {
        let mut warnings = Vec::new();
        if self.grid.is_hidden {
            let message = "the sheet is hidden, and was read all the same".to_owned();
            warnings.push(self.at(self.header, 0, message, "take it away if it was not meant".to_owned()));
        }
        let wanted = wanted(forms);
        for form in forms {
            for field in form.fields.iter().filter(|field| !self.has(&field.title)) {
                let message = format!("there is no column “{}”: what is recorded of it stays as it is", field.title);
                let help = "use the workbook that tessera writes for the sitting".to_owned();
                warnings.push(self.at(self.header, 0, message, help));
            }
        }
        for column in self.filled_columns() {
            let heading = self.grid.cell(self.header, column).and_then(Cell::text);
            let is_read = self.columns.values().any(|own| *own == column)
                && heading.as_deref().is_some_and(|own| wanted.iter().any(|wanted| folded(wanted) == folded(own)));
            if is_read {
                continue;
            }
            let message = heading.map_or_else(
                || "what stands in this column has no heading, and is not read".to_owned(),
                |heading| format!("“{heading}” is no column of the panel's outcomes, and is not read"),
            );
            let help = "copy what must be recorded into a column that is read".to_owned();
            warnings.push(self.at(self.header, column, message, help));
        }
        warnings
    }

    /// The columns in which something stands in a row of a request.
    fn filled_columns(&self) -> BTreeSet<u32> {
        let requests = self.rows().filter(|row| self.text(*row, SUBMISSION).is_some());
        requests.flat_map(|row| self.grid.row(row).map(|(column, _)| column)).collect()
    }

    fn at(&self, row: u32, column: u32, message: String, help: String) -> CellTrouble {
        CellTrouble { place: self.grid.place(row, column), message, help }
    }
}

/// The rows among which the header is looked for.
fn first_rows(grid: &Grid) -> impl Iterator<Item = u32> {
    grid.rows().take(limit::TITLE_ROWS_MAX + 1)
}

/// The headings of a row, each with its column.
fn headings(grid: &Grid, row: u32) -> impl Iterator<Item = (String, u32)> {
    grid.row(row).filter_map(|(column, cell)| Some((folded(&cell.text()?), column)))
}

/// Every heading that is read.
fn wanted<'f>(forms: &[&'f OutcomeForm]) -> Vec<&'f str> {
    let titles = forms.iter().flat_map(|form| form.fields.iter().map(|field| field.title.as_str()));
    OURS.into_iter().chain([DECISION]).chain(titles).collect()
}

/// Why a workbook has no sheet of outcomes: which heading is missing, and which is meant to be it.
pub(super) fn none_found(grids: &[Grid]) -> Vec<CellTrouble> {
    let mut best: (usize, Vec<CellTrouble>) = (0, Vec::new());
    for grid in grids {
        for row in first_rows(grid) {
            let found: Vec<(String, u32)> = headings(grid, row).collect();
            let is_there = |wanted: &&str| found.iter().any(|(heading, _)| *heading == folded(wanted));
            let (there, missing): (Vec<&str>, Vec<&str>) = REQUIRED.iter().copied().partition(is_there);
            if there.len() <= best.0 {
                continue;
            }
            let troubles = missing.iter().map(|missing| {
                let others = found.iter().filter(|(heading, _)| !there.iter().any(|own| folded(own) == *heading));
                let near = others.clone().find(|(heading, _)| nearest(heading, [*missing]).is_some());
                let column = near.map_or_else(|| found.first().map_or(0, |first| first.1), |near| near.1);
                let help = near.map_or_else(
                    || "use the workbook that tessera writes for the sitting".to_owned(),
                    |_| format!("did you mean “{missing}”?"),
                );
                CellTrouble {
                    place: grid.place(row, column), message: format!("there is no column “{missing}”"), help
                }
            });
            best = (there.len(), troubles.collect());
        }
    }
    // One word in common is chance.
    if best.0 > 1 {
        return best.1;
    }
    let message = "no sheet has the headings Submission, Person, Sitting and Decision".to_owned();
    let help = "use the workbook that tessera writes for the sitting".to_owned();
    vec![CellTrouble { place: Place::Whole, message, help }]
}
