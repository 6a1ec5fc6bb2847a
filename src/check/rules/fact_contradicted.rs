//! `fact-contradicted`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::whose;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// Two sources disagree about a fact.
    ///
    /// The form stands before the record, the record before what tessera has seen, and that before what a person states.
    ///
    /// What to do: find out which is right, and mend the other.
    "fact-contradicted" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (first, other) in case.facts.contradictions() {
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Warning,
            subject: first.name.clone(),
            message: format!(
                "{}: {} says one thing and {} another",
                question(case, &first.name),
                whose(first.source.clone()),
                whose(other.source.clone())
            ),
            help: format!("find out which is right; until then {} counts", whose(first.source.clone())),
            policy: case.profile.facts.get(&first.name).map(|fact| fact.policy.clone()).unwrap_or_default(),
            source: first.read_at.as_ref().map(ToString::to_string),
        });
    }
}

/// What is asked, in the words of the panel or in those of the fact's name.
fn question(case: &Case<'_>, fact: &str) -> String {
    let asked = case.profile.facts.get(fact).map(|fact| fact.question.clone()).filter(|asked| !asked.is_empty());
    asked.unwrap_or_else(|| fact.replace('-', " "))
}
