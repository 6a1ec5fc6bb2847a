//! What the stand-in keeps: people and what is on their records, in a file that outlives it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::count::{Written, written_in};
use super::documents::Document;
use super::forms::Form;
use super::notes::Note;
use super::persons::StandInPerson;
use super::problem::Problem;
use super::steps::Step;

/// The form of the file. Files of form 0 hold people, notes and keys only.
const FORMAT: u32 = 1;

/// All records.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Records {
    #[serde(default)]
    format: u32,
    pub(super) persons: BTreeMap<u64, StandInPerson>,
    pub(super) notes: Vec<Note>,
    /// The keys of writes that were done, and the id of what each made or changed.
    pub(super) keys: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) forms: Vec<Form>,
    #[serde(default)]
    pub(super) documents: Vec<Document>,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    /// Every write that was done, in its order: by these they are counted.
    #[serde(default)]
    pub(super) written: Vec<Written>,
}

impl Records {
    pub(super) fn load(path: &Path) -> io::Result<Self> {
        // The largest rehearsal's records are some tens of megabytes, and the file is the stand-in's own.
        let mut records = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error),
        };
        if records.format == 0 {
            records.written = records.notes.iter().flat_map(written_in).collect();
            records.format = FORMAT;
        }
        Ok(records)
    }

    /// Writes the file as a whole or not at all.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        write_whole(path, &path.with_extension("new"), &bytes)
    }

    /// Whether a person's record may be written on.
    pub(super) fn writable(&self, person: u64) -> Result<(), Problem> {
        let person = self.person(person)?;
        if let Some(into) = person.merged_into {
            return Err(Problem::new(StatusCode::GONE, "merged", format!("merged into {into}")));
        }
        if person.restricted {
            return Err(Problem::new(StatusCode::FORBIDDEN, "restricted", "the record is restricted"));
        }
        Ok(())
    }

    pub(super) fn person(&self, person: u64) -> Result<&StandInPerson, Problem> {
        self.persons.get(&person).ok_or_else(|| Problem::absent("person"))
    }

    /// Sees that a key is new.
    pub(super) fn unused(&self, key: Option<&str>) -> Result<(), Problem> {
        if key.is_some_and(|key| self.keys.contains_key(key)) { Err(Problem::already_there()) } else { Ok(()) }
    }

    /// Keeps a key and counts the write that was done under it.
    pub(super) fn done(&mut self, key: Option<&str>, id: u64, written: Written) {
        self.keys.extend(key.map(|key| (key.to_owned(), id)));
        self.written.push(written);
    }
}

/// Where the files of documents are kept.
pub(super) fn documents_folder(records: &Path) -> PathBuf {
    records.with_extension("documents")
}

/// Writes a file beside its place, and puts it there once it is on the disk.
pub(super) fn write_whole(path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}

/// The next id after those that were given out.
pub(super) fn next_id(given: impl Iterator<Item = u64>, first: u64) -> u64 {
    given.max().map_or(first, |last| last.saturating_add(1))
}

/// Text as Mosaic keeps it: its markup cleaned, its lines kept. A `<` that begins no tag is a character like others.
pub(super) fn cleaned(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        cleaned.push_str(before);
        let begins = from.chars().nth(1).is_some_and(|next| next.is_ascii_alphabetic() || next == '/' || next == '!');
        let length = match from.find('>').filter(|_| begins) {
            Some(end) => end + 1,
            None => {
                cleaned.push('<');
                1
            }
        };
        rest = from.get(length..).unwrap_or("");
    }
    cleaned.push_str(rest);
    cleaned.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_cleaned_and_what_only_looks_like_it_stays() {
        assert_eq!(cleaned("a <b>bold</b> word <br/>\n  next <!-- gone -->line"), "a bold word\nnext line");
        assert_eq!(
            cleaned("weight < 5th centile\n\nRef: TES-7F3K-2Q9M-4T"),
            "weight < 5th centile\n\nRef: TES-7F3K-2Q9M-4T"
        );
        assert_eq!(cleaned("x <y and no end"), "x <y and no end");
        assert_eq!(cleaned("Zoë <i>ö</i> <"), "Zoë ö <");
    }

    #[test]
    fn older_files_still_load_and_what_they_hold_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mosaic.json");
        let older = r#"{"persons":{"100001":{"personId":100001,"dateOfBirth":null,"initials":null,"status":"open",
            "restricted":false,"mergedInto":null}},"notes":[{"caseNoteId":5001,"personId":100001,"type":"PANEL",
            "title":"A decision","contactDate":"2026-11-25","body":"Text\n\nRef: TES-7F3K-2Q9M-4T\n\nAppended now\nMore\n\nRef: TES-AAAA-BBBB-CC",
            "status":"complete","createdAt":"2026-11-27T09:00:00"}],"keys":{"k":5001}}"#;
        std::fs::write(&path, older.replace("\n            ", "")).unwrap();
        let records = Records::load(&path).unwrap();
        assert_eq!((records.notes.len(), records.written.len(), records.forms.len()), (1, 2, 0));
        records.save(&path).unwrap();
        let again = Records::load(&path).unwrap();
        assert_eq!(again.written.len(), 2);
        assert_eq!(again.persons, records.persons);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_what_is_not_there_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mosaic.json");
        assert!(Records::load(&path).unwrap().notes.is_empty());
        std::fs::write(&path, "{").unwrap();
        assert!(Records::load(&path).is_err());
    }

    #[test]
    fn ids_follow_on() {
        assert_eq!(next_id([].into_iter(), 5_001), 5_001);
        assert_eq!(next_id([7, 3].into_iter(), 5_001), 8);
    }
}
