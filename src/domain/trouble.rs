//! What could not be taken, and the account of what was.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of its definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code: what JSON, the ledger and the screen call it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The value of a stable code.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == code)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// What an export holds (DESIGN section 4).
    ExtractType {
        /// Submissions: filled-in forms.
        Forms => "forms",
        /// The register of documents on the record.
        Documents => "documents",
        /// Dated happenings: reviews, legal statuses, plans, placements, hearings, orders.
        Events => "events",
        /// Ids, dates of birth, initials, merges, restrictions.
        Persons => "persons",
    }
}

codes! {
    /// Why something stands in quarantine.
    Reason {
        /// No mapping recognises the form.
        FormUnknown => "form-unknown",
        /// More than one mapping recognises the form.
        FormAmbiguous => "form-ambiguous",
        /// The record names no submission: neither form id nor step id.
        SubmissionUnidentified => "submission-unidentified",
        /// No person, or a person id that cannot be read.
        PersonUnidentified => "person-unidentified",
        /// An id was damaged on its way through a spreadsheet.
        IdDamaged => "id-damaged",
        /// A step status that Mosaic does not have.
        StatusUnknown => "status-unknown",
        /// A date or time that cannot be read, in a place where it matters for the whole record.
        DateUnreadable => "date-unreadable",
        /// A row has more or fewer cells than its header.
        RowUneven => "row-uneven",
        /// A record, cell or nesting is larger than the named limit.
        TooLarge => "too-large",
        /// Two records of one file disagree about the same submission.
        RecordsDisagree => "records-disagree",
        /// The text is not in the encoding it claims.
        EncodingBroken => "encoding-broken",
        /// The XML is not well formed from here on.
        XmlBroken => "xml-broken",
        /// A DTD, an entity or a processing instruction that tessera does not accept.
        XmlForbidden => "xml-forbidden",
        /// The file ends in the middle of something.
        FileTruncated => "file-truncated",
        /// The file has nothing in it.
        FileEmpty => "file-empty",
        /// The file cannot be opened or read: it is gone, it may not be read, or its disk failed.
        FileUnreadable => "file-unreadable",
        /// The file is locked with a password.
        FileEncrypted => "file-encrypted",
        /// The file is not what its name says.
        FileMistyped => "file-mistyped",
        /// No known header stands in the file.
        HeaderMissing => "header-missing",
        /// The header lacks a column that the extract needs.
        ColumnMissing => "column-missing",
        /// Two columns of the header mean the same thing.
        ColumnAmbiguous => "column-ambiguous",
        /// The file belongs to another authority.
        AuthorityOther => "authority-other",
        /// The extract is smaller than the one before by more than the named share.
        ExtractShrank => "extract-shrank",
        /// A compressed file that grows beyond all measure, or a path that climbs out of its archive.
        ArchiveHostile => "archive-hostile",
        /// The value of a cell that the record cannot do without cannot be read.
        ValueUnreadable => "value-unreadable",
    }
}

/// Something that could not be taken: it goes to quarantine and the rest goes on.
///
/// The message says what is wrong and never what a child's record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Where in the file.
    pub place: Place,
    /// The stable reason.
    pub reason: Reason,
    /// What is wrong, a lowercase fragment without answer text, names or dates of birth.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The account of one file: `records = taken + unchanged + quarantined`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Records that the reader found.
    pub records: u64,
    /// New submissions or rows, and new revisions of known ones.
    pub taken: u64,
    /// Records that say what the ledger already holds.
    pub unchanged: u64,
    /// Records that wait for a person.
    pub quarantined: u64,
}

impl Account {
    /// Whether everything that was read is accounted for.
    pub const fn adds_up(&self) -> bool {
        self.records == self.taken + self.unchanged + self.quarantined
    }
}
