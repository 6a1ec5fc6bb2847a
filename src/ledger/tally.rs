//! Counts that are kept as things happen, so that nobody counts when a page is opened.

use jiff::civil::Date;

use super::engine::params;
use super::store::count;
use super::{Ledger, LedgerTrouble};
use crate::domain::{PanelName, Verdict};

/// How many children's requests a sitting has with one verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tallied {
    /// The sitting.
    pub sitting: Date,
    /// The verdict of the last check.
    pub verdict: Verdict,
    /// How many.
    pub count: u64,
}

/// How many of a month's requests were handed in before the cutoff of their sitting, and how many after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The month of the sittings: `2026-12`.
    pub month: String,
    /// Before.
    pub on_time: u64,
    /// After.
    pub late: u64,
}

/// Something that open requests of a panel lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The code of the finding.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// How many lack it.
    pub count: u64,
}

impl Ledger {
    /// How the requests of a panel's sittings stand, from one day to another, both included.
    pub fn tallied(&self, panel: &PanelName, from: Date, to: Date) -> Result<Vec<Tallied>, LedgerTrouble> {
        let sql = "SELECT sitting, verdict, sum(n) FROM tally WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3
                   AND settled < 2 AND n > 0 GROUP BY sitting, verdict";
        let rows: Vec<(String, String, i64)> =
            self.database.rows(sql, params![panel.as_str(), from.to_string(), to.to_string()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let damaged = || LedgerTrouble::Damaged { what: "a tally of the checks".to_owned() };
        let rows = rows.into_iter().map(|(sitting, verdict, n)| {
            let sitting = sitting.parse().map_err(|_| damaged())?;
            Ok(Tallied { sitting, verdict: Verdict::parse(&verdict).ok_or_else(damaged)?, count: count(n) })
        });
        rows.collect()
    }

    /// How many requests were expected at a panel's sittings when those were held, and have had no outcome since.
    pub fn held_without_outcome(
        &self,
        panel: &PanelName,
        from: Date,
        to: Date,
    ) -> Result<Vec<(Date, u64)>, LedgerTrouble> {
        let sql = "SELECT sitting, count(*) FROM held WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3 AND NOT EXISTS
                   (SELECT 1 FROM outcome o WHERE o.submission = held.submission AND o.sitting >= held.sitting)
                   AND EXISTS (SELECT 1 FROM submission s WHERE s.id = held.submission AND s.is_request = 1)
                   GROUP BY sitting";
        let rows: Vec<(String, i64)> =
            self.database.rows(sql, params![panel.as_str(), from.to_string(), to.to_string()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let damaged = || LedgerTrouble::Damaged { what: "the day of a sitting".to_owned() };
        rows.into_iter().map(|(day, n)| Ok((day.parse().map_err(|_| damaged())?, count(n)))).collect()
    }

    /// When requests for a panel's sittings came in, month by month.
    pub fn arrived(&self, panel: &PanelName, from: Date, to: Date) -> Result<Vec<Arrived>, LedgerTrouble> {
        let sql = "SELECT substr(sitting, 1, 7) AS month, sum(CASE WHEN late = 0 THEN n ELSE 0 END),
                   sum(CASE WHEN late = 1 THEN n ELSE 0 END) FROM tally
                   WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3 AND settled < 2 AND late >= 0 AND n > 0
                   GROUP BY month ORDER BY month";
        self.database.rows(sql, params![panel.as_str(), from.to_string(), to.to_string()], |row| {
            Ok(Arrived { month: row.get(0)?, on_time: count(row.get(1)?), late: count(row.get(2)?) })
        })
    }

    /// What the open requests of a panel lack.
    pub fn lacking(&self, panel: &PanelName) -> Result<Vec<Lacking>, LedgerTrouble> {
        self.database.rows(
            "SELECT code, subject, n FROM missing WHERE panel = ?1 AND n > 0 ORDER BY code, subject",
            params![panel.as_str()],
            |row| Ok(Lacking { code: row.get(0)?, subject: row.get(1)?, count: count(row.get(2)?) }),
        )
    }

    /// Whether anything is recorded of what a sitting has decided.
    pub fn has_outcome(&self, panel: &PanelName, sitting: Date) -> Result<bool, LedgerTrouble> {
        let sql = "SELECT EXISTS (SELECT 1 FROM outcome WHERE panel = ?1 AND sitting = ?2
                   AND state IN ('loaded', 'approved'))";
        self.database.one(sql, params![panel.as_str(), sitting.to_string()], |row| row.get(0))
    }

    /// When the first file was taken.
    pub fn first_file_at(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT (SELECT at FROM file ORDER BY id LIMIT 1)";
        self.database.one(sql, &[], |row| row.get(0))
    }

    /// When the newest file was taken.
    pub fn last_file_at(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT (SELECT at FROM file ORDER BY id DESC LIMIT 1)";
        self.database.one(sql, &[], |row| row.get(0))
    }
}
