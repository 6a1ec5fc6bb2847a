//! What the last check of each request said, and the facts that people have stated.

use rusqlite::{OptionalExtension as _, params};

use super::audit::{self, Said};
use super::store::{decode, encode, meant, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{Finding, PersonId, SubmissionId, Verdict};

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheck {
    /// A hash over all that the check looked at.
    pub inputs: [u8; 32],
    /// What it came to.
    pub verdict: Verdict,
    /// What it found.
    pub findings: Vec<Finding>,
}

impl Ledger {
    /// What the last check of a request for one child said.
    pub fn last_check(&self, id: &SubmissionId, person: PersonId) -> Result<Option<StoredCheck>, LedgerTrouble> {
        let row: Option<(Vec<u8>, String, String)> = self
            .connection
            .prepare_cached("SELECT inputs, verdict, payload FROM checked WHERE submission = ?1 AND person = ?2")
            .and_then(|mut query| {
                let key = params![id.as_str(), number(person.number())];
                query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
            })
            .map_err(|error| self.failed(error))?;
        let Some((inputs, verdict, payload)) = row else { return Ok(None) };
        let damaged = || LedgerTrouble::Damaged { what: format!("the check of {id}") };
        Ok(Some(StoredCheck {
            inputs: inputs.try_into().map_err(|_| damaged())?,
            verdict: Verdict::parse(&verdict).ok_or_else(damaged)?,
            findings: decode("findings", &payload)?,
        }))
    }

    /// Keeps what checks said. A check changes nothing that is not made again, so it has no entry in the trail.
    pub fn keep_checks(&mut self, checks: &[(SubmissionId, PersonId, StoredCheck)]) -> Result<(), LedgerTrouble> {
        let (at, path) = (self.now(), self.path.clone());
        let failed = |error: rusqlite::Error| meant(&path, &error);
        let transaction = self.transaction()?;
        for (id, person, check) in checks {
            let payload = encode(&check.findings)?;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO checked VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .and_then(|mut insert| {
                    let person = number(person.number());
                    insert.execute(params![id.as_str(), person, &check.inputs[..], check.verdict.as_str(), payload, at])
                })
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// A person states a fact about a request.
    pub fn state_fact(
        &mut self,
        id: &SubmissionId,
        name: &str,
        value: bool,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let (at, path) = (self.now(), self.path.clone());
        let failed = |error: rusqlite::Error| meant(&path, &error);
        let transaction = self.transaction()?;
        transaction
            .execute(
                "INSERT OR REPLACE INTO stated VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id.as_str(), name, value, actor.as_str(), at],
            )
            .map_err(failed)?;
        let after = audit::fingerprint(&format!("{name}={value}"));
        let said = Said { actor, action: "fact-stated", subject: id.as_str(), before: &[], after: &after };
        audit::append(&transaction, &at, &said).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// The facts that people have stated about a request.
    pub fn stated_facts(&self, id: &SubmissionId) -> Result<Vec<(String, bool)>, LedgerTrouble> {
        self.connection
            .prepare_cached("SELECT name, value FROM stated WHERE submission = ?1 ORDER BY name")
            .and_then(|mut query| query.query_map([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .map_err(|error| self.failed(error))
    }
}
