//! What the latest extracts say, and what could not be read of them.
//!
//! Both are kept as they are now: a later file takes the place of an earlier one, and no entry of the trail about one
//! batch could tell what is left of it. So the trail tells, at the end of every file, what all files of its kind have
//! left, and what it told last must be there until the next batch.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::audit::fingerprint;
use super::{Ledger, LedgerTrouble};

/// What stands in the trail at the end of a file.
pub(super) const KEPT: &str = "kept";

/// What the files of one authority and extract have left, without what becomes of it afterwards.
const LEFT: [&str; 2] = [
    "SELECT person, key, content_hash, payload, file, entry FROM record
     WHERE authority = ?1 AND extract = ?2 ORDER BY person, key",
    "SELECT id, file, path, sha256, place, reason, message, help, submission, record, at FROM quarantine
     WHERE authority = ?1 AND extract = ?2 ORDER BY id",
];

/// How the trail names all files of one authority and extract.
pub(super) fn subject(authority: &str, extract: &str) -> String {
    format!("{authority}/{extract}")
}

/// The hash over what the files of one authority and extract have left.
pub(super) fn left(connection: &Connection, authority: &str, extract: &str) -> Result<Vec<u8>, rusqlite::Error> {
    let mut digest = Sha256::new();
    for sql in LEFT {
        let mut query = connection.prepare_cached(sql)?;
        let columns = query.column_count();
        let mut rows = query.query([authority, extract])?;
        while let Some(row) = rows.next()? {
            digest.update("row");
            for column in 0..columns {
                absorb(&mut digest, row.get_ref(column)?);
            }
        }
    }
    Ok(digest.finalize().to_vec())
}

/// Every value with its kind and its length before it, so that no two rows look alike.
fn absorb(digest: &mut Sha256, value: ValueRef<'_>) {
    let mut part = |kind: u8, bytes: &[u8]| {
        digest.update([kind]);
        digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(bytes);
    };
    match value {
        ValueRef::Null => part(0, &[]),
        ValueRef::Integer(number) => part(1, &number.to_le_bytes()),
        ValueRef::Real(number) => part(2, &number.to_le_bytes()),
        ValueRef::Text(text) => part(3, text),
        ValueRef::Blob(bytes) => part(4, bytes),
    }
}

impl Ledger {
    /// The first extract whose files have left something else than the trail says.
    pub(super) fn first_wrong_kept(&self) -> Result<Option<String>, LedgerTrouble> {
        for (authority, extract) in self.extracts()? {
            let subject = subject(&authority, &extract);
            let told: Option<(i64, Vec<u8>)> = self
                .connection
                .query_row(
                    "SELECT sequence, after FROM audit WHERE subject = ?1 AND action = ?2 ORDER BY sequence DESC LIMIT 1",
                    [subject.as_str(), KEPT],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
                .map_err(|error| self.failed(error))?;
            // A file whose reading died is gone on with by the next import, and told of at its end.
            let is_reading: bool = self
                .connection
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM audit a JOIN file f ON f.sha256 = a.before
                     WHERE a.action = 'imported' AND a.sequence > ?1 AND f.authority = ?2 AND f.extract = ?3)",
                    params![told.as_ref().map_or(0, |(sequence, _)| *sequence), authority, extract],
                    |row| row.get(0),
                )
                .map_err(|error| self.failed(error))?;
            if is_reading {
                continue;
            }
            let left = left(&self.connection, &authority, &extract).map_err(|error| self.failed(error))?;
            if told.is_none_or(|(_, after)| after != left) {
                return Ok(Some(format!("what the files of {subject} have left is not as the trail says")));
            }
        }
        self.first_wrong_settlement()
    }

    /// Every authority and extract that the ledger holds anything of, or that the trail tells of.
    fn extracts(&self) -> Result<BTreeSet<(String, String)>, LedgerTrouble> {
        let sql = "SELECT authority, extract FROM file UNION SELECT authority, extract FROM record
                   UNION SELECT authority, extract FROM quarantine
                   UNION SELECT substr(subject, 1, instr(subject, '/') - 1), substr(subject, instr(subject, '/') + 1)
                         FROM audit WHERE action = ?1";
        let mut query = self.connection.prepare(sql).map_err(|error| self.failed(error))?;
        let rows = query.query_map([KEPT], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(|error| self.failed(error))
    }

    /// What became of everything in quarantine is what a person or a later export has made of it, and why.
    fn first_wrong_settlement(&self) -> Result<Option<String>, LedgerTrouble> {
        let failed = |error: rusqlite::Error| self.failed(error);
        let sql = "SELECT q.id, q.state, q.why, q.settled IS NOT NULL
                          AND EXISTS (SELECT 1 FROM audit WHERE sequence = q.settled AND action = 'imported'), a.action, a.before
                   FROM quarantine q LEFT JOIN audit a
                   ON a.subject = 'quarantine ' || q.id AND a.action IN ('replayed', 'discarded')";
        let mut query = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = query.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            type Row = (i64, String, Option<String>, bool, Option<String>, Option<Vec<u8>>);
            let read = || {
                let said = (row.get(4)?, row.get(5)?);
                Ok::<Row, rusqlite::Error>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, said.0, said.1))
            };
            let (id, state, why, brought, action, before) = read().map_err(failed)?;
            let is_as_told = match action {
                Some(action) => state == action && !brought && before == Some(reason(why.as_deref())),
                None => why.is_none() && state == if brought { "taken-later" } else { "waiting" },
            };
            if !is_as_told {
                return Ok(Some(format!("what became of entry {id} of the quarantine is not as the trail says")));
            }
        }
        Ok(None)
    }
}

/// How the trail holds why something in quarantine was given up.
pub(super) fn reason(why: Option<&str>) -> Vec<u8> {
    why.map(fingerprint).unwrap_or_default()
}
