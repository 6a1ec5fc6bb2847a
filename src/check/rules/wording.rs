//! Words that several rules share.

use crate::check::Case;
use crate::domain::FactSource;
use crate::panel::Paper;

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
