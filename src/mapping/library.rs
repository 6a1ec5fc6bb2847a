//! All files under `mappings/`: those of the installation stand before the built-in ones, path by path.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};

use crate::domain::limit;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");

/// The mapping files, by path: `lincolnshire/panels/support-panel.toml`.
#[derive(Debug, Clone)]
pub struct Library {
    files: BTreeMap<String, LibraryFile>,
}

#[derive(Debug, Clone)]
struct LibraryFile {
    text: Arc<str>,
    built_in: bool,
}

impl Library {
    /// The built-in files.
    pub fn built_in() -> Self {
        let mut files = BTreeMap::new();
        collect_built_in(&BUILT_IN, &mut files);
        Self { files }
    }

    /// The built-in files, and before them those in `folder`.
    pub fn open(folder: Option<&Path>) -> io::Result<Self> {
        let mut library = Self::built_in();
        if let Some(folder) = folder {
            collect(folder, "", &mut library.files)?;
        }
        Ok(library)
    }

    /// The files in `folder` alone.
    pub fn folder(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files)?;
        Ok(Self { files })
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.files.get(path).map(|file| &file.text)
    }

    /// Whether the file is a built-in one.
    pub fn is_built_in(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| file.built_in)
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The names of the authorities: the folders with an `authority.toml`.
    pub fn authorities(&self) -> impl Iterator<Item = &str> {
        self.paths().filter_map(|path| path.strip_suffix("/authority.toml"))
    }

    /// The TOML files in a folder: path and the name without `.toml`.
    pub fn files_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.paths().filter_map(move |path| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".toml")?;
            (!name.contains('/')).then_some((path, name))
        })
    }

    /// Changes with every change of any file.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (path, file) in &self.files {
            for part in [path.as_str(), &file.text] {
                digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                digest.update(part);
            }
        }
        digest.finalize().into()
    }
}

fn collect_built_in(folder: &Dir<'_>, files: &mut BTreeMap<String, LibraryFile>) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let Some(text) = file.contents_utf8().filter(|_| path.ends_with(".toml")) {
            files.insert(path, LibraryFile { text: text.into(), built_in: true });
        }
    }
    folder.dirs().for_each(|folder| collect_built_in(folder, files));
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, LibraryFile>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else { continue };
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if path.ends_with(".toml") {
            let text = text_of(&entry.path())?;
            files.insert(path, LibraryFile { text: text.into(), built_in: false });
        }
    }
    Ok(())
}

fn text_of(path: &Path) -> io::Result<String> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(named)?;
    if file.metadata().map_err(named)?.len() > limit::TOML_BYTES_MAX {
        return Err(io::Error::other(format!("{} is too large for a mapping file", path.display())));
    }
    let mut text = String::new();
    file.take(limit::TOML_BYTES_MAX).read_to_string(&mut text).map_err(named)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_installation_stands_before_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let built_in = Library::built_in();
        let path = built_in.paths().next().unwrap().to_owned();
        let own = folder.path().join(&path);
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(own, "# ours").unwrap();
        let library = Library::open(Some(folder.path())).unwrap();
        assert_eq!(library.text(&path).map(|text| &**text), Some("# ours"));
        assert!(!library.is_built_in(&path) && built_in.is_built_in(&path));
        assert_ne!(library.fingerprint(), built_in.fingerprint());
        assert_eq!(library.paths().count(), built_in.paths().count());
    }
}
