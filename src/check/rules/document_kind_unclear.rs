//! `document-kind-unclear`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{about, role};
use crate::check::{Case, Finding, Subject};
use crate::domain::{DocumentKind, FindingSeverity};

rule! {
    /// It is not clear what a document of the pack is.
    ///
    /// Neither its title, nor its heading, nor its file name holds a name that the authority has for a kind of document; or they hold two different ones.
    ///
    /// What to do: look at the document, and rename the file after what it is.
    group: Group::Document { state: "unclear" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that does not say what it is, or says two things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    /// What it was taken for, and what else it might be.
    taken_for: Option<(DocumentKind, Vec<DocumentKind>)>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity()]
    }

    fn message(&self, _: &Subject) -> String {
        let source = &self.document.source;
        let Some((kind, rivals)) = &self.taken_for else { return format!("{source}: nothing in it says what it is") };
        let rivals: Vec<String> = rivals.iter().map(|kind| role(kind.as_str())).collect();
        format!("{source} was taken for: {}. It might be: {}", role(kind.as_str()), rivals.join(", "))
    }

    fn help(&self, _: &Subject) -> String {
        "look at it, and rename the file after what it is".to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        // A file that cannot be read has a finding of its own.
        let taken_for = match &document.kind {
            None if reading.trouble.is_none() => None,
            Some(kind) if !reading.rivals.is_empty() => Some((kind.clone(), reading.rivals.clone())),
            _ => continue,
        };
        findings.push(Finding {
            severity: FindingSeverity::Warning,
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), taken_for }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
