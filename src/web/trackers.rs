//! Trackers: whom panels follow, since when, and what is to happen next.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::asked::Path;
use super::{PageFailure, Room, Shell, Site, Visitor, address, download, parts};
use crate::operation::{self, NextMilestone, TrackedRow, TrackerListed, TrackerShown, Wording};
use crate::report;

/// Children on a page: those whose next milestone comes first. The workbook has all.
const CHILDREN_MAX: usize = 200;

/// The list.
pub(super) async fn page(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let (actor, wording) = (visitor.reading(), site.wording().await?);
    let trackers = site.ask(actor, move |installation| installation.trackers_list()).await?;
    let rows: Vec<Vec<Markup>> = trackers.iter().map(|one| row(&wording, one)).collect();
    let body = html! {
        @if rows.is_empty() {
            (parts::empty("No panel of these authorities follows children from sitting to sitting. A [trackers] table in a panel’s file makes one."))
        } @else {
            (parts::table("Trackers", &["Tracker", "Panel", "Children", "Over their time", "Policy"], &rows))
        }
    };
    Ok(Shell::new(&visitor, "Trackers", Room::Trackers).show(&body))
}

fn row(wording: &Wording, one: &TrackerListed) -> Vec<Markup> {
    vec![
        html! { a href=(address::tracker(&one.tracker)) { (one.title) } },
        html! { (parts::panel(wording, &one.panel)) (parts::whose(wording, &one.panel)) },
        html! { (one.children) },
        html! { @if one.overdue > 0 { span.tag.red { (one.overdue) } } @else { "0" } },
        html! { (one.policy) },
    ]
}

/// One of them.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, tracker)): Path<(String, String, String)>,
) -> Result<Response, PageFailure> {
    let (shown, wording) = (shown(&site, &visitor, &[authority, panel, tracker]).await?, site.wording().await?);
    let TrackerListed { title, panel, policy, tracker, .. } = &shown.listed;
    let mut columns = vec!["Child", "What goes on", "Since", "Days", "On the list since", "Next", "By", "Days to go"];
    columns.extend(shown.columns.iter().map(|(_, title)| title.as_str()));
    let rows: Vec<Vec<Markup>> = shown.rows.iter().take(CHILDREN_MAX).map(|row| child(&shown, row)).collect();
    let more = shown.rows.len().saturating_sub(rows.len());
    let body = html! {
        p { (parts::panel(&wording, panel)) (parts::whose(&wording, panel)) ". " (policy) "." }
        @if rows.is_empty() {
            (parts::empty("Nobody is on it now. A child comes onto it when Mosaic’s events say so."))
        } @else {
            (parts::table(title, &columns, &rows))
            @if more > 0 { p { "And " (more) " more: the workbook has all." } }
        }
        p { a href={ (address::tracker(tracker)) "/tracker.xlsx" } { "Take the tracker away (XLSX)" } }
    };
    Ok(Shell::new(&visitor, title, Room::Trackers).back("/trackers", "Trackers").show(&body))
}

async fn shown(site: &Site, visitor: &Visitor, name: &[String]) -> Result<TrackerShown, PageFailure> {
    let (actor, name) = (visitor.reading(), name.join("/"));
    site.ask(actor, move |installation| installation.tracker_show(&name)).await
}

fn child(shown: &TrackerShown, row: &TrackedRow) -> Vec<Markup> {
    let mut cells = vec![
        html! { a href={ "/requests?person=" (row.person) } { (row.person) } },
        html! { (row.event_title) },
        html! { (report::day(row.since)) },
        html! { (row.days) },
        html! { (report::day(row.entered)) },
    ];
    cells.extend(next(row.next.as_ref()));
    cells.extend(shown.columns.iter().map(|(name, _)| html! { (row.details.get(name).map_or("", String::as_str)) }));
    cells
}

fn next(next: Option<&NextMilestone>) -> [Markup; 3] {
    let Some(next) = next else { return [html! {}, html! {}, html! {}] };
    let days = html! {
        @if next.days_to_go < 0 { span.tag.red { (next.days_to_go.abs()) " over" } } @else { (next.days_to_go) }
    };
    [html! { (next.title) }, html! { (report::day(next.due)) }, days]
}

/// One of them as a workbook.
pub(super) async fn workbook(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, tracker)): Path<(String, String, String)>,
) -> Result<Response, PageFailure> {
    let name = format!("{authority}-{panel}-{tracker}.xlsx");
    let shown = shown(&site, &visitor, &[authority, panel, tracker]).await?;
    let bytes = shown.sheets().xlsx();
    let bytes = bytes.map_err(|error| operation::Failure::failed(error, "try again"))?;
    Ok(download::answer(&name, bytes))
}
