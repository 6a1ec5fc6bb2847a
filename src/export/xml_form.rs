//! What is open while an XML submission is read.

use std::iter::Peekable;

use super::record::{At, Draft, KeptAnswer, Span};
use crate::domain::Trouble;

/// A step that is open.
pub(super) struct Step {
    pub(super) at: At,
    pub(super) fault: Option<Trouble>,
}

/// A form that is open.
pub(super) struct Form {
    pub(super) draft: Draft,
    pub(super) fault: Option<Trouble>,
    /// What answers are part of, innermost last.
    pub(super) groups: Vec<Group>,
    pub(super) answer: Option<Answer>,
    /// Bytes of the last value taken.
    pub(super) value_len: usize,
}

/// The repeated group that an answer is part of.
#[derive(Default, Clone, Copy)]
pub(super) struct Group {
    pub(super) collection: Option<Span>,
    pub(super) row: Option<Span>,
    pub(super) about: Option<Span>,
}

/// An answer that has begun; its value is the draft's text from `value` on.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) at: At,
    pub(super) code: Span,
    pub(super) wording: Option<Span>,
    pub(super) datatype: Option<Span>,
    pub(super) group: Group,
    pub(super) value: usize,
    pub(super) nil: bool,
    /// Whether look-ups have been taken.
    pub(super) looked_up: bool,
}

impl Form {
    /// Takes the text so far as a value of the answer, unless it is only white space between look-ups.
    pub(super) fn take_value(&mut self, answer: &mut Answer, unless_space: bool) {
        let text = self.draft.text_mut();
        let value = text.get(answer.value..).unwrap_or_default();
        self.value_len = value.len();
        if unless_space && value.trim().is_empty() {
            text.truncate(answer.value);
            return;
        }
        let kept = KeptAnswer {
            code: answer.code,
            wording: answer.wording,
            datatype: answer.datatype,
            value: self.draft.span_since(answer.value),
            collection: answer.group.collection,
            row: answer.group.row,
            subject: answer.group.about,
        };
        self.draft.kept_answer(kept, answer.at);
        answer.value = self.draft.text_len();
    }
}

/// Tells the line of ever later places.
pub(super) struct Lines<'c> {
    pub(super) newlines: Peekable<memchr::Memchr<'c>>,
    pub(super) line: u64,
}

impl Lines<'_> {
    pub(super) fn at(&mut self, offset: usize) -> u64 {
        while self.newlines.next_if(|newline| *newline < offset).is_some() {
            self.line += 1;
        }
        self.line
    }
}

/// The attributes of a tag: name and raw value, or `None` and no more where that is not what stands there.
///
/// The tag has been taken apart by the XML reader; this only splits what is left, in half the time of the reader's
/// own iterator, which was a tenth of all reading.
pub(super) struct Attributes<'e>(pub(super) &'e str);

impl<'e> Iterator for Attributes<'e> {
    type Item = Option<(&'e str, &'e str)>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.0).trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let split = || {
            let equals = memchr::memchr(b'=', rest.as_bytes())?;
            let (name, rest) = (rest.get(..equals)?, rest.get(equals + 1..)?.trim_ascii_start());
            let quote = rest.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
            let rest = rest.get(1..)?;
            let end = memchr::memchr(quote, rest.as_bytes())?;
            Some((name.trim_ascii_end(), rest.get(..end)?, rest.get(end + 1..)?))
        };
        let Some((name, value, rest)) = split() else { return Some(None) };
        self.0 = rest;
        Some(Some((name, value)))
    }
}
