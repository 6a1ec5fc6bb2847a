//! `document-undated`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{role, subject_of};
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// A document whose age matters has no date.
    ///
    /// What to do: look at the document and give it its date in Mosaic.
    "document-undated" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        let (paper, Some(document)) = (found.paper, found.readable()) else { continue };
        if paper.fresh_for.is_none() || document.dated.is_some() {
            continue;
        }
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: paper.severity.max(FindingSeverity::Warning),
            subject: subject_of(paper),
            message: format!("{} has no date, and its age matters", paper.title),
            help: format!("ask the {} to give it its date in Mosaic", role(&paper.chase)),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
