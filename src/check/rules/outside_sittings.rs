//! `outside-sittings`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};
use crate::panel::Hearing;

rule! {
    /// The request is urgent and does not wait for a sitting.
    ///
    /// No cutoff holds for it; the same papers are asked for.
    ///
    /// What to do: arrange the meeting with those who decide.
    "outside-sittings" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(route) = case.route().filter(|route| route.hearing == Hearing::AtOnce) else { return };
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Advice,
        subject: route.name.clone(),
        message: format!("{}: it does not wait for a sitting", route.title),
        help: "arrange the meeting with those who decide".to_owned(),
        policy: route.policy.clone(),
        source: None,
    });
}
