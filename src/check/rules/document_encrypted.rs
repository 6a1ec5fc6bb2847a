//! `document-encrypted`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::troubled;
use crate::domain::{DocumentTrouble, Finding};

rule! {
    /// A document is locked with a password.
    ///
    /// It blocks where a paper that the panel asks for hangs on it.
    ///
    /// What to do: ask for it without a password; the panel's folder is protected already.
    "document-encrypted" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    troubled(case, DocumentTrouble::Encrypted, RULE.code, "is locked with a password", "send it without one", findings);
}
