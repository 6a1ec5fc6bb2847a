//! What was read: submissions and their revisions, documents, events, persons.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::engine::{Conditions, Row, Value, parameter, params};
use super::store::{count, decode, number};
use super::{Ledger, LedgerTrouble};
use crate::domain::{
    AuthorityName, Document, Event, ExtractType, PanelName, Person, PersonId, Submission, SubmissionId,
};

/// Which submissions are meant.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Of this authority only.
    pub authority: Option<AuthorityName>,
    /// That ask this panel only.
    pub panel: Option<PanelName>,
    /// Requests only: proposed and cancelled steps left out.
    pub requests: bool,
    /// Open ones only: no outcome of theirs is approved.
    pub open: bool,
    /// After this one, in order of id.
    pub after: Option<SubmissionId>,
    /// At most so many.
    pub limit: u32,
}

/// A submission in a list.
#[derive(Debug, Clone)]
pub struct SubmissionRow {
    /// Its latest revision.
    pub submission: Submission,
    /// The number of that revision.
    pub revision: u64,
}

/// One state of a submission.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u64,
    /// When it was taken.
    pub at: String,
    /// What it says.
    pub submission: Submission,
    /// People before and after, where the submission moved from one record to another.
    pub moved: Option<(String, String)>,
}

/// Whether an outcome of a submission is approved.
pub(super) const DECIDED: &str = "EXISTS (SELECT 1 FROM outcome o WHERE o.submission = s.id AND o.state = 'approved')";

/// A request that may be at a sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The request.
    pub submission: SubmissionId,
    /// When it was handed in, as the ledger sorts it; those that are not, or that no check has seen, come last.
    pub place: String,
}

/// The place of a request that is called `may`.
const PLACE: &str = "coalesce((SELECT min(place) FROM checked c WHERE c.submission = may.submission), '~')";

impl Ledger {
    /// Submissions in order of id, a page at a time.
    pub fn submissions(&self, selection: &Selection) -> Result<Vec<SubmissionRow>, LedgerTrouble> {
        let (panel, authority) = (selection.panel.as_ref(), selection.authority.as_ref());
        let after = selection.after.as_ref().map_or("", SubmissionId::as_str);
        let mut narrow = Conditions::one("s.id >", parameter(after));
        match panel.map(PanelName::as_str) {
            Some(panel) => narrow.and_if("s.panel =", Some(parameter(panel))),
            None => narrow.and_if("s.authority =", authority.map(|authority| parameter(authority.as_str()))),
        }
        if selection.requests {
            narrow.and("s.is_request = 1");
        }
        if selection.open {
            narrow.and(&format!("NOT {DECIDED}"));
        }
        let limit = narrow.with(parameter(&selection.limit));
        let sql = format!(
            "SELECT r.payload, r.number FROM submission s JOIN revision r ON r.submission = s.id AND r.number = s.latest
             WHERE {} ORDER BY s.id LIMIT {limit}",
            narrow.text()
        );
        let rows: Vec<(String, i64)> =
            self.database.rows(&sql, narrow.values(), |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.into_iter().map(submission_row).collect()
    }

    /// The requests of a panel that may be expected at a sitting: those that the last checks have at it or at one since
    /// `from`, those that were expected at it when it was held, and those that no check has seen as they are now. Of a
    /// sitting that was held, also those that were handed in by then and that the last checks have at a later one.
    pub fn may_be_expected(
        &self,
        panel: &PanelName,
        from: Date,
        sitting: Date,
        is_held: bool,
    ) -> Result<Vec<Candidate>, LedgerTrouble> {
        let sql = format!(
            "SELECT submission, min(place) FROM (
                 SELECT submission, place FROM checked WHERE panel = ?1 AND sitting BETWEEN ?2 AND ?3 AND settled = 0 AND settled < 2
                 UNION ALL SELECT submission, place FROM checked WHERE panel = ?1 AND sitting > ?3 AND place < ?4 AND settled = 0 AND settled < 2
                 UNION ALL SELECT submission, {PLACE} FROM (
                     SELECT submission FROM held WHERE panel = ?1 AND sitting = ?3
                     UNION SELECT submission FROM unseen WHERE panel = ?1) may
             ) GROUP BY submission"
        );
        let handed_in = if is_held { sitting.saturating_add(1.day()).to_string() } else { String::new() };
        self.candidates(&sql, params![panel.as_str(), from.to_string(), sitting.to_string(), handed_in])
    }

    /// The requests of a panel that may be open: those that the last checks had open, and those that none has seen.
    pub fn may_be_open(&self, panel: &PanelName) -> Result<Vec<Candidate>, LedgerTrouble> {
        let sql = format!(
            "SELECT submission, min(place) FROM (
                 SELECT submission, place FROM checked WHERE panel = ?1 AND settled = 0 AND settled < 2
                 UNION ALL SELECT submission, {PLACE} FROM unseen may WHERE panel = ?1
             ) GROUP BY submission"
        );
        self.candidates(&sql, params![panel.as_str()])
    }

    /// The requests of which anything is recorded for a panel's sitting.
    pub fn decided_at(&self, panel: &PanelName, sitting: Date) -> Result<Vec<Candidate>, LedgerTrouble> {
        // What is approved has its place beside the sitting; only the others must be looked up one by one.
        let sql = format!(
            "SELECT may.submission, coalesce(beside.place, {PLACE}) FROM
                 (SELECT DISTINCT submission FROM outcome WHERE panel = ?1 AND sitting = ?2) may
             LEFT JOIN (SELECT submission, min(place) AS place FROM checked
                 WHERE panel = ?1 AND sitting = ?2 AND settled < 2 GROUP BY submission) beside
             ON beside.submission = may.submission"
        );
        self.candidates(&sql, params![panel.as_str(), sitting.to_string()])
    }

    /// Whether a request waits for a decision: its form still asks, and nothing was approved of it.
    pub fn is_open(&self, id: &SubmissionId) -> Result<bool, LedgerTrouble> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM submission s WHERE s.id = ?1 AND s.is_request = 1 AND NOT {DECIDED})"
        );
        self.database.one(&sql, params![id.as_str()], |row| row.get(0))
    }

    fn candidates(&self, sql: &str, key: &[Value<'_>]) -> Result<Vec<Candidate>, LedgerTrouble> {
        let read = |row: &Row<'_>| {
            let (id, place): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Candidate { submission: SubmissionId::new(id), place })
        };
        self.database.rows(sql, key, read)
    }

    /// A submission as it is now.
    pub fn submission(&self, id: &SubmissionId) -> Result<Option<SubmissionRow>, LedgerTrouble> {
        let row: Option<(String, i64)> = self.database.first(
            "SELECT r.payload, r.number FROM submission s
                 JOIN revision r ON r.submission = s.id AND r.number = s.latest WHERE s.id = ?1",
            params![id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        row.map(|(payload, revision)| {
            Ok(SubmissionRow { submission: decode(id.as_str(), &payload)?, revision: count(revision) })
        })
        .transpose()
    }

    /// Every state of a submission, first to last.
    pub fn revisions(&self, id: &SubmissionId) -> Result<Vec<Revision>, LedgerTrouble> {
        type Row = (i64, String, String, Option<String>, Option<String>);
        let rows: Vec<Row> = self.database.rows(
            "SELECT r.number, r.at, r.payload, m.before, m.after FROM revision r
                 LEFT JOIN moved m ON m.submission = r.submission AND m.revision = r.number
                 WHERE r.submission = ?1 ORDER BY r.number",
            params![id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )?;
        let revisions = rows.into_iter().map(|(number, at, payload, before, after)| {
            Ok(Revision {
                number: count(number),
                at,
                submission: decode(id.as_str(), &payload)?,
                moved: before.zip(after),
            })
        });
        revisions.collect()
    }

    /// The documents on a person's record.
    pub fn documents(&self, authority: &AuthorityName, person: PersonId) -> Result<Vec<Document>, LedgerTrouble> {
        self.records(authority, ExtractType::Documents, person)
    }

    /// The dated happenings on a person's record.
    pub fn events(&self, authority: &AuthorityName, person: PersonId) -> Result<Vec<Event>, LedgerTrouble> {
        self.records(authority, ExtractType::Events, person)
    }

    /// What the `persons` extract says of a person.
    pub fn person(&self, authority: &AuthorityName, person: PersonId) -> Result<Option<Person>, LedgerTrouble> {
        Ok(self.records(authority, ExtractType::Persons, person)?.pop())
    }

    /// Everybody of an authority: those of the `persons` extract.
    pub fn persons(&self, authority: &AuthorityName) -> Result<Vec<Person>, LedgerTrouble> {
        let sql = "SELECT payload FROM record WHERE authority = ?1 AND extract = 'persons' ORDER BY person";
        let rows: Vec<String> = self.database.rows(sql, params![authority.as_str()], |row| row.get(0))?;
        rows.iter().map(|payload| decode("a person", payload)).collect()
    }

    /// The events of a kind that go on at an authority on a day, by person.
    pub fn events_open(&self, authority: &AuthorityName, kind: &str, on: Date) -> Result<Vec<Event>, LedgerTrouble> {
        let sql =
            "SELECT r.payload FROM event_day e JOIN record r ON r.authority = e.authority AND r.extract = 'events'
                AND r.person = e.person AND r.key = e.key
            WHERE e.authority = ?1 AND e.kind = ?2 AND e.ends >= ?3 AND e.starts <= ?3 ORDER BY r.person, r.key";
        let rows: Vec<String> =
            self.database.rows(sql, params![authority.as_str(), kind, on.to_string()], |row| row.get(0))?;
        rows.iter().map(|payload| decode("an event", payload)).collect()
    }

    /// Every event of a kind, up to a day, of everybody at an authority who has had one since another day; by person.
    pub fn events_since(
        &self,
        authority: &AuthorityName,
        kind: &str,
        since: Date,
        on: Date,
    ) -> Result<Vec<Event>, LedgerTrouble> {
        let sql = "SELECT DISTINCT person FROM event_day
            WHERE authority = ?1 AND kind = ?2 AND starts BETWEEN ?3 AND ?4 ORDER BY person";
        let people: Vec<i64> =
            self.database
                .rows(sql, params![authority.as_str(), kind, since.to_string(), on.to_string()], |row| row.get(0))?;
        let mut events = Vec::new();
        for person in people {
            let of_person: Vec<Event> = self.records_of(authority, ExtractType::Events, person)?;
            events.extend(of_person.into_iter().filter(|event| *event.kind == *kind && event.on <= on));
        }
        Ok(events)
    }

    /// The submissions about a person.
    pub fn submissions_about(
        &self,
        authority: &AuthorityName,
        person: PersonId,
    ) -> Result<Vec<SubmissionId>, LedgerTrouble> {
        let rows: Vec<String> = self.database.rows(
            "SELECT submission FROM subject WHERE authority = ?1 AND person = ?2 ORDER BY submission",
            params![authority.as_str(), number(person.number())],
            |row| row.get(0),
        )?;
        Ok(rows.into_iter().map(SubmissionId::new).collect())
    }

    /// The panels that were ever asked about a child.
    pub fn panels_asked_about(
        &self,
        authority: &AuthorityName,
        person: PersonId,
    ) -> Result<Vec<PanelName>, LedgerTrouble> {
        let sql = "SELECT DISTINCT s.panel FROM subject j JOIN submission s ON s.id = j.submission
                   WHERE j.authority = ?1 AND j.person = ?2 AND s.panel IS NOT NULL";
        let names: Vec<String> =
            self.database.rows(sql, params![authority.as_str(), number(person.number())], |row| row.get(0))?;
        Ok(names.into_iter().map(PanelName::new).collect())
    }

    fn records<T: DeserializeOwned>(
        &self,
        authority: &AuthorityName,
        extract: ExtractType,
        person: PersonId,
    ) -> Result<Vec<T>, LedgerTrouble> {
        self.records_of(authority, extract, number(person.number()))
    }

    fn records_of<T: DeserializeOwned>(
        &self,
        authority: &AuthorityName,
        extract: ExtractType,
        person: i64,
    ) -> Result<Vec<T>, LedgerTrouble> {
        let sql = "SELECT payload FROM record WHERE authority = ?1 AND extract = ?2 AND person = ?3 ORDER BY key";
        let rows: Vec<String> =
            self.database.rows(sql, params![authority.as_str(), extract.as_str(), person], |row| row.get(0))?;
        rows.iter().map(|payload| decode(extract.as_str(), payload)).collect()
    }
}

fn submission_row((payload, revision): (String, i64)) -> Result<SubmissionRow, LedgerTrouble> {
    Ok(SubmissionRow { submission: decode("a submission", &payload)?, revision: count(revision) })
}
