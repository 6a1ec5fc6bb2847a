//! Sittings: when each panel sits, until when requests can be made, how far they are.

use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Query;
use super::parts::Field;
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address, parts};
use crate::operation::{Installation, SittingListed, Wording};
use crate::report;

/// How much of the calendar a page has.
const WEEKS: i64 = 6;

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    panel: String,
    #[serde(default)]
    from: String,
}

/// The calendar.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let wording = site.wording().await?;
    let given: Option<Date> = asked.from.parse().ok();
    let is_wrong = given.is_none() && !asked.from.is_empty();
    let errors: Vec<FieldError> =
        is_wrong.then(|| FieldError::new("from", "Enter a day like 2026-12-04")).into_iter().collect();
    let from = given.unwrap_or_else(|| wording.today(site.clock()));
    let to = from.saturating_add(WEEKS.weeks());
    let panel = Some(asked.panel.clone()).filter(|panel| !panel.is_empty());
    let ask = move |installation: &mut Installation| installation.sittings_listed(panel.as_deref(), from, to);
    let sittings = site.ask(visitor.reading(), ask).await?;
    let at = |from: Date| format!("/sittings?panel={}&from={from}", parts::encoded(&asked.panel));
    let first = Field { id: "from", label: html! { "From" }, hint: "", errors: &errors };
    let body = html! {
        form.filter action="/sittings" method="get" {
            (parts::panel_choice(&wording, &asked.panel))
            (first.round(&html! {
                input #from name="from" type="date" value=(from) aria-describedby=[first.described()]
                    aria-invalid=[first.is_wrong().then_some("true")];
            }))
            button.secondary { "Show" }
        }
        @if sittings.is_empty() {
            (parts::empty("No sitting in these six weeks. A panel without a schedule sits as needed."))
        } @else {
            (table(&wording, &sittings))
        }
        nav.next aria-label="Other weeks" {
            a href=(at(from.saturating_sub(WEEKS.weeks()))) { "Six weeks earlier" } " " a href=(at(to)) { "Six weeks later" }
        }
        @if !asked.panel.is_empty() {
            p { a href={ "/panels/" (asked.panel) "/sittings.ics?from=" (from) } { "Put these sittings and cutoffs into your calendar (ICS)" } }
        }
        p { a href="/panels" { "Panels and what their policies ask" } }
    };
    Ok(Shell::new(&visitor, "Sittings", Room::Sittings).errors(errors).show(&body))
}

/// Sittings as a table.
pub(super) fn table(wording: &Wording, sittings: &[SittingListed]) -> Markup {
    let rows: Vec<Vec<Markup>> = sittings
        .iter()
        .map(|one| {
            let sitting = &one.sitting;
            vec![
                html! { a href=(address::sitting(&one.panel, sitting.date)) { (report::day(sitting.date)) } },
                html! { (one.title) (parts::whose(wording, &one.panel)) },
                html! { (sitting.starts.strftime("%H:%M")) " to " (sitting.ends.strftime("%H:%M")) },
                closes(one),
                readiness_words(one),
            ]
        })
        .collect();
    parts::table("Sittings", &["Sitting", "Panel", "Hours", "Requests close", "How far"], &rows)
}

/// When a sitting is and closes, in words.
pub(super) fn when(one: &SittingListed) -> Markup {
    html! { (report::moment(&one.sitting.starts)) ". " (closes(one)) }
}

fn closes(one: &SittingListed) -> Markup {
    html! {
        @if let Some(why) = &one.sitting.cancelled { "Falls away: " (why) }
        @else if let Some(cutoff) = &one.cutoff_in_words {
            @if one.is_closed { "Closed " } @else { "Closes " } (cutoff)
            @if one.sitting.cutoff.as_ref().is_some_and(|cutoff| cutoff.moved) { " (moved to the working day before)" }
        }
        @else { "No cutoff" }
    }
}

/// How far the requests of a sitting are: complete ones are plain, and nothing is said by colour alone.
pub(super) fn readiness_words(one: &SittingListed) -> Markup {
    let readiness = &one.readiness;
    html! {
        @if readiness.in_all() == 0 { "No request yet" } @else {
            (readiness.complete) " of " (readiness.in_all()) " complete"
            @if readiness.incomplete > 0 { " " span.tag.red { (readiness.incomplete) " incomplete" } }
            @if readiness.late > 0 { " " span.tag.red { (readiness.late) " late" } }
            @if readiness.unknown > 0 { " " span.tag.yellow { (readiness.unknown) " not known yet" } }
        }
    }
}
