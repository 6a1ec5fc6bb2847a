//! Outcomes and who approved them.

use jiff::civil::Date;

use super::audit::{self, Said};
use super::engine::{Transaction, Value, params};
use super::store::{count, decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{AuthorityName, Outcome, OutcomeState, PanelName, PersonId, SubmissionId};

/// An outcome and who has handled it.
#[derive(Debug, Clone)]
pub struct OutcomeRow {
    /// The outcome.
    pub outcome: Outcome,
    /// Who loaded it.
    pub loaded_by: String,
    /// Who approved it or turned it down.
    pub decided_by: Option<String>,
    /// Why it was turned down.
    pub reason: Option<String>,
    /// When it was loaded.
    pub at: String,
}

/// What became of an outcome that was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is the first for its request and sitting.
    New,
    /// It says what is known already.
    Unchanged,
    /// It changes what was known: the revision.
    Revised(u32),
}

/// The panel's authority is one of a list.
const OF_SERVED: &str = "substr(panel, 1, instr(panel, '/') - 1) IN (SELECT value FROM json_each(?1))";

/// Authorities as `OF_SERVED` reads them.
fn list(served: &[&AuthorityName]) -> String {
    serde_json::json!(served).to_string()
}

impl Ledger {
    /// Records an outcome as loaded. Its revision is set here: a changed decision is the next one.
    pub fn record_outcome(&mut self, outcome: Outcome, actor: &Actor) -> Result<Recorded, LedgerTrouble> {
        let recorded = self.record_outcomes(vec![outcome], actor)?;
        Ok(recorded.first().copied().unwrap_or(Recorded::Unchanged))
    }

    /// Records outcomes that belong together, all of them or none: those of one request for all of its children. What
    /// became of each, in their order.
    pub fn record_outcomes(&mut self, outcomes: Vec<Outcome>, actor: &Actor) -> Result<Vec<Recorded>, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let record = |outcome| record(&transaction, &at, outcome, actor);
        let recorded: Vec<Recorded> = outcomes.into_iter().map(record).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(recorded)
    }

    /// Approves a loaded outcome or turns it down.
    pub fn decide_outcome(
        &mut self,
        outcome: &Outcome,
        to: OutcomeState,
        reason: Option<&str>,
        actor: &Actor,
    ) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let subject = outcome.submission.as_str();
        let changed = transaction.execute(
            "UPDATE outcome SET state = ?5, decided_by = ?6, reason = ?7
                 WHERE submission = ?1 AND person = ?2 AND sitting = ?3 AND revision = ?4 AND state = 'loaded'",
            params![
                subject,
                number(outcome.person.number()),
                outcome.sitting.to_string(),
                outcome.revision,
                to.as_str(),
                actor.as_str(),
                reason
            ],
        )?;
        if changed != 1 {
            return Err(LedgerTrouble::Conflict(format!("the outcome of {subject} is not waiting for approval")));
        }
        if to == OutcomeState::Approved {
            settle(&transaction, outcome)?;
        }
        let action = format!("outcome-{to}");
        let after = audit::fingerprint(&decided(outcome, to));
        let said = Said { actor, action: &action, subject, before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// Keeps whether a request was handed in after the cutoff of the sitting at which it was decided.
    pub fn keep_lateness(&mut self, outcome: &Outcome, late: Option<bool>) -> Result<(), LedgerTrouble> {
        let sql = "UPDATE checked SET late = ?4 WHERE submission = ?1 AND panel = ?2 AND sitting = ?3 AND settled = 1";
        self.database
            .execute(
                sql,
                params![outcome.submission.as_str(), outcome.panel.as_str(), outcome.sitting.to_string(), late],
            )
            .map(drop)
    }

    /// The outcomes of a request, or of all; latest sitting and revision last.
    pub fn outcomes(&self, submission: Option<&SubmissionId>) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        // Spelt out for one request, so that the database finds it by its key.
        let narrow = if submission.is_some() { "submission = ?1" } else { "?1 IS NULL" };
        let condition = format!("{narrow} ORDER BY sitting, submission, person, revision");
        self.outcomes_where(&condition, params![submission.map(SubmissionId::as_str)])
    }

    /// The outcomes of one sitting of a panel; latest revision last.
    pub fn outcomes_at(&self, panel: &PanelName, sitting: Date) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let condition = "panel = ?1 AND sitting = ?2 ORDER BY submission, person, revision";
        self.outcomes_where(condition, params![panel.as_str(), sitting.to_string()])
    }

    /// The outcomes that wait for approval, earliest sitting first, of `requests_max` requests at most: a request is
    /// there with all of its children. Those of `served` authorities only.
    pub fn outcomes_to_approve(
        &self,
        served: &[&AuthorityName],
        panel: Option<&PanelName>,
        sitting: Option<Date>,
        requests_max: u32,
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let meant =
            format!("state = 'loaded' AND {OF_SERVED} AND (?2 IS NULL OR panel = ?2) AND (?3 IS NULL OR sitting = ?3)");
        let condition = format!(
            "{meant} AND (sitting, submission) IN (
                 SELECT DISTINCT sitting, submission FROM outcome WHERE {meant} ORDER BY sitting, submission LIMIT ?4
             ) ORDER BY sitting, submission, person, revision"
        );
        let sitting = sitting.map(|sitting| sitting.to_string());
        self.outcomes_where(&condition, params![list(served), panel.map(PanelName::as_str), sitting, requests_max])
    }

    /// How many outcomes of `served` authorities wait for approval.
    pub fn outcomes_waiting(&self, served: &[&AuthorityName]) -> Result<u64, LedgerTrouble> {
        let sql = format!("SELECT count(*) FROM outcome WHERE state = 'loaded' AND {OF_SERVED}");
        let counted = self.database.one(&sql, params![list(served)], |row| row.get(0));
        counted.map(count)
    }

    /// The outcomes that meet a condition, in the order that it names.
    pub(super) fn outcomes_where(
        &self,
        condition: &str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        type Row = (String, String, String, Option<String>, Option<String>, String);
        let sql = format!("SELECT payload, state, loaded_by, decided_by, reason, at FROM outcome WHERE {condition}");
        let rows: Vec<Row> = self.database.rows(&sql, parameters, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        let rows = rows.into_iter().map(|(payload, state, loaded_by, decided_by, reason, at)| {
            let mut outcome: Outcome = decode("an outcome", &payload)?;
            outcome.state = OutcomeState::parse(&state)
                .ok_or_else(|| LedgerTrouble::Damaged { what: "the state of an outcome".to_owned() })?;
            Ok(OutcomeRow { outcome, loaded_by, decided_by, reason, at })
        });
        rows.collect()
    }

    /// Approved outcomes of a panel's earlier sittings that name a day in a field, after one day and up to another.
    pub fn outcomes_naming(
        &self,
        panel: &PanelName,
        field: &str,
        after: Date,
        on: Date,
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let condition = "+state = 'approved' AND +sitting < ?4 AND (submission, person, sitting, revision) IN
            (SELECT submission, person, sitting, revision FROM outcome_day
             WHERE panel = ?1 AND field = ?2 AND day > ?3 AND day <= ?4)
            ORDER BY sitting, submission, person, revision";
        self.outcomes_where(condition, params![panel.as_str(), field, after.to_string(), on.to_string()])
    }

    /// The approved outcomes of a panel's sittings since a day.
    pub fn outcomes_approved_since(&self, panel: &PanelName, since: Date) -> Result<Vec<Outcome>, LedgerTrouble> {
        let condition =
            "panel = ?1 AND state = 'approved' AND sitting >= ?2 ORDER BY sitting, submission, person, revision";
        let rows = self.outcomes_where(condition, params![panel.as_str(), since.to_string()])?;
        Ok(rows.into_iter().map(|row| row.outcome).collect())
    }

    /// The approved outcomes of a panel about a person.
    pub fn outcomes_about(&self, panel: &PanelName, person: PersonId) -> Result<Vec<Outcome>, LedgerTrouble> {
        let condition = "panel = ?1 AND +state = 'approved' AND person = ?2 AND submission IN
            (SELECT submission FROM subject WHERE authority = ?3 AND person = ?2) ORDER BY sitting, revision";
        let authority = panel.authority();
        Ok(self
            .outcomes_where(condition, params![panel.as_str(), number(person.number()), authority.as_str()])?
            .into_iter()
            .map(|row| row.outcome)
            .collect())
    }

    /// Whether a panel has decided about a person before, on another request or at an earlier sitting.
    pub fn heard_before(
        &self,
        panel: &PanelName,
        person: PersonId,
        submission: &SubmissionId,
    ) -> Result<bool, LedgerTrouble> {
        self.database
            .one(HEARD_BEFORE, params![panel.as_str(), number(person.number()), submission.as_str()], |row| row.get(0))
    }
}

/// Records one outcome within the transaction of those that it belongs to.
fn record(
    transaction: &Transaction<'_>,
    at: &str,
    mut outcome: Outcome,
    actor: &Actor,
) -> Result<Recorded, LedgerTrouble> {
    let (submission, person, sitting) =
        (outcome.submission.as_str().to_owned(), number(outcome.person.number()), outcome.sitting.to_string());
    let before: Option<(u32, String)> = transaction.first(
        "SELECT revision, payload FROM outcome WHERE submission = ?1 AND person = ?2 AND sitting = ?3
             ORDER BY revision DESC LIMIT 1",
        params![submission, person, sitting],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut recorded = Recorded::New;
    if let Some((revision, payload)) = before {
        let known: Outcome = decode("an outcome", &payload)?;
        if known.decision == outcome.decision {
            return Ok(Recorded::Unchanged);
        }
        outcome.revision = revision + 1;
        recorded = Recorded::Revised(outcome.revision);
        // An approved one stays what it was: its note is on the record, and the next one corrects it.
        transaction.execute(
            "UPDATE outcome SET state = 'superseded' WHERE submission = ?1 AND person = ?2 AND sitting = ?3
                 AND state = 'loaded'",
            params![submission, person, sitting],
        )?;
    } else {
        outcome.revision = 1;
    }
    outcome.state = OutcomeState::Loaded;
    let payload = encode(&outcome)?;
    transaction.execute(
        "INSERT INTO outcome (submission, person, panel, sitting, revision, state, payload, loaded_by, at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'loaded', ?6, ?7, ?8)",
        params![submission, person, outcome.panel.as_str(), sitting, outcome.revision, payload, actor.as_str(), at],
    )?;
    let after = audit::fingerprint(&payload);
    let said = Said { actor, action: "outcome-loaded", subject: &submission, before: &[], after: &after };
    audit::append(transaction, at, &said)?;
    Ok(recorded)
}

/// By the child: left to itself, the database reads all that the panel has ever decided, because another index holds it
/// whole.
pub(super) const HEARD_BEFORE: &str = "SELECT EXISTS (SELECT 1 FROM outcome INDEXED BY outcome_person WHERE panel = ?1
    AND person = ?2 AND submission <> ?3 AND state IN ('approved', 'superseded'))";

/// The checks of a request that is decided stay at the sitting that has decided, and wait for none. A brother's or
/// sister's stays there too until an outcome of its own says more.
fn settle(transaction: &Transaction<'_>, outcome: &Outcome) -> Result<(), LedgerTrouble> {
    transaction.execute("UPDATE checked SET late = iif(panel IS ?3 AND sitting IS ?4, late, NULL), settled = 1, panel = ?3, sitting = ?4
             WHERE submission = ?1 AND (person = ?2 OR settled <> 1)", params![
            outcome.submission.as_str(),
            number(outcome.person.number()),
            outcome.panel.as_str(),
            outcome.sitting.to_string()
        ])
        .map(drop)
}

/// What the trail keeps the hash of when an outcome is decided on: which one, and how.
pub(super) fn decided(outcome: &Outcome, to: OutcomeState) -> String {
    let Outcome { submission, person, sitting, revision, .. } = outcome;
    format!("{submission}/{person}/{sitting}/{revision}={to}")
}
