//! Quarantine: what could not be read, and what becomes of it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts;
use super::posted::{Posted, Refused};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{AuthorityName, SignInRole};
use crate::operation::{Paging, Quarantined};

const ROWS: u32 = 50;

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    all: String,
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
    let all = asked.all == "yes";
    let paging = Paging { after: asked.after, limit: ROWS };
    let page = site.ask_ledger(visitor.reading(), move |ledger| ledger.quarantine_page(all, &paging)).await?;
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(row).collect();
    let next = address::page("/quarantine", &[("all", &asked.all)], page.next.as_deref());
    let body = html! {
        p { "Records that could not be read wait here. Nothing of them is lost: correct the cause, then read them again." }
        @if rows.is_empty() {
            (parts::empty("Nothing waits. Every record of every export was taken."))
        } @else {
            (parts::table("In quarantine", &["Number", "Where", "What is wrong", "What to do", "State"], &rows))
            (parts::next(next))
            @if !all { (parts::button(&visitor, "/quarantine/replay", "Read all of them again", &[])) }
        }
        p { @if all { a href="/quarantine" { "Only those that wait" } } @else { a href="/quarantine?all=yes" { "Those that were settled too" } } }
    };
    let done = match asked.done.as_str() {
        "discarded" => Some("It is given up, with your reason.".to_owned()),
        _ => replay_words(&asked.done),
    };
    Ok(Shell::new(&visitor, "Quarantine", Room::Quarantine).done(done).show(&body))
}

/// What reading again has come to, as the address has it: three numbers.
fn replay_words(done: &str) -> Option<String> {
    let numbers: Option<Vec<u64>> = done.split('-').map(|number| number.parse().ok()).collect();
    let numbers = numbers?;
    let [taken, unchanged, waiting] = numbers.as_slice() else { return None };
    Some(format!("Taken: {taken}. Known already: {unchanged}. Still waiting: {waiting}."))
}

fn row(one: &Quarantined) -> Vec<Markup> {
    vec![
        html! { a href={ "/quarantine/" (one.id) } { (one.id) } },
        html! { (one.file) ", " (one.place) },
        html! { (super::failure::sentence(&one.message)) },
        html! { (help(one)) },
        html! { (one.state.replace('-', " ")) },
    ]
}

/// What to do about one, for whoever sits at the pages: the terminal names commands.
fn help(one: &Quarantined) -> String {
    let is_for_terminal = one.help.contains('`');
    let words = match one.reason {
        "form-unknown" => {
            "Ask whoever looks after the mapping files to add this version of the form, then read it again here."
        }
        "form-ambiguous" => {
            "Ask whoever looks after the mapping files to tell these versions of the form apart, then read it again here."
        }
        "extract-shrank" => "Look at the report in Mosaic. If it is right, read the file again here.",
        "authority-other" if is_for_terminal => {
            "Ask whoever looks after the mapping files: there are none for this council, or they have mistakes."
        }
        _ => return super::failure::sentence(&one.help),
    };
    words.to_owned()
}

/// One of them.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<u64>,
) -> Result<Response, PageFailure> {
    show_one(&site, &visitor, id, &Refused::default()).await
}

async fn show_one(site: &Site, visitor: &Visitor, id: u64, refused: &Refused<'_>) -> Result<Response, PageFailure> {
    let one = site.ask_ledger(visitor.reading(), move |ledger| ledger.quarantine_show(id)).await?;
    let wording = site.wording().await?;
    let authority = AuthorityName::new(one.authority.as_str());
    let body = html! {
        (parts::summary(&[
            ("What is wrong", html! { (super::failure::sentence(&one.message)) }),
            ("What to do", html! { (help(&one)) }),
            ("File", html! { (one.file) }),
            ("Where in it", html! { (one.place) }),
            ("Authority", html! { (wording.authority(&authority)) }),
            ("Extract", html! { (one.extract) }),
            ("Since", html! { (wording.moment_of(&authority, &one.at)) }),
            ("State", html! { (one.state.replace('-', " ")) @if let Some(why) = &one.why { ": " (why) } }),
            ("Code", html! { (one.reason) }),
        ]))
        @if one.state == "waiting" {
            (parts::button(visitor, "/quarantine/replay", "Read it again", &[("id", &one.id.to_string())]))
            h2 { "Give it up" }
            (discard_form(visitor, one.id, refused))
        }
    };
    let title = format!("Record {} in quarantine", one.id);
    let shell = Shell::new(visitor, &title, Room::Quarantine).back("/quarantine", "Quarantine");
    Ok(shell.errors(refused.errors().to_vec()).show(&body))
}

fn discard_form(visitor: &Visitor, id: u64, refused: &Refused<'_>) -> Markup {
    let hint = "It stays on record that it was there, and why it was given up.";
    let typed = refused.typed("reason").unwrap_or_default();
    html! {
        form action={ "/quarantine/" (id) "/discard" } method="post" {
            (parts::csrf(visitor))
            (parts::why("reason", "Why it is given up", hint, typed, refused.errors()))
            button.warning { "Give it up" }
        }
    }
}

/// Reads again what waits: one, or all.
pub(super) async fn replay(
    State(site): State<Site>,
    visitor: Visitor,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let ids: Vec<u64> = posted.text("id").and_then(|id| id.parse().ok()).into_iter().collect();
    let actor = visitor.acting(SignInRole::Systems);
    let replayed = site.ask(actor, move |installation| installation.quarantine_replay(&ids)).await?;
    let done = format!("{}-{}-{}", replayed.taken, replayed.unchanged, replayed.still_waiting);
    Ok(Redirect::to(&format!("/quarantine?done={done}")).into_response())
}

/// Gives one up.
pub(super) async fn discard(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<u64>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let Some(reason) = posted.text("reason").map(ToOwned::to_owned) else {
        let refused = Refused::of(&posted, vec![FieldError::new("reason", "Say why it is given up")]);
        return show_one(&site, &visitor, id, &refused).await;
    };
    let actor = visitor.acting(SignInRole::Systems);
    let written = reason.clone();
    let done = site.ask_ledger(actor, move |ledger| ledger.quarantine_discard(id, &reason)).await;
    done.map_err(|failure| failure.keeping(written))?;
    Ok(Redirect::to("/quarantine?done=discarded").into_response())
}
