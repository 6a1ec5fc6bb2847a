//! What a file is, by its first bytes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use encoding_rs::Encoding;

use super::open::trouble;
use crate::domain::{Reason, Trouble};

/// What an export is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Xml(Text),
    Delimited(Text),
    Workbook,
}

/// What a text says of its own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// A mark or a declaration names an encoding other than UTF-8.
    Marked(&'static Encoding),
    /// A mark or a declaration says UTF-8.
    Utf8,
    /// Nothing is said.
    Unknown,
}

const DELIVER: &str = "deliver XML, CSV or XLSX, plain or in gzip or zip";

/// What a file is whose first bytes are `head`. `path` is the file where it is not wrapped.
pub(super) fn sniff(head: &[u8], path: Option<&Path>) -> Result<Content, Trouble> {
    if head.is_empty() {
        return Err(trouble(Reason::FileEmpty, "the file is empty", "have the report run again"));
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return Err(compound_file(path));
    }
    let text = text_of(head);
    let start = beginning(head, text);
    if start.trim().is_empty() {
        return Err(trouble(
            Reason::FileEmpty,
            "the file has nothing but white space in it",
            "have the report run again",
        ));
    }
    let lower = start.trim_start().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        let help = "the report server has delivered a web page, often a sign-in page: run the report again";
        return Err(trouble(Reason::FileMistyped, "the file is a web page", help));
    }
    if lower.starts_with('<') {
        return Ok(Content::Xml(declared(&lower, text)));
    }
    // Text has no control characters but white space; a picture, a PDF or a program has many.
    if lower.starts_with("%pdf") || start.chars().any(|c| u32::from(c) < 32 && !c.is_whitespace()) {
        return Err(trouble(Reason::FileMistyped, "the file is not text, XML or a workbook", DELIVER));
    }
    Ok(Content::Delimited(text))
}

fn text_of(head: &[u8]) -> Text {
    match Encoding::for_bom(head) {
        Some((encoding, _)) if encoding == encoding_rs::UTF_8 => Text::Utf8,
        Some((encoding, _)) => Text::Marked(encoding),
        None if head.starts_with(b"<\0") => Text::Marked(encoding_rs::UTF_16LE),
        None if head.starts_with(b"\0<") => Text::Marked(encoding_rs::UTF_16BE),
        None => Text::Unknown,
    }
}

fn beginning(head: &[u8], text: Text) -> String {
    let encoding = match text {
        Text::Marked(encoding) => encoding,
        Text::Utf8 => encoding_rs::UTF_8,
        Text::Unknown => encoding_rs::WINDOWS_1252,
    };
    encoding.decode(head).0.into_owned()
}

/// The encoding that an XML declaration names. A mark stands above it; a declaration of UTF-16 in text that is
/// read byte by byte is a slip of the exporter.
fn declared(lower: &str, text: Text) -> Text {
    if text != Text::Unknown || !lower.starts_with("<?xml") {
        return if text == Text::Unknown { Text::Utf8 } else { text };
    }
    let declaration = lower.split("?>").next().unwrap_or("");
    let name = declaration.split("encoding=").nth(1).and_then(|rest| rest.split(['"', '\'']).nth(1));
    match name.and_then(|name| Encoding::for_label(name.as_bytes())) {
        None => Text::Utf8,
        Some(encoding) if encoding == encoding_rs::UTF_8 => Text::Utf8,
        Some(encoding) if [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(&encoding) => Text::Utf8,
        Some(encoding) => Text::Marked(encoding),
    }
}

/// A compound file is a workbook locked with a password, or an office file of before 2007.
fn compound_file(path: Option<&Path>) -> Trouble {
    let mut start = Vec::new();
    let read = path.map(|path| File::open(path).and_then(|file| file.take(1 << 20).read_to_end(&mut start)));
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if matches!(read, Some(Ok(_))) && memchr::memmem::find(&start, &name).is_some() {
        return trouble(
            Reason::FileEncrypted,
            "the workbook is locked with a password",
            "deliver it without a password",
        );
    }
    trouble(
        Reason::FileMistyped,
        "the file is an office file of before 2007, or locked",
        "save it as .xlsx without a password",
    )
}
