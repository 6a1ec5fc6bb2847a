//! Whether the ledger holds what its trail says it holds.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::fingerprint;
use super::outcome::decided;
use super::store::decode;
use super::{Ledger, LedgerTrouble};
use crate::domain::{Outcome, OutcomeState, PersonId, Submission, WriteBack};

/// Entries of the trail about one subject and one action: who, and the hash of what was there afterwards.
type Told = BTreeMap<(String, String), Vec<(String, Vec<u8>)>>;

impl Ledger {
    /// The first thing that is not as the trail says.
    pub(super) fn first_difference(&self) -> Result<Option<String>, LedgerTrouble> {
        if let Some(wrong) = self.first_wrong_revision()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_write_back()? {
            return Ok(Some(wrong));
        }
        let told = self.told()?;
        if let Some(wrong) = self.first_wrong_outcome(&told)? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_statement(&told)? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_waiver()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_duty()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_reminder()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_paper()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_column()? {
            return Ok(Some(wrong));
        }
        if let Some(wrong) = self.first_wrong_account()? {
            return Ok(Some(wrong));
        }
        self.first_wrong_kept()
    }

    fn told(&self) -> Result<Told, LedgerTrouble> {
        let mut told = Told::new();
        let sql = "SELECT subject, action, actor, after FROM audit
                   WHERE action LIKE 'outcome-%' OR action IN ('planned', 'fact-stated') ORDER BY sequence";
        self.database.each(sql, &[], |row| {
            told.entry((row.get(0)?, row.get(1)?)).or_default().push((row.get(2)?, row.get(3)?));
            Ok(())
        })?;
        Ok(told)
    }

    /// Every outcome was loaded and decided on as the trail says, by whom it says; none is gone and none has come.
    fn first_wrong_outcome(&self, told: &Told) -> Result<Option<String>, LedgerTrouble> {
        let of = |subject: &str, action: &str| {
            told.get(&(subject.to_owned(), action.to_owned())).map(Vec::as_slice).unwrap_or_default()
        };
        let sql = "SELECT submission, payload, state, loaded_by, decided_by FROM outcome";
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        let wrong = self.database.find(sql, &[], |row| {
            let (id, payload, state): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (loaded_by, decided_by): (String, Option<String>) = (row.get(3)?, row.get(4)?);
            *counted.entry(id.clone()).or_default() += 1;
            let wrong = Ok(Some(format!("an outcome of {id} is not what was loaded or decided")));
            let (Ok(outcome), Some(state)) = (decode::<Outcome>(&id, &payload), OutcomeState::parse(&state)) else {
                return wrong;
            };
            let loaded = (loaded_by, fingerprint(&payload));
            let is_decided = |to: OutcomeState| {
                let wanted = fingerprint(&decided(&outcome, to));
                let action = format!("outcome-{to}");
                let by = |actor: &String| to != state || decided_by.as_ref() == Some(actor);
                of(&id, &action).iter().any(|(actor, after)| *after == wanted && by(actor))
            };
            let (approved, rejected) = (is_decided(OutcomeState::Approved), is_decided(OutcomeState::Rejected));
            let is_as_told = match state {
                OutcomeState::Loaded => !approved && !rejected,
                OutcomeState::Approved => approved,
                OutcomeState::Rejected => rejected,
                OutcomeState::Superseded => !approved,
            };
            if !of(&id, "outcome-loaded").contains(&loaded) || !is_as_told {
                return wrong;
            }
            Ok(None)
        })?;
        if wrong.is_some() {
            return Ok(wrong);
        }
        let gone = told.iter().find(|((subject, action), entries)| {
            action == "outcome-loaded" && counted.get(subject).copied().unwrap_or(0) != entries.len()
        });
        Ok(gone.map(|((id, _), _)| format!("outcomes of {id} are gone, or have come from nowhere")))
    }

    /// What people have stated is what they said; every write-back that was planned is there.
    fn first_wrong_statement(&self, told: &Told) -> Result<Option<String>, LedgerTrouble> {
        let mut known: BTreeSet<(String, &str, Vec<u8>)> = BTreeSet::new();
        for (id, name) in self
            .texts("SELECT submission, name || '=' || CASE WHEN value = 1 THEN 'true' ELSE 'false' END FROM stated")?
        {
            known.insert((id, "fact-stated", fingerprint(&name)));
        }
        for (id, action, after) in &known {
            let entries = told.get(&(id.clone(), (*action).to_owned()));
            if !entries.is_some_and(|entries| entries.iter().any(|(_, told)| told == after)) {
                return Ok(Some(format!("something that was stated about {id} is not what was said")));
            }
        }
        let planned: BTreeSet<String> =
            self.texts("SELECT id, '' FROM write_back")?.into_iter().map(|(id, _)| id).collect();
        for ((subject, action), entries) in told {
            let is_last_there = match action.as_str() {
                "planned" => planned.contains(subject),
                "fact-stated" => {
                    // A later word takes the place of an earlier one; the last is there.
                    entries
                        .last()
                        .is_none_or(|(_, after)| known.iter().any(|(id, _, held)| id == subject && held == after))
                }
                _ => true,
            };
            if !is_last_there {
                return Ok(Some(format!("what was said or planned about {subject} is gone")));
            }
        }
        Ok(None)
    }

    fn texts(&self, sql: &str) -> Result<Vec<(String, String)>, LedgerTrouble> {
        self.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn first_wrong_revision(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT submission, revision FROM moved";
        let moved: Vec<(String, i64)> = self.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut moved: BTreeSet<(String, i64)> = moved.into_iter().collect();
        let mut before: Option<(String, i64, Vec<PersonId>)> = None;
        let sql = "SELECT submission, number, content_hash, payload FROM revision ORDER BY submission, number";
        let wrong = self.database.find(sql, &[], |row| {
            let (id, number): (String, i64) = (row.get(0)?, row.get(1)?);
            let (hash, payload): (Vec<u8>, String) = (row.get(2)?, row.get(3)?);
            let same = decode::<Submission>(&id, &payload).ok().filter(|one| one.content_hash()[..] == hash[..]);
            let Some(submission) = same else {
                return Ok(Some(format!("revision {number} of {id} is not what was taken")));
            };
            let after = submission.people;
            let has_moved = before.as_ref().is_some_and(|(of, last, people)| {
                *of == id && last + 1 == number && !people.is_empty() && people.iter().all(|one| !after.contains(one))
            });
            let is_as_told = moved.remove(&(id.clone(), number)) == has_moved;
            let wrong = format!("that a submission has moved to other people: {id} is not as the trail says");
            before = Some((id, number, after));
            Ok((!is_as_told).then_some(wrong))
        })?;
        let gone = moved.first().map(|(id, _)| format!("{id} has moved to other people at no revision of its own"));
        Ok(wrong.or(gone))
    }

    fn first_wrong_write_back(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT id, payload, (SELECT after FROM audit WHERE subject = id ORDER BY sequence DESC LIMIT 1)
            FROM write_back";
        self.database.find(sql, &[], |row| {
            let (id, payload): (String, String) = (row.get(0)?, row.get(1)?);
            let after: Option<Vec<u8>> = row.get(2)?;
            let same = after.as_deref() == Some(fingerprint(&payload).as_slice())
                && decode::<WriteBack>(&id, &payload).is_ok();
            Ok((!same).then(|| format!("write-back {id} is not what was written")))
        })
    }
}
