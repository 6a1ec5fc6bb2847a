//! A table, row by row, whatever it is kept in: delimited text or a workbook.

use std::sync::Arc;

use jiff::civil::DateTime;

use super::open::Part;
use super::sniff::Content;
use super::{RawValue, csv, xlsx};
use crate::diagnostic::Place;
use crate::domain::Trouble;

/// A cell as its container holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    Number(f64),
    Flag(bool),
    Moment(DateTime),
    /// An error of a formula, as the workbook shows it: `#REF!`.
    Error(&'static str),
}

impl Cell<'_> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The cell as text: whole numbers without a decimal point, moments in ISO form.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => (*text).to_owned(),
            Self::Error(name) => (*name).to_owned(),
            Self::Number(number) => number_text(*number),
            Self::Flag(flag) => (if *flag { "true" } else { "false" }).to_owned(),
            Self::Moment(moment) => moment_text(moment),
        }
    }
}

impl<'a> Cell<'a> {
    pub(super) fn value(&self) -> RawValue<'a> {
        match self {
            Self::Empty => RawValue::Text(""),
            Self::Text(text) => RawValue::Text(text),
            Self::Error(name) => RawValue::Text(name),
            Self::Number(number) => RawValue::Number(*number),
            Self::Flag(flag) => RawValue::Flag(*flag),
            Self::Moment(moment) => RawValue::Moment(*moment),
        }
    }
}

/// A number as a person would have typed it. Beyond 15 digits a workbook has lost some, and the exponent says so.
fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() >= 1e15 { format!("{number:E}") } else { format!("{number}") }
}

fn moment_text(moment: &DateTime) -> String {
    if moment.time() == jiff::civil::Time::midnight() { moment.date().to_string() } else { moment.to_string() }
}

/// One row of a table.
pub(super) trait TableRow {
    /// How many cells it has.
    fn width(&self) -> usize;
    /// The cell in a column, counted from 0.
    fn cell(&self, column: usize) -> Cell<'_>;
    /// Where the row begins.
    fn place(&self) -> Place;
    /// Where a cell stands, under its heading.
    fn cell_place(&self, column: usize, heading: &Arc<str>) -> Place;
}

/// What a reader of rows does with them.
pub(super) trait TableVisitor {
    /// Takes a row; `Stop` ends the reading.
    fn row(&mut self, row: &dyn TableRow) -> Flow;
    /// Takes something that cannot be read, and after which the reading goes on or ends.
    fn trouble(&mut self, trouble: Trouble) -> Flow;
    /// A sheet of a workbook is over. `Stop` where another sheet would not be looked at.
    fn sheet_over(&mut self) -> Flow;
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Stop,
}

/// Shows every row of the part to the visitor.
pub(super) fn walk(part: &Part, visitor: &mut dyn TableVisitor) -> Result<(), Trouble> {
    match part.content() {
        Content::Workbook => xlsx::walk(part, visitor),
        Content::Delimited(_) => csv::walk(part, visitor),
        Content::Xml(_) => {
            let help = "deliver this extract as CSV or XLSX";
            Err(part.trouble(crate::domain::Reason::FileMistyped, "the file is XML and not a table", help))
        }
    }
}
