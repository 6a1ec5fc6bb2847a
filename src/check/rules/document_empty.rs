//! `document-empty`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::troubled;
use crate::domain::{DocumentTrouble, Finding};

rule! {
    /// A document has nothing in it.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for the document itself.
    "document-empty" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    troubled(case, DocumentTrouble::Empty, RULE.code, "has nothing in it", "send it again", findings);
}
