//! Conditions that are put together for one statement, with their parameters.

use super::value::Value;

/// Conditions that all must hold.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Conditions<'v> {
    text: String,
    values: Vec<Value<'v>>,
}

impl<'v> Conditions<'v> {
    /// One to begin with: a column, an operator and what they are held to.
    pub(in crate::ledger) fn one(compared: &str, value: Value<'v>) -> Self {
        let mut narrow = Self::default();
        narrow.and_if(compared, Some(value));
        narrow
    }

    /// The place of one more parameter: `?2`.
    pub(in crate::ledger) fn with(&mut self, value: Value<'v>) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    /// One more.
    pub(in crate::ledger) fn and(&mut self, condition: &str) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(condition);
    }

    /// One more, where there is something to be held to.
    pub(in crate::ledger) fn and_if(&mut self, compared: &str, value: Option<Value<'v>>) {
        if let Some(value) = value {
            let place = self.with(value);
            self.and(&format!("{compared} {place}"));
        }
    }

    /// All of them, for a `WHERE`.
    pub(in crate::ledger) fn text(&self) -> &str {
        if self.text.is_empty() { "1 = 1" } else { &self.text }
    }

    /// Their parameters.
    pub(in crate::ledger) fn values(&self) -> &[Value<'v>] {
        &self.values
    }
}
