//! `below-threshold`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The amount is one for which the panel is not asked.
    ///
    /// The larger of the one-off and the cumulative amount counts.
    ///
    /// What to do: have the manager decide, or correct the amount on the form.
    group: Group::Request,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// An amount that is too small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The name of the threshold in the panel's file.
    threshold: String,
    title: String,
    /// The amount above which the panel is asked, as a person reads it.
    over: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.threshold.clone()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("{}: this panel is asked for more than {}", self.title, self.over)
    }

    fn help(&self, _: &Subject) -> String {
        "have the manager decide, or correct the amount on the form".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let kinds = case.kinds();
    for threshold in &case.profile.thresholds {
        let is_about = |name: &String| kinds.iter().any(|kind| kind.name == *name);
        if !threshold.kinds.is_empty() && !threshold.kinds.iter().any(is_about) {
            continue;
        }
        let Some(largest) = threshold.fields.iter().filter_map(|field| case.amount(field)).max() else { continue };
        if largest > threshold.over {
            continue;
        }
        let (name, title) = (threshold.name.clone(), threshold.title.clone());
        findings.push(Finding {
            severity: FindingSeverity::Warning,
            subject: Subject::Field(threshold.fields.first().cloned().unwrap_or_default()),
            detail: Detail { threshold: name, title, over: threshold.in_pounds() }.into(),
            policy: threshold.policy.clone(),
            source: None,
        });
    }
}
