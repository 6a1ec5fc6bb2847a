//! What stands in a file, as the process that opened it passes it on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::shown::shown;
use crate::domain::{DocumentTrouble, Private, hexadecimal, limit};

/// What stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The file's name, below the folder or archive it came in. It may hold a name.
    pub name: Private<String>,
    /// SHA-256 of the file in hexadecimal digits; of its name, where there is nothing to compare.
    pub sha256: String,
    /// SHA-256 of its words in order, where they are all known and enough to tell it from others.
    pub words_sha256: Option<String>,
    /// What is wrong with it.
    pub trouble: Option<DocumentTrouble>,
    /// Its pages, where its type has any.
    pub pages: Option<u32>,
    /// The title among its properties.
    pub title: Private<String>,
    /// What every page repeats, where its type keeps that apart.
    pub running: Private<String>,
    /// Its text.
    pub text: Private<String>,
    /// Whether there is more text than that.
    pub is_beginning: bool,
    /// The day it was last changed, by its properties.
    pub changed: Option<Date>,
    /// Whether it is a few lines that somebody wrote to somebody: they may speak of a paper, and are none.
    pub is_note: bool,
}

impl Contents {
    /// A file that was not opened, or in which nothing is.
    pub fn troubled(name: &str, trouble: DocumentTrouble) -> Self {
        Self { trouble: Some(trouble), ..Self::of(name, name.as_bytes()) }
    }

    /// Gives a file the whole of its name: what is below the pack's folder.
    pub(super) fn named(mut self, whole: &str) -> Self {
        self.name = Private::new(shown(whole));
        // Two files of one name in which nothing is are not the same document.
        if self.trouble.is_some_and(|trouble| trouble != DocumentTrouble::Scanned) {
            self.sha256 = sha256(whole.as_bytes());
        }
        self
    }

    /// A file of which only its bytes are known.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: Private::from(name), sha256: sha256(bytes), ..Self::default() }
    }

    /// Takes all its text over. What is beyond the limit is not looked at.
    pub(super) fn with_text(mut self, mut text: String) -> Self {
        const WORDS_MIN: usize = 20;
        let words: Vec<&str> = text.split_whitespace().collect();
        self.words_sha256 = (words.len() >= WORDS_MIN).then(|| sha256(words.join(" ").as_bytes()));
        let mut end = text.len().min(limit::PACK_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        self.text = Private::new(text);
        self
    }

    /// Takes the text of its beginning over: what the rest says is not known.
    pub(super) fn with_beginning(self, text: String) -> Self {
        Self { words_sha256: None, is_beginning: true, ..self.with_text(text) }
    }

    /// The lines that say something, first to last.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        said(self.text.expose())
    }

    /// The lines that every page repeats.
    pub(super) fn running_lines(&self) -> impl Iterator<Item = &str> {
        said(self.running.expose())
    }
}

fn said(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
