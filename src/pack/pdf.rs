//! PDF (ISO 32000-1): pages, text, properties, locks.

use lopdf::{Document, LoadOptions, Object};

use super::Contents;
use super::date::of_pdf;
use crate::domain::{DocumentTrouble, Private, limit};

/// Pages of text that are read: what a document is, whose and from when stands at its beginning.
const PAGES_READ: usize = 20;

/// Reads a PDF. One that opens without a password is read even where its author forbids changes.
pub(super) fn read(name: &str, bytes: &[u8]) -> Contents {
    let contents = Contents::of(name, bytes);
    let options = LoadOptions::with_max_decompressed_size(limit::PACK_INFLATED_BYTES_MAX);
    let mut document = match Document::load_mem_with_options(bytes, options) {
        Ok(document) => document,
        Err(lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_)) => {
            return Contents { trouble: Some(DocumentTrouble::Encrypted), ..contents };
        }
        Err(_) => return Contents { trouble: Some(DocumentTrouble::Broken), ..contents },
    };
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Contents { trouble: Some(DocumentTrouble::Encrypted), ..contents };
    }
    let numbers: Vec<u32> = document.get_pages().keys().copied().collect();
    let Ok(pages @ 1..) = u32::try_from(numbers.len()) else {
        return Contents { trouble: Some(DocumentTrouble::Broken), ..contents };
    };
    let mut text = String::new();
    let mut unread = 0;
    for number in numbers.iter().take(PAGES_READ) {
        match document.extract_text_with_limit(&[*number], limit::PACK_INFLATED_BYTES_MAX) {
            Ok(page) => text.push_str(&page),
            Err(_) => unread += 1,
        }
        text.push('\n');
    }
    let trouble = match text.trim().is_empty() {
        false => None,
        true if has_pictures(&document) || unread > 0 => Some(DocumentTrouble::Scanned),
        true => Some(DocumentTrouble::Empty),
    };
    let property = |key: &[u8]| property(&document, key);
    let changed = property(b"ModDate").or_else(|| property(b"CreationDate")).and_then(|date| of_pdf(&date));
    let title = Private::new(property(b"Title").unwrap_or_default());
    Contents { trouble, pages: Some(pages), title, changed, ..contents }.with_text(text)
}

fn has_pictures(document: &Document) -> bool {
    document.objects.values().any(|object| {
        let Object::Stream(stream) = object else { return false };
        stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
    })
}

/// A text of the document's information dictionary: UTF-16 with a byte-order mark, or one byte a character.
fn property(document: &Document, key: &[u8]) -> Option<String> {
    let information = document.trailer.get(b"Info").ok()?;
    let (_, information) = document.dereference(information).ok()?;
    let value = information.as_dict().ok()?.get(key).ok()?;
    let (_, value) = document.dereference(value).ok()?;
    let bytes = value.as_str().ok()?;
    let text = match bytes.strip_prefix(b"\xFE\xFF") {
        Some(rest) => encoding_rs::UTF_16BE.decode(rest).0.into_owned(),
        None => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
