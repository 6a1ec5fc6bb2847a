//! The `long` layout: one row an answer (mosaic.md, A.2).

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::answers::{AnswerVisitor, Header};
use super::forms::Sink;
use super::headings::{AnswerColumn, Meaning};
use super::order::key_of;
use super::table::{Cell, Flow, TableRow};
use super::{Column, RawAnswer, RawValue, Record, RecordBuilder};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Puts adjacent rows of one submission together.
pub(super) struct Long<'a> {
    assembly: Assembly<'a>,
    key: String,
    sink: &'a mut Sink<Record>,
}

impl<'a> Long<'a> {
    pub(super) fn new(header: &'a Header, sink: &'a mut Sink<Record>) -> Self {
        Self { assembly: Assembly::new(header), key: String::new(), sink }
    }

    /// Hands the last submission on.
    pub(super) fn finish(mut self) -> Result<(), Trouble> {
        if let Some(last) = self.assembly.finish() {
            // Where nobody listens any more, nobody misses the last one.
            drop(self.sink.put(last));
        }
        Ok(())
    }
}

impl AnswerVisitor for Long<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        let key = key_of(self.assembly.header, row);
        if key != self.key {
            self.key = key;
            if let Some(record) = self.assembly.finish()
                && self.sink.put(record).is_err()
            {
                return Flow::Stop;
            }
        }
        self.assembly.add(row);
        Flow::On
    }

    fn trouble(&mut self, trouble: Trouble) -> Flow {
        if self.sink.put(Err(trouble)).is_err() { Flow::Stop } else { Flow::On }
    }
}

/// The rows of one submission on their way to a record.
pub(super) struct Assembly<'a> {
    header: &'a Header,
    heads: Vec<(Column, usize)>,
    answer: AnswerColumns,
    builder: Option<RecordBuilder>,
    seen: HashSet<u64>,
    hasher: RandomState,
}

/// Where the parts of an answer stand.
struct AnswerColumns {
    code: Option<usize>,
    wording: Option<usize>,
    datatype: Option<usize>,
    collection: Option<usize>,
    row: Option<usize>,
    handler: Option<usize>,
    subject: Option<usize>,
    values: Vec<usize>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(header: &'a Header) -> Self {
        let first = |column| header.first(Meaning::Answer(column));
        let answer = AnswerColumns {
            code: first(AnswerColumn::Question),
            wording: first(AnswerColumn::Wording),
            datatype: first(AnswerColumn::Datatype),
            collection: first(AnswerColumn::Collection),
            row: first(AnswerColumn::Row),
            handler: first(AnswerColumn::Handler),
            subject: first(AnswerColumn::Subject),
            values: header.all(Meaning::Answer(AnswerColumn::Value)).collect(),
        };
        let heads = Column::ALL.iter().filter_map(|column| Some((*column, header.first(Meaning::Head(*column))?)));
        let heads = heads.collect();
        Self { header, heads, answer, builder: None, seen: HashSet::new(), hasher: RandomState::new() }
    }

    /// Adds a row of the submission.
    pub(super) fn add(&mut self, row: &dyn TableRow) {
        let builder = self.builder.get_or_insert_with(|| RecordBuilder::new(row.place()));
        if is_too_large(builder.so_far()) {
            return;
        }
        for (column, at) in &self.heads {
            let cell = row.cell(*at);
            if !cell.is_empty() {
                put_head(builder, *column, &cell);
            }
        }
        let text = |at: Option<usize>| at.map(|at| row.cell(at).text()).unwrap_or_default();
        let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        let (code, wording) = (text(self.answer.code), some(text(self.answer.wording)));
        // A report without codes is headed by wording alone.
        let Some(code) = some(code).or_else(|| wording.clone()) else { return };
        let filled = self.answer.values.iter().copied().find(|at| !row.cell(*at).is_empty());
        let at = filled.or_else(|| self.answer.values.first().copied()).unwrap_or(0);
        let (collection, group) = (some(text(self.answer.collection)), some(text(self.answer.row)));
        let subject = some(text(self.answer.handler)).or_else(|| some(text(self.answer.subject)));
        let value = filled.map_or(Cell::Empty, |at| row.cell(at));
        let hash = self.hasher.hash_one((&code, &group, &subject, value.text()));
        if !self.seen.insert(hash) {
            return;
        }
        let heading: Arc<str> = self.header.columns.get(at).map_or_else(|| "".into(), |(heading, _)| heading.clone());
        builder.answer(RawAnswer {
            code: code.trim(),
            wording: wording.as_deref(),
            datatype: some(text(self.answer.datatype)).as_deref(),
            value: value.value(),
            collection: collection.as_deref(),
            row: group.as_deref(),
            subject: subject.as_deref(),
            place: &row.cell_place(at, &heading),
        });
    }

    /// The record of the rows so far, or why there is none.
    pub(super) fn finish(&mut self) -> Option<Result<Record, Trouble>> {
        self.seen.clear();
        self.builder.take().map(|builder| proved(builder.finish()))
    }
}

pub(super) fn put_head(builder: &mut RecordBuilder, column: Column, cell: &Cell<'_>) {
    match cell.value() {
        RawValue::Text(text) => builder.head(column, text.trim()),
        _ => builder.head(column, &cell.text()),
    }
}

fn is_too_large(record: &Record) -> bool {
    record.answers().len() >= limit::ANSWERS_MAX || record.text_bytes() >= limit::RECORD_BYTES_MAX
}

/// The record, if it keeps the limits and says one thing about each part of its head.
pub(super) fn proved(record: Record) -> Result<Record, Trouble> {
    if is_too_large(&record) {
        return Err(too_large(record.place().clone()));
    }
    let double = Column::ALL.iter().filter(|column| **column != Column::PersonId);
    let mut double = double.filter(|column| record.heads(**column).nth(1).is_some());
    match double.next() {
        None => Ok(record),
        Some(column) => Err(Trouble {
            place: record.place().clone(),
            reason: Reason::RecordsDisagree,
            message: format!("the rows of the submission disagree about `{column}`"),
            help: "have the report run again; two states of the form stand in one file".to_owned(),
        }),
    }
}

pub(super) fn too_large(place: Place) -> Trouble {
    Trouble {
        place,
        reason: Reason::TooLarge,
        message: "the submission has more answers or text than a form can hold".to_owned(),
        help: "look whether the report repeats rows, or lacks the form id".to_owned(),
    }
}
