//! A table of any container: rows of typed cells, the header found among title rows, furniture told from records.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::DateTime;

use super::headings::{Ambiguous, Dictionary};
use super::record::{At, Frame, RawValue};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Rows from one container, first to last.
pub(super) trait Table {
    /// Reads the next row into `row`; `false` at the end. Rows with nothing in them are passed over.
    ///
    /// A row that cannot be read has [`Cells::fault`] and the next one can be asked for; an error ends the table.
    fn next_row(&mut self, row: &mut Cells) -> Result<bool, Trouble>;

    /// Says how many cells a row should have, once the header is known.
    fn expect_columns(&mut self, columns: usize);

    /// What the places of this table have in common.
    fn frame(&self, headings: &[Arc<str>]) -> Frame;
}

/// The cells of one row; their room is used again for the next row.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// The line or row, counted from 1.
    pub(super) number: u64,
    /// Why the row cannot be read as it stands.
    pub(super) fault: Option<Fault>,
    text: String,
    cells: Vec<StoredCell>,
}

/// Why a row cannot be read.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) help: Cow<'static, str>,
    pub(super) column: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum StoredCell {
    Empty,
    Text(usize, usize),
    Number(f64),
    Flag(bool),
    Moment(DateTime),
    Error(&'static str),
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'r> {
    /// No value: nothing there, or a database's `NULL`.
    Empty,
    Text(&'r str),
    Number(f64),
    Flag(bool),
    Moment(DateTime),
    /// A formula that failed, by Excel's name for it.
    Error(&'static str),
}

impl Cells {
    pub(super) fn clear(&mut self, number: u64) {
        self.number = number;
        self.fault = None;
        self.text.clear();
        self.cells.clear();
    }

    /// An empty row with room for one like this.
    pub(super) fn room(&self) -> Self {
        let (text, cells) = (String::with_capacity(self.text.len() + 64), Vec::with_capacity(self.cells.len()));
        Self { text, cells, ..Self::default() }
    }

    /// Puts a value into a column, and nothing into those before it that have none.
    pub(super) fn put(&mut self, column: usize, cell: Cell<'_>) {
        if column >= limit::COLUMNS_MAX {
            return;
        }
        while self.cells.len() < column {
            self.cells.push(StoredCell::Empty);
        }
        let stored = match cell {
            Cell::Empty => StoredCell::Empty,
            Cell::Text(text) => {
                let start = self.text.len();
                self.text.push_str(text);
                StoredCell::Text(start, self.text.len())
            }
            Cell::Number(number) => StoredCell::Number(number),
            Cell::Flag(flag) => StoredCell::Flag(flag),
            Cell::Moment(moment) => StoredCell::Moment(moment),
            Cell::Error(name) => StoredCell::Error(name),
        };
        match self.cells.get_mut(column) {
            Some(place) => *place = stored,
            None => self.cells.push(stored),
        }
    }

    /// Takes a row of text whose cells end where `ends` says.
    pub(super) fn put_text(&mut self, text: &str, ends: &[usize]) {
        self.text.push_str(text);
        let mut start = 0;
        for end in ends {
            self.cells.push(if *end == start { StoredCell::Empty } else { StoredCell::Text(start, *end) });
            start = *end;
        }
    }

    pub(super) fn cell(&self, column: usize) -> Cell<'_> {
        match self.cells.get(column).copied().unwrap_or(StoredCell::Empty) {
            StoredCell::Empty => Cell::Empty,
            StoredCell::Text(start, end) => match self.text.get(start..end).unwrap_or_default() {
                "NULL" => Cell::Empty,
                text => Cell::Text(text),
            },
            StoredCell::Number(number) => Cell::Number(number),
            StoredCell::Flag(flag) => Cell::Flag(flag),
            StoredCell::Moment(moment) => Cell::Moment(moment),
            StoredCell::Error(name) => Cell::Error(name),
        }
    }

    pub(super) fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'_>> {
        (0..self.cells.len()).map(|column| self.cell(column))
    }

    pub(super) fn width(&self) -> usize {
        self.cells.len()
    }

    /// Drops empty cells beyond the header: a trailing separator is no column.
    pub(super) fn trim_to(&mut self, columns: usize) {
        while self.cells.len() > columns && matches!(self.cells.last(), Some(StoredCell::Empty)) {
            self.cells.pop();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells().all(|cell| matches!(cell, Cell::Empty))
    }

    /// The first column whose text is longer than `bytes`.
    pub(super) fn longest_over(&self, bytes: usize) -> Option<usize> {
        if self.text.len() <= bytes {
            return None;
        }
        self.cells.iter().position(|cell| matches!(cell, StoredCell::Text(start, end) if end - start > bytes))
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// The row's fault as a trouble.
    pub(super) fn trouble(&self, fault: &Fault, frame: &Frame) -> Trouble {
        let place = match fault.column {
            Some(column) => frame.place(at(self.number, column)),
            None => frame.record_place(At { number: self.number, name: 0 }),
        };
        Trouble { place, reason: fault.reason, message: fault.message.clone(), help: fault.help.clone().into_owned() }
    }
}

/// The place of a cell in short.
pub(super) fn at(number: u64, column: usize) -> At {
    At { number, name: u32::try_from(column).unwrap_or(u32::MAX) }
}

impl<'r> Cell<'r> {
    /// The value as text without the spaces around it: for ids, names and dates, not for answers. `Err` is a
    /// formula that failed. Whole numbers have no `.0`, moments are ISO.
    pub(super) fn as_text(self) -> Result<Cow<'r, str>, &'static str> {
        Ok(match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text.trim()),
            Self::Number(number) => Cow::Owned(number_text(number)),
            Self::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Self::Moment(moment) => Cow::Owned(moment.to_string()),
            Self::Error(name) => return Err(name),
        })
    }

    /// The value as an answer; `None` where there is none.
    pub(super) fn as_answer(self) -> Result<Option<RawValue<'r>>, &'static str> {
        Ok(Some(match self {
            Self::Empty => return Ok(None),
            Self::Text(text) => RawValue::Text(text),
            Self::Number(number) => RawValue::Number(number),
            Self::Flag(flag) => RawValue::Flag(flag),
            Self::Moment(moment) => RawValue::Moment(moment),
            Self::Error(name) => return Err(name),
        }))
    }
}

/// What Excel shows for formulas that failed.
pub(super) const FORMULA_ERRORS: [&str; 8] =
    ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA"];

/// Above this a workbook's number is no longer exact to the digit, so an id in it is shown as damaged.
const EXACT_MAX: f64 = 999_999_999_999_999.0;

fn number_text(number: f64) -> String {
    if number.abs() <= EXACT_MAX { number.to_string() } else { format!("{number:e}") }
}

/// Says that a formula failed in a cell that the record cannot do without.
pub(super) fn formula_fault(error: &str, column: usize) -> Fault {
    Fault {
        reason: Reason::ValueUnreadable,
        message: format!("the cell holds {error}, a formula that failed"),
        help: Cow::Borrowed("mend the formula or type the value, save the workbook, and import it again"),
        column: Some(column),
    }
}

/// Says that a cell is larger than is read.
pub(super) fn cell_too_large(column: usize) -> Fault {
    Fault {
        reason: Reason::TooLarge,
        message: format!("the cell is longer than {} MiB", limit::CELL_BYTES_MAX >> 20),
        help: Cow::Borrowed("look at the answer in Mosaic; export the form without it"),
        column: Some(column),
    }
}

/// The header of a table: its headings as the file spells them, and the line or row it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) headings: Vec<Arc<str>>,
    pub(super) number: u64,
}

/// What was found where a header should be.
pub(super) enum Headed {
    /// A header.
    Yes(Header),
    /// The row that came nearest, if any row came near.
    No(Option<Header>),
}

/// Looks for the header among the first rows: the first row that `serves`.
pub(super) fn find_header(
    table: &mut dyn Table,
    dictionary: &Dictionary,
    serves: impl Fn(&[&str]) -> bool,
) -> Result<Headed, Trouble> {
    let mut row = Cells::default();
    let mut nearest: Option<(usize, Header)> = None;
    for _ in 0..=limit::TITLE_ROWS_MAX {
        if !table.next_row(&mut row)? {
            break;
        }
        let headings = heading_texts(&row);
        let codes: Vec<&str> = headings.iter().filter_map(|heading| dictionary.code(heading)).collect();
        let header = Header { headings, number: row.number };
        if serves(&codes) {
            table.expect_columns(header.headings.len());
            return Ok(Headed::Yes(header));
        }
        if codes.len() > 1 && codes.len() > nearest.as_ref().map_or(0, |(most, _)| *most) {
            nearest = Some((codes.len(), header));
        }
    }
    Ok(Headed::No(nearest.map(|(_, header)| header)))
}

/// The headings of a row, without empty ones at its end.
fn heading_texts(row: &Cells) -> Vec<Arc<str>> {
    let text = |cell: Cell<'_>| cell.as_text().unwrap_or_default().trim_matches(['\u{feff}', ' ']).to_owned();
    let mut headings: Vec<Arc<str>> = row.cells().map(|cell| Arc::from(text(cell))).collect();
    while headings.last().is_some_and(|last| last.is_empty()) {
        headings.pop();
    }
    headings
}

/// Whether a row is no record: a total below the rows, a line that the report tool adds, a header repeated on a new
/// page. Such a row has nothing like an id in `ids`.
pub(super) fn is_furniture(row: &Cells, header: &Header, ids: &[usize]) -> bool {
    let has_id = ids.iter().any(|column| {
        let text = row.cell(*column).as_text().unwrap_or_default();
        text.starts_with(|found: char| found.is_ascii_digit())
    });
    if has_id {
        return false;
    }
    let mut filled = row.cells().filter(|cell| !matches!(cell, Cell::Empty));
    let Some(Cell::Text(first)) = filled.next() else { return false };
    let first = first.trim().trim_start_matches('(').to_lowercase();
    const BEGINNINGS: [&str; 9] = [
        "total",
        "grand total",
        "subtotal",
        "sub-total",
        "sub total",
        "report generated",
        "generated on",
        "page ",
        "end of report",
    ];
    if BEGINNINGS.iter().any(|beginning| first.starts_with(beginning)) || first.ends_with("rows affected)") {
        return true;
    }
    let same = |(cell, heading): (Cell<'_>, &Arc<str>)| cell.as_text().is_ok_and(|text| *text == **heading);
    row.width() == header.headings.len() && row.cells().zip(&header.headings).all(same)
}

/// The trouble of a table in which no header was found.
pub(super) fn header_missing(wanted: &str, place: Place) -> Trouble {
    Trouble {
        place,
        reason: Reason::HeaderMissing,
        message: format!("no header was found in the first {} rows; looked for {wanted}", limit::TITLE_ROWS_MAX + 1),
        help: "export the report with its header row, or name its headings in the authority's extracts file".to_owned(),
    }
}

/// The trouble of a header that lacks a column.
pub(super) fn column_missing(code: &str, header: &Header, dictionary: &Dictionary, frame: &Frame) -> Trouble {
    let found = header.headings.iter().filter(|heading| !heading.is_empty());
    let found: Vec<String> = found.take(30).map(|heading| format!("`{heading}`")).collect();
    let help = match code.split(" or ").find_map(|code| dictionary.near_miss(code, &header.headings)) {
        Some(meant) => format!("did you mean `{meant}` to be `{code}`? rename it, or name it in the extracts file"),
        None => format!("add a column `{code}` to the report, or name the heading it has in the extracts file"),
    };
    Trouble {
        place: frame.record_place(At { number: header.number, name: 0 }),
        reason: Reason::ColumnMissing,
        message: format!("no column `{code}`; the headings are {}", found.join(", ")),
        help,
    }
}

/// The trouble of a header in which two columns mean the same.
pub(super) fn column_ambiguous(clash: &Ambiguous, header: &Header, frame: &Frame) -> Trouble {
    let name = |index: usize| header.headings.get(index).map_or("", |heading| &**heading);
    Trouble {
        place: frame.place(at(header.number, clash.second)),
        reason: Reason::ColumnAmbiguous,
        message: format!("`{}` and `{}` both mean `{}`", name(clash.first), name(clash.second), clash.code),
        help: "leave one of the two out of the report, or name the right one in the extracts file".to_owned(),
    }
}
