//! The `wide` layout: one row a submission, or one row a submission and person.
//!
//! Rows of the same form that follow each other are one submission; rows that come back later are a submission of
//! their own, and the ledger sees that two of a file disagree or say the same.

use super::columns::Columns;
use super::gather::Gathering;
use super::reading::{Outlet, Stop};
use super::record::{Draft, Frame};
use super::table::{Cells, Table, is_furniture};

/// Reads the rows below the header.
pub(super) fn read(
    table: &mut dyn Table,
    columns: &Columns,
    frame: &Frame,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let mut gathering = Gathering::new(columns, frame);
    let (mut row, ids) = (Cells::default(), columns.ids());
    let (mut key, mut current) = (String::new(), String::new());
    while table.next_row(&mut row)? {
        if is_furniture(&row, &columns.header, &ids) {
            outlet.remarks.furniture_rows += 1;
            continue;
        }
        let known = columns.key(&row, &mut key);
        // A row that cannot be read is a trouble of its own: the rows around it are whole submissions.
        if !known || key != current || row.fault.is_some() {
            hand_over(&mut gathering, outlet)?;
            std::mem::swap(&mut key, &mut current);
        }
        let unreadable = row.fault.is_some();
        gathering.add(&row);
        if !known || unreadable {
            hand_over(&mut gathering, outlet)?;
            current.clear();
        }
    }
    hand_over(&mut gathering, outlet)
}

/// Passes on what was gathered, if anything was.
pub(super) fn hand_over(gathering: &mut Gathering<'_>, outlet: &mut Outlet<Draft>) -> Result<(), Stop> {
    let Some(item) = gathering.finish() else { return Ok(()) };
    let bytes = item.as_ref().map_or(0, Draft::weight);
    outlet.put(item, bytes)
}
