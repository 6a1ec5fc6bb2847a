//! `document-stale`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{role, subject_of};
use crate::check::{Case, Finding, Subject};

rule! {
    /// A document that the panel asks for is older than the panel accepts on the day it sits.
    ///
    /// The age is counted to the sitting, not to today: a plan that is fresh when it is uploaded can be stale when it is read.
    ///
    /// What to do: ask the author for a version dated on or after the day named.
    group: Group::Document { state: "too old" },
    effect: Effect::Lacks,
    is_counted: true,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that is too old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    /// What the panel calls it.
    title: String,
    dated: Date,
    /// The oldest day that the panel accepts: it is counted from the sitting.
    oldest: Date,
    /// The role that brings it.
    chase: String,
}

impl Found for Detail {
    fn was_worded_for_sitting(&self) -> bool {
        true
    }

    fn identity(&self) -> Vec<String> {
        vec![self.document.identity(), self.dated.to_string()]
    }

    fn message(&self, _: &Subject) -> String {
        let Self { title, dated, oldest, .. } = self;
        format!("{title} is dated {dated}; this panel accepts {oldest} or later")
    }

    fn help(&self, _: &Subject) -> String {
        format!("ask the {} for a version dated {} or later", role(&self.chase), self.oldest)
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(sitting) = case.sitting else { return };
    for found in case.papers() {
        let (paper, Some(document)) = (found.paper, found.readable()) else { continue };
        // No limit is the panel's choice; no date is `document-undated`'s business.
        let (Some(fresh_for), Some(dated)) = (paper.fresh_for, document.dated) else { continue };
        let oldest = sitting.date.saturating_sub(fresh_for);
        if dated >= oldest {
            continue;
        }
        let (title, chase) = (paper.title.clone(), paper.chase.clone());
        findings.push(Finding {
            severity: paper.severity,
            subject: subject_of(paper),
            detail: Detail { document: DocumentFound::of(document), title, dated, oldest, chase }.into(),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
