//! `document-wrong-child`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::about;
use crate::domain::{Finding, FindingSeverity, Whose};

rule! {
    /// A document is, or may be, about another child.
    ///
    /// A document that names another person's Mosaic id and not this child's blocks the request: one child's papers in another's pack is a breach. A date of birth or initials that do not fit are a warning, because they may be a parent's.
    ///
    /// What to do: take the document out of the pack, tell information governance, and ask for the right one.
    "document-wrong-child" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        let (severity, message, help) = match &reading.whose {
            Whose::Unsaid | Whose::Child => continue,
            Whose::Other(person) => (
                FindingSeverity::Blocking,
                format!("{} names person {person} and not person {}", document.source, case.person),
                "take it out of the pack, tell information governance, and ask for the right one",
            ),
            Whose::Doubtful(what) => (
                FindingSeverity::Warning,
                format!("{} gives {what}", document.source),
                "look whether it is about this child",
            ),
        };
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity,
            subject: about(document),
            message,
            help: help.to_owned(),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
