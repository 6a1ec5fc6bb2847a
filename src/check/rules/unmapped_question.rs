//! `unmapped-question`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The form answers a question that its mapping file does not know.
    ///
    /// What to do: add the question to the mapping file, or name it under `ignored` there.
    "unmapped-question" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for unmapped in &case.submission.unmapped {
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Advice,
            subject: unmapped.question.to_string(),
            message: format!("the question {} is not known to {}", unmapped.question, case.submission.origin.mapping),
            help: "tell the systems officer: the form may have a new version".to_owned(),
            policy: case.profile.policy.clone(),
            source: Some(unmapped.place.to_string()),
        });
    }
}
