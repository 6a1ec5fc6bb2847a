//! `fact-unknown`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::{DocumentKind, FactValue, FindingSeverity};

rule! {
    /// Whether a document is needed hangs on something that nobody has said.
    ///
    /// tessera asks and does not assume: until it is known, a request that lacks the document is neither complete nor incomplete.
    ///
    /// What to do: answer the question on the form, or state it with `--fact NAME=yes` or `--fact NAME=no`.
    group: Group::Fact,
    effect: Effect::Asks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A fact that nobody has said, and a paper that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    question: String,
    /// The kind of document that hangs on it.
    paper: Option<DocumentKind>,
    /// What the panel calls that.
    paper_title: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        self.paper.iter().map(ToString::to_string).collect()
    }

    fn message(&self, _: &Subject) -> String {
        format!("it is not known, and {} hangs on it: {}", self.paper_title, self.question)
    }

    fn help(&self, fact: &Subject) -> String {
        format!("answer it on the form, or state it with --fact {fact}=yes or --fact {fact}=no")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        // What would only help is not worth a question.
        let is_worth_it = found.paper.severity != FindingSeverity::Advice;
        if found.needed != FactValue::Unknown || found.is_there() || !is_worth_it {
            continue;
        }
        let conditions = found.paper.condition.facts();
        for fact in conditions.filter(|fact| case.facts.value(fact) == FactValue::Unknown) {
            let question = case.profile.facts.get(fact).map_or_else(|| fact.clone(), |fact| fact.question.clone());
            let (paper, paper_title) = (found.paper.kinds.first().cloned(), found.paper.title.clone());
            findings.push(Finding {
                severity: found.paper.severity,
                subject: Subject::Fact(fact.clone()),
                detail: Detail { question, paper, paper_title }.into(),
                policy: found.paper.policy.clone(),
                source: None,
            });
        }
    }
}
