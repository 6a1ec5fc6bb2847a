//! Bytes of any encoding that exports use, as UTF-8, with the line they stand on.
//!
//! UTF-8 and UTF-16 are known by their byte-order mark or, without one, by what they look like; anything else is
//! Windows-1252, never Latin-1: word processors' quotation marks live in the difference.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::open::Source;
use crate::domain::limit;

const BLOCK_BYTES: usize = 1 << 16;
const REPLACEMENT: &str = "\u{fffd}";

/// A reader of UTF-8 text. What is not valid in the file's encoding comes out as U+FFFD, and where that was is
/// remembered, so that only the record around it is refused.
pub(super) struct Text {
    source: Source,
    /// Bytes as they came, of which `tail` are still to be decoded.
    raw: Vec<u8>,
    block: Vec<u8>,
    at: usize,
    /// Newlines are counted up to here.
    counted: usize,
    /// Offset in the decoded text at which the block begins.
    base: u64,
    lines: u64,
    ended: bool,
    coding: Coding,
    broken: VecDeque<u64>,
    /// The last byte of the block before.
    last: u8,
    /// From where on a single piece of the text is counted, so that one without end is not read for ever.
    mark: Option<u64>,
    /// Whether UTF-8 is handed on as it is.
    leave_utf8: bool,
}

enum Coding {
    /// All ASCII so far.
    Undecided,
    Utf8,
    Other(Box<Decoder>),
}

/// UTF-16, if the bytes begin with its mark or alternate between ASCII and NUL.
pub(super) fn looks_like_utf16(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let text = |byte: &u8| byte.is_ascii() && *byte >= b'\t';
    match start {
        [a, 0, b, 0, ..] if text(a) && text(b) => Some(UTF_16LE),
        [0, a, 0, b, ..] if text(a) && text(b) => Some(UTF_16BE),
        _ => None,
    }
}

impl Text {
    /// Starts reading.
    ///
    /// # Errors
    /// What the source says about its first bytes.
    pub(super) fn new(source: Source) -> io::Result<Self> {
        let mut text = Self {
            source,
            raw: Vec::with_capacity(BLOCK_BYTES + 8),
            block: Vec::with_capacity(BLOCK_BYTES + 8),
            at: 0,
            counted: 0,
            base: 0,
            lines: 0,
            ended: false,
            coding: Coding::Undecided,
            broken: VecDeque::new(),
            last: 0,
            mark: None,
            leave_utf8: false,
        };
        text.read_raw()?;
        text.recognise();
        Ok(text)
    }

    /// Bytes of decoded text consumed so far.
    pub(super) fn position(&self) -> u64 {
        self.base + as_u64(self.at)
    }

    /// The line, counted from 1, on which the next byte stands.
    pub(super) fn line(&mut self) -> u64 {
        self.lines += newlines(self.block.get(self.counted..self.at).unwrap_or_default());
        self.counted = self.at;
        self.lines + 1
    }

    /// Hands UTF-8 on without looking whether it is valid, for a reader that looks itself.
    pub(super) const fn leave_utf8(mut self) -> Self {
        self.leave_utf8 = true;
        self
    }

    /// Begins a piece that may not be longer than a record.
    pub(super) fn begin_piece(&mut self) {
        self.mark = Some(self.position());
    }

    /// Whether anything before this offset was not valid, since it was last asked.
    pub(super) fn broken_before(&mut self, offset: u64) -> bool {
        self.next_broken_before(offset).map(|_| while self.next_broken_before(offset).is_some() {}).is_some()
    }

    /// The next place before this offset that was not valid.
    pub(super) fn next_broken_before(&mut self, offset: u64) -> Option<u64> {
        self.broken.pop_front_if(|at| *at < offset)
    }

    /// Whether the last byte consumed ended a line.
    pub(super) fn ends_with_line_end(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|before| self.block.get(before));
        before.map_or(self.last == b'\n', |byte| *byte == b'\n')
    }

    fn recognise(&mut self) {
        let mark = match self.raw.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => 3,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => 2,
            _ => 0,
        };
        if let Some(encoding) = looks_like_utf16(&self.raw) {
            self.coding = Coding::Other(Box::new(encoding.new_decoder_without_bom_handling()));
        } else if mark == 3 {
            self.coding = Coding::Utf8;
        } else if let Some(encoding) = declared(&self.raw) {
            self.coding = if encoding == UTF_8 {
                Coding::Utf8
            } else {
                Coding::Other(Box::new(encoding.new_decoder_without_bom_handling()))
            };
        }
        self.raw.drain(..mark);
    }

    /// Reads bytes until `raw` is a block or the source ends.
    fn read_raw(&mut self) -> io::Result<()> {
        let room = BLOCK_BYTES.saturating_sub(self.raw.len());
        let read = (&mut self.source).take(as_u64(room)).read_to_end(&mut self.raw)?;
        self.ended = read < room;
        Ok(())
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.mark.is_some_and(|mark| self.position() - mark > as_u64(limit::RECORD_BYTES_MAX)) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.lines += newlines(self.block.get(self.counted..).unwrap_or_default());
        self.base += as_u64(self.block.len());
        (self.at, self.counted) = (0, 0);
        self.last = self.block.last().copied().unwrap_or(self.last);
        self.block.clear();
        while self.block.is_empty() {
            if self.raw.len() < BLOCK_BYTES && !self.ended {
                self.read_raw()?;
            }
            if self.raw.is_empty() && self.ended {
                return Ok(());
            }
            self.decode();
        }
        Ok(())
    }

    fn decode(&mut self) {
        if matches!(self.coding, Coding::Undecided) && !self.raw.is_ascii() {
            self.coding = evidence(&self.raw, self.ended);
        }
        match &mut self.coding {
            Coding::Undecided => std::mem::swap(&mut self.raw, &mut self.block),
            Coding::Utf8 if self.leave_utf8 => std::mem::swap(&mut self.raw, &mut self.block),
            Coding::Utf8 => self.decode_utf8(),
            Coding::Other(_) => self.decode_other(),
        }
    }

    fn decode_utf8(&mut self) {
        let whole = match std::str::from_utf8(&self.raw) {
            Ok(_) => self.raw.len(),
            // The last character may be cut by the end of the block; that is no mistake yet.
            Err(error) if error.error_len().is_none() && !self.ended => error.valid_up_to(),
            Err(_) => 0,
        };
        if whole > 0 {
            let tail = self.raw.get(whole..).unwrap_or_default().to_vec();
            self.raw.truncate(whole);
            std::mem::swap(&mut self.raw, &mut self.block);
            self.raw.extend_from_slice(&tail);
            return;
        }
        let mut used = 0;
        for chunk in self.raw.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            let cut = used + valid.len() + invalid.len() == self.raw.len() && !self.ended && invalid.len() < 4;
            self.block.extend_from_slice(valid.as_bytes());
            used += valid.len();
            if invalid.is_empty() || (cut && might_go_on(invalid)) {
                continue;
            }
            self.broken.push_back(self.base + as_u64(self.block.len()));
            self.block.extend_from_slice(REPLACEMENT.as_bytes());
            used += invalid.len();
        }
        self.raw.drain(..used);
    }

    fn decode_other(&mut self) {
        let Coding::Other(decoder) = &mut self.coding else { return };
        let mut rest = self.raw.as_slice();
        let mut piece = String::with_capacity(BLOCK_BYTES * 3 + 16);
        loop {
            let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut piece, self.ended);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => piece.reserve(BLOCK_BYTES),
                DecoderResult::Malformed(..) => {
                    self.broken.push_back(self.base + as_u64(piece.len()));
                    piece.push_str(REPLACEMENT);
                }
            }
        }
        // Windows-1252 has five bytes without a character; the decoder passes them as controls nobody writes.
        if decoder.encoding() == WINDOWS_1252 && self.raw.iter().any(|byte| UNASSIGNED.contains(byte)) {
            let at = piece.char_indices().filter(|(_, found)| matches!(found, '\u{80}'..='\u{9f}'));
            self.broken.extend(at.map(|(at, _)| self.base + as_u64(at)));
        }
        self.block.extend_from_slice(piece.as_bytes());
        self.raw.clear();
    }
}

const UNASSIGNED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.block.len() {
            self.refill()?;
        }
        Ok(self.block.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.block.len().min(self.at + amount);
    }
}

/// Decides at the first bytes beyond ASCII: UTF-8 unless most of them do not fit.
fn evidence(raw: &[u8], ended: bool) -> Coding {
    let (mut fitting, mut unfitting) = (0, 0);
    for chunk in raw.utf8_chunks() {
        fitting += chunk.valid().chars().filter(|found| !found.is_ascii()).count();
        unfitting += usize::from(!chunk.invalid().is_empty());
    }
    let cut = raw.utf8_chunks().last().is_some_and(|last| !ended && might_go_on(last.invalid()));
    unfitting -= usize::from(cut);
    if fitting == 0 && unfitting == 0 {
        // Only a cut character at the very end: as good as UTF-8.
        return Coding::Utf8;
    }
    if fitting >= unfitting {
        Coding::Utf8
    } else {
        Coding::Other(Box::new(WINDOWS_1252.new_decoder_without_bom_handling()))
    }
}

/// Whether bytes may be the beginning of a character whose rest is in the next block.
fn might_go_on(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The encoding that an XML declaration names. UTF-16 cannot be: the declaration was read as single bytes.
fn declared(start: &[u8]) -> Option<&'static Encoding> {
    let start = start.get(..start.len().min(200))?;
    let end = memchr::memmem::find(start, b"?>").filter(|_| start.starts_with(b"<?xml"))?;
    let declaration = start.get(..end)?;
    let at = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration.get(at..)?.split(|byte| matches!(byte, b'"' | b'\'')).nth(1)?;
    Encoding::for_label(value).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

fn newlines(bytes: &[u8]) -> u64 {
    as_u64(memchr::memchr_iter(b'\n', bytes).count())
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Hands out few bytes at a time, so that characters are cut everywhere.
    struct Trickle(Cursor<Vec<u8>>, usize);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn decoded(bytes: &[u8]) -> (String, bool) {
        let mut text = Text::new(Box::new(Trickle(Cursor::new(bytes.to_vec()), 3))).unwrap();
        let mut out = String::new();
        text.read_to_string(&mut out).unwrap();
        (out, text.broken_before(u64::MAX))
    }

    #[test]
    fn every_encoding_of_exports_comes_out_as_utf8() {
        let said = "naïve “£5”\r\nline 2";
        let utf16 = |little: bool| -> Vec<u8> {
            let units = said.encode_utf16();
            units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let windows = WINDOWS_1252.encode(said).0.into_owned();
        let cases: [(&str, Vec<u8>); 7] = [
            ("UTF-8", said.as_bytes().to_vec()),
            ("UTF-8 with a mark", [b"\xef\xbb\xbf", said.as_bytes()].concat()),
            ("Windows-1252", windows),
            ("UTF-16 LE", [vec![0xff, 0xfe], utf16(true)].concat()),
            ("UTF-16 BE", [vec![0xfe, 0xff], utf16(false)].concat()),
            ("UTF-16 LE without a mark", utf16(true)),
            ("UTF-16 BE without a mark", utf16(false)),
        ];
        for (name, bytes) in cases {
            assert_eq!(decoded(&bytes), (said.to_owned(), false), "{name}");
        }
    }

    #[test]
    fn what_no_encoding_allows_is_marked_and_the_rest_is_read() {
        let cases: [(&[u8], &str); 3] = [
            (b"caf\xc3\xa9 caf\xff end", "café caf\u{fffd} end"),
            (b"\xa35 \x81 end", "£5 \u{81} end"),
            (b"\xff\xfea\0\x00\xd8b\0", "a\u{fffd}b"),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(decoded(bytes), (wanted.to_owned(), true));
        }
    }

    #[test]
    fn a_declared_encoding_holds_and_latin_1_is_read_as_windows_1252() {
        let bytes = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\x93\xa3\x94</a>";
        assert!(decoded(bytes).0.ends_with("<a>“£”</a>"));
    }

    #[test]
    fn characters_cut_by_the_end_of_a_block_are_whole() {
        for shift in 0..4 {
            let said = format!("{}{}", "a".repeat(BLOCK_BYTES - shift), "€ and “so on”\n".repeat(20_000));
            assert!(decoded(said.as_bytes()) == (said.clone(), false), "shift {shift}");
        }
    }

    #[test]
    fn lines_are_counted_as_they_are_consumed() {
        let mut text = Text::new(Box::new(Cursor::new("a\n".repeat(100_000).into_bytes()))).unwrap();
        let mut line = String::new();
        for expected in 1..=100_000 {
            assert_eq!(text.line(), expected);
            line.clear();
            text.read_line(&mut line).unwrap();
        }
        assert_eq!(text.position(), 200_000);
    }
}
