//! `below-threshold`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The amount is one for which the panel is not asked.
    ///
    /// The larger of the one-off and the cumulative amount counts.
    ///
    /// What to do: have the manager decide, or correct the amount on the form.
    "below-threshold" => find
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
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Warning,
            subject: threshold.fields.first().cloned().unwrap_or_default(),
            message: format!("{}: this panel is asked for more than {}", threshold.title, threshold.in_pounds()),
            help: "have the manager decide, or correct the amount on the form".to_owned(),
            policy: threshold.policy.clone(),
            source: None,
        });
    }
}
