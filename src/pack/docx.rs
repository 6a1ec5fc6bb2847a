//! DOCX (ECMA-376): text, pages where the writer states them, properties.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Contents;
use super::date::of_iso;
use super::zipped::part;
use crate::domain::{DocumentTrouble, Private};

/// Reads a DOCX.
pub(super) fn read(name: &str, bytes: &[u8]) -> Contents {
    let contents = Contents::of(name, bytes);
    let broken = Contents { trouble: Some(DocumentTrouble::Broken), ..contents.clone() };
    let Some(body) = part(bytes, "word/document.xml") else { return broken };
    let Some(mut text) = paragraphs(&body) else { return broken };
    // What every page repeats comes first: headers often hold the title, the id and the date.
    for number in 1..=3 {
        let header = part(bytes, &format!("word/header{number}.xml"));
        if let Some(header) = header.as_deref().and_then(paragraphs).filter(|header| !header.trim().is_empty()) {
            text = format!("{}\n{text}", header.trim());
        }
    }
    let pages = part(bytes, "docProps/app.xml").and_then(|part| element(&part, "Pages"));
    let core = part(bytes, "docProps/core.xml");
    let property = |name: &str| core.as_deref().and_then(|core| element(core, name));
    let has_pictures = super::zipped::holds_below(bytes, "word/media/");
    let trouble = match text.trim().is_empty() {
        false => None,
        true if has_pictures => Some(DocumentTrouble::Scanned),
        true => Some(DocumentTrouble::Empty),
    };
    let changed = property("modified").or_else(|| property("created")).and_then(|date| of_iso(&date));
    let title = Private::new(property("title").unwrap_or_default());
    Contents { trouble, pages: pages.and_then(|pages| pages.parse().ok()), title, changed, ..contents }.with_text(text)
}

/// The text of a part, a line a paragraph; `None` where it is not well formed.
fn paragraphs(xml: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    let (mut text, mut buffer, mut in_text) = (String::new(), Vec::new(), false);
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) if element.local_name().as_ref() == "t" => in_text = true,
            Event::End(element) => match element.local_name().as_ref() {
                "t" => in_text = false,
                "p" => text.push('\n'),
                "tc" => text.push('\t'),
                _ => {}
            },
            Event::Empty(element) => match element.local_name().as_ref() {
                "tab" => text.push('\t'),
                "br" | "cr" => text.push('\n'),
                _ => {}
            },
            Event::Text(piece) if in_text => text.push_str(&piece),
            Event::GeneralRef(entity) if in_text => text.push_str(&resolved(&entity)),
            Event::DocType(_) => return None,
            Event::Eof => return Some(text),
            _ => {}
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
fn element(xml: &[u8], name: &str) -> Option<String> {
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
