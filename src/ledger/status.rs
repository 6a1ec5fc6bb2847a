//! The ledger at a glance.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::store::count;
use super::{Ledger, LedgerTrouble};

/// What the ledger holds.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Submissions.
    pub submissions: u64,
    /// Their revisions.
    pub revisions: u64,
    /// Documents.
    pub documents: u64,
    /// Events.
    pub events: u64,
    /// Persons.
    pub persons: u64,
    /// Records that wait in quarantine.
    pub quarantined: u64,
    /// Outcomes.
    pub outcomes: u64,
    /// Write-backs by state.
    pub write_backs: BTreeMap<String, u64>,
    /// Entries of the audit trail.
    pub audit_entries: u64,
    /// When the last file was begun.
    pub last_file_at: Option<String>,
    /// Bytes on disk.
    pub bytes: u64,
    /// A hash over what the ledger holds, times left out: two ledgers that hold the same have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Ledger {
    /// What the ledger holds; with a hash over all of it where that is asked for, which reads all of it.
    pub fn status(&self, with_digest: bool) -> Result<Status, LedgerTrouble> {
        let failed = |error: rusqlite::Error| self.failed(error);
        let counted =
            |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(count).map_err(failed);
        let mut states =
            self.connection.prepare("SELECT state, count(*) FROM write_back GROUP BY state").map_err(failed)?;
        let states = states.query_map([], |row| Ok((row.get::<_, String>(0)?, count(row.get(1)?)))).map_err(failed)?;
        Ok(Status {
            submissions: counted("SELECT count(*) FROM submission")?,
            revisions: counted("SELECT count(*) FROM revision")?,
            documents: counted("SELECT count(*) FROM record WHERE extract = 'documents'")?,
            events: counted("SELECT count(*) FROM record WHERE extract = 'events'")?,
            persons: counted("SELECT count(*) FROM record WHERE extract = 'persons'")?,
            quarantined: self.quarantine_waiting()?,
            outcomes: counted("SELECT count(*) FROM outcome")?,
            write_backs: states.collect::<Result<_, _>>().map_err(failed)?,
            audit_entries: counted("SELECT count(*) FROM audit")?,
            last_file_at: self
                .connection
                .query_row("SELECT max(at) FROM file", [], |row| row.get(0))
                .map_err(failed)?,
            bytes: std::fs::metadata(&self.path).map_or(0, |about| about.len()),
            digest: with_digest.then(|| self.digest()).transpose().map_err(failed)?,
        })
    }

    /// A hash over what the ledger holds. Times and the order of arrival do not count.
    fn digest(&self) -> Result<String, rusqlite::Error> {
        const TABLES: [&str; 6] = [
            "SELECT submission || ' ' || number || ' ' || hex(content_hash) FROM revision ORDER BY submission, number",
            "SELECT authority || ' ' || person || ' ' || submission FROM subject ORDER BY 1",
            "SELECT extract || ' ' || authority || ' ' || person || ' ' || key || ' ' || hex(content_hash) FROM record ORDER BY 1",
            "SELECT authority || ' ' || file || ' ' || place || ' ' || reason || ' ' || state FROM quarantine ORDER BY 1",
            "SELECT submission || ' ' || person || ' ' || sitting || ' ' || revision || ' ' || state FROM outcome ORDER BY 1",
            "SELECT id || ' ' || state FROM write_back ORDER BY id",
        ];
        let mut digest = Sha256::new();
        for table in TABLES {
            let mut rows = self.connection.prepare(table)?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                digest.update(row.get::<_, String>(0)?);
                digest.update(b"\n");
            }
        }
        Ok(crate::domain::hexadecimal(&digest.finalize()))
    }
}
