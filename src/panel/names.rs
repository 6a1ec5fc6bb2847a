//! The names that a panel's file may refer to.

use std::collections::BTreeSet;

use jiff::Span;

use super::Condition;
use crate::calendar::Deadline;
use crate::diagnostic::{Item, Table, nearest};

/// What the panel's authority names, for its file to refer to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Kinds of document.
    pub documents: BTreeSet<String>,
    /// Kinds of event.
    pub events: BTreeSet<String>,
    /// Roles.
    pub roles: BTreeSet<String>,
    /// Panels.
    pub panels: BTreeSet<String>,
    /// Forms that ask this panel.
    pub forms: BTreeSet<String>,
    /// Fields of those forms.
    pub fields: BTreeSet<String>,
    /// Facts that those forms answer.
    pub form_facts: BTreeSet<String>,
}

/// What is known, and the facts that the file names itself.
pub(super) struct Names<'k> {
    pub(super) facts: BTreeSet<String>,
    pub(super) known: &'k Known,
}

impl Names<'_> {
    pub(super) fn document(&self, table: &Table<'_, '_>, kind: &Item<String>) {
        unknown(table, kind, "kind of document", &self.known.documents, "name it in authority.toml");
    }

    pub(super) fn event(&self, table: &Table<'_, '_>, kind: &Item<String>) {
        unknown(table, kind, "kind of event", &self.known.events, "name it in authority.toml");
    }

    pub(super) fn role(&self, table: &Table<'_, '_>, role: &Item<String>) {
        unknown(table, role, "role", &self.known.roles, "name it in authority.toml");
    }

    pub(super) fn panel(&self, table: &Table<'_, '_>, panel: &Item<String>) {
        unknown(table, panel, "panel", &self.known.panels, "add its file under panels/");
    }

    /// A field of the forms that ask the panel. A panel that no form asks yet may name what it likes.
    pub(super) fn field(&self, table: &Table<'_, '_>, field: &Item<String>) {
        if !self.known.forms.is_empty() {
            unknown(table, field, "field", &self.known.fields, "name it in the form's mapping file");
        }
    }

    pub(super) fn fact(&self, table: &Table<'_, '_>, fact: &Item<String>) {
        unknown(table, fact, "fact", &self.facts, "name it under [facts] here, or in the form's mapping file");
    }

    /// `when` and `unless` of a table.
    pub(super) fn condition(&self, table: &Table<'_, '_>) -> Condition {
        let facts = |key: &str| {
            let facts = table.texts(key).into_iter().inspect(|fact| self.fact(table, fact));
            facts.map(|fact| fact.value).collect()
        };
        Condition { when: facts("when"), unless: facts("unless") }
    }

    /// The field that a key names.
    pub(super) fn field_of(&self, table: &Table<'_, '_>, key: &str) -> Option<String> {
        let field = table.text(key)?;
        self.field(table, &field);
        Some(field.value)
    }

    /// The roles that a key names.
    pub(super) fn roles_of(&self, table: &Table<'_, '_>, key: &str) -> Vec<String> {
        let roles = table.texts(key).into_iter().inspect(|role| self.role(table, role));
        roles.map(|role| role.value).collect()
    }
}

fn unknown(table: &Table<'_, '_>, name: &Item<String>, what: &str, known: &BTreeSet<String>, otherwise: &str) {
    if !known.contains(&name.value) {
        let near = nearest(&name.value, known.iter().map(String::as_str));
        let help = near.map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"));
        table.document().error(name.span.clone(), format!("there is no {what} `{}`", name.value), Some(help));
    }
}

/// The text of a key, empty where it is not there.
pub(super) fn text(table: &Table<'_, '_>, key: &str) -> String {
    table.text(key).map(|text| text.value).unwrap_or_default()
}

/// The texts of a key.
pub(super) fn texts(table: &Table<'_, '_>, key: &str) -> Vec<String> {
    table.texts(key).into_iter().map(|text| text.value).collect()
}

/// The deadline of a key, which must be there.
pub(super) fn deadline(table: &Table<'_, '_>, key: &str) -> Option<Deadline> {
    let phrase = table.required_text(key)?;
    let read = Deadline::parse(&phrase.value).map_err(|trouble| {
        // One byte for the quotation mark.
        let at = phrase.span.start + 1 + trouble.at;
        let help =
            "write for instance \"noon on the friday before the sitting\" or \"3 working days before the sitting\"";
        table.document().error(at..phrase.span.end, trouble.message, Some(help.to_owned()));
    });
    read.ok()
}

/// The period of a key; `Err` where it cannot be read.
pub(super) fn period(table: &Table<'_, '_>, key: &str) -> Result<Option<Span>, ()> {
    let Some(given) = table.text(key) else { return Ok(None) };
    given.value.parse::<Span>().map(Some).map_err(|_| {
        let help = "write for instance \"3 months\" or \"10 days\"".to_owned();
        table.document().error(given.span, "the period cannot be read", Some(help));
    })
}

/// One of several words, by key.
pub(super) fn word<T: Copy>(table: &Table<'_, '_>, given: &Item<String>, known: &[(&str, T)]) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == given.value).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let help = format!("write one of {}", names.join(", "));
        table.document().error(given.span.clone(), format!("`{}` is not known here", given.value), Some(help));
    }
    found
}
