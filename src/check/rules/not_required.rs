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
    let Some((title, name, policy)) = case.exemption() else { return };
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Advice,
        subject: name.to_owned(),
        message: format!("this panel is not required: {title}"),
        help: "take it off the agenda, unless the chair wants to hear it".to_owned(),
        policy: policy.to_owned(),
        source: None,
    });
}
