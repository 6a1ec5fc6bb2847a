//! Words that several rules share.

use jiff::civil::Date;

use crate::check::Case;
use crate::domain::{Document, DocumentTrouble, FactSource, Finding};
use crate::panel::{Hearing, Paper, Route};

/// A role as a person says it: `team-manager` is “team manager”.
pub(super) fn role(name: &str) -> String {
    name.replace('-', " ")
}

/// What a finding about a paper is about.
pub(super) fn subject_of(paper: &Paper) -> String {
    paper.kinds.first().map_or_else(|| paper.title.clone(), ToString::to_string)
}

/// “by noon on Friday” where the cutoff is still to come.
pub(super) fn before_cutoff(case: &Case<'_>) -> String {
    let cutoff = case.sitting.and_then(|sitting| sitting.cutoff.as_ref()).filter(|cutoff| cutoff.at > *case.now);
    cutoff.map_or_else(String::new, |cutoff| format!(" by {}", cutoff.at.strftime("%H:%M on %A %-d %B %Y")))
}

/// Who says so.
pub(super) fn whose(source: FactSource) -> &'static str {
    match source {
        FactSource::Answer => "the form",
        FactSource::Event => "the record",
        FactSource::Ledger => "what tessera has seen",
        FactSource::Stated => "what a person has stated",
    }
}

/// Roles as a person says them: “service manager or assistant director”.
pub(super) fn one_of(roles: &[String]) -> String {
    roles.iter().map(|name| role(name)).collect::<Vec<_>>().join(" or ")
}

/// What a finding about a document is about: its kind, where that is known.
pub(super) fn about(document: &Document) -> String {
    document.kind.as_ref().map_or_else(|| "document".to_owned(), ToString::to_string)
}

/// Who brings a document that the panel asks for.
pub(super) fn chase(case: &Case<'_>, document: &Document) -> Option<String> {
    case.paper_of(document).map(|paper| role(&paper.chase))
}

/// Documents with one kind of trouble: what is the matter, and what whoever brings it should do.
pub(super) fn troubled(
    case: &Case<'_>,
    trouble: DocumentTrouble,
    code: &str,
    what: &str,
    to_do: &str,
    findings: &mut Vec<Finding>,
) {
    for (document, _) in case.readings().filter(|(_, reading)| reading.trouble == Some(trouble)) {
        let who = chase(case, document).unwrap_or_else(|| "sender".to_owned());
        findings.push(Finding {
            code: code.to_owned(),
            severity: case.severity_of(document),
            subject: about(document),
            message: format!("{} {what}", document.source),
            help: format!("ask the {who} to {to_do}"),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}

/// A request that was decided before the panel could, and where it stands.
pub(super) struct Retrospect<'a> {
    /// The way it has come.
    pub(super) route: &'a Route,
    /// The day by which the panel was to hear it, where the day of the decision is known.
    pub(super) until: Option<Date>,
    /// Whether that has passed, or will have by the sitting that is meant.
    pub(super) overdue: bool,
    /// Where the day of the decision was read.
    pub(super) read_at: Option<String>,
}

/// The request's standing, if it was decided before the panel could.
pub(super) fn retrospect<'a>(case: &Case<'a>) -> Option<Retrospect<'a>> {
    let route = case.route().filter(|route| route.hearing == Hearing::NextSitting)?;
    let field = route.decided_on.as_deref();
    let Some(decided) = field.and_then(|field| case.moment(field)) else {
        return Some(Retrospect { route, until: None, overdue: false, read_at: None });
    };
    let read_at = field.and_then(|field| case.answers(field).next()).map(|answer| answer.place.to_string());
    // A day without a time counts to the end of the office day.
    let decided_at = if decided.time() == jiff::civil::Time::midnight() { case.office.close } else { decided.time() };
    let moment = case.office.at(decided.date(), decided_at);
    let first = || case.profile.next_sitting(decided.date(), &moment, case.needs_longer(), case.office);
    let until = match route.at_most {
        Some(span) => Some(decided.date().saturating_add(span)),
        None => first().map(|sitting| sitting.date),
    };
    let heard = case.sitting.map_or_else(|| case.now.date(), |sitting| sitting.date);
    let overdue = until.is_some_and(|until| heard > until || case.now.date() > until);
    Some(Retrospect { route, until, overdue, read_at })
}
