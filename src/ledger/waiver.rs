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
    /// done where it is not as it was `seen` any more, or where another stands under the new fingerprint: whoever has
    /// changed, taken back or given one meanwhile has the last word.
    pub fn renew_waiver(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        seen: &Waiver,
        waiver: &Waiver,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        self.change_waiver(id, person, seen, waiver, RENEWED, actor)
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
        let Some(RecordedWaiver { waiver: seen, .. }) = given else { return Ok(()) };
        let taken_back = Some(TakenBack { by: actor.as_str().to_owned(), reason: reason.clone() });
        let waiver = Waiver { taken_back, ..seen.clone() };
        self.change_waiver(id, person, &seen, &waiver, TAKEN_BACK, actor)
    }

    fn change_waiver(
        &mut self,
        id: &SubmissionId,
        person: PersonId,
        seen: &Waiver,
        waiver: &Waiver,
        action: &str,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let payload = encode(waiver)?;
        let transaction = self.transaction()?;
        let Some(stood) = stands(&transaction, id, person, &seen.fingerprint)? else { return Ok(()) };
        let is_taken = || stands(&transaction, id, person, &waiver.fingerprint).map(|other| other.is_some());
        if decode::<Waiver>("a waiver", &stood)? != *seen || (waiver.fingerprint != seen.fingerprint && is_taken()?) {
            return Ok(());
        }
        let sql = "UPDATE waiver SET fingerprint = ?1, payload = ?2
            WHERE submission = ?3 AND person = ?4 AND fingerprint = ?5";
        transaction.execute(
            sql,
            params![waiver.fingerprint, payload, id.as_str(), number(person.number()), seen.fingerprint],
        )?;
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use secrecy::SecretBox;
    use tempfile::TempDir;

    use super::*;
    use crate::calendar::Clock;
    use crate::ledger::{Address, LedgerKey};

    fn ledger() -> (TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
        let key = LedgerKey(SecretBox::new(Box::new([7; 32])));
        let ledger = Ledger::open(&Address::file(folder.path().join("ledger.db")), key, clock).unwrap();
        (folder, ledger)
    }

    fn waiver(fingerprint: &str, reason: &str) -> Waiver {
        Waiver {
            fingerprint: fingerprint.to_owned(),
            role: "team-manager".to_owned(),
            reason: Private::from(reason),
            until: date(2026, 12, 2),
            sitting: None,
            finding: None,
            taken_back: None,
        }
    }

    /// The night works out what it renews before it writes: a person may have been at it in between.
    #[test]
    fn what_a_person_has_changed_meanwhile_is_not_renewed() {
        let (_folder, mut ledger) = ledger();
        let (id, person) = (SubmissionId::new("a-1"), "100001".parse().unwrap());
        let (actor, night) = (Actor::new("administrator", None), Actor::new("scheduler", None));
        let (seen, renewed) = (waiver("old", "It is being written"), waiver("new", "It is being written"));
        let stand = |ledger: &Ledger| -> Vec<Waiver> {
            ledger.waivers(&id, person).unwrap().into_iter().map(|given| given.waiver).collect()
        };
        ledger.waive(&id, person, &seen, &actor).unwrap();
        ledger.take_waiver_back(&id, person, "old", &Private::from("It came"), &actor).unwrap();
        ledger.renew_waiver(&id, person, &seen, &renewed, &night).unwrap();
        assert!(stand(&ledger).len() == 1 && stand(&ledger)[0].taken_back.is_some(), "it was taken back");
        let other = waiver("old", "Another reason");
        ledger.waive(&id, person, &other, &actor).unwrap();
        ledger.renew_waiver(&id, person, &seen, &renewed, &night).unwrap();
        assert_eq!(stand(&ledger), std::slice::from_ref(&other), "it was given anew");
        let anew = waiver("new", "Anew");
        ledger.waive(&id, person, &anew, &actor).unwrap();
        ledger.renew_waiver(&id, person, &other, &renewed, &night).unwrap();
        assert_eq!(stand(&ledger), [anew, other.clone()], "another stands there");
        ledger.renew_waiver(&id, person, &other, &waiver("newer", "Another reason"), &night).unwrap();
        assert_eq!(stand(&ledger)[1].fingerprint, "newer", "nobody was at it");
        assert!(ledger.audit_verify(None).unwrap().whole);
    }

    /// Nothing to do is no failure of what it belongs to.
    #[test]
    fn a_part_that_changes_nothing_leaves_its_whole_as_it_is() {
        let (_folder, mut ledger) = ledger();
        let (id, person, actor) =
            (SubmissionId::new("a-1"), "100001".parse().unwrap(), Actor::new("administrator", None));
        ledger.begin_whole().unwrap();
        ledger.waive(&id, person, &waiver("one", "A reason"), &actor).unwrap();
        ledger.renew_waiver(&id, person, &waiver("none", "A reason"), &waiver("other", "A reason"), &actor).unwrap();
        ledger.commit_whole().unwrap();
        assert_eq!(ledger.waivers(&id, person).unwrap().len(), 1);
        ledger.begin_whole().unwrap();
        ledger.transaction().unwrap().execute("DELETE FROM waiver", &[]).unwrap();
        assert!(ledger.commit_whole().is_err(), "one that has changed something and was dropped");
        assert_eq!(ledger.waivers(&id, person).unwrap().len(), 1);
    }
}
