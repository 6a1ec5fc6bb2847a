//! `unmapped-question`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The form answers a question that its mapping file does not know.
    ///
    /// What to do: add the question to the mapping file, or name it under `ignored` there.
    group: Group::Form,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A question that the mapping does not know: the subject says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The mapping that read the form, for instance `lincolnshire/forms/c0343/v3.toml`.
    mapping: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, question: &Subject) -> String {
        format!("the question {question} is not known to {}", self.mapping)
    }

    fn help(&self, _: &Subject) -> String {
        "tell the systems officer: the form may have a new version".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for unmapped in &case.submission.unmapped {
        findings.push(Finding {
            severity: FindingSeverity::Advice,
            subject: Subject::Question(unmapped.question.to_string()),
            detail: Detail { mapping: case.submission.origin.mapping.to_string() }.into(),
            policy: case.profile.policy.clone(),
            source: Some(unmapped.place.to_string()),
        });
    }
}
