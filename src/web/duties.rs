//! Duties: what somebody must do after and around a panel, by when, and what shows that it is done.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts;
use super::posted::{Posted, Refused};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{DutyId, DutyState, SignInRole};
use crate::operation::{DutyFilter, DutyListed, DutyShown, Paging, RoleNamed, Wording};
use crate::report;

const ROWS: u32 = 50;

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    panel: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    state: String,
    after: Option<String>,
    #[serde(default)]
    done: String,
}

/// The list.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let state = DutyState::parse(&asked.state).unwrap_or(DutyState::Open);
    let (panel, role) = (given(&asked.panel), given(&asked.role));
    let filter = DutyFilter { panel, role, state: Some(state), ..DutyFilter::default() };
    let paging = Paging { after: asked.after.clone(), limit: ROWS };
    let (actor, wording) = (visitor.reading(), site.wording().await?);
    let page = site.ask(actor, move |installation| installation.duties_page(&filter, &paging)).await?;
    let filters = [("panel", asked.panel.as_str()), ("role", asked.role.as_str()), ("state", asked.state.as_str())];
    let next = address::page("/duties", &filters, page.next.as_deref());
    let states = [DutyState::Open, DutyState::Done, DutyState::Withdrawn];
    let body = html! {
        form.filter action="/duties" method="get" {
            (parts::panel_choice(&wording, &asked.panel))
            div.field {
                label for="role" { "On the desk of" }
                select #role name="role" {
                    option value="" { "Everybody" }
                    @for (name, title) in wording.desks() { option value=(name) selected[*name == asked.role] { (title) } }
                }
            }
            div.field {
                label for="state" { "State" }
                select #state name="state" {
                    @for one in states { option value=(one) selected[one == state] { (state_in_words(one)) } }
                }
            }
            button.secondary { "Show" }
        }
        @if page.rows.is_empty() {
            (parts::empty("Nothing is here. Duties come up when the nightly job has run: after a sitting, with an outcome, and when something happens on a child’s record."))
        } @else {
            (table(&wording, &page.rows, state))
            (parts::next(next))
        }
    };
    let done = (asked.done == "yes").then(|| "It is done, and what you said stands with it.".to_owned());
    Ok(Shell::new(&visitor, "Duties", Room::Duties).done(done).show(&body))
}

const fn state_in_words(state: DutyState) -> &'static str {
    match state {
        DutyState::Open => "To do",
        DutyState::Done => "Done",
        DutyState::Withdrawn => "No longer asked for",
    }
}

fn table(wording: &Wording, duties: &[DutyListed], state: DutyState) -> Markup {
    let rows: Vec<Vec<Markup>> = duties
        .iter()
        .map(|duty| {
            let mut row = vec![
                html! { (duty.due_in_words) @if duty.overdue { " " span.tag.red { "Overdue" } } },
                html! { a href=(address::duty(&duty.id)) { (duty.title) } },
                person(duty),
                html! { (parts::panel(wording, &duty.panel)) (parts::whose(wording, &duty.panel)) },
                html! { (duty.role) },
            ];
            row.push(match state {
                DutyState::Open => html! { (RoleNamed::titles(&duty.escalated_to)) },
                DutyState::Done | DutyState::Withdrawn => html! { (duty.evidence.as_deref().unwrap_or_default()) },
            });
            row
        })
        .collect();
    let last = if state == DutyState::Open { "Escalated to" } else { "What shows it" };
    parts::table("Duties", &["By", "What", "Child", "Panel", "Who", last], &rows)
}

fn person(duty: &DutyListed) -> Markup {
    html! { @if let Some(person) = &duty.person { a href={ "/requests?person=" (person) } { (person) } } }
}

/// One of them.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    show_one(&site, &visitor, DutyId::new(id), &Refused::default()).await
}

async fn show_one(site: &Site, visitor: &Visitor, id: DutyId, refused: &Refused<'_>) -> Result<Response, PageFailure> {
    let (actor, wording) = (visitor.reading(), site.wording().await?);
    let DutyShown { listed: duty, reminded } = site.ask(actor, move |installation| installation.duty_show(&id)).await?;
    let escalated = RoleNamed::titles(&duty.escalated_to);
    let body = html! {
        (parts::summary(&[
            ("By", html! { (duty.due_in_words) @if duty.overdue { " " span.tag.red { "Overdue" } } }),
            ("Who", html! { (duty.role) }),
            ("Child", person(&duty)),
            ("Request", html! { @if let Some(id) = &duty.submission { a href=(address::request(id.as_str())) { (id) } } }),
            ("Panel", html! { (parts::panel(&wording, &duty.panel)) (parts::whose(&wording, &duty.panel)) }),
            ("Why", html! { (occasion(&duty)) }),
            ("Escalated to", html! { @if escalated.is_empty() { "Nobody yet" } @else { (escalated) } }),
            ("Escalates next", html! {
                @if let Some(next) = &duty.escalates { "To " (next.to) ", " (next.at_in_words) } @else { "To nobody" }
            }),
            ("Reminded", html! {
                @if reminded.is_empty() { "Nobody yet" }
                @for one in &reminded { div { (one.role) ", " (one.at_in_words) } }
            }),
            ("Policy", html! { (duty.policy) }),
            ("State", html! { (state_in_words(duty.state)) }),
            ("What shows it", html! { (duty.evidence.as_deref().unwrap_or("Nothing yet")) }),
        ]))
        @if duty.state == DutyState::Open && visitor.is(SignInRole::Administrator) {
            h2 { "It is done" }
            form action={ (address::duty(&duty.id)) "/done" } method="post" {
                (parts::csrf(visitor))
                (evidence(refused))
                button { "Say that it is done" }
            }
        }
    };
    let shell = Shell::new(visitor, &duty.title, Room::Duties).back("/duties", "Duties");
    Ok(shell.errors(refused.errors().to_vec()).show(&body))
}

fn evidence(refused: &Refused<'_>) -> Markup {
    let hint = "What was done, and where it can be seen. Name no child: the duty knows whom it is about.";
    parts::why("reason", "What shows it", hint, refused.typed("reason").unwrap_or_default(), refused.errors())
}

/// What has it come up, with its day as people write it.
fn occasion(duty: &DutyListed) -> String {
    let words =
        duty.occasion.split(' ').map(|word| word.parse::<Date>().map_or_else(|_| word.replace('-', " "), report::day));
    super::failure::sentence(&words.collect::<Vec<_>>().join(" "))
}

/// Somebody says that it is done.
pub(super) async fn complete(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let id = DutyId::new(id);
    let Some(evidence) = posted.text("reason").map(ToOwned::to_owned) else {
        let refused =
            Refused::of(&posted, vec![FieldError::new("reason", "Say what was done and where it can be seen")]);
        return show_one(&site, &visitor, id, &refused).await;
    };
    let actor = visitor.acting(SignInRole::Administrator);
    let written = evidence.clone();
    let done = site.ask(actor, move |installation| installation.duty_complete(&id, &evidence)).await;
    done.map_err(|failure| failure.keeping(written))?;
    Ok(Redirect::to("/duties?done=yes").into_response())
}
