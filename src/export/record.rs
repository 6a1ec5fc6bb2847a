//! What a reader hands on: one submission, or one row of a table, as the export holds it.
//!
//! A record keeps all of its text in one string and refers to it by ranges, so that a submission with forty answers
//! costs a handful of allocations rather than two hundred.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::domain::codes;

codes! {
    /// What the columns and elements around the answers mean, whatever a report calls them.
    Column {
        /// The workflow step.
        WorkflowStepId => "workflow_step_id",
        /// The kind of step, by number.
        WorkflowStepTypeId => "workflow_step_type_id",
        /// The kind of step, in words.
        WorkflowStepType => "workflow_step_type",
        /// The step's status.
        StepStatus => "step_status",
        /// When the step came in.
        IncomingOn => "incoming_on",
        /// When the step was started.
        StartedOn => "started_on",
        /// When the step was completed.
        CompletedOn => "completed_on",
        /// When the step was cancelled.
        CancelledOn => "cancelled_on",
        /// The worker who holds the step.
        AssigneeId => "assignee_id",
        /// The team responsible for the step.
        ResponsibleTeamId => "responsible_team_id",
        /// A person the form is about. A record may have several.
        PersonId => "person_id",
        /// The filled-in form.
        FormId => "form_id",
        /// The form's design, by number: one a version.
        TemplateId => "template_id",
        /// The form's design, by its designer's code: the same in all versions.
        TemplateUserCode => "template_user_code",
        /// The version of the design.
        Version => "version",
        /// The title of the design.
        Title => "title",
    }
}

/// A range of a record's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Span(u32, u32);

impl Span {
    fn range(self) -> Range<usize> {
        usize::try_from(self.0).unwrap_or(usize::MAX)..usize::try_from(self.1).unwrap_or(usize::MAX)
    }
}

/// One submission as the export holds it.
///
/// It is serialised into quarantine, so that it can be read again when a mapping for it has been added.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    place: Place,
    text: String,
    head: Vec<(Column, Span)>,
    answers: Vec<StoredAnswer>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredAnswer {
    code: Span,
    wording: Option<Span>,
    datatype: Option<Span>,
    value: StoredValue,
    collection: Option<Span>,
    row: Option<Span>,
    subject: Option<Span>,
    place: Place,
}

#[derive(Clone, Serialize, Deserialize)]
enum StoredValue {
    Text(Span),
    Number(f64),
    Flag(bool),
    Moment(DateTime),
}

/// One answer as the export holds it.
#[derive(Clone, Copy)]
pub struct RawAnswer<'r> {
    /// The question's user code; in a `wide` export the heading.
    pub code: &'r str,
    /// The question's wording, where the export has it.
    pub wording: Option<&'r str>,
    /// Mosaic's answer data type, where the export has it.
    pub datatype: Option<&'r str>,
    /// What was answered. Several ticks are several answers with the same code and row.
    pub value: RawValue<'r>,
    /// The question collection of a repeated group.
    pub collection: Option<&'r str>,
    /// The row of a repeated group (`FORM_ANSWER_ROW_ID`).
    pub row: Option<&'r str>,
    /// The one person it is about, as the export spells the id; `None`, or zero and below, is everybody.
    pub subject: Option<&'r str>,
    /// Where it stands.
    pub place: &'r Place,
}

/// An answer's value: text in most exports, typed in a workbook. An empty text is a blank answer.
#[derive(Clone, Copy, PartialEq)]
pub enum RawValue<'r> {
    /// Text as it stands.
    Text(&'r str),
    /// A number of a workbook.
    Number(f64),
    /// A truth value of a workbook.
    Flag(bool),
    /// A date or moment of a workbook.
    Moment(DateTime),
}

impl Record {
    /// Where the record begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What stands in a column of the record's head; the first where it stands more than once.
    pub fn head(&self, column: Column) -> Option<&str> {
        self.heads(column).next()
    }

    /// Everything that stands in a column of the record's head: several people, for instance.
    pub fn heads(&self, column: Column) -> impl Iterator<Item = &str> {
        self.head.iter().filter(move |(found, _)| *found == column).map(|(_, span)| self.slice(*span))
    }

    /// The answers, in the order of the export.
    pub fn answers(&self) -> impl ExactSizeIterator<Item = RawAnswer<'_>> {
        self.answers.iter().map(|answer| RawAnswer {
            code: self.slice(answer.code),
            wording: answer.wording.map(|span| self.slice(span)),
            datatype: answer.datatype.map(|span| self.slice(span)),
            value: match &answer.value {
                StoredValue::Text(span) => RawValue::Text(self.slice(*span)),
                StoredValue::Number(number) => RawValue::Number(*number),
                StoredValue::Flag(flag) => RawValue::Flag(*flag),
                StoredValue::Moment(moment) => RawValue::Moment(*moment),
            },
            collection: answer.collection.map(|span| self.slice(span)),
            row: answer.row.map(|span| self.slice(span)),
            subject: answer.subject.map(|span| self.slice(span)),
            place: &answer.place,
        })
    }

    /// The bytes of text that the record holds.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }
}

/// Builds a [`Record`]: head and answers in any order.
pub struct RecordBuilder {
    record: Record,
}

impl RecordBuilder {
    /// A record that begins at `place`.
    pub fn new(place: Place) -> Self {
        Self { record: Record { place, text: String::new(), head: Vec::new(), answers: Vec::new() } }
    }

    /// Adds a value of the record's head. Equal values of a column are kept once.
    pub fn head(&mut self, column: Column, value: &str) {
        if !self.record.heads(column).any(|known| known == value) {
            let span = self.keep(value);
            self.record.head.push((column, span));
        }
    }

    /// Adds an answer.
    pub fn answer(&mut self, answer: RawAnswer<'_>) {
        let stored = StoredAnswer {
            code: self.keep(answer.code),
            wording: answer.wording.map(|text| self.keep(text)),
            datatype: answer.datatype.map(|text| self.keep(text)),
            value: match answer.value {
                RawValue::Text(text) => StoredValue::Text(self.keep(text)),
                RawValue::Number(number) => StoredValue::Number(number),
                RawValue::Flag(flag) => StoredValue::Flag(flag),
                RawValue::Moment(moment) => StoredValue::Moment(moment),
            },
            collection: answer.collection.map(|text| self.keep(text)),
            row: answer.row.map(|text| self.keep(text)),
            subject: answer.subject.map(|text| self.keep(text)),
            place: answer.place.clone(),
        };
        self.record.answers.push(stored);
    }

    /// The record so far, for looking at its head and size.
    pub fn so_far(&self) -> &Record {
        &self.record
    }

    /// The record.
    pub fn finish(self) -> Record {
        self.record
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = u32::try_from(self.record.text.len()).unwrap_or(u32::MAX);
        self.record.text.push_str(text);
        Span(start, u32::try_from(self.record.text.len()).unwrap_or(u32::MAX))
    }
}

/// One row of a `documents`, `events` or `persons` extract.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// Where the row stands.
    pub place: Place,
    /// Heading or element name as the file spells it, and the value as text (dates of a workbook in ISO form).
    pub cells: Vec<(Arc<str>, String)>,
}
