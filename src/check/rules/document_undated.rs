//! `document-undated`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{role, subject_of};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// A document whose age matters has no date.
    ///
    /// What to do: look at the document and give it its date in Mosaic.
    group: Group::Document { state: "without a date" },
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document without a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    /// What the panel calls it.
    title: String,
    /// The role that brings it.
    chase: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("{} has no date, and its age matters", self.title)
    }

    fn help(&self, _: &Subject) -> String {
        format!("ask the {} to give it its date in Mosaic", role(&self.chase))
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        let (paper, Some(document)) = (found.paper, found.readable()) else { continue };
        if paper.fresh_for.is_none() || document.dated.is_some() {
            continue;
        }
        let (title, chase) = (paper.title.clone(), paper.chase.clone());
        findings.push(Finding {
            severity: paper.severity.max(FindingSeverity::Warning),
            subject: subject_of(paper),
            detail: Detail { document: DocumentFound::of(document), title, chase }.into(),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
