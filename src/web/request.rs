//! A request: what it lacks, its papers, its facts, its history.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::{Path, Query};
use super::parts::{self, Field, Line};
use super::posted::{Posted, Refused};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::{Finding, FindingSeverity, Private, SignInRole, SubmissionId};
use crate::operation::{
    CheckedRequest, FactShown, KeptPaper, PaperChecked, RoleShown, StatedFact, SubmissionStory, WaiverGiven, Wording,
};
use crate::report;

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
    kept: Vec<KeptPaper>,
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
    let (story, facts, kept, roles) = site
        .ask(actor, move |installation| {
            let story = installation.submission_show(&asked)?;
            let asks = !story.checked.is_empty();
            let (facts, kept) = if asks {
                let facts = installation.request_facts(&asked)?;
                (facts, installation.pack_kept(&asked)?)
            } else {
                (Vec::new(), Vec::new())
            };
            let roles = match &story.listed.panel {
                Some(panel) => installation.panel_roles(panel)?,
                None => Vec::new(),
            };
            Ok((story, facts, kept, roles))
        })
        .await?;
    let wording = site.wording().await?;
    let body = body(visitor, &Whole { refused, wording, story, facts, kept, roles });
    let title = format!("Request {id}");
    let shell = Shell::new(visitor, &title, Room::Requests).back("/requests", "Requests").done(done);
    Ok(shell.errors(refused.errors().to_vec()).show(&body))
}

fn body(visitor: &Visitor, whole: &Whole<'_>) -> Markup {
    let Whole { refused, wording, story, facts, kept, .. } = whole;
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
        @if !kept.is_empty() { (kept_papers(visitor, id, kept, may, refused)) }
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
            @if may { (to_waive(visitor, whole, checked)) }
            @for mended in &checked.mended { p.small { "Mended since the last check: " (mended) } }
            @if !checked.waived.is_empty() {
                h3 { "Answered for" }
                ul {
                    @for waived in &checked.waived {
                        li {
                            (super::failure::sentence(&waived.finding.message)) " " (whole.wording.role(&whole.story.listed.authority, &waived.role))
                            " answers for it until " (report::day(waived.until)) ": " (waived.reason.expose())
                        }
                    }
                }
            }
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
    let words = report::paper_state(&paper.state);
    let tone = match paper.state.as_str() {
        "there" | "the-form" | "waived" => "",
        "not-asked" => "grey",
        "fact-unknown" => "yellow",
        _ => "red",
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

/// Where somebody answers for a finding that blocks; open where that was refused.
fn to_waive(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest) -> Markup {
    let person = &checked.person;
    let blocks = checked.findings.iter().any(|finding| finding.severity == FindingSeverity::Blocking);
    let is_it = whole.refused.is(&[("person", person)]);
    html! {
        @if blocks {
            details.noprint open[is_it] {
                summary { "Answer for a finding" @if whole.story.checked.len() > 1 { span.hidden { " of person " (person) } } }
                div {
                    p { "It blocks no longer until the day you name, and stays listed with your reason. Another child’s paper can never be answered for." }
                    (waive_form(visitor, whole, checked, is_it))
                }
            }
        }
    }
}

fn waive_form(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest, is_it: bool) -> Markup {
    let (person, errors) = (&checked.person, whole.refused.errors());
    let typed = |name: &str| whole.refused.typed(name).filter(|_| is_it);
    let until = typed("until").map(ToOwned::to_owned).or_else(|| checked.sitting.map(|date| date.to_string()));
    let findings: Vec<(String, String)> = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == FindingSeverity::Blocking)
        .map(|finding| (format!("{}:{}", finding.code, finding.subject), super::failure::sentence(&finding.message)))
        .collect();
    let roles: Vec<(String, String)> = whole.roles.iter().map(|one| (one.role.clone(), one.title.clone())).collect();
    let why = Field { id: &format!("reason-{person}"), label: html! { "Why" }, hint: "", errors };
    html! {
        form action={ (address::request(whole.story.listed.submission.as_str())) "/waive" } method="post" {
            (parts::csrf(visitor))
            input type="hidden" name="person" value=(person);
            (choice("finding", person, "Finding", &findings, typed("finding"), errors))
            (choice("role", person, "In which role is it answered for?", &roles, typed("role"), errors))
            (why.round(&html! {
                textarea id=(why.id) name="reason" maxlength="2000" aria-describedby=[why.described()]
                    aria-invalid=[why.is_wrong().then_some("true")] { (typed("reason").unwrap_or_default()) }
            }))
            (Line { name: "until", label: "Until which day", hint: "", kind: "date", value: until.as_deref().unwrap_or_default(), autocomplete: "off" }
                .with_id(&format!("until-{person}"), errors))
            button { "Answer for it" }
        }
    }
}

/// One of several, of a form that each child has.
fn choice(
    name: &str,
    person: &str,
    label: &str,
    choices: &[(String, String)],
    chosen: Option<&str>,
    errors: &[FieldError],
) -> Markup {
    let own = Field { id: &format!("{name}-{person}"), label: html! { (label) }, hint: "", errors };
    own.round(&html! {
        select id=(own.id) name=(name) aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")] {
            @for (value, title) in choices { option value=(value) selected[chosen == Some(value)] { (title) } }
        }
    })
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

/// Somebody answers for a finding.
pub(super) async fn waive(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let (back, id) = (address::request(&id), SubmissionId::new(id));
    let given = match waiver(&posted)? {
        Ok(given) => given,
        Err(errors) => return show(&site, &visitor, &id, &Refused::of(&posted, errors), None).await,
    };
    let (actor, asked) = (visitor.acting(SignInRole::Administrator), id.clone());
    let kept = site.ask(actor, move |installation| installation.waive(&asked, &given)).await;
    match kept {
        Ok(_) => Ok(Redirect::to(&format!("{back}?done=waived")).into_response()),
        // Whoever may answer for what is the operation's to say: it is about the finding that was chosen.
        Err(failure) if failure.is_of_form() => {
            let (what, help) = failure.in_words();
            let what = [Some(what), help].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let errors = vec![FieldError::new(field_of("finding", &posted), what)];
            show(&site, &visitor, &id, &Refused::of(&posted, errors), None).await
        }
        Err(failure) => Err(failure),
    }
}

/// The id of a field in the form of the child that a form was sent for.
fn field_of(name: &str, posted: &Posted) -> String {
    format!("{name}-{}", posted.text("person").unwrap_or_default())
}

/// What somebody gives, or what is wrong with it.
fn waiver(posted: &Posted) -> Result<Result<WaiverGiven, Vec<FieldError>>, PageFailure> {
    let finding = posted.own("finding")?;
    let (code, subject) = finding.split_once(':').unwrap_or((finding, ""));
    let role = posted.own("role")?.to_owned();
    let until: Option<Date> = posted.text("until").and_then(|until| until.parse().ok());
    let (Some(reason), Some(until)) = (posted.text("reason"), until) else {
        let no_reason = posted.text("reason").is_none();
        let why = no_reason.then(|| FieldError::new(field_of("reason", posted), "Say why it is answered for"));
        let what = "Enter the day until which it is answered for";
        let day = until.is_none().then(|| FieldError::new(field_of("until", posted), what));
        return Ok(Err(why.into_iter().chain(day).collect()));
    };
    let reason = Private::new(reason.to_owned());
    Ok(Ok(WaiverGiven { code: code.to_owned(), subject: Some(subject.to_owned()), role, reason, until }))
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
    site.ask(actor, move |installation| installation.pack_forget(&id, &key, &reason)).await?;
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
