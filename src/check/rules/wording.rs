//! Words that several rules share, and the data behind them.

use jiff::civil::DateTime;

use crate::check::{Case, Subject};
use crate::domain::{Document, FactSource};
use crate::panel::Paper;

/// A role as a person says it: `team-manager` is “team manager”.
pub(super) fn role(name: &str) -> String {
    name.replace('-', " ")
}

/// What a finding about a paper is about.
pub(super) fn subject_of(paper: &Paper) -> Subject {
    let kind = paper.kinds.first().cloned();
    kind.map_or(Subject::UnknownDocument, Subject::Document)
}

/// The cutoff where it is still to come, in the time of the office.
pub(super) fn cutoff_ahead(case: &Case<'_>) -> Option<DateTime> {
    let cutoff = case.sitting.and_then(|sitting| sitting.cutoff.as_ref()).filter(|cutoff| cutoff.at > *case.now);
    cutoff.map(|cutoff| cutoff.at.datetime())
}

/// “ by 12:00 on Friday 27 November 2026” where the cutoff is still to come.
pub(super) fn by(cutoff: Option<DateTime>) -> String {
    cutoff.map_or_else(String::new, |at| format!(" by {}", at.strftime("%H:%M on %A %-d %B %Y")))
}

/// Who says so.
pub(super) const fn whose(source: &FactSource) -> &'static str {
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
pub(super) fn about(document: &Document) -> Subject {
    document.kind.clone().map_or(Subject::UnknownDocument, Subject::Document)
}

/// Who brings a document that the panel asks for.
pub(super) fn chase(case: &Case<'_>, document: &Document) -> Option<String> {
    case.paper_of(document).map(|paper| paper.chase.clone())
}
