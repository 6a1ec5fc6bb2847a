//! Who may sign in to the pages, and what they may do there.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody who is signed in may do (DESIGN section 13). Everybody who is signed in may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInRole {
    /// Reads.
    Reader,
    /// Checks packs, states facts, answers for findings, records outcomes.
    Administrator,
    /// Approves outcomes and turns them down.
    Approver,
    /// Looks after mappings, quarantine, write-backs that wait for a person, accounts.
    Systems,
}

impl SignInRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Administrator, Self::Approver, Self::Systems];

    /// Its name in the configuration and in the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Administrator => "administrator",
            Self::Approver => "approver",
            Self::Systems => "systems",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for SignInRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Characters of an account's name: that of an e-mail address (RFC 5321, 4.5.3.1.3) fits.
const NAME_CHARS_MAX: usize = 254;

/// The name under which somebody signs in, in small letters. It stands in the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountName(String);

impl AccountName {
    /// The name, where it is one: letters, digits and `.-_@+`, not the space and colon that the trail separates with.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().to_lowercase();
        let is_fit = |c: char| c.is_alphanumeric() || ".-_@+".contains(c);
        (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && name.chars().all(is_fit)).then_some(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A local account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAccount {
    /// Its name.
    pub name: AccountName,
    /// What it may do.
    pub roles: BTreeSet<SignInRole>,
    /// The hash of its password in PHC text (Argon2id, RFC 9106); `None` until its owner has chosen one.
    pub password: Option<String>,
    /// A link by which its owner chooses a password, once.
    pub invitation: Option<Invitation>,
    /// Whether it may sign in.
    pub is_open: bool,
}

/// A link that is good once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The SHA-256 of its secret, in hexadecimal digits.
    pub hash: String,
    /// Until when it is good.
    pub until: jiff::Timestamp,
}

impl fmt::Debug for SignInAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInAccount").field("name", &self.name).field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("until", &self.until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_the_trail() {
        assert_eq!(
            AccountName::parse(" Sam.Officer@Council.example ").unwrap().as_str(),
            "sam.officer@council.example"
        );
        for wrong in ["", " ", "a b", "a:b", "a\nb", "<b>", &"a".repeat(255)] {
            assert_eq!(AccountName::parse(wrong), None, "{wrong:?}");
        }
        assert!(SignInRole::ALL.into_iter().all(|role| SignInRole::parse(role.as_str()) == Some(role)));
    }
}
