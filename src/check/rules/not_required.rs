//! `not-required`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The panel does not have to decide about this child.
    ///
    /// What to do: take the request off the agenda, unless the chair wants to hear it.
    "not-required" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some((fact, policy)) = case.exemption() else { return };
    let question = case.profile.facts.get(fact).map_or(fact, |fact| fact.question.as_str());
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Advice,
        subject: fact.to_owned(),
        message: format!("this panel is not required: “{question}” is answered with yes"),
        help: "take it off the agenda, unless the chair wants to hear it".to_owned(),
        policy: policy.to_owned(),
        source: None,
    });
}
