//! What a reader hands on: one submission, or one row of a table, as the export holds it.
//!
//! A record keeps all of its text in one string and refers to it by ranges, so that a submission with forty answers
//! costs a handful of allocations rather than two hundred.

use std::num::NonZeroU32;
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

/// One submission as the export holds it.
///
/// It is serialised into quarantine, so that it can be read again when a mapping for it has been added.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    place: Place,
    text: String,
    head: Vec<(Column, Span)>,
    answers: Vec<StoredAnswer>,
    /// One for each answer. They stand apart because a reader on another core leaves them to be filled in here.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct StoredAnswer {
    code: Span,
    wording: Option<Span>,
    datatype: Option<Span>,
    value: StoredValue,
    collection: Option<Span>,
    row: Option<Span>,
    subject: Option<Span>,
}

impl StoredAnswer {
    fn raw<'r>(&self, text: &'r str, place: &'r Place) -> RawAnswer<'r> {
        let optional = |span: Option<Span>| span.map(|span| span.of(text));
        RawAnswer {
            code: self.code.of(text),
            wording: optional(self.wording),
            datatype: optional(self.datatype),
            value: match self.value {
                StoredValue::Text(span) => RawValue::Text(span.of(text)),
                StoredValue::Number(number) => RawValue::Number(number),
                StoredValue::Flag(flag) => RawValue::Flag(flag),
                StoredValue::Moment(moment) => RawValue::Moment(moment),
            },
            collection: optional(self.collection),
            row: optional(self.row),
            subject: optional(self.subject),
            place,
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
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
        self.answers.iter().zip(&self.places).map(|(answer, place)| answer.raw(&self.text, place))
    }

    /// The bytes of text that the record holds.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }
}

/// Builds a [`Record`]: head and answers in any order.
pub struct RecordBuilder {
    place: Place,
    draft: Draft,
    places: Vec<Place>,
}

impl RecordBuilder {
    /// A record that begins at `place`.
    pub fn new(place: Place) -> Self {
        Self { place, draft: Draft::default(), places: Vec::new() }
    }

    /// Adds a value of the record's head. Equal values of a column are kept once.
    pub fn head(&mut self, column: Column, value: &str) {
        if !self.draft.heads(column).any(|known| known == value) {
            self.draft.head(column, value);
        }
    }

    /// Adds an answer.
    pub fn answer(&mut self, answer: RawAnswer<'_>) {
        let place = answer.place.clone();
        self.draft.answer(answer);
        self.places.push(place);
    }

    /// The record.
    pub fn finish(self) -> Record {
        let Draft { text, head, answers, .. } = self.draft;
        Record { place: self.place, text, head, answers, places: self.places }
    }
}

/// A place in the fewest bytes: the line or row, and which of the frame's names goes with it (or the column).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) number: u64,
    pub(super) name: u32,
}

/// What the places of one file have in common.
///
/// A draft carries numbers only, and its places are made where the record is used: a name that two cores count
/// references of for every answer costs more than reading the answer.
#[derive(Debug, Clone)]
pub(super) enum Frame {
    /// Lines of a delimited file, and the headings of its columns.
    Lines(Vec<Arc<str>>),
    /// A sheet of a workbook.
    Sheet(Arc<str>),
    /// Paths of XML elements.
    Elements(Vec<Arc<str>>),
}

impl Frame {
    /// The place of a whole record.
    pub(super) fn record_place(&self, at: At) -> Place {
        match self {
            Self::Lines(_) => Place::Line(at.number),
            Self::Sheet(_) | Self::Elements(_) => self.place(at),
        }
    }

    /// The place of one value.
    pub(super) fn place(&self, at: At) -> Place {
        let name = |names: &[Arc<str>]| names.get(usize::try_from(at.name).unwrap_or(usize::MAX)).cloned();
        match self {
            Self::Lines(headings) => match name(headings) {
                Some(heading) => Place::Column { line: at.number, heading },
                None => Place::Line(at.number),
            },
            Self::Sheet(sheet) => Place::Cell {
                sheet: Arc::clone(sheet),
                row: u32::try_from(at.number).unwrap_or(u32::MAX),
                column: at.name.saturating_add(1),
            },
            Self::Elements(paths) => match name(paths) {
                Some(path) => Place::Element { line: at.number, path },
                None => Place::Line(at.number),
            },
        }
    }
}

/// A range of a draft's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    start: u32,
    /// One more than the end, so that an optional span takes no more room than a span.
    behind: NonZeroU32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        // A record is refused long before its text is this long.
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX - 1);
        Self { start: short(start), behind: NonZeroU32::MIN.saturating_add(short(end)) }
    }

    fn of(self, text: &str) -> &str {
        let byte = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        text.get(byte(self.start)..byte(self.behind.get() - 1)).unwrap_or("")
    }
}

/// How much a draft holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Room {
    text: usize,
    head: usize,
    answers: usize,
}

/// A record in the making, on the core that reads.
#[derive(Clone, Default)]
pub(super) struct Draft {
    /// Where the record begins.
    pub(super) at: At,
    text: String,
    head: Vec<(Column, Span)>,
    answers: Vec<StoredAnswer>,
    ats: Vec<At>,
}

/// An answer whose texts are in the draft already.
#[derive(Clone, Copy)]
pub(super) struct KeptAnswer {
    pub(super) code: Span,
    pub(super) wording: Option<Span>,
    pub(super) datatype: Option<Span>,
    pub(super) value: Span,
    pub(super) collection: Option<Span>,
    pub(super) row: Option<Span>,
    pub(super) subject: Option<Span>,
}

impl Draft {
    /// A draft that begins at `at`.
    pub(super) fn at(at: At) -> Self {
        Self { at, ..Self::default() }
    }

    /// A draft with room for as much as another needed, so that it does not grow piece by piece.
    pub(super) fn with_room(room: Room, at: At) -> Self {
        Self {
            at,
            text: String::with_capacity(room.text),
            head: Vec::with_capacity(room.head),
            answers: Vec::with_capacity(room.answers),
            ats: Vec::with_capacity(room.answers),
        }
    }

    /// The room that a draft like this one needs, and a little more.
    pub(super) fn room(&self) -> Room {
        let more = |len: usize| len + len / 8;
        Room { text: more(self.text.len()), head: self.head.len() + 8, answers: more(self.answers.len()) }
    }

    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, self.text.len())
    }

    /// The text itself, for a reader that adds to it piece by piece and then asks for [`Draft::span_since`].
    pub(super) fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    /// What has been added since the text was `start` bytes long.
    pub(super) fn span_since(&self, start: usize) -> Span {
        Span::new(start, self.text.len())
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    /// Adds a value of the head.
    pub(super) fn head(&mut self, column: Column, value: &str) -> Span {
        let span = self.keep(value);
        self.head.push((column, span));
        span
    }

    /// What stands in a column of the head.
    pub(super) fn heads(&self, column: Column) -> impl Iterator<Item = &str> {
        self.head.iter().filter(move |(found, _)| *found == column).map(|(_, span)| self.slice(*span))
    }

    /// Everything in the head.
    pub(super) fn all_heads(&self) -> impl Iterator<Item = (Column, &str)> {
        self.head.iter().map(|(column, span)| (*column, self.slice(*span)))
    }

    /// Adds an answer whose texts are kept already.
    pub(super) fn kept_answer(&mut self, answer: KeptAnswer, at: At) {
        let KeptAnswer { code, wording, datatype, value, collection, row, subject } = answer;
        let value = StoredValue::Text(value);
        self.answers.push(StoredAnswer { code, wording, datatype, value, collection, row, subject });
        self.ats.push(at);
    }

    /// Adds an answer at a place in short; the place of `answer` is not looked at.
    pub(super) fn answer_at(&mut self, answer: RawAnswer<'_>, at: At) {
        self.answer(answer);
        self.ats.push(at);
    }

    fn answer(&mut self, answer: RawAnswer<'_>) {
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
        };
        self.answers.push(stored);
    }

    /// Forgets the answers from the `len`th on.
    pub(super) fn truncate_answers(&mut self, len: usize) {
        self.answers.truncate(len);
        self.ats.truncate(len);
    }

    /// Answers so far.
    pub(super) fn answers_len(&self) -> usize {
        self.answers.len()
    }

    /// Bytes of text so far.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// About how many bytes of memory the draft takes.
    pub(super) fn weight(&self) -> usize {
        self.text.len() + self.answers.len() * (size_of::<StoredAnswer>() + size_of::<At>())
    }

    /// An answer as it will be handed on, but for its place.
    pub(super) fn answer_ref(&self, index: usize) -> Option<RawAnswer<'_>> {
        let answer = self.answers.get(index)?;
        Some(answer.raw(&self.text, &Place::Whole))
    }

    /// Says of each answer whom it is about, or drops it (`None`).
    pub(super) fn settle(&mut self, verdicts: &[Settled]) {
        let mut verdict = verdicts.iter();
        let mut ats = std::mem::take(&mut self.ats).into_iter();
        let (mut kept, mut kept_ats) = (Vec::with_capacity(self.answers.len()), Vec::with_capacity(self.answers.len()));
        for mut answer in std::mem::take(&mut self.answers) {
            let (Some(verdict), Some(at)) = (verdict.next(), ats.next()) else { continue };
            match verdict {
                Settled::Drop => continue,
                Settled::Keep => {}
                Settled::About(person) => answer.subject = Some(*person),
            }
            kept.push(answer);
            kept_ats.push(at);
        }
        (self.answers, self.ats) = (kept, kept_ats);
    }

    /// The record, with its places made from the file's frame.
    pub(super) fn finish(self, frame: &Frame) -> Record {
        Record {
            place: frame.record_place(self.at),
            text: self.text,
            head: self.head,
            answers: self.answers,
            places: self.ats.into_iter().map(|at| frame.place(at)).collect(),
        }
    }
}

/// What becomes of an answer when all the rows of a form are together.
#[derive(Clone, Copy)]
pub(super) enum Settled {
    /// It stays as it is.
    Keep,
    /// It is about this person only.
    About(Span),
    /// Another row says the same.
    Drop,
}

/// One row of a `documents`, `events` or `persons` extract.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// Where the row stands.
    pub place: Place,
    /// Heading or element name as the file spells it, and the value as text (dates of a workbook in ISO form).
    pub cells: Vec<(Arc<str>, String)>,
}
