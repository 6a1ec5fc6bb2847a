//! The `wide` layout: one row a submission, or one row a submission and person.
//!
//! Rows of the same form that follow each other are one submission; rows that come back later are a submission of
//! their own, and the ledger sees that two of a file disagree or say the same.

use std::sync::Arc;

use super::columns::Columns;
use super::gather::Gathering;
use super::record::{Draft, Frame};
use super::relay::{Batch, Outlet, Remarks, Stop};
use super::table::{Cells, Table, is_furniture};

/// Rows that are put together at a time.
const ROWS: usize = 128;

/// Rows after which a submission is cut whatever comes: more rows than people in any form.
const ROWS_MAX: usize = 1 << 14;

/// Reads the rows below the header. Here they are only read; making submissions of them is work to be shared out.
pub(super) fn read(
    table: &mut dyn Table,
    columns: Columns,
    frame: &Frame,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let (columns, frame) = (Arc::new(columns), Arc::new(frame.clone()));
    let (mut rows, mut row) = (Vec::with_capacity(ROWS), Cells::default());
    let (mut last, mut next) = (String::new(), String::new());
    while table.next_row(&mut row)? {
        if rows.len() >= ROWS && (!columns.key(&row, &mut next) || next != last || rows.len() >= ROWS_MAX) {
            put(&mut rows, &columns, &frame, outlet)?;
        }
        if rows.len() + 1 >= ROWS {
            columns.key(&row, &mut last);
        }
        let room = row.room();
        rows.push(std::mem::replace(&mut row, room));
    }
    put(&mut rows, &columns, &frame, outlet)
}

fn put(
    rows: &mut Vec<Cells>,
    columns: &Arc<Columns>,
    frame: &Arc<Frame>,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    let rows = std::mem::replace(rows, Vec::with_capacity(ROWS));
    let (columns, frame) = (Arc::clone(columns), Arc::clone(frame));
    outlet.put_task(Box::new(move || submissions(&rows, &columns, frame)))
}

/// Puts rows of the same form together that follow each other.
fn submissions(rows: &[Cells], columns: &Columns, frame: Arc<Frame>) -> Batch<Draft> {
    let mut gathering = Gathering::new(columns, &frame);
    let (mut items, mut remarks, ids) = (Vec::with_capacity(rows.len()), Remarks::default(), columns.ids());
    let (mut key, mut current) = (String::new(), String::new());
    for row in rows {
        if is_furniture(row, &columns.header, &ids) {
            remarks.furniture_rows += 1;
            continue;
        }
        // A row that cannot be read is a trouble of its own: the rows around it are whole submissions.
        let alone = !columns.key(row, &mut key) || row.fault.is_some();
        if alone || key != current {
            items.extend(gathering.finish());
            std::mem::swap(&mut key, &mut current);
        }
        gathering.add(row);
        if alone {
            items.extend(gathering.finish());
            current.clear();
        }
    }
    items.extend(gathering.finish());
    drop(gathering);
    Batch { frame, items, remarks, stop: None }
}
