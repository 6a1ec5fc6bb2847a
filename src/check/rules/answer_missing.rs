//! `answer-missing`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{FactValue, Finding, FindingSeverity};

rule! {
    /// A question that the form must answer is not answered, or answered with nothing.
    ///
    /// What to do: the worker answers it in Mosaic.
    "answer-missing" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for rule in case.fields {
        let needed = rule.required || rule.required_when.iter().any(|fact| case.facts.value(fact) == FactValue::Yes);
        if !needed || case.is_answered(&rule.field) {
            continue;
        }
        let blank = case.answers(&rule.field).next();
        let how = if blank.is_some() { "answered with nothing" } else { "not answered" };
        // A table has no question of its own.
        let asked = if rule.question.is_empty() { String::new() } else { format!(" (question {})", rule.question) };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Blocking,
            subject: rule.field.to_string(),
            message: format!("“{}” is {how}", rule.label),
            help: format!("ask the worker to answer it in Mosaic{asked}"),
            policy: case.profile.policy.clone(),
            source: blank.map(|answer| answer.place.to_string()),
        });
    }
}
