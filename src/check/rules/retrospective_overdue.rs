//! `retrospective-overdue`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::retrospect::retrospect;
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The request was decided in an emergency, and the sitting that should have agreed has passed.
    ///
    /// It passed the sitting for which it could be handed in, or more days than the policy allows lie between the decision and the sitting.
    ///
    /// What to do: have it heard at once, and ask the chair how the time since is covered.
    group: Group::Sitting,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A decision that the panel should have heard by now: the subject names the way it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    route_title: String,
    decided_on: Option<Date>,
    /// By when it was to be heard.
    until: Option<Date>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        self.decided_on.iter().map(ToString::to_string).collect()
    }

    fn message(&self, _: &Subject) -> String {
        let until = self.until.map_or_else(String::new, |until| format!(": it was to be heard by {until}"));
        format!("{}: decided before the panel could, and not brought in time{until}", self.route_title)
    }

    fn help(&self, _: &Subject) -> String {
        "have it heard at once, and ask the chair how the time since is covered".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(retrospect) = retrospect(case).filter(|retrospect| retrospect.overdue) else { return };
    let route = retrospect.route;
    let (decided_on, until) = (retrospect.decided_on, retrospect.until);
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Route(route.name.clone()),
        detail: Detail { route_title: route.title.clone(), decided_on, until }.into(),
        policy: route.policy.clone(),
        source: retrospect.read_at,
    });
}
