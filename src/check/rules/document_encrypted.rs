//! `document-encrypted`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{about, chase};
use crate::domain::{DocumentTrouble, Finding};

rule! {
    /// A document is locked with a password.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for it without a password; the panel's folder is protected already.
    "document-encrypted" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        if reading.trouble != Some(DocumentTrouble::Encrypted) {
            continue;
        }
        let who = chase(case, document).unwrap_or_else(|| "sender".to_owned());
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: case.severity_of(document),
            subject: about(document),
            message: format!("{} is locked with a password", document.source),
            help: format!("ask the {who} to send it without one"),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
