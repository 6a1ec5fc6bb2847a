//! Write-backs: planned, approved, looked up. Their sending goes through `queue.rs`.

use super::audit::{self, Said};
use super::engine::{Transaction, Value, params};
use super::store::{decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{State, SubmissionId, WriteBack, WriteBackId};

impl Ledger {
    /// Keeps planned write-backs. One that is known already stays as it is; the same key with another content is a
    /// conflict, because a key is fixed for ever.
    pub fn plan(&mut self, planned: &[WriteBack], actor: &Actor) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        for write_back in planned {
            let id = write_back.id.to_string();
            if let Some(known) = find(&transaction, &id)? {
                let known: WriteBack = decode("a write-back", &known)?;
                if known.payload != write_back.payload || known.person != write_back.person {
                    return Err(LedgerTrouble::Conflict(format!("write-back {id} is planned with another content")));
                }
                continue;
            }
            let payload = encode(write_back)?;
            transaction.execute(
                "INSERT INTO write_back (id, authority, submission, person, sitting, state, fence, payload)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    id,
                    write_back.panel.authority().as_str(),
                    write_back.submission.as_str(),
                    number(write_back.person.number()),
                    write_back.sitting.to_string(),
                    write_back.state.as_str(),
                    number(write_back.fence),
                    payload
                ],
            )?;
            let after = audit::fingerprint(&payload);
            let said = Said { actor, action: "planned", subject: &id, before: &[], after: &after };
            audit::append(&transaction, &at, &said)?;
        }
        transaction.commit()
    }

    /// Sets the state of a write-back, if nobody else has since it was seen.
    pub fn change_write_back(
        &mut self,
        seen: &WriteBack,
        to: State,
        actor: &Actor,
    ) -> Result<WriteBack, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let id = seen.id.to_string();
        let Some(known) = find(&transaction, &id)? else {
            return Err(LedgerTrouble::Conflict(format!("there is no write-back {id}")));
        };
        let mut now = seen.clone();
        now.attempts += u32::from(matches!(to, State::Sending { .. }));
        now.fence += 1;
        now.state = to;
        let payload = encode(&now)?;
        let changed = transaction.execute(
            "UPDATE write_back SET state = ?3, fence = ?4, payload = ?5 WHERE id = ?1 AND fence = ?2",
            params![id, number(seen.fence), now.state.as_str(), number(now.fence), payload],
        )?;
        if changed != 1 {
            return Err(LedgerTrouble::Conflict(format!("write-back {id} was changed by somebody else")));
        }
        let (before, after) = (audit::fingerprint(&known), audit::fingerprint(&payload));
        let said = Said { actor, action: now.state.as_str(), subject: &id, before: &before, after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()?;
        Ok(now)
    }

    /// Write-backs in the order they were planned: all, or those in one state.
    pub fn write_backs(&self, state: Option<&str>) -> Result<Vec<WriteBack>, LedgerTrouble> {
        match state {
            Some(state) => self.selected("state = ?1", params![state]),
            None => self.selected("1 = 1", &[]),
        }
    }

    /// The write-backs of a request.
    pub fn write_backs_of(&self, submission: &SubmissionId) -> Result<Vec<WriteBack>, LedgerTrouble> {
        self.selected("submission = ?1", params![submission.as_str()])
    }

    /// One of them.
    pub fn write_back(&self, id: WriteBackId) -> Result<Option<WriteBack>, LedgerTrouble> {
        Ok(self.selected("id = ?1", params![id.to_string()])?.pop())
    }

    pub(super) fn selected(&self, condition: &str, parameters: &[Value<'_>]) -> Result<Vec<WriteBack>, LedgerTrouble> {
        let sql = format!("SELECT payload FROM write_back WHERE {condition} ORDER BY sequence");
        let rows: Vec<String> = self.database.rows(&sql, parameters, |row| row.get(0))?;
        rows.iter().map(|payload| decode("a write-back", payload)).collect()
    }
}

fn find(transaction: &Transaction<'_>, id: &str) -> Result<Option<String>, LedgerTrouble> {
    transaction.first("SELECT payload FROM write_back WHERE id = ?1", params![id], |row| row.get(0))
}
