//! `document-duplicate`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::about;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The same document is in the pack twice.
    ///
    /// The files are the same byte for byte, or they say the same in the same words.
    ///
    /// What to do: take one of them out; if they were meant to be two documents, ask for the other.
    "document-duplicate" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let readings: Vec<_> = case.readings().collect();
    for (at, (document, reading)) in readings.iter().enumerate() {
        let same = readings.iter().take(at).find(|(_, other)| other.is_same(reading));
        let Some((first, _)) = same else { continue };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity: FindingSeverity::Advice,
            subject: about(document),
            message: format!("{} is the same document as {}", document.source, first.source),
            help: "take one of them out, or ask for the one that was meant".to_owned(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
