//! Tables of forms, from any container: finds the sheet and its header, and reads it in its layout.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::columns::{Columns, Layout, serves};
use super::csv::Delimited;
use super::headings::Dictionary;
use super::open::{Kind, Part, Progress};
use super::record::Draft;
use super::relay::{Outlet, Stop};
use super::table::{Headed, Header, Table, column_missing, find_header, header_missing};
use super::{long, wide, xlsx};
use crate::diagnostic::Place;
use crate::domain::Trouble;

/// Shows every table of a part, until `visit` has enough; the name is that of a workbook's sheet.
pub(super) fn each_table<E: From<Trouble>>(
    part: &Part,
    kind: Kind,
    progress: &Progress,
    dictionary: &Dictionary,
    mut visit: impl FnMut(&mut dyn Table, Option<&Arc<str>>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    if kind == Kind::Workbook {
        return xlsx::each_sheet(part, progress, |sheet| {
            let name = Arc::clone(sheet.name());
            visit(sheet, Some(&name))
        });
    }
    let mut table = Delimited::open(part, progress, dictionary)?;
    visit(&mut table, None).map(|_| ())
}

/// Reads the submissions of a delimited file or workbook.
///
/// Of a workbook, the first sheet with a known header is read, and with it the sheets that have the very same
/// header: report tools go on to a further sheet where one is full. Other sheets are named in the remarks.
pub(super) fn read(
    part: &Part,
    kind: Kind,
    progress: &Progress,
    dictionary: &Dictionary,
    spill_dir: &Path,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let mut first: Option<Header> = None;
    let mut near: Option<Trouble> = None;
    each_table(part, kind, progress, dictionary, |table, sheet| {
        let header = match find_header(table, dictionary, serves)? {
            Headed::Yes(header) => header,
            Headed::No(nearest) => {
                if let Some(header) = nearest.filter(|_| near.is_none()) {
                    let frame = table.frame(&header.headings);
                    near = Some(column_missing("form_id or workflow_step_id", &header, dictionary, &frame));
                }
                outlet.remarks.sheets_unread.extend(sheet.cloned());
                return Ok(ControlFlow::Continue(()));
            }
        };
        let frame = table.frame(&header.headings);
        if first.as_ref().is_some_and(|first| first.headings != header.headings) {
            outlet.remarks.sheets_unread.extend(sheet.cloned());
            return Ok(ControlFlow::Continue(()));
        }
        let columns = Columns::of(header.clone(), dictionary, &frame)?;
        if first.is_none() {
            outlet.opened(columns.layout)?;
            first = Some(header);
        }
        outlet.frame(frame.clone())?;
        match columns.layout {
            Layout::Long => {
                let sources = long::Sources { part, kind, sheet, dictionary, spill_dir };
                long::read(table, &columns, &frame, &sources, outlet)?;
            }
            Layout::Wide | Layout::Xml => wide::read(table, columns, &frame, outlet)?,
        }
        Ok::<_, Stop>(ControlFlow::Continue(()))
    })?;
    if first.is_some() {
        return Ok(());
    }
    let wanted = "`form_id` or `workflow_step_id`";
    Err(Stop::Trouble(near.unwrap_or_else(|| header_missing(wanted, Place::Whole))))
}
