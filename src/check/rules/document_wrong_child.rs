//! `document-wrong-child`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::about;
use crate::check::{Case, Finding, Subject};
use crate::domain::{FindingSeverity, PersonId, Whose};

rule! {
    /// A document is, or may be, about another child.
    ///
    /// A document that names another person's Mosaic id and not this child's blocks the request: one child's papers in another's pack is a breach. A date of birth or initials that do not fit are a warning, because they may be a parent's.
    ///
    /// What to do: take the document out of the pack, tell information governance, and ask for the right one.
    group: Group::Document { state: "another child's" },
    effect: Effect::Lacks,
    is_counted: false,
    // One child's papers in another's pack are taken out, and nobody can answer for leaving them there.
    may_be_waived: false,
    outlasts_exemption: false,
    find: find,
}

/// A document that is not, or may not be, about the child of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    whose: Theirs,
}

/// Why it is taken for another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Theirs {
    /// It names another person, and not the child of the request.
    Named { person: PersonId, child: PersonId },
    /// It gives a date of birth or initials that are not the child's: what it gives, in words that hold neither.
    Doubtful { gives: String },
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        let whose = match &self.whose {
            Theirs::Named { person, .. } => format!("person {person}"),
            Theirs::Doubtful { .. } => "doubtful".to_owned(),
        };
        vec![self.document.identity(), whose]
    }

    fn message(&self, _: &Subject) -> String {
        let source = &self.document.source;
        match &self.whose {
            Theirs::Named { person, child } => format!("{source} names person {person} and not person {child}"),
            Theirs::Doubtful { gives } => format!("{source} gives {gives}"),
        }
    }

    fn help(&self, _: &Subject) -> String {
        let help = match &self.whose {
            Theirs::Named { .. } => "take it out of the pack, tell information governance, and ask for the right one",
            Theirs::Doubtful { .. } => "look whether it is about this child",
        };
        help.to_owned()
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        let (severity, whose) = match &reading.whose {
            Whose::Unsaid | Whose::Child => continue,
            Whose::Other(person) => (FindingSeverity::Blocking, Theirs::Named { person: *person, child: case.person }),
            Whose::Doubtful(gives) => (FindingSeverity::Warning, Theirs::Doubtful { gives: gives.clone() }),
        };
        findings.push(Finding {
            severity,
            subject: about(document),
            detail: Detail { document: DocumentFound::of(document), whose }.into(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
