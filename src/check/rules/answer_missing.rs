//! `answer-missing`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::{FactValue, FindingSeverity};

rule! {
    /// A question that the form must answer is not answered, or answered with nothing.
    ///
    /// What to do: the worker answers it in Mosaic.
    group: Group::Form,
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What the form calls the field.
    label: String,
    /// Mosaic's user code; a table has no question of its own.
    question: Option<String>,
    /// Whether there is an answer, and nothing in it.
    is_blank: bool,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        let how = if self.is_blank { "answered with nothing" } else { "not answered" };
        format!("“{}” is {how}", self.label)
    }

    fn help(&self, _: &Subject) -> String {
        let asked = self.question.as_ref().map_or_else(String::new, |question| format!(" (question {question})"));
        format!("ask the worker to answer it in Mosaic{asked}")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for rule in case.fields {
        let needed = rule.required || rule.required_when.iter().any(|fact| case.facts.value(fact) == FactValue::Yes);
        if !needed || case.is_answered(&rule.field) {
            continue;
        }
        let blank = case.answers(&rule.field).next();
        let question = Some(rule.question.to_string()).filter(|question| !question.is_empty());
        findings.push(Finding {
            severity: FindingSeverity::Blocking,
            subject: Subject::Field(rule.field.to_string()),
            detail: Detail { label: rule.label.to_string(), question, is_blank: blank.is_some() }.into(),
            policy: case.profile.policy.clone(),
            source: blank.map(|answer| answer.place.to_string()),
        });
    }
}
