//! A panel: who it is, when it sits, what it asks.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{ToSpan as _, ZonedDateTime};
use serde::Serialize;

use super::{OutcomeForm, Requests};
use crate::calendar::{Deadline, Office, Schedule};
use crate::domain::PanelName;

/// A panel's profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: PanelName,
    /// What a person is shown.
    pub title: String,
    /// Other names that people use.
    pub aliases: Vec<String>,
    /// What it is for.
    pub purpose: String,
    /// The policy it stands on.
    pub policy: String,
    /// What the policy leaves open and the profile assumes.
    pub assumed: Vec<String>,
    /// Where the policy contradicts itself, and which reading the profile takes.
    pub ambiguity: Vec<String>,
    /// When it sits; none where a panel sits as needed.
    pub schedule: Option<Schedule>,
    /// By when a request must be in.
    pub cutoff: Option<Deadline>,
    /// The clause of the cutoff.
    pub cutoff_policy: String,
    /// Who must have approved a request.
    pub approval: Option<Approval>,
    /// Roles of the panel: `chair`, `administrator`, and who holds them.
    pub roles: BTreeMap<String, String>,
    /// The facts that conditions hang on.
    pub facts: BTreeMap<String, FactQuestion>,
    /// Facts that make the panel not required, and the clause.
    pub exempt: Vec<(String, String)>,
    /// Kinds of request and their paperwork.
    pub requests: Requests,
    /// What it can decide.
    pub outcome: OutcomeForm,
}

/// Who must have approved a request, and where the form says so.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The field that says whether.
    pub field: String,
    /// The field that says in which role.
    pub role_field: Option<String>,
    /// The field that says when.
    pub on_field: Option<String>,
    /// The roles that may.
    pub roles: Vec<String>,
    /// The clause that asks for it.
    pub policy: String,
}

/// A fact that conditions hang on.
#[derive(Debug, Clone)]
pub struct FactQuestion {
    /// What a person is asked.
    pub question: String,
    /// Kinds of event, any of which on the record makes it so.
    pub events: Vec<String>,
    /// Whether it is what tessera itself has seen: the person was before this panel already.
    pub heard_before: bool,
    /// The clause that names it.
    pub policy: String,
}

/// When a request for a sitting must be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoff {
    /// The moment.
    pub at: ZonedDateTime,
    /// Whether it was moved to the working day before.
    pub moved: bool,
    /// The rule, as the policy says it.
    pub rule: String,
}

/// One sitting, in the JSON shape of DESIGN section 11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sitting {
    /// The panel.
    pub panel: PanelName,
    /// The day.
    pub date: Date,
    /// When it starts.
    #[serde(serialize_with = "rfc3339")]
    pub starts: ZonedDateTime,
    /// When it ends.
    #[serde(serialize_with = "rfc3339")]
    pub ends: ZonedDateTime,
    /// By when a request must be in; none where the policy sets none.
    #[serde(serialize_with = "cutoff_rfc3339")]
    pub cutoff: Option<Cutoff>,
    /// Why it falls away, if it does.
    pub cancelled: Option<String>,
}

fn rfc3339<S: serde::Serializer>(moment: &ZonedDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&with_offset(moment))
}

fn cutoff_rfc3339<S: serde::Serializer>(cutoff: &Option<Cutoff>, serializer: S) -> Result<S::Ok, S::Error> {
    match cutoff {
        None => serializer.serialize_none(),
        Some(cutoff) => rfc3339(&cutoff.at, serializer),
    }
}

/// A moment with its offset (RFC 3339): `2026-12-03T13:00:00+00:00`.
pub(super) fn with_offset(moment: &ZonedDateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

impl Cutoff {
    /// The moment with its offset (RFC 3339).
    pub fn with_offset(&self) -> String {
        with_offset(&self.at)
    }
}

/// How far ahead the next sitting is looked for.
const MONTHS_AHEAD: i32 = 13;

impl Profile {
    /// The sittings from `first` to `last`, both included.
    pub fn sittings(&self, first: Date, last: Date, office: &Office) -> Vec<Sitting> {
        let Some(schedule) = &self.schedule else { return Vec::new() };
        let days = schedule.days(first, last, office).into_iter();
        let sittings = days.map(|day| {
            let starts = office.at(day.date, schedule.starts);
            Sitting {
                panel: self.name.clone(),
                date: day.date,
                ends: office.at(day.date, schedule.ends),
                cutoff: self.cutoff_before(&starts, office).filter(|_| day.cancelled.is_none()),
                starts,
                cancelled: day.cancelled,
            }
        });
        sittings.collect()
    }

    /// The sitting on a day, if there is one.
    pub fn sitting_on(&self, day: Date, office: &Office) -> Option<Sitting> {
        self.sittings(day, day, office).pop()
    }

    /// The next sitting from a day on that a request which is handed in at `moment` can make: the first whose cutoff
    /// had not passed by then.
    pub fn next_sitting(&self, from: Date, moment: &ZonedDateTime, office: &Office) -> Option<Sitting> {
        let sittings = self.sittings(from, from.saturating_add(MONTHS_AHEAD.months()), office).into_iter();
        sittings.filter(|sitting| sitting.cancelled.is_none()).find(|sitting| {
            let last_moment = sitting.cutoff.as_ref().map_or(&sitting.starts, |cutoff| &cutoff.at);
            last_moment >= moment
        })
    }

    fn cutoff_before(&self, starts: &ZonedDateTime, office: &Office) -> Option<Cutoff> {
        let deadline = self.cutoff.as_ref()?;
        let due = deadline.due(starts, office);
        Some(Cutoff { at: due.at, moved: due.moved, rule: deadline.to_string() })
    }
}
