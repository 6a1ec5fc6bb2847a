//! `request-kind-unknown`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The form does not say what kind of request it is, so that its paperwork is not known.
    ///
    /// What to do: the worker answers the question in Mosaic.
    "request-kind-unknown" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(field) = &case.profile.requests.field else { return };
    if case.profile.requests.kinds.is_empty() || !case.kind_choices().is_empty() {
        return;
    }
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: field.clone(),
        message: "the form does not say what kind of request it is".to_owned(),
        help: "ask the worker to answer the question in Mosaic".to_owned(),
        policy: case.profile.policy.clone(),
        source: case.answers(field).next().map(|answer| answer.place.to_string()),
    });
}
