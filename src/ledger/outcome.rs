//! Outcomes and who approved them.

use jiff::civil::Date;

use super::audit::{self, Said};
use super::engine::{Transaction, Value, parameter, params};
use super::learning::keep_decision;
use super::standing::{Standing, Stands, restand};
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

/// That a panel's authority is one of some: a condition whose first parameter is `?from`, and its parameters.
fn of_served(served: &[&AuthorityName], from: usize) -> (String, Vec<String>) {
    // The names of an authority's panels begin with its own and a slash, which is the character before '0'.
    let spans = served.iter().enumerate().map(|(at, _)| {
        let first = from + 2 * at;
        format!("(panel >= ?{first} AND panel < ?{})", first + 1)
    });
    let spans: Vec<String> = spans.collect();
    let condition = if spans.is_empty() { "1 = 0".to_owned() } else { format!("({})", spans.join(" OR ")) };
    (condition, served.iter().flat_map(|name| [format!("{name}/"), format!("{name}0")]).collect())
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
            keep_decision(&transaction, outcome)?;
        }
        let action = format!("outcome-{to}");
        let after = audit::fingerprint(&decided(outcome, to));
        let said = Said { actor, action: &action, subject, before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// Keeps whether a request was handed in after the cutoff of the sitting at which it was decided.
    pub fn keep_lateness(&mut self, outcome: &Outcome, late: Option<bool>) -> Result<(), LedgerTrouble> {
        let (id, panel, sitting) = (&outcome.submission, outcome.panel.as_str(), outcome.sitting.to_string());
        let transaction = self.transaction()?;
        for before in Stands::of(&transaction, id)? {
            let is_there = before.panel.as_deref() == Some(panel) && before.sitting.as_deref() == Some(&sitting);
            if is_there && before.standing == Standing::Decided && before.late != late {
                restand(&transaction, id, &before, &Stands { late, ..before.clone() })?;
            }
        }
        transaction.commit()
    }

    /// The outcomes of a request, or of all; latest sitting and revision last.
    pub fn outcomes(&self, submission: Option<&SubmissionId>) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let order = "ORDER BY sitting, submission, person, revision";
        match submission {
            Some(submission) => self.outcomes_where(&format!("submission = ?1 {order}"), params![submission.as_str()]),
            None => self.outcomes_where(&format!("1 = 1 {order}"), &[]),
        }
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
        let sitting = sitting.map(|sitting| sitting.to_string());
        let (of_served, names) = of_served(served, 2);
        let mut values = vec![parameter(&requests_max)];
        values.extend(names.iter().map(parameter));
        let mut meant = format!("state = 'loaded' AND {of_served}");
        if let Some(panel) = panel {
            values.push(parameter(panel.as_str()));
            meant.push_str(&format!(" AND panel = ?{}", values.len()));
        }
        if let Some(sitting) = &sitting {
            values.push(parameter(sitting));
            meant.push_str(&format!(" AND sitting = ?{}", values.len()));
        }
        let condition = format!(
            "{meant} AND (sitting, submission) IN (
                 SELECT DISTINCT sitting, submission FROM outcome WHERE {meant} ORDER BY sitting, submission LIMIT ?1
             ) ORDER BY sitting, submission, person, revision"
        );
        self.outcomes_where(&condition, &values)
    }

    /// How many outcomes of `served` authorities wait for approval.
    pub fn outcomes_waiting(&self, served: &[&AuthorityName]) -> Result<u64, LedgerTrouble> {
        let (of_served, names) = of_served(served, 1);
        let values: Vec<Value<'_>> = names.iter().map(parameter).collect();
        let sql = format!("SELECT count(*) FROM outcome WHERE state = 'loaded' AND {of_served}");
        self.database.one(&sql, &values, |row| row.get(0)).map(count)
    }

    /// The outcomes that meet a condition, in the order that it names.
    pub(super) fn outcomes_where(
        &self,
        condition: &str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let sql = format!("SELECT payload, state, loaded_by, decided_by, reason, at FROM outcome WHERE {condition}");
        self.outcome_rows(&sql, parameters)
    }

    fn outcome_rows(&self, sql: &str, parameters: &[Value<'_>]) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        type Row = (String, String, String, Option<String>, Option<String>, String);
        let rows: Vec<Row> = self.database.rows(sql, parameters, |row| {
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
        self.outcome_rows(NAMING, params![panel.as_str(), field, after.to_string(), on.to_string()])
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
        let authority = panel.authority();
        let rows = self.outcome_rows(ABOUT, params![panel.as_str(), number(person.number()), authority.as_str()])?;
        Ok(rows.into_iter().map(|row| row.outcome).collect())
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
    for (field, day) in days(&outcome) {
        let sql = "INSERT INTO outcome_day (panel, day, field, submission, person, sitting, revision)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (panel, field, day, submission, person, sitting, revision) DO NOTHING";
        transaction
            .execute(sql, params![outcome.panel.as_str(), day, field, submission, person, sitting, outcome.revision])?;
    }
    let after = audit::fingerprint(&payload);
    let said = Said { actor, action: "outcome-loaded", subject: &submission, before: &[], after: &after };
    audit::append(transaction, at, &said)?;
    Ok(recorded)
}

pub(super) const HEARD_BEFORE: &str = "SELECT EXISTS (SELECT 1 FROM outcome WHERE panel = ?1 AND person = ?2
    AND state IN ('approved', 'superseded') AND submission <> ?3)";

/// The days come first, which are few: a plain join may begin with every outcome that was ever approved.
pub(super) const NAMING: &str = "SELECT o.payload, o.state, o.loaded_by, o.decided_by, o.reason, o.at
    FROM outcome_day d CROSS JOIN outcome o WHERE o.submission = d.submission AND o.person = d.person
        AND o.sitting = d.sitting AND o.revision = d.revision
        AND d.panel = ?1 AND d.field = ?2 AND d.day > ?3 AND d.day <= ?4 AND o.state = 'approved' AND o.sitting < ?4
    ORDER BY o.sitting, o.submission, o.person, o.revision";

/// The requests about the child come first: a plain join may begin with all that the panel has ever approved.
pub(super) const ABOUT: &str = "SELECT o.payload, o.state, o.loaded_by, o.decided_by, o.reason, o.at
    FROM subject s CROSS JOIN outcome o WHERE s.authority = ?3 AND s.person = ?2
        AND o.submission = s.submission AND o.person = ?2 AND o.panel = ?1 AND o.state = 'approved'
    ORDER BY o.sitting, o.revision";

/// The days that an outcome names, by field.
fn days(outcome: &Outcome) -> impl Iterator<Item = (&str, &str)> {
    let fields = outcome.decision.fields.iter().map(|(field, value)| (field.as_str(), value.expose().as_str()));
    fields.filter(|(_, value)| value.parse::<Date>().is_ok_and(|day| day.to_string() == *value))
}

/// The checks of a request that is decided stay at the sitting that has decided, and wait for none. A brother's or
/// sister's stays there too until an outcome of its own says more.
fn settle(transaction: &Transaction<'_>, outcome: &Outcome) -> Result<(), LedgerTrouble> {
    let (id, person) = (&outcome.submission, number(outcome.person.number()));
    let (panel, sitting) = (Some(outcome.panel.to_string()), Some(outcome.sitting.to_string()));
    for before in Stands::of(transaction, id)? {
        if before.person == person || before.standing != Standing::Decided {
            let late = before.late.filter(|_| before.panel == panel && before.sitting == sitting);
            let (panel, sitting) = (panel.clone(), sitting.clone());
            let after = Stands { panel, sitting, late, standing: Standing::Decided, ..before.clone() };
            restand(transaction, id, &before, &after)?;
        }
    }
    Ok(())
}

/// What the trail keeps the hash of when an outcome is decided on: which one, and how.
pub(super) fn decided(outcome: &Outcome, to: OutcomeState) -> String {
    let Outcome { submission, person, sitting, revision, .. } = outcome;
    format!("{submission}/{person}/{sitting}/{revision}={to}")
}
