//! What Mosaic's other extracts hold: documents on the record, dated happenings, people.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::trouble::codes;
use super::{AuthorityName, PersonId, Private};
use crate::diagnostic::Located;

/// A kind of paperwork, by the authority's own name for it: `chronology`, `care-plan`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentKind(Arc<str>);

impl DocumentKind {
    /// Takes the name as it is.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A piece of paperwork on a child's record, as the `documents` extract lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Whose record.
    pub authority: AuthorityName,
    /// Whose record.
    pub person: PersonId,
    /// Mosaic's id of the document, where the extract has it.
    pub document_id: Option<String>,
    /// Its kind; `None` where no alias of the authority fits.
    pub kind: Option<DocumentKind>,
    /// Its title as Mosaic has it.
    pub title: Private<String>,
    /// The day it is dated.
    pub dated: Option<Date>,
    /// Its pages, where the extract says.
    pub pages: Option<u32>,
    /// Where it was read.
    pub source: Located,
    /// What opening the file has shown; `None` where only the register is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
}

impl Document {
    /// Whether it says that it is somebody else's.
    pub fn is_anothers(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| matches!(reading.whose, Whose::Other(_)))
    }

    /// Whether a person can read it. A scan can be read by a person.
    pub fn is_readable(&self) -> bool {
        let trouble = self.reading.as_ref().and_then(|reading| reading.trouble);
        trouble.is_none_or(|trouble| trouble == DocumentTrouble::Scanned)
    }
}

impl Reading {
    /// Whether it is the same document as another: byte for byte, or word for word.
    pub fn is_same(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 || self.words_sha256.is_some() && self.words_sha256 == other.words_sha256
    }
}

/// What opening a document has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// SHA-256 of its words, where it has enough of them to tell it from others.
    pub words_sha256: Option<String>,
    /// Why it is taken for what it is, where its date and its owner were read: for a person to follow.
    pub evidence: Vec<String>,
    /// Other kinds that it might be as well.
    pub rivals: Vec<DocumentKind>,
    /// Whose it is.
    pub whose: Whose,
    /// What is wrong with it.
    pub trouble: Option<DocumentTrouble>,
}

/// Whose a document is, by what stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// It does not say.
    #[default]
    Unsaid,
    /// It names the child by Mosaic person id, or by date of birth.
    Child,
    /// It names another person's id, and not the child's.
    Other(PersonId),
    /// It gives a date of birth or initials that are not the child's.
    Doubtful(String),
}

codes! {
    /// What is wrong with a document.
    DocumentTrouble {
        /// It cannot be opened or is broken.
        Broken => "broken",
        /// It is locked with a password.
        Encrypted => "encrypted",
        /// There is nothing in it.
        Empty => "empty",
        /// It is a picture of text: nothing in it can be searched.
        Scanned => "scanned",
        /// It is of a type that tessera does not open.
        Unsupported => "unsupported",
        /// It holds a macro.
        Macro => "macro",
        /// It is larger, or grows larger, than is sane.
        TooLarge => "too-large",
        /// Its name climbs out of its archive, or it is an archive inside an archive.
        Hostile => "hostile",
        /// Reading it took too long or brought the reader down.
        Stuck => "stuck",
    }
}

/// A dated happening on a child's record: a review, a legal status, a plan, a placement, a hearing, an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whose record.
    pub authority: AuthorityName,
    /// Whose record.
    pub person: PersonId,
    /// Mosaic's id of the happening, where the extract has it.
    pub event_id: Option<String>,
    /// What happened, by the authority's name for it: `cla-review`, `placement-start`.
    pub kind: Arc<str>,
    /// The day it happened or began.
    pub on: Date,
    /// The time of that day, where the report has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// The day it ended; `None` while it goes on (`2300-01-01` and `9999-12-31` are read as open).
    pub until: Option<Date>,
    /// Further columns that the extract's mapping names.
    pub details: BTreeMap<String, Private<String>>,
    /// Where it was read.
    pub source: Located,
}

#[cfg(test)]
impl Event {
    /// Something that happened on a day and goes on, about a child of the tests.
    pub(crate) fn of_test(authority: &AuthorityName, kind: &str, on: Date) -> Self {
        Self {
            authority: authority.clone(),
            person: "100001".parse().unwrap(),
            event_id: None,
            kind: kind.into(),
            on,
            at: None,
            until: None,
            details: BTreeMap::new(),
            source: Located { file: "events.csv".into(), place: crate::diagnostic::Place::Whole },
        }
    }
}

/// What the `persons` extract says of a child or young person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Whose record.
    pub authority: AuthorityName,
    /// Whose record.
    pub person: PersonId,
    /// Date of birth.
    pub date_of_birth: Option<Private<Date>>,
    /// Initials, made from the name where the extract gives a name.
    pub initials: Option<Private<String>>,
    /// The record that this one was merged into.
    pub merged_into: Option<PersonId>,
    /// Whether Mosaic restricts who may see the record.
    pub restricted: bool,
    /// Where it was read.
    pub source: Located,
}
