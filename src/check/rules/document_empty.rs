//! `document-empty`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{about, chase, role};
use crate::check::{Case, Finding, Subject};
use crate::domain::DocumentTrouble;

rule! {
    /// A document has nothing in it.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for the document itself.
    group: Group::Document { state: "empty" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document with nothing in it.
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
        format!("{} has nothing in it", self.document.source)
    }

    fn help(&self, _: &Subject) -> String {
        let who = self.chase.as_deref().map_or_else(|| "sender".to_owned(), role);
        format!("ask the {who} to send it again")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, _) in case.readings().filter(|(_, reading)| reading.trouble == Some(DocumentTrouble::Empty)) {
        findings.push(Finding {
            severity: case.severity_of(document),
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), chase: chase(case, document) }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
