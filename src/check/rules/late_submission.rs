//! `late-submission`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The cutoff of the sitting passed before the request was handed in.
    ///
    /// A request is handed in when its step in Mosaic is completed; one that is still open is late once the cutoff has passed.
    ///
    /// What to do: hear it at the next sitting, or have the chair agree to hear it at this one.
    "late-submission" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if !case.is_late() {
        return;
    }
    let Some((sitting, cutoff)) = case.sitting.and_then(|sitting| Some((sitting, sitting.cutoff.as_ref()?))) else {
        return;
    };
    let when = match case.handed_in() {
        Some(at) => format!("it was handed in on {}", at.strftime("%Y-%m-%d at %H:%M")),
        None => "it has not been handed in".to_owned(),
    };
    let next = case.profile.next_sitting(case.now.date(), case.now, case.needs_longer(), case.office);
    let next = next.map_or_else(String::new, |next| format!("; the next sitting it can make is {}", next.date));
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: sitting.date.to_string(),
        message: format!("the cutoff was {}, and {when}", cutoff.at.strftime("%Y-%m-%d at %H:%M")),
        help: format!("ask the chair whether the panel will hear it{next}"),
        policy: case.profile.cutoff_policy.clone(),
        source: None,
    });
}
