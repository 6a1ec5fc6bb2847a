//! `duplicate-request`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// Another open request asks this panel the same for the same child.
    ///
    /// What to do: cancel one of the two in Mosaic, so that nothing is decided or written twice.
    group: Group::Request,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// Another request that asks the same: the subject says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, twin: &Subject) -> String {
        format!("request {twin} came before it and asks this panel the same for the same child")
    }

    fn help(&self, _: &Subject) -> String {
        "cancel one of the two in Mosaic".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for twin in case.twins {
        findings.push(Finding {
            severity: FindingSeverity::Warning,
            subject: Subject::Request(twin.clone()),
            detail: Detail {}.into(),
            policy: case.profile.policy.clone(),
            source: None,
        });
    }
}
