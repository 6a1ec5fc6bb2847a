//! `approval-after-cutoff`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The request was approved after the cutoff of the sitting.
    ///
    /// What to do: hear it at the next sitting, or have the chair agree to hear it at this one.
    group: Group::Approval,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// An approval that came too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    approved_on: Date,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.approved_on.to_string()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("the request was approved on {}, after the cutoff", self.approved_on)
    }

    fn help(&self, _: &Subject) -> String {
        "ask the chair whether the panel will hear it at this sitting".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let Some(cutoff) = case.sitting.and_then(|sitting| sitting.cutoff.as_ref()) else { return };
    let Some(at) = approval.on_field.as_ref().and_then(|field| case.moment(field)) else { return };
    let approved_at = case.office.at(at.date(), at.time());
    if approved_at <= cutoff.at || !case.has_cutoff() {
        return;
    }
    findings.push(Finding {
        severity: FindingSeverity::Warning,
        subject: Subject::Approval,
        detail: Detail { approved_on: at.date() }.into(),
        policy: approval.policy.clone(),
        source: None,
    });
}
