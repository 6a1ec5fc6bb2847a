//! `retrospective-due`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::retrospect::retrospect;
use crate::check::rules::wording::role;
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The request was decided in an emergency, and the panel has still to agree.
    ///
    /// The decision holds only until the next sitting for which the request could be handed in, or for as long as the policy says.
    ///
    /// What to do: book it onto a sitting by then.
    group: Group::Sitting,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A decision that waits for the panel: the subject names the way it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    route_title: String,
    decided_on: Option<Date>,
    /// The role that decided, as the form says; whether it may is the business of `approval-wrong-role`.
    decided_by: Option<String>,
    /// Until when the decision holds.
    until: Option<Date>,
    /// Whether that is a number of days, and not a sitting.
    is_by_days: bool,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        self.decided_on.iter().map(ToString::to_string).collect()
    }

    fn message(&self, _: &Subject) -> String {
        let until = match self.until {
            None => "the decision holds until the next sitting".to_owned(),
            Some(until) if self.is_by_days => format!("the panel must hear it by {until}"),
            Some(until) => format!("the decision holds until the sitting on {until}"),
        };
        let by = self.decided_by.as_ref().map_or_else(String::new, |given| format!(" by the {}", role(given)));
        format!("{}: decided{by} before the panel could; {until}", self.route_title)
    }

    fn help(&self, _: &Subject) -> String {
        "book it onto a sitting by then".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(retrospect) = retrospect(case).filter(|retrospect| !retrospect.overdue) else { return };
    let route = retrospect.route;
    let given = route.role_field.as_deref().and_then(|field| case.choices(field).next());
    let detail = Detail {
        route_title: route.title.clone(),
        decided_on: retrospect.decided_on,
        decided_by: given.map(ToOwned::to_owned),
        until: retrospect.until,
        is_by_days: route.at_most.is_some(),
    };
    findings.push(Finding {
        severity: FindingSeverity::Advice,
        subject: Subject::Route(route.name.clone()),
        detail: detail.into(),
        policy: route.policy.clone(),
        source: retrospect.read_at,
    });
}
