//! A form mapping: which questions of which form mean what.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::text::folded;
use crate::diagnostic::Located;
use crate::domain::{Answer, Fact, FactSource, FactValue, FieldRule, PanelName, Submission, Value, codes};

codes! {
    /// What may stand in a field.
    FieldType {
        /// Free text.
        Text => "text",
        /// One of the field's choices.
        Choice => "choice",
        /// Yes or no.
        YesNo => "yes-no",
        /// A day.
        Date => "date",
        /// A moment.
        DateTime => "date-time",
        /// Money.
        Money => "money",
        /// A person in Mosaic.
        Person => "person",
        /// A worker.
        Worker => "worker",
        /// A number.
        Number => "number",
        /// A repeated group.
        Table => "table",
    }
}

/// One version of one form.
#[derive(Debug, Clone)]
pub struct FormMapping {
    /// The file, for instance `lincolnshire/forms/c0343/v3.toml`.
    pub path: Arc<str>,
    /// The form's name: `C0343`.
    pub form: Arc<str>,
    /// The version's name.
    pub version: Arc<str>,
    /// The form's title.
    pub title: String,
    /// The panel that it asks.
    pub panel: Option<PanelName>,
    /// The field whose choice names another panel, and the panel of each such choice.
    pub panel_by: Option<(String, Vec<(String, PanelName)>)>,
    /// The clause it stands on.
    pub policy: String,
    /// The fields, outcome fields last.
    pub fields: Vec<Field>,
    pub(super) evidence: Evidence,
    pub(super) facts: Vec<FactRule>,
    pub(super) questions: Questions,
}

/// One field of ours and the question it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Our name for it.
    pub name: Arc<str>,
    /// Mosaic's question user code; empty for a table.
    pub question: Arc<str>,
    /// The question's wording, for reports headed by it.
    pub wording: Vec<String>,
    /// What a person is shown.
    pub label: String,
    /// What may stand in it.
    pub kind: FieldType,
    /// Whether a finished form must answer it.
    pub required: bool,
    /// Facts, any of which makes it required.
    pub required_when: Vec<String>,
    /// Whether it can have several answers.
    pub multiple: bool,
    /// What parts several answers in one cell.
    pub separator: Option<String>,
    /// Whether a missing tick means no.
    pub unticked_is_no: bool,
    /// Folded wordings and our names for them.
    pub choices: Vec<(String, Arc<str>)>,
    /// Our names for the choices and Mosaic's wording of each, as it stands.
    pub wordings: Vec<(Arc<str>, String)>,
    /// A table's question collection.
    pub collection: Option<String>,
    /// A table's columns.
    pub columns: Vec<Self>,
    /// Whether it belongs to the outcome section, which the panel fills in.
    pub is_outcome: bool,
}

/// By what a version is recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) template_ids: Vec<i64>,
    pub(super) template_codes: Vec<String>,
    pub(super) versions: Vec<String>,
    pub(super) titles: Vec<String>,
    pub(super) step_types: Vec<String>,
    pub(super) questions: Vec<String>,
    pub(super) absent: Vec<String>,
    pub(super) from: Option<Date>,
    pub(super) until: Option<Date>,
}

/// From which field a fact is read, and which values make it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FactRule {
    pub(super) name: String,
    pub(super) field: String,
    pub(super) is: Vec<String>,
}

/// Which field a question means: by its code as it stands, by its code in any case, by its wording.
#[derive(Debug, Clone, Default)]
pub(super) struct Questions {
    exact: HashMap<String, Target>,
    folded: HashMap<String, Target>,
    ignored: HashSet<String>,
}

/// A field, or a column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) field: usize,
    pub(super) column: Option<usize>,
}

impl Questions {
    pub(super) fn of(fields: &[Field], ignored: impl IntoIterator<Item = String>) -> Self {
        let mut questions =
            Self { ignored: ignored.into_iter().map(|code| folded(&code)).collect(), ..Self::default() };
        for (at, field) in fields.iter().enumerate() {
            questions.add(field, Target { field: at, column: None });
            for (column_at, column) in field.columns.iter().enumerate() {
                questions.add(column, Target { field: at, column: Some(column_at) });
            }
        }
        questions
    }

    fn add(&mut self, field: &Field, target: Target) {
        if !field.question.is_empty() {
            self.exact.insert(field.question.to_string(), target);
            self.folded.insert(folded(&field.question), target);
        }
        for wording in &field.wording {
            // A code always stands before a wording.
            self.folded.entry(folded(wording)).or_insert(target);
        }
    }

    /// The field that a question's code or wording means.
    pub(super) fn target(&self, code: &str, wording: Option<&str>) -> Option<Target> {
        if let Some(target) = self.exact.get(code) {
            return Some(*target);
        }
        let by_wording = || wording.and_then(|wording| self.folded.get(&folded(wording)));
        self.folded.get(&folded(code)).or_else(by_wording).copied()
    }

    pub(super) fn is_ignored(&self, code: &str) -> bool {
        !self.ignored.is_empty() && self.ignored.contains(&folded(code))
    }
}

impl Field {
    /// Mosaic's wording of each choice, by our name for it; the first where several mean the same.
    pub fn choice_wordings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wordings.iter().map(|(name, wording)| (&**name, wording.as_str()))
    }
}

impl FormMapping {
    /// What the version asks of its fields, outcome fields left out: those the panel fills in.
    pub fn field_rules(&self) -> Vec<FieldRule> {
        let asked = self.fields.iter().filter(|field| !field.is_outcome);
        let rules = asked.map(|field| FieldRule {
            field: field.name.clone(),
            label: field.label.clone(),
            question: field.question.clone(),
            required: field.required,
            required_when: field.required_when.clone(),
        });
        rules.collect()
    }

    /// Every panel that it may ask.
    pub fn panels(&self) -> impl Iterator<Item = &PanelName> {
        let by_choice = self.panel_by.iter().flat_map(|(_, panels)| panels.iter().map(|(_, panel)| panel));
        self.panel.iter().chain(by_choice)
    }

    /// The panel that these answers ask.
    pub(super) fn panel_of(&self, answers: &[Answer]) -> Option<&PanelName> {
        let by_choice = self.panel_by.as_ref().and_then(|(field, panels)| {
            let mut given = answers.iter().filter(|answer| *answer.field == **field);
            given.find_map(|answer| match &answer.value {
                Value::Choice(choice) => panels.iter().find(|(name, _)| **name == **choice).map(|(_, panel)| panel),
                _ => None,
            })
        });
        by_choice.or(self.panel.as_ref())
    }

    /// The names of the facts that the form answers.
    pub fn fact_names(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(|fact| fact.name.as_str())
    }

    /// The field that a fact is read from, and the values that make it so.
    #[cfg(test)]
    pub(crate) fn fact_source(&self, name: &str) -> Option<(&str, &[String])> {
        let rule = self.facts.iter().find(|fact| fact.name == name)?;
        Some((&rule.field, &rule.is))
    }

    /// The facts that a submission answers; an unanswered one is unknown.
    pub fn facts(&self, submission: &Submission) -> Vec<Fact> {
        let facts = self.facts.iter().map(|rule| {
            let mut values = submission.answers(&rule.field).filter_map(|answer| {
                let value = match &answer.value {
                    Value::YesNo(yes) => {
                        if *yes {
                            "yes"
                        } else {
                            "no"
                        }
                    }
                    Value::Choice(choice) => choice,
                    Value::Blank | Value::Unread { .. } => return None,
                    _ => "given",
                };
                Some((rule.is.iter().any(|wanted| wanted == value), answer))
            });
            let first = values.next();
            let so = first.as_ref().is_some_and(|(so, _)| *so) || values.any(|(so, _)| so);
            let read_at = first
                .as_ref()
                .map(|(_, answer)| Located { file: submission.origin.file.clone(), place: answer.place.clone() });
            let value = match (first.is_some(), so) {
                (false, _) => FactValue::Unknown,
                (true, true) => FactValue::Yes,
                (true, false) => FactValue::No,
            };
            Fact { name: rule.name.clone(), value, source: FactSource::Answer, read_at }
        });
        facts.collect()
    }
}
