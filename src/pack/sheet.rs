//! XLSX: the text of its cells.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

use super::Contents;
use crate::domain::{DocumentTrouble, limit};

/// Reads a workbook.
pub(super) fn read(name: &str, bytes: &[u8]) -> Contents {
    let contents = Contents::of(name, bytes);
    let opened: Result<Xlsx<_>, _> = open_workbook_from_rs(Cursor::new(bytes));
    let Ok(mut workbook) = opened else {
        return Contents { trouble: Some(DocumentTrouble::Broken), ..contents };
    };
    let mut text = String::new();
    for sheet in workbook.sheet_names() {
        let Ok(range) = workbook.worksheet_range(&sheet) else {
            return Contents { trouble: Some(DocumentTrouble::Broken), ..contents };
        };
        for row in range.rows() {
            if text.len() > limit::PACK_TEXT_BYTES_MAX {
                break;
            }
            let cells = row.iter().filter(|cell| **cell != Data::Empty).map(cell);
            text.push_str(&cells.collect::<Vec<_>>().join(" "));
            text.push('\n');
        }
    }
    let trouble = text.trim().is_empty().then_some(DocumentTrouble::Empty);
    Contents { trouble, ..contents }.with_text(text)
}

fn cell(cell: &Data) -> String {
    match cell {
        Data::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        other => other.to_string(),
    }
}
