//! A request: what it lacks, its papers, its facts, its history.

mod waivers;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts;
use super::posted::{Posted, Refused};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{FindingSeverity, SignInRole, SubmissionId};
use crate::operation::{
    CheckedRequest, FactShown, Finding, KeptPaper, PaperChecked, RequestPage, RoleShown, Standing, StatedFact,
    SubmissionStory, Wording,
};
use crate::report;

pub(super) use waivers::{unwaive, waive};

/// What was done just before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    fn words(&self) -> Option<String> {
        let words = match self.done.as_str() {
            "facts" => "What you stated is kept, and the request was checked again.",
            "waived" => "The finding is answered for. It is listed below with your reason, and blocks no longer.",
            "taken-back" => "The finding is answered for no longer, and the request was checked again.",
            "kept" => "The papers count as handed in with this request.",
            "forgotten" => "The paper no longer counts as handed in.",
            _ => return None,
        };
        Some(words.to_owned())
    }
}

/// All that a page about a request shows.
struct Whole<'p> {
    refused: &'p Refused<'p>,
    wording: Wording,
    story: SubmissionStory,
    facts: Vec<FactShown>,
    roles: Vec<RoleShown>,
}

/// The request.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, PageFailure> {
    show(&site, &visitor, &SubmissionId::new(id), &Refused::default(), done.words()).await
}

/// The request, with the one of its forms that was refused.
async fn show(
    site: &Site,
    visitor: &Visitor,
    id: &SubmissionId,
    refused: &Refused<'_>,
    done: Option<String>,
) -> Result<Response, PageFailure> {
    let (actor, asked) = (visitor.reading(), id.clone());
    let RequestPage { story, facts, roles } =
        site.ask(actor, move |installation| installation.request_page(&asked)).await?;
    let wording = site.wording().await?;
    let body = body(visitor, &Whole { refused, wording, story, facts, roles });
    let title = format!("Request {id}");
    let shell = Shell::new(visitor, &title, Room::Requests).back("/requests", "Requests").done(done);
    Ok(shell.errors(refused.errors().to_vec()).show(&body))
}

fn body(visitor: &Visitor, whole: &Whole<'_>) -> Markup {
    let Whole { refused, wording, story, facts, .. } = whole;
    let id = story.listed.submission.as_str();
    let may = visitor.is(SignInRole::Administrator) && !story.checked.is_empty();
    html! {
        (head(story, wording))
        @if story.checked.is_empty() {
            (parts::empty("This form asks no panel, or its step was not begun or was cancelled: there is nothing to check."))
        }
        @if may { p { a.button href={ (address::request(id)) "/pack" } { "Check a pack" } } }
        @for checked in &story.checked { (child(visitor, whole, checked, may)) }
        @if !facts.is_empty() { (facts_form(visitor, id, facts, may)) }
        @if !story.checked.is_empty() && !story.kept.is_empty() { (kept_papers(visitor, id, &story.kept, may, refused)) }
        (decided(story, wording))
        (answers(story))
        (history(story, wording))
    }
}

fn head(story: &SubmissionStory, wording: &Wording) -> Markup {
    let listed = &story.listed;
    let first = story.checked.first();
    let sitting = first.and_then(|checked| checked.sitting);
    let panel = html! {
        @if let Some(panel) = &listed.panel { (parts::panel(wording, panel)) (parts::whose(wording, panel)) } @else { "None" }
    };
    let when = html! {
        @match (&listed.panel, sitting) {
            (Some(panel), Some(date)) => a href=(address::sitting(panel, date)) { (report::day(date)) },
            _ => "Not known yet",
        }
    };
    let closes = first.and_then(CheckedRequest::closes_in_words);
    let people = listed.people.iter().enumerate().map(|(at, person)| {
        html! { @if at > 0 { ", " } a href={ "/requests?person=" (parts::encoded(person)) } { (person) } }
    });
    let kinds = first.map(|checked| checked.kinds.join(", ")).unwrap_or_default();
    parts::summary(&[
        ("Children (Mosaic ids)", html! { @for person in people { (person) } }),
        ("Panel", panel),
        ("Asks for", html! { @if kinds.is_empty() { "Not said yet" } @else { (kinds) } }),
        ("Sitting", when),
        ("Closes", html! { @match closes { Some(closes) => (closes), None => "The policy sets no cutoff" } }),
        ("Form", html! { (listed.form) " version " (listed.version) ", step " (listed.status) }),
        ("Read at", html! { (listed.read_at) }),
    ])
}

/// What the check says for one child.
fn child(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest, may: bool) -> Markup {
    let several = whole.story.checked.len() > 1;
    let missing = checked.findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking).count();
    let person = &checked.person;
    html! {
        section aria-labelledby={ "child-" (person) } {
            h2 id={ "child-" (person) } {
                @if several { "Child " (person) ": " }
                (parts::verdict(checked.verdict, missing))
            }
            (findings(checked))
            @if may { (waivers::to_waive(visitor, whole, checked)) }
            @for mended in &checked.mended { p.small { "Mended since the last check: " (mended) } }
            (waivers::answered_for(visitor, whole, checked, may))
            @if !checked.papers.is_empty() { (papers(checked)) }
        }
    }
}

/// What was found, what blocks first.
pub(super) fn findings(checked: &CheckedRequest) -> Markup {
    let of = |severity: FindingSeverity| checked.findings.iter().filter(move |one| one.severity == severity);
    let order = [FindingSeverity::Blocking, FindingSeverity::Warning, FindingSeverity::Advice];
    let all: Vec<&Finding> = order.into_iter().flat_map(of).collect();
    html! {
        @if all.is_empty() { p { "Nothing is missing." } } @else { ul.findings { @for one in all { (parts::finding(one)) } } }
    }
}

/// Every paper that is asked for.
pub(super) fn papers(checked: &CheckedRequest) -> Markup {
    let rows: Vec<Vec<Markup>> = checked.papers.iter().map(paper).collect();
    let caption = format!("Papers for person {}", checked.person);
    parts::table(&caption, &["Paper", "State", "Dated", "Why it is taken for this", "Policy"], &rows)
}

fn paper(paper: &PaperChecked) -> Vec<Markup> {
    let words = paper.state.words();
    let tone = match paper.state.standing() {
        Standing::Well | Standing::AnsweredFor => "",
        Standing::NotAsked => "grey",
        Standing::Asks => "yellow",
        Standing::Wrong => "red",
    };
    let state = html! { @if tone.is_empty() { (words) } @else { span class={ "tag " (tone) } { (words) } } };
    let why = paper.source.iter().cloned().chain(paper.evidence.iter().cloned()).collect::<Vec<_>>().join("; ");
    vec![
        html! { (paper.title) },
        state,
        html! { @if let Some(dated) = paper.dated { (dated.strftime("%-d %b %Y")) } },
        html! { (why) },
        html! { (paper.policy) },
    ]
}

fn facts_form(visitor: &Visitor, id: &str, facts: &[FactShown], may: bool) -> Markup {
    let unknown = facts.iter().filter(|fact| fact.value == "unknown").count();
    html! {
        h2 #facts { "Facts" @if unknown > 0 { " " span.tag.yellow { (unknown) " to say" } } }
        @if may {
            form action={ (address::request(id)) "/facts" } method="post" {
                (parts::csrf(visitor))
                @for fact in facts.iter().filter(|fact| fact.value == "unknown") { (fact_field(fact)) }
                @if unknown < facts.len() {
                    details open[unknown == 0] {
                        summary { "Facts that are known (" (facts.len() - unknown) ")" }
                        div { @for fact in facts.iter().filter(|fact| fact.value != "unknown") { (fact_field(fact)) } }
                    }
                }
                button { "Keep and check again" }
            }
        } @else {
            (parts::summary(&facts.iter().map(|fact| (fact.title.as_str(), html! { (fact.value) })).collect::<Vec<_>>()))
        }
    }
}

fn fact_field(fact: &FactShown) -> Markup {
    let name = format!("fact-{}", fact.fact);
    let choices = [("yes", "Yes"), ("no", "No"), ("unknown", "Not known")];
    html! {
        fieldset.field {
            legend { (fact.title) }
            @if let Some(from) = &fact.from { p.hint { "As " (from) " says." } }
            @if !fact.hangs_on_it.is_empty() { p.hint { "It decides about: " (fact.hangs_on_it.join(", ")) "." } }
            input type="hidden" name={ "was-" (fact.fact) } value=(fact.value);
            div.choices {
                @for (value, label) in choices {
                    @if value != "unknown" || fact.value == "unknown" {
                        div.choice {
                            input type="radio" id={ (name) "-" (value) } name=(name) value=(value) checked[fact.value == value];
                            label for={ (name) "-" (value) } { (label) }
                        }
                    }
                }
            }
        }
    }
}

/// Keeps what was stated; what was not changed is not stated.
pub(super) async fn facts(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let stated: Vec<StatedFact> = posted
        .names()
        .filter_map(|name| name.strip_prefix("fact-"))
        .filter_map(|fact| {
            let value = posted.text(&format!("fact-{fact}"))?;
            let is_new = posted.text(&format!("was-{fact}")) != Some(value);
            let value = match value {
                "yes" => true,
                "no" => false,
                _ => return None,
            };
            is_new.then(|| StatedFact { name: fact.to_owned(), value })
        })
        .collect();
    let back = address::request(&id);
    if stated.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let (actor, id) = (visitor.acting(SignInRole::Administrator), SubmissionId::new(id));
    site.ask(actor, move |installation| installation.state_facts(&id, &stated)).await?;
    Ok(Redirect::to(&format!("{back}?done=facts")).into_response())
}

fn kept_papers(visitor: &Visitor, id: &str, kept: &[KeptPaper], may: bool, refused: &Refused<'_>) -> Markup {
    html! {
        h2 { "Papers kept with this request" }
        p { "What tessera has read of them counts in every check. The papers themselves belong on the record in Mosaic." }
        ul.tasks {
            @for paper in kept {
                li {
                    div {
                        (paper.title)
                        span.hint {
                            (paper.file) @if !paper.people.is_empty() { ", person " (paper.people.join(", ")) }
                            @if let Some(dated) = paper.dated { ", dated " (report::day(dated)) }
                            ". Kept by " (parts::who(&paper.kept_by))
                        }
                    }
                    @if may { (forget_form(visitor, id, paper, refused)) }
                }
            }
        }
    }
}

fn forget_form(visitor: &Visitor, id: &str, paper: &KeptPaper, refused: &Refused<'_>) -> Markup {
    let is_it = refused.is(&[("key", &paper.key)]);
    let typed = refused.typed("reason").filter(|_| is_it).unwrap_or_default();
    html! {
        details open[is_it] {
            summary { "Take away" span.hidden { " " (paper.title) } }
            div {
                form action={ (address::request(id)) "/kept/forget" } method="post" {
                    (parts::csrf(visitor))
                    input type="hidden" name="key" value=(paper.key);
                    (parts::why(&format!("reason-{}", paper.key), "Why", "", typed, refused.errors()))
                    button.warning { "Take it away" }
                }
            }
        }
    }
}

/// Takes a kept paper away.
pub(super) async fn forget(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let key = posted.own("key")?.to_owned();
    let (actor, back) = (visitor.acting(SignInRole::Administrator), address::request(&id));
    let id = SubmissionId::new(id);
    let Some(reason) = posted.text("reason").map(ToOwned::to_owned) else {
        let errors = vec![FieldError::new(format!("reason-{key}"), "Say why it is taken away")];
        return show(&site, &visitor, &id, &Refused::of(&posted, errors), None).await;
    };
    let written = reason.clone();
    let done = site.ask(actor, move |installation| installation.pack_forget(&id, &key, &reason)).await;
    done.map_err(|failure| failure.keeping(written))?;
    Ok(Redirect::to(&format!("{back}?done=forgotten")).into_response())
}

fn decided(story: &SubmissionStory, wording: &Wording) -> Markup {
    html! {
        @if !story.outcomes.is_empty() {
            h2 { "Outcomes" }
            ul {
                @for one in &story.outcomes {
                    li {
                        a href={ "/outcomes/of/" (parts::encoded(story.listed.submission.as_str())) } {
                            (wording.panel(&one.panel)) ", " (report::day(one.sitting)) ", revision " (one.revision)
                        }
                        ", person " (one.person) ": " (one.decision.replace('-', " ")) ", " (one.state)
                    }
                }
            }
        }
        @if !story.write_backs.is_empty() {
            h2 { "Written back" }
            ul {
                @for one in &story.write_backs {
                    li {
                        a href=(address::write_back(&one.id)) { (one.kind.replace('-', " ")) " " (one.reference) }
                        ", person " (one.person) ": " (super::write_backs::state_words(one.state))
                    }
                }
            }
        }
    }
}

/// Closed until somebody opens it: a screen is seen by others in a meeting.
fn answers(story: &SubmissionStory) -> Markup {
    html! {
        h2 { "The form" }
        details {
            summary { "Show the answers" }
            div {
                dl.summary {
                    @for answer in &story.answers {
                        div {
                            dt {
                                (answer.field)
                                @if let Some(person) = &answer.person { span.hint { " person " (person) } }
                            }
                            dd {
                                (answer.value)
                                @if let Some(note) = &answer.note { " " span.tag.yellow { (note) } }
                                br; span.small { (answer.question) ", " (answer.place) }
                            }
                        }
                    }
                }
                @if !story.unmapped.is_empty() {
                    p { "Questions that the mapping does not know: " (story.unmapped.join(", ")) "." }
                }
            }
        }
    }
}

fn history(story: &SubmissionStory, wording: &Wording) -> Markup {
    let rows: Vec<Vec<Markup>> = story
        .revisions
        .iter()
        .rev()
        .map(|revision| {
            vec![
                html! { (revision.number) },
                html! { (wording.moment_of(&story.listed.authority, &revision.at)) },
                html! { (revision.status) },
                html! { (revision.read_at) },
                html! {
                    @if let Some((before, after)) = &revision.moved { "Moved in Mosaic from person " (before) " to " (after) }
                },
            ]
        })
        .collect();
    html! {
        h2 { "History" }
        (parts::table("States that were read", &["Revision", "Taken", "Step", "Read at", "Note"], &rows))
        p.small { "Read by " (story.mapping) "." }
    }
}
