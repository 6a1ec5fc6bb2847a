//! `sitting-cancelled`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The sitting that the request asks for falls away, or the panel does not sit on that day.
    ///
    /// What to do: move the request to the next sitting.
    group: Group::Sitting,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A sitting that falls away: the subject says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    reason: String,
}

impl Found for Detail {
    fn was_worded_for_sitting(&self) -> bool {
        true
    }

    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, date: &Subject) -> String {
        format!("the sitting on {date} falls away: {}", self.reason)
    }

    fn help(&self, _: &Subject) -> String {
        "move the request to the next sitting".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(sitting) = case.sitting else { return };
    let Some(reason) = sitting.cancelled.clone() else { return };
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Sitting(sitting.date),
        detail: Detail { reason }.into(),
        policy: case.profile.policy.clone(),
        source: None,
    });
}
