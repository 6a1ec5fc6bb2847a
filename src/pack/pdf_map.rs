//! The maps of a PDF's fonts from codes to text, and how long codes are (ISO 32000-1, 9.7.5 and 9.10.3).
//!
//! Real ones have much around them that differs by writer, so that only the sections that matter are looked for.

use std::collections::HashMap;

/// Codes that one range may name: all of two bytes.
const RANGE_MAX: u32 = 1 << 16;

/// Codes that one map may name, again and again.
const CODES_MAX: usize = 1 << 18;

/// What codes say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Map {
    said: HashMap<u16, String>,
    named: usize,
}

impl Map {
    /// Reads the sections `bfchar` and `bfrange`; what cannot be understood is left out.
    pub(super) fn new(content: &[u8]) -> Self {
        let mut map = Self::default();
        let mut tokens = Tokens { rest: content };
        while let Some(token) = tokens.next() {
            match token {
                Token::Word(b"beginbfchar") => map.characters(&mut tokens),
                Token::Word(b"beginbfrange") => map.ranges(&mut tokens),
                _ => {}
            }
        }
        map
    }

    pub(super) fn get(&self, code: u16) -> Option<&str> {
        self.said.get(&code).map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// `<code> <text>`, again and again.
    fn characters(&mut self, tokens: &mut Tokens<'_>) {
        while let (Some(Token::Bytes(code)), Some(Token::Bytes(text))) = (tokens.next(), tokens.next()) {
            self.put(number(&code), &text, 0);
        }
    }

    /// `<first> <last> <text of the first>` or `<first> <last> [<text> <text>]`, again and again.
    fn ranges(&mut self, tokens: &mut Tokens<'_>) {
        while let (Some(Token::Bytes(first)), Some(Token::Bytes(last))) = (tokens.next(), tokens.next()) {
            if self.named > CODES_MAX {
                return;
            }
            let (first, last) = (number(&first), number(&last));
            match tokens.next() {
                Some(Token::Bytes(text)) => {
                    for on in 0..=last.saturating_sub(first).min(RANGE_MAX) {
                        self.put(first.saturating_add(on), &text, on);
                    }
                }
                Some(Token::Word(b"[")) => {
                    for code in first.. {
                        let Some(Token::Bytes(text)) = tokens.next() else { break };
                        self.put(code, &text, 0);
                    }
                }
                _ => return,
            }
        }
    }

    /// Text is UTF-16; in a range, its last unit goes up with the code.
    fn put(&mut self, code: u32, text: &[u8], on: u32) {
        self.named += 1;
        if self.named > CODES_MAX {
            return;
        }
        let mut units: Vec<u16> = match text {
            [one] => vec![u16::from(*one)],
            text => text.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect(),
        };
        if let Some(last) = units.last_mut() {
            *last = last.wrapping_add(u16::try_from(on).unwrap_or(0));
        }
        let said = String::from_utf16_lossy(&units).replace(['\0', '\u{fffd}'], "");
        if let (Ok(code), false) = (u16::try_from(code), said.is_empty()) {
            self.said.insert(code, said);
        }
    }
}

/// Whether a map says that its codes have one byte.
pub(super) fn is_of_one_byte(content: &[u8]) -> bool {
    let mut tokens = Tokens { rest: content };
    let mut next = || tokens.find(|token| *token == Token::Word(b"begincodespacerange")).and_then(|_| tokens.next());
    matches!(next(), Some(Token::Bytes(first)) if first.len() == 1)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number: u32, byte| number.wrapping_shl(8) | u32::from(*byte))
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'m> {
    /// `<0041>`
    Bytes(Vec<u8>),
    /// Anything else.
    Word(&'m [u8]),
}

/// The tokens of a map.
struct Tokens<'m> {
    rest: &'m [u8],
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Token<'m>;

    fn next(&mut self) -> Option<Token<'m>> {
        self.rest = self.rest.trim_ascii_start();
        let (first, behind) = self.rest.split_first()?;
        let is_string = *first == b'<' && behind.first() != Some(&b'<');
        if is_string {
            let end = memchr::memchr(b'>', behind)?;
            let (digits, rest) = behind.split_at_checked(end)?;
            self.rest = rest.get(1..).unwrap_or_default();
            return Some(Token::Bytes(hexadecimal(digits)));
        }
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'[' | b']' | b'/');
        let end = behind.iter().position(is_end).unwrap_or(behind.len()) + 1;
        let end = if matches!(first, b'[' | b']' | b'<') { 1 } else { end };
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Token::Word(word))
    }
}

fn hexadecimal(digits: &[u8]) -> Vec<u8> {
    let values: Vec<u8> = digits
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .filter_map(|value| u8::try_from(value).ok())
        .collect();
    // A digit that is left out at the end is a nought.
    values.chunks(2).map(|pair| pair.iter().chain(&[0]).take(2).fold(0, |byte, digit| byte << 4 | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_ranges_are_read_whatever_stands_around_them() {
        let content = b"/CIDInit /ProcSet findresource begin\n/CIDSystemInfo << /Registry (X) /Ordering (UCS) >> def\n\
            1 begincodespacerange\n<0000> <068F>\nendcodespacerange\n2 beginbfchar\n<0003><0020>\n<0004> <00660069>\n\
            endbfchar\n2 beginbfrange\n<0024> <0026> <0041>\n<0030> <0031> [<0078> <0079>]\nendbfrange\n";
        let map = Map::new(content);
        let said = |codes: &[u16]| codes.iter().filter_map(|code| map.get(*code)).collect::<String>();
        assert_eq!(said(&[3, 4, 0x24, 0x25, 0x26, 0x27, 0x30, 0x31]), " fiABCxy");
        assert!(!is_of_one_byte(content));
        assert!(is_of_one_byte(b"1 begincodespacerange\n<00><ff>\nendcodespacerange"));
    }

    #[test]
    fn a_range_without_end_and_a_string_without_end_do_no_harm() {
        let map = Map::new(b"1 beginbfrange <0000> <ffffffff> <0041> endbfrange 1 beginbfchar <00");
        assert_eq!(map.get(1), Some("B"));
        assert!(Map::new(b"beginbfrange <01> <02> [ <0041").is_empty());
    }
}
