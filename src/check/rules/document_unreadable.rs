//! `document-unreadable`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{about, chase};
use crate::domain::{DocumentTrouble, Finding, FindingSeverity};

rule! {
    /// A file of the pack could not be read, or only looked at.
    ///
    /// It is broken, cut short, of a type that tessera does not open, holds a macro, is larger than is sane, hides an archive or a path that climbs out of it, or brought the reader down. A scan is a picture: a person can read it, tessera cannot, so that it says nothing about whose it is and how old. A file that nobody can read blocks only where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for the document again as PDF or DOCX; look at a scan yourself.
    "document-unreadable" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (document, reading) in case.readings() {
        let (what, help) = match reading.trouble {
            Some(DocumentTrouble::Broken) => ("it is broken or cut short", "open it, and send it again"),
            Some(DocumentTrouble::Stuck) => {
                ("reading it took too long or brought the reader down", "save it anew as PDF")
            }
            Some(DocumentTrouble::Unsupported) => {
                ("it is of a type that tessera does not open", "save it as PDF or DOCX")
            }
            Some(DocumentTrouble::Macro) => ("it holds a macro", "save it without, as DOCX or PDF"),
            Some(DocumentTrouble::TooLarge) => ("it is larger than is sane", "send a smaller one"),
            Some(DocumentTrouble::Hostile) => {
                ("it is an archive in an archive, or its name climbs out of its folder", "find out who made it")
            }
            Some(DocumentTrouble::Scanned) => {
                ("it is a scan without text, so that nothing in it was checked", "look at it yourself")
            }
            Some(DocumentTrouble::Encrypted | DocumentTrouble::Empty) | None => continue,
        };
        let is_scan = reading.trouble == Some(DocumentTrouble::Scanned);
        let severity = if is_scan { FindingSeverity::Warning } else { case.severity_of(document) };
        let who = chase(case, document).filter(|_| !is_scan);
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity,
            subject: about(document),
            message: format!("{}: {what}", document.source),
            help: who.map_or_else(|| help.to_owned(), |who| format!("ask the {who}: {help}")),
            policy: case.policy_of(document).to_owned(),
            source: Some(document.source.to_string()),
        });
    }
}
