//! How much a finding matters, what all of them come to, and that somebody answers for one.

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

/// That somebody has answered for a finding: it blocks no longer, and is not forgotten (DESIGN section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The fingerprint of the finding, in hexadecimal digits.
    pub fingerprint: String,
    /// The role in which it was waived.
    pub role: String,
    /// Why, in the words of whoever waived it: it may be about the child.
    pub reason: Private<String>,
    /// The last day on which it holds.
    pub until: Date,
    /// The sitting for which it was given; `None` where there was none, and where it was given before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sitting: Option<Date>,
    /// What it was given for; `None` where it was given before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingName>,
    /// That it was taken back: it holds no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
}

/// What a finding is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingName {
    /// Its code.
    pub code: String,
    /// What it is about.
    pub subject: String,
}

/// That a waiver was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Who has entered it.
    pub by: String,
    /// Why.
    pub reason: Private<String>,
}

/// A waiver, and who has entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedWaiver {
    /// The waiver.
    pub waiver: Waiver,
    /// Who has entered it.
    pub by: String,
}

impl Waiver {
    /// Digits of a fingerprint that was made from a sentence, before findings were data.
    pub const WORDED_DIGITS: usize = 16;

    /// Whether its fingerprint was made from a sentence.
    pub fn is_worded(&self) -> bool {
        self.fingerprint.len() == Self::WORDED_DIGITS
    }
}
