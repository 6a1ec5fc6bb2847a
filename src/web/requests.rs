//! Requests: the list, and the search.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Query;
use super::parts::{self, Line};
use super::posted::Posted;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::operation::{Found, Paging, SubmissionFilter, SubmissionListed, Wording};

const ROWS: u32 = 50;

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    panel: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    all: String,
    after: Option<String>,
}

/// The list.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let all = asked.all == "yes";
    let filter = SubmissionFilter {
        authority: None,
        panel: given(&asked.panel),
        person: given(&asked.person),
        all,
        limit: ROWS,
    };
    let paging = Paging { after: asked.after, limit: ROWS };
    let (actor, wording) = (visitor.reading(), site.wording().await?);
    let page = site.ask(actor, move |installation| installation.submissions_page(&filter, &paging)).await?;
    let filters = [("panel", asked.panel.as_str()), ("person", asked.person.as_str()), ("all", asked.all.as_str())];
    let next = address::page("/requests", &filters, page.next.as_deref());
    let person = Line {
        name: "person",
        label: "Child (Mosaic id)",
        hint: "",
        kind: "text",
        value: &asked.person,
        autocomplete: "off",
    };
    let body = html! {
        form.filter action="/requests" method="get" {
            (parts::panel_choice(&wording, &asked.panel))
            (person.show(&[]))
            div.choice {
                input #all type="checkbox" name="all" value="yes" checked[all];
                label for="all" { "Cancelled and proposed ones too" }
            }
            button.secondary { "Show" }
        }
        @if page.rows.is_empty() {
            (parts::empty("No request fits. Requests appear when the nightly job has read Mosaic’s exports."))
        } @else {
            (table(&wording, &page.rows))
            (parts::next(next))
        }
    };
    Ok(Shell::new(&visitor, "Requests", Room::Requests).show(&body))
}

fn table(wording: &Wording, submissions: &[SubmissionListed]) -> Markup {
    let rows: Vec<Vec<Markup>> = submissions
        .iter()
        .map(|one| {
            vec![
                html! { a href=(address::request(one.submission.as_str())) { (one.submission) } },
                html! { (one.people.join(", ")) },
                html! { @if let Some(panel) = &one.panel { (parts::panel(wording, panel)) } },
                html! { (one.form) " " (one.version) },
                html! { (one.status) },
            ]
        })
        .collect();
    parts::table("Requests", &["Request", "Children", "Panel", "Form", "Step"], &rows)
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default, rename = "for")]
    text: String,
    after: Option<String>,
}

/// What was entered into the field. Only what can be nothing but an id or a reference goes into an address: somebody may
/// have entered a name or a date of birth, which must not stay in a browser's history.
pub(super) async fn sought(
    State(site): State<Site>,
    visitor: Visitor,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let text = posted.text("for").unwrap_or_default().to_owned();
    if is_id(&site, &text) {
        return Ok(Redirect::to(&format!("/search?for={}", parts::encoded(&text))).into_response());
    }
    results(&site, &visitor, Sought { text, after: None }).await
}

/// Whether it is a number, or begins as the ids of submissions and the references of write-backs do.
fn is_id(site: &Site, text: &str) -> bool {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let authorities = site.workplace().configuration().authorities.iter().map(|authority| authority.name.as_str());
    let begins = |before: &str| text.strip_prefix(before).is_some_and(|rest| rest.starts_with('-'));
    is_number || is_plain && authorities.chain(["step", "TES"]).any(begins)
}

/// What fits what somebody looks for; the page itself where only one thing does.
pub(super) async fn search(
    State(site): State<Site>,
    visitor: Visitor,
    Query(sought): Query<Sought>,
) -> Result<Response, PageFailure> {
    results(&site, &visitor, sought).await
}

async fn results(site: &Site, visitor: &Visitor, sought: Sought) -> Result<Response, PageFailure> {
    let text = sought.text.trim().to_owned();
    let shell = Shell::new(visitor, "Search", Room::Requests);
    if text.is_empty() {
        let body = parts::empty(
            "Enter a Mosaic id, a request, a panel, a date or a reference in the field above. Nobody is found by name.",
        );
        return Ok(shell.show(&body));
    }
    let (actor, asked) = (visitor.reading(), text.clone());
    let paging = Paging { after: sought.after, limit: ROWS };
    let found = site.ask(actor, move |installation| installation.search(&asked, &paging)).await?;
    let wording = site.wording().await?;
    let Found { submissions, sittings, panels, write_backs, .. } = &found;
    let in_all = submissions.rows.len() + sittings.len() + panels.len() + write_backs.len();
    if let ([one], 1) = (submissions.rows.as_slice(), in_all) {
        return Ok(Redirect::to(&address::request(one.submission.as_str())).into_response());
    }
    let body = html! {
        p { "For " strong { (text) } ":" }
        @if in_all == 0 {
            (parts::empty("Nothing fits. Look for a Mosaic id, the beginning of a request’s id, a panel, a date like 4 December 2026, or a reference like TES-7F3K-2Q9M-4T. Nobody is found by name."))
        }
        @if !submissions.rows.is_empty() {
            (table(&wording, &submissions.rows))
            (parts::next(address::page("/search", &[("for", &text)], submissions.next.as_deref())))
        }
        @if !sittings.is_empty() { (super::sittings::table(&wording, sittings)) }
        @if !panels.is_empty() {
            h2 { "Panels" }
            ul { @for one in panels { li { a href=(address::panel(&one.panel)) { (one.title) } (parts::whose(&wording, &one.panel)) } } }
        }
        @if !write_backs.is_empty() {
            h2 { "Write-backs" }
            ul {
                @for one in write_backs {
                    li { a href=(address::write_back(&one.id)) { (one.reference) } ", person " (one.person) ": " (super::write_backs::state_words(one.state)) }
                }
            }
        }
    };
    Ok(shell.show(&body))
}
