//! Workbooks, read cell by cell: memory holds the texts that the workbook shares among its cells, never the sheet.

use std::io::{BufReader, Read as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use calamine::{
    Cell as Found, CellErrorType, DataRef, ExcelDateTime, Reader as _, SheetVisible, Xlsx, XlsxCellReader, XlsxError,
};
use jiff::civil::DateTime;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::open::{AGAIN, Part, Progress, ReadSeek, inflated_max, io_trouble};
use super::record::Frame;
use super::table::{Cell, Cells, Fault, Table, at, cell_too_large};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

type Bytes = Box<dyn ReadSeek>;

/// Opens a workbook and shows its sheets one after the other, visible ones first, until `visit` has enough.
pub(super) fn each_sheet<E: From<Trouble>>(
    part: &Part,
    progress: &Progress,
    mut visit: impl FnMut(&mut Sheet<'_>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    inspect(part)?;
    let opened = Xlsx::new(part.seekable(progress)?);
    let mut workbook: Xlsx<Bytes> = opened.map_err(|error| workbook_trouble(&error, Place::Whole))?;
    let mut sheets: Vec<_> = workbook.sheets_metadata().to_vec();
    sheets.sort_by_key(|sheet| sheet.visible != SheetVisible::Visible);
    for sheet in sheets {
        let name: Arc<str> = sheet.name.as_str().into();
        let cells = match workbook.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A chart has no cells.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(workbook_trouble(&error, Place::Whole).into()),
        };
        let mut sheet = Sheet { name, cells, held: None, damaged: false, ended: false };
        if visit(&mut sheet)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// One sheet of a workbook.
pub(super) struct Sheet<'w> {
    name: Arc<str>,
    cells: XlsxCellReader<'w, Bytes>,
    /// The first cell of the row to come.
    held: Option<Found<DataRef<'w>>>,
    /// Whether a cell that could not be read may belong to the row to come.
    damaged: bool,
    /// Whether the last cell has been read; the reader must not be asked again.
    ended: bool,
}

impl Sheet<'_> {
    /// The sheet's name.
    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl Table for Sheet<'_> {
    fn next_row(&mut self, row: &mut Cells) -> Result<bool, Trouble> {
        while !self.ended {
            let mut damaged = std::mem::take(&mut self.damaged);
            let mut index = None;
            row.clear(0);
            loop {
                let cell = match self.held.take().map_or_else(|| self.cells.next_cell(), |held| Ok(Some(held))) {
                    Ok(Some(cell)) => cell,
                    Ok(None) => {
                        self.ended = true;
                        break;
                    }
                    // The reader stands behind the cell: its row is this one or, at a boundary, the next.
                    Err(error) if is_about_one_cell(&error) => {
                        (damaged, self.damaged) = (true, true);
                        continue;
                    }
                    Err(error) => {
                        return Err(workbook_trouble(&error, self.frame(&[]).record_place(at(row.number, 0))));
                    }
                };
                let (found, column) = cell.get_position();
                if *index.get_or_insert(found) != found {
                    // Nothing stands before the first column of a row.
                    self.damaged &= column > 0;
                    self.held = Some(cell);
                    break;
                }
                self.damaged = false;
                row.number = u64::from(found) + 1;
                put(row, &cell);
            }
            row.fault = row_fault(row, damaged);
            if row.fault.is_some() || !row.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn expect_columns(&mut self, _columns: usize) {}

    fn frame(&self, _headings: &[Arc<str>]) -> Frame {
        Frame::Sheet(Arc::clone(&self.name))
    }
}

fn row_fault(row: &Cells, damaged: bool) -> Option<Fault> {
    if damaged {
        return Some(Fault {
            reason: Reason::ValueUnreadable,
            message: "a cell of this row holds something that is no value".to_owned(),
            help: "look for a failed formula in this row, mend it, and import the workbook again".into(),
            column: None,
        });
    }
    row.longest_over(limit::CELL_BYTES_MAX).map(cell_too_large)
}

fn put(row: &mut Cells, found: &Found<DataRef<'_>>) {
    let column = usize::try_from(found.get_position().1).unwrap_or(usize::MAX);
    let iso = |text: &str| text.trim_end_matches('Z').parse::<DateTime>().ok();
    let cell = match found.get_value() {
        // An empty cell that is there only for its format.
        DataRef::Empty => return,
        DataRef::String(text) => Cell::Text(text),
        DataRef::SharedString(text) => Cell::Text(text),
        #[expect(clippy::cast_precision_loss, reason = "a workbook's numbers are floating point in any case")]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(stamp) => moment(stamp).map_or(Cell::Number(stamp.as_f64()), Cell::Moment),
        DataRef::DateTimeIso(text) => iso(text).map_or(Cell::Text(text), Cell::Moment),
        DataRef::DurationIso(text) => Cell::Text(text),
        DataRef::Error(error) => Cell::Error(error_name(error)),
    };
    row.put(column, cell);
}

/// A workbook's date or moment. A duration, or a serial number outside what a workbook can show, stays a number.
fn moment(stamp: &ExcelDateTime) -> Option<DateTime> {
    const DAY_AFTER_LAST: f64 = 2_958_466.0;
    if stamp.is_duration() || !(1.0..DAY_AFTER_LAST).contains(&stamp.as_f64()) {
        return None;
    }
    let (year, month, day, hour, minute, second, milli) = stamp.to_ymd_hms_milli();
    let small = |number: u8| i8::try_from(number).ok();
    let nanos = i32::from(milli) * 1_000_000;
    let (year, month, day) = (i16::try_from(year).ok()?, small(month)?, small(day)?);
    DateTime::new(year, month, day, small(hour)?, small(minute)?, small(second)?, nanos).ok()
}

const fn error_name(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// Whether the reader can go on behind the cell that it could not read.
const fn is_about_one_cell(error: &XlsxError) -> bool {
    matches!(
        error,
        XlsxError::CellError(_)
            | XlsxError::CellTAttribute(_)
            | XlsxError::Parse(_)
            | XlsxError::ParseFloat(_)
            | XlsxError::ParseInt(_)
            | XlsxError::Unexpected(_)
            | XlsxError::Unrecognized { .. }
            | XlsxError::UnexpectedNode(_)
            | XlsxError::Alphanumeric(_)
            | XlsxError::NumericColumn(_)
            | XlsxError::RangeWithoutColumnComponent
            | XlsxError::RangeWithoutRowComponent
            | XlsxError::ColumnNumberOverflow
            | XlsxError::RowNumberOverflow
    )
}

fn workbook_trouble(error: &XlsxError, place: Place) -> Trouble {
    let truncated = "the workbook is cut off or damaged";
    let (reason, message, help) = match error {
        XlsxError::Io(error) => return io_trouble(error, place),
        XlsxError::Password => (
            Reason::FileEncrypted,
            "the workbook is locked with a password",
            "save it without a password and import that file",
        ),
        XlsxError::Zip(zip::result::ZipError::Io(error)) => return io_trouble(error, place),
        XlsxError::Xml(quick_xml::Error::IllFormed(_) | quick_xml::Error::InvalidAttr(_)) => {
            (Reason::XmlBroken, "the workbook is damaged from here on", AGAIN)
        }
        _ => (Reason::FileTruncated, truncated, AGAIN),
    };
    Trouble { place, reason, message: message.to_owned(), help: help.to_owned() }
}

/// Looks for what a workbook should not have before it is opened: members that say they grow beyond all measure
/// (the zip reader holds them to what they say), and a table of shared texts that asks for more room than it can
/// fill.
fn inspect(part: &Part) -> Result<(), Trouble> {
    let broken = |_| workbook_trouble(&XlsxError::XmlEof("zip"), Place::Whole);
    let mut archive = ZipArchive::new(part.seekable(&Progress::default())?).map_err(broken)?;
    let mut shared = None;
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(broken)?;
        if file.size() > inflated_max(file.compressed_size()) {
            return Err(hostile("a member of the workbook says that it grows beyond all measure"));
        }
        if file.name_raw().to_ascii_lowercase().ends_with(b"sharedstrings.xml") {
            shared = Some((index, file.size()));
        }
    }
    let Some((index, size)) = shared else { return Ok(()) };
    let file = archive.by_index(index).map_err(broken)?;
    // The claim stands in the first element; what has none there has no claim that is listened to.
    let mut xml = quick_xml::Reader::from_reader(BufReader::new(file.take(SHARED_START_BYTES)));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) if element.local_name().as_ref() == "sst" => {
                let claimed = element.try_get_attribute("uniqueCount").ok().flatten();
                let claimed = claimed.and_then(|claimed| claimed.value.parse::<u64>().ok());
                // A text takes nine bytes at the very least: `<si></si>`.
                let honest = claimed.is_none_or(|claimed| claimed <= size / 5 + 1);
                return if honest { Ok(()) } else { Err(hostile("the workbook claims more texts than it can hold")) };
            }
            Ok(Event::Eof) | Err(_) if size > SHARED_START_BYTES => {
                return Err(hostile("the workbook's shared texts do not begin where they should"));
            }
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

/// The first element of the shared texts stands well within this.
const SHARED_START_BYTES: u64 = 1 << 16;

fn hostile(message: &str) -> Trouble {
    Trouble {
        place: Place::Whole,
        reason: Reason::ArchiveHostile,
        message: message.to_owned(),
        help: "find out who made the file; do not open it elsewhere".to_owned(),
    }
}
