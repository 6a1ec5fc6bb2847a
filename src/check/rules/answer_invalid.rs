//! `answer-invalid`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity, Value};

rule! {
    /// An answer cannot be read as what the question asks for: a date that is none, a choice that nobody knows.
    ///
    /// What to do: look at the answer in Mosaic; if it is right there, the form's mapping file lacks it.
    "answer-invalid" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let columns = case.submission.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.answers);
    for answer in case.submission.answers.iter().chain(columns) {
        let Value::Unread { why, .. } = &answer.value else { continue };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Blocking,
            subject: answer.field.to_string(),
            message: format!("the answer to {} cannot be read: {why}", answer.question),
            help: "look at the answer in Mosaic; if it is right, add it to the form's mapping file".to_owned(),
            policy: case.profile.policy.clone(),
            source: Some(answer.place.to_string()),
        });
    }
}
