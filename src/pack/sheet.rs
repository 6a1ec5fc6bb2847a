//! XLSX: the text of its cells.

use std::io::Cursor;

use calamine::{DataRef, Reader as _, Xlsx, open_workbook_from_rs};

use super::Contents;
use super::date::of_iso;
use super::package::Package;
use crate::domain::{DocumentTrouble, Private, limit};

/// Reads a workbook. Its cells are read as they come: how far its sheets claim to reach does not matter.
pub(super) fn read(name: &str, bytes: &[u8], mut package: Package<'_>) -> Contents {
    if let Err(trouble) = package.is_sane() {
        return Contents::troubled(name, trouble);
    }
    let opened: Result<Xlsx<_>, _> = open_workbook_from_rs(Cursor::new(bytes));
    let text = opened.ok().and_then(|mut workbook| {
        let mut text = String::new();
        for sheet in workbook.sheet_names() {
            read_sheet(&mut workbook, &sheet, &mut text)?;
        }
        Some(text)
    });
    let Some(text) = text else { return Contents::troubled(name, DocumentTrouble::Broken) };
    let has_pictures = package.has_below(&["xl/media/", "xl/drawings/", "xl/charts/"]);
    let trouble = match text.trim().is_empty() {
        false => None,
        true if has_pictures => Some(DocumentTrouble::Scanned),
        true => Some(DocumentTrouble::Empty),
    };
    let changed = package.property("modified").or_else(|| package.property("created")).and_then(|date| of_iso(&date));
    let title = Private::new(package.property("title").unwrap_or_default());
    let is_whole = text.len() <= limit::PACK_TEXT_BYTES_MAX;
    let contents = Contents { trouble, title, changed, ..Contents::of(name, bytes) };
    if is_whole { contents.with_text(text) } else { contents.with_beginning(text) }
}

fn read_sheet(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, text: &mut String) -> Option<()> {
    // A sheet that is a chart or a dialogue has no cells.
    let Ok(mut cells) = workbook.worksheet_cells_reader(sheet) else { return Some(()) };
    let mut row = None;
    while let Some(found) = cells.next_cell().ok()? {
        if text.len() > limit::PACK_TEXT_BYTES_MAX {
            return Some(());
        }
        let said = cell(found.get_value());
        if said.is_empty() {
            continue;
        }
        let (at, _) = found.get_position();
        let apart = if row == Some(at) { ' ' } else { '\n' };
        text.push(apart);
        text.push_str(&said);
        row = Some(at);
    }
    text.push('\n');
    Some(())
}

fn cell(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Empty => String::new(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        other => calamine::Data::from(other.clone()).to_string(),
    }
}
