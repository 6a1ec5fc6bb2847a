//! The files of a pack that lies in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::limit;

/// How deep folders may lie in each other.
const DEPTH_MAX: usize = 16;

/// The files of a pack: a file alone, or all below a folder, in order. Links are not followed.
pub(super) fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    below(path, 0, &mut files)?;
    files.sort();
    Ok(files)
}

fn below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEPTH_MAX {
            below(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && !is_rubbish(&entry.file_name().to_string_lossy()) {
            files.push(entry.path());
        }
        if files.len() > limit::PACK_FILES_MAX {
            return Err(io::Error::other(format!("the pack has more than {} files", limit::PACK_FILES_MAX)));
        }
    }
    Ok(())
}

/// What file managers and Office leave lying about: no document.
pub(super) fn is_rubbish(name: &str) -> bool {
    let own = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let left_by_systems = ["thumbs.db", "desktop.ini", ".ds_store"].contains(&own.to_ascii_lowercase().as_str());
    left_by_systems || own.starts_with("~$") || own.starts_with("._") || name.starts_with("__MACOSX/")
}
