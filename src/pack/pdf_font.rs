//! A font of a PDF, as far as its text needs it: what its codes say, and how wide they are (ISO 32000-1, 9.6 to 9.10).

use lopdf::{Dictionary, Document, Encoding, Object};

use super::pdf_map::{Map, is_of_one_byte};
use crate::domain::limit;

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    codes: Codes,
    widths: Widths,
}

/// What its codes say.
#[derive(Debug)]
enum Codes {
    /// One byte a code: what each says.
    Simple(Vec<String>),
    /// Two bytes a code, or one: what those say of which it is known.
    Composite { map: Map, is_of_one_byte: bool },
    /// Nothing tells.
    Unknown,
}

/// How wide glyphs are, in thousandths of the font's size.
#[derive(Debug)]
enum Widths {
    /// One byte a code.
    Simple { first: usize, widths: Vec<f32>, missing: f32 },
    /// Two bytes a code.
    Composite { default: f32, spans: Vec<Span> },
    /// One byte a code, and nothing is said: one of the fonts that every reader of PDF has.
    Standard,
}

/// Codes of a composite font that have widths of their own, from the first on.
#[derive(Debug)]
struct Span {
    first: u32,
    last: u32,
    /// One for each, or one for all.
    widths: Vec<f32>,
}

impl Font {
    pub(super) fn new(font: &Dictionary, document: &Document) -> Self {
        let is_composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let widths = if is_composite { composite(font, document) } else { simple(font, document) };
        let codes = if is_composite { pairs(font, document) } else { Codes::Simple(single(font, document)) };
        Self { codes, widths }
    }

    /// What a string of codes says; `None` where that cannot be told.
    pub(super) fn text(&self, codes: &[u8]) -> Option<String> {
        match &self.codes {
            Codes::Simple(said) => {
                Some(codes.iter().filter_map(|code| said.get(usize::from(*code)).map(String::as_str)).collect())
            }
            Codes::Composite { map, is_of_one_byte } => {
                let text: String = numbers(codes, *is_of_one_byte).filter_map(|code| map.get(code)).collect();
                Some(text).filter(|text| !text.is_empty())
            }
            Codes::Unknown => None,
        }
    }

    /// How far a string moves on, in sizes of the font, and its codes and those of one byte that are blanks.
    pub(super) fn advance(&self, codes: &[u8], text: &str) -> (f32, usize, usize) {
        let blanks = || codes.iter().filter(|code| **code == b' ').count();
        let (thousandths, count, blanks) = match &self.widths {
            Widths::Simple { first, widths, missing } => {
                let width = |code: &u8| usize::from(*code).checked_sub(*first).and_then(|at| widths.get(at));
                (codes.iter().map(|code| width(code).unwrap_or(missing)).sum::<f32>(), codes.len(), blanks())
            }
            Widths::Composite { default, spans } => {
                let is_of_one_byte = matches!(self.codes, Codes::Composite { is_of_one_byte: true, .. });
                let widths = numbers(codes, is_of_one_byte);
                let widths: Vec<f32> = widths.map(|code| wide(spans, u32::from(code)).unwrap_or(*default)).collect();
                (widths.iter().sum(), widths.len(), if is_of_one_byte { blanks() } else { 0 })
            }
            Widths::Standard => (text.chars().map(usual).sum(), codes.len(), blanks()),
        };
        (thousandths / 1000.0, count, blanks)
    }
}

/// The codes of a composite font.
fn numbers(codes: &[u8], is_of_one_byte: bool) -> impl Iterator<Item = u16> {
    let pairs = if is_of_one_byte { &[] } else { codes.as_chunks::<2>().0 };
    let single = if is_of_one_byte { codes } else { &[] };
    single.iter().map(|code| u16::from(*code)).chain(pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
}

/// What each code of one byte says: by the map for searching, which often has only what is unusual, else by the font's
/// encoding, else as Windows writes it.
fn single(font: &Dictionary, document: &Document) -> Vec<String> {
    let map = content(font, b"ToUnicode", document).map(|content| Map::new(&content)).unwrap_or_default();
    let mut alone = font.clone();
    alone.set("Type", Object::Name(b"Font".to_vec()));
    alone.remove(b"ToUnicode");
    let encoding = alone.get_font_encoding_with_limit(document, limit::PACK_PDF_STREAM_BYTES_MAX);
    let encoding = encoding.unwrap_or(Encoding::SimpleEncoding(b"WinAnsiEncoding"));
    let said = |code: u8| {
        let by_map = map.get(u16::from(code)).map(ToOwned::to_owned);
        let said = by_map.unwrap_or_else(|| encoding.bytes_to_string(&[code]).unwrap_or_default());
        if said.is_empty() && code.is_ascii_whitespace() { " ".to_owned() } else { said }
    };
    (0..=u8::MAX).map(said).collect()
}

/// What the codes of a composite font say.
fn pairs(font: &Dictionary, document: &Document) -> Codes {
    let map = content(font, b"ToUnicode", document).map(|content| Map::new(&content)).unwrap_or_default();
    let is_of_one_byte = content(font, b"Encoding", document).is_some_and(|content| is_of_one_byte(&content));
    if map.is_empty() { Codes::Unknown } else { Codes::Composite { map, is_of_one_byte } }
}

/// What a stream of a font holds.
fn content(font: &Dictionary, key: &[u8], document: &Document) -> Option<Vec<u8>> {
    let stream = font.get_deref(key, document).and_then(Object::as_stream).ok()?;
    stream.get_plain_content_with_limit(limit::PACK_PDF_STREAM_BYTES_MAX).ok()
}

fn simple(font: &Dictionary, document: &Document) -> Widths {
    let number = |key| font.get_deref(key, document).and_then(Object::as_i64).ok();
    let listed = font.get_deref(b"Widths", document).and_then(Object::as_array);
    let (Ok(listed), Some(first)) = (listed, number(b"FirstChar").and_then(|first| usize::try_from(first).ok())) else {
        return Widths::Standard;
    };
    let descriptor = document.get_dict_in_dict(font, b"FontDescriptor").ok();
    let missing = descriptor.and_then(|found| found.get(b"MissingWidth").and_then(Object::as_float).ok());
    // The glyphs of a font of type 3 have a measure of their own.
    let matrix = font.get_deref(b"FontMatrix", document).and_then(Object::as_array).ok();
    let measure = matrix.and_then(|matrix| matrix.first()?.as_float().ok()).map_or(1.0, |scale| scale.abs() * 1000.0);
    let widths = listed.iter().take(256).map(|width| float(width, document).unwrap_or(0.0) * measure).collect();
    Widths::Simple { first, widths, missing: missing.unwrap_or(0.0) }
}

fn composite(font: &Dictionary, document: &Document) -> Widths {
    let descendant = || -> Option<&Dictionary> {
        let below = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array).ok()?;
        document.dereference(below.first()?).ok()?.1.as_dict().ok()
    };
    let Some(descendant) = descendant() else { return Widths::Composite { default: 1000.0, spans: Vec::new() } };
    let default = descendant.get_deref(b"DW", document).and_then(Object::as_float).unwrap_or(1000.0);
    let listed = descendant.get_deref(b"W", document).and_then(Object::as_array);
    let mut listed = listed.map_or(&[] as &[Object], Vec::as_slice).iter();
    let mut spans = Vec::new();
    // `first [w w w]` or `first last w`.
    while let Some(first) = listed.next().and_then(|first| float(first, document)) {
        let Some((_, next)) = listed.next().and_then(|next| document.dereference(next).ok()) else { break };
        let (last, widths) = match next {
            Object::Array(widths) => {
                let widths: Vec<f32> = widths.iter().map(|width| float(width, document).unwrap_or(default)).collect();
                (code(first).saturating_add(u32::try_from(widths.len()).unwrap_or(0)).saturating_sub(1), widths)
            }
            last => {
                let Some(width) = listed.next().and_then(|width| float(width, document)) else { break };
                (last.as_float().map_or(0, code), vec![width])
            }
        };
        spans.push(Span { first: code(first), last, widths });
    }
    spans.sort_by_key(|span| span.first);
    Widths::Composite { default, spans }
}

fn wide(spans: &[Span], code: u32) -> Option<f32> {
    let before = spans.partition_point(|span| span.first <= code);
    let span = spans.get(before.checked_sub(1)?).filter(|span| code <= span.last)?;
    let at = usize::try_from(code - span.first).ok()?;
    span.widths.get(at).or_else(|| span.widths.first().filter(|_| span.widths.len() == 1)).copied()
}

fn float(object: &Object, document: &Document) -> Option<f32> {
    document.dereference(object).ok()?.1.as_float().ok()
}

/// A code as a number; one that is none is the first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes end at 65,535")]
fn code(number: f32) -> u32 {
    number.clamp(0.0, 65_535.0) as u32
}

/// About how wide a character is in Helvetica and Times: enough to tell a gap between words.
fn usual(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 222.0,
        ' ' | '.' | ',' | ':' | ';' | 'f' | 't' | 'I' | '/' | '!' | '(' | ')' | '-' | 'r' => 290.0,
        'm' | 'M' | 'w' | 'W' | '@' | '%' => 850.0,
        'A'..='Z' => 680.0,
        _ => 540.0,
    }
}
