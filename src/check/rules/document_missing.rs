//! `document-missing`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{before_cutoff, role, subject_of};
use crate::domain::{FactValue, Finding};

rule! {
    /// A document that the panel asks for is not on the child's record.
    ///
    /// Where the need for it hangs on something that is not known, `fact-unknown` asks first.
    ///
    /// What to do: whoever is named brings the document onto the record before the cutoff.
    "document-missing" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        if found.is_there() || found.needed != FactValue::Yes || found.paper.is_only_welcome() {
            continue;
        }
        let paper = found.paper;
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: paper.severity,
            subject: subject_of(paper),
            message: format!("{} is not on the child's record", paper.title),
            help: format!("ask the {} to put it on the record{}", role(&paper.chase), before_cutoff(case)),
            policy: paper.policy.clone(),
            source: None,
        });
    }
}
