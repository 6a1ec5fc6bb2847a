//! What was read of papers that were handed in beside the record and kept with a request. The papers themselves are
//! not here: their home is Mosaic.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::audit::{self, Said, fingerprint};
use super::engine::params;
use super::store::{count, decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{Document, SubmissionId, hexadecimal};

/// What was read of a paper, as it is kept for one child of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// By what it is named: the same for the same file. It tells nothing about the file.
    pub key: String,
    /// What was read of it, and whose pack it is in.
    pub document: Document,
    /// Who kept it.
    pub by: String,
    /// When.
    pub at: String,
}

/// Entries of the trail about papers of one request: who, when, and the hash of what was kept or taken away.
type Told = BTreeMap<(String, Vec<u8>), Vec<(String, String)>>;

impl Ledger {
    /// Keeps what was read of papers with a request. One that is there already stays as it is. How many are new.
    pub fn keep_papers(
        &mut self,
        id: &SubmissionId,
        papers: &[Document],
        actor: &Actor,
    ) -> Result<usize, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let mut new = 0;
        for paper in papers {
            let (person, key, payload) = (number(paper.person.number()), key(id, paper), encode(paper)?);
            let inserted = transaction.execute(
                "INSERT INTO kept_paper VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (submission, person, key) DO NOTHING",
                params![id.as_str(), person, key, payload, actor.as_str(), at],
            )?;
            if inserted == 0 {
                continue;
            }
            new += 1;
            let after = fingerprint(&kept(person, &key, &payload));
            let said = Said { actor, action: "pack-kept", subject: id.as_str(), before: &[], after: &after };
            audit::append(&transaction, &at, &said)?;
        }
        transaction.commit()?;
        Ok(new)
    }

    /// Takes a kept paper away, from every child's pack that it is in. How many it was in.
    pub fn forget_paper(
        &mut self,
        id: &SubmissionId,
        key: &str,
        reason: &str,
        actor: &Actor,
    ) -> Result<usize, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let rows: Vec<(i64, String)> = transaction.rows(
            "SELECT person, payload FROM kept_paper WHERE submission = ?1 AND key = ?2 ORDER BY person",
            params![id.as_str(), key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        for (person, payload) in &rows {
            transaction.execute(
                "DELETE FROM kept_paper WHERE submission = ?1 AND person = ?2 AND key = ?3",
                params![id.as_str(), person, key],
            )?;
            transaction.execute(
                "INSERT INTO forgotten_paper (submission, person, key, reason, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id.as_str(), person, key, reason, actor.as_str(), at],
            )?;
            let before = fingerprint(&kept(*person, key, payload));
            let after = fingerprint(&kept(*person, key, reason));
            let said = Said { actor, action: "pack-forgotten", subject: id.as_str(), before: &before, after: &after };
            audit::append(&transaction, &at, &said)?;
        }
        transaction.commit()?;
        Ok(rows.len())
    }

    /// The papers that are kept with a request, in the order in which they were kept.
    pub fn kept_papers(&self, id: &SubmissionId) -> Result<Vec<KeptRow>, LedgerTrouble> {
        type Row = (String, String, String, String);
        let sql = "SELECT key, payload, by, at FROM kept_paper WHERE submission = ?1 ORDER BY at, key, person";
        let rows: Vec<Row> = self
            .database
            .rows(sql, params![id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let rows = rows
            .into_iter()
            .map(|(key, payload, by, at)| Ok(KeptRow { key, document: decode("a kept paper", &payload)?, by, at }));
        rows.collect()
    }

    /// Every kept paper is there as the trail says, kept by whom and when it says; none is gone and none has come.
    pub(super) fn first_wrong_paper(&self) -> Result<Option<String>, LedgerTrouble> {
        let (mut there, gone) = self.told_papers()?;
        let wrong = |id: &str| Ok(Some(format!("the papers kept with {id} are not as the trail says")));
        let sql = "SELECT submission, person, key, payload, by, at FROM kept_paper";
        for (id, text, by, at) in self.paper_rows(sql)? {
            match there.remove(&(id.clone(), fingerprint(&text))) {
                Some(told) if told.last() == Some(&(by, at)) => {}
                _ => return wrong(&id),
            }
        }
        if let Some(((id, _), _)) = there.first_key_value() {
            return wrong(id);
        }
        let mut forgotten = Told::new();
        let sql = "SELECT submission, person, key, reason, by, at FROM forgotten_paper ORDER BY id";
        for (id, text, by, at) in self.paper_rows(sql)? {
            forgotten.entry((id, fingerprint(&text))).or_default().push((by, at));
        }
        let mut all = forgotten.keys().chain(gone.keys());
        match all.find(|about| forgotten.get(*about) != gone.get(*about)) {
            Some((id, _)) => wrong(id),
            None => Ok(None),
        }
    }

    /// What the trail says is kept, and what it says was taken away.
    fn told_papers(&self) -> Result<(Told, Told), LedgerTrouble> {
        let (mut there, mut gone) = (Told::new(), Told::new());
        let sql = "SELECT subject, actor, at, action = 'pack-kept', before, after FROM audit
                   WHERE action IN ('pack-kept', 'pack-forgotten') ORDER BY sequence";
        self.database.each(sql, &[], |row| {
            let (id, actor, at): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (is_kept, before, after): (bool, Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?, row.get(5)?);
            if !is_kept {
                there.remove(&(id.clone(), before));
            }
            let told = if is_kept { &mut there } else { &mut gone };
            told.entry((id, after)).or_default().push((actor, at));
            Ok(())
        })?;
        Ok((there, gone))
    }

    /// Rows of a table of papers: the request, what its hash is over, who, and when.
    fn paper_rows(&self, sql: &str) -> Result<Vec<(String, String, String, String)>, LedgerTrouble> {
        self.database.rows(sql, &[], |row| {
            let (person, key, text): (i64, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, kept(person, &key, &text), row.get(4)?, row.get(5)?))
        })
    }
}

/// By what a paper of a request is named: a hash, so that neither a file's name nor what it says is in an address.
fn key(id: &SubmissionId, paper: &Document) -> String {
    let file = paper.reading.as_ref().map_or("", |reading| reading.sha256.as_str());
    hexadecimal(Sha256::digest(format!("{id}\u{1f}{file}")).iter().take(8))
}

/// What the trail keeps the hash of.
fn kept(person: i64, key: &str, text: &str) -> String {
    format!("{} {key} {text}", count(person))
}
