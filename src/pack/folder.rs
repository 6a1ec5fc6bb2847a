//! The files of a pack that lies in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::{DocumentTrouble, limit};

/// How deep folders may lie in each other.
const DEPTH_MAX: usize = 16;

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Why it is not opened.
    pub(super) trouble: Option<DocumentTrouble>,
}

/// The files of a pack: a file alone, or all below a folder, in order. Links below it are not followed, and what is
/// neither file nor folder is not opened.
pub(super) fn files(path: &Path) -> io::Result<Vec<Found>> {
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_dir() {
        let trouble = (!kind.is_file()).then_some(DocumentTrouble::Unsupported);
        return Ok(vec![Found { path: path.to_owned(), trouble }]);
    }
    let mut files = Vec::new();
    below(path, 0, &mut files)?;
    Ok(files)
}

fn below(folder: &Path, depth: usize, files: &mut Vec<Found>) -> io::Result<()> {
    let entries: Vec<fs::DirEntry> =
        fs::read_dir(folder)?.take(limit::PACK_FILES_MAX + 1).collect::<io::Result<_>>()?;
    let mut entries: Vec<(PathBuf, fs::DirEntry)> = entries.into_iter().map(|entry| (entry.path(), entry)).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (path, entry) in entries {
        let kind = entry.file_type()?;
        if is_rubbish(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let trouble = if kind.is_dir() {
            if depth >= DEPTH_MAX {
                Some(DocumentTrouble::TooLarge)
            } else if below(&path, depth + 1, files).is_err() {
                Some(DocumentTrouble::Broken)
            } else {
                continue;
            }
        } else if kind.is_symlink() {
            Some(DocumentTrouble::Hostile)
        } else {
            (!kind.is_file()).then_some(DocumentTrouble::Unsupported)
        };
        if files.len() > limit::PACK_FILES_MAX {
            return Ok(());
        }
        files.push(Found { path, trouble });
    }
    Ok(())
}

/// What file managers and Office leave lying about: no document.
pub(super) fn is_rubbish(name: &str) -> bool {
    let own = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let left_by_systems = ["thumbs.db", "desktop.ini", ".ds_store"].contains(&own.to_ascii_lowercase().as_str());
    left_by_systems
        || own.starts_with("~$")
        || own.starts_with(".~lock.")
        || own.starts_with("._")
        || name.starts_with("__MACOSX/")
}
