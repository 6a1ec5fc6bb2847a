//! `document-missing`.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::wording::{by, cutoff_ahead, role, subject_of};
use crate::check::{Case, Finding, Subject};
use crate::domain::FactValue;

rule! {
    /// A document that the panel asks for is not on the child's record.
    ///
    /// Where the need for it hangs on something that is not known, `fact-unknown` asks first.
    ///
    /// What to do: whoever is named brings the document onto the record before the cutoff.
    group: Group::Document { state: "missing" },
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What the panel calls it.
    title: String,
    /// The role that brings it.
    chase: String,
    cutoff: Option<DateTime>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        format!("{} is not on the child's record", self.title)
    }

    fn help(&self, _: &Subject) -> String {
        format!("ask the {} to put it on the record{}", role(&self.chase), by(self.cutoff))
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        if found.is_there() || found.needed != FactValue::Yes || found.paper.is_only_welcome() {
            continue;
        }
        let paper = found.paper;
        let (title, chase) = (paper.title.clone(), paper.chase.clone());
        findings.push(Finding {
            severity: paper.severity,
            subject: subject_of(paper),
            detail: Detail { title, chase, cutoff: cutoff_ahead(case) }.into(),
            policy: paper.policy.clone(),
            source: None,
        });
    }
}
