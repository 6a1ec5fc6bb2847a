//! `not-required`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The panel does not have to decide about this child.
    ///
    /// What to do: take the request off the agenda, unless the chair wants to hear it.
    group: Group::Request,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: true,
    find: find,
}

/// Why the panel does not have to decide: the subject names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    title: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        format!("this panel is not required: {}", self.title)
    }

    fn help(&self, _: &Subject) -> String {
        "take it off the agenda, unless the chair wants to hear it".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some((title, name, policy)) = case.exemption() else { return };
    findings.push(Finding {
        severity: FindingSeverity::Advice,
        subject: Subject::Exemption(name.to_owned()),
        detail: Detail { title: title.to_owned() }.into(),
        policy: policy.to_owned(),
        source: None,
    });
}
