//! Outcomes: what was decided, what waits for approval, and what is written on which record.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Files, Path, Query};
use super::parts::{self, Field};
use super::posted::{Posted, Refused};
use super::shell::FieldError;
use super::uploads;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{OutcomeState, SignInRole, SubmissionId};
use crate::operation::{
    self, OutcomeFilter, OutcomeListed, OutcomeTrouble, OutcomesApproved, OutcomesLoaded, OutcomesOverview, Paging,
    SittingListed, Wording, WriteShown,
};
use crate::report;

const ROWS: u32 = 50;
/// Outcomes on the page where they are approved, each with everything that is written.
const WAITING_MAX: u32 = 100;
/// What an uploaded workbook is held for.
const WORKBOOK: &str = "outcomes workbook";

/// What somebody has seen: the request, the child, the sitting, the revision.
type SeenOutcome = (SubmissionId, String, Date, u32);

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    after: Option<String>,
}

/// The list.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    list(&site, &visitor, asked, Vec::new()).await
}

async fn list(site: &Site, visitor: &Visitor, asked: Asked, errors: Vec<FieldError>) -> Result<Response, PageFailure> {
    let state = if asked.state.is_empty() {
        None
    } else {
        Some(OutcomeState::parse(&asked.state).ok_or(PageFailure::NotFound)?)
    };
    let filter = OutcomeFilter { panel: None, sitting: None, state };
    let paging = Paging { after: asked.after, limit: ROWS };
    let actor = visitor.reading();
    let OutcomesOverview { waiting, to_record, page } =
        site.ask(actor, move |installation| installation.outcomes_overview(&filter, &paging)).await?;
    let wording = site.wording().await?;
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(|one| row(&wording, one)).collect();
    let next = address::page("/outcomes", &[("state", &asked.state)], page.next.as_deref());
    let body = html! {
        @if waiting > 0 {
            p.inset { a href="/outcomes/waiting" { (report::count(waiting, "outcome")) " waiting for approval" } }
        }
        @if visitor.is(SignInRole::Administrator) { (recording(visitor, &wording, &to_record, &errors)) }
        h2 { "Recorded" }
        form.filter action="/outcomes" method="get" {
            div.field {
                label for="state" { "State" }
                select #state name="state" {
                    option value="" { "All" }
                    @for one in STATES { option value=(one) selected[one.as_str() == asked.state] { (state_words(one)) } }
                }
            }
            button.secondary { "Show" }
        }
        @if rows.is_empty() {
            (parts::empty("No outcome is recorded yet. After a sitting, fill in what it decided, or send the workbook that you filled in."))
        } @else {
            (parts::table("Outcomes, newest sitting first", &["Request", "Person", "Panel", "Sitting", "Decision", "State"], &rows))
            (parts::next(next))
        }
    };
    Ok(Shell::new(visitor, "Outcomes", Room::Outcomes).errors(errors).show(&body))
}

const STATES: [OutcomeState; 4] =
    [OutcomeState::Loaded, OutcomeState::Approved, OutcomeState::Rejected, OutcomeState::Superseded];

const fn state_words(state: OutcomeState) -> &'static str {
    match state {
        OutcomeState::Loaded => "Waits for approval",
        OutcomeState::Approved => "Approved",
        OutcomeState::Rejected => "Turned down",
        OutcomeState::Superseded => "Replaced by a later one",
    }
}

/// Where outcomes are filled in: by sitting, or by workbook.
fn recording(visitor: &Visitor, wording: &Wording, to_record: &[SittingListed], errors: &[FieldError]) -> Markup {
    let label = html! { "Or send the workbook that you filled in" };
    let hint = "The workbook of a sitting is on the sitting’s page. You see what would be recorded before anything is.";
    let workbook = Field { id: "workbook", label, hint, errors };
    let choose = html! {
        input #workbook type="file" name="workbook" required aria-describedby=[workbook.described()]
            aria-invalid=[workbook.is_wrong().then_some("true")]
            accept=".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    };
    html! {
        h2 { "Record what was decided" }
        @if to_record.is_empty() {
            p { "Every sitting of the last two weeks has its outcomes. Others are under " a href="/sittings" { "Sittings" } "." }
        } @else {
            ul.tasks {
                @for one in to_record {
                    li {
                        div {
                            a href=(address::outcomes(&one.panel, one.sitting.date)) { (one.title) ", " (report::day(one.sitting.date)) }
                            (parts::whose(wording, &one.panel))
                        }
                    }
                }
            }
        }
        form action="/outcomes/upload" method="post" enctype="multipart/form-data" {
            (parts::csrf(visitor))
            (workbook.round(&choose))
            button.secondary { "Check the workbook" }
        }
    }
}

fn row(wording: &Wording, one: &OutcomeListed) -> Vec<Markup> {
    vec![
        html! { a href={ "/outcomes/of/" (parts::encoded(one.submission.as_str())) } { (one.submission) } },
        html! { (one.person) },
        html! { (wording.panel(&one.panel)) },
        html! { a href=(address::sitting(&one.panel, one.sitting)) { (report::day(one.sitting)) } },
        html! { (decision_words(one)) },
        html! { (state_words(one.state)) },
    ]
}

fn decision_words(one: &OutcomeListed) -> String {
    super::failure::sentence(&one.decision.replace('-', " ")).trim_end_matches('.').to_owned()
}

/// The outcomes of a request, with exactly what is written for each.
pub(super) async fn of_request(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    let (actor, asked) = (visitor.reading(), SubmissionId::new(id.clone()));
    let outcomes = site.ask(actor, move |installation| installation.outcome_show(&asked)).await?;
    let body = html! {
        p { a href=(address::request(&id)) { "The request" } }
        @for one in outcomes.iter().rev() {
            section { (heading(one)) (shown(one)) }
        }
    };
    let title = format!("Outcomes of {id}");
    Ok(Shell::new(&visitor, &title, Room::Outcomes).back("/outcomes", "Outcomes").show(&body))
}

fn heading(one: &OutcomeListed) -> Markup {
    html! {
        h2 { "Person " (one.person) ", " (report::day(one.sitting)) @if one.revision > 1 { ", revision " (one.revision) } }
    }
}

/// An outcome with exactly what is written.
pub(super) fn shown(one: &OutcomeListed) -> Markup {
    html! {
        (parts::summary(&[
            ("Decision", html! { (decision_words(one)) }),
            ("State", html! { (state_words(one.state)) }),
            ("Recorded by", html! { (parts::who(&one.loaded_by)) }),
            ("Decided by", html! { @match &one.decided_by { Some(by) => (parts::who(by)), None => "Nobody yet" } }),
        ]))
        (writes(one))
    }
}

/// Exactly what is written where, and what is not.
pub(super) fn writes(one: &OutcomeListed) -> Markup {
    html! {
        @for WriteShown { kind, to, text, state } in &one.writes {
            h3 { "On the record of person " (one.person) ": " (kind.replace('-', " ")) }
            p { (to) " " span.tag.blue { (super::write_backs::state_words(state)) } }
            pre { (text) }
        }
        @for left_out in &one.left_out { p.inset { "Not written on the record of person " (one.person) ": " (left_out) "." } }
    }
}

/// Which that wait are asked for, and what was done just before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WaitingAsked {
    #[serde(default)]
    panel: String,
    date: Option<Date>,
    #[serde(default)]
    done: String,
}

/// What waits for approval.
pub(super) async fn waiting(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<WaitingAsked>,
) -> Result<Response, PageFailure> {
    let done = match asked.done.as_str() {
        "recorded" => Some("What was decided is recorded. Nothing is written on a record before somebody approves it."),
        "rejected" => Some("The outcome is turned down. Whoever recorded it can correct it and record it again."),
        _ => None,
    };
    let told = Told { done: done.map(ToOwned::to_owned), ..Told::default() };
    list_waiting(&site, &visitor, &asked, &told).await
}

/// What has come of what somebody has sent from the page.
#[derive(Default)]
struct Told<'t> {
    done: Option<String>,
    approved: Option<&'t OutcomesApproved>,
    refused: Refused<'t>,
}

async fn list_waiting(
    site: &Site,
    visitor: &Visitor,
    asked: &WaitingAsked,
    told: &Told<'_>,
) -> Result<Response, PageFailure> {
    let (actor, date) = (visitor.acting(SignInRole::Approver), asked.date);
    let panel = Some(asked.panel.clone()).filter(|panel| !panel.is_empty());
    let outcomes =
        site.ask(actor, move |installation| installation.outcomes_waiting(panel.as_deref(), date, WAITING_MAX)).await?;
    let may = visitor.is(SignInRole::Approver);
    let body = html! {
        @if let Some(approved) = told.approved { (not_approved(approved)) }
        @if outcomes.is_empty() {
            (parts::empty("No outcome waits for approval. Those that were approved are sent by the next job; see Write-backs."))
        } @else {
            p { "Read exactly what will be written on each record. What is approved is sent by the next job." }
            @if !may { p { "Somebody with the role " strong { "approver" } " approves." } }
            @for one in &outcomes { (waits(visitor, asked, one, may, &told.refused)) }
            @if may { (approve_all(visitor, &outcomes)) }
        }
    };
    let shell = Shell::new(visitor, "Outcomes that wait for approval", Room::Outcomes).back("/outcomes", "Outcomes");
    Ok(shell.done(told.done.clone()).errors(told.refused.errors().to_vec()).show(&body))
}

fn not_approved(approved: &OutcomesApproved) -> Markup {
    html! {
        @if !approved.not_approved.is_empty() {
            div.banner.bad role="alert" {
                h2 { "Not approved" }
                ul { @for (id, why) in &approved.not_approved { li { (id) ": " (why_not(approved, id, why)) } } }
            }
        }
    }
}

/// Why one is not approved, in whole sentences.
fn why_not(approved: &OutcomesApproved, id: &str, why: &str) -> String {
    approved.failed.get(id).map_or_else(
        || super::failure::sentence(&parts::with_people(why)),
        |failure| {
            let page = failure.page();
            format!("{} {}", page.what, page.help)
        },
    )
}

/// What ends the ids of the fields of one outcome.
fn tag(submission: &str, person: &str) -> String {
    format!("{submission}-{person}")
}

fn waits(visitor: &Visitor, asked: &WaitingAsked, one: &OutcomeListed, may: bool, refused: &Refused<'_>) -> Markup {
    let tag = tag(one.submission.as_str(), &one.person);
    html! {
        section aria-labelledby={ "waits-" (tag) } {
            h2 id={ "waits-" (tag) } { (one.submission) ", person " (one.person) ", " (report::day(one.sitting)) }
            p { strong { (decision_words(one)) } ". Recorded by " (parts::who(&one.loaded_by)) @if one.revision > 1 { ", revision " (one.revision) } "." }
            (writes(one))
            @if may {
                @match &one.may_approve {
                    Some(why) => p.inset { (super::failure::sentence(why)) },
                    None => (parts::button(visitor, "/outcomes/approve", "Approve this", &[("seen", &seen(one))])),
                }
                (reject_form(visitor, asked, one, refused))
            }
        }
    }
}

fn reject_form(visitor: &Visitor, asked: &WaitingAsked, one: &OutcomeListed, refused: &Refused<'_>) -> Markup {
    let id = format!("reason-{}", tag(one.submission.as_str(), &one.person));
    let is_it = refused.is(&[("submission", one.submission.as_str()), ("person", &one.person)]);
    let typed = refused.typed("reason").filter(|_| is_it).unwrap_or_default();
    html! {
        details open[is_it] {
            summary { "Turn it down" span.hidden { " " (one.submission) } }
            div {
                form action="/outcomes/reject" method="post" {
                    (parts::csrf(visitor))
                    input type="hidden" name="submission" value=(one.submission);
                    input type="hidden" name="person" value=(one.person);
                    input type="hidden" name="seen" value=(seen(one));
                    // The list is shown again as it was, where this is refused.
                    @if !asked.panel.is_empty() { input type="hidden" name="panel" value=(asked.panel); }
                    @if let Some(date) = asked.date { input type="hidden" name="date" value=(date); }
                    (parts::why(&id, "Why", "", typed, refused.errors()))
                    button.warning { "Turn it down" }
                }
            }
        }
    }
}

fn approve_all(visitor: &Visitor, outcomes: &[OutcomeListed]) -> Markup {
    let may: Vec<&OutcomeListed> = outcomes.iter().filter(|one| one.may_approve.is_none()).collect();
    html! {
        @if may.len() > 1 {
            h2 { "All of them" }
            form action="/outcomes/approve" method="post" {
                (parts::csrf(visitor))
                @for one in &may { input type="hidden" name="seen" value=(seen(one)); }
                button { "Approve all " (may.len()) }
            }
        }
    }
}

/// What somebody has seen, so that nothing else is approved: person, sitting and revision, and the request at the end.
fn seen(one: &OutcomeListed) -> String {
    format!("{}:{}:{}:{}", one.person, one.sitting, one.revision, one.submission)
}

fn parse_seen(text: &str) -> Option<SeenOutcome> {
    let mut parts = text.splitn(4, ':');
    let (person, sitting, revision) = (parts.next()?, parts.next()?, parts.next()?);
    Some((SubmissionId::new(parts.next()?), person.to_owned(), sitting.parse().ok()?, revision.parse().ok()?))
}

/// Approves what somebody has seen.
pub(super) async fn approve(
    State(site): State<Site>,
    visitor: Visitor,
    posted: Posted,
) -> Result<Response, PageFailure> {
    posted.own("seen")?;
    let seen: Vec<SeenOutcome> = posted.all("seen").filter_map(parse_seen).collect();
    let actor = visitor.acting(SignInRole::Approver);
    let approved = site.ask(actor, move |installation| installation.outcomes_approve_seen(&seen)).await?;
    approved.failed.values().for_each(super::failure::log);
    let count = approved.approved.len();
    let done = (count > 0).then(|| {
        let write_backs = report::count(approved.write_backs, "write-back");
        format!(
            "Approved: {}. {write_backs} may be sent, and the next job sends them.",
            report::count(count, "request")
        )
    });
    let told = Told { done, approved: Some(&approved), refused: Refused::default() };
    match list_waiting(&site, &visitor, &WaitingAsked::default(), &told).await {
        // What was done is told, whatever else cannot be shown.
        Err(failure) if count > 0 => {
            failure.log();
            let body = html! {
                (not_approved(&approved))
                p { a href="/outcomes/waiting" { "What waits for approval" } }
            };
            let shell = Shell::new(&visitor, "Outcomes that wait for approval", Room::Outcomes);
            Ok(shell.done(told.done.clone()).show(&body))
        }
        shown => shown,
    }
}

/// Turns an outcome down.
pub(super) async fn reject(
    State(site): State<Site>,
    visitor: Visitor,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let id = SubmissionId::new(posted.own("submission")?);
    let Some(reason) = posted.text("reason").map(ToOwned::to_owned) else {
        let field = format!("reason-{}", tag(id.as_str(), posted.text("person").unwrap_or_default()));
        let refused = Refused::of(&posted, vec![FieldError::new(field, "Say why it is turned down")]);
        let asked = WaitingAsked {
            panel: posted.text("panel").unwrap_or_default().to_owned(),
            date: posted.text("date").and_then(|date| date.parse().ok()),
            done: String::new(),
        };
        return list_waiting(&site, &visitor, &asked, &Told { refused, ..Told::default() }).await;
    };
    let seen = parse_seen(posted.own("seen")?).ok_or(PageFailure::INCOMPLETE)?;
    let actor = visitor.acting(SignInRole::Approver);
    let written = reason.clone();
    let done = site.ask(actor, move |installation| installation.outcome_reject_seen(&seen, &reason)).await;
    done.map_err(|failure| failure.keeping(written))?;
    Ok(Redirect::to("/outcomes/waiting?done=rejected").into_response())
}

/// Says what a workbook would record.
pub(super) async fn upload(
    State(site): State<Site>,
    visitor: Visitor,
    Files(multipart): Files,
) -> Result<Response, PageFailure> {
    let sent = uploads::take_in(&visitor, multipart).await?;
    let Some(file) = sent.files.first().cloned() else {
        let errors = vec![FieldError::new("workbook", "Choose the workbook that you filled in")];
        return list(&site, &visitor, Asked::default(), errors).await;
    };
    let actor = visitor.acting(SignInRole::Administrator);
    let loaded = site.ask(actor, move |installation| installation.outcomes_load(&file, true)).await?;
    let upload = site.uploads().hold(sent, &visitor.name, WORKBOOK)?;
    let changes = loaded.new + loaded.revised;
    let body = html! {
        (would_be(&loaded))
        @if changes > 0 {
            (parts::button(&visitor, &format!("/outcomes/upload/{upload}"), "Record these outcomes", &[]))
        }
        p { a href="/outcomes" { "Leave it, and record nothing" } }
    };
    let shell = Shell::new(&visitor, "What the workbook says", Room::Outcomes).back("/outcomes", "Outcomes");
    let mut response = shell.show(&body);
    if changes == 0 && !loaded.troubles.is_empty() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn would_be(loaded: &OutcomesLoaded) -> Markup {
    let rows: Vec<Vec<Markup>> = loaded
        .outcomes
        .iter()
        .map(|one| {
            vec![
                html! { a href=(address::request(one.submission.as_str())) { (one.submission) } },
                html! { (one.person) },
                html! { (report::day(one.sitting)) },
                html! { @if one.revision == 1 { "new" } @else { "revision " (one.revision) } },
            ]
        })
        .collect();
    html! {
        p { "Nothing is recorded yet. New: " (loaded.new) ". Changed: " (loaded.revised) ". As recorded already: " (loaded.unchanged) ". Without a decision: " (loaded.undecided) "." }
        (troubles("Cells to correct", "The requests that these cells are about are left out.", &loaded.troubles))
        (troubles("To know", "", &loaded.warnings))
        @if !rows.is_empty() { (parts::table("Would be recorded", &["Request", "Person", "Sitting", ""], &rows)) }
    }
}

fn troubles(title: &str, text: &str, troubles: &[OutcomeTrouble]) -> Markup {
    let rows: Vec<Vec<Markup>> = troubles
        .iter()
        .map(|one| {
            vec![
                html! { (one.place) },
                html! { (super::failure::sentence(&one.message)) },
                html! { (super::failure::sentence(&one.help)) },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            h2 { (title) }
            @if !text.is_empty() { p { (text) } }
            (parts::table(title, &["Cell", "What is wrong", "What to do"], &rows))
        }
    }
}

/// Records what a workbook says that was looked at.
pub(super) async fn load(
    State(site): State<Site>,
    visitor: Visitor,
    Path(upload): Path<String>,
    _: Posted,
) -> Result<Response, PageFailure> {
    let Some(folder) = site.uploads().take(&upload, &visitor.name, WORKBOOK) else {
        let what = "The workbook is not there any more: it is held for half an hour.";
        return Err(PageFailure::Wrong(what, "Send it again."));
    };
    let actor = visitor.acting(SignInRole::Administrator);
    site.ask(actor, move |installation| {
        let failed = |error: std::io::Error| operation::Failure::failed(error, "send the workbook again");
        let mut files = std::fs::read_dir(folder.path()).map_err(failed)?;
        let Some(file) = files.next().transpose().map_err(failed)? else {
            return Err(operation::Failure::invalid("the workbook is gone", "send it again")
                .on_page("The workbook is not held any more. Nothing was recorded.", "Send it again."));
        };
        installation.outcomes_load(&file.path(), false)
    })
    .await?;
    Ok(Redirect::to("/outcomes/waiting?done=recorded").into_response())
}
