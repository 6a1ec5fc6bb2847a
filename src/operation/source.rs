//! Which files of a source are there to be read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Clock;
use crate::config::{Source, SourcePlace};

/// The marker that an exporter puts beside a finished file: `persons.csv.done`.
const DONE: &str = ".done";

/// Names that programs give to files they are still writing, or to their own notes.
const UNFINISHED: [&str; 5] = [".part", ".tmp", ".filepart", ".crdownload", DONE];

/// The files of a source.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// Ready to be read, in order of name.
    pub(super) ready: Vec<PathBuf>,
    /// Still being written, it seems: left for the next run.
    pub(super) waiting: Vec<PathBuf>,
}

/// Looks into the folder of a source.
///
/// A file is ready when it has not changed for the source's settling time, or when its `.done` marker is there.
/// A fixed clock says nothing about when a file was written, so then every file is ready.
pub(super) fn arrived(source: &Source, clock: Clock) -> io::Result<Arrived> {
    let SourcePlace::Folder(folder) = &source.place;
    let mut arrived = Arrived::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else { continue };
        if !wanted(source, &name) || !entry.file_type()?.is_file() && !path.is_file() {
            continue;
        }
        if settled(&path, source.settled_after, clock)? { arrived.ready.push(path) } else { arrived.waiting.push(path) }
    }
    arrived.ready.sort();
    arrived.waiting.sort();
    Ok(arrived)
}

/// Whether a file of that name belongs to the source; letters match whatever their case.
pub(super) fn wanted(source: &Source, name: &str) -> bool {
    let lower = name.to_lowercase();
    let own = name.starts_with('.') || name.starts_with("~$") || UNFINISHED.iter().any(|end| lower.ends_with(end));
    let options = glob::MatchOptions { case_sensitive: false, ..glob::MatchOptions::new() };
    let any = source.pattern.as_str().is_empty();
    !own && (any || source.pattern.matches_with(name, options))
}

fn settled(path: &Path, after: Duration, clock: Clock) -> io::Result<bool> {
    let mut marker = path.as_os_str().to_owned();
    marker.push(DONE);
    if matches!(clock, Clock::Fixed(_)) || Path::new(&marker).exists() {
        return Ok(true);
    }
    let Ok(changed) = Timestamp::try_from(fs::metadata(path)?.modified()?) else { return Ok(true) };
    let age = clock.now().duration_since(changed);
    // A file from the future tells of two clocks that differ, not of a file that is being written.
    let from_the_future = age < SignedDuration::from_hours(-1);
    Ok(from_the_future || age >= SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX))
}

/// What a file and its successors have in common: the name with every number taken out, so that `persons-20261123`
/// and `persons-20261124` are one series.
pub(super) fn series(name: &str) -> String {
    let mut series = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            digit if digit.is_ascii_digit() => {
                if !series.ends_with('#') {
                    series.push('#');
                }
            }
            letter => series.extend(letter.to_lowercase()),
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ExtractType;

    fn source(folder: &Path, pattern: &str) -> Source {
        Source {
            extract: ExtractType::Forms,
            place: SourcePlace::Folder(folder.to_owned()),
            pattern: glob::Pattern::new(pattern).unwrap(),
            mapping: None,
            shrink_share: 0.5,
            settled_after: Duration::from_secs(10),
        }
    }

    fn names(paths: &[PathBuf]) -> Vec<&str> {
        paths.iter().filter_map(|path| path.file_name()?.to_str()).collect()
    }

    #[test]
    fn a_file_that_is_still_being_written_is_left_until_it_is_settled_or_marked() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["C0343-b.xml", "c0343-A.csv", "C0343.xml.part", "~$C0343.xlsx", "other.xml", "C0343-b.xml.done"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let source = source(folder.path(), "C0343*");
        let found = arrived(&source, Clock::System).unwrap();
        assert_eq!((names(&found.ready), names(&found.waiting)), (vec!["C0343-b.xml"], vec!["c0343-A.csv"]));

        let later = Clock::System.now() + SignedDuration::from_hours(1);
        let found = arrived(&source, Clock::Fixed(later)).unwrap();
        assert_eq!(names(&found.ready), ["C0343-b.xml", "c0343-A.csv"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(arrived(&source(Path::new("nowhere"), "*"), Clock::System).is_err());
    }

    #[test]
    fn names_that_differ_in_numbers_are_one_series() {
        assert_eq!(series("C0343_20261123.xml"), series("c0343_20261124.xml"));
        assert_ne!(series("persons.csv"), series("documents.csv"));
    }
}
