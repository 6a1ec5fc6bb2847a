//! What somebody must do by a time: raised once, closed once, and every change in the trail. What was told is in
//! `told`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::audit::{self, Said, fingerprint};
use super::engine::{Transaction, Value, params};
use super::store::{count, decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{Duty, DutyId, DutyStanding, DutyState, Evidence, PanelName, PersonId, SubmissionId};
use crate::log;

/// Which duties are meant.
#[derive(Debug, Clone)]
pub struct DutySelection {
    /// In this state.
    pub state: DutyState,
    /// Of this panel only.
    pub panel: Option<PanelName>,
    /// On the desk of this role only, at a moment: it must do it, or it was escalated to it before it was closed.
    pub role: Option<(String, Timestamp)>,
    /// About this child only.
    pub person: Option<PersonId>,
    /// About this request only.
    pub submission: Option<SubmissionId>,
    /// Due by this moment only.
    pub due_by: Option<Timestamp>,
}

/// The place of a duty in the list of those in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyKey {
    /// When it is due, as the ledger sorts it.
    pub due: String,
    /// Its id.
    pub id: String,
}

/// What became of duties that were worked out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DutiesKept {
    /// Those that are new, or have come up again.
    pub raised: u64,
    /// Those that are due at another time now.
    pub changed: u64,
}

impl DutySelection {
    /// All that are open.
    pub const fn open() -> Self {
        Self { state: DutyState::Open, panel: None, role: None, person: None, submission: None, due_by: None }
    }
}

type Row = (String, String, Option<String>, String, Option<String>);

/// Says that a duty has come up, or is another now.
fn tell_kept(is_raised: bool, duty: &Duty) {
    let Duty { id, panel, submission, sitting, due, .. } = duty;
    macro_rules! line {
        ($sentence:literal) => {
            log::info!(
                $sentence,
                duty = id,
                panel = panel,
                submission = submission.as_ref(),
                sitting = *sitting,
                due = *due
            )
        };
    }
    if is_raised { line!("A duty has come up.") } else { line!("A duty is another now, or due at another time.") }
}

impl Ledger {
    /// Keeps duties as they were worked out. One that is known is changed only while it is open; one that was withdrawn
    /// and comes up again is open again; one that is done stays done.
    pub fn keep_duties(&mut self, duties: &[Duty], actor: &Actor) -> Result<DutiesKept, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let (mut kept, mut told) = (DutiesKept::default(), Vec::new());
        for duty in duties {
            let payload = encode(duty)?;
            let known: Option<(String, String)> = transaction.first(
                "SELECT state, payload FROM duty WHERE id = ?1",
                params![duty.id.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let action = match &known {
                Some((state, _)) if state == DutyState::Done.as_str() => continue,
                Some((state, before)) if state == DutyState::Open.as_str() && *before == payload => continue,
                Some((state, _)) if state == DutyState::Open.as_str() => "duty-changed",
                Some(_) | None => "duty-raised",
            };
            put(&transaction, duty, &payload, &at)?;
            if action == "duty-raised" {
                // One that comes up again is told again.
                transaction
                    .execute("UPDATE duty_role SET told_due = NULL WHERE duty = ?1", params![duty.id.as_str()])?;
            }
            let before = known.map(|(_, before)| fingerprint(&before)).unwrap_or_default();
            let after = fingerprint(&payload);
            let said = Said { actor, action, subject: duty.id.as_str(), before: &before, after: &after };
            audit::append(&transaction, &at, &said)?;
            let counter = if action == "duty-raised" { &mut kept.raised } else { &mut kept.changed };
            *counter += 1;
            told.push((action == "duty-raised", duty));
        }
        transaction.commit()?;
        told.into_iter().for_each(|(is_raised, duty)| tell_kept(is_raised, duty));
        Ok(kept)
    }

    /// Closes an open duty, or withdraws it. Whether it was open.
    pub fn close_duty(
        &mut self,
        id: &DutyId,
        state: DutyState,
        evidence: &Evidence,
        actor: &Actor,
    ) -> Result<bool, LedgerTrouble> {
        let at = self.now();
        let told = encode(evidence)?;
        let transaction = self.transaction()?;
        let payload: Option<String> = transaction.first(
            "SELECT payload FROM duty WHERE id = ?1 AND state = 'open'",
            params![id.as_str()],
            |row| row.get(0),
        )?;
        let Some(payload) = payload else { return Ok(false) };
        transaction.execute(
            "UPDATE duty SET state = ?2, evidence = ?3, closed_at = ?4 WHERE id = ?1 AND state = 'open'",
            params![id.as_str(), state.as_str(), told, at],
        )?;
        let (before, after) = (fingerprint(&payload), fingerprint(&closed(state, &told)));
        let action = if state == DutyState::Done { "duty-done" } else { "duty-withdrawn" };
        let said = Said { actor, action, subject: id.as_str(), before: &before, after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()?;
        log::info!("A duty is open no more.", duty = id, state = state);
        Ok(true)
    }

    /// A duty.
    pub fn duty(&self, id: &DutyId) -> Result<Option<DutyStanding>, LedgerTrouble> {
        Ok(self.duties_where("id = ?1", params![id.as_str()])?.pop())
    }

    /// Duties, the first due first, after one of them.
    pub fn duties_page(
        &self,
        selection: &DutySelection,
        after: Option<&DutyKey>,
        limit: u32,
    ) -> Result<Vec<DutyStanding>, LedgerTrouble> {
        let DutySelection { state, panel, role, person, submission, due_by } = selection;
        let mut condition =
            vec!["state = ?1 AND ?2 IS ?2 AND ?3 IS ?3 AND ?4 IS ?4 AND ?5 IS ?5 AND ?6 IS ?6 AND ?7 IS ?7"];
        condition.extend(panel.as_ref().map(|_| "panel = ?2"));
        condition.extend(role.as_ref().map(|_| {
            "EXISTS (SELECT 1 FROM duty_role r WHERE r.duty = duty.id AND r.role = ?3
                    AND r.since <= min(?4, ifnull(closed_at, ?4)))"
        }));
        condition.extend(person.map(|_| "person = ?5"));
        condition.extend(submission.as_ref().map(|_| "submission = ?6"));
        condition.extend(due_by.map(|_| "due <= ?7"));
        condition.extend(after.map(|_| "(due, id) > (?8, ?9)"));
        let condition = format!("{} ORDER BY due, id LIMIT ?10", condition.join(" AND "));
        self.duties_where(
            &condition,
            params![
                state.as_str(),
                panel.as_ref().map(PanelName::as_str),
                role.as_ref().map(|(role, _)| role.as_str()),
                role.as_ref().map(|(_, now)| sorted(*now)),
                person.map(|person| number(person.number())),
                submission.as_ref().map(SubmissionId::as_str),
                due_by.map(sorted),
                after.map(|after| after.due.as_str()),
                after.map(|after| after.id.as_str()),
                limit,
            ],
        )
    }

    /// How many duties are open, and how many of them are over their time.
    pub fn duties_open(&self, now: Timestamp) -> Result<(u64, u64), LedgerTrouble> {
        let sql = "SELECT count(*), sum(due < ?1) FROM duty INDEXED BY duty_due WHERE state = 'open'";
        self.database.one(sql, params![sorted(now)], |row| {
            Ok((count(row.get(0)?), count(row.get::<Option<i64>>(1)?.unwrap_or(0))))
        })
    }

    /// The days on which a panel has heard anybody, as far as tessera knows.
    pub fn days_heard(&self, panel: &PanelName, from: Date, to: Date) -> Result<Vec<Date>, LedgerTrouble> {
        let sql = "SELECT sitting FROM outcome WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3
                   UNION SELECT sitting FROM held WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3
                   UNION SELECT sitting FROM tally WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3 AND settled < 2 AND n > 0
                   ORDER BY 1";
        let days: Vec<String> =
            self.database.rows(sql, params![panel.as_str(), from.to_string(), to.to_string()], |row| row.get(0))?;
        let damaged = || LedgerTrouble::Damaged { what: "the day of a sitting".to_owned() };
        days.iter().map(|day| day.parse().map_err(|_| damaged())).collect()
    }

    /// What the trail says last of each duty must be what the ledger holds.
    pub(super) fn first_wrong_duty(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT d.id, d.state, d.payload, d.evidence, (SELECT a.after FROM audit a WHERE a.subject = d.id
                       AND a.action LIKE 'duty-%' ORDER BY a.sequence DESC LIMIT 1) FROM duty d";
        let mut known = 0_u64;
        let wrong = self.database.find(sql, &[], |row| {
            let (id, state, payload): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (evidence, told): (Option<String>, Option<Vec<u8>>) = (row.get(3)?, row.get(4)?);
            let held = match (DutyState::parse(&state), evidence) {
                (Some(DutyState::Open), _) => Some(fingerprint(&payload)),
                (Some(state), Some(evidence)) => Some(fingerprint(&closed(state, &evidence))),
                _ => None,
            };
            known += 1;
            let is_as_told = held.is_some() && held == told;
            Ok((!is_as_told).then(|| format!("the duty {id} is not what was raised or closed")))
        })?;
        if wrong.is_some() {
            return Ok(wrong);
        }
        let raised = self.counted("SELECT count(DISTINCT subject) FROM audit WHERE action = 'duty-raised'")?;
        Ok((raised != known).then(|| "duties are gone, or have come from nowhere".to_owned()))
    }

    fn duties_where(&self, condition: &str, parameters: &[Value<'_>]) -> Result<Vec<DutyStanding>, LedgerTrouble> {
        let sql = format!("SELECT payload, state, evidence, raised_at, closed_at FROM duty WHERE {condition}");
        let rows: Vec<Row> = self
            .database
            .rows(&sql, parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        rows.into_iter().map(standing).collect()
    }
}

/// A moment as text that sorts by time.
pub(super) fn sorted(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl DutyKey {
    /// The place of a duty.
    pub fn of(duty: &Duty) -> Self {
        Self { due: sorted(duty.due), id: duty.id.to_string() }
    }
}

/// What the trail says of a duty that is closed.
fn closed(state: DutyState, evidence: &str) -> String {
    format!("{state} {evidence}")
}

fn put(transaction: &Transaction<'_>, duty: &Duty, payload: &str, at: &str) -> Result<(), LedgerTrouble> {
    let sql = "INSERT INTO duty VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, NULL, ?8, NULL)
        ON CONFLICT (id) DO UPDATE SET state = 'open', due = ?6, payload = ?7, evidence = NULL, closed_at = NULL";
    transaction.execute(
        sql,
        params![
            duty.id.as_str(),
            duty.panel.as_str(),
            duty.rule,
            duty.person.map(|person| number(person.number())),
            duty.submission.as_ref().map(SubmissionId::as_str),
            sorted(duty.due),
            payload,
            at,
        ],
    )?;
    put_on_desks(transaction, duty)
}

/// On the desk of a role that has the duty no more: after every moment.
const NEVER: &str = "~";

/// Puts a duty onto the desks of its roles, and takes it from those of others. What a role was told of it stays.
fn put_on_desks(transaction: &Transaction<'_>, duty: &Duty) -> Result<(), LedgerTrouble> {
    let id = duty.id.as_str();
    transaction.execute("UPDATE duty_role SET since = ?2 WHERE duty = ?1", params![id, NEVER])?;
    let put = |role: &str, since: &str| {
        let sql = "INSERT INTO duty_role (role, since, duty) VALUES (?1, ?2, ?3)
            ON CONFLICT (duty, role) DO UPDATE SET since = min(since, excluded.since)";
        transaction.execute(sql, params![role, since, id]).map(drop)
    };
    put(&duty.role, "")?;
    for escalation in &duty.escalations {
        put(&escalation.to, &sorted(escalation.at))?;
    }
    Ok(())
}

fn standing((payload, state, evidence, raised_at, closed_at): Row) -> Result<DutyStanding, LedgerTrouble> {
    let damaged = || LedgerTrouble::Damaged { what: "a duty".to_owned() };
    let moment = |text: &str| text.parse::<Timestamp>().map_err(|_| damaged());
    Ok(DutyStanding {
        duty: decode("a duty", &payload)?,
        state: DutyState::parse(&state).ok_or_else(damaged)?,
        evidence: evidence.map(|evidence| decode("what closed a duty", &evidence)).transpose()?,
        raised_at: moment(&raised_at)?,
        closed_at: closed_at.as_deref().map(moment).transpose()?,
    })
}
