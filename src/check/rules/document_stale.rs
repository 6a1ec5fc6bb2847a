//! `document-stale`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{role, subject_of};
use crate::domain::Finding;

rule! {
    /// A document that the panel asks for is older than the panel accepts on the day it sits.
    ///
    /// The age is counted to the sitting, not to today: a plan that is fresh when it is uploaded can be stale when it is read.
    ///
    /// What to do: ask the author for a version dated on or after the day named.
    "document-stale" => find
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
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: paper.severity,
            subject: subject_of(paper),
            message: format!("{} is dated {dated}; this panel accepts {oldest} or later", paper.title),
            help: format!("ask the {} for a version dated {oldest} or later", role(&paper.chase)),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
