//! Zip files: archives of a pack, and the parts of a document of Office.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::Contents;
use super::folder::is_rubbish;
use super::open::{Depth, open_at};
use crate::domain::{DocumentTrouble, limit};

/// Reads an archive: every file in it. What is hostile is refused by itself, and the rest is read.
pub(super) fn read(name: &str, bytes: &[u8]) -> Vec<Contents> {
    let trouble = |trouble| vec![Contents::troubled(name, bytes, trouble)];
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return trouble(DocumentTrouble::Broken) };
    if archive.len() > limit::PACK_FILES_MAX {
        return trouble(DocumentTrouble::TooLarge);
    }
    let mut read = Vec::new();
    let mut left = limit::PACK_INFLATED_BYTES_MAX;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map(|entry| {
            let is_locked = entry.encrypted();
            let own = entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
            (entry.enclosed_name().is_some(), own, entry.is_dir(), is_locked, entry.is_symlink())
        });
        let Ok((is_enclosed, own, is_folder, is_locked, is_link)) = entry else {
            read.push(Contents::troubled(name, bytes, DocumentTrouble::Broken));
            continue;
        };
        if is_folder || is_rubbish(&own) {
            continue;
        }
        let Some(inside) = safe_name(&own).filter(|_| is_enclosed && !is_link) else {
            read.push(Contents::troubled(&format!("{name}/?"), own.as_bytes(), DocumentTrouble::Hostile));
            continue;
        };
        let inside = format!("{name}/{inside}");
        if is_locked {
            read.push(Contents::troubled(&inside, own.as_bytes(), DocumentTrouble::Encrypted));
            continue;
        }
        match inflated(&mut archive, at, left) {
            Ok(member) => {
                left = left.saturating_sub(member.len());
                read.extend(open_at(&inside, &member, Depth::Inside));
            }
            Err(why) => read.push(Contents::troubled(&inside, own.as_bytes(), why)),
        }
    }
    if read.is_empty() { trouble(DocumentTrouble::Empty) } else { read }
}

/// A member's bytes. One that grows beyond all measure is refused as it grows, whatever its header says.
fn inflated(archive: &mut ZipArchive<Cursor<&[u8]>>, at: usize, left: usize) -> Result<Vec<u8>, DocumentTrouble> {
    let member = archive.by_index(at).map_err(|_| DocumentTrouble::Broken)?;
    let by_ratio = usize::try_from(member.compressed_size().saturating_mul(limit::INFLATION_RATIO_MAX));
    let free = usize::try_from(limit::INFLATED_BYTES_FREE).unwrap_or(usize::MAX);
    let most = by_ratio.unwrap_or(usize::MAX).max(free).min(limit::PACK_FILE_BYTES_MAX).min(left);
    let mut bytes = Vec::new();
    let read = member.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() > most => Err(DocumentTrouble::TooLarge),
        Ok(_) => Ok(bytes),
        Err(_) => Err(DocumentTrouble::Broken),
    }
}

/// A part of a document of Office.
pub(super) fn part(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let at = archive.index_for_name(name)?;
    inflated(&mut archive, at, limit::PACK_INFLATED_BYTES_MAX).ok()
}

/// Whether the file holds a part of that name.
pub(super) fn holds(bytes: &[u8], name: &str) -> bool {
    ZipArchive::new(Cursor::new(bytes)).is_ok_and(|archive| archive.index_for_name(name).is_some())
}

/// Whether the file holds a part below that folder.
pub(super) fn holds_below(bytes: &[u8], folder: &str) -> bool {
    ZipArchive::new(Cursor::new(bytes))
        .is_ok_and(|archive| archive.file_names().any(|name| name.is_ok_and(|name| name.starts_with(folder))))
}

/// A name that stays below its folder: no way up, no drive, no beginning at the root, no control character.
pub(super) fn safe_name(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let parts: Vec<&str> = name.split('/').collect();
    let is_safe = parts.iter().all(|part| !part.is_empty() && *part != "." && *part != ".." && !part.contains(':'));
    (is_safe && !name.contains(char::is_control)).then_some(name)
}
