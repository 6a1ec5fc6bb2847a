//! What a panel can decide, what is recorded with it, and how it is told on the child's record.

use jiff::civil::Date;

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name in the profile: `agreed`.
    pub name: String,
    /// What a person is shown: `Agreed`.
    pub title: String,
}

/// What may stand in a field of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeFieldKind {
    /// Free text.
    Text,
    /// A day, written as `YYYY-MM-DD` in the outcome.
    Date,
    /// One of these, written by its name in the outcome.
    Choice(Vec<Choice>),
    /// `yes` or `no`.
    YesNo,
}

/// A field that is recorded with a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeField {
    /// Its name in the profile: `needs-to-happen`.
    pub name: String,
    /// What a person is shown, in the workbook's header and as a heading of the note.
    pub title: String,
    /// What to write there.
    pub help: String,
    /// What may stand in it.
    pub kind: OutcomeFieldKind,
    /// Whether it is the day on which the request comes back to the panel.
    pub comes_back: bool,
    /// The decisions, by name, with which it must be filled in.
    pub required_with: Vec<String>,
    /// The clause that asks for it.
    pub policy: String,
}

/// The case note that tells an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteForm {
    /// Mosaic's type code, at most 16 characters.
    pub note_type: String,
    /// The title; `{sitting}` stands for the day of the sitting.
    pub title: String,
    /// The fields told in the note, by name, in this order, each under its title.
    pub fields: Vec<String>,
    /// The role that decided: a note says on whose behalf it was written.
    pub decided_by: String,
    /// The role that recorded the decision.
    pub recorded_by: String,
    /// Who is alerted; empty unless the profile names somebody.
    pub alert_recipients: Vec<String>,
    /// The clause that asks for the note.
    pub policy: String,
}

/// What a panel can decide, what is recorded with it, and how it is told on the child's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeForm {
    /// The decisions to choose from.
    pub decisions: Vec<Choice>,
    /// What is recorded with the decision, in the order of the profile.
    pub fields: Vec<OutcomeField>,
    /// The case note, where the panel's outcomes are written back as one.
    pub note: Option<NoteForm>,
}

impl OutcomeForm {
    /// The decision of that name.
    pub fn decision(&self, name: &str) -> Option<&Choice> {
        self.decisions.iter().find(|choice| choice.name == name)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&OutcomeField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl NoteForm {
    /// The note's title for a sitting.
    pub fn title_for(&self, sitting: Date) -> String {
        self.title.replace("{sitting}", &sitting.strftime("%-d %B %Y").to_string())
    }
}
