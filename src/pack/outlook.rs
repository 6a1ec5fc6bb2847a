//! Compound files ([MS-CFB]): Outlook's messages ([MS-OXMSG]), locked documents of Office ([MS-OFFCRYPTO]), and the
//! documents of old Office, which are not opened.

use std::io::{Cursor, Read as _};

use jiff::civil::Date;

use super::Contents;
use super::email::{letter, within};
use super::open::{Inside, open_into};
use super::picture::is_decoration;
use super::sink::Sink;
use super::zipped::safe_name;
use crate::domain::{DocumentTrouble, limit};

/// Property tags of [MS-OXPROPS] as the names of streams, without their type.
const SUBJECT: &str = "0037";
const BODY: &str = "1000";
const ATTACHED_NAMES: [&str; 2] = ["3707", "3704"];
const ATTACHED_DATA: &str = "/__substg1.0_37010102";

/// Reads a compound file.
pub(super) fn read(name: &str, bytes: &[u8], inside: Inside, sink: &mut Sink<'_>) {
    let trouble = |sink: &mut Sink<'_>, trouble| sink.document(name, || Contents::troubled(name, trouble));
    let Ok(mut file) = cfb::CompoundFile::open(Cursor::new(bytes)) else {
        // A lock is a lock, even where the rest of the file is not as it should be.
        let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let is_locked = memchr::memmem::find(bytes, &locked).is_some();
        return trouble(sink, if is_locked { DocumentTrouble::Encrypted } else { DocumentTrouble::Broken });
    };
    if file.exists("/EncryptedPackage") {
        return trouble(sink, DocumentTrouble::Encrypted);
    }
    if !file.exists("/__properties_version1.0") || inside == Inside::Both {
        return trouble(sink, DocumentTrouble::Unsupported);
    }
    let attachments = attachments(&mut file);
    if attachments.is_empty() {
        let subject = property(&mut file, "", SUBJECT).unwrap_or_default();
        let body = property(&mut file, "", BODY).unwrap_or_default();
        let changed = sent(&mut file);
        return sink.document(name, || Contents { changed, ..letter(name, bytes, &subject, &body) });
    }
    for (own, data) in attachments {
        open_into(&format!("{name}/{own}"), &data, within(inside), sink);
    }
}

type File<'b> = cfb::CompoundFile<Cursor<&'b [u8]>>;

/// Name and bytes of what is attached, but for the pictures below a signature. A message that is attached to a message
/// is not a file: its own attachments stand for it.
fn attachments(file: &mut File<'_>) -> Vec<(String, Vec<u8>)> {
    let storages: Vec<String> = file
        .walk()
        .filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"))
        .map(|entry| entry.path().display().to_string())
        .take(limit::PACK_FILES_MAX)
        .collect();
    let mut found = Vec::new();
    let mut left = limit::PACK_INFLATED_BYTES_MAX;
    for storage in storages {
        let data = stream(file, &format!("{storage}{ATTACHED_DATA}"), left);
        let Some(data) = data.filter(|data| !is_decoration(data)) else { continue };
        left = left.saturating_sub(data.len());
        let own = ATTACHED_NAMES.iter().find_map(|tag| property(file, &storage, tag));
        let own = own.as_deref().and_then(safe_name).unwrap_or_else(|| format!("attachment {}", found.len() + 1));
        found.push((own, data));
    }
    found
}

/// The day it was sent, else delivered: a time property, in hundreds of nanoseconds since 1601.
fn sent(file: &mut File<'_>) -> Option<Date> {
    const HEAD: usize = 32;
    const SENT: [u8; 4] = [0x40, 0, 0x39, 0];
    const DELIVERED: [u8; 4] = [0x40, 0, 0x06, 0x0E];
    const UNIX_SECONDS: i64 = 11_644_473_600;
    let properties = stream(file, "/__properties_version1.0", limit::PACK_TEXT_BYTES_MAX)?;
    let (entries, _) = properties.get(HEAD..)?.as_chunks::<16>();
    let entry = |tag: [u8; 4]| entries.iter().find(|entry| entry.starts_with(&tag));
    let time = entry(SENT).or_else(|| entry(DELIVERED))?.last_chunk::<8>()?;
    let seconds = i64::try_from(u64::from_le_bytes(*time) / 10_000_000).ok()?.checked_sub(UNIX_SECONDS)?;
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC).date())
}

/// A text property: UTF-16 (type 001F) or one byte a character (type 001E).
fn property(file: &mut File<'_>, storage: &str, tag: &str) -> Option<String> {
    let name = |kind: &str| format!("{storage}/__substg1.0_{tag}{kind}");
    if let Some(wide) = stream(file, &name("001F"), limit::PACK_TEXT_BYTES_MAX) {
        return Some(encoding_rs::UTF_16LE.decode_without_bom_handling(&wide).0.into_owned());
    }
    let narrow = stream(file, &name("001E"), limit::PACK_TEXT_BYTES_MAX)?;
    Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(&narrow).0.into_owned())
}

fn stream(file: &mut File<'_>, path: &str, most: usize) -> Option<Vec<u8>> {
    let stream = file.open_stream(path).ok()?;
    let mut bytes = Vec::new();
    stream.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
