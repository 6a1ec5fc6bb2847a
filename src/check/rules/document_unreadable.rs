//! `document-unreadable`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{about, chase, role};
use crate::check::{Case, Finding, Subject};
use crate::domain::{DocumentTrouble, FindingSeverity};

rule! {
    /// A file of the pack could not be read, or only looked at.
    ///
    /// It is broken, cut short, of a type that tessera does not open, holds a macro, is larger than is sane, hides an archive or a path that climbs out of it, or brought the reader down. A scan is a picture: a person can read it, tessera cannot, so that it says nothing about whose it is and how old. A file that nobody can read blocks only where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for the document again as PDF or DOCX; look at a scan yourself.
    group: Group::Document { state: "look at it" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    trouble: DocumentTrouble,
    /// The role that brings it, where a paper hangs on it and a person can do nothing with it either.
    chase: Option<String>,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity(), self.trouble.as_str().to_owned()]
    }

    fn message(&self, _: &Subject) -> String {
        format!("{}: {}", self.document.source, words(self.trouble).0)
    }

    fn help(&self, _: &Subject) -> String {
        let help = words(self.trouble).1;
        self.chase.as_deref().map_or_else(|| help.to_owned(), |who| format!("ask the {}: {help}", role(who)))
    }
}

/// What is the matter, and what to do about it.
const fn words(trouble: DocumentTrouble) -> (&'static str, &'static str) {
    match trouble {
        DocumentTrouble::Broken => ("it is broken or cut short", "open it, and send it again"),
        DocumentTrouble::Stuck => ("reading it took too long or brought the reader down", "save it anew as PDF"),
        DocumentTrouble::Unsupported => ("it is of a type that tessera does not open", "save it as PDF or DOCX"),
        DocumentTrouble::Macro => ("it holds a macro", "save it without, as DOCX or PDF"),
        DocumentTrouble::TooLarge => ("it is larger than is sane", "send a smaller one"),
        DocumentTrouble::Hostile => {
            ("it is an archive in an archive, or its name climbs out of its folder", "find out who made it")
        }
        DocumentTrouble::Scanned => {
            ("it is a scan without text, so that nothing in it was checked", "look at it yourself")
        }
        DocumentTrouble::Encrypted => ("it is locked with a password", "send it without one"),
        DocumentTrouble::Empty => ("it has nothing in it", "send it again"),
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        let trouble = match reading.trouble {
            // What is locked and what is empty have rules of their own.
            None | Some(DocumentTrouble::Encrypted | DocumentTrouble::Empty) => continue,
            Some(trouble) => trouble,
        };
        let is_scan = trouble == DocumentTrouble::Scanned;
        let chase = chase(case, document).filter(|_| !is_scan);
        findings.push(Finding {
            severity: if is_scan { FindingSeverity::Warning } else { case.severity_of(document) },
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), trouble, chase }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
