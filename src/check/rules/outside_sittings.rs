//! `outside-sittings`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;
use crate::panel::Hearing;

rule! {
    /// The request is urgent and does not wait for a sitting.
    ///
    /// No cutoff holds for it; the same papers are asked for.
    ///
    /// What to do: arrange the meeting with those who decide.
    group: Group::Sitting,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A way round the panel's sittings: the subject names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    title: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        format!("{}: it does not wait for a sitting", self.title)
    }

    fn help(&self, _: &Subject) -> String {
        "arrange the meeting with those who decide".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(route) = case.route().filter(|route| route.hearing == Hearing::AtOnce) else { return };
    findings.push(Finding {
        severity: FindingSeverity::Advice,
        subject: Subject::Route(route.name.clone()),
        detail: Detail { title: route.title.clone() }.into(),
        policy: route.policy.clone(),
        source: None,
    });
}
