//! `approval-after-cutoff`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The request was approved after the cutoff of the sitting.
    ///
    /// What to do: hear it at the next sitting, or have the chair agree to hear it at this one.
    "approval-after-cutoff" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let Some(cutoff) = case.sitting.and_then(|sitting| sitting.cutoff.as_ref()) else { return };
    let Some(at) = approval.on_field.as_ref().and_then(|field| case.moment(field)) else { return };
    let approved_at = case.office.at(at.date(), at.time());
    if approved_at <= cutoff.at || !case.has_cutoff() {
        return;
    }
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Warning,
        subject: "approval".to_owned(),
        message: format!("the request was approved on {}, after the cutoff", at.date()),
        help: "ask the chair whether the panel will hear it at this sitting".to_owned(),
        policy: approval.policy.clone(),
        source: None,
    });
}
