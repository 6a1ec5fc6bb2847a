//! `fact-unknown`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{FactValue, Finding, FindingSeverity};

rule! {
    /// Whether a document is needed hangs on something that nobody has said.
    ///
    /// tessera asks and does not assume: until it is known, a request that lacks the document is neither complete nor incomplete.
    ///
    /// What to do: answer the question on the form, or state it with `--fact NAME=yes` or `--fact NAME=no`.
    "fact-unknown" => find
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
            findings.push(Finding {
                code: RULE.code.to_owned(),
                severity: found.paper.severity,
                subject: fact.clone(),
                message: format!("it is not known, and {} hangs on it: {question}", found.paper.title),
                help: format!("answer it on the form, or state it with --fact {fact}=yes or --fact {fact}=no"),
                policy: found.paper.policy.clone(),
                source: None,
            });
        }
    }
}
