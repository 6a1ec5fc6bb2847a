//! Pages of what grows without end: each begins after a row, and reads no more than its own.

use jiff::civil::Date;

use super::audit::AuditEntry;
use super::engine::params;
use super::outcome::OutcomeRow;
use super::quarantine::Entry;
use super::store::{count, decode, number};
use super::{Ledger, LedgerTrouble};
use crate::domain::{AuthorityName, OutcomeState, PanelName, SubmissionId, WriteBack};

/// A span of submissions that an index holds in order of id.
#[derive(Debug, Clone, Copy)]
pub enum Span<'a> {
    /// Those of an authority: its requests, or what is none.
    Authority(&'a AuthorityName, bool),
    /// Those that ask a panel: requests, or what is none.
    Panel(&'a PanelName, bool),
    /// Those whose id begins so: requests, or what is none.
    Beginning(&'a str, bool),
}

/// Which outcomes are meant.
#[derive(Debug, Clone, Default)]
pub struct OutcomeSelection {
    /// Of this panel only.
    pub panel: Option<PanelName>,
    /// Of this sitting only.
    pub sitting: Option<Date>,
    /// In this state only.
    pub state: Option<OutcomeState>,
}

/// The place of an outcome in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeKey {
    /// The day the panel sat.
    pub sitting: Date,
    /// The request.
    pub submission: String,
    /// The child.
    pub person: u64,
    /// The revision.
    pub revision: u32,
}

/// Which entries of the trail are meant.
#[derive(Debug, Clone, Default)]
pub struct AuditSelection {
    /// About this only.
    pub subject: Option<String>,
    /// By whom only.
    pub actor: Option<String>,
}

/// A request that is at a sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The request.
    pub submission: SubmissionId,
    /// What sorts it among the others: when it was handed in.
    pub place: String,
    /// Whether it is decided.
    pub is_decided: bool,
}

impl Ledger {
    /// The ids of a span, in order, after one of them.
    pub fn ids(&self, span: Span<'_>, after: &str, limit: u32) -> Result<Vec<SubmissionId>, LedgerTrouble> {
        let (narrow, of, is_request) = match span {
            Span::Authority(name, is_request) => ("authority = ?1", name.as_str(), is_request),
            Span::Panel(name, is_request) => ("panel = ?1", name.as_str(), is_request),
            // No character sorts after the last of them.
            Span::Beginning(text, is_request) => ("id >= ?1 AND id < ?1 || char(1114111)", text, is_request),
        };
        let sql =
            format!("SELECT id FROM submission WHERE {narrow} AND is_request = ?2 AND id > ?3 ORDER BY id LIMIT ?4");
        let ids: Vec<String> = self.database.rows(&sql, params![of, is_request, after, limit], |row| row.get(0))?;
        Ok(ids.into_iter().map(SubmissionId::new).collect())
    }

    /// Outcomes, newest sitting first.
    pub fn outcomes_page(
        &self,
        selection: &OutcomeSelection,
        after: Option<&OutcomeKey>,
        limit: u32,
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let mut condition = vec!["?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3"];
        condition.extend(selection.panel.as_ref().map(|_| "panel = ?1"));
        condition.extend(selection.sitting.map(|_| "sitting = ?2"));
        condition.extend(selection.state.map(|_| "state = ?3"));
        condition.extend(after.map(|_| "(sitting, submission, person, revision) < (?4, ?5, ?6, ?7)"));
        let condition = format!(
            "{} ORDER BY sitting DESC, submission DESC, person DESC, revision DESC LIMIT ?8",
            condition.join(" AND ")
        );
        self.outcomes_where(
            &condition,
            params![
                selection.panel.as_ref().map(PanelName::as_str),
                selection.sitting.map(|sitting| sitting.to_string()),
                selection.state.map(OutcomeState::as_str),
                after.map(|after| after.sitting.to_string()),
                after.map(|after| after.submission.as_str()),
                after.map(|after| number(after.person)),
                after.map(|after| after.revision),
                limit,
            ],
        )
    }

    /// Write-backs with their numbers, newest first.
    pub fn write_backs_page(
        &self,
        state: Option<&str>,
        needs_person: bool,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, WriteBack)>, LedgerTrouble> {
        let narrow = if state.is_some() { "state = ?1" } else { "?1 IS NULL" };
        let needed = if needs_person { NEEDS_PERSON } else { "1" };
        let by = if needs_person && state.is_none() { "INDEXED BY write_back_needed" } else { "" };
        let sql = format!(
            "SELECT sequence, payload FROM write_back {by} WHERE {narrow} AND {needed} AND sequence < ?2
             ORDER BY sequence DESC LIMIT ?3"
        );
        let rows: Vec<(i64, String)> =
            self.database.rows(&sql, params![state, before.map_or(i64::MAX, number), limit], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let rows = rows.into_iter().map(|(sequence, payload)| Ok((count(sequence), decode("a write-back", &payload)?)));
        rows.collect()
    }

    /// How many write-backs wait for a person.
    pub fn write_backs_for_person(&self) -> Result<u64, LedgerTrouble> {
        self.counted(&format!("SELECT count(*) FROM write_back INDEXED BY write_back_needed WHERE {NEEDS_PERSON}"))
    }

    /// The write-backs whose ids begin so.
    pub fn write_backs_beginning(&self, text: &str) -> Result<Vec<WriteBack>, LedgerTrouble> {
        self.selected("id >= ?1 AND id < ?1 || char(1114111)", params![text])
    }

    /// What waits in quarantine, or all that ever waited, after an entry.
    pub fn quarantine_page(&self, all: bool, after: u64, limit: u32) -> Result<Vec<Entry>, LedgerTrouble> {
        let narrow = if all { "1" } else { "state = 'waiting'" };
        self.entries_where(&format!("{narrow} AND id > ?1 ORDER BY id LIMIT ?2"), params![number(after), limit])
    }

    /// Entries of the trail, newest first.
    pub fn audit_page(
        &self,
        selection: &AuditSelection,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, LedgerTrouble> {
        // Where both are named, the subject is what few entries have.
        let narrow = match (&selection.subject, &selection.actor) {
            (Some(_), Some(_)) => "a.subject = ?1 AND +a.actor = ?2",
            (Some(_), None) => "a.subject = ?1 AND ?2 IS NULL",
            (None, Some(_)) => "?1 IS NULL AND a.actor = ?2",
            (None, None) => "?1 IS NULL AND ?2 IS NULL",
        };
        let condition = format!("{narrow} AND a.sequence < ?3 ORDER BY a.sequence DESC LIMIT ?4");
        let before = before.map_or(i64::MAX, number);
        self.trail_where(&condition, params![selection.subject, selection.actor, before, limit])
    }

    /// Who is at a sitting by the last checks, decided or not, in the order in which they came, after one of them.
    pub fn booked_page(
        &self,
        panel: &PanelName,
        sitting: Date,
        after: (&str, &str),
        limit: u32,
    ) -> Result<Vec<Booked>, LedgerTrouble> {
        self.database.rows(BOOKED_PAGE, params![panel.as_str(), sitting.to_string(), after.0, after.1, limit], |row| {
            let (id, place, settled): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Booked { submission: SubmissionId::new(id), place, is_decided: settled == 1 })
        })
    }

    /// How many requests are at a sitting up to one of them.
    pub fn booked_before(&self, panel: &PanelName, sitting: Date, last: (&str, &str)) -> Result<u64, LedgerTrouble> {
        let sql = "SELECT count(DISTINCT submission) FROM checked WHERE panel = ?1 AND sitting = ?2 AND settled < 2
                   AND (place, submission) <= (?3, ?4)";
        self.database
            .one(sql, params![panel.as_str(), sitting.to_string(), last.0, last.1], |row| row.get(0))
            .map(count)
    }

    pub(super) fn counted(&self, sql: &str) -> Result<u64, LedgerTrouble> {
        self.database.one(sql, &[], |row| row.get(0)).map(count)
    }
}

pub(super) const BOOKED_PAGE: &str = "SELECT submission, place, max(settled) FROM checked
    WHERE panel = ?1 AND sitting = ?2 AND settled < 2 AND (place, submission) > (?3, ?4)
    GROUP BY place, submission ORDER BY place, submission LIMIT ?5";

/// Spelt as the index of these is, or the database does not see that it fits.
const NEEDS_PERSON: &str = "state IN ('refused', 'uncertain', 'held')";
