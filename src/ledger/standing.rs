//! Where requests stand by their last checks, and the counts of it: each is changed with what it counts, in one
//! transaction.

use std::collections::BTreeSet;

use super::LedgerTrouble;
use super::engine::{Row, Transaction, params};
use super::store::number;
use crate::domain::{PersonId, SubmissionId};

/// Whether a request waits for its panel: the column `settled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits.
    Open,
    /// It is decided, and its sitting is the one that has decided.
    Decided,
    /// It is no request any more.
    Withdrawn,
}

impl Standing {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Decided => 1,
            Self::Withdrawn => 2,
        }
    }

    pub(super) fn parse(number: i64) -> Result<Self, LedgerTrouble> {
        let damaged = || LedgerTrouble::Damaged { what: "where a request stands".to_owned() };
        let all = [Self::Open, Self::Decided, Self::Withdrawn];
        all.into_iter().find(|one| one.number() == number).ok_or_else(damaged)
    }
}

/// Yes, no or not known, as a column of a key has it: a key holds no nothing.
pub(super) fn known(value: Option<bool>) -> i64 {
    value.map_or(-1, i64::from)
}

/// The same, read.
pub(super) fn parse_known(number: i64) -> Option<bool> {
    (number >= 0).then_some(number == 1)
}

/// Something that a request lacks: the code of a finding and what it is about.
pub(super) type Lacks = BTreeSet<(String, String)>;

/// Where a request stands for one child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stands {
    pub(super) person: i64,
    pub(super) panel: Option<String>,
    pub(super) sitting: Option<String>,
    pub(super) standing: Standing,
    pub(super) verdict: String,
    pub(super) late: Option<bool>,
    pub(super) lacks: Lacks,
}

const STANDS: &str = "SELECT person, panel, sitting, settled, verdict, late FROM checked WHERE submission = ?1";

impl Stands {
    /// Where a request stands for each of its children, in their order.
    pub(super) fn of(transaction: &Transaction<'_>, submission: &SubmissionId) -> Result<Vec<Self>, LedgerTrouble> {
        let sql = format!("{STANDS} ORDER BY person");
        let mut all = transaction.rows(&sql, params![submission.as_str()], Self::read)?;
        for one in &mut all {
            one.lacks = lacks(transaction, submission, one.person)?;
        }
        Ok(all)
    }

    /// Where it stands for one child.
    pub(super) fn of_child(
        transaction: &Transaction<'_>,
        submission: &SubmissionId,
        person: PersonId,
    ) -> Result<Option<Self>, LedgerTrouble> {
        let (sql, key) = (format!("{STANDS} AND person = ?2"), number(person.number()));
        let Some(mut one) = transaction.first(&sql, params![submission.as_str(), key], Self::read)? else {
            return Ok(None);
        };
        one.lacks = lacks(transaction, submission, key)?;
        Ok(Some(one))
    }

    fn read(row: &Row<'_>) -> Result<Self, LedgerTrouble> {
        Ok(Self {
            person: row.get(0)?,
            panel: row.get(1)?,
            sitting: row.get(2)?,
            standing: Standing::parse(row.get(3)?)?,
            verdict: row.get(4)?,
            late: row.get(5)?,
            lacks: Lacks::new(),
        })
    }

    /// Where the tally of sittings counts it.
    fn at(&self) -> Option<(&str, &str, i64, &str, i64)> {
        let (panel, sitting) = self.panel.as_deref().zip(self.sitting.as_deref())?;
        Some((panel, sitting, self.standing.number(), &self.verdict, known(self.late)))
    }

    /// What its panel waits for; nothing where it waits for no panel.
    fn missing(&self) -> BTreeSet<(&str, &str, &str)> {
        let panel = self.panel.as_deref().filter(|_| self.standing == Standing::Open);
        let of = |panel| self.lacks.iter().map(move |(code, subject)| (panel, code.as_str(), subject.as_str()));
        panel.into_iter().flat_map(of).collect()
    }
}

fn lacks(transaction: &Transaction<'_>, submission: &SubmissionId, person: i64) -> Result<Lacks, LedgerTrouble> {
    let sql = "SELECT code, subject FROM lack WHERE submission = ?1 AND person = ?2";
    let lacks = transaction.rows(sql, params![submission.as_str(), person], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(lacks.into_iter().collect())
}

/// Counts that a request stands otherwise for a child: `None` before it was there, or after it has gone.
pub(super) fn recount(
    transaction: &Transaction<'_>,
    submission: &SubmissionId,
    before: Option<&Stands>,
    after: Option<&Stands>,
) -> Result<(), LedgerTrouble> {
    let (was, is) = (before.and_then(Stands::at), after.and_then(Stands::at));
    if was != is {
        tally(transaction, was, -1)?;
        tally(transaction, is, 1)?;
    }
    let (was, is) = (before.map(Stands::missing), after.map(Stands::missing));
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    for (of, n) in was.difference(&is).map(|gone| (gone, -1_i64)).chain(is.difference(&was).map(|come| (come, 1))) {
        let (panel, code, subject) = *of;
        let sql = "INSERT INTO missing (panel, code, subject, n) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (panel, code, subject) DO UPDATE SET n = missing.n + excluded.n";
        transaction.execute(sql, params![panel, code, subject, n])?;
    }
    keep_lacks(transaction, submission, before, after)
}

fn tally(transaction: &Transaction<'_>, at: Option<(&str, &str, i64, &str, i64)>, n: i64) -> Result<(), LedgerTrouble> {
    let Some((panel, sitting, settled, verdict, late)) = at else { return Ok(()) };
    let sql = "INSERT INTO tally (panel, sitting, settled, verdict, late, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (panel, sitting, settled, verdict, late) DO UPDATE SET n = tally.n + excluded.n";
    transaction.execute(sql, params![panel, sitting, settled, verdict, late, n]).map(drop)
}

/// What a decided request lacks is counted nowhere, and is kept no longer.
fn keep_lacks(
    transaction: &Transaction<'_>,
    submission: &SubmissionId,
    before: Option<&Stands>,
    after: Option<&Stands>,
) -> Result<(), LedgerTrouble> {
    let none = Lacks::new();
    let was = before.map_or(&none, |before| &before.lacks);
    let is = after.filter(|after| after.standing != Standing::Decided).map_or(&none, |after| &after.lacks);
    let Some(person) = after.or(before).map(|one| one.person) else { return Ok(()) };
    for (code, subject) in was.difference(is) {
        let sql = "DELETE FROM lack WHERE submission = ?1 AND person = ?2 AND code = ?3 AND subject = ?4";
        transaction.execute(sql, params![submission.as_str(), person, code, subject])?;
    }
    for (code, subject) in is.difference(was) {
        let sql = "INSERT INTO lack (submission, person, code, subject) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, params![submission.as_str(), person, code, subject])?;
    }
    Ok(())
}

/// Keeps where a request that was checked stands for a child, and counts it.
pub(super) fn restand(
    transaction: &Transaction<'_>,
    submission: &SubmissionId,
    before: &Stands,
    after: &Stands,
) -> Result<(), LedgerTrouble> {
    let sql =
        "UPDATE checked SET panel = ?3, sitting = ?4, settled = ?5, late = ?6 WHERE submission = ?1 AND person = ?2";
    let Stands { person, panel, sitting, standing, late, verdict: _, lacks: _ } = after;
    transaction.execute(sql, params![submission.as_str(), person, panel, sitting, standing.number(), late])?;
    recount(transaction, submission, Some(before), Some(after))
}
