//! `document-encrypted`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{about, chase, role};
use crate::check::{Case, Finding, Subject};
use crate::domain::DocumentTrouble;

rule! {
    /// A document is locked with a password.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for it without a password; the panel's folder is protected already.
    group: Group::Document { state: "locked" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    /// The role that brings it, where a paper hangs on it.
    chase: Option<String>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("{} is locked with a password", self.document.source)
    }

    fn help(&self, _: &Subject) -> String {
        let who = self.chase.as_deref().map_or_else(|| "sender".to_owned(), role);
        format!("ask the {who} to send it without one")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, _) in case.readings().filter(|(_, reading)| reading.trouble == Some(DocumentTrouble::Encrypted)) {
        findings.push(Finding {
            severity: case.severity_of(document),
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), chase: chase(case, document) }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
