//! One connection to the file, as the seam has it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};
use secrecy::{ExposeSecret as _, SecretBox};

use super::migration;
use crate::calendar::Clock;
use crate::ledger::engine::address::Scheme;
use crate::ledger::engine::value::{Columns, Value};
use crate::ledger::engine::verbs::{Engine, Take};
use crate::ledger::{LedgerKey, LedgerTrouble};

/// How long a short transaction waits for another process's short transaction.
const BUSY: Duration = Duration::from_secs(10);
/// More than the ledger has statements.
const STATEMENTS: usize = 256;

pub(in crate::ledger::engine) const SCHEME: Scheme = Scheme {
    name: "sqlite",
    help: "write `sqlite:` and a path on a local disk, for instance \"sqlite:state/ledger.db\"",
    open: |path, key, clock| Ok(Box::new(Sqlite::open(path, key, clock)?)),
};

/// How the conformance suite opens one.
#[cfg(test)]
pub(in crate::ledger::engine) const TESTED: crate::ledger::engine::conformance::Tested =
    crate::ledger::engine::conformance::Tested {
        address: |folder, name| crate::ledger::Address::file(folder.join(name)),
    };

struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// The file that was opened; nothing where another was put in its place meanwhile.
    file: Option<FileId>,
    key: LedgerKey,
}

impl Sqlite {
    fn open(path: &Path, key: LedgerKey, clock: Clock) -> Result<Self, LedgerTrouble> {
        let disk = |source| LedgerTrouble::Disk { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder).map_err(disk)?;
        }
        refuse_plain(path)?;
        private_file(path).map_err(disk)?;
        let file = FileId::at(path);
        let mut connection = connect(path, &key)?;
        migration::run(&mut connection, path, &clock.now().to_string())?;
        let file = file.filter(|file| FileId::at(path) == Some(*file));
        Ok(Self { connection, path: path.to_owned(), file, key })
    }

    fn failed(&self, error: &rusqlite::Error) -> LedgerTrouble {
        meant(&self.path, error)
    }

    fn prepared(&self, sql: &str, values: &[Value<'_>]) -> Result<CachedStatement<'_>, LedgerTrouble> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(&error))?;
        if statement.parameter_count() != values.len() {
            return Err(LedgerTrouble::Database {
                what: "a statement has other parameters than it was given".to_owned(),
                code: None,
            });
        }
        for (at, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, value).map_err(|error| self.failed(&error))?;
        }
        Ok(statement)
    }

    fn batch(&self, sql: &str) -> Result<(), LedgerTrouble> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(|error| self.failed(&error))
    }
}

impl Engine for Sqlite {
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, LedgerTrouble> {
        let changed = self.prepared(sql, values)?.raw_execute().map_err(|error| self.failed(&error))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn query(&self, sql: &str, values: &[Value<'_>], take: &mut Take<'_>) -> Result<(), LedgerTrouble> {
        let mut statement = self.prepared(sql, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            if take(&Stepped { row, path: &self.path })?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), LedgerTrouble> {
        self.batch("BEGIN IMMEDIATE")
    }

    fn commit(&self) -> Result<(), LedgerTrouble> {
        self.batch("COMMIT")
    }

    fn rollback(&self) -> Result<(), LedgerTrouble> {
        self.batch("ROLLBACK")
    }

    fn backup(&self, to: &Path) -> Result<Box<dyn Engine>, LedgerTrouble> {
        let disk = |source| LedgerTrouble::Disk { path: to.to_owned(), source };
        if to.exists() {
            return Err(disk(std::io::ErrorKind::AlreadyExists.into()));
        }
        private_file(to).map_err(disk)?;
        let mut copy = connect(to, &self.key)?;
        let failed = |error: rusqlite::Error| self.failed(&error);
        let backup = rusqlite::backup::Backup::new(&self.connection, &mut copy).map_err(failed)?;
        backup.run_to_completion(1_000, Duration::ZERO, None).map_err(failed)?;
        drop(backup);
        Ok(Box::new(Self { connection: copy, path: to.to_owned(), file: FileId::at(to), key: again(&self.key) }))
    }

    fn is_current(&self) -> Result<bool, LedgerTrouble> {
        let is_there = self.file.is_some() && self.file == FileId::at(&self.path);
        Ok(is_there && migration::is_known(&self.connection).map_err(|error| self.failed(&error))?)
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |about| about.len())
    }

    #[cfg(test)]
    fn plan(&self, sql: &str) -> Vec<String> {
        let mut plan = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let unbound = rusqlite::params_from_iter(vec![None::<i64>; plan.parameter_count()]);
        let steps = plan.query_map(unbound, |row| row.get(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The row at which a statement stands.
struct Stepped<'r> {
    row: &'r rusqlite::Row<'r>,
    path: &'r Path,
}

impl Columns for Stepped<'_> {
    fn width(&self) -> usize {
        self.row.as_ref().column_count()
    }

    fn column(&self, at: usize) -> Result<Value<'_>, LedgerTrouble> {
        let damaged = || LedgerTrouble::Damaged { what: format!("column {} of a row", at + 1) };
        match self.row.get_ref(at).map_err(|error| meant(self.path, &error))? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Integer(number)),
            ValueRef::Text(text) => std::str::from_utf8(text).map(Value::Text).map_err(|_| damaged()),
            ValueRef::Blob(bytes) => Ok(Value::Blob(bytes)),
            ValueRef::Real(_) => Err(damaged()),
        }
    }
}

/// What tells one file from another that was put in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// The file that lies at a path now; nothing where there is none.
    #[cfg(unix)]
    fn at(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).ok().map(|file| Self(file.dev(), file.ino()))
    }

    /// Where a file that is open cannot be taken away, the one that is there is the one that was opened.
    #[cfg(not(unix))]
    fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|_| Self(0, 0))
    }
}

/// The same key once more, for a copy of the ledger.
fn again(key: &LedgerKey) -> LedgerKey {
    LedgerKey(SecretBox::new(Box::new(*key.0.expose_secret())))
}
/// What an error of the database means.
pub(super) fn meant(path: &Path, error: &rusqlite::Error) -> LedgerTrouble {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerTrouble::Full { path },
        Some(ErrorCode::NotADatabase) => LedgerTrouble::WrongKey { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerTrouble::Busy { path, work: None },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            LedgerTrouble::Disk { path, source: std::io::Error::other("it cannot be written") }
        }
        Some(ErrorCode::SystemIoFailure) => {
            LedgerTrouble::Disk { path, source: std::io::Error::other("the disk fails, or is full") }
        }
        // The message names tables and constraints, never values.
        _ => {
            let code = error.sqlite_error().map(|error| error.extended_code);
            LedgerTrouble::Database { what: error.to_string(), code }
        }
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
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
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
