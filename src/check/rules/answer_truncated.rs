//! `answer-truncated`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::{AnswerNote, FindingSeverity};

rule! {
    /// An answer ends where exporters are known to cut text, or in the middle of its markup.
    ///
    /// What to do: read it in Mosaic; have the report deliver long text whole.
    group: Group::Form,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// An answer that was probably cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    question: String,
    note: AnswerNote,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.question.clone()]
    }

    fn message(&self, _: &Subject) -> String {
        let Self { question, note } = self;
        let what = match note {
            AnswerNote::CutAt(length) => format!("the answer to {question} is exactly {length} characters long"),
            AnswerNote::CutInMarkup => format!("the answer to {question} ends in the middle of its markup"),
        };
        format!("{what}: it was probably cut")
    }

    fn help(&self, _: &Subject) -> String {
        "read it in Mosaic, and have the report deliver long text whole".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for answer in &case.submission.answers {
        let Some(note) = answer.note else { continue };
        findings.push(Finding {
            severity: FindingSeverity::Warning,
            subject: Subject::Field(answer.field.to_string()),
            detail: Detail { question: answer.question.to_string(), note }.into(),
            policy: case.profile.policy.clone(),
            source: Some(answer.place.to_string()),
        });
    }
}
