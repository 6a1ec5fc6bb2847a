//! What a configuration file says (DESIGN section 10).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::read::read;
use super::{Mailbox, ReminderSettings, SecretSource, WebSettings};
use crate::diagnostic::Diagnostic;
use crate::domain::{AuthorityName, ExtractType, limit};
use crate::ledger::Address;

/// A configuration: what to read, where to keep it, where to write.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The file itself.
    pub file: PathBuf,
    /// The folder with mapping files of the installation, before the built-in ones.
    pub mappings: Option<PathBuf>,
    /// Where the ledger is.
    pub ledger: Address,
    /// Where the ledger's key is.
    pub key: SecretSource,
    /// The authorities, in the order of the file.
    pub authorities: Vec<AuthoritySettings>,
    /// What `sync --rehearse` does differently.
    pub rehearsal: Rehearsal,
    /// Whether this is the rehearsal's: what it writes goes to the stand-in, never to an authority's Mosaic.
    pub is_rehearsed: bool,
    /// How the pages are served.
    pub web: WebSettings,
    /// How roles are reminded of their duties.
    pub reminders: ReminderSettings,
}

/// One authority.
#[derive(Debug, Clone)]
pub struct AuthoritySettings {
    /// Its name: the folder of its mapping files.
    pub name: AuthorityName,
    /// Where its extracts come from.
    pub sources: Vec<Source>,
    /// Its Mosaic.
    pub mosaic: MosaicSettings,
    /// Whether outcomes are approved by somebody other than who loaded them.
    pub second_person: bool,
    /// The mailboxes of its roles, by role: a role without one is sent nothing.
    pub mailboxes: BTreeMap<String, Mailbox>,
}

/// A place where exports of one kind arrive.
#[derive(Debug, Clone)]
pub struct Source {
    /// What they hold.
    pub extract: ExtractType,
    /// Where they arrive.
    pub place: SourcePlace,
    /// Which files of the folder, for instance `C0343*`.
    pub pattern: glob::Pattern,
    /// The mapping that reads them, where the records themselves say too little: `c0343/v3`.
    pub mapping: Option<String>,
    /// An extract that is smaller than this share of the one before is held for a person.
    pub shrink_share: f64,
    /// A file is left alone until it has not changed for this long, or its `.done` marker is there.
    pub settled_after: Duration,
}

/// Where exports arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// A folder.
    Folder(PathBuf),
}

/// How an authority's Mosaic is reached.
#[derive(Debug, Clone)]
pub enum MosaicSettings {
    /// Nothing is written back.
    None,
    /// Over HTTP.
    Rest(Box<Transport>),
    /// By Mosaic's bulk import.
    ImportFile(ImportFiles),
}

/// Mosaic by its bulk import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFiles {
    /// Where tessera puts what is to be written.
    pub outbox: PathBuf,
    /// Where the import puts what became of it.
    pub results: PathBuf,
}

/// Mosaic over HTTP.
#[derive(Debug, Clone)]
pub struct Transport {
    /// The dialect, a file under `mappings/dialects/`.
    pub dialect: String,
    /// The address.
    pub url: String,
    /// How tessera shows who it is.
    pub credentials: Credentials,
    /// Mutual TLS: tessera's certificate and its key, PEM.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxy, where there is one. The environment is not asked for it.
    pub proxy: Option<String>,
    /// How long a connection may take.
    pub connect_time: Duration,
    /// How long an answer may take.
    pub answer_time: Duration,
    /// At most this many requests a second.
    pub rate_per_second: u32,
    /// The council's own certificate authority, PEM.
    pub certificate_authority: Option<PathBuf>,
    /// How long an unanswered write is left before Mosaic is read for it.
    pub settling: Duration,
}

/// How tessera shows Mosaic who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// OAuth2 client credentials.
    Client {
        /// The name by which Mosaic knows tessera.
        id: String,
        /// What proves it.
        secret: SecretSource,
    },
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// The key.
        key: SecretSource,
    },
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: SecretSource,
    },
    /// Nothing but the client certificate.
    Certificate,
}

/// What mutual TLS needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those above it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: SecretSource,
}

/// What `sync --rehearse` does differently.
#[derive(Debug, Clone, Default)]
pub struct Rehearsal {
    /// The moment at which the rehearsal takes place.
    pub as_at: Option<Timestamp>,
    /// A folder of outcomes workbooks that the rehearsal loads and approves by itself.
    pub outcomes: Option<PathBuf>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigTrouble {
    /// The file cannot be read.
    #[error("read the configuration {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has mistakes.
    #[error("use the configuration {}: it has mistakes, and nothing was done", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Every mistake.
        diagnostics: Vec<Diagnostic>,
        /// The file's text, for drawing.
        text: String,
    },
}

impl ConfigTrouble {
    /// Its stable code.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "configuration-not-readable",
            Self::Wrong { .. } => "configuration-mistakes",
        }
    }
}

impl Configuration {
    /// Reads the file at `path`; a relative path in it is meant from its folder.
    pub fn load(path: &Path) -> Result<Self, ConfigTrouble> {
        let unreadable = |source| ConfigTrouble::Unreadable { path: path.to_owned(), source };
        let text = capped_text(path).map_err(unreadable)?;
        let name = path.display().to_string();
        match read(path, &name, &text) {
            (Some(configuration), diagnostics) if diagnostics.is_empty() => Ok(configuration),
            (_, diagnostics) => Err(ConfigTrouble::Wrong { path: path.to_owned(), diagnostics, text }),
        }
    }

    /// The same installation as its rehearsal sees it: a ledger, a key and an outbox of its own, below
    /// `state/rehearsal`. No e-mail leaves.
    pub fn rehearsed(self) -> Self {
        let folder = self.rehearsal_folder();
        Self {
            ledger: Address::file(folder.join("ledger.db")),
            key: SecretSource::File(folder.join("ledger.key")),
            reminders: ReminderSettings { outbox: folder.join("outbox"), smtp: None, ..self.reminders },
            is_rehearsed: true,
            ..self
        }
    }

    /// Where a rehearsal keeps what it needs.
    pub fn rehearsal_folder(&self) -> PathBuf {
        self.folder().join("state").join("rehearsal")
    }

    /// The folder that relative paths of the file are meant from.
    pub fn folder(&self) -> &Path {
        folder_of(&self.file)
    }

    /// The settings of an authority.
    pub fn authority(&self, name: &AuthorityName) -> Option<&AuthoritySettings> {
        self.authorities.iter().find(|authority| authority.name == *name)
    }
}

pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn capped_text(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path)?;
    if file.metadata()?.len() > limit::TOML_BYTES_MAX {
        return Err(std::io::Error::other("the file is too large to be a configuration"));
    }
    let mut text = String::new();
    file.take(limit::TOML_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}
