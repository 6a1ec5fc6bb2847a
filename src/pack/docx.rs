//! DOCX (ECMA-376): text, pages where the writer states them, properties.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Contents;
use super::date::of_iso;
use super::package::Package;
use crate::domain::{DocumentTrouble, Private, limit};

/// Headers and footers of one document that are read: one for each kind of page of a few sections.
const RUNNING_MAX: usize = 12;

/// Folders with what a person sees and no one can search.
const DRAWN: [&str; 4] = ["word/media/", "word/diagrams/", "word/charts/", "word/embeddings/"];

/// Reads a DOCX.
pub(super) fn read(name: &str, bytes: &[u8], mut package: Package<'_>, main: &str) -> Contents {
    let body = match package.part(main) {
        Ok(Some(body)) => paragraphs(&body),
        Ok(None) => None,
        Err(trouble) => return Contents::troubled(name, trouble),
    };
    let Some(body) = body else { return Contents::troubled(name, DocumentTrouble::Broken) };
    let running = running(&mut package);
    let trouble = match body.text.trim().is_empty() {
        false => None,
        true if body.is_imported => Some(DocumentTrouble::Unsupported),
        true if body.has_drawings || package.has_below(&DRAWN) => Some(DocumentTrouble::Scanned),
        true => Some(DocumentTrouble::Empty),
    };
    let changed = package.property("modified").or_else(|| package.property("created")).and_then(|date| of_iso(&date));
    let title = Private::new(package.property("title").unwrap_or_default());
    let pages = package.property("Pages").and_then(|pages| pages.parse().ok()).filter(|pages| *pages > 0);
    let contents =
        Contents { trouble, pages, title, changed, running: Private::new(running), ..Contents::of(name, bytes) };
    if body.is_cut { contents.with_beginning(body.text) } else { contents.with_text(body.text) }
}

/// What every page repeats: headers often hold the title, the id and the date.
fn running(package: &mut Package<'_>) -> String {
    let mut running = String::new();
    let mut read = 0;
    for kind in ["header", "footer"] {
        for number in 1..=RUNNING_MAX {
            let part = package.part(&format!("word/{kind}{number}.xml")).ok().flatten();
            let Some(text) = part.as_deref().and_then(paragraphs).map(|part| part.text) else { continue };
            // The first page and the others often say the same.
            if read < RUNNING_MAX && !running.contains(text.trim()) {
                running.push_str(text.trim());
                running.push('\n');
                read += 1;
            }
        }
    }
    running
}

/// What a part says.
#[derive(Debug, Default)]
struct Paragraphs {
    /// A line a paragraph.
    text: String,
    /// Whether there is more text than is looked at.
    is_cut: bool,
    has_drawings: bool,
    /// Whether it takes in a file of another type.
    is_imported: bool,
}

/// The text of a part; `None` where it is not well formed, or defines entities of its own.
fn paragraphs(xml: &[u8]) -> Option<Paragraphs> {
    let mut reader = Reader::from_reader(xml);
    let mut read = Paragraphs::default();
    let (mut buffer, mut in_text, mut alternatives) = (Vec::new(), false, 0_usize);
    loop {
        let text = &mut read.text;
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "t" => in_text = alternatives == 0,
                // The same again, for readers that do not know the newer way to write it.
                "Fallback" => alternatives += 1,
                "drawing" | "pict" | "object" => read.has_drawings = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "t" => in_text = false,
                "p" => text.push('\n'),
                "tc" => text.push('\t'),
                "Fallback" => alternatives = alternatives.saturating_sub(1),
                _ => {}
            },
            Event::Empty(element) => match element.local_name().as_ref() {
                "tab" => text.push('\t'),
                "br" | "cr" => text.push('\n'),
                "noBreakHyphen" => text.push('-'),
                "altChunk" => read.is_imported = true,
                _ => {}
            },
            Event::Text(piece) if in_text => text.push_str(&piece),
            Event::GeneralRef(entity) if in_text => text.push_str(&resolved(&entity)),
            Event::DocType(_) => return None,
            Event::Eof => return Some(read),
            _ => {}
        }
        if text.len() > limit::PACK_TEXT_BYTES_MAX {
            read.is_cut = true;
            return Some(read);
        }
        buffer.clear();
    }
}

/// One of XML's own entities, or a character by its number.
fn resolved(entity: &str) -> String {
    let by_number = |digits: &str| match digits.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => digits.parse().ok(),
    };
    match entity {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => {
            other.strip_prefix('#').and_then(by_number).and_then(char::from_u32).map(String::from).unwrap_or_default()
        }
    }
}

/// The text of the first element of that local name.
pub(super) fn element(xml: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    let (mut buffer, mut inside, mut text) = (Vec::new(), false, String::new());
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) if element.local_name().as_ref() == name => inside = true,
            Event::End(element) if element.local_name().as_ref() == name => {
                return Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            }
            Event::Text(piece) if inside => text.push_str(&piece),
            Event::GeneralRef(entity) if inside => text.push_str(&resolved(&entity)),
            Event::Eof => return None,
            _ => {}
        }
        buffer.clear();
    }
}
