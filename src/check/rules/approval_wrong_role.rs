//! `approval-wrong-role`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{before_cutoff, role};
use crate::domain::{Finding, FindingSeverity, Value};

rule! {
    /// The request was approved by somebody whose role may not approve it.
    ///
    /// What to do: somebody in one of the roles named approves the form.
    "approval-wrong-role" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let Some(role_field) = &approval.role_field else { return };
    let approved = case.answers(&approval.field).any(|answer| answer.value == Value::YesNo(true));
    let Some(given) = case.choices(role_field).next().filter(|_| approved) else { return };
    if approval.roles.iter().any(|wanted| wanted == given) {
        return;
    }
    let roles = approval.roles.iter().map(|name| role(name)).collect::<Vec<_>>().join(" or ");
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: "approval".to_owned(),
        message: format!("the request was approved by a {}; this panel asks for a {roles}", role(given)),
        help: format!("ask a {roles} to approve the form in Mosaic{}", before_cutoff(case)),
        policy: approval.policy.clone(),
        source: case.answers(role_field).next().map(|answer| answer.place.to_string()),
    });
}
