//! `approval-wrong-role`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{before_cutoff, one_of, role};
use crate::domain::{Finding, FindingSeverity, Value};

rule! {
    /// The request was approved by somebody whose role may not approve it.
    ///
    /// The same holds for a decision that did not wait for the panel: the policy says who may take it.
    ///
    /// What to do: somebody in one of the roles named approves the form, or stands by the decision.
    "approval-wrong-role" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    approved(case, findings);
    decided(case, findings);
}

/// A way round the panel that somebody took who may not.
fn decided(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(route) = case.route().filter(|route| !route.decided_by.is_empty()) else { return };
    let Some(role_field) = &route.role_field else { return };
    let Some(given) = case.choices(role_field).next() else { return };
    if route.decided_by.iter().any(|wanted| wanted == given) {
        return;
    }
    let roles = one_of(&route.decided_by);
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: route.name.clone(),
        message: format!("{}: decided by the {}; the policy asks for the {roles}", route.title, role(given)),
        help: format!("ask the {roles} to stand by the decision, and correct the form"),
        policy: route.policy.clone(),
        source: case.answers(role_field).next().map(|answer| answer.place.to_string()),
    });
}

fn approved(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let Some(role_field) = &approval.role_field else { return };
    let approved = case.answers(&approval.field).any(|answer| answer.value == Value::YesNo(true));
    let Some(given) = case.choices(role_field).next().filter(|_| approved) else { return };
    if approval.roles.iter().any(|wanted| wanted == given) {
        return;
    }
    let roles = one_of(&approval.roles);
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: "approval".to_owned(),
        message: format!("the request was approved by the {}; this panel asks for the {roles}", role(given)),
        help: format!("ask the {roles} to approve the form in Mosaic{}", before_cutoff(case)),
        policy: approval.policy.clone(),
        source: case.answers(role_field).next().map(|answer| answer.place.to_string()),
    });
}
