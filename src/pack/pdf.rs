//! PDF (ISO 32000-1): pages, text, properties, locks.

use lopdf::{Dictionary, Document, LoadOptions, Object};

use super::Contents;
use super::date::of_pdf;
use super::pdf_text::Pages;
use crate::domain::{DocumentTrouble, Private, limit};

/// Pages of text that are read: what a document is, whose and from when stands at its beginning.
const PAGES_READ: usize = 20;

/// Words of a page below which it says nothing: the stamp of a scanner's program, a page number.
const WORDS_MIN: usize = 5;

/// Lines of a page up to which it is blank: a rule under a header.
const MARKS_MAX: usize = 3;

/// Reads a PDF. One that opens without a password is read even where its author forbids changes.
pub(super) fn read(name: &str, bytes: &[u8]) -> Contents {
    let options = LoadOptions::with_max_decompressed_size(limit::PACK_INFLATED_BYTES_MAX);
    let mut document = match Document::load_mem_with_options(bytes, options) {
        Ok(document) => document,
        Err(lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_)) => {
            return Contents::troubled(name, DocumentTrouble::Encrypted);
        }
        Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => {
            return Contents::troubled(name, DocumentTrouble::TooLarge);
        }
        Err(_) => return Contents::troubled(name, DocumentTrouble::Broken),
    };
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Contents::troubled(name, DocumentTrouble::Encrypted);
    }
    let ids: Vec<lopdf::ObjectId> = document.page_iter().collect();
    let Ok(count @ 1..) = u32::try_from(ids.len()) else {
        return Contents::troubled(name, DocumentTrouble::Broken);
    };
    let mut pages = Pages::new(&document);
    for id in ids.iter().take(PAGES_READ) {
        if pages.text.len() < limit::PACK_TEXT_BYTES_MAX {
            pages.draw(*id);
        }
    }
    let trouble = trouble(&document, &pages, ids.len().min(PAGES_READ));
    let property = |key: &[u8]| property(&document, key);
    let changed = property(b"ModDate").or_else(|| property(b"CreationDate")).and_then(|date| of_pdf(&date));
    let title = Private::new(property(b"Title").unwrap_or_default());
    let contents = Contents { trouble, pages: Some(count), title, changed, ..Contents::of(name, bytes) };
    let is_whole = ids.len() <= PAGES_READ && pages.text.len() < limit::PACK_TEXT_BYTES_MAX;
    if is_whole { contents.with_text(pages.text) } else { contents.with_beginning(pages.text) }
}

/// What is wrong with a document that could be opened.
fn trouble(document: &Document, pages: &Pages<'_>, read: usize) -> Option<DocumentTrouble> {
    let words = pages.text.split_whitespace().count();
    let catalog = document.catalog().ok();
    let has = |dictionary: &Dictionary, key: &[u8]| dictionary.has(key);
    let form = catalog.and_then(|catalog| document.get_dict_in_dict(catalog, b"AcroForm").ok());
    // A form that only Acrobat can draw, and a folder of files: their pages say no more than that.
    let is_drawn_elsewhere = form.is_some_and(|form| has(form, b"XFA")) && pages.text.contains("Please wait");
    if is_drawn_elsewhere || catalog.is_some_and(|catalog| has(catalog, b"Collection")) {
        return Some(DocumentTrouble::Unsupported);
    }
    if pages.is_too_large {
        return Some(DocumentTrouble::TooLarge);
    }
    let is_scan = pages.pictures >= read && words < read * WORDS_MIN;
    match words {
        _ if is_scan => Some(DocumentTrouble::Scanned),
        1.. => None,
        0 if pages.pictures > 0 || pages.marks > MARKS_MAX => Some(DocumentTrouble::Scanned),
        0 if pages.is_broken => Some(DocumentTrouble::Broken),
        0 => Some(DocumentTrouble::Empty),
    }
}

/// A text of the document's information dictionary.
fn property(document: &Document, key: &[u8]) -> Option<String> {
    let information = document.get_dict_in_dict(&document.trailer, b"Info").ok()?;
    string(information.get_deref(key, document).ok()?)
}

/// A text that is no content of a page; the names of choices in forms are such texts.
pub(super) fn string(object: &Object) -> Option<String> {
    let text = match object {
        Object::Name(name) => String::from_utf8_lossy(name).into_owned(),
        text => lopdf::decode_text_string(text).ok()?,
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
