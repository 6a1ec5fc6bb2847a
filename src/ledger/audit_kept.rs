//! What the latest extracts say, and what could not be read of them.
//!
//! Both are kept as they are now: a later file takes the place of an earlier one, and no entry of the trail about one
//! batch could tell what is left of it. So the trail tells, at the end of every file, what all files of its kind have
//! left, and what it told last must be there until the next batch.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::audit::fingerprint;
use super::engine::{Database, Value, params};
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
pub(super) fn left(database: &Database, authority: &str, extract: &str) -> Result<Vec<u8>, LedgerTrouble> {
    let mut digest = Sha256::new();
    for sql in LEFT {
        database.each(sql, params![authority, extract], |row| {
            digest.update("row");
            row.values().try_for_each(|value| value.map(|value| absorb(&mut digest, value)))
        })?;
    }
    Ok(digest.finalize().to_vec())
}

/// Every value with its kind and its length before it, so that no two rows look alike.
fn absorb(digest: &mut Sha256, value: Value<'_>) {
    let mut part = |kind: u8, bytes: &[u8]| {
        digest.update([kind]);
        digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(bytes);
    };
    match value {
        Value::Null => part(0, &[]),
        Value::Integer(number) => part(1, &number.to_le_bytes()),
        Value::Text(text) => part(3, text.as_bytes()),
        Value::Blob(bytes) => part(4, bytes),
    }
}

impl Ledger {
    /// The first extract whose files have left something else than the trail says.
    pub(super) fn first_wrong_kept(&self) -> Result<Option<String>, LedgerTrouble> {
        for (authority, extract) in self.extracts()? {
            let subject = subject(&authority, &extract);
            let told: Option<(i64, Vec<u8>)> = self.database.first(
                "SELECT sequence, after FROM audit WHERE subject = ?1 AND action = ?2 ORDER BY sequence DESC LIMIT 1",
                params![subject.as_str(), KEPT],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            // A file whose reading died is gone on with by the next import, and told of at its end.
            let is_reading: bool = self.database.one(
                "SELECT EXISTS (SELECT 1 FROM audit a JOIN file f ON f.sha256 = a.before
                     WHERE a.action = 'imported' AND a.sequence > ?1 AND f.authority = ?2 AND f.extract = ?3)",
                params![told.as_ref().map_or(0, |(sequence, _)| *sequence), authority, extract],
                |row| row.get(0),
            )?;
            if is_reading {
                continue;
            }
            let left = left(&self.database, &authority, &extract)?;
            if told.is_none_or(|(_, after)| after != left) {
                return Ok(Some(format!("what the files of {subject} have left is not as the trail says")));
            }
        }
        self.first_wrong_settlement()
    }

    /// Every authority and extract that the ledger holds anything of, or that the trail tells of.
    fn extracts(&self) -> Result<BTreeSet<(String, String)>, LedgerTrouble> {
        let sql = "SELECT authority, extract FROM file UNION SELECT authority, extract FROM record
            UNION SELECT authority, extract FROM quarantine";
        let rows = self.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut extracts: BTreeSet<(String, String)> = rows.into_iter().collect();
        let sql = "SELECT DISTINCT subject FROM audit WHERE action = ?1";
        let told: Vec<String> = self.database.rows(sql, params![KEPT], |row| row.get(0))?;
        let named = |subject: String| subject.split_once('/').map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        extracts.extend(told.into_iter().filter_map(named));
        Ok(extracts)
    }

    /// What became of everything in quarantine is what a person or a later export has made of it, and why.
    fn first_wrong_settlement(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT q.id, q.state, q.why, q.settled IS NOT NULL
                          AND EXISTS (SELECT 1 FROM audit WHERE sequence = q.settled AND action = 'imported'), a.action, a.before
                   FROM quarantine q LEFT JOIN audit a
                   ON a.subject = 'quarantine ' || q.id AND a.action IN ('replayed', 'discarded')";
        self.database.find(sql, &[], |row| {
            let (id, state, why): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (brought, action): (bool, Option<String>) = (row.get(3)?, row.get(4)?);
            let before: Option<Vec<u8>> = row.get(5)?;
            let is_as_told = match action {
                Some(action) => state == action && !brought && before == Some(reason(why.as_deref())),
                None => why.is_none() && state == if brought { "taken-later" } else { "waiting" },
            };
            Ok((!is_as_told).then(|| format!("what became of entry {id} of the quarantine is not as the trail says")))
        })
    }
}

/// How the trail holds why something in quarantine was given up.
pub(super) fn reason(why: Option<&str>) -> Vec<u8> {
    why.map(fingerprint).unwrap_or_default()
}
