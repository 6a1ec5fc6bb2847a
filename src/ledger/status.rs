//! The ledger at a glance.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::store::count;
use super::{Ledger, LedgerTrouble};
use crate::domain::hexadecimal;

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
        let counted = |sql: &str| self.database.one(sql, &[], |row| row.get::<i64>(0)).map(count);
        let sql = "SELECT state, count(*) FROM write_back GROUP BY state";
        let states = self.database.rows(sql, &[], |row| Ok((row.get::<String>(0)?, count(row.get(1)?))))?;
        Ok(Status {
            submissions: counted("SELECT count(*) FROM submission")?,
            revisions: counted("SELECT count(*) FROM revision")?,
            documents: counted("SELECT count(*) FROM record WHERE extract = 'documents'")?,
            events: counted("SELECT count(*) FROM record WHERE extract = 'events'")?,
            persons: counted("SELECT count(*) FROM record WHERE extract = 'persons'")?,
            quarantined: self.quarantine_waiting()?,
            outcomes: counted("SELECT count(*) FROM outcome")?,
            write_backs: states.into_iter().collect(),
            audit_entries: counted("SELECT count(*) FROM audit")?,
            last_file_at: self.database.one("SELECT max(at) FROM file", &[], |row| row.get(0))?,
            bytes: self.database.bytes(),
            digest: with_digest.then(|| self.digest()).transpose()?,
        })
    }

    /// A hash over what the ledger holds. Times and the order of arrival do not count.
    fn digest(&self) -> Result<String, LedgerTrouble> {
        const TABLES: [&str; 6] = [
            "SELECT submission || ' ' || number, content_hash FROM revision ORDER BY submission, number",
            "SELECT authority || ' ' || person || ' ' || submission FROM subject ORDER BY 1",
            "SELECT extract || ' ' || authority || ' ' || person || ' ' || key, content_hash FROM record ORDER BY 1",
            "SELECT authority || ' ' || file || ' ' || place || ' ' || reason || ' ' || state FROM quarantine ORDER BY 1",
            "SELECT submission || ' ' || person || ' ' || sitting || ' ' || revision || ' ' || state FROM outcome ORDER BY 1",
            "SELECT id || ' ' || state FROM write_back ORDER BY id",
        ];
        let mut digest = Sha256::new();
        for table in TABLES {
            self.database.each(table, &[], |row| {
                digest.update(row.get::<String>(0)?);
                if row.width() > 1 {
                    digest.update(format!(" {}", hexadecimal(&row.get::<Vec<u8>>(1)?).to_uppercase()));
                }
                digest.update(b"\n");
                Ok(())
            })?;
        }
        Ok(hexadecimal(&digest.finalize()))
    }
}
