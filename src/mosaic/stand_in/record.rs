//! What the stand-in keeps: people and the notes on their records, in a file that outlives it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A person whom the stand-in knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInPerson {
    /// The id.
    pub person_id: u64,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: Option<String>,
    /// Initials.
    pub initials: Option<String>,
    /// `open` or `closed`.
    pub status: String,
    /// Whether the record is restricted.
    pub restricted: bool,
    /// The record that this one was merged into.
    pub merged_into: Option<u64>,
}

/// A note on a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    pub(super) case_note_id: u64,
    pub(super) person_id: u64,
    #[serde(rename = "type")]
    pub(super) note_type: String,
    pub(super) title: String,
    pub(super) contact_date: String,
    pub(super) body: String,
    pub(super) status: String,
    pub(super) created_at: String,
}

/// All records.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Records {
    pub(super) persons: BTreeMap<u64, StandInPerson>,
    pub(super) notes: Vec<Note>,
    /// The keys of writes that were done, and the note that each made.
    pub(super) keys: BTreeMap<String, u64>,
}

/// The id of the first note.
const FIRST_NOTE: u64 = 5_001;

impl Records {
    pub(super) fn load(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes the file as a whole or not at all.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        use std::io::Write as _;
        let beside = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    }

    pub(super) fn next_note(&self) -> u64 {
        self.notes.iter().map(|note| note.case_note_id + 1).max().unwrap_or(FIRST_NOTE)
    }
}

/// Text as Mosaic keeps it: its markup cleaned, its lines kept.
pub(super) fn cleaned(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut in_tag = false;
    for character in text.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            character => cleaned.push(character),
        }
    }
    cleaned.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
