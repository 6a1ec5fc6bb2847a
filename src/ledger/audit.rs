//! The audit trail: a chain in which every entry holds the hash of the one before.
//!
//! A change and its entry are one transaction. A batch of an import is one entry over all that it changed.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::engine::{Database, Row, Transaction, Value, params};
use super::learning::looked_at;
use super::store::{count, decode, number};
use super::{Ledger, LedgerTrouble, look};
use crate::domain::{State, WriteBack, hexadecimal};

/// Who does something: a role and, where it is known, the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// A role, and the account under which the operating system knows whoever runs tessera.
    pub fn new(role: &str, account: Option<&str>) -> Self {
        Self(account.map_or_else(|| role.to_owned(), |account| format!("{role}:{account}")))
    }

    /// The actor as the trail keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What `audit verify` has found.
#[derive(Debug, Clone, Serialize)]
pub struct AuditVerdict {
    /// Whether the chain is whole and agrees with what the ledger holds.
    pub whole: bool,
    /// Entries of the chain.
    pub entries: u64,
    /// The hash of the last entry: note it elsewhere, and nobody can cut the chain unseen.
    pub head: String,
    /// What is wrong.
    pub broken: Option<String>,
}

/// An entry of the trail, with the hashes by which anybody can recompute the chain.
#[derive(Debug, Clone, Serialize)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub sequence: u64,
    /// When.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: a request, a write-back, a file.
    pub subject: String,
    /// The hash of what was there before, in hexadecimal digits.
    pub before: String,
    /// The hash of what is there now.
    pub after: String,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash of this entry.
    pub hash: String,
    /// Mosaic's id of what was written, where this entry is a receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Whom it has shown besides, where this entry is a look: requests, and children as `person ID`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
}

/// What an entry says.
pub(super) struct Said<'a> {
    pub(super) actor: &'a Actor,
    pub(super) action: &'a str,
    pub(super) subject: &'a str,
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
}

/// The number that the next entry will have.
pub(super) fn next(database: &Database) -> Result<i64, LedgerTrouble> {
    database.one("SELECT coalesce(max(sequence), 0) + 1 FROM audit", &[], |row| row.get(0))
}

/// Appends an entry within the transaction of the change it tells.
pub(super) fn append(transaction: &Transaction<'_>, at: &str, said: &Said<'_>) -> Result<i64, LedgerTrouble> {
    let last: Option<(i64, Vec<u8>)> =
        transaction.first("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1", &[], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (sequence, previous) = last.map_or((1, Vec::new()), |(sequence, hash)| (sequence + 1, hash));
    let hash = hash(sequence, at, said.actor.as_str(), said.action, said.subject, said.before, said.after, &previous);
    transaction.execute(
        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            sequence,
            at,
            said.actor.as_str(),
            said.action,
            said.subject,
            said.before,
            said.after,
            &previous,
            &hash,
        ],
    )?;
    Ok(sequence)
}

/// The hash of an entry: every part with its length before it, so that no two entries look alike.
#[expect(clippy::too_many_arguments, reason = "these are the columns of an entry, each of which counts")]
fn hash(
    sequence: i64,
    at: &str,
    actor: &str,
    action: &str,
    subject: &str,
    before: &[u8],
    after: &[u8],
    previous: &[u8],
) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(sequence.to_le_bytes());
    for part in [at.as_bytes(), actor.as_bytes(), action.as_bytes(), subject.as_bytes(), before, after, previous] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

/// The hash of a value as the ledger keeps it.
pub(super) fn fingerprint(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

impl Ledger {
    /// The whole trail, first to last.
    pub fn audit_trail(&self) -> Result<Vec<AuditEntry>, LedgerTrouble> {
        self.trail_where("1 = 1 ORDER BY a.sequence", &[])
    }

    /// The entries that meet a condition, in the order that it names.
    pub(super) fn trail_where(
        &self,
        condition: &str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<AuditEntry>, LedgerTrouble> {
        let sql = format!(
            "SELECT a.sequence, a.at, a.actor, a.action, a.subject, a.before, a.after, a.previous, a.hash,
             w.payload
             FROM audit a LEFT JOIN write_back w ON w.id = a.subject AND a.action = 'sent' WHERE {condition}"
        );
        let mut entries = self.database.rows(&sql, parameters, |row| {
            let hash = |at: usize| row.get::<Vec<u8>>(at).map(|hash| hexadecimal(&hash));
            Ok(AuditEntry {
                sequence: count(row.get(0)?),
                at: row.get(1)?,
                actor: row.get(2)?,
                action: row.get(3)?,
                subject: row.get(4)?,
                before: hash(5)?,
                after: hash(6)?,
                previous: hash(7)?,
                hash: hash(8)?,
                receipt: row.get::<Option<String>>(9)?.and_then(|payload| receipt(&payload)),
                ids: Vec::new(),
            })
        })?;
        for entry in entries.iter_mut().filter(|entry| look::holds_ids(entry)) {
            entry.ids = look::ids(&self.database, number(entry.sequence))?;
        }
        Ok(entries)
    }

    /// Writes something into the trail that changes nothing else.
    pub fn note(&mut self, actor: &Actor, action: &str, subject: &str) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        append(&transaction, &at, &Said { actor, action, subject, before: &[], after: &[] })?;
        transaction.commit()
    }

    /// Recomputes the chain, and compares it with what the ledger holds: every revision of every submission, every
    /// outcome, every write-back, what people have stated and answered for, what the latest extracts say, what could not
    /// be read of them, and what the first look at each request has said.
    ///
    /// `noted` is the hash of an entry that was noted elsewhere: that it is not in the chain any more shows that the
    /// chain was cut, which the chain itself cannot.
    pub fn audit_verify(&self, noted: Option<&str>) -> Result<AuditVerdict, LedgerTrouble> {
        let mut verdict = AuditVerdict { whole: true, entries: 0, head: String::new(), broken: None };
        let (mut wanted, mut last) = (1_i64, Vec::new());
        let mut is_noted = noted.is_none();
        let sql =
            "SELECT sequence, at, actor, action, subject, before, after, previous, hash FROM audit ORDER BY sequence";
        let broken = self.database.find(sql, &[], |row| {
            let entry = Stored::of(row)?;
            if entry.sequence != wanted || entry.previous != last || entry.hash != entry.computed() {
                return Ok(Some(format!("entry {wanted} is not what was written")));
            }
            if entry.action == "imported" && self.imported(entry.sequence)? != entry.after {
                return Ok(Some(format!("what entry {wanted} has taken was changed afterwards")));
            }
            if entry.action == "first-look" && looked_at(&self.database, entry.sequence)? != entry.after {
                return Ok(Some(format!("what the first look of entry {wanted} has said was changed afterwards")));
            }
            if !look::is_whole(&self.database, entry.sequence, &entry.action, &entry.after)? {
                return Ok(Some(format!("whom entry {wanted} has shown was changed afterwards")));
            }
            wanted += 1;
            last = entry.hash;
            is_noted = is_noted || noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&hexadecimal(&last)));
            Ok(None)
        })?;
        verdict.entries = count(wanted - 1);
        verdict.head = hexadecimal(&last);
        let broken =
            broken.or_else(|| (!is_noted).then(|| "the entry that was noted is not in it any more".to_owned()));
        let without = if broken.is_none() { look::without_entry(&self.database)? } else { None };
        let broken =
            broken.or_else(|| without.map(|entry| format!("entry {entry} has shown somebody and is not there")));
        verdict.broken = match broken {
            None => self.first_difference()?,
            broken => broken,
        };
        verdict.whole = verdict.broken.is_none();
        Ok(verdict)
    }

    /// The hash over everything that one batch has taken.
    pub(super) fn imported(&self, entry: i64) -> Result<Vec<u8>, LedgerTrouble> {
        imported(&self.database, entry)
    }
}

/// Mosaic's id of what was written.
fn receipt(payload: &str) -> Option<String> {
    match decode::<WriteBack>("a write-back", payload).ok()?.state {
        State::Sent { receipt } => Some(receipt.mosaic_id),
        _ => None,
    }
}

/// The hash over the revisions of an entry, and over what it settled in quarantine.
pub(super) fn imported(database: &Database, entry: i64) -> Result<Vec<u8>, LedgerTrouble> {
    let mut digest = Sha256::new();
    let sql = "SELECT submission, number, content_hash FROM revision WHERE entry = ?1 ORDER BY submission, number";
    database.each(sql, params![entry], |row| {
        let (id, number, hash): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        digest.update(id);
        digest.update(number.to_le_bytes());
        digest.update(hash);
        Ok(())
    })?;
    let sql = "SELECT id FROM quarantine WHERE settled = ?1 ORDER BY id";
    database.each(sql, params![entry], |row| {
        digest.update("settled");
        digest.update(row.get::<i64>(0)?.to_le_bytes());
        Ok(())
    })?;
    Ok(digest.finalize().to_vec())
}

struct Stored {
    sequence: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    before: Vec<u8>,
    after: Vec<u8>,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn of(row: &Row<'_>) -> Result<Self, LedgerTrouble> {
        Ok(Self {
            sequence: row.get(0)?,
            at: row.get(1)?,
            actor: row.get(2)?,
            action: row.get(3)?,
            subject: row.get(4)?,
            before: row.get(5)?,
            after: row.get(6)?,
            previous: row.get(7)?,
            hash: row.get(8)?,
        })
    }

    fn computed(&self) -> Vec<u8> {
        let Self { sequence, at, actor, action, subject, before, after, previous, hash: _ } = self;
        hash(*sequence, at, actor, action, subject, before, after, previous)
    }
}
