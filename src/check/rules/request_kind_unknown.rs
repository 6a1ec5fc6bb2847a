//! `request-kind-unknown`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The form does not say what kind of request it is, so that its paperwork is not known.
    ///
    /// What to do: the worker answers the question in Mosaic.
    group: Group::Request,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A form that does not name its kind: the subject is the field that should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        "the form does not say what kind of request it is".to_owned()
    }

    fn help(&self, _: &Subject) -> String {
        "ask the worker to answer the question in Mosaic".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(field) = &case.profile.requests.field else { return };
    if case.profile.requests.kinds.is_empty() || !case.kind_choices().is_empty() {
        return;
    }
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Field(field.clone()),
        detail: Detail {}.into(),
        policy: case.profile.policy.clone(),
        source: case.answers(field).next().map(|answer| answer.place.to_string()),
    });
}
