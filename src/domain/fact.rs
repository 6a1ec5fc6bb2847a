//! A named truth about a request: `heard-before`, `seeking-extension`.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Located;

/// What is known of a fact. Unknown is a value: tessera asks, it does not assume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactValue {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nobody has said.
    Unknown,
}

/// Who says so, in falling precedence (DESIGN section 7).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactSource {
    /// An answer on the form.
    Answer,
    /// A happening on the record.
    Event,
    /// What tessera has seen before.
    Ledger,
    /// A person, on the page or with `--fact`.
    Stated,
}

/// A fact and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its name, kebab-case.
    pub name: String,
    /// What is known.
    pub value: FactValue,
    /// Who says so.
    pub source: FactSource,
    /// Where it was read, if it was read.
    pub read_at: Option<Located>,
}
