//! Opens a workbook without trusting it: what stands in its cells, what is merged, which rows are hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Cursor, Read as _};
use std::sync::Arc;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::DateTime;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::CellTrouble;
use super::cell::Cell;
use super::medium::Medium;
use super::page_in::PageLayout;
use crate::diagnostic::Place;
use crate::domain::limit;

/// Cells of a workbook that something stands in: a sitting has some dozens of requests, and a panel some dozens of
/// fields.
pub(super) const CELLS_MAX: usize = 200_000;

/// A sheet as it was found.
#[derive(Debug)]
pub(super) struct Grid {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Whether nobody sees it who opens the workbook.
    pub(super) is_hidden: bool,
    /// The row behind which it cannot be read, counted from 0.
    pub(super) broken_after: Option<u32>,
    /// What is merged.
    merged: Vec<Dimensions>,
    hidden_rows: BTreeSet<u32>,
    cells: BTreeMap<(u32, u32), Cell>,
    /// What a page calls its rows and columns; nothing where it is a workbook's sheet.
    pub(super) page: Option<PageLayout>,
}

impl Grid {
    /// The rows of a page, in which nothing stands yet.
    pub(super) fn of_page(page: PageLayout) -> Self {
        Self {
            name: Arc::from(""),
            is_hidden: false,
            broken_after: None,
            merged: Vec::new(),
            hidden_rows: BTreeSet::new(),
            cells: BTreeMap::new(),
            page: Some(page),
        }
    }

    /// Puts something into a cell, counted from 0, if anything can be meant by it.
    pub(super) fn put(&mut self, at: (u32, u32), cell: Cell) {
        if !cell.is_blank() {
            self.cells.insert(at, cell);
        }
    }

    /// What was filled in.
    pub(super) const fn medium(&self) -> Medium {
        if self.page.is_some() { Medium::Page } else { Medium::Workbook }
    }

    /// What stands in a cell, counted from 0.
    pub(super) fn cell(&self, row: u32, column: u32) -> Option<&Cell> {
        self.cells.get(&(row, column))
    }

    /// What stands in a row, by column.
    pub(super) fn row(&self, row: u32) -> impl Iterator<Item = (u32, &Cell)> {
        self.cells.range((row, 0)..=(row, u32::MAX)).map(|((_, column), cell)| (*column, cell))
    }

    /// The rows in which something stands, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        let mut last = None;
        self.cells.keys().filter_map(move |(row, _)| (last.replace(*row) != Some(*row)).then_some(*row))
    }

    /// Where the merged cells begin that reach into a cell, if any do.
    pub(super) fn merged_at(&self, row: u32, column: u32) -> Option<(u32, u32)> {
        self.merged.iter().find(|merged| merged.contains(row, column)).map(|merged| merged.start)
    }

    /// Whether a row cannot be seen: it is hidden, or a filter leaves it out.
    pub(super) fn is_row_hidden(&self, row: u32) -> bool {
        self.hidden_rows.contains(&row)
    }

    /// The place of a cell.
    pub(super) fn place(&self, row: u32, column: u32) -> Place {
        if let Some(page) = &self.page {
            return page.place(row, column);
        }
        Place::Cell { sheet: Arc::clone(&self.name), row: row.saturating_add(1), column: column.saturating_add(1) }
    }
}

/// The sheets of a workbook.
pub(super) fn open(bytes: &[u8]) -> Result<Vec<Grid>, CellTrouble> {
    inspect(bytes)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| not_opened(bytes, &error))?;
    let mut hidden = hidden_rows(bytes).unwrap_or_default();
    let mut grids = Vec::new();
    let mut room = CELLS_MAX;
    for sheet in workbook.sheets_metadata().to_vec() {
        if sheet.typ != SheetType::WorkSheet {
            continue;
        }
        let merged = workbook.merge_cells_by_sheet_name(&sheet.name).unwrap_or_default();
        let hidden_rows = hidden.remove(&sheet.name).unwrap_or_default();
        let is_hidden = sheet.visible != SheetVisible::Visible;
        let name = Arc::from(sheet.name.as_str());
        let mut grid =
            Grid { name, is_hidden, broken_after: None, merged, hidden_rows, cells: BTreeMap::new(), page: None };
        fill(&mut workbook, &sheet.name, &mut grid, &mut room)?;
        grids.push(grid);
    }
    Ok(grids)
}

fn fill(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str, grid: &mut Grid, room: &mut usize) -> Result<(), CellTrouble> {
    // Whoever works with the calendar of 1904 has serial numbers that are 1,462 days behind.
    let behind = if workbook.has_1904_epoch() { 1_462.0 } else { 0.0 };
    let Ok(mut cells) = workbook.worksheet_cells_reader(name) else {
        grid.broken_after = Some(0);
        return Ok(());
    };
    let mut last = 0;
    loop {
        let record = match cells.next_cell_with_formula_metadata() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(()),
            Err(_) => {
                grid.broken_after = Some(last);
                return Ok(());
            }
        };
        last = record.pos.0;
        let cell = if record.formula.is_some() { Cell::Formula } else { found(&record.value, behind) };
        if cell.is_blank() {
            continue;
        }
        if *room == 0 {
            let message = format!("more than {CELLS_MAX} cells are filled in, which no sitting needs");
            return Err(whole(&message, "load the workbook that was made for the sitting, and nothing besides"));
        }
        *room -= 1;
        grid.cells.insert(record.pos, cell);
    }
}

fn found(value: &DataRef<'_>, behind: f64) -> Cell {
    match value {
        DataRef::Empty => Cell::Text(String::new()),
        DataRef::String(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        #[expect(clippy::cast_precision_loss, reason = "a workbook's numbers are floating point in any case")]
        DataRef::Int(number) => Cell::Number(*number as f64 + behind),
        DataRef::Float(number) => Cell::Number(number + behind),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(stamp) => moment(stamp).map_or(Cell::Number(stamp.as_f64()), Cell::Moment),
        DataRef::DateTimeIso(text) => {
            let moment = text.trim_end_matches('Z').parse::<DateTime>().ok();
            moment.map_or_else(|| Cell::Text(text.clone()), Cell::Moment)
        }
        DataRef::Error(_) => Cell::Error,
    }
}

/// A workbook's date or moment. A duration, or a serial number outside what a workbook can show, stays a number.
fn moment(stamp: &ExcelDateTime) -> Option<DateTime> {
    const DAY_AFTER_LAST: f64 = 2_958_466.0;
    if stamp.is_duration() || !(1.0..DAY_AFTER_LAST).contains(&stamp.as_f64()) {
        return None;
    }
    let (year, month, day, hour, minute, second, _) = stamp.to_ymd_hms_milli();
    let small = |number: u8| i8::try_from(number).ok();
    let (year, month, day) = (i16::try_from(year).ok()?, small(month)?, small(day)?);
    DateTime::new(year, month, day, small(hour)?, small(minute)?, small(second)?, 0).ok()
}

fn whole(message: &str, help: &str) -> CellTrouble {
    CellTrouble { place: Place::Whole, message: message.to_owned(), help: help.to_owned() }
}

/// What the file is, where it is no workbook that can be read.
fn not_opened(bytes: &[u8], error: &XlsxError) -> CellTrouble {
    const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    const OPEN_DOCUMENT: &[u8] = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet";
    let is_ole = bytes.starts_with(&OLE);
    let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if matches!(error, XlsxError::Password) || is_ole && memchr::memmem::find(bytes, &locked).is_some() {
        return whole("the workbook is locked with a password", "save it as .xlsx without a password");
    }
    if is_ole {
        return whole("the file is a workbook of the older kind (.xls)", "save it as .xlsx");
    }
    if bytes.windows(OPEN_DOCUMENT.len()).take(256).any(|start| start == OPEN_DOCUMENT) {
        return whole("the file is a workbook of OpenDocument (.ods)", "save it as .xlsx");
    }
    if bytes.starts_with(b"PK") {
        return whole("the workbook is cut off or damaged", "save it once more as .xlsx, and load that file");
    }
    whole("the file is no workbook that can be read", "save it as .xlsx without a password")
}

/// Looks for what a workbook should not have before it is opened: members that grow beyond all measure (the zip reader
/// holds them to what they say), and a table of shared texts that asks for more room than it can fill.
fn inspect(bytes: &[u8]) -> Result<(), CellTrouble> {
    // What is no zip file at all is told by whoever opens it.
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let hostile = |message: &str| whole(message, "ask whoever sent it where it comes from");
    let mut grown: u64 = 0;
    let mut shared = None;
    for index in 0..archive.len() {
        let Ok(file) = archive.by_index_raw(index) else { continue };
        grown = grown.saturating_add(file.size());
        if file.name_raw().to_ascii_lowercase().ends_with(b"sharedstrings.xml") {
            shared = Some((index, file.size()));
        }
    }
    if grown > limit::INFLATED_BYTES_FREE {
        return Err(hostile("the workbook grows beyond all measure when it is opened"));
    }
    let Some((index, size)) = shared else { return Ok(()) };
    let Ok(file) = archive.by_index(index) else { return Ok(()) };
    let mut claimed = None;
    // Nothing but the first element is looked at: the claim stands there.
    each_element(BufReader::new(file), |element, _| {
        claimed = attribute(element, "uniqueCount").and_then(|count| count.parse::<u64>().ok());
        false
    });
    // A text takes nine bytes at the very least: `<si></si>`.
    match claimed {
        Some(claimed) if claimed > size / 5 + 1 => Err(hostile("the workbook claims more texts than it can hold")),
        _ => Ok(()),
    }
}

/// The hidden rows of each sheet, counted from 0. Only for telling about them: nothing is read or left out by it.
fn hidden_rows(bytes: &[u8]) -> Option<BTreeMap<String, BTreeSet<u32>>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut targets = BTreeMap::new();
    each_element(part(&mut archive, "xl/_rels/workbook.xml.rels")?, |element, _| {
        if let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target")) {
            let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), ToOwned::to_owned);
            targets.insert(id, path);
        }
        true
    });
    let mut sheets = Vec::new();
    each_element(part(&mut archive, "xl/workbook.xml")?, |element, name| {
        if name == "sheet" {
            let path = attribute(element, "id").and_then(|id| targets.get(&id).cloned());
            sheets.extend(attribute(element, "name").zip(path));
        }
        true
    });
    let mut hidden = BTreeMap::new();
    for (name, path) in sheets {
        let Some(sheet) = part(&mut archive, &path) else { continue };
        let mut rows = BTreeSet::new();
        let mut number: u32 = 0;
        each_element(sheet, |element, name| {
            if name == "row" {
                number = attribute(element, "r").and_then(|row| row.parse().ok()).unwrap_or(number.saturating_add(1));
                if matches!(attribute(element, "hidden").as_deref(), Some("1" | "true")) {
                    rows.insert(number.saturating_sub(1));
                }
            }
            name != "mergeCells"
        });
        hidden.insert(name, rows);
    }
    Some(hidden)
}

fn part<'a, 'b>(archive: &'a mut ZipArchive<Cursor<&'b [u8]>>, path: &str) -> Option<impl BufRead + use<'a, 'b>> {
    archive.by_name(path).ok().map(|file| BufReader::new(file.take(limit::INFLATED_BYTES_FREE)))
}

/// Shows every element as it begins, with its local name, until `see` has enough or the text is broken.
fn each_element(xml: impl BufRead, mut see: impl FnMut(&BytesStart<'_>, &str) -> bool) {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                if !see(&element, element.local_name().as_ref()) {
                    return;
                }
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == wanted)?;
    Some(quick_xml::escape::unescape(&found.value).ok()?.into_owned())
}
