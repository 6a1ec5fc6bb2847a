//! What the year teaches: what the first check of each request has said, what was decided after how long, how duties were
//! kept.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::audit::{self, Said};
use super::engine::{Database, Row, Transaction, params};
use super::store::count;
use super::{Actor, Against, Ledger, LedgerTrouble, StoredCheck};
use crate::domain::{PanelName, PersonId, SubmissionId};

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

pub(super) const FIRST_LOOKS: &str = "SELECT month, late, complete, n FROM first_look_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, late, complete";
pub(super) const FIRST_LACKS: &str = "SELECT month, code, subject, n FROM first_lack_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, code, subject";
pub(super) const DECIDED: &str = "SELECT month, decision, days, n FROM decision_tally
    WHERE panel = ?1 AND month BETWEEN ?2 AND ?3 AND n > 0 ORDER BY month, decision, days";
pub(super) const DUTIES: &str = "SELECT month, rule, sum(iif(state = 'done' AND in_time, n, 0)),
    sum(iif(state = 'done' AND NOT in_time, n, 0)), sum(iif(state = 'open', n, 0)) FROM duty_tally
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
        let sql = "INSERT OR IGNORE INTO first_look (submission, panel, handed_on, late, complete, at, entry)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        if transaction
            .execute(sql, params![id.as_str(), look.panel, look.handed_on, look.late, look.complete(), at, entry])?
            == 0
        {
            continue;
        }
        kept += 1;
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

/// The hash over everything that an entry vouches for.
pub(super) fn looked_at(database: &Database, entry: i64) -> Result<Vec<u8>, LedgerTrouble> {
    let sql = "SELECT json_array(submission, panel, handed_on, late, complete, at, (SELECT json_group_array(
                   json_array(code, subject)) FROM (SELECT code, subject FROM first_lack l WHERE l.submission = f.submission
                   ORDER BY code, subject))) FROM first_look f WHERE entry IS NOT NULL AND entry = ?1 ORDER BY submission";
    let mut digest = Sha256::new();
    database.each(sql, params![entry], |row| {
        digest.update(row.get::<String>(0)?);
        Ok(())
    })?;
    Ok(digest.finalize().to_vec())
}

impl Ledger {
    /// How a panel's requests of some months stood when they were first looked at, both months included.
    pub fn first_looks(&self, panel: &PanelName, from: &str, to: &str) -> Result<Vec<FirstLooks>, LedgerTrouble> {
        self.by_month(FIRST_LOOKS, panel, from, to, |row| {
            let known = |at: usize| row.get::<i64>(at).map(|value| (value >= 0).then_some(value == 1));
            Ok(FirstLooks { month: row.get(0)?, late: known(1)?, complete: known(2)?, count: count(row.get(3)?) })
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
