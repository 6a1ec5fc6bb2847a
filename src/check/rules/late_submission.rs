//! `late-submission`.

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The cutoff of the sitting passed before the request was handed in.
    ///
    /// A request is handed in when its step in Mosaic is completed; one that is still open is late once the cutoff has passed.
    ///
    /// What to do: hear it at the next sitting, or have the chair agree to hear it at this one.
    group: Group::Sitting,
    effect: Effect::IsLate,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A request that came after the cutoff, in the time of the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    cutoff: DateTime,
    handed_in: Option<DateTime>,
    /// The next sitting that it can make.
    next: Option<Date>,
}

impl Found for Detail {
    fn was_worded_for_sitting(&self) -> bool {
        true
    }

    fn identity(&self) -> Vec<String> {
        // Whoever has it heard all the same has it heard however late it comes.
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        let when = self.handed_in.map_or_else(
            || "it has not been handed in".to_owned(),
            |at| format!("it was handed in on {}", at.strftime("%Y-%m-%d at %H:%M")),
        );
        format!("the cutoff was {}, and {when}", self.cutoff.strftime("%Y-%m-%d at %H:%M"))
    }

    fn help(&self, _: &Subject) -> String {
        let next = self.next.map_or_else(String::new, |next| format!("; the next sitting it can make is {next}"));
        format!("ask the chair whether the panel will hear it{next}")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if !case.is_late() {
        return;
    }
    let Some((sitting, cutoff)) = case.sitting.and_then(|sitting| Some((sitting, sitting.cutoff.as_ref()?))) else {
        return;
    };
    let next = case.profile.next_sitting(case.now.date(), case.now, case.needs_longer(), case.office);
    let handed_in = case.handed_in().map(|at| at.datetime());
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Sitting(sitting.date),
        detail: Detail { cutoff: cutoff.at.datetime(), handed_in, next: next.map(|next| next.date) }.into(),
        policy: case.profile.cutoff_policy.clone(),
        source: None,
    });
}
