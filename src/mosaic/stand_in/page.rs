//! What is on the records, for a person to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::Value;

use super::documents::Document;
use super::forms::Form;
use super::notes::{Note, NoteStatus};
use super::office::{Office, locked};
use super::persons::StandInPerson;
use super::record::Records;
use super::steps::Step;

/// People on one page: more than that nobody reads.
const PEOPLE_MAX: usize = 500;

const STYLE: &str = "body{font:1.1rem/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#0b0c0c}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;border-left:4px solid #1d70b8;margin:.5rem 0;\
    padding-left:1rem}section{border-top:1px solid #b1b4b6;margin-top:2rem}dt{font-weight:bold}dd{margin:0 0 .5rem}\
    h3{margin-bottom:.25rem}h4{margin:1rem 0 0}.tag{background:#eee;padding:0 .5rem;font-size:.9rem}\
    a{color:#1d70b8}a:focus{outline:3px solid #fd0}";

/// What is on one person's record.
#[derive(Default)]
struct Sheet<'a> {
    notes: Vec<&'a Note>,
    forms: Vec<&'a Form>,
    documents: Vec<&'a Document>,
    steps: Vec<&'a Step>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    person: Option<u64>,
}

pub(super) async fn page(State(office): State<Arc<Office>>, Query(asked): Query<Asked>) -> Response {
    let page = whole(&locked(&office.records), asked.person);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (headers, page.into_string()).into_response()
}

fn whole(records: &Records, only: Option<u64>) -> Markup {
    let mut sheets = sheets(records);
    sheets.retain(|person, _| only.is_none_or(|only| only == *person));
    let people = sheets.len();
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Stand-in for Mosaic" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Stand-in for Mosaic" }
                p { "On these records: " (totals(records)) ". This is a rehearsal: none of it is in Mosaic." }
                @if sheets.is_empty() { p { "Nothing has been written yet." } }
                @for (person, sheet) in sheets.iter().take(PEOPLE_MAX) {
                    (of_person(*person, records.persons.get(person), sheet))
                }
                @if people > PEOPLE_MAX {
                    p { "Only the first " (PEOPLE_MAX) " people of " (people) " are shown. Put ?person= and an id \
                         after the address to see another." }
                }
            }
        }
    }
}

fn sheets(records: &Records) -> BTreeMap<u64, Sheet<'_>> {
    let mut sheets: BTreeMap<u64, Sheet<'_>> = BTreeMap::new();
    for note in records.notes.iter().rev() {
        sheets.entry(note.person_id).or_default().notes.push(note);
    }
    for form in &records.forms {
        sheets.entry(form.form.person_id).or_default().forms.push(form);
    }
    for document in records.documents.iter().rev() {
        sheets.entry(document.person_id).or_default().documents.push(document);
    }
    for step in records.steps.iter().rev() {
        sheets.entry(step.person_id).or_default().steps.push(step);
    }
    sheets
}

fn totals(records: &Records) -> String {
    let counts = [
        ("notes", records.notes.len()),
        ("forms", records.forms.len()),
        ("documents", records.documents.len()),
        ("workflow steps", records.steps.len()),
    ];
    counts.map(|(what, count)| format!("{what} {count}")).join(", ")
}

fn of_person(id: u64, person: Option<&StandInPerson>, sheet: &Sheet<'_>) -> Markup {
    html! {
        section {
            h2 {
                "Person " (id)
                @if let Some(person) = person {
                    @if person.status != "open" { " " span.tag { (person.status) } }
                    @if person.restricted { " " span.tag { "restricted" } }
                    @if let Some(into) = person.merged_into { " " span.tag { "merged into " (into) } }
                }
            }
            @if !sheet.notes.is_empty() {
                h3 { "Case notes: " (sheet.notes.len()) }
                @for note in &sheet.notes { (of_note(note)) }
            }
            @if !sheet.forms.is_empty() {
                h3 { "Forms: " (sheet.forms.len()) }
                @for form in &sheet.forms { (of_form(form)) }
            }
            @if !sheet.documents.is_empty() {
                h3 { "Documents: " (sheet.documents.len()) }
                @for document in &sheet.documents { (of_document(document)) }
            }
            @if !sheet.steps.is_empty() {
                h3 { "Workflow steps: " (sheet.steps.len()) }
                @for step in &sheet.steps { (of_step(step)) }
            }
        }
    }
}

fn of_note(note: &Note) -> Markup {
    html! {
        article {
            h4 { (note.title) @if note.status != NoteStatus::Complete { " " span.tag { (note.status.as_str()) } } }
            p { "Note " (note.case_note_id) ", type " (note.note_type) ", contact date " (note.contact_date) }
            @if !note.alert_recipients.is_empty() { p { "Alerts to " (note.alert_recipients.join(", ")) } }
            pre { (note.body) }
        }
    }
}

fn of_form(form: &Form) -> Markup {
    let (answered, before): (Vec<_>, Vec<_>) =
        form.form.answers.iter().partition(|(code, _)| form.answered.contains(*code));
    let form = &form.form;
    html! {
        article {
            h4 {
                "Form " (form.form_id) " " (form.template) " on step " (form.workflow_step_id)
                " " span.tag { (form.status.as_str()) }
                @if let Some(by) = &form.checked_out_by { " " span.tag { "checked out by " (by) } }
            }
            p { "Answers written: " (answered.len()) "; answers that were there before: " (before.len()) "." }
            @if !answered.is_empty() {
                dl { @for (code, value) in answered { dt { (code) } dd { pre { (told(value)) } } } }
            }
        }
    }
}

fn of_document(document: &Document) -> Markup {
    let address = format!("/_stand-in/documents/{}", document.document_id);
    html! {
        article {
            h4 { (document.title) }
            p {
                "Document " (document.document_id) ", "
                a href=(address) { "download " (document.file_name) } " (" (document.size) " bytes)"
                @if let Some(category) = &document.category { ", category " (category) }
            }
            @if !document.description.is_empty() { pre { (document.description) } }
        }
    }
}

fn of_step(step: &Step) -> Markup {
    html! {
        article {
            h4 { (step.step_type) " " span.tag { (step.status) } }
            p { "Step " (step.workflow_step_id) ", started on " (step.started_on) }
            @if !step.note.is_empty() { pre { (step.note) } }
        }
    }
}

/// An answer as a person reads it.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(many) => many.iter().map(told).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}
