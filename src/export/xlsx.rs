//! Workbooks, cell by cell: a sheet is never held in memory as a whole.

use std::sync::Arc;

use calamine::{CellErrorType, DataRef, Reader as _, Xlsx, XlsxError};
use jiff::civil::{DateTime, date};

use super::open::Part;
use super::table::{Cell, Flow, TableRow, TableVisitor};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

const DAMAGED: &str = "save the workbook again, or have the report run again";

/// Shows every row of every sheet to the visitor, in the order of the sheets.
pub(super) fn walk(part: &Part, visitor: &mut dyn TableVisitor) -> Result<(), Trouble> {
    let mut workbook = Xlsx::new(part.workbook()?).map_err(|error| opening(part, &error))?;
    for name in workbook.sheet_names() {
        if sheet(part, &mut workbook, &name, visitor)? == Flow::Stop || visitor.sheet_over() == Flow::Stop {
            return Ok(());
        }
    }
    Ok(())
}

fn opening(part: &Part, error: &XlsxError) -> Trouble {
    match error {
        XlsxError::Password => part.trouble(
            Reason::FileEncrypted,
            "the workbook is locked with a password",
            "deliver it without a password",
        ),
        _ => part.trouble(Reason::FileTruncated, "the workbook is damaged or ends too early", DAMAGED),
    }
}

fn sheet<R: std::io::Read + std::io::Seek>(
    part: &Part,
    workbook: &mut Xlsx<R>,
    name: &str,
    visitor: &mut dyn TableVisitor,
) -> Result<Flow, Trouble> {
    let sheet: Arc<str> = name.into();
    // A sheet of charts has no cells to read.
    let Ok(mut cells) = workbook.worksheet_cells_reader(name) else { return Ok(Flow::On) };
    let mut row = SheetRow { sheet: sheet.clone(), row: 0, cells: Vec::new() };
    loop {
        let Ok(next) = cells.next_cell() else {
            let place = Place::Cell { sheet, row: row.row + 1, column: 1 };
            let message = "the sheet is damaged from here on";
            let trouble = Trouble { place, ..part.trouble(Reason::FileTruncated, message, DAMAGED) };
            return Ok(if row.flush(visitor) == Flow::Stop { Flow::Stop } else { visitor.trouble(trouble) });
        };
        let Some(cell) = next else { return Ok(row.flush(visitor)) };
        let (at, column) = cell.get_position();
        if at != row.row {
            if row.flush(visitor) == Flow::Stop {
                return Ok(Flow::Stop);
            }
            row.row = at;
        }
        row.put(usize::try_from(column).unwrap_or(usize::MAX), cell.get_value().clone());
    }
}

/// One row; its number is counted from 0 as calamine counts.
struct SheetRow<'a> {
    sheet: Arc<str>,
    row: u32,
    cells: Vec<DataRef<'a>>,
}

impl<'a> SheetRow<'a> {
    fn put(&mut self, column: usize, value: DataRef<'a>) {
        if column >= limit::COLUMNS_MAX {
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, DataRef::Empty);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = value;
        }
    }

    fn flush(&mut self, visitor: &mut dyn TableVisitor) -> Flow {
        if self.cells.is_empty() {
            return Flow::On;
        }
        let flow = visitor.row(self);
        self.cells.clear();
        flow
    }
}

impl TableRow for SheetRow<'_> {
    fn width(&self) -> usize {
        self.cells.len()
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        match self.cells.get(column) {
            None | Some(DataRef::Empty) => Cell::Empty,
            Some(DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text)) => Cell::Text(text),
            Some(DataRef::SharedString(text)) => Cell::Text(text),
            // Whole numbers beyond 2^53 are ids that a workbook has damaged already.
            #[expect(clippy::cast_precision_loss, reason = "a workbook's numbers are floating-point anyway")]
            Some(DataRef::Int(number)) => Cell::Number(*number as f64),
            Some(DataRef::Float(number)) => Cell::Number(*number),
            Some(DataRef::Bool(flag)) => Cell::Flag(*flag),
            Some(DataRef::DateTime(moment)) if moment.is_datetime() => {
                excel_moment(moment.as_f64()).map_or(Cell::Number(moment.as_f64()), Cell::Moment)
            }
            Some(DataRef::DateTime(duration)) => Cell::Number(duration.as_f64()),
            Some(DataRef::Error(error)) => Cell::Error(shown(error)),
        }
    }

    fn place(&self) -> Place {
        Place::Cell { sheet: self.sheet.clone(), row: self.row + 1, column: 1 }
    }

    fn cell_place(&self, column: usize, _: &Arc<str>) -> Place {
        let column = u32::try_from(column).unwrap_or(u32::MAX - 1) + 1;
        Place::Cell { sheet: self.sheet.clone(), row: self.row + 1, column }
    }
}

/// An error as the workbook shows it.
const fn shown(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#DATA!",
    }
}

/// The moment of a workbook's serial number: days since 30 December 1899, rounded to the second.
fn excel_moment(serial: f64) -> Option<DateTime> {
    const SECONDS_A_DAY: f64 = 86_400.0;
    if !(0.0..=2_958_466.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    let seconds = (serial * SECONDS_A_DAY).round() as i64;
    let start = date(1899, 12, 30).at(0, 0, 0, 0);
    start.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_a_day_and_its_fraction_the_time() {
        let moments = [(46_357.0, "2026-12-01T00:00:00"), (46_357.5, "2026-12-01T12:00:00")];
        for (serial, moment) in moments {
            assert_eq!(excel_moment(serial).map(|moment| moment.to_string()).as_deref(), Some(moment));
        }
        assert_eq!(excel_moment(-1.0), None);
        assert_eq!(excel_moment(f64::NAN), None);
    }
}
