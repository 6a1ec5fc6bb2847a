//! The names that an authority has for kinds of document.

use crate::domain::DocumentKind;

/// The names that an authority has for kinds of document, as words.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    names: Vec<(Vec<String>, DocumentKind)>,
}

/// A name that was found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'v> {
    pub(super) kind: &'v DocumentKind,
    pub(super) words: usize,
    pub(super) at: usize,
    pub(super) name: String,
}

impl Vocabulary {
    /// Takes titles and aliases with the kind that each means.
    pub fn new<'n>(names: impl IntoIterator<Item = (&'n str, &'n DocumentKind)>) -> Self {
        let names = names.into_iter().map(|(name, kind)| (words(name), kind.clone()));
        Self { names: names.filter(|(words, _)| !words.is_empty()).collect() }
    }

    /// The kind of document that a line names.
    pub fn kind_of(&self, line: &str) -> Option<&DocumentKind> {
        self.find(line).map(|found| found.kind)
    }

    /// The name that a line holds: the longest, and of two as long the one that comes first. A plural is its singular.
    pub(super) fn find(&self, line: &str) -> Option<Found<'_>> {
        let line = words(line);
        let found = self.names.iter().filter_map(|(name, kind)| {
            let at = line
                .windows(name.len())
                .position(|window| window.iter().zip(name).all(|(one, other)| same(one, other)))?;
            Some(Found { kind, words: name.len(), at, name: name.join(" ") })
        });
        found.max_by_key(|found| (found.words, std::cmp::Reverse(found.at)))
    }
}

fn words(text: &str) -> Vec<String> {
    let apart = |c: char| !c.is_alphanumeric() && c != '+';
    let lower = text.replace(['\'', '’'], "").to_lowercase();
    lower.split(apart).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

fn same(one: &str, other: &str) -> bool {
    one == other || singular(one) == singular(other)
}

/// A word without the ending of a plural.
fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}
