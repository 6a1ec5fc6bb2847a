//! Files that were sent and are not done with yet: a pack that may be kept, a workbook that may be loaded.
//!
//! They lie in a folder of their own that only tessera can read, for as long as somebody may come back to them, and
//! never longer than the process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use super::posted::{CSRF, is_own};
use super::{PageFailure, Visitor};
use crate::domain::{AccountName, limit};
use crate::operation::{self, Failure};

/// How long files are left for whoever sent them.
const LEFT_FOR: Duration = Duration::from_secs(30 * 60);

/// Uploads that are held at once.
const HELD_MAX: usize = 100;

/// Files of one upload, and letters of a file's name.
const FILES_MAX: usize = limit::PACK_FILES_MAX;
const NAME_CHARS_MAX: usize = 120;
/// Bytes of a file's name: file systems end at 255, and two files of a name are numbered.
const NAME_BYTES_MAX: usize = 200;

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashMap<String, Upload>>);

/// Files that were sent together.
#[derive(Debug)]
struct Upload {
    folder: TempDir,
    owner: AccountName,
    about: String,
    until: Instant,
}

/// Files as they came.
#[derive(Debug)]
pub(super) struct Sent {
    folder: TempDir,
    /// Their names, in the order in which they came.
    pub(super) files: Vec<PathBuf>,
}

impl Sent {
    /// The folder that they lie in.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Uploads {
    /// Holds files for whoever sent them, for one purpose, and says under which name.
    pub(super) fn hold(&self, sent: Sent, owner: &AccountName, about: &str) -> Result<String, PageFailure> {
        let (secret, _) = operation::new_secret()?;
        let mut held = self.held();
        held.retain(|_, upload| upload.until > Instant::now());
        if held.len() >= HELD_MAX {
            return Err(PageFailure::TooMuch(StatusCode::SERVICE_UNAVAILABLE, "Too many files are being looked at."));
        }
        let upload = Upload {
            folder: sent.folder,
            owner: owner.clone(),
            about: about.to_owned(),
            until: Instant::now() + LEFT_FOR,
        };
        let name = secret.expose_secret().to_owned();
        held.insert(name.clone(), upload);
        Ok(name)
    }

    /// Takes what somebody has sent for a purpose: it is gone when what is returned is dropped.
    pub(super) fn take(&self, name: &str, owner: &AccountName, about: &str) -> Option<TempDir> {
        let mut held = self.held();
        let is_theirs = held.get(name).is_some_and(|one| one.owner == *owner && one.about == about);
        held.remove(name).filter(|upload| is_theirs && upload.until > Instant::now()).map(|upload| upload.folder)
    }

    /// Forgets what nobody has come back to.
    pub(super) fn forget(&self) {
        self.held().retain(|_, upload| upload.until > Instant::now());
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes in the files of a form that came from a page of this session. Its first field shows that it did.
pub(super) async fn take_in(visitor: &Visitor, mut form: Multipart) -> Result<Sent, PageFailure> {
    let failed =
        |error: std::io::Error| PageFailure::from(Failure::failed(error, "is the disk for temporary files full?"));
    let first = form.next_field().await.map_err(broken)?;
    let csrf = match first {
        Some(field) if field.name() == Some(CSRF) => Some(field.text().await.map_err(broken)?),
        _ => None,
    };
    if !is_own(visitor, csrf.as_deref()) {
        return Err(PageFailure::Stale);
    }
    let mut sent = Sent { folder: tempfile::tempdir().map_err(failed)?, files: Vec::new() };
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        // A browser sends an empty part where no file was chosen.
        let Some(given) = file_name(&field) else { continue };
        if sent.files.len() >= FILES_MAX {
            return Err(PageFailure::TooMuch(
                StatusCode::PAYLOAD_TOO_LARGE,
                "These are more files than a pack may have.",
            ));
        }
        let path = free(sent.folder.path(), &given);
        let mut file = tokio::fs::File::create_new(&path).await.map_err(failed)?;
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        sent.files.push(path);
    }
    Ok(sent)
}

/// The name of a file that was sent, without any folder: what a browser says is never taken for a path.
fn file_name(field: &Field<'_>) -> Option<String> {
    let given = field.file_name().filter(|name| !name.is_empty())?;
    Some(plain_name(given))
}

fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let fit: String = last.chars().filter(|c| !c.is_control()).collect();
    let fit = fit.trim_matches(['.', ' ']);
    // The end says what kind of file it is.
    let is_short = |from: &usize| {
        let end = fit.get(*from..).unwrap_or_default();
        end.len() <= NAME_BYTES_MAX && end.chars().count() <= NAME_CHARS_MAX
    };
    let from = fit.char_indices().map(|(from, _)| from).find(is_short).unwrap_or(fit.len());
    let name = fit.get(from..).unwrap_or_default().trim_start_matches(['.', ' ']);
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

/// A path that is not taken: two files of a name may be sent from two folders.
fn free(folder: &Path, name: &str) -> PathBuf {
    let first = folder.join(name);
    if !first.exists() {
        return first;
    }
    let numbered = (2..).map(|number: u32| folder.join(format!("{number}-{name}")));
    numbered.into_iter().find(|path| !path.exists()).unwrap_or(first)
}

/// More than is taken.
pub(super) fn too_large() -> PageFailure {
    PageFailure::TooMuch(StatusCode::PAYLOAD_TOO_LARGE, "The files are larger than tessera takes.")
}

fn broken(error: MultipartError) -> PageFailure {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => PageFailure::Wrong("The files did not arrive whole.", "Send them again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for (given, name) in [
            ("chronology.pdf", "chronology.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\papers\\plan.docx", "plan.docx"),
            ("..", "file"),
            ("a\0b\n.pdf", "ab.pdf"),
            ("/", "file"),
        ] {
            assert_eq!(plain_name(given), name, "{given:?}");
        }
        assert_eq!(plain_name(&format!("{}.pdf", "a".repeat(400))).len(), 120);
        let long = plain_name(&format!("{}.pdf", "\u{1f9d2}".repeat(400)));
        assert!(long.ends_with(".pdf") && long.len() <= NAME_BYTES_MAX, "{} bytes", long.len());
    }

    #[test]
    fn what_was_sent_is_for_whoever_sent_it_and_once() {
        let (uploads, sam) = (Uploads::default(), AccountName::parse("sam").unwrap());
        let hold = || {
            let sent = Sent { folder: tempfile::tempdir().unwrap(), files: Vec::new() };
            uploads.hold(sent, &sam, "pack of a").unwrap()
        };
        assert!(uploads.take(&hold(), &AccountName::parse("alex").unwrap(), "pack of a").is_none());
        assert!(uploads.take(&hold(), &sam, "pack of b").is_none());
        let name = hold();
        assert!(uploads.take(&name, &sam, "pack of a").is_some());
        assert!(uploads.take(&name, &sam, "pack of a").is_none());
    }
}
