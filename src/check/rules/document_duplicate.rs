//! `document-duplicate`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::about;
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The same document is in the pack twice.
    ///
    /// The files are the same byte for byte, or they say the same in the same words.
    ///
    /// What to do: take one of them out; if they were meant to be two documents, ask for the other.
    group: Group::Document { state: "there twice" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    first: DocumentFound,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity(), self.first.identity()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("{} is the same document as {}", self.document.source, self.first.source)
    }

    fn help(&self, _: &Subject) -> String {
        "take one of them out, or ask for the one that was meant".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let readings: Vec<_> = case.readings().collect();
    for (at, (document, reading)) in readings.iter().enumerate() {
        let same = readings.iter().take(at).find(|(_, other)| other.is_same(reading));
        let Some((first, _)) = same else { continue };
        findings.push(Finding {
            severity: FindingSeverity::Advice,
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), first: DocumentFound::of(first) }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
