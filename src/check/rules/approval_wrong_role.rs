//! `approval-wrong-role`.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::wording::{by, cutoff_ahead, one_of, role};
use crate::check::{Case, Finding, Subject};
use crate::domain::{FindingSeverity, Value};

rule! {
    /// The request was approved by somebody whose role may not approve it.
    ///
    /// The same holds for a decision that did not wait for the panel: the policy says who may take it.
    ///
    /// What to do: somebody in one of the roles named approves the form, or stands by the decision.
    group: Group::Approval,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A role that may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The role that the form names.
    given: String,
    /// The roles that may.
    roles: Vec<String>,
    what: What,
}

/// What the role has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    /// Approved the request.
    Approved { cutoff: Option<DateTime> },
    /// Decided, on a way round the panel.
    Decided { route_title: String },
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.given.clone()]
    }

    fn message(&self, _: &Subject) -> String {
        let (given, roles) = (role(&self.given), one_of(&self.roles));
        match &self.what {
            What::Approved { .. } => {
                format!("the request was approved by the {given}; this panel asks for the {roles}")
            }
            What::Decided { route_title } => {
                format!("{route_title}: decided by the {given}; the policy asks for the {roles}")
            }
        }
    }

    fn help(&self, _: &Subject) -> String {
        let roles = one_of(&self.roles);
        match &self.what {
            What::Approved { cutoff } => format!("ask the {roles} to approve the form in Mosaic{}", by(*cutoff)),
            What::Decided { .. } => format!("ask the {roles} to stand by the decision, and correct the form"),
        }
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    approved(case, findings);
    decided(case, findings);
}

/// A way round the panel that somebody took who may not.
fn decided(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(route) = case.route().filter(|route| !route.decided_by.is_empty()) else { return };
    let Some(role_field) = &route.role_field else { return };
    let Some(given) = case.choices(role_field).next() else { return };
    if route.decided_by.iter().any(|wanted| wanted == given) {
        return;
    }
    let what = What::Decided { route_title: route.title.clone() };
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Route(route.name.clone()),
        detail: Detail { given: given.to_owned(), roles: route.decided_by.clone(), what }.into(),
        policy: route.policy.clone(),
        source: case.answers(role_field).next().map(|answer| answer.place.to_string()),
    });
}

fn approved(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(approval) = case.approval() else { return };
    let Some(role_field) = &approval.role_field else { return };
    let approved = case.answers(&approval.field).any(|answer| answer.value == Value::YesNo(true));
    let Some(given) = case.choices(role_field).next().filter(|_| approved) else { return };
    if approval.roles.iter().any(|wanted| wanted == given) {
        return;
    }
    let what = What::Approved { cutoff: cutoff_ahead(case) };
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Approval,
        detail: Detail { given: given.to_owned(), roles: approval.roles.clone(), what }.into(),
        policy: approval.policy.clone(),
        source: case.answers(role_field).next().map(|answer| answer.place.to_string()),
    });
}
