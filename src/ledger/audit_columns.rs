//! Whether what the ledger looks things up by agrees with what it keeps of them, and with the trail.
//!
//! A column is there to be searched; what counts is the payload, whose hash stands in the trail. Whoever changes a
//! column would have a write-back sent again, or out of its turn, without touching what it says.

use std::collections::BTreeSet;

use super::engine::{Row, params};
use super::store::{decode, number};
use super::{Ledger, LedgerTrouble};
use crate::domain::{Outcome, PanelName, Submission, Waiver, WriteBack};

/// What is looked for, and whose columns are wrong where it is found.
const WRONG: [(&str, &str); 6] = [
    (
        "SELECT r.submission FROM revision r LEFT JOIN submission s ON s.id = r.submission
         WHERE s.id IS NULL OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.sequence = r.entry AND a.action = 'imported')
         LIMIT 1",
        "a revision of",
    ),
    (
        "SELECT s.id FROM submission s WHERE NOT EXISTS (SELECT 1 FROM revision r WHERE r.submission = s.id
             AND r.number = s.latest)
         OR EXISTS (SELECT 1 FROM revision later WHERE later.submission = s.id AND later.number > s.latest) LIMIT 1",
        "the latest state of",
    ),
    (
        "SELECT j.submission FROM subject j WHERE NOT EXISTS (SELECT 1 FROM submission s WHERE s.id = j.submission
             AND s.authority = j.authority) LIMIT 1",
        "whom a submission is about:",
    ),
    (
        "SELECT submission FROM (SELECT submission, by, at, 'fact-stated' AS action FROM stated
         UNION ALL SELECT submission, by, at, 'finding-waived' FROM waiver) said
         WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = said.submission AND a.action = said.action
         AND a.actor = said.by AND a.at = said.at) LIMIT 1",
        "something that was stated about",
    ),
    (
        "SELECT since FROM (SELECT since FROM epoch WHERE since IS NOT NULL
         EXCEPT SELECT at FROM audit WHERE action = 'restored' AND subject = 'ledger') unsaid
         UNION ALL SELECT at FROM (SELECT at FROM audit WHERE action = 'restored' AND subject = 'ledger'
         EXCEPT SELECT since FROM epoch) gone LIMIT 1",
        "that the ledger was restored at",
    ),
    (
        "SELECT submission FROM first_look WHERE (entry IS NULL AND complete IS NOT NULL) OR (entry IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.sequence = entry AND a.action = 'first-look'))
         UNION ALL SELECT l.submission FROM first_lack l
         WHERE NOT EXISTS (SELECT 1 FROM first_look f WHERE f.submission = l.submission AND f.entry IS NOT NULL) LIMIT 1",
        "the first look at",
    ),
];

impl Ledger {
    /// The first thing whose columns are not as its payload or the trail says.
    pub(super) fn first_wrong_column(&self) -> Result<Option<String>, LedgerTrouble> {
        let wrong = [
            ("write-back", self.wrong_write_back_column()?),
            ("the order of write-back", self.wrong_order()?),
            ("an outcome of", self.wrong_outcome_column()?),
            ("the latest state of", self.wrong_submission_column()?),
            ("something that was stated about", self.wrong_waiver_column()?),
        ];
        let said = |whose: &str, subject: String| format!("{whose} {subject} is not as the trail says");
        if let Some((whose, subject)) = wrong.into_iter().find_map(|(whose, wrong)| Some((whose, wrong?))) {
            return Ok(Some(said(whose, subject)));
        }
        for (sql, whose) in WRONG {
            if let Some(subject) = self.database.first(sql, &[], |row| row.get(0))? {
                return Ok(Some(said(whose, subject)));
            }
        }
        // A submission that is gone, or has no latest revision, is about nobody: that is said first.
        Ok(self.wrong_subject()?.map(|subject| said("whom a submission is about:", subject)))
    }

    fn wrong_write_back_column(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT payload, id, authority, submission, sitting, state, person, fence FROM write_back";
        self.database.find(sql, &[], |row| {
            let (payload, id): (String, String) = (row.get(0)?, row.get(1)?);
            let one: WriteBack = decode("a write-back", &payload)?;
            let columns: [String; 5] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            let (sitting, authority) = (one.sitting.to_string(), one.panel.authority());
            let said = [&one.id.to_string(), authority.as_str(), one.submission.as_str(), &sitting, one.state.as_str()];
            let numbers: [i64; 2] = [row.get(6)?, row.get(7)?];
            let same = columns == said && numbers == [number(one.person.number()), number(one.fence)];
            Ok((!same).then_some(id))
        })
    }

    /// Write-backs are numbered in the order in which the trail has them planned.
    fn wrong_order(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT w.id, w.sequence FROM write_back w JOIN audit a ON a.subject = w.id AND a.action = 'planned'
            ORDER BY a.sequence";
        let mut before = 0;
        self.database.find(sql, &[], |row| {
            let (id, sequence): (String, i64) = (row.get(0)?, row.get(1)?);
            let is_wrong = sequence < std::mem::replace(&mut before, sequence);
            Ok(is_wrong.then_some(id))
        })
    }

    fn wrong_outcome_column(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT payload, submission, panel, sitting, person, revision FROM outcome";
        self.database.find(sql, &[], |row| {
            let columns: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            let numbers: [i64; 2] = [row.get(4)?, row.get(5)?];
            let one: Outcome = decode("an outcome", &row.get::<String>(0)?)?;
            let said = [one.submission.as_str(), one.panel.as_str(), &one.sitting.to_string()];
            let same = columns == said && numbers == [number(one.person.number()), i64::from(one.revision)];
            let [submission, ..] = columns;
            Ok((!same).then_some(submission))
        })
    }

    /// Every submission is found by what its latest revision says, and by nobody else whom it is about.
    fn wrong_submission_column(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT s.id, s.authority, s.form, s.version, s.panel, s.content_hash, r.content_hash, r.payload
            FROM submission s JOIN revision r ON r.submission = s.id AND r.number = s.latest";
        self.database.find(sql, &[], |row| {
            let columns: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            let (panel, hash, of_revision): (Option<String>, Vec<u8>, Vec<u8>) =
                (row.get(4)?, row.get(5)?, row.get(6)?);
            let one: Submission = decode("a submission", &row.get::<String>(7)?)?;
            let said = [one.id.as_str(), one.authority.as_str(), &*one.form, &*one.version];
            let same =
                columns == said && hash == of_revision && panel.as_deref() == one.panel.as_ref().map(PanelName::as_str);
            let [id, ..] = columns;
            Ok((!same).then_some(id))
        })
    }

    fn wrong_subject(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT r.payload FROM submission s JOIN revision r ON r.submission = s.id AND r.number = s.latest";
        let mut said = 0_u64;
        let wrong = self.database.find(sql, &[], |row| {
            let one: Submission = decode("a submission", &row.get::<String>(0)?)?;
            let people: BTreeSet<i64> = one.people.iter().map(|person| number(person.number())).collect();
            for person in &people {
                let sql = "SELECT EXISTS (SELECT 1 FROM subject
                    WHERE authority = ?1 AND person = ?2 AND submission = ?3)";
                if !self.database.one(
                    sql,
                    params![one.authority.as_str(), person, one.id.as_str()],
                    |row: &Row<'_>| row.get::<bool>(0),
                )? {
                    return Ok(Some(one.id.to_string()));
                }
            }
            said += u64::try_from(people.len()).unwrap_or(0);
            Ok(None)
        })?;
        let more = self.counted("SELECT count(*) FROM subject")? > said;
        Ok(wrong.or_else(|| more.then(|| "somebody else's".to_owned())))
    }

    fn wrong_waiver_column(&self) -> Result<Option<String>, LedgerTrouble> {
        self.database.find("SELECT submission, fingerprint, payload FROM waiver", &[], |row| {
            let (submission, fingerprint): (String, String) = (row.get(0)?, row.get(1)?);
            let one: Waiver = decode("a waiver", &row.get::<String>(2)?)?;
            Ok((one.fingerprint != fingerprint).then_some(submission))
        })
    }
}
