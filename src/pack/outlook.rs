//! Compound files ([MS-CFB]): Outlook's messages ([MS-OXMSG]), locked documents of Office ([MS-OFFCRYPTO]), and the
//! documents of old Office, which are not opened.

use std::io::{Cursor, Read as _};

use super::Contents;
use super::open::{Depth, open_at};
use super::zipped::safe_name;
use crate::domain::{DocumentTrouble, Private, limit};

/// Property tags of [MS-OXPROPS] as the names of streams, without their type.
const SUBJECT: &str = "0037";
const BODY: &str = "1000";
const ATTACHED_NAMES: [&str; 2] = ["3707", "3704"];
const ATTACHED_DATA: &str = "/__substg1.0_37010102";

/// Reads a compound file.
pub(super) fn read(name: &str, bytes: &[u8], depth: Depth) -> Vec<Contents> {
    let trouble = |trouble| vec![Contents::troubled(name, bytes, trouble)];
    let Ok(mut file) = cfb::CompoundFile::open(Cursor::new(bytes)) else { return trouble(DocumentTrouble::Broken) };
    if file.exists("/EncryptedPackage") {
        return trouble(DocumentTrouble::Encrypted);
    }
    if !file.exists("/__properties_version1.0") || depth == Depth::Inside {
        return trouble(DocumentTrouble::Unsupported);
    }
    let subject = property(&mut file, "", SUBJECT).unwrap_or_default();
    let body = property(&mut file, "", BODY).unwrap_or_default();
    let message = Contents { title: Private::new(subject.clone()), ..Contents::of(name, bytes) };
    let mut read = vec![message.with_text(format!("{subject}\n{body}"))];
    let attachments: Vec<String> = file
        .walk()
        .filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"))
        .map(|entry| entry.path().display().to_string())
        .take(limit::PACK_FILES_MAX)
        .collect();
    for attachment in attachments {
        let Some(data) = stream(&mut file, &format!("{attachment}{ATTACHED_DATA}")) else { continue };
        let own = ATTACHED_NAMES.iter().find_map(|tag| property(&mut file, &attachment, tag));
        let inside = own.as_deref().and_then(safe_name).unwrap_or_else(|| "attachment".to_owned());
        read.extend(open_at(&format!("{name}/{inside}"), &data, Depth::Inside));
    }
    read
}

type File<'b> = cfb::CompoundFile<Cursor<&'b [u8]>>;

/// A text property: UTF-16 (type 001F) or one byte a character (type 001E).
fn property(file: &mut File<'_>, storage: &str, tag: &str) -> Option<String> {
    let wide = stream(file, &format!("{storage}/__substg1.0_{tag}001F"));
    if let Some(wide) = wide {
        return Some(encoding_rs::UTF_16LE.decode(&wide).0.into_owned());
    }
    let narrow = stream(file, &format!("{storage}/__substg1.0_{tag}001E"))?;
    Some(encoding_rs::WINDOWS_1252.decode(&narrow).0.into_owned())
}

fn stream(file: &mut File<'_>, path: &str) -> Option<Vec<u8>> {
    let stream = file.open_stream(path).ok()?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limit::PACK_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    stream.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
