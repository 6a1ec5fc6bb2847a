//! What the last check of each request said, and the facts that people have stated.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::audit::{self, Said};
use super::engine::params;
use super::learning::keep_first_looks;
use super::store::number;
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{PanelName, PersonId, SubmissionId, Verdict};

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheck {
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
    /// Whether that was after the cutoff of the sitting; `None` while it is open, and where there is no cutoff.
    pub late: Option<bool>,
}

/// The open requests of a sitting. That they are not withdrawn is said once more, so that their index is seen to fit.
pub(super) const BOOKED: &str = "SELECT DISTINCT submission, nullif(place, '~') FROM checked
    WHERE panel = ?1 AND sitting = ?2 AND settled = 0 AND settled < 2 ORDER BY place, submission";

/// A request that is decided stays where it was decided on. No row is replaced: only what changes moves a tally.
const KEEP: &str =
    "INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, sitting, handed_in, late, place)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ifnull(?9, '~')) ON CONFLICT (submission, person) DO UPDATE SET
     inputs = ?3, verdict = ?4, payload = ?5, at = ?6, panel = ?7, sitting = ?8, handed_in = ?9, late = ?10,
     place = ifnull(?9, '~') WHERE settled = 0";

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
        let rows: Vec<(String, Option<String>)> =
            self.database
                .rows(BOOKED, params![panel.as_str(), sitting.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().map(|(id, handed_in)| (SubmissionId::new(id), handed_in)).collect())
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
            let (id, person, check) = stored;
            let changed = {
                let person = number(person.number());
                let booking = check.booking.as_ref();
                transaction.execute(
                    KEEP,
                    params![
                        id.as_str(),
                        person,
                        &check.inputs[..],
                        check.verdict.as_str(),
                        check.findings,
                        at,
                        booking.map(|booking| booking.panel.as_str()),
                        booking.and_then(|booking| booking.sitting).map(|sitting| sitting.to_string()),
                        booking.and_then(|booking| booking.handed_in.as_deref()),
                        booking.and_then(|booking| booking.late),
                    ],
                )
            }?;
            kept.extend((changed > 0).then_some(stored));
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
            "INSERT OR REPLACE INTO stated VALUES (?1, ?2, ?3, ?4, ?5)",
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
