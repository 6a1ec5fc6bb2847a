//! `approval-missing`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{before_cutoff, one_of};
use crate::domain::{Finding, FindingSeverity, Value};

rule! {
    /// The request has not been approved by whom the panel requires.
    ///
    /// What to do: the manager named approves the form in Mosaic before the cutoff.
    "approval-missing" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let approved = case.answers(&approval.field).any(|answer| answer.value == Value::YesNo(true));
    if approved {
        return;
    }
    let roles = one_of(&approval.roles);
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: "approval".to_owned(),
        message: format!("the form does not say that the {roles} has approved the request"),
        help: format!("ask the {roles} to approve the form in Mosaic{}", before_cutoff(case)),
        policy: approval.policy.clone(),
        source: case.answers(&approval.field).next().map(|answer| answer.place.to_string()),
    });
}
