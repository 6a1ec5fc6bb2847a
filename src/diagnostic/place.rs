//! Where in a file something stands: carried from the reader to the screen.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where in one file something stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A line, counted from 1, in a text file.
    Line(u64),
    /// A line and a column, both counted from 1; the column counts characters.
    LineColumn(u64, u32),
    /// A row of a delimited file (line counted from 1) and the column's heading.
    Column {
        /// The line on which the row begins.
        line: u64,
        /// The heading as the file spells it.
        heading: Arc<str>,
    },
    /// A cell of a workbook, for instance `Requests!C7`.
    Cell {
        /// The sheet's name.
        sheet: Arc<str>,
        /// The row, counted from 1.
        row: u32,
        /// The column, counted from 1.
        column: u32,
    },
    /// An element of an XML file: the line it begins on and its path, for instance `WorkflowStep/Form/Answer`.
    Element {
        /// The line, counted from 1.
        line: u64,
        /// The names of the element and its ancestors, outermost first.
        path: Arc<str>,
    },
    /// A field that was filled in on a page, for instance `Request 7, Decision`.
    Field {
        /// The row of the page, counted from 1.
        row: u32,
        /// What a person calls the row.
        record: Arc<str>,
        /// The field's name.
        name: Arc<str>,
        /// What a person calls the field.
        title: Arc<str>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the whole file"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::LineColumn(line, column) => write!(f, "line {line}:{column}"),
            Self::Column { line, heading } => write!(f, "line {line}, column “{heading}”"),
            Self::Cell { sheet, row, column } => write!(f, "{sheet}!{}{row}", column_letters(*column)),
            Self::Element { line, path } => write!(f, "line {line}, {path}"),
            Self::Field { record, title, .. } => write!(f, "{record}, {title}"),
        }
    }
}

/// The letters of a workbook column counted from 1: 1 is `A`, 27 is `AA`.
fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// A place in a named file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Located {
    /// The file's name, without the folders above the source it came from.
    pub file: Arc<str>,
    /// Where in that file.
    pub place: Place,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Whole => f.write_str(&self.file),
            place => write!(f, "{}, {place}", self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_named_as_a_spreadsheet_names_it() {
        for (column, letters) in [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (53, "BA"), (703, "AAA")] {
            assert_eq!(column_letters(column), letters);
        }
        let place = Place::Cell { sheet: "Requests".into(), row: 7, column: 3 };
        assert_eq!(place.to_string(), "Requests!C7");
    }

    #[test]
    fn a_field_of_a_page_is_named_as_the_page_names_it() {
        let (record, name, title) = ("Request 7".into(), "next".into(), "Needs to Happen".into());
        assert_eq!(Place::Field { row: 1, record, name, title }.to_string(), "Request 7, Needs to Happen");
    }
}
