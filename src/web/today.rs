//! Today: what needs somebody now.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::sittings::{readiness_words, when};
use super::{PageFailure, Room, Shell, Site, Visitor, address, parts};
use crate::domain::SignInRole;
use crate::operation::{SittingListed, Today, Wording};
use crate::report;

/// What needs somebody now.
pub(super) async fn page(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let (today, wording) =
        (site.ask(visitor.reading(), |installation| installation.today()).await?, site.wording().await?);
    let body = html! {
        (tasks(&visitor, &today))
        h2 { "Sittings in the next two weeks" }
        (sittings(&wording, &today.sittings))
        @if !today.decided_without_outcome.is_empty() {
            h2 { "Sat, and no outcome yet" }
            ul.tasks {
                @for one in &today.decided_without_outcome {
                    li {
                        div {
                            a href=(address::outcomes(&one.panel, one.sitting.date)) { (one.title) ", " (report::day(one.sitting.date)) }
                            (parts::whose(&wording, &one.panel))
                        }
                        span { (report::count(one.readiness.in_all().max(one.held), "request")) " to record" }
                    }
                }
            }
        }
        p.small {
            "As of " (today.now_in_words) ". "
            @match &today.last_read {
                Some(at) => { "Mosaic’s exports were last read " (wording.moment(at)) "." }
                None => "No export has been read yet: the nightly job reads them.",
            }
        }
    };
    Ok(Shell::new(&visitor, "Today", Room::Today).show(&body))
}

/// What waits for a person, for those who can do something about it.
fn tasks(visitor: &Visitor, today: &Today) -> Markup {
    let systems = visitor.is(SignInRole::Systems);
    let waits = [
        (today.outcomes_waiting, "/outcomes/waiting", "Outcomes that wait for approval", true),
        (today.write_backs_for_person, "/write-backs?state=person", "Write-backs that wait for a person", true),
        (today.quarantined, "/quarantine", "Records that could not be read", systems),
        (u64::try_from(today.mistakes).unwrap_or(u64::MAX), "/mappings", "Mistakes in mapping files", systems),
    ];
    let waits: Vec<_> = waits.into_iter().filter(|(count, _, _, is_theirs)| *count > 0 && *is_theirs).collect();
    html! {
        h2 { "Waiting for somebody" }
        @if waits.is_empty() { (parts::empty("Nothing waits for a person.")) } @else {
            ul.tasks {
                @for (count, address, label, _) in waits {
                    li { a href=(address) { (label) } span.tag.blue { (count) } }
                }
            }
        }
    }
}

/// Those with requests; the others can be opened.
fn sittings(wording: &Wording, sittings: &[SittingListed]) -> Markup {
    let (with, without): (Vec<_>, Vec<_>) = sittings.iter().partition(|one| one.readiness.in_all() > 0);
    html! {
        @if with.is_empty() {
            (parts::empty("No request is expected at a sitting in the next two weeks. All sittings are under Sittings."))
        } @else {
            ul.tasks { @for one in with { (sitting(wording, one)) } }
        }
        @if !without.is_empty() {
            details {
                summary { (report::count(without.len(), "sitting")) " without a request yet" }
                ul.tasks { @for one in without { (sitting(wording, one)) } }
            }
        }
    }
}

fn sitting(wording: &Wording, one: &SittingListed) -> Markup {
    html! {
        li {
            div {
                a href=(address::sitting(&one.panel, one.sitting.date)) { (one.title) }
                (parts::whose(wording, &one.panel))
                span.hint { (when(one)) }
            }
            span { (readiness_words(one)) }
        }
    }
}
