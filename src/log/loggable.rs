//! What may be logged.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Value;
use tracing::field::{DisplayValue, Empty, debug, display};

use crate::diagnostic::Place;
use crate::domain::{
    AuthorityName, DutyId, DutyState, ExtractType, OutcomeState, PanelName, Reason, SignInRole, State, SubmissionId,
    Verdict, WriteBackId, WriteBackKind,
};

/// A type that holds nothing of a child and nothing that a person typed.
///
/// Text is none of them, unless it stands in the program itself. To add a type is to say that nobody can put a name
/// into it; `tests/tidy.rs` holds where it is done.
pub trait Loggable {
    /// The value of a field.
    fn loggable(self) -> impl Value;
}

/// Values that are logged as they are.
macro_rules! as_it_is {
    ($($type:ty),+) => {
        $(impl Loggable for $type {
            fn loggable(self) -> impl Value {
                self
            }
        })+
    };
}

as_it_is!(&'static str, bool, u8, u16, u32, u64, usize, i32, Empty);

/// Values with a stable code.
macro_rules! by_code {
    ($($type:ty),+) => {
        $(impl Loggable for $type {
            fn loggable(self) -> impl Value {
                self.as_str()
            }
        })+
    };
}

by_code!(DutyState, ExtractType, OutcomeState, Reason, SignInRole, Verdict, WriteBackKind, &State);

/// Ids, and moments: as they are written everywhere else.
macro_rules! as_shown {
    ($($type:ty),+) => {
        $(impl Loggable for $type {
            fn loggable(self) -> impl Value {
                display(self)
            }
        })+
    };
}

as_shown!(&AuthorityName, &PanelName, &SubmissionId, WriteBackId, &DutyId, Timestamp, Date);

impl<T: Loggable> Loggable for Option<T> {
    fn loggable(self) -> impl Value {
        self.map(Loggable::loggable)
    }
}

/// A place by its numbers: a heading, a sheet or an element is as the file spells it, and may be anything.
impl Loggable for &Place {
    fn loggable(self) -> impl Value {
        display(match self {
            Place::Whole => "whole file".to_owned(),
            Place::Line(line) | Place::LineColumn(line, _) => format!("line {line}"),
            Place::Column { line, .. } | Place::Element { line, .. } => format!("line {line}"),
            Place::Cell { row, column, .. } => format!("row {row}, column {column}"),
            Place::Field { row, .. } => format!("row {row}"),
        })
    }
}

/// An id that another system gave, shown where it has the shape of one: at most 64 letters, digits, hyphens, dots and
/// underscores of ASCII, with as many digits as letters at least, or of one UUID.
#[derive(Debug, Clone, Copy)]
pub struct Shaped<'a>(pub &'a str);

impl Shaped<'_> {
    fn is_shaped(&self) -> bool {
        let text = self.0;
        let of_id = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let letters = text.chars().filter(char::is_ascii_alphabetic).count();
        let is_uuid = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
        is_uuid || (digits > 0 && digits >= letters && text.len() <= 64 && text.chars().all(of_id))
    }
}

impl fmt::Display for Shaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_shaped() { self.0 } else { "…" })
    }
}

impl<'a> Loggable for Shaped<'a> {
    fn loggable(self) -> impl Value {
        let value: DisplayValue<Shaped<'a>> = display(self);
        value
    }
}

/// A file by its content: the first digits of its SHA-256.
#[derive(Debug, Clone, Copy)]
pub struct FileId(pub [u8; 32]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Loggable for FileId {
    fn loggable(self) -> impl Value {
        display(self)
    }
}

/// A file of a source by its name, which may hold anybody's: where a star of the source's pattern stands for anything but
/// digits and what dates are written with, the pattern is shown in its place.
#[derive(Debug, Clone, Copy)]
pub struct FileName<'a> {
    /// The pattern that the configuration gives for the source; empty where there is none.
    pub pattern: &'a str,
    /// The name.
    pub name: &'a str,
}

impl fmt::Display for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = !self.pattern.is_empty() && is_spelt(self.pattern, self.name);
        f.write_str(match (is_plain, self.pattern) {
            (true, _) => self.name,
            (false, "") => "…",
            (false, pattern) => pattern,
        })
    }
}

impl<'a> Loggable for FileName<'a> {
    fn loggable(self) -> impl Value {
        let value: DisplayValue<FileName<'a>> = display(self);
        value
    }
}

/// Endings of exports, which a star may stand for too.
const ENDINGS: [&str; 9] = [".csv", ".xlsx", ".xml", ".zip", ".gz", ".csv.gz", ".xml.gz", ".txt", ".tsv"];

/// Whether a name is a pattern with stars that stand for digits and an ending only.
fn is_spelt(pattern: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let pattern = pattern.to_lowercase();
    let ends = ENDINGS.iter().filter(|ending| pattern.ends_with('*') && name.ends_with(*ending));
    let stems = ends.filter_map(|ending| name.strip_suffix(ending));
    std::iter::once(name.as_str()).chain(stems).any(|stem| is_spelt_by(pattern.as_bytes(), stem.as_bytes()))
}

fn is_spelt_by(pattern: &[u8], name: &[u8]) -> bool {
    let of_date = |letter: &u8| letter.is_ascii_digit() || b"-_.t".contains(letter);
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], [letter, others @ ..]) => {
            is_spelt_by(rest, name) || (of_date(letter) && is_spelt_by(pattern, others))
        }
        ([b'*', rest @ ..], []) => is_spelt_by(rest, name),
        ([b'?', rest @ ..], [letter, others @ ..]) => of_date(letter) && is_spelt_by(rest, others),
        ([expected, rest @ ..], [letter, others @ ..]) => expected == letter && is_spelt_by(rest, others),
        _ => false,
    }
}

/// A kind of the system's errors: one of a list that the language has.
impl Loggable for io::ErrorKind {
    fn loggable(self) -> impl Value {
        debug(self)
    }
}

/// A file that the configuration names, by its path below the configuration's folder. Never one that was handed in or
/// exported: their names may hold anybody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile(Box<Path>);

impl OwnFile {
    /// A file below the configuration's folder; nothing where it lies elsewhere, as above it people's own folders do.
    pub fn below(folder: &Path, path: &Path) -> Option<Self> {
        path.strip_prefix(folder).ok().map(|below| Self(below.into()))
    }
}

impl Loggable for &OwnFile {
    fn loggable(self) -> impl Value {
        display(self.0.display())
    }
}

/// Whole milliseconds.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{FileName, Shaped};

    #[test]
    fn the_name_of_a_file_is_shown_only_where_nobodys_name_can_be_in_it() {
        let shown = |pattern, name| FileName { pattern, name }.to_string();
        for name in ["c0343.csv", "C0343-2026-11-27.csv", "c0343_20261127T0200.xml.gz"] {
            assert_eq!(shown("c0343*", name), name);
        }
        assert_eq!(shown("persons-*.csv", "persons-20261127.csv"), "persons-20261127.csv");
        for name in ["c0343-Sample Child.csv", "c0343sample", "c0343-１.csv"] {
            assert_eq!(shown("c0343*", name), "c0343*");
        }
        assert_eq!(shown("", "persons.csv"), "…");
        assert_eq!(shown("*", "sample-child.csv"), "*");
    }

    #[test]
    fn an_id_of_another_system_is_shown_only_where_it_looks_like_one() {
        for id in ["700001", "N-700001", "0f1e2d3c-4b5a-4768-9788-c0ffeec0ffee", "2026-12-04.17"] {
            assert_eq!(Shaped(id).to_string(), id);
        }
        for text in ["", "Sample Child", "sample-child-1", "12 Sample", "7\n8", "１２", &"1".repeat(65)] {
            assert_eq!(Shaped(text).to_string(), "…", "{text}");
        }
    }
}
