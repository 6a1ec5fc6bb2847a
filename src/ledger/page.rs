//! Pages of what grows without end: each begins after a row, and reads no more than its own.

use jiff::civil::Date;

use super::audit::AuditEntry;
use super::engine::{Conditions, parameter, params};
use super::outcome::OutcomeRow;
use super::quarantine::Entry;
use super::standing::Standing;
use super::store::{count, decode, number};
use super::{Ledger, LedgerTrouble, look};
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
        let beginning = if let Span::Beginning(text, _) = span { beyond(text) } else { String::new() };
        let (is_request, mut narrow) = match &span {
            Span::Authority(name, is_request) => (is_request, Conditions::one("authority =", parameter(name.as_str()))),
            Span::Panel(name, is_request) => (is_request, Conditions::one("panel =", parameter(name.as_str()))),
            Span::Beginning(text, is_request) => {
                let mut narrow = Conditions::one("id >=", parameter(*text));
                narrow.and_if("id <", Some(parameter(&beginning)));
                (is_request, narrow)
            }
        };
        narrow.and_if("is_request =", Some(parameter(is_request)));
        narrow.and_if("id >", Some(parameter(after)));
        let limit = narrow.with(parameter(&limit));
        let sql = format!("SELECT id FROM submission WHERE {} ORDER BY id LIMIT {limit}", narrow.text());
        let ids: Vec<String> = self.database.rows(&sql, narrow.values(), |row| row.get(0))?;
        Ok(ids.into_iter().map(SubmissionId::new).collect())
    }

    /// Outcomes, newest sitting first.
    pub fn outcomes_page(
        &self,
        selection: &OutcomeSelection,
        after: Option<&OutcomeKey>,
        limit: u32,
    ) -> Result<Vec<OutcomeRow>, LedgerTrouble> {
        let sitting = selection.sitting.map(|sitting| sitting.to_string());
        let key = after.map(|after| (after.sitting.to_string(), number(after.person)));
        let mut narrow = Conditions::default();
        narrow.and_if("panel =", selection.panel.as_ref().map(|panel| parameter(panel.as_str())));
        narrow.and_if("sitting =", sitting.as_ref().map(parameter));
        narrow.and_if("state =", selection.state.map(|state| parameter(state.as_str())));
        if let Some((after, (day, person))) = after.zip(key.as_ref()) {
            let (day, submission) = (narrow.with(parameter(day)), narrow.with(parameter(&after.submission)));
            let (person, revision) = (narrow.with(parameter(person)), narrow.with(parameter(&after.revision)));
            narrow
                .and(&format!("(sitting, submission, person, revision) < ({day}, {submission}, {person}, {revision})"));
        }
        let limit = narrow.with(parameter(&limit));
        let order = "sitting DESC, submission DESC, person DESC, revision DESC";
        self.outcomes_where(&format!("{} ORDER BY {order} LIMIT {limit}", narrow.text()), narrow.values())
    }

    /// Write-backs with their numbers, newest first.
    pub fn write_backs_page(
        &self,
        state: Option<&str>,
        needs_person: bool,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, WriteBack)>, LedgerTrouble> {
        let before = before.map_or(i64::MAX, number);
        let states: Vec<Option<&str>> = match state {
            Some(state) if needs_person && !NEEDS_PERSON.contains(&state) => Vec::new(),
            Some(state) => vec![Some(state)],
            None if needs_person => NEEDS_PERSON.map(Some).into(),
            None => vec![None],
        };
        let mut rows: Vec<(i64, String)> = Vec::new();
        for state in states {
            let mut narrow = Conditions::one("sequence <", parameter(&before));
            narrow.and_if("state =", state.as_ref().map(parameter));
            let limit = narrow.with(parameter(&limit));
            let order = format!("{} ORDER BY sequence DESC LIMIT {limit}", narrow.text());
            let sql = format!("SELECT sequence, payload FROM write_back WHERE {order}");
            rows.extend(self.database.rows(&sql, narrow.values(), |row| Ok((row.get(0)?, row.get(1)?)))?);
        }
        // Of each state the newest were read; of all of them the newest are wanted.
        rows.sort_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let rows = rows.into_iter().map(|(sequence, payload)| Ok((count(sequence), decode("a write-back", &payload)?)));
        rows.collect()
    }

    /// How many write-backs wait for a person.
    pub fn write_backs_for_person(&self) -> Result<u64, LedgerTrouble> {
        let counted = NEEDS_PERSON.iter().map(|state| {
            let sql = "SELECT count(*) FROM write_back WHERE state = ?1";
            self.database.one(sql, params![state], |row| row.get(0)).map(count)
        });
        counted.sum()
    }

    /// The write-backs whose ids begin so.
    pub fn write_backs_beginning(&self, text: &str) -> Result<Vec<WriteBack>, LedgerTrouble> {
        self.selected("id >= ?1 AND id < ?2", params![text, beyond(text)])
    }

    /// What waits in quarantine, or all that ever waited, after an entry.
    pub fn quarantine_page(&self, all: bool, after: u64, limit: u32) -> Result<Vec<Entry>, LedgerTrouble> {
        let narrow = if all { "" } else { "state = 'waiting' AND " };
        self.entries_where(&format!("{narrow}id > ?1 ORDER BY id LIMIT ?2"), params![number(after), limit])
    }

    /// Entries of the trail, newest first.
    pub fn audit_page(
        &self,
        selection: &AuditSelection,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, LedgerTrouble> {
        let before = before.map_or(i64::MAX, number);
        let subject = selection.subject.as_deref().map(look::sought);
        let in_block = subject.as_deref().map(look::in_block);
        let [first, last] = look::BLOCKS;
        let mut narrow = Conditions::one("a.sequence <", parameter(&before));
        if let Some((subject, in_block)) = subject.as_ref().zip(in_block.as_ref()) {
            let about = narrow.with(parameter(subject));
            let [first, last, block] =
                [parameter(&first), parameter(&last), parameter(in_block)].map(|value| narrow.with(value));
            // And the lists that it was on, the long ones with it. In one set, so that it is looked up before anybody's
            // entries are.
            narrow.and(&format!(
                "a.sequence IN (SELECT sequence FROM audit WHERE subject = {about}
                 UNION SELECT entry FROM audit_shown WHERE id = {about}
                 UNION SELECT entry FROM audit_shown WHERE id >= {first} AND id < {last} AND replace(id, {block}, '') <> id)"
            ));
        }
        narrow.and_if("a.actor =", selection.actor.as_ref().map(parameter));
        let limit = narrow.with(parameter(&limit));
        self.trail_where(&format!("{} ORDER BY a.sequence DESC LIMIT {limit}", narrow.text()), narrow.values())
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
            Ok(Booked { submission: SubmissionId::new(id), place, is_decided: settled == Standing::Decided.number() })
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

/// The states in which a write-back waits for a person.
const NEEDS_PERSON: [&str; 3] = ["refused", "uncertain", "held"];

/// After every text that begins so: no character sorts after the last of them.
fn beyond(text: &str) -> String {
    format!("{text}\u{10ffff}")
}
