//! What stands in a file, as the process that opened it passes it on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{DocumentTrouble, Private, limit};

/// What stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The file's name, below the folder or archive it came in. It may hold a name.
    pub name: Private<String>,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// What is wrong with it.
    pub trouble: Option<DocumentTrouble>,
    /// Its pages, where its type has any.
    pub pages: Option<u32>,
    /// The title among its properties.
    pub title: Private<String>,
    /// Its text.
    pub text: Private<String>,
    /// The day it was last changed, by its properties.
    pub changed: Option<Date>,
}

impl Contents {
    /// A file that was not opened.
    pub fn troubled(name: &str, bytes: &[u8], trouble: DocumentTrouble) -> Self {
        Self { trouble: Some(trouble), ..Self::of(name, bytes) }
    }

    /// A file of which only its bytes are known.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: Private::from(name), sha256: hexadecimal(bytes), ..Self::default() }
    }

    /// Takes text over, up to the limit.
    pub(super) fn with_text(mut self, mut text: String) -> Self {
        let mut end = text.len().min(limit::PACK_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        self.text = Private::new(text);
        self
    }

    /// The lines that say something, first to last.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.expose().lines().map(str::trim).filter(|line| !line.is_empty())
    }

    /// SHA-256 of its words in order, where it has enough of them to tell it from others.
    pub(super) fn words_sha256(&self) -> Option<String> {
        const WORDS_MIN: usize = 20;
        let words: Vec<&str> = self.text.expose().split_whitespace().collect();
        (words.len() >= WORDS_MIN).then(|| hexadecimal(words.join(" ").as_bytes()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
