//! Which document a finding is about, however it is called and wherever it lies.

use serde::{Deserialize, Serialize};

use crate::domain::{Document, DocumentKind};

/// A document that something was found about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DocumentFound {
    /// Mosaic's id of it, where the register has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// SHA-256 of the file, in hexadecimal digits, where it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Its kind, where it says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<DocumentKind>,
    /// Where it was read.
    pub(super) source: String,
}

impl DocumentFound {
    pub(super) fn of(document: &Document) -> Self {
        Self {
            id: document.document_id.clone(),
            sha256: document.reading.as_ref().map(|reading| reading.sha256.clone()),
            kind: document.kind.clone(),
            source: document.source.to_string(),
        }
    }

    /// What tells it from other documents: its id, else what stands in it, else no more than its kind. Where it was read
    /// is another line in every export.
    pub(super) fn identity(&self) -> String {
        match (&self.id, &self.sha256, &self.kind) {
            (Some(id), ..) => format!("id {id}"),
            (None, Some(sha256), _) => format!("sha256 {sha256}"),
            (None, None, Some(kind)) => format!("kind {kind}"),
            (None, None, None) => "document".to_owned(),
        }
    }
}
