//! Of which duties each role has been told: once for each due moment, once more when that is over, and every reminder in
//! the trail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::audit::{self, Said, fingerprint};
use super::duty::sorted;
use super::engine::{Row, params};
use super::store::{count, decode, encode};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{AuthorityName, Duty, DutyId};

/// A duty that a role has not been told of as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The role.
    pub role: String,
    /// The duty.
    pub duty: Duty,
    /// How often the role has been told of it before: it has come up again, is due at another time now, or its time is
    /// over.
    pub times: u64,
}

/// A reminder that has left, or lies in the outbox.
#[derive(Debug, Clone, Copy)]
pub struct Reminder<'r> {
    /// What identifies it: it follows from whom it tells what.
    pub id: &'r str,
    /// Whose duties they are.
    pub authority: &'r AuthorityName,
    /// The role that was told.
    pub role: &'r str,
    /// The duties.
    pub told: &'r [Untold],
}

/// That a role was told of a duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The role.
    pub role: String,
    /// When it was told last.
    pub at: Timestamp,
    /// How often it was told.
    pub times: u64,
}

/// The id of a duty, and the due moment that was told.
type ToldOf = (String, String);

/// Of a duty on a desk: when it was told last, for which due moment, and how often.
type Desk = (Option<String>, Option<String>, u64);

impl Ledger {
    /// The open duties that have come onto a role's desk by a moment and of which it has not been told as they are now,
    /// by role and due time; those of which it was told before their time was over, which it now is, among them.
    pub fn duties_untold(&self, now: Timestamp) -> Result<Vec<Untold>, LedgerTrouble> {
        let sql = "SELECT r.role, d.payload, r.times FROM duty d JOIN duty_role r ON r.duty = d.id
                   WHERE d.state = 'open' AND r.since <= ?1
                   AND (r.told_due IS NULL OR r.told_due <> d.due OR (d.due < ?1 AND r.told_at <= d.due)) ORDER BY r.role, d.due, d.id";
        let rows: Vec<(String, String, i64)> =
            self.database.rows(sql, params![sorted(now)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let untold = rows
            .into_iter()
            .map(|(role, payload, times)| Ok(Untold { role, duty: decode("a duty", &payload)?, times: count(times) }));
        untold.collect()
    }

    /// Who has been told of a duty, in the order of the moments.
    pub fn told_of(&self, duty: &DutyId) -> Result<Vec<Told>, LedgerTrouble> {
        let sql = "SELECT role, told_at, times FROM duty_role WHERE duty = ?1 AND times > 0 ORDER BY told_at, role";
        let rows: Vec<(String, String, i64)> =
            self.database.rows(sql, params![duty.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let told = rows.into_iter().map(|(role, at, times)| {
            let at = at.parse().map_err(|_| LedgerTrouble::Damaged { what: "when somebody was told".to_owned() })?;
            Ok(Told { role, at, times: count(times) })
        });
        told.collect()
    }

    /// Notes that a role has been told of duties.
    pub fn duties_told(&mut self, reminder: &Reminder<'_>, actor: &Actor) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let told = reminder.told.iter().map(|one| (one.duty.id.to_string(), sorted(one.duty.due)));
        let told: Vec<ToldOf> = told.collect();
        let payload = encode(&told)?;
        let transaction = self.transaction()?;
        for (id, due) in &told {
            transaction.execute(
                "UPDATE duty_role SET told_at = ?3, told_due = ?4, times = times + 1 WHERE duty = ?1 AND role = ?2",
                params![id, reminder.role, at, due],
            )?;
        }
        transaction.execute(
            "INSERT INTO reminder (id, authority, role, told_at, payload) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![reminder.id, reminder.authority.as_str(), reminder.role, at, payload],
        )?;
        let after = fingerprint(&as_told(reminder.authority.as_str(), reminder.role, &at, &payload));
        let said = Said { actor, action: "duties-told", subject: reminder.id, before: &[], after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()
    }

    /// Every reminder must be as the trail has it, and every desk as the reminders have left it.
    pub(super) fn first_wrong_reminder(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT subject, after FROM audit WHERE action = 'duties-told' ORDER BY sequence";
        let trail: Vec<(String, Vec<u8>)> = self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sql = "SELECT id, authority, role, told_at, payload FROM reminder ORDER BY number";
        type Row = (String, String, String, String, String);
        let reminders: Vec<Row> =
            self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        if trail.len() != reminders.len() {
            return Ok(Some("reminders are gone, or have come from nowhere".to_owned()));
        }
        let mut desks: BTreeMap<(String, String), Desk> = BTreeMap::new();
        for ((subject, after), (id, authority, role, at, payload)) in trail.iter().zip(&reminders) {
            if subject != id || fingerprint(&as_told(authority, role, at, payload)) != *after {
                return Ok(Some(format!("the reminder {id} is not what was told")));
            }
            for (duty, due) in decode::<Vec<ToldOf>>("a reminder", payload)? {
                let desk = desks.entry((duty, role.clone())).or_default();
                *desk = (Some(at.clone()), Some(due), desk.2 + 1);
            }
        }
        self.first_wrong_desk(desks)
    }

    /// Every desk must be as the reminders have left it.
    fn first_wrong_desk(&self, mut desks: BTreeMap<(String, String), Desk>) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT duty, role, told_at, told_due, times FROM duty_role";
        let wrong = self.database.find(sql, &[], |row| {
            let desk: (String, String) = (row.get(0)?, row.get(1)?);
            let (at, due, times): Desk = (row.get(2)?, row.get(3)?, count(row.get(4)?));
            let (told_at, told_due, told_times) = desks.remove(&desk).unwrap_or_default();
            // Where one has come up again, the moment that was told is taken back.
            let is_as_told = (told_at, told_times) == (at, times) && (due.is_none() || due == told_due);
            let (duty, role) = desk;
            Ok((!is_as_told)
                .then(|| format!("what `{role}` was told of the duty {duty} is not what its reminders say")))
        })?;
        if wrong.is_some() {
            return Ok(wrong);
        }
        Ok((!desks.is_empty()).then(|| "duties of which somebody was told are gone from desks".to_owned()))
    }

    fn rows<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> Result<T, LedgerTrouble>) -> Result<Vec<T>, LedgerTrouble> {
        self.database.rows(sql, &[], read)
    }
}

/// What the trail says of a reminder.
fn as_told(authority: &str, role: &str, at: &str, payload: &str) -> String {
    [authority, role, at, payload].join("\u{1f}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use secrecy::SecretBox;
    use tempfile::TempDir;

    use super::*;
    use crate::calendar::Clock;
    use crate::domain::{DutyState, Escalation, Evidence, PanelName};
    use crate::ledger::{Address, DutySelection, LedgerKey};

    const MONDAY: &str = "2026-11-30T02:00:00Z";
    const THURSDAY: &str = "2026-12-03T02:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ledger() -> (TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let key = LedgerKey(SecretBox::new(Box::new([7; 32])));
        let ledger =
            Ledger::open(&Address::file(folder.path().join("ledger.db")), key, Clock::Fixed(at(MONDAY))).unwrap();
        (folder, ledger)
    }

    fn actor() -> Actor {
        Actor::new("test", None)
    }

    /// A duty of a worker that is escalated to a manager on Wednesday.
    fn duty(id: &str, due: &str) -> Duty {
        Duty {
            id: DutyId::new(id),
            panel: PanelName::of(&AuthorityName::new("a"), "p"),
            rule: "note".to_owned(),
            title: "Note written".to_owned(),
            role: "worker".to_owned(),
            person: Some("100001".parse().unwrap()),
            submission: None,
            sitting: None,
            occasion: "sitting".to_owned(),
            since: at(MONDAY),
            counts_from: date(2026, 11, 30),
            due: at(due),
            escalations: vec![Escalation { to: "manager".to_owned(), at: at("2026-12-02T17:00:00Z") }],
            policy: "1".to_owned(),
        }
    }

    fn due_on(duty: &Duty) -> jiff::civil::Date {
        duty.due.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
    }

    const TUESDAY: &str = "2026-12-01T17:00:00Z";

    /// Whom something has not been told: role, duty, how often before.
    fn untold(ledger: &Ledger, now: &str) -> Vec<String> {
        let untold = ledger.duties_untold(at(now)).unwrap();
        untold.iter().map(|one| format!("{} {} {}", one.role, one.duty.id, one.times)).collect()
    }

    /// Tells every role all of it, as at a moment.
    fn tell(ledger: &mut Ledger, now: &str) {
        ledger.clock = Clock::Fixed(at(now));
        let untold = ledger.duties_untold(at(now)).unwrap();
        for (number, one) in untold.iter().enumerate() {
            let (id, authority) = (format!("{now}-{number}"), AuthorityName::new("a"));
            let told = std::slice::from_ref(one);
            ledger.duties_told(&Reminder { id: &id, authority: &authority, role: &one.role, told }, &actor()).unwrap();
        }
        assert!(ledger.audit_verify(None).unwrap().whole);
    }

    fn close(ledger: &mut Ledger, id: &str, state: DutyState) {
        let evidence: Evidence = decode("evidence", r#"{"what":"seen","on":null}"#).unwrap();
        assert!(ledger.close_duty(&DutyId::new(id), state, &evidence, &actor()).unwrap());
    }

    #[test]
    fn a_role_is_told_once_when_a_duty_comes_onto_its_desk() {
        let (_folder, mut ledger) = ledger();
        ledger.keep_duties(&[duty("D-1", TUESDAY), duty("D-2", TUESDAY)], due_on, &actor()).unwrap();
        assert_eq!(untold(&ledger, MONDAY), ["worker D-1 0", "worker D-2 0"]);
        tell(&mut ledger, MONDAY);
        assert_eq!(untold(&ledger, MONDAY), Vec::<String>::new());
        assert_eq!(untold(&ledger, TUESDAY), Vec::<String>::new(), "its time is not over yet");
        let since = ["manager D-1 0", "manager D-2 0", "worker D-1 1", "worker D-2 1"];
        assert_eq!(untold(&ledger, THURSDAY), since, "escalated since, and its time is over");
        let told = ledger.told_of(&DutyId::new("D-1")).unwrap();
        assert_eq!(told, [Told { role: "worker".to_owned(), at: at(MONDAY), times: 1 }]);
        close(&mut ledger, "D-1", DutyState::Done);
        close(&mut ledger, "D-2", DutyState::Withdrawn);
        assert_eq!(untold(&ledger, THURSDAY), Vec::<String>::new(), "nobody is told of what is closed");
        assert!(ledger.audit_verify(None).unwrap().whole);
    }

    #[test]
    fn what_is_due_at_another_time_is_told_again_and_other_changes_are_not() {
        let (_folder, mut ledger) = ledger();
        ledger.keep_duties(&[duty("D-1", TUESDAY)], due_on, &actor()).unwrap();
        tell(&mut ledger, MONDAY);
        let retitled = Duty { title: "Note written and signed".to_owned(), ..duty("D-1", TUESDAY) };
        assert_eq!(ledger.keep_duties(&[retitled], due_on, &actor()).unwrap().changed, 1);
        assert_eq!(untold(&ledger, MONDAY), Vec::<String>::new());

        ledger.keep_duties(&[duty("D-1", THURSDAY)], due_on, &actor()).unwrap();
        assert_eq!(untold(&ledger, MONDAY), ["worker D-1 1"]);
        ledger.keep_duties(&[duty("D-1", TUESDAY)], due_on, &actor()).unwrap();
        assert_eq!(untold(&ledger, MONDAY), Vec::<String>::new(), "back at what was told");
        ledger.keep_duties(&[duty("D-1", THURSDAY)], due_on, &actor()).unwrap();
        tell(&mut ledger, "2026-12-01T02:00:00Z");
        assert_eq!(untold(&ledger, "2026-12-01T02:00:00Z"), Vec::<String>::new());

        close(&mut ledger, "D-1", DutyState::Withdrawn);
        ledger.keep_duties(&[duty("D-1", THURSDAY)], due_on, &actor()).unwrap();
        assert_eq!(untold(&ledger, "2026-12-01T02:00:00Z"), ["worker D-1 2"], "it has come up again");
        assert!(ledger.audit_verify(None).unwrap().whole);
    }

    #[test]
    fn a_role_that_has_a_duty_no_more_is_not_told_of_it() {
        let (_folder, mut ledger) = ledger();
        ledger.keep_duties(&[duty("D-1", TUESDAY)], due_on, &actor()).unwrap();
        tell(&mut ledger, MONDAY);
        let others = Duty { role: "other".to_owned(), escalations: Vec::new(), ..duty("D-1", TUESDAY) };
        ledger.keep_duties(&[others], due_on, &actor()).unwrap();
        assert_eq!(untold(&ledger, THURSDAY), ["other D-1 0"]);
        let on_desk = |role: &str| {
            let selection = DutySelection { role: Some((role.to_owned(), at(THURSDAY))), ..DutySelection::open() };
            ledger.duties_page(&selection, None, 9).unwrap().len()
        };
        assert_eq!((on_desk("worker"), on_desk("manager"), on_desk("other")), (0, 0, 1));
        assert!(ledger.audit_verify(None).unwrap().whole);
    }

    #[test]
    fn what_is_done_stays_on_the_desks_that_had_it() {
        let (_folder, mut ledger) = ledger();
        ledger.keep_duties(&[duty("D-1", TUESDAY), duty("D-2", TUESDAY)], due_on, &actor()).unwrap();
        close(&mut ledger, "D-1", DutyState::Done);
        ledger.clock = Clock::Fixed(at(THURSDAY));
        close(&mut ledger, "D-2", DutyState::Done);
        let done = |role: &str| {
            let role = Some((role.to_owned(), at("2026-12-31T02:00:00Z")));
            let selection = DutySelection { role, state: DutyState::Done, ..DutySelection::open() };
            let page = ledger.duties_page(&selection, None, 9).unwrap();
            page.iter().map(|row| row.duty.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(done("worker"), ["D-1", "D-2"]);
        assert_eq!(done("manager"), ["D-2"], "the first was done before anybody else heard of it");
    }

    #[test]
    fn what_is_changed_of_what_was_told_is_seen() {
        let tampering = [
            "UPDATE duty_role SET told_at = NULL, told_due = NULL, times = 0 WHERE role = 'worker'",
            "UPDATE duty_role SET times = 9 WHERE role = 'worker'",
            "UPDATE duty_role SET told_due = '2026-12-24T17:00:00Z' WHERE role = 'worker'",
            "UPDATE duty_role SET told_at = '2026-11-30T02:00:00Z', times = 1 WHERE role = 'manager'",
            "DELETE FROM duty_role WHERE role = 'worker'",
            "UPDATE reminder SET role = 'manager'",
            "UPDATE reminder SET payload = replace(payload, 'D-1', 'D-2')",
            "DELETE FROM reminder",
        ];
        for sql in tampering {
            let (_folder, mut ledger) = ledger();
            ledger.keep_duties(&[duty("D-1", TUESDAY)], due_on, &actor()).unwrap();
            tell(&mut ledger, MONDAY);
            assert_eq!(ledger.database.execute(sql, &[]).unwrap(), 1, "{sql}");
            assert!(!ledger.audit_verify(None).unwrap().whole, "{sql}");
        }
    }
}
