//! Somebody answers for a finding, and takes that back.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::super::asked::Path;
use super::super::failure::sentence;
use super::super::parts::{self, Field, Line};
use super::super::posted::{Posted, Refused};
use super::super::shell::FieldError;
use super::super::{PageFailure, Site, Visitor, address};
use super::{Whole, show};
use crate::domain::{FindingSeverity, Private, SignInRole, SubmissionId};
use crate::operation::{CheckedRequest, Lapse, Lapsed, Waived, WaiverGiven, WaiverTakenBack, WrongDay};
use crate::report;

/// Where somebody answers for a finding that blocks; open where that was refused.
pub(super) fn to_waive(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest) -> Markup {
    let person = &checked.person;
    let blocks = checked.findings.iter().any(|finding| finding.severity == FindingSeverity::Blocking);
    let is_it = whole.refused.is(&[("person", person)]) && !whole.refused.is(&[("what", "unwaive")]);
    html! {
        @if blocks {
            details.noprint open[is_it] {
                summary { "Answer for a finding" (of_person(whole, person)) }
                div {
                    p { "It blocks no longer until the day you name, and stays listed with your reason. Another child’s paper can never be answered for." }
                    (waive_form(visitor, whole, checked, is_it))
                }
            }
        }
    }
}

/// Which child is meant, for whoever does not see where it stands.
fn of_person(whole: &Whole<'_>, person: &str) -> Markup {
    html! { @if whole.story.checked.len() > 1 { span.hidden { " of person " (person) } } }
}

fn waive_form(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest, is_it: bool) -> Markup {
    let (person, errors) = (&checked.person, whole.refused.errors());
    let typed = |name: &str| whole.refused.typed(name).filter(|_| is_it);
    let until = typed("until").map(ToOwned::to_owned).or_else(|| checked.sitting.map(|date| date.to_string()));
    let hint = match checked.sitting {
        Some(_) => "From today to the day of the sitting.",
        None => "From today to 28 days ahead: there is no sitting yet.",
    };
    let findings: Vec<(String, String)> = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == FindingSeverity::Blocking && finding.code().may_be_waived())
        .map(|finding| (format!("{}:{}", finding.code(), finding.subject), sentence(&finding.message())))
        .collect();
    let roles: Vec<(String, String)> = whole.roles.iter().map(|one| (one.role.clone(), one.title.clone())).collect();
    let why = Field { id: &format!("reason-{person}"), label: html! { "Why" }, hint: "", errors };
    html! {
        form action={ (address::request(whole.story.listed.submission.as_str())) "/waive" } method="post" {
            (parts::csrf(visitor))
            input type="hidden" name="person" value=(person);
            (choice("finding", person, "Finding", false, &findings, typed("finding"), errors))
            (choice("role", person, "In which role is it answered for?", true, &roles, typed("role"), errors))
            (why.round(&html! {
                textarea id=(why.id) name="reason" maxlength="2000" aria-describedby=[why.described()]
                    aria-invalid=[why.is_wrong().then_some("true")] { (typed("reason").unwrap_or_default()) }
            }))
            (Line { name: "until", label: "Until which day", hint, kind: "date", value: until.as_deref().unwrap_or_default(), autocomplete: "off" }
                .with_id(&format!("until-{person}"), errors))
            button { "Answer for it" }
        }
    }
}

/// One of several, of a form that each child has. Where nothing is chosen for whoever looks, the first is empty.
fn choice(
    name: &str,
    person: &str,
    label: &str,
    is_open: bool,
    choices: &[(String, String)],
    chosen: Option<&str>,
    errors: &[FieldError],
) -> Markup {
    let own = Field { id: &format!("{name}-{person}"), label: html! { (label) }, hint: "", errors };
    own.round(&html! {
        select id=(own.id) name=(name) aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")] {
            @if is_open { option {} }
            @for (value, title) in choices { option value=(value) selected[chosen == Some(value)] { (title) } }
        }
    })
}

/// What was answered for, and what was and does not count.
pub(super) fn answered_for(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest, may: bool) -> Markup {
    let role = |role: &str| whole.wording.role(&whole.story.listed.authority, role);
    html! {
        @if !checked.waived.is_empty() {
            h3 { "Answered for" }
            ul {
                @for waived in &checked.waived {
                    li {
                        (sentence(&waived.finding.message())) " " (role(&waived.role))
                        " answers for it until " (report::day(waived.until)) ": " (waived.reason.expose())
                        " " span.hint { "Entered by " (parts::who(&waived.by)) "." }
                        @if may { (take_back_form(visitor, whole, checked, waived)) }
                    }
                }
            }
        }
        @if !checked.lapsed.is_empty() {
            h3 { "Answered for before, and does not count" }
            ul {
                @for lapsed in &checked.lapsed {
                    li {
                        @if let Some(name) = &lapsed.finding { (name.code) ", " (name.subject) ": " }
                        (role(&lapsed.role)) " answered for it" (for_when(lapsed)) ": " (lapsed.reason.expose())
                        " " span.hint { (why_not(lapsed.why)) " Entered by " (parts::who(&lapsed.by)) "." }
                    }
                }
            }
        }
    }
}

fn for_when(lapsed: &Lapsed) -> String {
    let sitting = lapsed.sitting.map_or_else(String::new, |day| format!(" for the sitting on {}", report::day(day)));
    format!("{sitting} until {}", report::day(lapsed.until))
}

const fn why_not(why: Lapse) -> &'static str {
    match why {
        Lapse::Over => "That day has passed.",
        Lapse::AnotherSitting => "The request goes to another sitting.",
        Lapse::NoFinding => "No finding is what it was given for: it may have been reworded.",
    }
}

/// Where it is taken back that a finding was answered for; open where that was refused.
fn take_back_form(visitor: &Visitor, whole: &Whole<'_>, checked: &CheckedRequest, waived: &Waived) -> Markup {
    let (person, finding) = (&checked.person, &waived.finding);
    let named = format!("{}:{}", finding.code(), finding.subject);
    let is_it = whole.refused.is(&[("person", person), ("what", "unwaive"), ("finding", &named)]);
    let typed = whole.refused.typed("reason").filter(|_| is_it).unwrap_or_default();
    html! {
        details.noprint open[is_it] {
            summary { "Take back" span.hidden { " " (named) } (of_person(whole, person)) }
            div {
                form action={ (address::request(whole.story.listed.submission.as_str())) "/unwaive" } method="post" {
                    (parts::csrf(visitor))
                    input type="hidden" name="person" value=(person);
                    input type="hidden" name="what" value="unwaive";
                    input type="hidden" name="finding" value=(named);
                    (parts::why(&back_reason(person, &named), "Why", "", typed, whole.refused.errors()))
                    button.warning { "Take it back" }
                }
            }
        }
    }
}

fn back_reason(person: &str, named: &str) -> String {
    format!("back-{person}-{}", named.replace([':', ' ', '/'], "-"))
}

/// Somebody answers for a finding.
pub(in crate::web) async fn waive(
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
    let error = match site.ask(actor, move |installation| installation.waive(&asked, &given)).await {
        Ok(Ok(_)) => return Ok(Redirect::to(&format!("{back}?done=waived")).into_response()),
        Ok(Err(wrong)) => FieldError::new(field_of("until", &posted), about_day(wrong)),
        // Whoever may answer for what is the operation's to say: it is about the finding that was chosen.
        Err(failure) if failure.is_of_form() => FieldError::new(field_of("finding", &posted), in_words(&failure)),
        Err(failure) => return Ok(failure.with_form(&visitor, &format!("{back}/waive"), &posted, &as_sent(&posted))),
    };
    show(&site, &visitor, &id, &Refused::of(&posted, vec![error]), None).await
}

/// Why, as it was written, to be read and copied.
fn as_sent(posted: &Posted) -> Markup {
    html! {
        h2 #written { "What you wrote" }
        textarea aria-labelledby="written" rows="6" readonly { (posted.text("reason").unwrap_or_default()) }
    }
}

fn about_day(wrong: WrongDay) -> String {
    let (what, help) = wrong.on_page();
    format!("{what} {help}")
}

fn in_words(failure: &PageFailure) -> String {
    let (what, help) = failure.in_words();
    [Some(what), help].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The id of a field in the form of the child that a form was sent for.
fn field_of(name: &str, posted: &Posted) -> String {
    format!("{name}-{}", posted.text("person").unwrap_or_default())
}

/// The child that a form was sent for.
fn child(posted: &Posted) -> Option<String> {
    posted.text("person").map(ToOwned::to_owned)
}

/// What somebody gives, or what is wrong with it.
fn waiver(posted: &Posted) -> Result<Result<WaiverGiven, Vec<FieldError>>, PageFailure> {
    let finding = posted.own("finding")?;
    let (code, subject) = finding.split_once(':').unwrap_or((finding, ""));
    let until: Option<Date> = posted.text("until").and_then(|until| until.parse().ok());
    let (Some(role), Some(reason), Some(until)) = (posted.text("role"), posted.text("reason"), until) else {
        let is_missing = [
            ("role", posted.text("role").is_none(), "Choose the role in which it is answered for"),
            ("reason", posted.text("reason").is_none(), "Say why it is answered for"),
            ("until", until.is_none(), "Enter the day until which it is answered for"),
        ];
        let missing = is_missing.into_iter().filter(|(_, is_missing, _)| *is_missing);
        return Ok(Err(missing.map(|(name, _, what)| FieldError::new(field_of(name, posted), what)).collect()));
    };
    let (role, reason) = (role.to_owned(), Private::new(reason.to_owned()));
    let (code, subject) = (code.to_owned(), Some(subject.to_owned()));
    Ok(Ok(WaiverGiven { code, subject, person: child(posted), role, reason, until }))
}

/// Somebody takes back that a finding was answered for.
pub(in crate::web) async fn unwaive(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let (back, id) = (address::request(&id), SubmissionId::new(id));
    let finding = posted.own("finding")?;
    let field = back_reason(posted.text("person").unwrap_or_default(), finding);
    let Some(reason) = posted.text("reason") else {
        let errors = vec![FieldError::new(field, "Say why it is taken back")];
        return show(&site, &visitor, &id, &Refused::of(&posted, errors), None).await;
    };
    let (code, subject) = finding.split_once(':').unwrap_or((finding, ""));
    let (code, subject) = (code.to_owned(), Some(subject.to_owned()));
    let given = WaiverTakenBack { code, subject, person: child(&posted), reason: Private::new(reason.to_owned()) };
    let (actor, asked) = (visitor.acting(SignInRole::Administrator), id.clone());
    if let Err(failure) = site.ask(actor, move |installation| installation.take_waiver_back(&asked, &given)).await {
        return Ok(failure.with_form(&visitor, &format!("{back}/unwaive"), &posted, &as_sent(&posted)));
    }
    Ok(Redirect::to(&format!("{back}?done=taken-back")).into_response())
}
