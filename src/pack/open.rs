//! Opens one file by what its first bytes say it is, not by its name.

use super::Contents;
use super::package::Package;
use super::sink::{Sink, Step};
use super::{docx, email, outlook, pdf, picture, sheet, zipped};
use crate::domain::{DocumentTrouble, limit};

/// What a file lies in. A message may come in an archive and an archive with a message, and nothing deeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// The pack itself.
    Pack,
    /// An archive of the pack.
    Archive,
    /// A message of the pack.
    Message,
    /// An archive with a message, or a message in an archive or another message.
    Both,
}

/// Opens a file of a pack: one document, or each that it holds.
pub fn open(name: &str, bytes: &[u8]) -> Vec<Contents> {
    let mut opened = Vec::new();
    let mut take = |step: Step<'_>| {
        if let Step::Opened(contents) = step {
            opened.push(*contents);
        }
    };
    open_into(name, bytes, Inside::Pack, &mut Sink::new(0, &mut take));
    opened
}

pub(super) fn open_into(name: &str, bytes: &[u8], inside: Inside, sink: &mut Sink<'_>) {
    let trouble = |sink: &mut Sink<'_>, trouble| sink.document(name, || Contents::troubled(name, trouble));
    if bytes.len() > limit::PACK_FILE_BYTES_MAX {
        return trouble(sink, DocumentTrouble::TooLarge);
    }
    match kind(name, bytes) {
        Kind::Empty => trouble(sink, DocumentTrouble::Empty),
        Kind::Pdf => sink.document(name, || pdf::read(name, bytes)),
        Kind::Zip => zip(name, bytes, inside, sink),
        Kind::Compound => outlook::read(name, bytes, inside, sink),
        Kind::Picture => sink.document(name, || picture::read(name, bytes)),
        Kind::Email if inside == Inside::Both => trouble(sink, DocumentTrouble::Unsupported),
        Kind::Email => email::read(name, bytes, inside, sink),
        Kind::Text => sink.document(name, || text(name, bytes)),
        Kind::Broken => trouble(sink, DocumentTrouble::Broken),
        Kind::Other => trouble(sink, DocumentTrouble::Unsupported),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Pdf,
    Zip,
    Compound,
    Picture,
    Email,
    Text,
    /// Its name promises something that it is not.
    Broken,
    Other,
}

/// Types by the ends of their names, that are known by their first bytes.
const KNOWN: [&str; 14] = [
    ".pdf", ".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".msg", ".zip", ".jpg", ".jpeg", ".png", ".gif", ".tif",
    ".tiff",
];

fn kind(name: &str, bytes: &[u8]) -> Kind {
    // A PDF may have some bytes of rubbish before its header (ISO 32000-1, annex H).
    const PDF_WITHIN: usize = 1024;
    let start = bytes.get(..bytes.len().min(PDF_WITHIN)).unwrap_or(bytes);
    let name = name.to_ascii_lowercase();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        Kind::Empty
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Kind::Zip
    } else if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        Kind::Compound
    } else if name.ends_with(".eml") {
        Kind::Email
    } else if memchr::memmem::find(start, b"%PDF-").is_some() {
        Kind::Pdf
    } else if picture::is_picture(bytes) {
        Kind::Picture
    } else if name.ends_with(".txt") && (has_mark(bytes) || !bytes.contains(&0)) {
        Kind::Text
    } else if KNOWN.iter().any(|ending| name.ends_with(ending)) {
        Kind::Broken
    } else {
        Kind::Other
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    encoding_rs::Encoding::for_bom(bytes).is_some()
}

/// A zip file is a document of Office, or an archive.
fn zip(name: &str, bytes: &[u8], inside: Inside, sink: &mut Sink<'_>) {
    let trouble = |sink: &mut Sink<'_>, trouble| sink.document(name, || Contents::troubled(name, trouble));
    let mut package = match Package::open(bytes) {
        Ok(package) => package,
        Err(why) => return trouble(sink, why),
    };
    if !package.is_of_office() {
        return match inside {
            _ if is_office_name(name) => trouble(sink, DocumentTrouble::Broken),
            _ if package.has("mimetype") => trouble(sink, DocumentTrouble::Unsupported),
            Inside::Pack | Inside::Message => zipped::read(name, package, inside, sink),
            Inside::Archive | Inside::Both => trouble(sink, DocumentTrouble::Hostile),
        };
    }
    if package.has_macro() {
        return trouble(sink, DocumentTrouble::Macro);
    }
    let main = package.main_part();
    if main.starts_with("word/") {
        sink.document(name, || docx::read(name, bytes, package, &main));
    } else if main.starts_with("xl/") && main.ends_with(".xml") {
        sink.document(name, || sheet::read(name, bytes, package));
    } else {
        trouble(sink, DocumentTrouble::Unsupported);
    }
}

/// A name that promises a document of Office.
fn is_office_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".docx", ".docm", ".xlsx", ".xlsm", ".pptx"].iter().any(|ending| name.ends_with(ending))
}

/// Text as UTF-8, as UTF-16 where its first bytes say so, else as Windows writes it.
fn text(name: &str, bytes: &[u8]) -> Contents {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    Contents::of(name, bytes).with_text(text)
}
