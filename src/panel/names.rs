//! The names that a panel's file may refer to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Fields of those forms, as each version has them.
    pub fields: BTreeMap<String, Vec<KnownField>>,
    /// Fields of their outcome sections, with the type of each.
    pub outcome_fields: BTreeMap<String, &'static str>,
    /// Facts that those forms answer.
    pub form_facts: BTreeSet<String>,
    /// Facts that fields of those forms hang on.
    pub form_conditions: BTreeSet<String>,
}

/// A field of a form that asks the panel, as one version of the form has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownField {
    /// The file of the version.
    pub file: String,
    /// Its type: `choice`, `yes-no`, `money`.
    pub kind: &'static str,
    /// Its choices, by name.
    pub choices: Vec<String>,
    /// Whether the form asks other panels too, so that some of its choices may be theirs.
    pub asks_others: bool,
}

/// What is known, and the facts that the file names itself.
pub(super) struct Names<'k> {
    pub(super) facts: BTreeSet<String>,
    pub(super) known: &'k Known,
    /// Facts that something hangs on.
    pub(super) used: RefCell<BTreeSet<String>>,
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

    /// A field of the forms that ask the panel, of one of these types. A panel that no form asks yet may name what it
    /// likes.
    pub(super) fn field(&self, table: &Table<'_, '_>, field: &Item<String>, types: &[&str]) {
        if self.known.forms.is_empty() {
            return;
        }
        let names = self.known.fields.keys().cloned().collect();
        unknown(table, field, "field", &names, "name it in the form's mapping file");
        for known in self.known.fields.get(&field.value).into_iter().flatten() {
            if !types.contains(&known.kind) {
                let message = format!("the field `{}` is of the type `{}` in {}", field.value, known.kind, known.file);
                let help = format!("name a field of the type {}", types.join(" or "));
                table.document().error(field.span.clone(), message, Some(help));
            }
        }
    }

    /// The field that a key names, which says in which role somebody acts: its choices are roles.
    pub(super) fn role_field(&self, table: &Table<'_, '_>, key: &str) -> Option<String> {
        let field = table.text(key)?;
        self.field(table, &field, &["choice"]);
        for known in self.known.fields.get(&field.value).into_iter().flatten() {
            for choice in known.choices.iter().filter(|choice| !self.known.roles.contains(*choice)) {
                let message = format!("{} can choose `{choice}` there, which is no role", known.file);
                let near = nearest(choice, self.known.roles.iter().map(String::as_str));
                let help = near.map_or_else(
                    || "name it under [roles] in authority.toml".to_owned(),
                    |meant| format!("did you mean `{meant}` in the form's file?"),
                );
                table.document().error(field.span.clone(), message, Some(help));
            }
        }
        Some(field.value)
    }

    pub(super) fn fact(&self, table: &Table<'_, '_>, fact: &Item<String>) {
        unknown(table, fact, "fact", &self.facts, "name it under [facts] here, or in the form's mapping file");
        self.used.borrow_mut().insert(fact.value.clone());
    }

    /// `when` and `unless` of a table.
    pub(super) fn condition(&self, table: &Table<'_, '_>) -> Condition {
        let facts = |key: &str| -> Vec<Item<String>> {
            table.texts(key).into_iter().inspect(|fact| self.fact(table, fact)).collect()
        };
        let (when, unless) = (facts("when"), facts("unless"));
        for fact in when.iter().filter(|fact| unless.iter().any(|other| other.value == fact.value)) {
            let message = format!("`{}` stands under `when` and under `unless`", fact.value);
            table.document().error(fact.span.clone(), message, Some("take it out of one of the two".to_owned()));
        }
        let names = |facts: Vec<Item<String>>| facts.into_iter().map(|fact| fact.value).collect();
        Condition { when: names(when), unless: names(unless) }
    }

    /// The field that a key names, of one of these types.
    pub(super) fn field_of(&self, table: &Table<'_, '_>, key: &str, types: &[&str]) -> Option<String> {
        let field = table.text(key)?;
        self.field(table, &field, types);
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

/// The deadline of a key, which lies before the sitting.
pub(super) fn before_sitting(table: &Table<'_, '_>, key: &str) -> Option<Deadline> {
    let deadline = deadline(table, key)?;
    if deadline.anchor().name != "sitting" || !deadline.is_before() {
        let span = table.key_span(key).unwrap_or_else(|| table.span());
        let help = "write for instance \"noon on the friday before the sitting\"".to_owned();
        table.document().error(span, "this deadline is not one before the sitting", Some(help));
        return None;
    }
    Some(deadline)
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
