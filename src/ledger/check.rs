//! What the last check of each request said, and the facts that people have stated.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::audit::{self, Said};
use super::engine::{Transaction, params};
use super::learning::keep_first_looks;
use super::standing::{Standing, Stands, recount};
use super::store::number;
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{PanelName, PersonId, SubmissionId, Verdict};

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheck {
    /// What the request said when it was checked: [`Submission::content_hash`](crate::domain::Submission::content_hash).
    pub content: [u8; 32],
    /// A hash over all that the check looked at.
    pub inputs: [u8; 32],
    /// What it came to.
    pub verdict: Verdict,
    /// What it found, as a JSON array of objects with `code`, `severity` and `subject`: it is kept as it is, and what
    /// else stands in it is not read here.
    pub findings: String,
    /// What of it the counts of what open requests lack name: codes and subjects.
    pub lacks: Vec<(String, String)>,
    /// What stands against the request besides that it is late, for the first look.
    pub against: Vec<Against>,
    /// Where it is expected, and since when.
    pub booking: Option<Booking>,
}

/// What the last check of a request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheck {
    /// A hash over all that the check looked at.
    pub inputs: [u8; 32],
    /// What it came to.
    pub verdict: Verdict,
    /// What it found, as it was kept: ledgers of before hold sentences.
    pub findings: String,
}

/// Something that stands against a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Against {
    /// The code of the finding.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// Whether it is not known, so that nobody can say that the request lacks it.
    pub is_asked: bool,
}

/// A place at a sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The panel.
    pub panel: PanelName,
    /// The sitting; `None` where the panel sits as needed, or there is none ahead.
    pub sitting: Option<Date>,
    /// When the request was handed in, with offset; `None` while it is open.
    pub handed_in: Option<String>,
    /// The day of that, in the time of the office.
    pub handed_on: Option<Date>,
    /// The day of the check, in the time of the office.
    pub checked_on: Date,
    /// Whether that was after the cutoff of the sitting; `None` while it is open, and where there is no cutoff.
    pub late: Option<bool>,
}

/// The open requests of a sitting. That they are not withdrawn is said once more, so that their index is seen to fit.
pub(super) const BOOKED: &str = "SELECT DISTINCT place, submission FROM checked
    WHERE panel = ?1 AND sitting = ?2 AND settled = 0 AND settled < 2 ORDER BY place, submission";

const KEEP: &str =
    "INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, sitting, handed_in, late, place)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (submission, person) DO UPDATE SET
     inputs = ?3, verdict = ?4, payload = ?5, at = ?6, panel = ?7, sitting = ?8, handed_in = ?9, late = ?10, place = ?11";

/// Whether a request still says what it said when it was checked, and is one about this child.
const CURRENT: &str = "SELECT EXISTS (SELECT 1 FROM submission s JOIN subject j ON j.authority = s.authority
    AND j.person = ?3 AND j.submission = s.id WHERE s.id = ?1 AND s.content_hash = ?2 AND s.is_request = 1)";

/// The place of a request that is not handed in: after every time.
pub(super) const LAST: &str = "~";

impl Ledger {
    /// What the last check of a request for one child said.
    pub fn last_check(&self, id: &SubmissionId, person: PersonId) -> Result<Option<LastCheck>, LedgerTrouble> {
        let row: Option<(Vec<u8>, String, String)> = self.database.first(
            "SELECT inputs, verdict, payload FROM checked WHERE submission = ?1 AND person = ?2",
            params![id.as_str(), number(person.number())],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let Some((inputs, verdict, findings)) = row else { return Ok(None) };
        let damaged = || LedgerTrouble::Damaged { what: format!("the check of {id}") };
        Ok(Some(LastCheck {
            inputs: inputs.try_into().map_err(|_| damaged())?,
            verdict: Verdict::parse(&verdict).ok_or_else(damaged)?,
            findings,
        }))
    }

    /// Who was expected at a sitting, by the last checks: each open request with when it was handed in.
    pub fn booked(
        &self,
        panel: &PanelName,
        sitting: Date,
    ) -> Result<Vec<(SubmissionId, Option<String>)>, LedgerTrouble> {
        self.database.rows(BOOKED, params![panel.as_str(), sitting.to_string()], |row| {
            let (place, id): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((SubmissionId::new(id), Some(place).filter(|place| place != LAST)))
        })
    }

    /// Keeps what checks said. A check changes nothing that is not made again, so it has no entry in the trail; the first
    /// of a request that is handed in is never made again, and has one.
    pub fn keep_checks(
        &mut self,
        checks: &[(SubmissionId, PersonId, StoredCheck)],
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let mut kept = Vec::new();
        for stored in checks {
            if keep(&transaction, &at, stored)? {
                kept.push(stored);
            }
        }
        keep_first_looks(&transaction, &at, kept.into_iter(), actor)?;
        transaction.commit()
    }

    /// A person states a fact about a request.
    pub fn state_fact(
        &mut self,
        id: &SubmissionId,
        name: &str,
        value: bool,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        transaction.execute(
            "INSERT INTO stated (submission, name, value, by, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (submission, name) DO UPDATE SET value = ?3, by = ?4, at = ?5",
            params![id.as_str(), name, value, actor.as_str(), at],
        )?;
        let after = audit::fingerprint(&format!("{name}={value}"));
        let said = Said { actor, action: "fact-stated", subject: id.as_str(), before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// Who has stated each fact about a request.
    pub fn stated_by(&self, id: &SubmissionId) -> Result<BTreeMap<String, String>, LedgerTrouble> {
        let sql = "SELECT name, by FROM stated WHERE submission = ?1";
        let rows = self.database.rows(sql, params![id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// The facts that people have stated about a request.
    pub fn stated_facts(&self, id: &SubmissionId) -> Result<Vec<(String, bool)>, LedgerTrouble> {
        self.database.rows(
            "SELECT name, value FROM stated WHERE submission = ?1 ORDER BY name",
            params![id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }
}

/// Keeps what a check said, and counts it. Whether it did: a request that is decided stays where it was decided on, one
/// that is withdrawn where it was, and a check of what the request says no longer is none of it.
fn keep(
    transaction: &Transaction<'_>,
    at: &str,
    (id, person, check): &(SubmissionId, PersonId, StoredCheck),
) -> Result<bool, LedgerTrouble> {
    let before = Stands::of_child(transaction, id, *person)?;
    if before.as_ref().is_some_and(|before| before.standing != Standing::Open) {
        return Ok(false);
    }
    let current: bool =
        transaction
            .one(CURRENT, params![id.as_str(), &check.content[..], number(person.number())], |row| row.get(0))?;
    if !current {
        return Ok(false);
    }
    let booking = check.booking.as_ref();
    let after = Stands {
        person: number(person.number()),
        panel: booking.map(|booking| booking.panel.to_string()),
        sitting: booking.and_then(|booking| booking.sitting).map(|sitting| sitting.to_string()),
        standing: Standing::Open,
        verdict: check.verdict.as_str().to_owned(),
        late: booking.and_then(|booking| booking.late),
        lacks: check.lacks.iter().cloned().collect(),
    };
    let handed_in = booking.and_then(|booking| booking.handed_in.as_deref());
    transaction.execute(
        KEEP,
        params![
            id.as_str(),
            after.person,
            &check.inputs[..],
            after.verdict,
            check.findings,
            at,
            after.panel,
            after.sitting,
            handed_in,
            after.late,
            handed_in.unwrap_or(LAST),
        ],
    )?;
    let checked_on = booking.map(|booking| booking.checked_on.to_string());
    if let Some((before, today)) = before.as_ref().zip(checked_on) {
        carry_over(transaction, id, before, &after, &today)?;
    }
    recount(transaction, id, before.as_ref(), Some(&after))?;
    let sql = "DELETE FROM unseen WHERE submission = ?1 AND panel = (SELECT panel FROM submission WHERE id = ?1)";
    transaction.execute(sql, params![id.as_str()])?;
    Ok(true)
}

/// Notes that a request was expected at a sitting that is held by now, and is expected at a later one.
fn carry_over(
    transaction: &Transaction<'_>,
    id: &SubmissionId,
    before: &Stands,
    after: &Stands,
    today: &str,
) -> Result<(), LedgerTrouble> {
    let (Some(panel), Some(sitting)) = (&before.panel, &before.sitting) else { return Ok(()) };
    if sitting.as_str() >= today || (before.panel == after.panel && before.sitting == after.sitting) {
        return Ok(());
    }
    let sql = "INSERT INTO held (panel, sitting, submission) VALUES (?1, ?2, ?3)
        ON CONFLICT (panel, sitting, submission) DO NOTHING";
    transaction.execute(sql, params![panel, sitting, id.as_str()]).map(drop)
}
