//! `sitting-cancelled`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The sitting that the request asks for falls away, or the panel does not sit on that day.
    ///
    /// What to do: move the request to the next sitting.
    "sitting-cancelled" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(reason) = case.sitting.and_then(|sitting| sitting.cancelled.as_ref()) else { return };
    let date = case.sitting.map(|sitting| sitting.date.to_string()).unwrap_or_default();
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        message: format!("the sitting on {date} falls away: {reason}"),
        subject: date,
        help: "move the request to the next sitting".to_owned(),
        policy: case.profile.policy.clone(),
        source: None,
    });
}
