//! Why the ledger did not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

use super::Work;

/// Why the ledger did not do what was asked. Never holds anything of a child's record.
#[derive(Debug, thiserror::Error)]
pub enum LedgerTrouble {
    /// The folder or file cannot be made, read or written.
    #[error("use the ledger {}: {source}", path.display())]
    Disk {
        /// The ledger.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full.
    #[error("write to the ledger {}: the disk is full", path.display())]
    Full {
        /// The ledger.
        path: PathBuf,
    },
    /// The key does not fit, or the file is no ledger.
    #[error("open the ledger {}: the key does not fit, or the file is no ledger", path.display())]
    WrongKey {
        /// The ledger.
        path: PathBuf,
    },
    /// The file would not be encrypted.
    #[error("open the ledger {}: it is not encrypted", path.display())]
    NotEncrypted {
        /// The ledger.
        path: PathBuf,
    },
    /// The ledger was written by a later tessera, or its migrations were changed.
    #[error("open the ledger {}: {why}", path.display())]
    Migration {
        /// The ledger.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// Somebody else is at the same work, or wrote for longer than a short transaction waits.
    #[error("use the ledger {}: another tessera is {}", path.display(), work.map_or("writing to it", Work::doing))]
    Busy {
        /// The ledger.
        path: PathBuf,
        /// The work; `None`: a transaction.
        work: Option<Work>,
    },
    /// A value of the ledger cannot be read.
    #[error("read {what} from the ledger")]
    Damaged {
        /// What.
        what: String,
    },
    /// What was asked for is not as the caller saw it.
    #[error("{0}")]
    Conflict(String),
    /// The database failed.
    #[error("use the ledger's database: {what}")]
    Database {
        /// How it says so. It names tables and constraints, never values.
        what: String,
        /// The database's own number for it, where it has one.
        code: Option<i32>,
    },
}

impl LedgerTrouble {
    /// Its stable code.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Disk { .. } => "ledger-disk",
            Self::Full { .. } => "ledger-disk-full",
            Self::WrongKey { .. } => "ledger-key",
            Self::NotEncrypted { .. } => "ledger-not-encrypted",
            Self::Migration { .. } => "ledger-version",
            Self::Busy { .. } => "ledger-busy",
            Self::Damaged { .. } => "ledger-damaged",
            Self::Conflict(_) => "ledger-conflict",
            Self::Database { .. } => "ledger-database",
        }
    }

    /// The database's own number for what has failed.
    pub const fn database_code(&self) -> Option<i32> {
        match self {
            Self::Database { code, .. } => *code,
            _ => None,
        }
    }

    /// The ledger that it is about, where the trouble is with its file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Disk { path, .. }
            | Self::Full { path }
            | Self::WrongKey { path }
            | Self::NotEncrypted { path }
            | Self::Migration { path, .. }
            | Self::Busy { path, .. } => Some(path),
            Self::Damaged { .. } | Self::Conflict(_) | Self::Database { .. } => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Disk { path, .. } => {
                format!(
                    "look at who may write in {}",
                    path.parent().map_or_else(|| ".".into(), |p| p.display().to_string())
                )
            }
            Self::Full { .. } => "make room and run the same command again: it takes up where it stopped".to_owned(),
            Self::WrongKey { .. } => "put back the key that the ledger was made with".to_owned(),
            Self::NotEncrypted { path } => format!("move {} away; tessera never opens a plain file", path.display()),
            Self::Migration { .. } => "use the tessera that wrote it, or a later one".to_owned(),
            Self::Busy { .. } => "wait until it is done, or stop it; a lock never outlives its process".to_owned(),
            Self::Damaged { .. } => "run `tessera audit verify`; then restore a backup".to_owned(),
            Self::Conflict(_) => "look at it again: somebody else was first".to_owned(),
            Self::Database { .. } => "run `tessera audit verify`; if it fails, restore a backup".to_owned(),
        }
    }
}
