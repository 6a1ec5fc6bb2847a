//! `init`: a commented configuration, its folders and a key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::Failure;

/// What `init` has made.
#[derive(Debug, Serialize)]
pub struct Initialised {
    /// The configuration.
    pub config: PathBuf,
    /// The key of the ledger-to-be.
    pub key: PathBuf,
    /// Where exports are to arrive.
    pub exports: PathBuf,
    /// Whether the authority has built-in mapping files.
    pub built_in: bool,
}

/// Makes a configuration for `authority` in `folder`. Nothing that is there already is touched.
pub fn init(folder: &Path, authority: &str, built_in: &[&str]) -> Result<Initialised, Failure> {
    let well_formed = !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !well_formed {
        let known = format!("built in are: {}", built_in.join(", "));
        return Err(Failure::invalid("an authority's name is made of small letters and hyphens", known));
    }
    let made = Initialised {
        config: folder.join("tessera.toml"),
        key: folder.join("state/ledger.key"),
        exports: folder.join("exports"),
        built_in: built_in.contains(&authority),
    };
    if made.config.exists() {
        let help = format!("use it with --config {}, or choose another folder", made.config.display());
        return Err(Failure::invalid(
            format_args!("{} is there already; nothing was changed", made.config.display()),
            help,
        ));
    }
    make(folder, authority, &made).map_err(|error| {
        Failure::failed(error, format!("look at who may write in {} and whether its disk is full", folder.display()))
    })?;
    Ok(made)
}

fn make(folder: &Path, authority: &str, made: &Initialised) -> anyhow::Result<()> {
    for name in ["exports", "outcomes", "mappings", "state"] {
        let path = folder.join(name);
        private_folder(&path).with_context(|| format!("make the folder {}", path.display()))?;
    }
    write_key(&made.key).with_context(|| format!("write the key {}", made.key.display()))?;
    if !made.built_in {
        let path = folder.join("mappings").join(authority);
        private_folder(&path).with_context(|| format!("make the folder {}", path.display()))?;
        let path = path.join("authority.toml");
        let text = AUTHORITY.replace("AUTHORITY", authority);
        private_file(&path, text.as_bytes()).with_context(|| format!("write {}", path.display()))?;
    }
    let text = CONFIGURATION.replace("AUTHORITY", authority);
    private_file(&made.config, text.as_bytes()).with_context(|| format!("write {}", made.config.display()))
}

/// Writes a new random key of 32 bytes as 64 hexadecimal digits, for its owner only.
pub(super) fn write_key(path: &Path) -> io::Result<()> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let digits = crate::domain::hexadecimal(&key);
    private_file(path, format!("{digits}\n").as_bytes())
}

/// Makes a folder, and those above it, for its owner only.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Writes a new file for its owner only, and has it on the disk before returning.
fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

const AUTHORITY: &str = r#"# Who the authority is. `tessera mappings verify` checks this folder; mappings/README.md explains every key.
name = "AUTHORITY"
title = "AUTHORITY"
time-zone = "Europe/London"
calendar = "england"

[office]
open = "09:00"
close = "17:00"
"#;

const CONFIGURATION: &str = r#"# tessera.toml: paths are relative to this file.

# Mapping files of your own, one TOML file for each form version and panel. What is not found here is taken from
# the built-in ones. `tessera mappings list` shows both.
mappings = "mappings"

# Everything that must not be lost, encrypted. Keep a copy of the key away from this machine: without it the ledger
# cannot be read by anybody.
[ledger]
url = "sqlite:state/ledger.db"
key = { file = "state/ledger.key" }

# Each role is told once of what has come onto its desk: an e-mail with a calendar file, and no child in it. Nothing
# leaves until [reminders.smtp] names a mail server; until then the e-mails lie in this folder.
[reminders]
outbox = "state/outbox"
from = "tessera@council.example"
# [reminders.smtp]
# host = "smtp.council.example"
# tls = "starttls"                            # or "implicit"; "none" to this machine only
# user = "tessera"
# password = { env = "SMTP_PASSWORD" }
# ca = "council-ca.pem"                       # the council's own certificate authority

[[authority]]
name = "AUTHORITY"

# Where Mosaic's scheduled reports arrive. `extract` is forms, documents, events or persons. A file is read when it
# has not changed for ten seconds, or when a file of its name with `.done` behind it lies beside it.
[[authority.source]]
extract = "persons"
path = "exports"
pattern = "persons*"

[[authority.source]]
extract = "documents"
path = "exports"
pattern = "documents*"

[[authority.source]]
extract = "events"
path = "exports"
pattern = "events*"

[[authority.source]]
extract = "forms"
path = "exports"
pattern = "forms*"

# Nothing is written to Mosaic until this says how it is reached.
[authority.mosaic]
transport = "none"
# transport = "rest"
# dialect = "rest-default"
# url = "https://mosaic.example"
# credentials = { client-id = "tessera", client-secret = { env = "MOSAIC_SECRET" } }
# rate = 20
# transport = "import-file"                   # files for Mosaic's bulk import; the folders must be there
# outbox = "to-mosaic"
# results = "from-mosaic"

# Whoever loads an outcome cannot approve it.
[authority.approval]
second-person = true

# The mailbox of each role that is to be told by e-mail: of a team, not of somebody.
# [authority.mailboxes]
# team-manager = "team-managers@council.example"
"#;
