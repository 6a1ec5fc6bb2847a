//! What is known of the facts that a request hangs on, and what hangs on each: for a person who can answer them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::prepared::Prepared;
use crate::domain::{Fact, FactSource, FactValue};
use crate::panel::{Condition, Profile, RequestKind};
use crate::report;

/// A fact that a request hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactShown {
    /// Its name, by which it is stated.
    pub fact: String,
    /// The question that a person can answer.
    pub title: String,
    /// What is known: `yes`, `no` or `unknown`.
    pub value: &'static str,
    /// Who says so: the form, the record, earlier panels, or the person who stated it.
    pub from: Option<String>,
    /// What hangs on it: papers and ways that the panel has, as a person calls them.
    pub hangs_on_it: Vec<String>,
}

/// Every fact that the panel of a request asks about.
pub(super) fn facts(prepared: &Prepared<'_>, stated_by: &BTreeMap<String, String>) -> Vec<FactShown> {
    let kinds = prepared.profile.requests.kinds_of(prepared.submission);
    let hanging = hanging_on(prepared.profile, &kinds);
    let asked = prepared.profile.facts.keys();
    let all: BTreeSet<&String> = asked.chain(hanging.iter().flat_map(|(_, condition)| condition.facts())).collect();
    let shown = all.into_iter().map(|name| {
        let question = prepared.profile.facts.get(name).map(|asked| asked.question.clone());
        let mut hangs_on_it: Vec<String> = Vec::new();
        for (title, condition) in &hanging {
            if condition.facts().any(|fact| fact == name) && !hangs_on_it.contains(title) {
                hangs_on_it.push(title.clone());
            }
        }
        let (value, from) = known(prepared, name, stated_by);
        FactShown {
            title: question.filter(|asked| !asked.is_empty()).unwrap_or_else(|| report::in_words(name)),
            fact: name.clone(),
            value,
            from,
            hangs_on_it,
        }
    });
    shown.collect()
}

/// Everything of the panel's that hangs on facts, for what a request of these kinds asks.
fn hanging_on<'p>(profile: &'p Profile, kinds: &[&'p RequestKind]) -> Vec<(String, &'p Condition)> {
    let papers = profile.requests.papers(kinds).into_iter().map(|paper| (paper.title.clone(), &paper.condition));
    let approval = profile.approval.iter().map(|approval| ("Approval".to_owned(), &approval.condition));
    let routes = profile.routes.iter().map(|route| (route.title.clone(), &route.condition));
    let exempt = profile.exempt.iter().map(|exempt| (exempt.title.clone(), &exempt.condition));
    let elsewhere = profile.elsewhere.iter().map(|other| (other.title.clone(), &other.condition));
    papers.chain(approval).chain(routes).chain(exempt).chain(elsewhere).collect()
}

/// What is known, and who says so. Where the children of a request differ, nothing is known of the request.
fn known(prepared: &Prepared<'_>, name: &str, stated_by: &BTreeMap<String, String>) -> (&'static str, Option<String>) {
    let of_children: Vec<Option<&Fact>> = prepared.children.iter().map(|child| child.facts.known(name)).collect();
    let value = |fact: &Option<&Fact>| fact.map_or(FactValue::Unknown, |fact| fact.value);
    let Some(first) = of_children.first() else { return ("unknown", None) };
    if of_children.iter().any(|other| value(other) != value(first)) {
        let said = prepared.children.iter().zip(&of_children);
        let said = said.map(|(child, fact)| format!("person {}: {}", child.person, in_words(value(fact))));
        let said = said.collect::<Vec<_>>().join(", ");
        return ("unknown", Some(format!("what is known of each child ({said})")));
    }
    let from = first.map(|fact| match fact.source {
        FactSource::Answer => "the form".to_owned(),
        FactSource::Event => "the record".to_owned(),
        FactSource::Ledger => "earlier panels".to_owned(),
        FactSource::Stated => match stated_by.get(name) {
            Some(by) => by.clone(),
            None => "whoever stated it".to_owned(),
        },
    });
    (in_words(value(first)), from)
}

const fn in_words(value: FactValue) -> &'static str {
    match value {
        FactValue::Yes => "yes",
        FactValue::No => "no",
        FactValue::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::super::installation::Rulebook;

    /// A question for every fact that anything of a built-in panel hangs on, so that nobody is asked a bare name.
    #[test]
    fn every_fact_of_a_built_in_panel_is_asked_in_words() {
        let rules = Rulebook::of(None).unwrap();
        let mut bare = Vec::new();
        for (name, profile) in &rules.panels {
            let kinds: Vec<_> = profile.requests.kinds.iter().collect();
            let hanging = super::hanging_on(profile, &kinds);
            let facts = hanging.iter().flat_map(|(_, condition)| condition.facts());
            let asked = |fact: &&String| profile.facts.get(*fact).is_some_and(|one| one.question.ends_with('?'));
            bare.extend(facts.filter(|fact| !asked(fact)).map(|fact| format!("{name}: {fact}")));
        }
        assert!(bare.is_empty(), "{bare:#?}");
    }
}
