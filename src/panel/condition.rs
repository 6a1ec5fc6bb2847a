//! When something holds, in facts by name.

/// Facts that something hangs on; none at all means always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Facts, any of which makes it so.
    pub when: Vec<String>,
    /// Facts, any of which makes it not so.
    pub unless: Vec<String>,
}

impl Condition {
    /// Every fact it names.
    pub fn facts(&self) -> impl Iterator<Item = &String> {
        self.when.iter().chain(&self.unless)
    }
}
