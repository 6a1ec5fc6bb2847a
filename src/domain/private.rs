//! Text that must not be seen by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value of a child's record: an answer, a name, a date of birth.
///
/// Its `Debug` prints an ellipsis and it has no `Display`, so that a log line, an error or a panic that holds one
/// shows nothing. It is serialised as what it is, because the encrypted ledger and the JSON that a user asks for
/// need it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the record, the screen or the file that was asked for.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl From<&str> for Private<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn a_private_value_does_not_show_itself() {
        let name = Private::new("Somebody".to_owned());
        assert_eq!(format!("{name:?} {:?}", Some(&name)), "… Some(…)");
    }
}
