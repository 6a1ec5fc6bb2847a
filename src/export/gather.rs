//! The rows of one submission, put together.
//!
//! Rows that say the same are taken once. Where a form is about several people, an answer that every one of them
//! has is about all of them, and any other is about the person of its row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::columns::Columns;
use super::record::{At, Column, Draft, Frame, RawAnswer, RawValue, Settled, Span};
use super::table::{Cells, Fault, at, formula_fault};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// One submission in the making.
pub(super) struct Gathering<'c> {
    columns: &'c Columns,
    frame: &'c Frame,
    draft: Draft,
    /// Where the first value of each head column stands in the draft.
    heads: Vec<Option<Span>>,
    people: Vec<Span>,
    /// From which answer on a row is, and whose row it is.
    rows: Vec<(usize, Option<usize>)>,
    fault: Option<Trouble>,
    open: bool,
}

impl<'c> Gathering<'c> {
    pub(super) fn new(columns: &'c Columns, frame: &'c Frame) -> Self {
        Self {
            columns,
            frame,
            draft: Draft::default(),
            heads: vec![None; columns.heads.len()],
            people: Vec::new(),
            rows: Vec::new(),
            fault: None,
            open: false,
        }
    }

    /// Adds a row: one answer of a `long` export, all of a `wide` one.
    pub(super) fn add(&mut self, row: &Cells) {
        if !self.open {
            self.open = true;
            self.draft.at = At { number: row.number, name: 0 };
        }
        if self.fault.is_some() {
            return;
        }
        if let Some(fault) = &row.fault {
            return self.refuse(row.trouble(fault, self.frame));
        }
        let added = self.add_head(row).and_then(|person| {
            if self.columns.long.is_some() { self.add_long(row, person) } else { self.add_wide(row, person) }
        });
        if let Err(fault) = added {
            return self.refuse(row.trouble(&fault, self.frame));
        }
        if self.draft.answers_len() > limit::ANSWERS_MAX
            || self.draft.text_len() > limit::RECORD_BYTES_MAX
            || self.people.len() > limit::PEOPLE_MAX
        {
            self.refuse(too_large(self.frame.record_place(self.draft.at)));
        }
    }

    /// What the rows amount to, and room for the next submission; `None` if there were none.
    pub(super) fn finish(&mut self) -> Option<Result<Draft, Trouble>> {
        if !std::mem::take(&mut self.open) {
            return None;
        }
        if self.rows.len() > 1 {
            self.settle();
        }
        let next = Draft::with_room(self.draft.room(), At::default());
        let draft = std::mem::replace(&mut self.draft, next);
        self.heads.fill(None);
        self.people.clear();
        self.rows.clear();
        Some(match self.fault.take() {
            Some(trouble) => Err(trouble),
            None => Ok(draft),
        })
    }

    fn refuse(&mut self, trouble: Trouble) {
        self.draft = Draft::at(self.draft.at);
        self.fault = Some(trouble);
    }

    /// Takes the head of a row and says which person the row is about.
    fn add_head(&mut self, row: &Cells) -> Result<Option<usize>, Fault> {
        for ((column, meaning), known) in self.columns.heads.iter().zip(&mut self.heads) {
            let text = row.cell(*column).as_text().map_err(|error| formula_fault(error, *column))?;
            if text.is_empty() {
                continue;
            }
            match *known {
                None => *known = Some(self.draft.head(*meaning, &text)),
                Some(span) if self.draft.slice(span) == text => {}
                Some(_) => return Err(disagreement(meaning.as_str(), *column)),
            }
        }
        let Some(column) = self.columns.person else { return Ok(None) };
        let text = row.cell(column).as_text().map_err(|error| formula_fault(error, column))?;
        if is_everybody(&text) {
            return Ok(None);
        }
        let known = self.people.iter().position(|person| self.draft.slice(*person) == text);
        Ok(Some(known.unwrap_or_else(|| {
            self.people.push(self.draft.head(Column::PersonId, &text));
            self.people.len() - 1
        })))
    }

    fn add_long(&mut self, row: &Cells, person: Option<usize>) -> Result<(), Fault> {
        let Some(long) = &self.columns.long else { return Ok(()) };
        let text = |column: Option<usize>| {
            let cell = column.map(|column| row.cell(column).as_text().map_err(|error| formula_fault(error, column)));
            cell.transpose().map(|text| text.filter(|text| !text.is_empty()))
        };
        let (mut value, mut value_column) = (None, None);
        for column in &long.answers {
            let cell = row.cell(*column).as_answer().map_err(|error| formula_fault(error, *column))?;
            let fuller = matches!((&value, &cell), (None, Some(_)) | (Some(RawValue::Text("")), Some(_)));
            if fuller {
                (value, value_column) = (cell, Some(*column));
            }
        }
        // A step without answers has a row all the same where a report joins loosely.
        let Some(code) = text(Some(long.question))? else {
            return if value.is_none() { Ok(()) } else { Err(question_missing(long.question)) };
        };
        let subject = match text(self.columns.handler)?.filter(|id| !is_everybody(id)) {
            Some(handler) => Some(handler),
            None => text(self.columns.subject)?.filter(|id| !is_everybody(id)),
        };
        let (wording, datatype) = (text(long.wording)?, text(long.datatype)?);
        let (collection, group_row) = (text(self.columns.collection)?, text(self.columns.row)?);
        let place = at(row.number, value_column.or(long.answers.first().copied()).unwrap_or(long.question));
        self.rows.push((self.draft.answers_len(), person));
        let answer = RawAnswer {
            code: &code,
            wording: wording.as_deref(),
            datatype: datatype.as_deref(),
            value: value.unwrap_or(RawValue::Text("")),
            collection: collection.as_deref(),
            row: group_row.as_deref(),
            subject: subject.as_deref(),
            place: &Place::Whole,
        };
        self.draft.answer_at(answer, place);
        Ok(())
    }

    fn add_wide(&mut self, row: &Cells, person: Option<usize>) -> Result<(), Fault> {
        let columns = self.columns;
        let text = |column: Option<usize>| {
            let cell = column.map(|column| row.cell(column).as_text().map_err(|error| formula_fault(error, column)));
            cell.transpose().map(|text| text.filter(|text| !text.is_empty()))
        };
        let (collection, group_row) = (text(columns.collection)?, text(columns.row)?);
        let subject = text(columns.handler)?.filter(|id| !is_everybody(id));
        let start = self.draft.answers_len();
        for question in &columns.questions {
            let cell = row.cell(question.column);
            let Some(value) = cell.as_answer().map_err(|error| formula_fault(error, question.column))? else {
                continue;
            };
            let answer = RawAnswer {
                code: &question.code,
                wording: None,
                datatype: None,
                value,
                collection: collection.as_deref(),
                row: question.row.as_deref().or(group_row.as_deref()),
                subject: subject.as_deref(),
                place: &Place::Whole,
            };
            self.draft.answer_at(answer, at(row.number, question.column));
        }
        let mut rows = self.rows.iter();
        let again = if group_row.is_none() { rows.position(|(_, other)| *other == person) } else { None };
        if let Some(before) = again {
            if !self.repeats(before, start) {
                return Err(disagreement("the same person", columns.person.unwrap_or(0)));
            }
            self.draft.truncate_answers(start);
            return Ok(());
        }
        self.rows.push((start, person));
        Ok(())
    }

    /// Whether the answers from `start` on are those of an earlier row.
    fn repeats(&self, before: usize, start: usize) -> bool {
        let from = self.rows.get(before).map_or(0, |(from, _)| *from);
        let to = self.rows.get(before + 1).map_or(start, |(to, _)| *to);
        let new = self.draft.answers_len() - start;
        let equal = |index| match (self.draft.answer_ref(from + index), self.draft.answer_ref(start + index)) {
            (Some(one), Some(other)) => says_the_same(&one, &other),
            _ => false,
        };
        to - from == new && (0..new).all(equal)
    }

    /// Drops what is said twice, and says of the rest whom it is about.
    fn settle(&mut self) {
        let mut verdicts = vec![Settled::Keep; self.draft.answers_len()];
        for said in self.statements(&mut verdicts) {
            let everybody = said.by.len() == self.people.len();
            if said.explicit || self.people.len() < 2 {
                continue;
            }
            for (order, (person, index)) in said.by.iter().enumerate() {
                let (Some(verdict), Some(span)) = (verdicts.get_mut(*index), self.people.get(*person)) else {
                    continue;
                };
                *verdict = match (everybody, order) {
                    (true, 0) => Settled::Keep,
                    (true, _) => Settled::Drop,
                    (false, _) => Settled::About(*span),
                };
            }
        }
        self.draft.settle(&verdicts);
    }

    /// What the answers say, each thing once; what one person's rows say twice is dropped.
    fn statements(&self, verdicts: &mut [Settled]) -> Vec<Statement> {
        let mut statements: Vec<Statement> = Vec::with_capacity(verdicts.len());
        let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::with_capacity(verdicts.len());
        for (index, verdict) in verdicts.iter_mut().enumerate() {
            let Some(answer) = self.draft.answer_ref(index) else { continue };
            let by = self.person_of(index).map(|person| (person, index));
            let candidates = by_hash.entry(hash(&answer)).or_default();
            let same = candidates.iter().copied().find(|candidate| {
                // What a row about everybody says is not the same as what a row about one person says.
                let said = statements.get(*candidate).filter(|said| said.by.is_empty() == by.is_none());
                let first = said.and_then(|said| self.draft.answer_ref(said.first));
                first.is_some_and(|first| says_the_same(&first, &answer))
            });
            match same.and_then(|same| statements.get_mut(same)) {
                None => {
                    candidates.push(statements.len());
                    let explicit = answer.subject.is_some();
                    statements.push(Statement { first: index, explicit, by: by.into_iter().collect() });
                }
                Some(said) => match by {
                    Some(by) if !said.explicit && said.by.iter().all(|(known, _)| *known != by.0) => said.by.push(by),
                    _ => *verdict = Settled::Drop,
                },
            }
        }
        statements
    }

    /// Whose row an answer stands in.
    fn person_of(&self, answer: usize) -> Option<usize> {
        let row = self.rows.partition_point(|(start, _)| *start <= answer).checked_sub(1)?;
        self.rows.get(row).and_then(|(_, person)| *person)
    }
}

/// Something that one or several answers say.
struct Statement {
    /// The first of these answers.
    first: usize,
    /// Whether the answer itself says whom it is about.
    explicit: bool,
    /// The people in whose rows it stands, and the answer there.
    by: Vec<(usize, usize)>,
}

/// Ids of zero and below, and none at all, mean everybody the form is about.
pub(super) fn is_everybody(id: &str) -> bool {
    id.is_empty() || id.starts_with('-') || id.bytes().all(|byte| byte == b'0')
}

fn says_the_same(one: &RawAnswer<'_>, other: &RawAnswer<'_>) -> bool {
    let key = |answer: &RawAnswer<'_>| (answer.row.is_some(), answer.collection.is_some(), answer.subject.is_some());
    key(one) == key(other)
        && one.code == other.code
        && one.value == other.value
        && one.row == other.row
        && one.collection == other.collection
        && one.subject == other.subject
}

fn hash(answer: &RawAnswer<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (answer.code, answer.row, answer.collection, answer.subject).hash(&mut hasher);
    match answer.value {
        RawValue::Text(text) => text.hash(&mut hasher),
        RawValue::Number(number) => number.to_bits().hash(&mut hasher),
        RawValue::Flag(flag) => flag.hash(&mut hasher),
        RawValue::Moment(moment) => moment.hash(&mut hasher),
    }
    hasher.finish()
}

fn disagreement(what: &str, column: usize) -> Fault {
    Fault {
        reason: Reason::RecordsDisagree,
        message: format!("rows of the same form disagree about {what}"),
        help: "look at the form in Mosaic, and export again so that every row of it says the same".into(),
        column: Some(column),
    }
}

fn question_missing(column: usize) -> Fault {
    Fault {
        reason: Reason::ValueUnreadable,
        message: "the row has an answer and no question".to_owned(),
        help: "export again with the question's code in every row".into(),
        column: Some(column),
    }
}

/// Says that a submission is larger than any known form.
pub(super) fn too_large(place: Place) -> Trouble {
    Trouble {
        place,
        reason: Reason::TooLarge,
        message: format!(
            "the submission has more than {} answers, {} people or {} MiB",
            limit::ANSWERS_MAX,
            limit::PEOPLE_MAX,
            limit::RECORD_BYTES_MAX >> 20
        ),
        help: "look at the form in Mosaic; if it really is that large, tell the systems officer".to_owned(),
    }
}
