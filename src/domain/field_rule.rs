//! What a form version asks of its fields, for the check.

use std::sync::Arc;

/// What a form version asks of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// Our name for it.
    pub field: Arc<str>,
    /// What a person is shown.
    pub label: String,
    /// Mosaic's question user code.
    pub question: Arc<str>,
    /// Whether a finished form must answer it.
    pub required: bool,
    /// Facts, any of which makes it required.
    pub required_when: Vec<String>,
}
