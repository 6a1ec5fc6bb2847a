//! `answer-truncated`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{AnswerNote, Finding, FindingSeverity};

rule! {
    /// An answer ends where exporters are known to cut text, or in the middle of its markup.
    ///
    /// What to do: read it in Mosaic; have the report deliver long text whole.
    "answer-truncated" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for answer in &case.submission.answers {
        let Some(note) = answer.note else { continue };
        let message = match note {
            AnswerNote::CutAt(length) => {
                format!("the answer to {} is exactly {length} characters long", answer.question)
            }
            AnswerNote::CutInMarkup => format!("the answer to {} ends in the middle of its markup", answer.question),
        };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Warning,
            subject: answer.field.to_string(),
            message: format!("{message}: it was probably cut"),
            help: "read it in Mosaic, and have the report deliver long text whole".to_owned(),
            policy: case.profile.policy.clone(),
            source: Some(answer.place.to_string()),
        });
    }
}
