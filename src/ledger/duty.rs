//! What somebody must do by a time: raised once, closed once, and every change in the trail. What was told is in
//! `told`.

use jiff::Timestamp;
use jiff::civil::Date;

use super::audit::{self, Said, fingerprint};
use super::engine::{Conditions, Transaction, Value, parameter, params};
use super::learning::month_of;
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
    /// Keeps duties as they were worked out; `due_on` is the day of a moment in the time of a panel's office. One that is known is changed only while it is open; one that was withdrawn
    /// and comes up again is open again; one that is done stays done.
    pub fn keep_duties(
        &mut self,
        duties: &[Duty],
        due_on: impl Fn(&Duty) -> Date,
        actor: &Actor,
    ) -> Result<DutiesKept, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let (mut kept, mut told) = (DutiesKept::default(), Vec::new());
        for duty in duties {
            let payload = encode(duty)?;
            let is = Kept {
                panel: duty.panel.to_string(),
                rule: duty.rule.clone(),
                due_day: due_on(duty).to_string(),
                state: DutyState::Open,
                in_time: false,
            };
            let known = known(&transaction, &duty.id)?;
            let action = match &known {
                Some((was, _)) if was.state == DutyState::Done => continue,
                Some((was, before)) if was == &is && *before == payload => continue,
                Some((was, before)) if was.state == DutyState::Open && *before == payload => {
                    // The same moment on another day: its office's time was not known when it was counted.
                    is.keep(&transaction, &duty.id, Some(was))?;
                    continue;
                }
                Some((was, _)) if was.state == DutyState::Open => "duty-changed",
                Some(_) | None => "duty-raised",
            };
            put(&transaction, duty, &payload, &at)?;
            is.keep(&transaction, &duty.id, known.as_ref().map(|(was, _)| was))?;
            if action == "duty-raised" {
                // One that comes up again is told again.
                let sql = "UPDATE duty_role SET told_due = NULL WHERE duty = ?1";
                transaction.execute(sql, params![duty.id.as_str()])?;
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
        let (told, now) = (encode(evidence)?, self.clock.now());
        let transaction = self.transaction()?;
        let Some((was, payload)) = known(&transaction, id)?.filter(|(was, _)| was.state == DutyState::Open) else {
            return Ok(false);
        };
        let duty: Duty = decode("a duty", &payload)?;
        let in_time = state == DutyState::Done && is_in_time(evidence, &duty, &was.due_day, now);
        let sql = "UPDATE duty SET state = ?2, evidence = ?3, closed_at = ?4 WHERE id = ?1 AND state = 'open'";
        transaction.execute(sql, params![id.as_str(), state.as_str(), told, at])?;
        Kept { state, in_time, ..was.clone() }.keep(&transaction, id, Some(&was))?;
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
        let (moment, due_by) = (role.as_ref().map(|(_, now)| sorted(*now)), due_by.map(sorted));
        let (person, state) = (person.map(|person| number(person.number())), state.as_str());
        let mut narrow = Conditions::one("state =", parameter(state));
        narrow.and_if("panel =", panel.as_ref().map(|panel| parameter(panel.as_str())));
        if let Some(((role, _), moment)) = role.as_ref().zip(moment.as_ref()) {
            let (role, moment) = (narrow.with(parameter(role)), narrow.with(parameter(moment)));
            narrow.and(&format!(
                "EXISTS (SELECT 1 FROM duty_role r WHERE r.duty = duty.id AND r.role = {role}
                 AND r.since <= {moment} AND (closed_at IS NULL OR r.since <= closed_at))"
            ));
        }
        narrow.and_if("person =", person.as_ref().map(parameter));
        narrow.and_if("submission =", submission.as_ref().map(|submission| parameter(submission.as_str())));
        narrow.and_if("due <=", due_by.as_ref().map(parameter));
        if let Some(after) = after {
            let (due, id) = (narrow.with(parameter(&after.due)), narrow.with(parameter(&after.id)));
            narrow.and(&format!("(due, id) > ({due}, {id})"));
        }
        let limit = narrow.with(parameter(&limit));
        self.duties_where(&format!("{} ORDER BY due, id LIMIT {limit}", narrow.text()), narrow.values())
    }

    /// How many duties are open, and how many of them are over their time.
    pub fn duties_open(&self, now: Timestamp) -> Result<(u64, u64), LedgerTrouble> {
        let sql = "SELECT count(*), sum(CASE WHEN due < ?1 THEN 1 ELSE 0 END) FROM duty WHERE state = 'open'";
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

/// How a duty is counted, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    panel: String,
    rule: String,
    /// The day on which it is due, in the time of its office.
    due_day: String,
    state: DutyState,
    /// Whether it was done by then.
    in_time: bool,
}

/// How a duty that is known is counted, and its payload.
fn known(transaction: &Transaction<'_>, id: &DutyId) -> Result<Option<(Kept, String)>, LedgerTrouble> {
    let sql = "SELECT panel, rule, due_day, state, was_in_time, payload FROM duty WHERE id = ?1";
    transaction.first(sql, params![id.as_str()], |row| {
        let (panel, rule, due_day, state): (_, _, _, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let damaged = || LedgerTrouble::Damaged { what: "a duty".to_owned() };
        let state = DutyState::parse(&state).ok_or_else(damaged)?;
        Ok((Kept { panel, rule, due_day, state, in_time: row.get(4)? }, row.get(5)?))
    })
}

impl Kept {
    /// Keeps how a duty is counted, and counts it, in the place of how it was.
    fn keep(&self, transaction: &Transaction<'_>, id: &DutyId, was: Option<&Self>) -> Result<(), LedgerTrouble> {
        if was == Some(self) {
            return Ok(());
        }
        let sql = "UPDATE duty SET due_day = ?2, was_in_time = ?3 WHERE id = ?1";
        transaction.execute(sql, params![id.as_str(), self.due_day, self.in_time])?;
        if let Some(was) = was {
            was.count(transaction, -1)?;
        }
        self.count(transaction, 1)
    }

    fn count(&self, transaction: &Transaction<'_>, n: i64) -> Result<(), LedgerTrouble> {
        let Self { panel, rule, due_day, state, in_time } = self;
        let sql = "INSERT INTO duty_tally (panel, month, rule, state, in_time, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (panel, month, rule, state, in_time) DO UPDATE SET n = duty_tally.n + excluded.n";
        transaction.execute(sql, params![panel, month_of(due_day), rule, state.as_str(), in_time, n]).map(drop)
    }
}

/// Whether what shows that a duty is done is of its due day or before; where it names a moment, of its due moment. Without
/// either, what counts is when somebody has said that it is done.
fn is_in_time(evidence: &Evidence, duty: &Duty, due_day: &str, now: Timestamp) -> bool {
    match (evidence.on, evidence.at) {
        (Some(on), _) => on.to_string().as_str() <= due_day,
        (None, Some(at)) => sorted(at) <= sorted(duty.due),
        (None, None) => sorted(now) <= sorted(duty.due),
    }
}

/// What the trail says of a duty that is closed.
fn closed(state: DutyState, evidence: &str) -> String {
    format!("{state} {evidence}")
}

fn put(transaction: &Transaction<'_>, duty: &Duty, payload: &str, at: &str) -> Result<(), LedgerTrouble> {
    let sql = "INSERT INTO duty (id, panel, rule, person, submission, state, due, payload, raised_at)
        VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, ?8)
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
            ON CONFLICT (duty, role) DO UPDATE SET since =
                CASE WHEN duty_role.since < excluded.since THEN duty_role.since ELSE excluded.since END";
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
