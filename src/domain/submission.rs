//! A filled-in form for one child, or for several, as tessera understands it.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::trouble::codes;
use super::{AuthorityName, FormId, PanelName, PersonId, Private, StepId, SubmissionId};
use crate::diagnostic::Place;

codes! {
    /// The status of the workflow step that carries a form, in Mosaic's words.
    StepStatus {
        /// Not yet available; no request.
        Proposed => "PROPOSED",
        /// Waiting to be started.
        Incoming => "INCOMING",
        /// Being filled in: may be half done.
        Started => "STARTED",
        /// Completed once and open again: what was read may change.
        Reopened => "REOPENED",
        /// Done.
        Completed => "COMPLETED",
        /// Cancelled for good: withdraws its request.
        Cancelled => "CANCELLED",
    }
}

impl StepStatus {
    /// Reads a status in any case; `In progress` is how the screen shows a started step.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        match text.as_str() {
            "IN PROGRESS" => Some(Self::Started),
            text => Self::parse(text),
        }
    }

    /// Whether a panel has anything to look at: proposed and cancelled steps are no requests.
    pub const fn is_request(self) -> bool {
        match self {
            Self::Incoming | Self::Started | Self::Reopened | Self::Completed => true,
            Self::Proposed | Self::Cancelled => false,
        }
    }
}

/// One filled-in form, with every value's provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Its id with us.
    pub id: SubmissionId,
    /// Whose it is.
    pub authority: AuthorityName,
    /// The form's name: `C0343`.
    pub form: Arc<str>,
    /// The form's version, by its mapping file: `3`.
    pub version: Arc<str>,
    /// The panel it asks, where its mapping names one.
    pub panel: Option<PanelName>,
    /// The filled-in form in Mosaic.
    pub form_id: Option<FormId>,
    /// The step that carries it.
    pub step_id: Option<StepId>,
    /// The status of that step; exports without one hold finished forms.
    pub status: StepStatus,
    /// When the step was started, UK local time as Mosaic keeps it.
    pub started_on: Option<DateTime>,
    /// When the step was completed, UK local time.
    pub completed_on: Option<DateTime>,
    /// Everybody the form is about, in order of id.
    pub people: Vec<PersonId>,
    /// The answers outside tables, in the mapping's order.
    pub answers: Vec<Answer>,
    /// Repeated groups.
    pub tables: Vec<AnswerTable>,
    /// Answers to questions that the mapping does not know.
    pub unmapped: Vec<Unmapped>,
    /// Where all of it was read.
    pub origin: Origin,
}

/// Where a submission was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The export's name.
    pub file: Arc<str>,
    /// Where the record begins.
    pub place: Place,
    /// The mapping that read it, for instance `lincolnshire/forms/c0343/v3.toml`.
    pub mapping: Arc<str>,
}

/// One answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Our name for what was asked: `request`, `proposed-plan`.
    pub field: Arc<str>,
    /// What was answered. A choice with several ticks is several answers.
    pub value: Value,
    /// The one person it is about; `None` is everybody the form is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<PersonId>,
    /// Mosaic's question user code, or the heading where the export has no codes.
    pub question: Arc<str>,
    /// Where in the file it stands.
    pub place: Place,
    /// What is odd about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<AnswerNote>,
}

/// What was answered. A question without a row has no [`Answer`] at all: that is *unanswered*, not blank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Free text, markup removed, line ends `\n`.
    Text(Private<String>),
    /// One of the mapping's choices, by our name for it.
    Choice(Arc<str>),
    /// Yes or no.
    YesNo(bool),
    /// A day.
    Date(Date),
    /// A moment, UK local time.
    DateTime(DateTime),
    /// Money in pence.
    Money(i64),
    /// A number.
    Number(f64),
    /// A person in Mosaic.
    Person(PersonId),
    /// A worker, by worker id.
    Worker(Private<String>),
    /// There was a row and it was empty.
    Blank,
    /// It could not be read as what the mapping says it is.
    Unread {
        /// The text as it stands.
        raw: Private<String>,
        /// What is wrong with it, without the text itself.
        why: String,
    },
}

/// What is odd about an answer that was read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerNote {
    /// Its length is exactly one at which exporters cut text.
    CutAt(u32),
    /// It ends in the middle of a tag or an entity.
    CutInMarkup,
}

/// A repeated group: one row an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerTable {
    /// Our name for the group.
    pub field: Arc<str>,
    /// Its rows, in the export's order.
    pub rows: Vec<TableRow>,
}

/// One row of a repeated group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// Mosaic's `FORM_ANSWER_ROW_ID`.
    pub row: Arc<str>,
    /// The person the row is about, where Mosaic says.
    pub subject: Option<PersonId>,
    /// The answers of the row.
    pub answers: Vec<Answer>,
}

/// An answer to a question that the mapping does not know: a finding, never silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// The question's user code or heading.
    pub question: Arc<str>,
    /// Where it stands.
    pub place: Place,
}

impl Submission {
    /// The first answer to `field`, blank ones included.
    pub fn answer(&self, field: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| &*answer.field == field)
    }

    /// Every answer to `field`: the ticks of a choice, or one answer for each child.
    pub fn answers<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Answer> + 'a {
        self.answers.iter().filter(move |answer| &*answer.field == field)
    }

    /// Whether a panel has anything to look at.
    pub const fn is_request(&self) -> bool {
        self.status.is_request()
    }

    /// What the submission says, as one SHA-256: two readings with equal content are one revision, wherever and
    /// however often they were read. Places, file and mapping file do not count; the form's version does.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut digest = ContentDigest(Sha256::new());
        digest.text(self.id.as_str());
        digest.text(&self.form);
        digest.text(&self.version);
        digest.text(self.panel.as_ref().map_or("", PanelName::as_str));
        digest.text(self.status.as_str());
        digest.number(self.step_id.map_or(0, StepId::number));
        digest.moment(self.started_on);
        digest.moment(self.completed_on);
        digest.number(self.people.len() as u64);
        self.people.iter().for_each(|person| digest.number(person.number()));
        self.answers.iter().for_each(|answer| digest.answer(answer));
        for table in &self.tables {
            digest.text(&table.field);
            for row in &table.rows {
                digest.text(&row.row);
                digest.number(row.subject.map_or(0, PersonId::number));
                row.answers.iter().for_each(|answer| digest.answer(answer));
            }
        }
        for unmapped in &self.unmapped {
            digest.text(&unmapped.question);
        }
        digest.0.finalize().into()
    }
}

/// Feeds parts into a hash so that no two sequences of parts look alike: a text is preceded by its length, and
/// everything else has a fixed one.
struct ContentDigest(Sha256);

impl ContentDigest {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn date(&mut self, date: Date) {
        self.0.update(date.year().to_le_bytes());
        self.0.update(date.month().to_le_bytes());
        self.0.update(date.day().to_le_bytes());
    }

    fn moment(&mut self, moment: Option<DateTime>) {
        let Some(moment) = moment else { return self.0.update([0]) };
        self.0.update([1]);
        self.date(moment.date());
        for part in [moment.hour(), moment.minute(), moment.second()] {
            self.0.update(part.to_le_bytes());
        }
        self.0.update(moment.subsec_nanosecond().to_le_bytes());
    }

    fn answer(&mut self, answer: &Answer) {
        self.text(&answer.field);
        self.value(&answer.value);
        self.number(answer.subject.map_or(0, PersonId::number));
        self.number(match answer.note {
            None => 0,
            Some(AnswerNote::CutInMarkup) => 1,
            Some(AnswerNote::CutAt(length)) => 2 + u64::from(length),
        });
    }

    fn value(&mut self, value: &Value) {
        // The first byte says which kind it is: it never changes its meaning.
        let kind: u8 = match value {
            Value::Text(_) => 1,
            Value::Choice(_) => 2,
            Value::YesNo(_) => 3,
            Value::Date(_) => 4,
            Value::DateTime(_) => 5,
            Value::Money(_) => 6,
            Value::Number(_) => 7,
            Value::Person(_) => 8,
            Value::Worker(_) => 9,
            Value::Blank => 10,
            Value::Unread { .. } => 11,
        };
        self.0.update([kind]);
        match value {
            Value::Text(text) | Value::Worker(text) | Value::Unread { raw: text, .. } => self.text(text.expose()),
            Value::Choice(choice) => self.text(choice),
            Value::YesNo(yes) => self.0.update([u8::from(*yes)]),
            Value::Date(date) => self.date(*date),
            Value::DateTime(moment) => self.moment(Some(*moment)),
            Value::Money(pence) => self.0.update(pence.to_le_bytes()),
            Value::Number(number) => self.0.update(number.to_le_bytes()),
            Value::Person(person) => self.number(person.number()),
            Value::Blank => {}
        }
    }
}

impl fmt::Display for Value {
    /// The value as an administrator reads it. It is the child's record: for the screen that was asked for only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Worker(text) | Self::Unread { raw: text, .. } => f.write_str(text.expose()),
            Self::Choice(choice) => f.write_str(choice),
            Self::YesNo(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Date(date) => write!(f, "{date}"),
            Self::DateTime(moment) => write!(f, "{}", moment.strftime("%Y-%m-%d %H:%M")),
            Self::Money(pence) => write!(f, "£{}.{:02}", pence / 100, pence.rem_euclid(100)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Person(person) => write!(f, "{person}"),
            Self::Blank => Ok(()),
        }
    }
}
