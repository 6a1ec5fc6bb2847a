//! The `long` layout: one row an answer.
//!
//! A first pass over the ids tells whether the rows of a form stand together. If they do, forms are handed on as
//! they come; if not, rows are spilled and read back form by form, in the order in which the forms began.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::columns::{Columns, serves};
use super::forms_table::each_table;
use super::gather::Gathering;
use super::headings::Dictionary;
use super::open::{Kind, Part, Progress};
use super::record::{Draft, Frame};
use super::relay::{Outlet, Stop};
use super::spill::Spill;
use super::table::{Cells, Headed, Table, find_header, is_furniture};
use crate::domain::{Reason, Trouble, limit};

/// Where the first pass finds the table once more, and where rows may be spilled.
pub(super) struct Sources<'s> {
    pub(super) part: &'s Part,
    pub(super) kind: Kind,
    pub(super) sheet: Option<&'s Arc<str>>,
    pub(super) dictionary: &'s Dictionary,
    pub(super) spill_dir: &'s Path,
}

/// Reads the rows below the header.
pub(super) fn read(
    table: &mut dyn Table,
    columns: &Columns,
    frame: &Frame,
    sources: &Sources<'_>,
    outlet: &mut Outlet<Draft>,
) -> Result<(), Stop> {
    if rows_stand_together(columns, sources)? {
        return stream(table, columns, frame, outlet);
    }
    let mut spill = Spill::create(sources.spill_dir)?;
    let mut key = String::new();
    each_row(table, columns, frame, outlet, |row, known, _| {
        key.clear();
        key.push_str(known);
        spill.add(&key, row).map_err(Stop::from)
    })?;
    let mut gathering = Gathering::new(columns, frame);
    spill.read_back(|row| match row {
        Some(row) => {
            gathering.add(row);
            Ok(())
        }
        None => hand_over(&mut gathering, outlet),
    })
}

/// Hands forms on as they come: their rows stand together.
fn stream(table: &mut dyn Table, columns: &Columns, frame: &Frame, outlet: &mut Outlet<Draft>) -> Result<(), Stop> {
    let mut gathering = Gathering::new(columns, frame);
    let mut current = String::new();
    let ended = each_row(table, columns, frame, outlet, |row, key, outlet| {
        if key != current {
            hand_over(&mut gathering, outlet)?;
            current.clear();
            current.push_str(key);
        }
        gathering.add(row);
        Ok(())
    });
    if matches!(ended, Err(Stop::Trouble(_))) {
        // The form at which the file breaks off may lack answers: the trouble stands for it.
        return ended;
    }
    ended?;
    hand_over(&mut gathering, outlet)
}

/// Passes every row that belongs to a form to `take`, with its key. Rows that belong to none are handed over as
/// troubles.
///
/// A row that cannot be read spoils its form, which must not pass for complete; its form is known only where the id
/// still looks like one. A row in which the file breaks off spoils the form before it.
fn each_row(
    table: &mut dyn Table,
    columns: &Columns,
    frame: &Frame,
    outlet: &mut Outlet<Draft>,
    mut take: impl FnMut(&Cells, &str, &mut Outlet<Draft>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (mut row, mut key, mut last, ids) = (Cells::default(), String::new(), String::new(), columns.ids());
    while table.next_row(&mut row)? {
        if is_furniture(&row, &columns.header, &ids) {
            outlet.remarks.furniture_rows += 1;
            continue;
        }
        let known = columns.key(&row, &mut key);
        let cut = row.fault.as_ref().is_some_and(|fault| fault.reason == Reason::FileTruncated);
        if cut && !last.is_empty() && (!known || last.starts_with(&key)) {
            take(&row, &last, outlet)?;
            continue;
        }
        match &row.fault {
            Some(fault) if !known || !looks_like_an_id(&key) => outlet.put(Err(row.trouble(fault, frame)), 0)?,
            None if !known => outlet.put(Err(unidentified(&row, frame)), 0)?,
            _ => {
                take(&row, &key, outlet)?;
                std::mem::swap(&mut last, &mut key);
            }
        }
    }
    Ok(())
}

/// Passes on what was gathered, if anything was.
fn hand_over(gathering: &mut Gathering<'_>, outlet: &mut Outlet<Draft>) -> Result<(), Stop> {
    let Some(item) = gathering.finish() else { return Ok(()) };
    let bytes = item.as_ref().map_or(0, Draft::weight);
    outlet.put(item, bytes)
}

fn looks_like_an_id(key: &str) -> bool {
    let mut bytes = key.bytes().skip(1).peekable();
    bytes.peek().is_some() && bytes.all(|byte| byte.is_ascii_digit())
}

fn unidentified(row: &Cells, frame: &Frame) -> Trouble {
    Trouble {
        place: frame.record_place(super::table::at(row.number, 0)),
        reason: Reason::SubmissionUnidentified,
        message: "the row has neither a form id nor a step id".to_owned(),
        help: "export again with `form_id` or `workflow_step_id` in every row".to_owned(),
    }
}

/// Whether no form returns once another has begun. Memory is bounded: where ids only rise or only fall nothing is
/// remembered, and where too many would have to be, rows are taken not to stand together.
fn rows_stand_together(columns: &Columns, sources: &Sources<'_>) -> Result<bool, Trouble> {
    let Sources { part, kind, sheet, dictionary, .. } = sources;
    let mut order = Order::new();
    each_table(part, *kind, &Progress::default(), dictionary, |table, name| {
        if name != *sheet || !matches!(find_header(table, dictionary, serves)?, Headed::Yes(_)) {
            return Ok(ControlFlow::Continue(()));
        }
        let (mut row, mut key) = (Cells::default(), String::new());
        while order.together && table.next_row(&mut row)? {
            if columns.key(&row, &mut key) {
                order.see(&key);
            }
        }
        Ok::<_, Trouble>(ControlFlow::Break(()))
    })?;
    Ok(order.together)
}

/// What has been seen of the order of keys.
struct Order {
    last: String,
    rising: bool,
    falling: bool,
    seen: HashSet<u64>,
    hashes: RandomState,
    together: bool,
}

impl Order {
    fn new() -> Self {
        let (seen, hashes) = (HashSet::new(), RandomState::new());
        Self { last: String::new(), rising: true, falling: true, seen, hashes, together: true }
    }

    fn see(&mut self, key: &str) {
        if key == self.last {
            return;
        }
        if !self.last.is_empty() {
            let rank = |key: &str| key.get(1..).and_then(|digits| digits.parse::<u64>().ok());
            let (before, now) = (rank(&self.last), rank(key));
            let kind_changed = key.bytes().next() != self.last.bytes().next();
            self.rising &= !kind_changed && before.is_some() && before < now;
            self.falling &= !kind_changed && now.is_some() && before > now;
        }
        // Hashes are kept from the start, for the day the order ends; a clash of two only costs the spilling.
        let new = self.seen.len() < limit::LONG_KEYS_MAX && self.seen.insert(self.hashes.hash_one(key));
        self.together = new || self.rising || self.falling;
        self.last.clear();
        self.last.push_str(key);
    }
}
