//! Ids, each a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::limit;

/// Why a text is not a Mosaic id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTrouble {
    /// Nothing is there.
    #[error("the id is empty")]
    Empty,
    /// A spreadsheet has rounded it.
    #[error("the id is in scientific notation, so its last digits are lost")]
    Scientific,
    /// It holds something other than digits.
    #[error("the id is not a whole number")]
    NotANumber,
    /// It is zero or below.
    #[error("the id is zero or negative")]
    NotPositive,
    /// It is longer than Mosaic's ids are (`NUMERIC(16)`).
    #[error("the id has more than {} digits", limit::ID_DIGITS_MAX)]
    TooLong,
}

/// Reads an id as exports spell it: `123456`, `0123456`, `123,456`, `123456.0`, with white space around.
fn parse_id(text: &str) -> Result<u64, IdTrouble> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdTrouble::Empty);
    }
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => whole,
        Some((_, fraction)) if fraction.contains(['e', 'E']) => return Err(IdTrouble::Scientific),
        Some(_) => return Err(IdTrouble::NotANumber),
        None => text,
    };
    if whole.contains(['e', 'E']) && whole.bytes().all(|b| b.is_ascii_digit() || b"eE+".contains(&b)) {
        return Err(IdTrouble::Scientific);
    }
    let (negative, whole) = whole.strip_prefix('-').map_or((false, whole), |rest| (true, rest));
    let digits = if whole.contains(',') { without_thousands_separators(whole)? } else { whole.to_owned() };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(IdTrouble::NotANumber);
    }
    let digits = digits.trim_start_matches('0');
    if negative || digits.is_empty() {
        return Err(IdTrouble::NotPositive);
    }
    if digits.len() > limit::ID_DIGITS_MAX {
        return Err(IdTrouble::TooLong);
    }
    digits.parse().map_err(|_| IdTrouble::NotANumber)
}

fn without_thousands_separators(text: &str) -> Result<String, IdTrouble> {
    let mut groups = text.split(',');
    let first_is_short = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    if first_is_short && groups.all(|group| group.len() == 3) {
        Ok(text.replace(',', ""))
    } else {
        Err(IdTrouble::NotANumber)
    }
}

macro_rules! mosaic_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The number itself.
            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdTrouble;

            fn from_str(text: &str) -> Result<Self, IdTrouble> {
                parse_id(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

mosaic_id! {
    /// A child or young person in Mosaic (`PERSON_ID`, up to 16 digits, nine in practice).
    PersonId
}
mosaic_id! {
    /// A workflow step in Mosaic (`WORKFLOW_STEP_ID`).
    StepId
}
mosaic_id! {
    /// A filled-in form in Mosaic (`FORM_ID`).
    FormId
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the name as it is.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

name! {
    /// An authority, by the name of its folder under `mappings/`: `lincolnshire`.
    AuthorityName
}
name! {
    /// A panel, by authority and name: `lincolnshire/support-panel`.
    PanelName
}
name! {
    /// A submission: `lincolnshire-700001` by its form id, or `lincolnshire-step-900001` where the export has none.
    SubmissionId
}

impl PanelName {
    /// The panel `panel` of `authority`.
    pub fn of(authority: &AuthorityName, panel: &str) -> Self {
        Self(format!("{authority}/{panel}"))
    }

    /// The part before the slash.
    pub fn authority(&self) -> AuthorityName {
        AuthorityName::new(self.0.split_once('/').map_or("", |(authority, _)| authority))
    }

    /// The part behind the slash.
    pub fn panel(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(_, panel)| panel)
    }
}

impl SubmissionId {
    /// The submission of a form, or of a step where the export gives no form id.
    pub fn of(authority: &AuthorityName, form: Option<FormId>, step: Option<StepId>) -> Option<Self> {
        match (form, step) {
            (Some(form), _) => Some(Self(format!("{authority}-{form}"))),
            (None, Some(step)) => Some(Self(format!("{authority}-step-{step}"))),
            (None, None) => None,
        }
    }
}

/// One intended effect on Mosaic: a UUID (RFC 9562, version 5), the same for the same effect for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteBackId(pub Uuid);

impl fmt::Display for WriteBackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_exports_spell_it() {
        for text in ["123456", " 123456 ", "000123456", "123,456", "123456.0", "123456.00"] {
            assert_eq!(text.parse::<PersonId>().map(PersonId::number), Ok(123_456), "{text}");
        }
    }

    #[test]
    fn a_damaged_id_is_refused_and_never_guessed() {
        let refused = [
            ("", IdTrouble::Empty),
            ("1.23E+05", IdTrouble::Scientific),
            ("12E3", IdTrouble::Scientific),
            ("123456.5", IdTrouble::NotANumber),
            ("12,34,56", IdTrouble::NotANumber),
            ("A123", IdTrouble::NotANumber),
            ("0", IdTrouble::NotPositive),
            ("-7", IdTrouble::NotPositive),
            ("12345678901234567", IdTrouble::TooLong),
        ];
        for (text, trouble) in refused {
            assert_eq!(text.parse::<PersonId>(), Err(trouble), "{text}");
        }
    }
}
