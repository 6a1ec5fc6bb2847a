//! Reads what a panel can decide.

use super::names::Names;
use super::{Choice, FormOutcome, MinutesForm, NoteForm, OutcomeField, OutcomeFieldKind, OutcomeForm, StepForm};
use crate::diagnostic::{Item, Table, nearest};
use crate::domain::limit;

/// The `[outcome]` of a panel's file.
pub(super) fn outcome(root: &Table<'_, '_>, names: &Names<'_>) -> OutcomeForm {
    let Some(table) = root.table("outcome") else {
        return OutcomeForm::default();
    };
    let decisions = choices(&table, "decisions");
    let fields: Vec<OutcomeField> =
        table.tables("fields").into_iter().map(|(name, field)| self::field(&name, field, &decisions)).collect();
    let note = table.table("note").and_then(|note| self::note(note, &fields));
    let form = table.table("form").and_then(|form| self::form(form, &fields, names));
    let minutes = table.table("minutes").and_then(|minutes| self::minutes(minutes, &fields));
    let steps = table.tables("steps").into_iter();
    let steps = steps.filter_map(|(name, step)| self::step(&name, step, &decisions, &fields)).collect();
    table.finish();
    OutcomeForm { decisions, fields, note, form, minutes, steps }
}

/// `[outcome.form]`.
fn form(table: Table<'_, '_>, fields: &[OutcomeField], names: &Names<'_>) -> Option<FormOutcome> {
    let reference = table.required_text("reference-field");
    if let Some(reference) = &reference {
        known_field(&table, reference, fields);
        if names.known.outcome_fields.get(&reference.value).is_some_and(|kind| *kind != "text") {
            let message = format!("`{}` is no text in the form, so that it cannot carry a reference", reference.value);
            table.document().error(
                reference.span.clone(),
                message,
                Some("name a field that is a text there".to_owned()),
            );
        }
        if !names.known.forms.is_empty() && !names.known.outcome_fields.contains_key(&reference.value) {
            let message = format!("no form has `{}` under [outcome]", reference.value);
            let known = names.known.outcome_fields.keys().map(String::as_str);
            let help = nearest(&reference.value, known).map(|meant| format!("did you mean `{meant}`?"));
            table.document().error(reference.span.clone(), message, help);
        }
    }
    let policy = super::names::text(&table, "policy");
    table.finish();
    reference.map(|reference| FormOutcome { reference_field: reference.value, policy })
}

/// `[outcome.minutes]`.
fn minutes(table: Table<'_, '_>, fields: &[OutcomeField]) -> Option<MinutesForm> {
    let told = table.texts("fields");
    told.iter().for_each(|field| known_field(&table, field, fields));
    placeholders(&table);
    let text = |key: &str| table.required_text(key).map(|text| text.value);
    let (title, decided_by, recorded_by) = (text("title"), text("decided-by"), text("recorded-by"));
    let minutes = MinutesForm {
        title: title?,
        fields: told.into_iter().map(|field| field.value).collect(),
        decided_by: decided_by?,
        recorded_by: recorded_by?,
        policy: super::names::text(&table, "policy"),
    };
    table.finish();
    Some(minutes)
}

/// `[outcome.steps.<name>]`.
fn step(name: &Item<String>, table: Table<'_, '_>, decisions: &[Choice], fields: &[OutcomeField]) -> Option<StepForm> {
    let step_type = table.required_text("type");
    let with = table.texts("with");
    with.iter().for_each(|decision| known_decision(&table, decision, decisions));
    let (field, is) = (table.text("field"), table.texts("is"));
    if let Some(field) = &field {
        known_field(&table, field, fields);
        let choices: Vec<&str> =
            fields.iter().filter(|known| known.name == field.value).flat_map(|known| known.choices()).collect();
        for choice in is.iter().filter(|choice| !choices.contains(&choice.value.as_str())) {
            let help = nearest(&choice.value, choices.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            table.document().error(choice.span.clone(), format!("`{}` is never `{}`", field.value, choice.value), help);
        }
    }
    let policy = table.required_text("policy");
    table.finish();
    Some(StepForm {
        name: name.value.clone(),
        step_type: step_type?.value,
        with: with.into_iter().map(|decision| decision.value).collect(),
        field: field.map(|field| (field.value, is.into_iter().map(|choice| choice.value).collect())),
        policy: policy?.value,
    })
}

pub(super) fn known_field(table: &Table<'_, '_>, field: &Item<String>, fields: &[OutcomeField]) {
    if !fields.iter().any(|known| known.name == field.value) {
        let near = nearest(&field.value, fields.iter().map(|known| known.name.as_str()));
        let help = near.map(|meant| format!("did you mean `{meant}`?"));
        table.document().error(field.span.clone(), format!("there is no outcome field `{}`", field.value), help);
    }
}

pub(super) fn known_decision(table: &Table<'_, '_>, decision: &Item<String>, decisions: &[Choice]) {
    if !decisions.iter().any(|known| known.name == decision.value) {
        let near = nearest(&decision.value, decisions.iter().map(|known| known.name.as_str()));
        let help = near.map(|meant| format!("did you mean `{meant}`?"));
        table.document().error(decision.span.clone(), format!("there is no decision `{}`", decision.value), help);
    }
}

/// A title knows one placeholder.
fn placeholders(table: &Table<'_, '_>) {
    let Some(title) = table.text("title") else { return };
    let rest = title.value.replace("{sitting}", "");
    if let Some((_, after)) = rest.split_once('{') {
        let name = after.split('}').next().unwrap_or_default();
        let help = Some("`{sitting}` stands for the day of the sitting".to_owned());
        table.document().error(title.span, format!("`{{{name}}}` stands for nothing"), help);
    }
}

/// A table of choices: name and what a person is shown.
fn choices(table: &Table<'_, '_>, key: &str) -> Vec<Choice> {
    let Some(choices) = table.table(key) else { return Vec::new() };
    let read = choices.keys().into_iter().filter_map(|name| {
        let title = choices.text(&name.value)?;
        Some(Choice { name: name.value, title: title.value })
    });
    read.collect()
}

fn field(name: &Item<String>, table: Table<'_, '_>, decisions: &[Choice]) -> OutcomeField {
    const KINDS: [&str; 4] = ["text", "date", "choice", "yes-no"];
    let kind = table.text("type").map_or(Some(OutcomeFieldKind::Text), |given| match given.value.as_str() {
        "text" => Some(OutcomeFieldKind::Text),
        "date" => Some(OutcomeFieldKind::Date),
        "yes-no" => Some(OutcomeFieldKind::YesNo),
        "choice" => Some(OutcomeFieldKind::Choice(choices(&table, "choices"))),
        other => {
            let help = nearest(other, KINDS).map_or_else(
                || format!("the types are: {}", KINDS.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            table.document().error(given.span.clone(), format!("there is no type `{other}` here"), Some(help));
            None
        }
    });
    let required_with = table.texts("required-with");
    required_with.iter().for_each(|decision| known_decision(&table, decision, decisions));
    let comes_back = table.flag("comes-back");
    if let Some(flag) = comes_back.as_ref().filter(|flag| flag.value && kind != Some(OutcomeFieldKind::Date)) {
        let message = "a day on which it comes back is of the type `date`";
        table.document().error(flag.span.clone(), message, Some("write type = \"date\"".to_owned()));
    }
    let field = OutcomeField {
        name: name.value.clone(),
        title: table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value),
        help: table.text("help").map(|help| help.value).unwrap_or_default(),
        kind: kind.unwrap_or(OutcomeFieldKind::Text),
        comes_back: comes_back.is_some_and(|flag| flag.value),
        required_with: required_with.into_iter().map(|decision| decision.value).collect(),
        policy: table.text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    field
}

fn note(table: Table<'_, '_>, fields: &[OutcomeField]) -> Option<NoteForm> {
    let note_type = table.required_text("type");
    if let Some(given) = note_type.as_ref().filter(|given| given.value.chars().count() > limit::NOTE_TYPE_CHARS_MAX) {
        let message = format!("a note's type has at most {} characters", limit::NOTE_TYPE_CHARS_MAX);
        table.document().error(given.span.clone(), message, Some("use the code and not its description".to_owned()));
    }
    let told = table.texts("fields");
    told.iter().for_each(|field| known_field(&table, field, fields));
    placeholders(&table);
    let text = |key: &str| table.required_text(key).map(|text| text.value);
    let note = (text("title"), text("decided-by"), text("recorded-by"));
    let form = NoteForm {
        note_type: note_type.map(|given| given.value).unwrap_or_default(),
        title: note.0.unwrap_or_default(),
        fields: told.into_iter().map(|field| field.value).collect(),
        decided_by: note.1.unwrap_or_default(),
        recorded_by: note.2.unwrap_or_default(),
        alert_recipients: table.texts("alert-recipients").into_iter().map(|recipient| recipient.value).collect(),
        policy: table.text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    Some(form)
}
