//! `document-kind-unclear`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{about, role};
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// It is not clear what a document of the pack is.
    ///
    /// Neither its title, nor its heading, nor its file name holds a name that the authority has for a kind of document; or they hold two different ones.
    ///
    /// What to do: look at the document, and rename the file after what it is.
    "document-kind-unclear" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        // A file that cannot be read has a finding of its own.
        let message = match &document.kind {
            None if reading.trouble.is_none() => format!("{}: nothing in it says what it is", document.source),
            Some(kind) if !reading.rivals.is_empty() => {
                let rivals: Vec<String> = reading.rivals.iter().map(|kind| role(kind.as_str())).collect();
                let kind = role(kind.as_str());
                format!("{} was taken for: {kind}. It might be: {}", document.source, rivals.join(", "))
            }
            _ => continue,
        };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Warning,
            subject: about(document),
            message,
            help: "look at it, and rename the file after what it is".to_owned(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
