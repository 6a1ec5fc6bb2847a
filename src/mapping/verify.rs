//! Puts drafts together: what a version takes over, and what must agree across files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::form::{Field, FieldType, FormMapping, Questions};
use super::library::Library;
use super::read::{Draft, Placed};
use super::text::folded;
use crate::diagnostic::{TomlDocument, nearest};
use crate::domain::{AuthorityName, PanelName};

/// A draft, its file and its document.
pub(super) struct Drafted<'s> {
    pub(super) path: String,
    pub(super) folder: String,
    pub(super) stem: String,
    pub(super) document: TomlDocument<'s>,
    pub(super) draft: Option<Draft>,
}

/// The mapping of a draft with everything it takes over, if the drafts that it takes over from are there.
pub(super) fn whole(
    authority: &AuthorityName,
    drafts: &BTreeMap<(String, String), Drafted<'_>>,
    one: &Drafted<'_>,
    library: &Library,
) -> Option<FormMapping> {
    let draft = one.draft.as_ref()?;
    let chain = chain(drafts, one)?;
    let expected = format!("v{}", draft.version.value);
    if one.stem != expected {
        let help =
            format!("rename the file to {expected}.toml, or write version = \"{}\"", one.stem.trim_start_matches('v'));
        one.document.error(draft.version.span.clone(), "the version is not the name of the file", Some(help));
    }
    let fields = fields(one, draft, &chain);
    let facts = facts(one, draft, &chain, &fields);
    let inherited = |part: fn(&Draft) -> Option<&String>| chain.iter().find_map(|draft| part(draft)).cloned();
    let panel = chain.iter().find_map(|draft| draft.panel.as_ref());
    let panel = panel.map(|panel| PanelName::of(authority, &panel.value));
    check_panels(authority, one, draft, &fields, library);
    check_conditions(one, draft, &facts, panel.as_ref(), library);
    questions_once(one, draft, &fields);
    let mut evidence = draft.evidence.clone();
    for above in &chain {
        let take = |own: &mut Vec<String>, theirs: &[String]| {
            if own.is_empty() {
                own.extend_from_slice(theirs);
            }
        };
        // Which form it is may be taken over; which version it is, never.
        take(&mut evidence.template_codes, &above.evidence.template_codes);
        take(&mut evidence.titles, &above.evidence.titles);
        take(&mut evidence.step_types, &above.evidence.step_types);
    }
    let ignored = chain.iter().flat_map(|draft| draft.ignored.iter().cloned());
    Some(FormMapping {
        path: one.path.as_str().into(),
        form: draft.form.value.as_str().into(),
        version: draft.version.value.as_str().into(),
        title: inherited(|draft| draft.title.as_ref()).unwrap_or_else(|| draft.form.value.clone()),
        panel_by: panel_by(authority, &chain),
        panel,
        policy: inherited(|draft| draft.policy.as_ref()).unwrap_or_default(),
        questions: Questions::of(&fields, ignored),
        fields,
        evidence,
        facts: facts.into_iter().collect(),
    })
}

/// The draft itself and those it takes over from, nearest first.
fn chain<'a>(drafts: &'a BTreeMap<(String, String), Drafted<'_>>, one: &'a Drafted<'_>) -> Option<Vec<&'a Draft>> {
    let mut chain = vec![one.draft.as_ref()?];
    let mut seen = BTreeSet::from([one.stem.clone()]);
    while let Some(extends) = chain.last().and_then(|draft| draft.extends.as_ref()) {
        let own = one.draft.as_ref().and_then(|draft| draft.extends.as_ref());
        let span = own.map(|own| own.span.clone()).unwrap_or_default();
        if !seen.insert(extends.value.clone()) {
            one.document.error(
                span,
                "the versions take over from each other in a circle",
                Some("break the circle".into()),
            );
            return None;
        }
        let above = drafts.get(&(one.folder.clone(), extends.value.clone()));
        let Some(above) = above else {
            let known: Vec<&str> =
                drafts.keys().filter(|(folder, _)| *folder == one.folder).map(|(_, stem)| stem.as_str()).collect();
            let help = nearest(&extends.value, known.iter().copied()).map_or_else(
                || format!("the versions here are: {}", known.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            one.document.error(span, format!("there is no version `{}` in this folder", extends.value), Some(help));
            return None;
        };
        chain.push(above.draft.as_ref()?);
    }
    Some(chain)
}

fn fields(one: &Drafted<'_>, draft: &Draft, chain: &[&Draft]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for draft in chain.iter().rev() {
        fields.retain(|field| draft.gone.iter().all(|gone| *gone.value != *field.name));
        for Placed { value, .. } in &draft.fields {
            match fields.iter_mut().find(|field| field.name == value.name && field.is_outcome == value.is_outcome) {
                Some(field) => *field = value.clone(),
                None => fields.push(value.clone()),
            }
        }
    }
    for gone in &draft.gone {
        let taken_over = chain.iter().skip(1).flat_map(|draft| &draft.fields);
        let names: Vec<&str> = taken_over.map(|field| &*field.value.name).collect();
        if !names.contains(&gone.value.as_str()) {
            let help = nearest(&gone.value, names.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            one.document.error(gone.span.clone(), format!("`{}` is not taken over, so it cannot go", gone.value), help);
        }
    }
    fields.sort_by_key(|field| field.is_outcome);
    fields
}

fn facts(one: &Drafted<'_>, draft: &Draft, chain: &[&Draft], fields: &[Field]) -> Vec<super::form::FactRule> {
    let names = || fields.iter().map(|field| &*field.name);
    for fact in &draft.facts {
        if !names().any(|name| name == fact.value.field) {
            let help = nearest(&fact.value.field, names()).map(|meant| format!("did you mean `{meant}`?"));
            one.document.error(fact.span.clone(), format!("there is no field `{}`", fact.value.field), help);
        }
        fact_values(one, fact, fields);
    }
    let mut facts: Vec<super::form::FactRule> = Vec::new();
    for draft in chain.iter().rev() {
        for fact in &draft.facts {
            facts.retain(|known| known.name != fact.value.name);
            facts.push(fact.value.clone());
        }
    }
    facts.retain(|fact| names().any(|name| name == fact.field));
    facts
}

/// The field that chooses the panel, and its choices: those of the nearest version that says so.
fn panel_by(authority: &AuthorityName, chain: &[&Draft]) -> Option<(String, Vec<(String, PanelName)>)> {
    let draft = chain.iter().find(|draft| draft.panel_by.is_some())?;
    let panels =
        draft.panels.iter().map(|(choice, panel)| (choice.value.clone(), PanelName::of(authority, &panel.value)));
    Some((draft.panel_by.as_ref()?.value.clone(), panels.collect()))
}

fn check_panels(authority: &AuthorityName, one: &Drafted<'_>, draft: &Draft, fields: &[Field], library: &Library) {
    let folder = format!("{authority}/panels");
    let known: Vec<&str> = library.files_in(&folder).map(|(_, name)| name).collect();
    for panel in draft.panel.iter().chain(draft.panels.iter().map(|(_, panel)| panel)) {
        if !known.contains(&panel.value.as_str()) {
            let help = near_or_all(&panel.value, &known, "panels");
            let message = format!("there is no panel `{}` under {folder}/", panel.value);
            one.document.error(panel.span.clone(), message, Some(help));
        }
    }
    let Some(by) = &draft.panel_by else { return };
    let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    let Some(field) = fields.iter().find(|field| *field.name == *by.value) else {
        let help = near_or_all(&by.value, &names, "fields");
        return one.document.error(by.span.clone(), format!("there is no field `{}`", by.value), Some(help));
    };
    let choices: Vec<&str> = field.choices.iter().map(|(_, choice)| &**choice).collect();
    for (choice, _) in draft.panels.iter().filter(|(choice, _)| !choices.contains(&choice.value.as_str())) {
        let help = near_or_all(&choice.value, &choices, "choices");
        let message = format!("`{}` has no choice `{}`", by.value, choice.value);
        one.document.error(choice.span.clone(), message, Some(help));
    }
}

fn near_or_all(name: &str, known: &[&str], what: &str) -> String {
    nearest(name, known.iter().copied())
        .map_or_else(|| format!("the {what} are: {}", known.join(", ")), |meant| format!("did you mean `{meant}`?"))
}

/// A condition needs a fact that somebody can know: one that the form answers, or one that its panel names.
fn check_conditions(
    one: &Drafted<'_>,
    draft: &Draft,
    facts: &[super::form::FactRule],
    panel: Option<&PanelName>,
    library: &Library,
) {
    let panel = panel.map(|panel| format!("{}/panels/{}.toml", panel.authority(), panel.panel()));
    let text = panel.and_then(|path| library.text(&path));
    let of_panel: Vec<String> = text.map_or_else(Vec::new, |text| {
        let document = TomlDocument::parse("panel", text);
        let names = document.root().map(|root| root.tables("facts").into_iter().map(|(name, _)| name.value).collect());
        names.unwrap_or_default()
    });
    let known = || facts.iter().map(|fact| fact.name.as_str()).chain(of_panel.iter().map(String::as_str));
    for condition in &draft.conditions {
        if !known().any(|fact| fact == condition.value) {
            let help = nearest(&condition.value, known()).map_or_else(
                || "name it under [facts] here or in the panel's file".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            one.document.error(
                condition.span.clone(),
                format!("nobody knows the fact `{}`", condition.value),
                Some(help),
            );
        }
    }
}

/// No question may mean two fields. The place is that of the field stated in this file.
fn questions_once(one: &Drafted<'_>, draft: &Draft, fields: &[Field]) {
    let mut by_question: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let all = fields
        .iter()
        .flat_map(|field| field.columns.iter().chain(std::iter::once(field)).map(move |part| (field, part)));
    for (field, part) in all.filter(|(_, part)| !part.question.is_empty()) {
        let Some(other) = by_question.insert(folded(&part.question), field.name.clone()) else { continue };
        let own =
            draft.fields.iter().rev().find(|placed| placed.value.name == field.name || placed.value.name == other);
        let span = own.map_or_else(|| draft.recognise.clone(), |placed| placed.span.clone());
        let message = format!("the question `{}` means both `{other}` and `{}`", part.question, field.name);
        one.document.error(span, message, Some("give one of the two its own question".to_owned()));
    }
    wordings_once(one, draft, fields);
}

/// No wording may mean two fields, and nothing that is read is ignored.
fn wordings_once(one: &Drafted<'_>, draft: &Draft, fields: &[Field]) {
    let mut by_wording: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let place = |names: [&str; 2]| {
        let own = draft.fields.iter().rev().find(|placed| names.contains(&&*placed.value.name));
        own.map_or_else(|| draft.recognise.clone(), |placed| placed.span.clone())
    };
    for field in fields {
        for wording in &field.wording {
            let other = by_wording.insert(folded(wording), field.name.clone()).filter(|other| *other != field.name);
            if let Some(other) = other {
                let message = format!("the wording “{wording}” means both `{other}` and `{}`", field.name);
                let help = "give one of the two its own wording".to_owned();
                one.document.error(place([&other, &field.name]), message, Some(help));
            }
        }
        if draft.ignored.iter().any(|ignored| folded(ignored) == folded(&field.question)) {
            let message = format!("the question `{}` is read and ignored", field.question);
            one.document.error(place([&field.name, ""]), message, Some("take it out of one of the two".to_owned()));
        }
    }
}

/// The values that make a fact so are ones that its field can have.
fn fact_values(one: &Drafted<'_>, fact: &Placed<super::form::FactRule>, fields: &[Field]) {
    let Some(field) = fields.iter().find(|field| *field.name == *fact.value.field) else { return };
    let known: Vec<&str> = match field.kind {
        FieldType::YesNo => vec!["yes", "no"],
        FieldType::Choice => field.choices.iter().map(|(_, choice)| &**choice).collect(),
        _ => vec!["given"],
    };
    for value in fact.value.is.iter().filter(|value| !known.contains(&value.as_str())) {
        let help = near_or_all(value, &known, "values");
        let message = format!("`{}` is never `{value}`", field.name);
        one.document.error(fact.span.clone(), message, Some(help));
    }
}

/// Two versions that carry the same evidence can never be told apart.
pub(super) fn told_apart(mappings: &[FormMapping], drafts: &BTreeMap<(String, String), Drafted<'_>>) {
    for (at, one) in mappings.iter().enumerate() {
        let twin = mappings.iter().take(at).find(|other| other.evidence == one.evidence);
        let drafted = drafts.values().find(|drafted| *drafted.path == *one.path);
        if let (Some(twin), Some(drafted)) = (twin, drafted) {
            let span = drafted.draft.as_ref().map(|draft| draft.recognise.clone()).unwrap_or_default();
            let message = format!("this version and {} are recognised by the same evidence", twin.path);
            drafted.document.error(span, message, Some("add what tells the two apart".to_owned()));
        }
    }
}
