//! `document-too-long`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{role, subject_of};
use crate::domain::Finding;

rule! {
    /// A document has more pages than the panel accepts.
    ///
    /// What to do: ask its author for a shorter one.
    "document-too-long" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        let (paper, Some(document)) = (found.paper, found.readable()) else { continue };
        let (Some(pages_max), Some(pages)) = (paper.pages_max, document.pages) else { continue };
        if pages <= pages_max {
            continue;
        }
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: paper.severity,
            subject: subject_of(paper),
            message: format!("{} has {pages} pages; this panel accepts {pages_max}", paper.title),
            help: format!("ask the {} to shorten it", role(&paper.chase)),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
