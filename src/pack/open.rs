//! Opens one file by what its first bytes say it is, not by its name.

use super::Contents;
use super::{docx, email, outlook, pdf, picture, sheet, zipped};
use crate::domain::{DocumentTrouble, limit};

/// What an archive or e-mail holds may hold further files; this is how deep that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// A file of the pack itself.
    Pack,
    /// A file inside an archive or an e-mail of the pack.
    Inside,
}

/// Opens a file of a pack: one result for itself, or one for each file that it holds.
pub fn open(name: &str, bytes: &[u8]) -> Vec<Contents> {
    open_at(name, bytes, Depth::Pack)
}

pub(super) fn open_at(name: &str, bytes: &[u8], depth: Depth) -> Vec<Contents> {
    if bytes.len() > limit::PACK_FILE_BYTES_MAX {
        return vec![Contents::troubled(name, bytes, DocumentTrouble::TooLarge)];
    }
    let one = match kind(name, bytes) {
        Kind::Empty => Contents::troubled(name, bytes, DocumentTrouble::Empty),
        Kind::Pdf => pdf::read(name, bytes),
        Kind::Zip => return zip(name, bytes, depth),
        Kind::Compound => return outlook::read(name, bytes, depth),
        Kind::Picture => picture::read(name, bytes),
        Kind::Email if depth == Depth::Pack => return email::read(name, bytes),
        Kind::Text => text(name, bytes),
        Kind::Email | Kind::Other => Contents::troubled(name, bytes, DocumentTrouble::Unsupported),
    };
    vec![one]
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
    Other,
}

fn kind(name: &str, bytes: &[u8]) -> Kind {
    // A PDF may have some bytes of rubbish before its header (ISO 32000-1, annex H).
    const PDF_WITHIN: usize = 1024;
    let start = bytes.get(..bytes.len().min(PDF_WITHIN)).unwrap_or(bytes);
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if bytes.iter().all(u8::is_ascii_whitespace) {
        Kind::Empty
    } else if memchr::memmem::find(start, b"%PDF-").is_some() {
        Kind::Pdf
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Kind::Zip
    } else if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        Kind::Compound
    } else if picture::is_picture(bytes) {
        Kind::Picture
    } else if ends(&[".eml"]) {
        Kind::Email
    } else if ends(&[".txt"]) {
        Kind::Text
    } else {
        Kind::Other
    }
}

/// A zip file is a document of Office, or an archive.
fn zip(name: &str, bytes: &[u8], depth: Depth) -> Vec<Contents> {
    let holds = |part: &str| zipped::holds(bytes, part);
    if holds("word/vbaProject.bin") || holds("xl/vbaProject.bin") || holds("ppt/vbaProject.bin") {
        return vec![Contents::troubled(name, bytes, DocumentTrouble::Macro)];
    }
    if holds("word/document.xml") {
        return vec![docx::read(name, bytes)];
    }
    if holds("xl/workbook.xml") || holds("xl/workbook.bin") {
        return vec![sheet::read(name, bytes)];
    }
    if holds("[Content_Types].xml") || holds("mimetype") {
        return vec![Contents::troubled(name, bytes, DocumentTrouble::Unsupported)];
    }
    if is_office_name(name) {
        return vec![Contents::troubled(name, bytes, DocumentTrouble::Broken)];
    }
    match depth {
        Depth::Pack => zipped::read(name, bytes),
        Depth::Inside => vec![Contents::troubled(name, bytes, DocumentTrouble::Hostile)],
    }
}

/// A name that promises a document of Office.
pub(super) fn is_office_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".docx", ".docm", ".xlsx", ".xlsm", ".pptx"].iter().any(|ending| name.ends_with(ending))
}

fn text(name: &str, bytes: &[u8]) -> Contents {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    Contents::of(name, bytes).with_text(text)
}
