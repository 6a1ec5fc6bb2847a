//! What the last check of each request said, and the facts that people have stated.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::audit::{self, Said};
use super::engine::params;
use super::learning::keep_first_looks;
use super::store::{decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{Finding, PanelName, PersonId, SubmissionId, Verdict, Waiver};

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheck {
    /// A hash over all that the check looked at.
    pub inputs: [u8; 32],
    /// What it came to.
    pub verdict: Verdict,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Where it is expected, and since when.
    pub booking: Option<Booking>,
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
    pub fn last_check(&self, id: &SubmissionId, person: PersonId) -> Result<Option<StoredCheck>, LedgerTrouble> {
        let row: Option<(Vec<u8>, String, String)> = self.database.first(
            "SELECT inputs, verdict, payload FROM checked WHERE submission = ?1 AND person = ?2",
            params![id.as_str(), number(person.number())],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let Some((inputs, verdict, payload)) = row else { return Ok(None) };
        let damaged = || LedgerTrouble::Damaged { what: format!("the check of {id}") };
        Ok(Some(StoredCheck {
            inputs: inputs.try_into().map_err(|_| damaged())?,
            verdict: Verdict::parse(&verdict).ok_or_else(damaged)?,
            findings: decode("findings", &payload)?,
            booking: None,
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
            let payload = encode(&check.findings)?;
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
                        payload,
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
        transaction.execute(
            "INSERT OR REPLACE INTO waiver VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.as_str(), number(person.number()), waiver.fingerprint, payload, actor.as_str(), at],
        )?;
        let after = audit::fingerprint(&format!("{} {payload}", person.number()));
        let said = Said { actor, action: "finding-waived", subject: id.as_str(), before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// What somebody has answered for, about one child of a request.
    pub fn waivers(&self, id: &SubmissionId, person: PersonId) -> Result<Vec<Waiver>, LedgerTrouble> {
        let rows: Vec<String> = self.database.rows(
            "SELECT payload FROM waiver WHERE submission = ?1 AND person = ?2 ORDER BY fingerprint",
            params![id.as_str(), number(person.number())],
            |row| row.get(0),
        )?;
        rows.iter().map(|payload| decode("a waiver", payload)).collect()
    }
}
