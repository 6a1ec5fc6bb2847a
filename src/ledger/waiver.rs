//! What people have answered for, about one child of a request each.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{self, Said, fingerprint};
use super::engine::{Transaction, params};
use super::store::{decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{PersonId, Private, RecordedWaiver, SubmissionId, TakenBack, Waiver};

/// What the trail calls it that a finding was answered for, that a waiver stands otherwise than before, and that it was
/// taken back.
const GIVEN: &str = "finding-waived";
const RENEWED: &str = "waiver-renewed";
const TAKEN_BACK: &str = "waiver-taken-back";

impl Ledger {
    /// Somebody answers for a finding about one child of a request.
    pub fn waive(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        waiver: &Waiver,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let payload = encode(waiver)?;
        let transaction = self.transaction()?;
        let before = stands(&transaction, id, person, &waiver.fingerprint)?;
        let sql =
            "INSERT INTO waiver (submission, person, fingerprint, payload, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (submission, person, fingerprint) DO UPDATE SET payload = ?4, by = ?5, at = ?6";
        transaction.execute(
            sql,
            params![id.as_str(), number(person.number()), waiver.fingerprint, payload, actor.as_str(), at],
        )?;
        let change = Change { id, person, before: before.as_deref(), after: &payload };
        change.told(&transaction, &at, GIVEN, actor)?;
        transaction.commit()
    }

    /// Lets a waiver stand under the fingerprint and for the days that it has now. Who gave it, and when, stays. Nothing is
    /// done where there is none under the fingerprint of before.
    pub fn renew_waiver(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        before: &str,
        waiver: &Waiver,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        self.change_waiver(id, person, before, waiver, RENEWED, actor)
    }

    /// Takes a waiver back: it stays, with why, and holds no longer.
    pub fn take_waiver_back(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        of: &str,
        reason: &Private<String>,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let given = self.waivers(id, person)?.into_iter().find(|given| given.waiver.fingerprint == of);
        let Some(RecordedWaiver { mut waiver, .. }) = given else { return Ok(()) };
        waiver.taken_back = Some(TakenBack { by: actor.as_str().to_owned(), reason: reason.clone() });
        self.change_waiver(id, person, of, &waiver, TAKEN_BACK, actor)
    }

    fn change_waiver(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        before: &str,
        waiver: &Waiver,
        action: &str,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let payload = encode(waiver)?;
        let transaction = self.transaction()?;
        let Some(stood) = stands(&transaction, id, person, before)? else { return Ok(()) };
        let sql = "UPDATE waiver SET fingerprint = ?1, payload = ?2
            WHERE submission = ?3 AND person = ?4 AND fingerprint = ?5";
        transaction.execute(sql, params![waiver.fingerprint, payload, id.as_str(), number(person.number()), before])?;
        let change = Change { id, person, before: Some(&stood), after: &payload };
        change.told(&transaction, &at, action, actor)?;
        transaction.commit()
    }

    /// What somebody has answered for, about one child of a request; what was taken back is among it.
    pub fn waivers(&self, id: &SubmissionId, person: PersonId) -> Result<Vec<RecordedWaiver>, LedgerTrouble> {
        let rows: Vec<(String, String)> = self.database.rows(
            "SELECT payload, by FROM waiver WHERE submission = ?1 AND person = ?2 ORDER BY fingerprint",
            params![id.as_str(), number(person.number())],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let recorded =
            |(payload, by): (String, String)| Ok(RecordedWaiver { waiver: decode("a waiver", &payload)?, by });
        rows.into_iter().map(recorded).collect()
    }

    /// The first waiver that is not what the trail says of it, or is gone.
    pub(super) fn first_wrong_waiver(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT submission, person || ' ' || payload FROM waiver";
        let rows: Vec<(String, String)> = self.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let there: BTreeSet<(String, Vec<u8>)> = rows.into_iter().map(|(id, text)| (id, fingerprint(&text))).collect();
        let mut told: BTreeSet<(String, Vec<u8>)> = BTreeSet::new();
        let mut last: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let sql = "SELECT subject, before, after FROM audit WHERE action IN (?1, ?2, ?3) ORDER BY sequence";
        self.database.each(sql, params![GIVEN, RENEWED, TAKEN_BACK], |row| {
            let (id, before, after): (String, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            told.remove(&(id.clone(), before));
            told.insert((id.clone(), after.clone()));
            // A word that took the place of an earlier one did not say so once; the last is there.
            last.insert(id, after);
            Ok(())
        })?;
        if let Some((id, _)) = there.iter().find(|one| !told.contains(one)) {
            return Ok(Some(format!("something that was stated about {id} is not what was said")));
        }
        let gone = last.into_iter().find(|one| !there.contains(one));
        Ok(gone.map(|(id, _)| format!("what was said or planned about {id} is gone")))
    }
}

/// The waiver that stands under a fingerprint, as it is kept.
fn stands(
    transaction: &Transaction<'_>,
    id: &SubmissionId,
    person: PersonId,
    fingerprint: &str,
) -> Result<Option<String>, LedgerTrouble> {
    let sql = "SELECT payload FROM waiver WHERE submission = ?1 AND person = ?2 AND fingerprint = ?3";
    transaction.first(sql, params![id.as_str(), number(person.number()), fingerprint], |row| row.get(0))
}

/// What has become of a waiver.
struct Change<'c> {
    id: &'c SubmissionId,
    person: PersonId,
    before: Option<&'c str>,
    after: &'c str,
}

impl Change<'_> {
    fn told(&self, transaction: &Transaction<'_>, at: &str, action: &str, actor: &Actor) -> Result<(), LedgerTrouble> {
        let of = |payload: &str| fingerprint(&format!("{} {payload}", self.person.number()));
        let before = self.before.map(of).unwrap_or_default();
        let after = of(self.after);
        let said = Said { actor, action, subject: self.id.as_str(), before: &before, after: &after };
        audit::append(transaction, at, &said).map(|_| ())
    }
}
