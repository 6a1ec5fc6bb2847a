//! `answer-invalid`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::{FindingSeverity, Value};

rule! {
    /// An answer cannot be read as what the question asks for: a date that is none, a choice that nobody knows.
    ///
    /// What to do: look at the answer in Mosaic; if it is right there, the form's mapping file lacks it.
    group: Group::Form,
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    question: String,
    /// Mosaic's id of the row of its table; nothing outside tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    /// What is wrong with it, without the answer itself.
    why: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        std::iter::once(self.question.clone()).chain(self.row.clone()).collect()
    }

    fn message(&self, _: &Subject) -> String {
        format!("the answer to {} cannot be read: {}", self.question, self.why)
    }

    fn help(&self, _: &Subject) -> String {
        "look at the answer in Mosaic; if it is right, add it to the form's mapping file".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let rows = case.submission.tables.iter().flat_map(|table| &table.rows);
    let columns = rows.flat_map(|row| row.answers.iter().map(|answer| (answer, Some(row.row.to_string()))));
    for (answer, row) in case.submission.answers.iter().map(|answer| (answer, None)).chain(columns) {
        let Value::Unread { why, .. } = &answer.value else { continue };
        findings.push(Finding {
            severity: FindingSeverity::Blocking,
            subject: Subject::Field(answer.field.to_string()),
            detail: Detail { question: answer.question.to_string(), row, why: why.clone() }.into(),
            policy: case.profile.policy.clone(),
            source: Some(answer.place.to_string()),
        });
    }
}
