//! One thing that the check has to say, and what all of it comes to.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Private;
use super::trouble::codes;

codes! {
    /// How much a finding matters.
    FindingSeverity {
        /// The request cannot be heard as it is.
        Blocking => "blocking",
        /// Somebody should look before the sitting.
        Warning => "warning",
        /// Good to know.
        Advice => "advice",
    }
}

codes! {
    /// What all findings of a request come to (DESIGN section 7).
    Verdict {
        /// Nothing blocks it.
        Complete => "complete",
        /// Something blocks it.
        Incomplete => "incomplete",
        /// The cutoff has passed, complete or not.
        Late => "late",
        /// A fact is not known and a blocking finding hangs on it.
        Unknown => "unknown",
    }
}

/// One thing the check has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The stable code, kebab-case: `document-missing`.
    pub code: String,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What it is about: a document kind, a field, `approval`.
    pub subject: String,
    /// What is wrong, in an administrator's words.
    pub message: String,
    /// What to do, and who.
    pub help: String,
    /// The clause it stands on.
    pub policy: String,
    /// Where it was read.
    pub source: Option<String>,
}

impl Finding {
    /// What makes two findings of two checks the same finding: code, subject and message.
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let digest = Sha256::digest(format!("{}\u{1f}{}\u{1f}{}", self.code, self.subject, self.message));
        super::hexadecimal(digest.iter().take(8))
    }
}

/// That somebody has answered for a finding: it blocks no longer, and is not forgotten (DESIGN section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The fingerprint of the finding: one that says something else is a new one.
    pub fingerprint: String,
    /// The role in which it was waived.
    pub role: String,
    /// Why, in the words of whoever waived it: it may be about the child.
    pub reason: Private<String>,
    /// The last day on which it holds.
    pub until: Date,
}
