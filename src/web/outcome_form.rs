//! Filling in the outcomes of a sitting: the form, what would be written on each record, and recording it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts::Field;
use super::posted::Posted;
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address, outcomes, parts};
use crate::domain::{PanelName, SignInRole, SubmissionId};
use crate::operation::{
    ChoiceShown, FieldShown, FieldTrouble, FilledRow, FormStep, OutcomeFormFilled, OutcomeFormRow, OutcomeFormShown,
    OutcomeListed, Paging, Wording,
};
use crate::report;

/// What the names of the panel's own fields begin with, and what its decision is called.
const FIELD: &str = "field-";
const DECISION: &str = "decision";

/// Requests of a page: what somebody can fill in before they check it.
const REQUESTS: u32 = 25;

/// Which sitting, by the address.
type Sitting = (String, String, Date);

/// Which of its requests, and what was done just before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    #[serde(default)]
    done: String,
}

/// What a page of the form is shown with.
#[derive(Default)]
struct Told<'t> {
    /// The request after which the page begins.
    after: Option<&'t str>,
    /// What was done just before, in a banner.
    done: Option<String>,
    filled: &'t [FilledRow],
    troubles: &'t [FieldTrouble],
}

/// The form.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Path(sitting): Path<Sitting>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let form = form(&site, &visitor, &sitting, asked.after.clone()).await?;
    let done = "What you filled in on the page before is recorded. These are the next requests.";
    let done = (asked.done == "recorded").then(|| done.to_owned());
    let told = Told { after: asked.after.as_deref(), done, ..Told::default() };
    Ok(shown(&visitor, &site.wording().await?, &form, &told))
}

async fn form(
    site: &Site,
    visitor: &Visitor,
    (authority, panel, date): &Sitting,
    after: Option<String>,
) -> Result<OutcomeFormShown, PageFailure> {
    let (actor, name, date) = (visitor.acting(SignInRole::Administrator), format!("{authority}/{panel}"), *date);
    let paging = Paging { after, limit: REQUESTS };
    site.ask(actor, move |installation| installation.outcome_form(&name, date, &paging)).await
}

fn shell(visitor: &Visitor, wording: &Wording, form: &OutcomeFormShown) -> Shell {
    let title = format!("Outcomes of {}", report::day(form.sitting));
    Shell::new(visitor, &title, Room::Outcomes).caption(wording.panel(&form.panel)).back("/outcomes", "Outcomes")
}

/// The form as it was filled in, with what is wrong; as it is recorded where nothing was filled in.
fn shown(visitor: &Visitor, wording: &Wording, form: &OutcomeFormShown, told: &Told<'_>) -> Response {
    let errors: Vec<FieldError> = told.troubles.iter().map(|trouble| error(form, trouble)).collect();
    let is_paged = told.after.is_some() || form.next.is_some();
    let body = html! {
        @if form.rows.is_empty() {
            (parts::empty("No request is expected at this sitting, and none was decided at it."))
        } @else {
            p { "Leave out what was not decided. Nothing is written on a record before somebody has approved it." }
            @if is_paged {
                p {
                    "The sitting has more requests than one page: those that were handed in first are on the first. "
                    "Check and record what you fill in before you go to another page."
                }
            }
            form action=(address::outcomes_after(&form.panel, form.sitting, told.after)) method="post" {
                (parts::csrf(visitor))
                @for (number, row) in form.rows.iter().enumerate() {
                    @let own = told.filled.iter().find(|one| one.submission == row.submission && one.person == row.person);
                    (row_fields(wording, form, number, row, own, &errors))
                }
                button name="step" value="check" { "Check what will be written" }
            }
            (parts::next(form.next.as_deref().map(|next| address::outcomes_after(&form.panel, form.sitting, Some(next)))))
        }
    };
    shell(visitor, wording, form).done(told.done.clone()).errors(errors).show(&body)
}

/// A trouble at the field that it is about.
fn error(form: &OutcomeFormShown, trouble: &FieldTrouble) -> FieldError {
    let is_own = |row: &OutcomeFormRow| row.submission == trouble.submission && row.person == trouble.person;
    let number = form.rows.iter().position(is_own).unwrap_or(0);
    let message = super::failure::sentence(&parts::with_people(&trouble.message));
    let message = format!("{message} {}", super::failure::sentence(&trouble.help));
    let prefix = if trouble.field == DECISION { "" } else { FIELD };
    FieldError::new(format!("{prefix}{}-{number}", trouble.field), message)
}

fn row_fields(
    wording: &Wording,
    form: &OutcomeFormShown,
    number: usize,
    row: &OutcomeFormRow,
    filled: Option<&FilledRow>,
    errors: &[FieldError],
) -> Markup {
    let decision = filled.map_or(row.decision.as_deref(), |filled| filled.decision.as_deref());
    let value = |name: &str| filled.map_or(&row.fields, |filled| &filled.fields).get(name).map_or("", String::as_str);
    // What somebody has seen is what they were shown first.
    let seen = filled.map_or(row.revision, |filled| filled.seen_revision);
    let whose = format!("{}, person {}", row.submission, row.person);
    let (needed, others): (Vec<_>, Vec<_>) = form.fields.iter().partition(|field| is_needed(field, decision));
    let shown_field = |field: &FieldShown| one_field(form, field, number, &whose, value(&field.name), errors);
    let is_used = |field: &FieldShown| {
        let id = format!("{FIELD}{}-{number}", field.name);
        !value(&field.name).is_empty() || errors.iter().any(|error| error.field == id)
    };
    html! {
        section aria-labelledby={ "row-" (number) } {
            h2 id={ "row-" (number) } {
                (row.submission) ", person " (row.person) @if let Some(initials) = &row.initials { " (" (initials) ")" }
            }
            @if !row.kinds.is_empty() { p { "Asks for: " (row.kinds.join(", ")) } }
            @if row.revision > 0 {
                p.inset {
                    "Recorded" @if let Some(by) = &row.recorded_by { " by " (parts::who(by)) }
                    @if let Some(at) = &row.recorded_at { ", " (wording.moment_of(&form.panel.authority(), at)) } ". A change becomes the next revision."
                }
            }
            input type="hidden" name={ "submission-" (number) } value=(row.submission);
            input type="hidden" name={ "person-" (number) } value=(row.person);
            input type="hidden" name={ "seen-" (number) } value=(seen);
            (choice(&format!("decision-{number}"), "Decision", &whose, "", &form.decisions, decision.unwrap_or(""), errors))
            div.two { @for field in needed { (shown_field(field)) } }
            @if !others.is_empty() {
                details open[others.iter().any(|field| is_used(field))] {
                    summary { "Other things to record" span.hidden { " for " (whose) } }
                    div { div.two { @for field in others { (shown_field(field)) } } }
                }
            }
        }
    }
}

/// Whether a decision needs a field; before one is chosen, whether any does.
fn is_needed(field: &FieldShown, decision: Option<&str>) -> bool {
    match decision {
        Some(decision) => field.required_with.iter().any(|with| with == decision),
        None => !field.required_with.is_empty(),
    }
}

fn one_field(
    form: &OutcomeFormShown,
    field: &FieldShown,
    number: usize,
    whose: &str,
    value: &str,
    errors: &[FieldError],
) -> Markup {
    let id = format!("{FIELD}{}-{number}", field.name);
    let titles = form.decisions.iter().filter(|one| field.required_with.contains(&one.name));
    let with: Vec<&str> = titles.map(|one| one.title.as_str()).collect();
    let needed = if with.is_empty() { String::new() } else { format!(" Needed with: {}.", with.join(", ")) };
    let hint = format!("{}{needed}", super::failure::sentence(&field.help)).trim().to_owned();
    if !field.choices.is_empty() {
        return choice(&id, &field.title, whose, &hint, &field.choices, value, errors);
    }
    let label = html! { (field.title) span.hidden { " for " (whose) } };
    let own = Field { id: &id, label, hint: &hint, errors };
    let (described, is_wrong) = (own.described(), own.is_wrong());
    own.round(&html! {
        @if field.kind == "date" {
            input id=(id) name=(id) type="date" value=(value) aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")];
        } @else {
            textarea id=(id) name=(id) rows="3" aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")] { (value) }
        }
    })
}

fn choice(
    id: &str,
    label: &str,
    whose: &str,
    hint: &str,
    choices: &[ChoiceShown],
    value: &str,
    errors: &[FieldError],
) -> Markup {
    let own = Field { id, label: html! { (label) span.hidden { " for " (whose) } }, hint, errors };
    own.round(&html! {
        select id=(id) name=(id) aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")] {
            option value="" {}
            @for one in choices { option value=(one.name) selected[one.name == value] { (one.title) } }
        }
    })
}

/// The rows as they were filled in.
fn filled(form: &OutcomeFormShown, posted: &Posted) -> Vec<FilledRow> {
    let mut filled = Vec::new();
    for number in 0.. {
        let own = |name: &str| posted.text(&format!("{name}-{number}")).map(ToOwned::to_owned);
        let (Some(submission), Some(person)) = (own("submission"), own("person")) else { break };
        let fields: BTreeMap<String, String> = form
            .fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), own(&format!("{FIELD}{}", field.name))?)))
            .collect();
        filled.push(FilledRow {
            submission: SubmissionId::new(submission),
            person,
            seen_revision: own("seen").and_then(|seen| seen.parse().ok()).unwrap_or(0),
            decision: own("decision"),
            fields,
        });
    }
    filled
}

/// Checks what was filled in and shows what would be written; records it where that was seen.
pub(super) async fn post(
    State(site): State<Site>,
    visitor: Visitor,
    Path(sitting): Path<Sitting>,
    Query(asked): Query<Asked>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let step = match posted.text("step") {
        Some("change") => FormStep::Change,
        Some("record") => FormStep::Record,
        _ => FormStep::Check,
    };
    let (authority, panel, date) = sitting;
    let (actor, name) = (visitor.acting(SignInRole::Administrator), format!("{authority}/{panel}"));
    let paging = Paging { after: asked.after.clone(), limit: REQUESTS };
    let posted = Arc::new(posted);
    let (sent, panel) = (posted.clone(), name.clone());
    let answer = site
        .ask(actor, move |installation| {
            installation.outcome_form_filled(&name, date, &paging, &|form| self::filled(form, &sent), step)
        })
        .await;
    let OutcomeFormFilled { form, filled, troubles, preview, .. } = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            let address = address::outcomes_after(&PanelName::new(panel), date, asked.after.as_deref());
            return Ok(failure.with_form(&visitor, &address, &posted, &as_sent(&posted)));
        }
    };
    let wording = site.wording().await?;
    let told = Told { after: asked.after.as_deref(), filled: &filled, troubles: &troubles, ..Told::default() };
    if step == FormStep::Change || !troubles.is_empty() {
        return Ok(shown(&visitor, &wording, &form, &told));
    }
    let records = step == FormStep::Record;
    if records && form.next.is_some() {
        let next = address::outcomes_after(&form.panel, form.sitting, form.next.as_deref());
        return Ok(Redirect::to(&format!("{next}&done=recorded")).into_response());
    }
    if records {
        let panel = parts::encoded(form.panel.as_str());
        let address = format!("/outcomes/waiting?panel={panel}&date={date}&done=recorded");
        return Ok(Redirect::to(&address).into_response());
    }
    Ok(previewed(&visitor, &wording, &form, &told, &preview))
}

/// What was filled in, to be read, where nothing can be asked of the ledger.
fn as_sent(posted: &Posted) -> Markup {
    let own = |name: &str, number: usize| posted.text(&format!("{name}-{number}"));
    let rows = (0..).map_while(|number| Some((number, own("submission", number)?, own("person", number)?)));
    html! {
        @for (number, submission, person) in rows {
            @let end = format!("-{number}");
            @let fields: Vec<(&str, &str)> = posted
                .pairs()
                .filter_map(|(name, value)| Some((name.strip_suffix(&end)?, value)))
                .filter_map(|(name, value)| Some((if name == DECISION { name } else { name.strip_prefix(FIELD)? }, value)))
                .filter(|(_, value)| !value.trim().is_empty())
                .collect();
            @if !fields.is_empty() {
                h2 { (submission) ", person " (person) }
                @for (name, value) in fields {
                    h3 { (super::failure::sentence(&name.replace('-', " ")).trim_end_matches('.')) }
                    pre { (value) }
                }
            }
        }
    }
}

/// Exactly what would be written on each record.
fn previewed(
    visitor: &Visitor,
    wording: &Wording,
    form: &OutcomeFormShown,
    told: &Told<'_>,
    preview: &[OutcomeListed],
) -> Response {
    let body = html! {
        @if preview.is_empty() {
            (parts::empty("Nothing would change: what you filled in is recorded already, or nothing was decided."))
        } @else {
            p { "Nothing is recorded yet. Once it is recorded and somebody has approved it, this is written:" }
        }
        @for one in preview {
            section {
                h2 { (one.submission) ", person " (one.person) @if one.revision > 1 { ", revision " (one.revision) } }
                (outcomes::writes(one))
            }
        }
        form action=(address::outcomes_after(&form.panel, form.sitting, told.after)) method="post" {
            (parts::csrf(visitor))
            @for (number, row) in told.filled.iter().enumerate() { (hidden(number, row)) }
            @if !preview.is_empty() { button name="step" value="record" { "Record these outcomes" } }
            button.secondary name="step" value="change" { "Change something" }
        }
    };
    let title = "Check what will be written";
    let shell = Shell::new(visitor, title, Room::Outcomes).caption(wording.panel(&form.panel));
    shell.back("/outcomes", "Outcomes").show(&body)
}

fn hidden(number: usize, row: &FilledRow) -> Markup {
    html! {
        input type="hidden" name={ "submission-" (number) } value=(row.submission);
        input type="hidden" name={ "person-" (number) } value=(row.person);
        input type="hidden" name={ "seen-" (number) } value=(row.seen_revision);
        @if let Some(decision) = &row.decision { input type="hidden" name={ "decision-" (number) } value=(decision); }
        @for (name, value) in &row.fields {
            // A hidden field keeps no line breaks in some browsers; a text area does.
            textarea.hidden name={ (FIELD) (name) "-" (number) } aria-hidden="true" tabindex="-1" { (value) }
        }
    }
}
