//! Cuts an XML export between submissions, so that its pieces can be read side by side.
//!
//! A cut stands behind the end tag of a submission, outside comments and CDATA; nothing else of XML is looked at
//! here.

use std::io::BufRead as _;

use memchr::memmem;

use super::open::io_trouble;
use super::text::Text;
use super::xml::no_submissions;
use super::xml_names::is_record;
use crate::diagnostic::Place;
use crate::domain::{Trouble, limit};

/// Bytes of a piece, unless a submission is larger.
const CHUNK_BYTES: usize = 1 << 18;

/// Some submissions that follow each other, with what stands around them.
pub(super) struct Chunk {
    pub(super) text: String,
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// Where in the text something stood that was not valid in the file's encoding.
    pub(super) broken: Vec<usize>,
    pub(super) first: bool,
    pub(super) last: bool,
    /// Whether it stands for a submission too large to be held.
    pub(super) endless: bool,
}

/// The pieces of a file.
pub(super) struct Chunks {
    text: Text,
    /// How a submission ends: `</WorkflowStep`, as the file spells it.
    end_tag: Option<Vec<u8>>,
    /// Text that has been read and not been handed out.
    buffer: Vec<u8>,
    /// Where the buffer begins in the file's text, and on which line.
    offset: u64,
    line: u64,
    first: bool,
    ended: bool,
}

impl Chunks {
    pub(super) const fn new(text: Text) -> Self {
        Self { text, end_tag: None, buffer: Vec::new(), offset: 0, line: 1, first: true, ended: false }
    }

    /// The next piece; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>, Trouble> {
        if self.ended {
            return Ok(None);
        }
        let mut wanted = CHUNK_BYTES;
        loop {
            let more = self.fill(wanted)?;
            if self.end_tag.is_none() {
                self.end_tag = record_name(&self.buffer).map(|name| [b"</", name].concat());
            }
            if !more {
                self.ended = true;
                return Ok(Some(self.cut(self.buffer.len())));
            }
            if let Some(cut) = self.end_tag.as_ref().and_then(|tag| last_cut(&self.buffer, tag)) {
                return Ok(Some(self.cut(cut)));
            }
            if self.buffer.len() > limit::RECORD_BYTES_MAX {
                return if self.end_tag.is_some() { self.skip().map(Some) } else { Err(no_submissions()) };
            }
            wanted = (self.buffer.len() * 2).min(limit::RECORD_BYTES_MAX + 1);
        }
    }

    /// Reads until the buffer holds `wanted` bytes; `false` at the end of the file.
    fn fill(&mut self, wanted: usize) -> Result<bool, Trouble> {
        while self.buffer.len() < wanted {
            let block = match self.text.fill_buf() {
                Ok(block) => block,
                Err(error) => return Err(io_trouble(&error, Place::Line(self.text.line()))),
            };
            if block.is_empty() {
                return Ok(false);
            }
            let read = block.len();
            self.buffer.extend_from_slice(block);
            self.text.consume(read);
        }
        Ok(true)
    }

    /// Hands out the buffer up to `cut`.
    fn cut(&mut self, cut: usize) -> Chunk {
        let mut rest = Vec::with_capacity(CHUNK_BYTES + (CHUNK_BYTES >> 2));
        rest.extend_from_slice(self.buffer.get(cut..).unwrap_or_default());
        self.buffer.truncate(cut);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let line = self.line;
        self.pass(&bytes);
        let start = self.offset - as_u64(bytes.len());
        let mut broken = Vec::new();
        while let Some(at) = self.text.next_broken_before(self.offset) {
            broken.push(usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX));
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|invalid| mended(invalid.as_bytes(), &mut broken));
        let first = std::mem::take(&mut self.first);
        Chunk { text, line, broken, first, last: self.ended, endless: false }
    }

    /// Passes over a submission that is too large to be held.
    fn skip(&mut self) -> Result<Chunk, Trouble> {
        let before = self.buffer.len() - self.buffer.trim_ascii_start().len();
        let line = self.line + newlines(self.buffer.get(..before).unwrap_or_default());
        let (first, mut more) = (std::mem::take(&mut self.first), true);
        loop {
            let tag = self.end_tag.as_deref().unwrap_or(b"</");
            let end = memmem::find(&self.buffer, tag);
            let keep = end.unwrap_or_else(|| self.buffer.len().saturating_sub(tag.len()));
            let rest = self.buffer.split_off(keep);
            let passed = std::mem::replace(&mut self.buffer, rest);
            self.pass(&passed);
            if end.is_some() {
                break;
            }
            if !more {
                self.ended = true;
                break;
            }
            more = self.fill(CHUNK_BYTES)?;
        }
        while self.text.next_broken_before(self.offset).is_some() {}
        Ok(Chunk { text: String::new(), line, broken: Vec::new(), first, last: self.ended, endless: true })
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.offset += as_u64(bytes.len());
        self.line += newlines(bytes);
    }
}

/// UTF-8 with U+FFFD for what is not valid, and where that is.
fn mended(bytes: &[u8], broken: &mut Vec<usize>) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            broken.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// The name of the first submission element, as the file spells it.
fn record_name(bytes: &[u8]) -> Option<&[u8]> {
    let sections = sections(bytes);
    let tags = memchr::memchr_iter(b'<', bytes).filter(|at| !within(&sections, *at));
    tags.filter_map(|at| {
        let tag = bytes.get(at + 1..)?;
        let name =
            tag.get(..tag.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/'))?)?;
        std::str::from_utf8(name).is_ok_and(is_record).then_some(name)
    })
    .next()
}

/// Behind the last end tag of a submission that is not part of a comment or CDATA.
fn last_cut(bytes: &[u8], tag: &[u8]) -> Option<usize> {
    let sections = sections(bytes);
    let finder = memmem::FinderRev::new(tag);
    let mut ends = finder.rfind_iter(bytes).filter(|at| !within(&sections, *at));
    ends.find_map(|at| {
        let behind = bytes.get(at + tag.len()..)?;
        let close = behind.iter().position(|byte| !byte.is_ascii_whitespace())?;
        // Not the end of something whose name is longer.
        (behind.get(close) == Some(&b'>')).then_some(at + tag.len() + close + 1)
    })
}

/// Comments and CDATA, in order; one that does not end goes on to the end.
fn sections(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut sections = Vec::new();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memmem::find(rest, b"<!")).map(|at| from + at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<![CDATA[") {
            b"]]>"
        } else {
            from = at + 2;
            continue;
        };
        // The beginning does not count as the end: `<!-->` is open.
        let inner = rest.get(4..).unwrap_or_default();
        let end = memmem::find(inner, end).map_or(bytes.len(), |end| at + 4 + end + 3);
        sections.push((at, end));
        from = end;
    }
    sections
}

fn within(sections: &[(usize, usize)], at: usize) -> bool {
    let before = sections.partition_point(|(start, _)| *start <= at);
    before.checked_sub(1).and_then(|index| sections.get(index)).is_some_and(|(_, end)| at < *end)
}

fn newlines(bytes: &[u8]) -> u64 {
    as_u64(memchr::memchr_iter(b'\n', bytes).count())
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_stands_behind_an_end_tag_and_never_in_a_comment_or_cdata() {
        let cases = [
            ("<r><S></S>rest", Some("<r><S></S>")),
            ("<r><S></S ><S>", Some("<r><S></S >")),
            ("<S></S><Sub></Sub>", Some("<S></S>")),
            ("<S></S><S><![CDATA[</S>]]>", Some("<S></S>")),
            ("<S></S><S><!-- </S> --> ", Some("<S></S>")),
            ("<S></S><S><!-- </S>", Some("<S></S>")),
            ("<S><!-- a --></S><S>", Some("<S><!-- a --></S>")),
            ("<S>", None),
        ];
        for (text, wanted) in cases {
            let cut = last_cut(text.as_bytes(), b"</S").and_then(|cut| text.get(..cut));
            assert_eq!(cut, wanted, "{text}");
        }
    }

    #[test]
    fn the_first_submission_names_the_end_tag() {
        let cases = [
            ("<a><m:workflowStep x=''>", Some("m:workflowStep")),
            ("<a><!-- <WorkflowStep> --><Form>", Some("Form")),
            ("<a><WorkflowSteps>", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(record_name(text.as_bytes()), wanted.map(str::as_bytes), "{text}");
        }
    }
}
