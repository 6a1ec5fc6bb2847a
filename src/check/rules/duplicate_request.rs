//! `duplicate-request`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// Another open request asks this panel the same for the same child.
    ///
    /// What to do: cancel one of the two in Mosaic, so that nothing is decided or written twice.
    "duplicate-request" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for twin in case.twins {
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Warning,
            subject: twin.to_string(),
            message: format!("request {twin} came before it and asks this panel the same for the same child"),
            help: "cancel one of the two in Mosaic".to_owned(),
            policy: case.profile.policy.clone(),
            source: None,
        });
    }
}
