//! `approval-missing`.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::wording::{by, cutoff_ahead, one_of};
use crate::check::{Case, Finding, Subject};
use crate::domain::{FindingSeverity, Value};

rule! {
    /// The request has not been approved by whom the panel requires.
    ///
    /// What to do: the manager named approves the form in Mosaic before the cutoff.
    group: Group::Approval,
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// An approval that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The roles that may approve.
    roles: Vec<String>,
    cutoff: Option<DateTime>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        format!("the form does not say that the {} has approved the request", one_of(&self.roles))
    }

    fn help(&self, _: &Subject) -> String {
        format!("ask the {} to approve the form in Mosaic{}", one_of(&self.roles), by(self.cutoff))
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let approved = case.answers(&approval.field).any(|answer| answer.value == Value::YesNo(true));
    if approved {
        return;
    }
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Approval,
        detail: Detail { roles: approval.roles.clone(), cutoff: cutoff_ahead(case) }.into(),
        policy: approval.policy.clone(),
        source: case.answers(&approval.field).next().map(|answer| answer.place.to_string()),
    });
}
