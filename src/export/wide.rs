//! The `wide` layout: one row a submission, or one row a submission and person (mosaic.md, A.3).
//!
//! An empty cell is an unanswered question: a wide table cannot tell it from a blank answer.

use std::sync::Arc;

use super::answers::{AnswerVisitor, Header};
use super::forms::Sink;
use super::headings::Meaning;
use super::long::proved;
use super::order::key_of;
use super::table::{Cell, Flow, TableRow};
use super::{Column, RawAnswer, RawValue, Record, RecordBuilder};
use crate::diagnostic::Place;
use crate::domain::Trouble;

/// Makes a record of each row, and one of adjacent rows that are about several people of the same form.
pub(super) struct Wide<'a> {
    header: &'a Header,
    heads: Vec<(Column, usize)>,
    person: Option<usize>,
    questions: Vec<(usize, Arc<str>)>,
    held: Option<Held>,
    sink: &'a mut Sink<Record>,
}

/// The row that waits for its sibling.
struct Held {
    key: String,
    place: Place,
    heads: Vec<(Column, String)>,
    /// Person and cells of each row.
    rows: Vec<(String, Vec<Filled>)>,
}

struct Filled {
    question: usize,
    value: Owned,
    place: Place,
}

#[derive(Clone, PartialEq)]
enum Owned {
    Text(String),
    Value(Cell<'static>),
}

impl Owned {
    fn of(cell: &Cell<'_>) -> Self {
        match cell {
            Cell::Text(text) => Self::Text((*text).to_owned()),
            Cell::Empty => Self::Value(Cell::Empty),
            Cell::Number(number) => Self::Value(Cell::Number(*number)),
            Cell::Flag(flag) => Self::Value(Cell::Flag(*flag)),
            Cell::Moment(moment) => Self::Value(Cell::Moment(*moment)),
            Cell::Error(error) => Self::Value(Cell::Error(error)),
        }
    }

    fn value(&self) -> RawValue<'_> {
        match self {
            Self::Text(text) => RawValue::Text(text),
            Self::Value(cell) => cell.value(),
        }
    }
}

impl<'a> Wide<'a> {
    pub(super) fn new(header: &'a Header, sink: &'a mut Sink<Record>) -> Self {
        let heads = Column::ALL.iter().filter_map(|column| Some((*column, header.first(Meaning::Head(*column))?)));
        let questions = header.columns.iter().enumerate();
        let questions = questions.filter(|(_, (heading, meaning))| meaning.is_none() && !heading.is_empty());
        let questions = questions.map(|(at, (heading, _))| (at, heading.clone())).collect();
        let person = header.first(Meaning::Head(Column::PersonId));
        Self { header, heads: heads.collect(), person, questions, held: None, sink }
    }

    /// Hands the last record on.
    pub(super) fn finish(mut self) -> Result<(), Trouble> {
        // Where nobody listens any more, nobody misses the last one.
        match self.release() {
            Flow::On | Flow::Stop => Ok(()),
        }
    }

    fn release(&mut self) -> Flow {
        let Some(held) = self.held.take() else { return Flow::On };
        if self.sink.put(proved(self.record(&held))).is_err() { Flow::Stop } else { Flow::On }
    }

    /// A cell that says the same in every row is about everybody; one that differs is about its row's person.
    fn record(&self, held: &Held) -> Record {
        let mut builder = RecordBuilder::new(held.place.clone());
        for (column, value) in &held.heads {
            builder.head(*column, value);
        }
        for (person, _) in held.rows.iter().filter(|(person, _)| !person.is_empty()) {
            builder.head(Column::PersonId, person);
        }
        for (index, (person, cells)) in held.rows.iter().enumerate() {
            for cell in cells {
                let others = || held.rows.iter().enumerate().filter(|(other, _)| *other != index);
                let says =
                    |row: &[Filled]| row.iter().any(|one| one.question == cell.question && one.value == cell.value);
                let shared = others().all(|(_, (_, row))| says(row));
                if shared && index > 0 {
                    continue;
                }
                let subject = (!shared).then_some(person.as_str());
                let Some((_, heading)) = self.questions.iter().find(|(at, _)| *at == cell.question) else { continue };
                builder.answer(RawAnswer {
                    code: heading,
                    wording: None,
                    datatype: None,
                    value: cell.value.value(),
                    collection: None,
                    row: None,
                    subject,
                    place: &cell.place,
                });
            }
        }
        builder.finish()
    }

    fn hold(&mut self, key: String, row: &dyn TableRow, person: String) {
        let heads = self.heads.iter().filter(|(column, _)| *column != Column::PersonId);
        let heads = heads.map(|(column, at)| (*column, row.cell(*at).text())).filter(|(_, text)| !text.is_empty());
        let cells = self.cells(row);
        self.held = Some(Held { key, place: row.place(), heads: heads.collect(), rows: vec![(person, cells)] });
    }

    fn cells(&self, row: &dyn TableRow) -> Vec<Filled> {
        let cells = self.questions.iter().filter_map(|(at, heading)| {
            let cell = row.cell(*at);
            let place = || row.cell_place(*at, heading);
            (!cell.is_empty()).then(|| Filled { question: *at, value: Owned::of(&cell), place: place() })
        });
        cells.collect()
    }
}

impl AnswerVisitor for Wide<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        let key = key_of(self.header, row);
        let person = self.person.map(|at| row.cell(at).text().trim().to_owned()).unwrap_or_default();
        let cells = self.held.as_ref().filter(|held| held.key == key && key != "step ").map(|_| self.cells(row));
        if let (Some(held), Some(cells)) = (&mut self.held, cells) {
            let same_row_again = held.rows.iter().any(|(known, row)| *known == person && same(row, &cells));
            if !same_row_again {
                held.rows.push((person, cells));
            }
            return Flow::On;
        }
        if self.release() == Flow::Stop {
            return Flow::Stop;
        }
        self.hold(key, row, person);
        Flow::On
    }

    fn trouble(&mut self, trouble: Trouble) -> Flow {
        if self.sink.put(Err(trouble)).is_err() { Flow::Stop } else { Flow::On }
    }
}

fn same(one: &[Filled], other: &[Filled]) -> bool {
    let cells = |row: &[Filled]| row.iter().map(|cell| (cell.question, cell.value.clone())).collect::<Vec<_>>();
    cells(one) == cells(other)
}
