//! Tables of documents, events and persons.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::columns::Layout;
use super::forms_table::each_table;
use super::headings::Dictionary;
use super::open::{Kind, Part, Progress};
use super::record::Row;
use super::relay::{Outlet, Stop};
use super::rows_xml;
use super::table::{
    Cells, Headed, Header, Table, column_ambiguous, column_missing, find_header, formula_fault, header_missing,
    is_furniture,
};
use crate::diagnostic::Place;
use crate::domain::{ExtractType, Trouble};

/// The columns that an extract cannot do without; of each group, one.
const fn required(extract: ExtractType) -> &'static [&'static str] {
    match extract {
        ExtractType::Documents => &["person_id", "kind or title"],
        ExtractType::Events => &["person_id", "kind", "on"],
        ExtractType::Persons => &["person_id"],
        ExtractType::Forms => &["form_id or workflow_step_id"],
    }
}

/// Reads the rows of an extract.
pub(super) fn read(
    part: &Part,
    extract: ExtractType,
    progress: &Progress,
    dictionary: &Dictionary,
    outlet: &mut Outlet<Row>,
) -> Result<(), Stop> {
    match part.kind()? {
        Kind::Xml => rows_xml::read(part, progress, dictionary, outlet),
        kind => read_table(part, kind, extract, progress, dictionary, outlet),
    }
}

fn read_table(
    part: &Part,
    kind: Kind,
    extract: ExtractType,
    progress: &Progress,
    dictionary: &Dictionary,
    outlet: &mut Outlet<Row>,
) -> Result<(), Stop> {
    let mut first: Option<Header> = None;
    // A header has the person, or is near enough to one to be asked for it.
    let serves = |codes: &[&str]| codes.contains(&"person_id") && (codes.len() > 1 || extract == ExtractType::Persons);
    let mut near: Option<Trouble> = None;
    each_table(part, kind, progress, dictionary, |table, sheet| {
        let header = match find_header(table, dictionary, serves)? {
            Headed::Yes(header) => header,
            Headed::No(nearest) => {
                if let Some(header) = nearest.filter(|_| near.is_none()) {
                    let frame = table.frame(&header.headings);
                    near = Some(column_missing("person_id", &header, dictionary, &frame));
                }
                outlet.remarks.sheets_unread.extend(sheet.cloned());
                return Ok(ControlFlow::Continue(()));
            }
        };
        if first.as_ref().is_some_and(|first| first.headings != header.headings) {
            outlet.remarks.sheets_unread.extend(sheet.cloned());
            return Ok(ControlFlow::Continue(()));
        }
        let names = names(&header, extract, dictionary, table)?;
        if first.is_none() {
            outlet.opened(Layout::Wide)?;
            first = Some(header.clone());
        }
        read_rows(table, &header, &names, outlet)?;
        Ok::<_, Stop>(ControlFlow::Continue(()))
    })?;
    if first.is_some() {
        return Ok(());
    }
    Err(Stop::Trouble(near.unwrap_or_else(|| header_missing("`person_id`", Place::Whole))))
}

/// The name of each column: its canonical code, or the heading as it stands.
fn names(
    header: &Header,
    extract: ExtractType,
    dictionary: &Dictionary,
    table: &dyn Table,
) -> Result<Vec<Arc<str>>, Trouble> {
    let frame = table.frame(&header.headings);
    let codes = dictionary.resolve(&header.headings).map_err(|clash| column_ambiguous(&clash, header, &frame))?;
    for wanted in required(extract) {
        if !wanted.split(" or ").any(|code| codes.contains(&Some(code))) {
            return Err(column_missing(wanted, header, dictionary, &frame));
        }
    }
    let name = |(code, heading): (&Option<&str>, &Arc<str>)| code.map_or_else(|| Arc::clone(heading), Arc::from);
    Ok(codes.iter().zip(&header.headings).map(name).collect())
}

fn read_rows(table: &mut dyn Table, header: &Header, names: &[Arc<str>], outlet: &mut Outlet<Row>) -> Result<(), Stop> {
    let frame = table.frame(&header.headings);
    let ids: Vec<usize> = names.iter().position(|name| &**name == "person_id").into_iter().collect();
    let mut cells = Cells::default();
    while table.next_row(&mut cells)? {
        if is_furniture(&cells, header, &ids) {
            outlet.remarks.furniture_rows += 1;
            continue;
        }
        let row = match &cells.fault {
            Some(fault) => Err(cells.trouble(fault, &frame)),
            None => row(&cells, names).map_err(|fault| cells.trouble(&fault, &frame)),
        };
        let row = row.map(|found| Row { place: frame.record_place(super::table::at(cells.number, 0)), cells: found });
        outlet.put(row, cells.text_len() + names.len() * size_of::<(Arc<str>, String)>())?;
    }
    Ok(())
}

/// The cells that have a value.
fn row(cells: &Cells, names: &[Arc<str>]) -> Result<Vec<(Arc<str>, String)>, super::table::Fault> {
    let mut row = Vec::with_capacity(names.len());
    for (column, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let text = cells.cell(column).as_text().map_err(|error| formula_fault(error, column))?;
        if !text.is_empty() {
            row.push((Arc::clone(name), text.into_owned()));
        }
    }
    Ok(row)
}
