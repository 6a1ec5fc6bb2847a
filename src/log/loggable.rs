//! What may be logged.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Value;
use tracing::field::{DisplayValue, Empty, display};

use crate::diagnostic::Place;
use crate::domain::{
    AuthorityName, DutyId, DutyState, ExtractType, PanelName, Reason, SignInRole, State, SubmissionId, Verdict,
    WriteBackId, WriteBackKind,
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

as_it_is!(&'static str, bool, u8, u16, u32, u64, usize, Empty);

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

by_code!(DutyState, ExtractType, Reason, SignInRole, Verdict, WriteBackKind, &State);

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

/// Whole milliseconds.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Shaped;

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
