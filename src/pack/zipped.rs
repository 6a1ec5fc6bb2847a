//! Archives of a pack.

use super::Contents;
use super::folder::is_rubbish;
use super::open::{Inside, open_into};
use super::package::Package;
use super::sink::Sink;
use crate::domain::{DocumentTrouble, limit};

/// Reads an archive: every file in it. What is hostile is refused by itself, and the rest is read.
pub(super) fn read(name: &str, mut archive: Package<'_>, inside: Inside, sink: &mut Sink<'_>) {
    if archive.len() > limit::PACK_FILES_MAX {
        return sink.document(name, || Contents::troubled(name, DocumentTrouble::TooLarge));
    }
    let within = if inside == Inside::Pack { Inside::Archive } else { Inside::Both };
    let mut is_empty = true;
    for at in 0..archive.len() {
        let Ok(member) = archive.member(at) else {
            is_empty = false;
            sink.document(name, || Contents::troubled(name, DocumentTrouble::Broken));
            continue;
        };
        if member.is_folder || is_rubbish(&member.name) {
            continue;
        }
        is_empty = false;
        let Some(below) = safe_name(&member.name).filter(|_| member.is_enclosed) else {
            let hidden = format!("{name}/? ({})", at + 1);
            sink.document(&hidden, || Contents::troubled(&hidden, DocumentTrouble::Hostile));
            continue;
        };
        let below = format!("{name}/{below}");
        if member.is_locked {
            sink.document(&below, || Contents::troubled(&below, DocumentTrouble::Encrypted));
            continue;
        }
        match archive.inflated(at) {
            Ok(bytes) => open_into(&below, &bytes, within, sink),
            Err(why) => sink.document(&below, || Contents::troubled(&below, why)),
        }
        if archive.is_exhausted() {
            // Said once, and not for each file that is left.
            return sink.document(name, || Contents::troubled(name, DocumentTrouble::TooLarge));
        }
    }
    if is_empty {
        sink.document(name, || Contents::troubled(name, DocumentTrouble::Empty));
    }
}

/// A name that stays below its folder: no way up, no drive, no beginning at the root, no control character.
pub(super) fn safe_name(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let parts: Vec<&str> = name.split('/').collect();
    let is_safe = parts.iter().all(|part| !part.is_empty() && *part != "." && *part != ".." && !part.contains(':'));
    (is_safe && !name.contains(char::is_control)).then_some(name)
}
