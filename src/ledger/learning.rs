//! What the year teaches: what the first check of each request has said, what was decided after how long, how duties were
//! kept.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::audit::{self, Said};
use super::engine::{Database, Row, Transaction, params};
use super::standing::{known, parse_known};
use super::store::{count, decode, encode, number};
use super::{Actor, Against, Ledger, LedgerTrouble, StoredCheck};
use crate::domain::{Outcome, PanelName, PersonId, SubmissionId};

/// How many of a month's requests stood how at the first look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLooks {
    /// The month in which they were handed in: `2026-12`.
    pub month: String,
    /// Whether after the cutoff; `None` where there was none.
    pub late: Option<bool>,
    /// Whether nothing else stood against them; `None` where nobody knows.
    pub complete: Option<bool>,
    /// How many.
    pub count: u64,
}

/// How many of a month's requests lacked something at the first look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLacks {
    /// The month in which they were handed in: `2026-12`.
    pub month: String,
    /// The code of the finding.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// How many.
    pub count: u64,
}

/// How many children a panel has decided about in one way, after so many days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The month of the sittings: `2026-12`.
    pub month: String,
    /// The decision, by the name that the panel's file has for it.
    pub decision: String,
    /// Days since the request was handed in; `None` where nobody knows.
    pub days: Option<u64>,
    /// How many.
    pub count: u64,
}

/// How the duties of a rule that were due in a month were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutiesTallied {
    /// The month: `2026-12`.
    pub month: String,
    /// The rule of the panel's file.
    pub rule: String,
    /// Done by then.
    pub in_time: u64,
    /// Done, but later.
    pub late: u64,
    /// Not done.
    pub open: u64,
}

/// In the place of days that nobody knows.
const UNKNOWN_DAYS: i64 = -1;

pub(super) const FIRST_LOOKS: &str = "SELECT month, late, complete, n FROM first_look_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, late, complete";
pub(super) const FIRST_LACKS: &str = "SELECT month, code, subject, n FROM first_lack_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, code, subject";
pub(super) const DECIDED: &str = "SELECT month, decision, days, n FROM decision_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, decision, days";
pub(super) const DUTIES: &str = "SELECT month, rule, 
    sum(CASE WHEN state = 'done' AND in_time = 1 THEN n ELSE 0 END),
    sum(CASE WHEN state = 'done' AND in_time = 0 THEN n ELSE 0 END),
    sum(CASE WHEN state = 'open' THEN n ELSE 0 END) FROM duty_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND state <> 'withdrawn' AND n > 0 GROUP BY month, rule ORDER BY month, rule";

/// A request at the first look: of all of its children, as it was handed in.
struct FirstLook<'c> {
    panel: &'c str,
    handed_on: String,
    late: Option<bool>,
    /// What stands against it, of whichever child.
    lacks: std::collections::BTreeSet<&'c Against>,
}

impl FirstLook<'_> {
    fn complete(&self) -> Option<bool> {
        match self.lacks.iter().any(|lack| !lack.is_asked) {
            true => Some(false),
            false => self.lacks.is_empty().then_some(true),
        }
    }
}

/// Keeps what is said of requests that are handed in and were never looked at before. The check of a request that is
/// decided is no first look.
pub(super) fn keep_first_looks<'c>(
    transaction: &Transaction<'_>,
    at: &str,
    checks: impl Iterator<Item = &'c (SubmissionId, PersonId, StoredCheck)>,
    actor: &Actor,
) -> Result<(), LedgerTrouble> {
    let entry = audit::next(transaction)?;
    let mut kept = 0_u64;
    for (id, look) in first_looks(checks) {
        let sql = "INSERT INTO first_look (submission, panel, handed_on, late, complete, at, entry)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (submission) DO NOTHING";
        if transaction
            .execute(sql, params![id.as_str(), look.panel, look.handed_on, look.late, look.complete(), at, entry])?
            == 0
        {
            continue;
        }
        kept += 1;
        count_first_look(transaction, &look)?;
        for Against { code, subject, .. } in &look.lacks {
            transaction.execute("INSERT INTO first_lack VALUES (?1, ?2, ?3)", params![id.as_str(), code, subject])?;
        }
    }
    if kept > 0 {
        let after = looked_at(transaction, entry)?;
        let subject = format!("requests {kept}");
        let said = Said { actor, action: "first-look", subject: &subject, before: &[], after: &after };
        audit::append(transaction, at, &said)?;
    }
    Ok(())
}

fn first_looks<'c>(
    checks: impl Iterator<Item = &'c (SubmissionId, PersonId, StoredCheck)>,
) -> BTreeMap<&'c SubmissionId, FirstLook<'c>> {
    let mut looks: BTreeMap<&SubmissionId, FirstLook<'c>> = BTreeMap::new();
    for (id, _, check) in checks {
        let Some(booking) = &check.booking else { continue };
        let Some(handed_on) = booking.handed_on else { continue };
        let look = looks.entry(id).or_insert_with(|| FirstLook {
            panel: booking.panel.as_str(),
            handed_on: handed_on.to_string(),
            late: booking.late,
            lacks: Default::default(),
        });
        look.lacks.extend(&check.against);
    }
    looks
}

/// Counts a first look in the month in which the request was handed in.
fn count_first_look(transaction: &Transaction<'_>, look: &FirstLook<'_>) -> Result<(), LedgerTrouble> {
    let month = month_of(&look.handed_on);
    let sql = "INSERT INTO first_look_tally (panel, month, late, complete, n) VALUES (?1, ?2, ?3, ?4, 1)
        ON CONFLICT (panel, month, late, complete) DO UPDATE SET n = first_look_tally.n + 1";
    transaction.execute(sql, params![look.panel, month, known(look.late), known(look.complete())])?;
    for Against { code, subject, .. } in &look.lacks {
        let sql = "INSERT INTO first_lack_tally (panel, month, code, subject, n) VALUES (?1, ?2, ?3, ?4, 1)
            ON CONFLICT (panel, month, code, subject) DO UPDATE SET n = first_lack_tally.n + 1";
        transaction.execute(sql, params![look.panel, month, code, subject])?;
    }
    Ok(())
}

/// The month of a day: `2026-12`.
pub(super) fn month_of(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// Keeps how long a child has waited for a decision that stands now, and counts it by the month of its sitting, in the
/// place of the revision before.
pub(super) fn keep_decision(transaction: &Transaction<'_>, outcome: &Outcome) -> Result<(), LedgerTrouble> {
    let Outcome { submission, person, sitting, revision, panel, decision, state: _ } = outcome;
    let (id, person, day) = (submission.as_str(), number(person.number()), sitting.to_string());
    let sql = "SELECT handed_on FROM first_look WHERE submission = ?1";
    let handed_on: Option<String> = transaction.first(sql, params![id], |row| row.get(0))?;
    let handed_on = handed_on.and_then(|day| day.parse::<Date>().ok());
    let days = handed_on.map(|from| (*sitting - from).get_days()).map(|days| i64::from(days).max(0));
    let sql = "INSERT INTO waited (submission, person, sitting, days) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (submission, person, sitting) DO NOTHING";
    transaction.execute(sql, params![id, person, day, days])?;
    // What was waited for the first decision of a sitting was waited for the next one, too.
    let sql = "SELECT days FROM waited WHERE submission = ?1 AND person = ?2 AND sitting = ?3";
    let days: Option<i64> = transaction.one(sql, params![id, person, day], |row| row.get(0))?;
    let count = |panel: &PanelName, decision: &str, n: i64| {
        let sql = "INSERT INTO decision_tally (panel, month, decision, days, n) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (panel, month, decision, days) DO UPDATE SET n = decision_tally.n + excluded.n";
        let days = days.unwrap_or(UNKNOWN_DAYS);
        transaction.execute(sql, params![panel.as_str(), month_of(&day), decision, days, n]).map(drop)
    };
    let sql = "SELECT payload FROM outcome WHERE submission = ?1 AND person = ?2 AND sitting = ?3 AND revision < ?4
        AND state = 'approved' ORDER BY revision DESC LIMIT 1";
    let before: Option<String> = transaction.first(sql, params![id, person, day, revision], |row| row.get(0))?;
    if let Some(before) = before {
        let before: Outcome = decode("an outcome", &before)?;
        count(&before.panel, &before.decision.decision, -1)?;
    }
    count(panel, &decision.decision, 1)
}

/// The hash over everything that an entry vouches for: each request as JSON, with what stood against it.
pub(super) fn looked_at(database: &Database, entry: i64) -> Result<Vec<u8>, LedgerTrouble> {
    type Look = (String, String, String, Option<i64>, Option<i64>, String);
    let mut digest = Sha256::new();
    let sql =
        "SELECT submission, panel, handed_on, late, complete, at FROM first_look WHERE entry = ?1 ORDER BY submission";
    database.each(sql, params![entry], |row| {
        let look: Look = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        let sql = "SELECT code, subject FROM first_lack WHERE submission = ?1 ORDER BY code, subject";
        let lacks: Vec<(String, String)> = database.rows(sql, params![look.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (submission, panel, handed_on, late, complete, at) = look;
        // What stood against it is a text within the text: the trail has had it so from the first.
        digest.update(encode(&(submission, panel, handed_on, late, complete, at, encode(&lacks)?))?);
        Ok(())
    })?;
    Ok(digest.finalize().to_vec())
}

impl Ledger {
    /// How a panel's requests of some months stood when they were first looked at, both months included.
    pub fn first_looks(&self, panel: &PanelName, from: &str, to: &str) -> Result<Vec<FirstLooks>, LedgerTrouble> {
        self.by_month(FIRST_LOOKS, panel, from, to, |row| {
            let (late, complete) = (parse_known(row.get(1)?), parse_known(row.get(2)?));
            Ok(FirstLooks { month: row.get(0)?, late, complete, count: count(row.get(3)?) })
        })
    }

    /// What they lacked then.
    pub fn first_lacks(&self, panel: &PanelName, from: &str, to: &str) -> Result<Vec<FirstLacks>, LedgerTrouble> {
        self.by_month(FIRST_LACKS, panel, from, to, |row| {
            let (month, code, subject) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(FirstLacks { month, code, subject, count: count(row.get(3)?) })
        })
    }

    /// What a panel has decided at the sittings of some months, and after how long.
    pub fn decided(&self, panel: &PanelName, from: &str, to: &str) -> Result<Vec<Decided>, LedgerTrouble> {
        self.by_month(DECIDED, panel, from, to, |row| {
            let days = row.get::<i64>(2)?;
            Ok(Decided {
                month: row.get(0)?,
                decision: row.get(1)?,
                days: u64::try_from(days).ok(),
                count: count(row.get(3)?),
            })
        })
    }

    /// How a panel's duties that were due in some months were kept.
    pub fn duties_tallied(&self, panel: &PanelName, from: &str, to: &str) -> Result<Vec<DutiesTallied>, LedgerTrouble> {
        self.by_month(DUTIES, panel, from, to, |row| {
            Ok(DutiesTallied {
                month: row.get(0)?,
                rule: row.get(1)?,
                in_time: count(row.get(2)?),
                late: count(row.get(3)?),
                open: count(row.get(4)?),
            })
        })
    }

    fn by_month<T>(
        &self,
        sql: &str,
        panel: &PanelName,
        from: &str,
        to: &str,
        read: impl Fn(&Row<'_>) -> Result<T, LedgerTrouble>,
    ) -> Result<Vec<T>, LedgerTrouble> {
        self.database.rows(sql, params![panel.as_str(), from, to], |row| read(row))
    }
}
