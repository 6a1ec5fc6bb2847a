//! What stands around the rows of a table: titles above the header, totals below, rows that do not fit it.

use super::table::TableRow;
use crate::diagnostic::{Place, nearest};
use crate::domain::{Reason, Trouble};

/// Words with which a totals row begins.
const TOTALS: [&str; 7] = ["total", "totals", "grand total", "subtotal", "sum", "count", "rows"];

/// Whether the row is a sum below the table: the first filled cell says so, and it is not a record.
pub(super) fn is_total(row: &dyn TableRow) -> bool {
    let first = (0..row.width()).map(|column| row.cell(column)).find(|cell| !cell.is_empty());
    let Some(first) = first.map(|cell| cell.text().trim().to_lowercase()) else { return false };
    let first = first.trim_end_matches([':', '.', ' ']);
    TOTALS.contains(&first)
        || ["total ", "grand total ", "count of ", "number of rows"].iter().any(|start| first.starts_with(start))
        || first.ends_with(" rows") && first.split(' ').next().is_some_and(|number| number.parse::<u64>().is_ok())
}

/// A row with more or fewer cells than its header. A workbook leaves empty cells at the end of a row out.
pub(super) fn uneven(row: &dyn TableRow, columns: usize) -> Option<Trouble> {
    let too_many = (columns..row.width()).any(|column| !row.cell(column).is_empty());
    let too_few = row.width() < columns && !matches!(row.place(), Place::Cell { .. });
    (too_many || too_few).then(|| Trouble {
        place: row.place(),
        reason: Reason::RowUneven,
        message: format!("the row has {} cells and the header has {columns}", row.width()),
        help: "look for a delimiter or a quotation mark that is not quoted in the row".to_owned(),
    })
}

/// The table lacks a column.
pub(super) fn missing_column(column: &str, headings: &[String]) -> Trouble {
    let found = headings.iter().filter(|heading| !heading.is_empty()).map(String::as_str);
    let help = match nearest(column, found.clone()) {
        Some(meant) => format!("is it “{meant}”? Name it under [columns] in the authority's extracts file"),
        None => "name the report's own heading under [columns] in the authority's extracts file".to_owned(),
    };
    Trouble {
        place: Place::Whole,
        reason: Reason::ColumnMissing,
        message: format!("no column is known as `{column}`; the columns are: {}", found.collect::<Vec<_>>().join(", ")),
        help,
    }
}

/// No row looks like a header.
pub(super) fn without_header(extract: &str) -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::HeaderMissing,
        message: format!("no row looks like the header of an extract of {extract}"),
        help: "look whether the report has column names, and name its headings under [columns] in the authority's extracts file"
            .to_owned(),
    }
}
