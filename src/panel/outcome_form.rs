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

/// That an outcome is written into the form that made the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormOutcome {
    /// The outcome field whose answer carries the reference on a last line of its own: a text.
    pub reference_field: String,
    /// The clause that asks for it.
    pub policy: String,
}

/// The minutes that are put on the child's record as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinutesForm {
    /// The title; `{sitting}` stands for the day of the sitting.
    pub title: String,
    /// The fields told in them, by name, in this order.
    pub fields: Vec<String>,
    /// The role that decided.
    pub decided_by: String,
    /// The role that recorded the decision.
    pub recorded_by: String,
    /// The clause that asks for them.
    pub policy: String,
}

/// A workflow step that an outcome starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepForm {
    /// Its name in the profile.
    pub name: String,
    /// Mosaic's step type.
    pub step_type: String,
    /// The decisions with which it is started; none means any.
    pub with: Vec<String>,
    /// The outcome field that it hangs on besides, and the choices that start it.
    pub field: Option<(String, Vec<String>)>,
    /// The clause that asks for it.
    pub policy: String,
}

/// What a panel can decide, what is recorded with it, and how it is told on the child's record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutcomeForm {
    /// The decisions to choose from.
    pub decisions: Vec<Choice>,
    /// What is recorded with the decision, in the order of the profile.
    pub fields: Vec<OutcomeField>,
    /// The case note, where the panel's outcomes are written back as one.
    pub note: Option<NoteForm>,
    /// The outcome section of the form, where the panel's outcomes are written into it.
    pub form: Option<FormOutcome>,
    /// The minutes, where they are put on the child's record.
    pub minutes: Option<MinutesForm>,
    /// Workflow steps that outcomes start.
    pub steps: Vec<StepForm>,
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

impl OutcomeField {
    /// The names of what can be chosen; none where it is no choice.
    pub fn choices(&self) -> Vec<&str> {
        match &self.kind {
            OutcomeFieldKind::Choice(choices) => choices.iter().map(|choice| choice.name.as_str()).collect(),
            OutcomeFieldKind::YesNo => vec!["yes", "no"],
            OutcomeFieldKind::Text | OutcomeFieldKind::Date => Vec::new(),
        }
    }
}

impl NoteForm {
    /// The note's title for a sitting.
    pub fn title_for(&self, sitting: Date) -> String {
        titled(&self.title, sitting)
    }
}

impl MinutesForm {
    /// The document's title for a sitting.
    pub fn title_for(&self, sitting: Date) -> String {
        titled(&self.title, sitting)
    }
}

impl StepForm {
    /// Whether a decision starts it.
    pub fn is_started_by(&self, decision: &str, field: impl Fn(&str) -> Option<String>) -> bool {
        let by_decision = self.with.is_empty() || self.with.iter().any(|with| with == decision);
        let by_field =
            self.field.as_ref().is_none_or(|(name, is)| field(name).is_some_and(|value| is.contains(&value)));
        by_decision && by_field
    }
}

fn titled(title: &str, sitting: Date) -> String {
    title.replace("{sitting}", &sitting.strftime("%-d %B %Y").to_string())
}
