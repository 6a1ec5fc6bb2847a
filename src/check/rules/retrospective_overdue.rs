//! `retrospective-overdue`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::retrospect;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The request was decided in an emergency, and the sitting that should have agreed has passed.
    ///
    /// It passed the sitting for which it could be handed in, or more days than the policy allows lie between the decision and the sitting.
    ///
    /// What to do: have it heard at once, and ask the chair how the time since is covered.
    "retrospective-overdue" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(retrospect) = retrospect(case).filter(|retrospect| retrospect.overdue) else { return };
    let route = retrospect.route;
    let until = retrospect.until.map_or_else(String::new, |until| format!(": it was to be heard by {until}"));
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: route.name.clone(),
        message: format!("{}: decided before the panel could, and not brought in time{until}", route.title),
        help: "have it heard at once, and ask the chair how the time since is covered".to_owned(),
        policy: route.policy.clone(),
        source: retrospect.read_at,
    });
}
