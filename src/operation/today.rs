//! What needs somebody now.

use jiff::ToSpan as _;
use serde::Serialize;

use super::installation::Installation;
use super::sittings::{listed, served};
use super::{Failure, SittingListed};
use crate::report;

/// How far today looks ahead and back.
const DAYS: i64 = 14;

/// What needs somebody now.
#[derive(Debug, Clone, Serialize)]
pub struct Today {
    /// The present moment, in words.
    pub now_in_words: String,
    /// The sittings of the next 14 days.
    pub sittings: Vec<SittingListed>,
    /// Outcomes that wait for approval.
    pub outcomes_waiting: u64,
    /// Write-backs that wait for a person.
    pub write_backs_for_person: u64,
    /// Records that wait in quarantine.
    pub quarantined: u64,
    /// Mistakes in mapping files.
    pub mistakes: usize,
    /// When the newest file was taken (RFC 3339).
    pub last_read: Option<String>,
    /// Sittings of the last 14 days with requests that have no outcome yet.
    pub decided_without_outcome: Vec<SittingListed>,
}

impl Installation {
    /// What needs somebody now.
    pub fn today(&self) -> Result<Today, Failure> {
        let ledger = &self.ledger;
        let now = self.clock.now_in(&self.rules.zone(&self.configuration));
        let profiles = served(self, None)?;
        let day = now.date();
        Ok(Today {
            now_in_words: report::moment(&now),
            sittings: listed(self, &profiles, day, day.saturating_add(DAYS.days()))?,
            outcomes_waiting: ledger.outcomes_waiting(&self.served())?,
            write_backs_for_person: ledger.write_backs_for_person()?,
            quarantined: ledger.quarantine_waiting()?,
            mistakes: self.rules.own_mistakes(&self.configuration).len(),
            last_read: ledger.last_file_at()?,
            decided_without_outcome: without_outcome(self)?,
        })
    }
}

/// The sittings of the last days with requests that have no outcome yet.
pub(super) fn without_outcome(installation: &Installation) -> Result<Vec<SittingListed>, Failure> {
    let today = installation.clock.now_in(&installation.rules.zone(&installation.configuration)).date();
    let profiles = served(installation, None)?;
    let mut without = Vec::new();
    for past in listed(installation, &profiles, today.saturating_sub(DAYS.days()), today.saturating_sub(1.day()))? {
        if past.sitting.cancelled.is_some() {
            continue;
        }
        let has_outcome = || installation.ledger.has_outcome(&past.panel, past.sitting.date);
        if past.held > 0 || (past.readiness.in_all() > 0 && !has_outcome()?) {
            without.push(past);
        }
    }
    Ok(without)
}
