//! `document-empty`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{about, chase};
use crate::domain::{DocumentTrouble, Finding};

rule! {
    /// A document has nothing in it.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for the document itself.
    "document-empty" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        if reading.trouble != Some(DocumentTrouble::Empty) {
            continue;
        }
        let who = chase(case, document).unwrap_or_else(|| "sender".to_owned());
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: case.severity_of(document),
            subject: about(document),
            message: format!("{} has nothing in it", document.source),
            help: format!("ask the {who} to send it again"),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
