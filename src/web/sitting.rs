//! A sitting: its agenda, how far each request is, and whom to chase.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::posted::Posted;
use super::sittings::readiness_words;
use super::{PageFailure, Room, Shell, Site, Visitor, address, parts};
use crate::domain::{FindingSeverity, SignInRole};
use crate::operation::{Agenda, AgendaEntry, CheckedRequest, Heard, Paging, SittingPage, Wording};
use crate::report;

/// Requests on a page: more than any panel hears, so that a sitting is on one page.
const ROWS: u32 = 100;

/// Which page is asked for, and what was done just before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    checked: Option<u64>,
}

/// The sitting.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, date)): Path<(String, String, Date)>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let (actor, name) = (visitor.reading(), format!("{authority}/{panel}"));
    let paging = Paging { after: asked.after, limit: ROWS };
    let page = site.ask(actor, move |installation| installation.sitting_page(&name, date, &paging)).await?;
    let SittingPage { agenda, listed, next } = &page;
    let (own, wording) = (address::sitting(&listed.panel, date), site.wording().await?);
    let body = html! {
        (head(&wording, &page))
        @if visitor.is(SignInRole::Administrator) {
            (parts::button(&visitor, &format!("{own}/check"), "Check all of its requests again", &[]))
        }
        @if listed.held > 0 {
            p.inset {
                (report::count(listed.held, "request")) " expected at this sitting without an outcome yet. "
                a href=(address::outcomes(&listed.panel, date)) { "Fill in the outcomes" }
            }
        } @else if agenda.requests.is_empty() {
            (parts::empty("No request is expected at this sitting yet. One that is read and asks this panel appears here after the next job."))
        }
        @if !agenda.requests.is_empty() {
            h2 { "Whom to chase" }
            (chase(&agenda.requests))
        }
        h2 { "Agenda" }
        (items(agenda))
        (invitations(agenda))
        (outstanding(agenda))
        (parts::next(next.as_ref().map(|after| format!("{own}?after={}", parts::encoded(after)))))
        div.noprint {
            h2 { "Take away" }
            ul {
                li { a href={ (own) "/agenda.xlsx" } { "Agenda and chase list (XLSX)" } }
                li { a href={ (own) "/matrix.xlsx" } { "Requests and their papers (XLSX)" } }
                li { a href={ (own) "/outcomes.xlsx" } { "Workbook for the outcomes (XLSX)" } }
                li { a href={ (own) "/sitting.ics" } { "Sitting and cutoff for your calendar (ICS)" } }
            }
            p { a href=(address::outcomes(&listed.panel, date)) { "Fill in the outcomes" } }
        }
    };
    let done = asked.checked.map(|count| format!("{} checked.", report::count(count, "request")));
    let title = report::day(date);
    let shell = Shell::new(&visitor, &title, Room::Sittings).caption(wording.panel(&listed.panel)).done(done);
    Ok(shell.back("/sittings", "Sittings").show(&body))
}

fn head(wording: &Wording, page: &SittingPage) -> Markup {
    let SittingPage { agenda, listed, .. } = page;
    let sitting = &agenda.sitting;
    let cutoff = sitting.cutoff.as_ref();
    html! {
        @if let Some(why) = &sitting.cancelled {
            div.banner.bad { h2 { "This sitting falls away" } p { (super::failure::sentence(why)) } }
        }
        (parts::summary(&[
            ("Sits", html! { (report::moment(&sitting.starts)) " to " (sitting.ends.strftime("%H:%M")) }),
            ("Requests close", html! {
                @match (&listed.cutoff_in_words, cutoff) {
                    (Some(words), Some(cutoff)) => {
                        (words)
                        @if listed.is_closed { " " span.tag.grey { "Closed" } }
                        br; span.small { (cutoff.rule) @if cutoff.moved { ", moved to the working day before" } }
                    }
                    _ => "The policy sets no cutoff",
                }
            }),
            ("Papers go out", html! { @match agenda.circulated_in_words() { Some(by) => { "by " (by) } None => "–" } }),
            ("Slots", html! { @match agenda.slots { Some(slots) => (slots), None => "–" } }),
            ("How far", readiness_words(listed)),
            ("Panel", html! { (parts::panel(wording, &listed.panel)) (parts::whose(wording, &listed.panel)) }),
        ]))
    }
}

/// What to ask for, and whom: each finding that blocks, by request.
fn chase(requests: &[CheckedRequest]) -> Markup {
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for request in requests {
        for finding in request.findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking) {
            rows.push(vec![
                html! { a href=(address::request(request.submission.as_str())) { (request.submission) } },
                html! { (request.person) },
                html! { (super::failure::sentence(&finding.message())) },
                html! { (parts::help(finding)) },
            ]);
        }
    }
    if rows.is_empty() {
        return parts::empty("Nobody: every request is complete.");
    }
    parts::table("Chase list", &["Request", "Person", "What is missing", "What to do"], &rows)
}

fn items(agenda: &Agenda) -> Markup {
    html! { @for (number, item) in (1..).zip(&agenda.items) { (entry(number, item)) } }
}

fn entry(number: usize, item: &AgendaEntry) -> Markup {
    let rows: Vec<Vec<Markup>> = item.requests.iter().map(heard).collect();
    let caption = format!("Requests under {}", item.title);
    html! {
        h3 { (number) ". " (item.title) }
        @if !rows.is_empty() { (parts::table(&caption, &["Slot", "Request", "Person", "Asks for", "How far"], &rows)) }
        @if !item.tracked.is_empty() {
            ul { @for one in &item.tracked { li { "Person " (one.person) ": " (one.event.replace('-', " ")) " since " (report::day(one.since)) ", " (one.days) " days" } } }
        }
        @if !item.arising.is_empty() {
            ul {
                @for one in &item.arising {
                    li {
                        a href=(address::request(one.submission.as_str())) { (one.submission) } ", person " (one.person) ": "
                        (one.decision) " on " (report::day(one.decided_on)) ", due back " (report::day(one.due_on))
                    }
                }
            }
        }
        @if rows.is_empty() && item.tracked.is_empty() && item.arising.is_empty() { p { "Nothing." } }
    }
}

fn heard(one: &Heard) -> Vec<Markup> {
    vec![
        html! { @match &one.at { Some(at) => (at), None => "–" } },
        html! { a href=(address::request(one.submission.as_str())) { (one.submission) } },
        html! { (one.person) },
        html! { (one.kinds.join(", ")) },
        html! {
            (parts::verdict(one.verdict, one.lacks.len()))
            @for known in &one.to_know { br; span.small { (super::failure::sentence(known)) } }
        },
    ]
}

fn invitations(agenda: &Agenda) -> Markup {
    html! {
        @if !agenda.invitations.is_empty() {
            h2 { "Invitations" }
            ul {
                @for one in &agenda.invitations {
                    li { "For person " (one.person) ": " (one.titles().join(", ")) ", by " (report::day(one.due_on)) " (" (one.name) ")" }
                }
            }
        }
    }
}

/// What is still to be done of what the panel has somebody do.
fn outstanding(agenda: &Agenda) -> Markup {
    let rows = agenda.outstanding.iter().map(|duty| {
        vec![
            html! { (duty.due_in_words) @if duty.overdue { " " span.tag.red { "Overdue" } } },
            html! { a href=(address::duty(&duty.id)) { (duty.title) } },
            html! { (duty.person.as_deref().unwrap_or_default()) },
            html! { (duty.role) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Outstanding from before" }
            (parts::table("Outstanding from before", &["By", "What", "Child", "Who"], &rows))
        }
    }
}

/// Checks every request of the panel again.
pub(super) async fn recheck(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, date)): Path<(String, String, Date)>,
    _: Posted,
) -> Result<Response, PageFailure> {
    let (actor, name) = (visitor.acting(SignInRole::Administrator), format!("{authority}/{panel}"));
    let checked = site.ask(actor, move |installation| installation.sitting_recheck(&name)).await?;
    Ok(Redirect::to(&format!("/sittings/{authority}/{panel}/{date}?checked={checked}")).into_response())
}
