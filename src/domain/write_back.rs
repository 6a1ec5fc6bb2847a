//! One intended effect on Mosaic, what became of it, and the proof.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::trouble::codes;
use super::{FormId, PanelName, PersonId, Private, StepId, SubmissionId, WriteBackId};

codes! {
    /// What is written.
    WriteBackKind {
        /// A case note on the child's record.
        CaseNote => "case-note",
        /// Answers into the outcome section of the form.
        FormOutcome => "form-outcome",
        /// The minutes as a document.
        Document => "document",
        /// A workflow step to start.
        WorkflowStep => "workflow-step",
    }
}

/// The exact content of a write-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// A case note (Mosaic: title at most 100 characters, type code at most 16).
    CaseNote {
        /// The type code.
        note_type: String,
        /// The title, cut at a word.
        title: String,
        /// The day of contact: the day of the sitting.
        contact_date: Date,
        /// The text, with the reference on a last line of its own.
        body: Private<String>,
        /// Who is told; empty unless the panel profile names somebody.
        alert_recipients: Vec<String>,
    },
    /// Answers into the outcome section of the form that made the request.
    FormOutcome {
        /// The step that carries the form.
        step: StepId,
        /// The form.
        form: FormId,
        /// The day of the sitting.
        contact_date: Date,
        /// What is answered; one of the texts ends with the reference.
        answers: Vec<FormAnswer>,
        /// What an earlier revision of the outcome answered: only in its place may this one be written.
        corrects: Vec<FormAnswer>,
    },
    /// The minutes as a document on the child's record.
    Document {
        /// The title, cut at a word (Mosaic: at most 80 characters).
        title: String,
        /// The day of the sitting.
        contact_date: Date,
        /// What Mosaic shows beside the title, with the reference on a last line of its own.
        description: Private<String>,
        /// The text of the document.
        text: Private<String>,
    },
    /// A workflow step to start.
    WorkflowStep {
        /// Mosaic's step type.
        step_type: String,
        /// The day it starts: that of the sitting.
        contact_date: Date,
        /// Why it is started, with the reference on a last line of its own.
        note: Private<String>,
    },
    /// An appendment to a note that is on the record already: a complete note is never edited.
    Appendment {
        /// Mosaic's id of the note.
        note: String,
        /// The day of contact of that note.
        contact_date: Date,
        /// The text, with the reference on a last line of its own.
        body: Private<String>,
    },
}

/// One answer of a form's outcome section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormAnswer {
    /// Mosaic's question user code.
    pub question: String,
    /// What a person is shown.
    pub label: String,
    /// What is answered.
    pub value: Private<FormValue>,
}

/// What is answered, as Mosaic takes it: text, the wording of a choice, an ISO date; or yes and no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FormValue {
    /// Yes or no.
    YesNo(bool),
    /// Everything else.
    Text(String),
}

impl fmt::Display for FormValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Payload {
    /// The text as it is written, for a person to read before it is.
    pub fn text(&self) -> Private<String> {
        match self {
            Self::CaseNote { body, .. } | Self::Appendment { body, .. } => body.clone(),
            Self::FormOutcome { answers, .. } => {
                let told = answers.iter().map(|answer| format!("{}: {}", answer.label, answer.value.expose()));
                Private::new(told.collect::<Vec<_>>().join("\n"))
            }
            Self::Document { description, text, .. } => {
                Private::new(format!("{}\n\n{}", text.expose(), description.expose()))
            }
            Self::WorkflowStep { note, .. } => note.clone(),
        }
    }

    /// What a person is shown above the text: where it goes.
    pub fn heading(&self) -> String {
        match self {
            Self::CaseNote { title, note_type, .. } => format!("case note “{title}” of the type {note_type}"),
            Self::Appendment { note, .. } => format!("appended to note {note}"),
            Self::FormOutcome { step, form, .. } => format!("outcome section of form {form} on step {step}"),
            Self::Document { title, .. } => format!("document “{title}”"),
            Self::WorkflowStep { step_type, .. } => format!("workflow step “{step_type}” started"),
        }
    }

    /// The day of the sitting, which is the day of contact.
    pub const fn contact_date(&self) -> Date {
        match self {
            Self::CaseNote { contact_date, .. }
            | Self::Appendment { contact_date, .. }
            | Self::FormOutcome { contact_date, .. }
            | Self::Document { contact_date, .. }
            | Self::WorkflowStep { contact_date, .. } => *contact_date,
        }
    }
}

/// A short plain reference on the last line of what is written, by which it is found again: `TES-7F3K-2Q9M-4T`.
///
/// Mosaic has no column for it and cleans the markup of notes, so it is made of letters and digits that cannot be
/// mistaken for each other, and is compared with everything else taken out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(pub String);

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The proof that Mosaic holds what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Mosaic's id of what was written.
    pub mosaic_id: String,
    /// When Mosaic says it was written, as Mosaic spells it.
    pub mosaic_time: Option<String>,
    /// When tessera knew.
    pub known_at: Timestamp,
    /// Whether it was learnt by reading Mosaic rather than from the answer to the write.
    pub by_reading: bool,
}

/// What became of a write-back (DESIGN section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Planned from an outcome that nobody has approved yet.
    Planned,
    /// May be sent.
    Approved,
    /// A worker is sending it, or was when it stopped.
    Sending {
        /// When the attempt began.
        since: Timestamp,
    },
    /// Mosaic holds it.
    Sent {
        /// The proof.
        receipt: Receipt,
    },
    /// Mosaic will not have it; a person must look.
    Refused {
        /// Why.
        reason: String,
    },
    /// Nobody knows whether Mosaic holds it; it is read back before anything else is done.
    Uncertain {
        /// When the last attempt ended: it is not read back before the settling time has passed.
        since: Timestamp,
        /// What happened.
        reason: String,
    },
    /// Held back: by a person, or by the identity guard.
    Held {
        /// Why.
        reason: String,
    },
}

impl State {
    /// Every name a state can have.
    pub const NAMES: [&'static str; 7] = ["planned", "approved", "sending", "sent", "refused", "uncertain", "held"];

    /// The stable name: what JSON, the ledger and the screen call it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Approved => "approved",
            Self::Sending { .. } => "sending",
            Self::Sent { .. } => "sent",
            Self::Refused { .. } => "refused",
            Self::Uncertain { .. } => "uncertain",
            Self::Held { .. } => "held",
        }
    }
}

/// One intended effect on Mosaic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBack {
    /// Its idempotency key, which is its id: fixed for ever.
    pub id: WriteBackId,
    /// The reference in its text.
    pub reference: Reference,
    /// The request it answers.
    pub submission: SubmissionId,
    /// The child whose record is written on.
    pub person: PersonId,
    /// The panel that decided.
    pub panel: PanelName,
    /// The day it sat.
    pub sitting: Date,
    /// The outcome revision it comes from.
    pub revision: u32,
    /// What kind of write it is.
    pub kind: WriteBackKind,
    /// What is written.
    pub payload: Payload,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// Rises with every change; a change names the fence it saw and fails if another came first.
    pub fence: u64,
}
