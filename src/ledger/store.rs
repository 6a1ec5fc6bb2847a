//! Opens the ledger, and turns what its database says into what a person can act on.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use secrecy::{ExposeSecret as _, SecretBox};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::lock::{self, Lock};
use super::{LedgerTrouble, migration};
use crate::calendar::Clock;

/// How long a short transaction waits for another process's short transaction.
const BUSY: Duration = Duration::from_secs(10);

/// The key of a ledger: 32 bytes, never printed.
pub struct LedgerKey(pub SecretBox<[u8; 32]>);

/// The ledger.
pub struct Ledger {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
    key: LedgerKey,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger at `path`, making it where it is not.
    pub fn open(path: &Path, key: LedgerKey, clock: Clock) -> Result<Self, LedgerTrouble> {
        let disk = |source| LedgerTrouble::Disk { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder).map_err(disk)?;
        }
        refuse_plain(path)?;
        private_file(path).map_err(disk)?;
        let connection = connect(path, &key)?;
        let mut ledger = Self { connection, path: path.to_owned(), clock, key };
        migration::run(&mut ledger)?;
        ledger.begin_epoch()?;
        Ok(ledger)
    }

    /// Takes the writer's lock.
    pub fn lock(&self) -> Result<Lock, LedgerTrouble> {
        lock::take(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the ledger to `to` while everything goes on. The copy has the same key; nothing is overwritten.
    pub fn backup(&self, to: &Path) -> Result<(), LedgerTrouble> {
        let disk = |source| LedgerTrouble::Disk { path: to.to_owned(), source };
        if to.exists() {
            return Err(disk(std::io::ErrorKind::AlreadyExists.into()));
        }
        private_file(to).map_err(disk)?;
        let mut copy = connect(to, &self.key)?;
        let backup = rusqlite::backup::Backup::new(&self.connection, &mut copy).map_err(|error| self.failed(error))?;
        backup.run_to_completion(1_000, Duration::ZERO, None).map_err(|error| self.failed(error))?;
        drop(backup);
        super::epoch::mark(&copy, &self.now()).map_err(|error| meant(to, &error))
    }

    pub(super) fn now(&self) -> String {
        self.clock.now().to_string()
    }

    /// A transaction that writes.
    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>, LedgerTrouble> {
        let path = self.path.clone();
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| meant(&path, &error))
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> LedgerTrouble {
        meant(&self.path, &error)
    }
}

/// What an error of the database means.
pub(super) fn meant(path: &Path, error: &rusqlite::Error) -> LedgerTrouble {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerTrouble::Full { path },
        Some(ErrorCode::NotADatabase) => LedgerTrouble::WrongKey { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerTrouble::Locked { path },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            LedgerTrouble::Disk { path, source: std::io::Error::other("it cannot be written") }
        }
        Some(ErrorCode::SystemIoFailure) => {
            LedgerTrouble::Disk { path, source: std::io::Error::other("the disk fails, or is full") }
        }
        // The message names tables and constraints, never values.
        _ => LedgerTrouble::Database(error.to_string()),
    }
}

fn connect(path: &Path, key: &LedgerKey) -> Result<Connection, LedgerTrouble> {
    let failed = |error: rusqlite::Error| meant(path, &error);
    let connection = Connection::open(path).map_err(failed)?;
    let digits = crate::domain::hexadecimal(key.0.expose_secret());
    // Without this SQLCipher writes its own lines to standard error when a key is wrong.
    connection.pragma_update(None, "cipher_log_level", "NONE").map_err(failed)?;
    connection.pragma_update(None, "key", format!("x'{digits}'")).map_err(failed)?;
    let cipher: Option<String> = connection.query_row("PRAGMA cipher_version", [], |row| row.get(0)).ok();
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(LedgerTrouble::NotEncrypted { path: path.to_owned() });
    }
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;",
        )
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn refuse_plain(path: &Path) -> Result<(), LedgerTrouble> {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    match read {
        Ok(_) if head == b"SQLite format 3\0" => Err(LedgerTrouble::NotEncrypted { path: path.to_owned() }),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LedgerTrouble::Disk { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Makes the file for its owner only, before the database does: its journals take over its mode.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// A value as the ledger keeps it.
pub(super) fn encode(value: &impl Serialize) -> Result<String, LedgerTrouble> {
    serde_json::to_string(value).map_err(|_| LedgerTrouble::Damaged { what: "a value on its way in".to_owned() })
}

/// A value of the ledger. The error never shows it.
pub(super) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, LedgerTrouble> {
    serde_json::from_str(text).map_err(|_| LedgerTrouble::Damaged { what: what.to_owned() })
}

/// An id or count as SQLite keeps it.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count as SQLite keeps it, as we do.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
