//! `fact-contradicted`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::wording::whose;
use crate::check::{Case, Finding, Subject};
use crate::domain::{FactSource, FindingSeverity};

rule! {
    /// Two sources disagree about a fact.
    ///
    /// The form stands before the record, the record before what tessera has seen, and that before what a person states.
    ///
    /// What to do: find out which is right, and mend the other.
    group: Group::Fact,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// Two who say otherwise about a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What is asked, in the words of the panel or in those of the fact's name.
    question: String,
    /// Whose word counts.
    first: FactSource,
    other: FactSource,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        [&self.first, &self.other].into_iter().map(|source| name(source).to_owned()).collect()
    }

    fn message(&self, _: &Subject) -> String {
        let (first, other) = (whose(&self.first), whose(&self.other));
        format!("{}: {first} says one thing and {other} another", self.question)
    }

    fn help(&self, _: &Subject) -> String {
        format!("find out which is right; until then {} counts", whose(&self.first))
    }
}

/// Who says so, by a name that stays.
const fn name(source: &FactSource) -> &'static str {
    match source {
        FactSource::Answer => "answer",
        FactSource::Event => "event",
        FactSource::Ledger => "ledger",
        FactSource::Stated => "stated",
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (first, other) in case.facts.contradictions() {
        let asked = case.profile.facts.get(&first.name);
        let question = asked.map(|fact| fact.question.clone()).filter(|asked| !asked.is_empty());
        let question = question.unwrap_or_else(|| first.name.replace('-', " "));
        findings.push(Finding {
            severity: FindingSeverity::Warning,
            subject: Subject::Fact(first.name.clone()),
            detail: Detail { question, first: first.source.clone(), other: other.source.clone() }.into(),
            policy: asked.map(|fact| fact.policy.clone()).unwrap_or_default(),
            source: first.read_at.as_ref().map(ToString::to_string),
        });
    }
}
