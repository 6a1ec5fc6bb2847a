//! The folder in which files are handed over to the import, with the journal of what ever was.
//!
//! The order, each step on the disk before the next: every file under a hidden name; the line in the journal; the
//! files under their own names, the manifest last. So what the journal does not know was never there to be taken, and
//! what it knows was taken or is there, unless the hidden manifest still lies there: then it was not there yet.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::import_file_shape::{HandOver, kind, stem};
use crate::domain::{Reference, WriteBack};

/// The folder of the journal, in the outbox.
const JOURNAL: &str = ".handed-over";

/// Bytes of a line of the journal: a key, a kind, a person, a moment, and the rejections that were mended.
const ENTRY_BYTES_MAX: u64 = 64 << 10;

/// What the outbox knows of a write-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing: it was never handed over.
    None,
    /// It is about to be handed over: nobody could have taken it yet.
    Prepared,
    /// It was handed over. It is there, or was taken.
    HandedOver,
    /// Another write-back has the same reference.
    OfAnother,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    kind: String,
    person: String,
    at: Timestamp,
    handover: u32,
    mended: Vec<String>,
}

/// What the outbox knows of a write-back, and of how often it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Where it stands.
    pub(super) trace: Trace,
    /// How often.
    pub(super) handovers: u32,
    /// The rejections that were mended since: they say nothing any more.
    pub(super) mended: Vec<String>,
}

/// The outbox.
#[derive(Debug)]
pub(super) struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// The outbox in `folder`.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let journal = folder.join(JOURNAL);
        if !journal.is_dir() {
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            {
                use std::os::unix::fs::DirBuilderExt as _;
                builder.mode(0o700);
            }
            builder.create(&journal)?;
            on_disk(folder)?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a reference, for a person to look at.
    pub(super) fn path_of(&self, reference: &Reference) -> PathBuf {
        self.folder.join(stem(reference).map_or_else(String::new, |stem| format!("{stem}.csv")))
    }

    /// The references that were ever handed over from here.
    pub(super) fn known(&self) -> io::Result<BTreeSet<String>> {
        let mut known = BTreeSet::new();
        for folder in [self.folder.join(JOURNAL), self.folder.clone()] {
            for entry in fs::read_dir(folder)? {
                let name = entry?.file_name();
                known.extend(name.to_str().and_then(|name| name.split('.').next()).map(ToOwned::to_owned));
            }
        }
        Ok(known)
    }

    /// What is known of a write-back.
    pub(super) fn known_of(&self, write_back: &WriteBack) -> io::Result<Known> {
        let stem = stem_of(write_back)?;
        let manifest = self.folder.join(manifest_name(stem));
        let shown = manifest.try_exists()?;
        let (key, handovers, mended) = match self.entry(stem)? {
            Some(entry) => (entry.key, entry.handover, entry.mended),
            None if shown => (key_of(&manifest)?, 1, Vec::new()),
            None => return Ok(Known { trace: Trace::None, handovers: 0, mended: Vec::new() }),
        };
        let trace = if key != write_back.id.to_string() {
            Trace::OfAnother
        } else if !shown && hidden(&manifest).try_exists()? {
            Trace::Prepared
        } else {
            Trace::HandedOver
        };
        Ok(Known { trace, handovers, mended })
    }

    /// Puts everything on the disk under hidden names, and then the line into the journal. What lies there of a
    /// handing over that was rejected is taken away, the manifest first.
    pub(super) fn prepare(
        &self,
        write_back: &WriteBack,
        files: &HandOver,
        (handover, mended): (u32, Vec<String>),
        at: Timestamp,
    ) -> io::Result<()> {
        let stem = stem_of(write_back)?;
        for name in [manifest_name(stem), format!("{stem}.csv"), format!("{stem}.docx")] {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        on_disk(&self.folder)?;
        for (name, content) in &files.files {
            private_file(&hidden(&self.folder.join(name)), content)?;
        }
        private_file(&hidden(&self.folder.join(manifest_name(stem))), &files.manifest)?;
        on_disk(&self.folder)?;
        let entry = Entry {
            key: write_back.id.to_string(),
            kind: kind(&write_back.payload).to_owned(),
            person: write_back.person.to_string(),
            at,
            handover,
            mended,
        };
        let path = self.entry_path(stem);
        private_file(&hidden(&path), &serde_json::to_vec(&entry)?)?;
        fs::rename(hidden(&path), &path)?;
        on_disk(&self.folder.join(JOURNAL))
    }

    /// Gives what was prepared its own names, the manifest's last.
    pub(super) fn show(&self, write_back: &WriteBack) -> io::Result<()> {
        let stem = stem_of(write_back)?;
        for name in [format!("{stem}.csv"), format!("{stem}.docx"), manifest_name(stem)] {
            let path = self.folder.join(name);
            match fs::rename(hidden(&path), &path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
            on_disk(&self.folder)?;
        }
        Ok(())
    }

    fn entry_path(&self, stem: &str) -> PathBuf {
        self.folder.join(JOURNAL).join(format!("{stem}.json"))
    }

    fn entry(&self, stem: &str) -> io::Result<Option<Entry>> {
        match read_capped(&self.entry_path(stem)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn stem_of(write_back: &WriteBack) -> io::Result<&str> {
    stem(&write_back.reference).ok_or_else(|| io::Error::other("its reference is no name of a file"))
}

fn manifest_name(stem: &str) -> String {
    format!("{stem}.manifest.json")
}

/// The key that a manifest names.
fn key_of(manifest: &Path) -> io::Result<String> {
    #[derive(Deserialize)]
    struct Named {
        key: String,
    }
    Ok(serde_json::from_slice::<Named>(&read_capped(manifest)?)?.key)
}

fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(ENTRY_BYTES_MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// The name under which a file lies until it is whole: no import takes a name that begins with a dot.
fn hidden(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.part"))
}

/// Writes a file for its owner only, and has it on the disk before returning.
fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Has the names of a folder on the disk.
#[cfg(unix)]
fn on_disk(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn on_disk(_: &Path) -> io::Result<()> {
    Ok(())
}
