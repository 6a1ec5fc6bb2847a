//! Write-backs: what is on its way to Mosaic, what has arrived, what waits for a person.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts;
use super::posted::Posted;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{SignInRole, State as WriteState};
use crate::operation::{Failure, Installation, OpenLedger, Paging, Sending, WriteBackListed};

/// Rows of a list.
const ROWS: u32 = 50;

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    after: Option<String>,
    #[serde(default)]
    done: String,
}

/// A state in plain words.
pub(super) fn state_words(state: &str) -> &str {
    match state {
        "planned" => "waits for approval",
        "approved" => "waits to be sent",
        "sending" => "is being sent",
        "sent" => "sent to Mosaic",
        "refused" => "refused by Mosaic",
        "uncertain" => "we could not tell whether Mosaic saved this – we are checking",
        "held" => "held for a person",
        other => other,
    }
}

fn tag(state: &str) -> Markup {
    let words = state_words(state);
    let first = super::failure::sentence(words);
    let words = first.trim_end_matches('.');
    match state {
        "sent" => html! { (words) },
        "refused" | "held" => html! { span.tag.red { (words) } },
        "uncertain" => html! { span.tag.yellow { "Not known yet" } },
        _ => html! { span.tag.blue { (words) } },
    }
}

/// The list.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let (state, needs_person) = match asked.state.as_str() {
        "" => (None, false),
        "person" => (None, true),
        state => (Some(state.to_owned()), false),
    };
    if state.as_ref().is_some_and(|state| !WriteState::NAMES.contains(&state.as_str())) {
        return Err(PageFailure::NotFound);
    }
    let paging = Paging { after: asked.after, limit: ROWS };
    let actor = visitor.reading();
    let page =
        site.ask_ledger(actor, move |ledger| ledger.writebacks_page(state.as_deref(), needs_person, &paging)).await?;
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(row).collect();
    let next = address::page("/write-backs", &[("state", &asked.state)], page.next.as_deref());
    let may_send = visitor.is(SignInRole::Systems) || visitor.is(SignInRole::Approver);
    let body = html! {
        (filter(&asked.state))
        @if rows.is_empty() {
            (parts::empty(if asked.state.is_empty() {
                "Nothing has been written back yet. Write-backs come from outcomes that were approved."
            } else {
                "There is none in this state."
            }))
        } @else {
            (parts::table("Write-backs, newest first", &["Reference", "Request", "Person", "What", "State", "Receipt or reason"], &rows))
            (parts::next(next))
        }
        @if may_send {
            h2 { "Send" }
            p { "The nightly job sends what was approved, and reads Mosaic for what it could not tell. You need not wait for it." }
            (parts::button(&visitor, "/write-backs/send", "Send now", &[]))
            (parts::button(&visitor, "/write-backs/reconcile", "Read Mosaic now", &[]))
        }
    };
    let done = Some(asked.done).filter(|done| sending_words(done)).map(|done| done.replace('-', " "));
    Ok(Shell::new(&visitor, "Write-backs", Room::WriteBacks).done(done).show(&body))
}

/// Whether it is a sentence that this page itself has put into the address: numbers and its own words.
fn sending_words(text: &str) -> bool {
    let known = ["sent", "refused", "uncertain", "held", "deferred"];
    !text.is_empty() && text.split('-').all(|word| known.contains(&word) || word.parse::<u64>().is_ok())
}

fn filter(state: &str) -> Markup {
    html! {
        form.filter action="/write-backs" method="get" {
            div.field {
                label for="state" { "State" }
                select #state name="state" {
                    option value="" selected[state.is_empty()] { "All" }
                    option value="person" selected[state == "person"] { "Waits for a person" }
                    @for name in WriteState::NAMES {
                        option value=(name) selected[state == name] { (super::failure::sentence(state_words(name)).trim_end_matches('.')) }
                    }
                }
            }
            button.secondary { "Show" }
        }
    }
}

fn row(one: &WriteBackListed) -> Vec<Markup> {
    vec![
        html! { a href=(address::write_back(&one.id)) { (one.reference) } },
        html! { a href=(address::request(&one.submission)) { (one.submission) } },
        html! { (one.person) },
        html! { (one.kind.replace('-', " ")) },
        tag(one.state),
        html! {
            @if let Some(receipt) = &one.receipt { "Mosaic " (receipt.mosaic_id) }
            @if let Some(reason) = &one.reason { (super::failure::sentence(&parts::with_people(reason))) }
        },
    ]
}

/// One write-back with its exact text.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    let (actor, asked) = (visitor.reading(), id.clone());
    let shown = site.ask_ledger(actor, move |ledger| ledger.writeback_show(&asked)).await?;
    let wording = site.wording().await?;
    let listed = &shown.listed;
    let receipt = html! {
        @match &listed.receipt {
            Some(receipt) => {
                "Mosaic’s id " strong { (receipt.mosaic_id) } ", known " (wording.moment_of(&listed.panel.authority(), &receipt.known_at.to_string()))
                @if receipt.by_reading { ", learnt by reading Mosaic" }
            }
            None => "None yet",
        }
    };
    let may = visitor.is(SignInRole::Systems) || visitor.is(SignInRole::Approver);
    let address = address::write_back(&listed.id);
    let body = html! {
        (parts::summary(&[
            ("State", html! { (tag(listed.state)) @if listed.state == "uncertain" { p { (super::failure::sentence(state_words("uncertain"))) } } }),
            ("Why", html! { @match &listed.reason { Some(reason) => (super::failure::sentence(&parts::with_people(reason))), None => "–" } }),
            ("Request", html! { a href=(address::request(&listed.submission)) { (listed.submission) } }),
            ("Child (Mosaic id)", html! { (listed.person) }),
            ("What", html! { (listed.kind.replace('-', " ")) }),
            ("Tries", html! { (listed.attempts) }),
            ("Receipt", receipt),
        ]))
        h2 { "What is written" }
        p { strong { (shown.title) } }
        pre { (shown.body) }
        @if may && matches!(listed.state, "held" | "refused") {
            (parts::button(&visitor, &format!("{address}/retry"), "Let it go on", &[]))
        }
        @if may && listed.state == "approved" {
            (parts::button(&visitor, &format!("{address}/hold"), "Hold it back", &[]))
        }
    };
    let title = format!("Write-back {}", listed.reference);
    Ok(Shell::new(&visitor, &title, Room::WriteBacks).back("/write-backs", "Write-backs").show(&body))
}

/// A person lets one go on, or holds it back.
pub(super) async fn change(
    State(site): State<Site>,
    visitor: Visitor,
    Path((id, what)): Path<(String, String)>,
    _: Posted,
) -> Result<Response, PageFailure> {
    let change = match what.as_str() {
        "retry" => OpenLedger::writeback_retry,
        "hold" => OpenLedger::writeback_hold,
        _ => return Err(PageFailure::NotFound),
    };
    let (actor, back) = (visitor.reading(), address::write_back(&id));
    site.ask_ledger(actor, move |ledger| change(ledger, &id)).await?;
    Ok(Redirect::to(&back).into_response())
}

/// Sends what was approved.
pub(super) async fn send(State(site): State<Site>, visitor: Visitor, _: Posted) -> Result<Response, PageFailure> {
    work(&site, &visitor, Installation::writeback_send).await
}

/// Reads Mosaic for what nobody knows the fate of.
pub(super) async fn reconcile(State(site): State<Site>, visitor: Visitor, _: Posted) -> Result<Response, PageFailure> {
    work(&site, &visitor, Installation::writeback_reconcile).await
}

type AtMosaic = fn(&mut Installation) -> Result<Sending, Failure>;

async fn work(site: &Site, visitor: &Visitor, work: AtMosaic) -> Result<Response, PageFailure> {
    if site.is_rehearsal() {
        let what =
            "This is a rehearsal: notes go to a made-up Mosaic, and only while a rehearsal runs. Nothing was sent.";
        return Err(PageFailure::Wrong(what, "Ask whoever looks after tessera to run the rehearsal again."));
    }
    let actor = visitor.reading();
    let sending = site.ask(actor, work).await?;
    let delivery = &sending.delivery;
    let told = format!(
        "{}-sent-{}-refused-{}-uncertain-{}-held-{}-deferred",
        delivery.sent, delivery.refused, delivery.uncertain, delivery.held, delivery.deferred
    );
    Ok(Redirect::to(&format!("/write-backs?done={told}")).into_response())
}
