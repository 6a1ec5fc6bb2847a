//! Duties and trackers: what stands over from panel to panel.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::{PageFailure, Room, Shell, Site, Visitor, address, parts};
use crate::operation::{self, PanelDuties, TrackerShown};
use crate::report;

/// What is due.
pub(super) async fn duties(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let actor = visitor.reading();
    let duties = site.ask(move |workplace, clock| operation::duties(workplace, clock, &actor)).await?;
    let body = html! {
        @if duties.is_empty() {
            (parts::empty("Nothing is due: nobody is to be invited, and no decision comes back in the next four weeks."))
        }
        @for one in &duties { (of_panel(one)) }
    };
    Ok(Shell::new(&visitor, "Duties", Room::Duties).show(&body))
}

fn of_panel(one: &PanelDuties) -> Markup {
    let invited: Vec<Vec<Markup>> = one
        .invitations
        .iter()
        .map(|due| {
            vec![
                html! { (report::day(due.due_on)) },
                html! { a href={ "/requests?person=" (due.person) } { (due.person) } },
                html! { "Invite " (due.titles().join(", ")) " (" (due.name.replace('-', " ")) ")" },
                html! { (due.policy) },
            ]
        })
        .collect();
    let returns: Vec<Vec<Markup>> = one
        .arising
        .iter()
        .map(|back| {
            vec![
                html! { (report::day(back.due_on)) },
                html! { (back.person) },
                html! { a href=(address::request(back.submission.as_str())) { (back.submission) } },
                html! { (back.decision) " on " (report::day(back.decided_on)) },
            ]
        })
        .collect();
    html! {
        h2 { a href=(address::panel(&one.panel)) { (one.title) } }
        @if !invited.is_empty() {
            (parts::table(&format!("Invitations for {}", one.title), &["By", "Person", "What", "Policy"], &invited))
        }
        @if !returns.is_empty() {
            (parts::table(&format!("Comes back to {}", one.title), &["By", "Person", "Request", "Decided"], &returns))
        }
    }
}

/// Children who are followed.
pub(super) async fn trackers(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let actor = visitor.reading();
    let trackers =
        site.ask(move |workplace, clock| operation::trackers(workplace, clock, &actor, CHILDREN_MAX)).await?;
    let body = html! {
        @if trackers.is_empty() {
            (parts::empty("No panel of these authorities follows children from sitting to sitting."))
        }
        @for one in trackers.iter().filter(|one| !one.children.is_empty()) { (tracker(one)) }
        (nobody(&trackers))
    };
    Ok(Shell::new(&visitor, "Trackers", Room::Trackers).show(&body))
}

/// Lists on which nobody is now.
fn nobody(trackers: &[TrackerShown]) -> Markup {
    let empty: Vec<&TrackerShown> = trackers.iter().filter(|one| one.children.is_empty()).collect();
    html! {
        @if !empty.is_empty() {
            h2 { "Nobody is followed now" }
            ul {
                @for one in empty {
                    li { (one.title) ", " a href=(address::panel(&one.panel)) { (one.panel_title) } span.small { " " (one.policy) } }
                }
            }
        }
    }
}

/// Children on a page: the longest followed come first.
const CHILDREN_MAX: u32 = 100;

fn tracker(one: &TrackerShown) -> Markup {
    let rows: Vec<Vec<Markup>> = one
        .children
        .iter()
        .map(|child| {
            vec![
                html! { a href={ "/requests?person=" (child.person) } { (child.person) } },
                html! { (super::failure::sentence(&child.event.replace('-', " ")).trim_end_matches('.')) },
                html! { (report::day(child.since)) },
                html! { (child.days) },
            ]
        })
        .collect();
    let more = one.in_all.saturating_sub(u64::try_from(one.children.len()).unwrap_or(u64::MAX));
    html! {
        h2 { (one.title) }
        p.small { a href=(address::panel(&one.panel)) { (one.panel_title) } ". " (one.policy) }
        (parts::table(&format!("{}, {}", one.title, one.panel_title), &["Person", "What goes on", "Since", "Days"], &rows))
        @if more > 0 { p { "And " (more) " more, all of them in the workbook of the agenda." } }
    }
}
