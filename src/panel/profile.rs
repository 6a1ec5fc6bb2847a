//! A panel: who it is, when it sits, what it asks.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _, ZonedDateTime};
use serde::Serialize;

use super::{
    AgendaItem, Circulation, Condition, DutyRule, Elsewhere, Exemption, Invitation, OutcomeForm, PreProceedingsRule,
    Requests, Route, Threshold, TrackerRule,
};
use crate::calendar::{Deadline, Office, Schedule, with_offset};
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
    /// What kind of panel it is, by a word of the authority's own choice: panels of the same function are compared.
    pub function: String,
    /// The policy it stands on.
    pub policy: String,
    /// What the policy leaves open and the profile assumes.
    pub assumed: Vec<String>,
    /// Where the policy contradicts itself, and which reading the profile takes.
    pub ambiguity: Vec<String>,
    /// What people who bring a request should know.
    pub notes: Vec<String>,
    /// The members, in the policy's words for them.
    pub members: Vec<String>,
    /// The roles that attend.
    pub attends: Vec<String>,
    /// When it sits; none where a panel sits as needed.
    pub schedule: Option<Schedule>,
    /// The clause of the schedule.
    pub schedule_policy: String,
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
    /// By when the papers go to the members.
    pub circulation: Option<Circulation>,
    /// Children about whom the panel does not have to decide.
    pub exempt: Vec<Exemption>,
    /// Ways round the panel.
    pub routes: Vec<Route>,
    /// Panels that are meant instead, or besides.
    pub elsewhere: Vec<Elsewhere>,
    /// Amounts up to which the panel is not asked.
    pub thresholds: Vec<Threshold>,
    /// Who is invited, and by when.
    pub invitations: Vec<Invitation>,
    /// The items of its agenda; none means the requests in the order in which they came.
    pub agenda: Vec<AgendaItem>,
    /// Kinds of request and their paperwork.
    pub requests: Requests,
    /// What it can decide.
    pub outcome: OutcomeForm,
    /// What is to be done after and around its sittings.
    pub duties: Vec<DutyRule>,
    /// Whom it follows.
    pub trackers: Vec<TrackerRule>,
    /// Whether it is one of several panels alike, which share the children between them: it leaves out those about whom
    /// another was asked and this one was not. A child about whom none was asked is followed by all.
    pub follows_own_requests: bool,
    /// What its decisions and the record say of pre-proceedings.
    pub pre_proceedings: Option<PreProceedingsRule>,
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
    /// When it is asked for; none means always.
    pub condition: Condition,
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
    /// For how long such an event must have gone on by the day of the sitting.
    pub open_for: Option<Span>,
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
    /// Whether it is one of the longer sittings.
    #[serde(skip)]
    pub longer: bool,
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

impl Cutoff {
    /// The moment with its offset (RFC 3339).
    pub fn with_offset(&self) -> String {
        with_offset(&self.at)
    }
}

/// How far ahead the next sitting is looked for.
const MONTHS_AHEAD: i32 = 13;

impl Sitting {
    /// The first of these sittings that a request which is handed in at that moment can make.
    pub fn first_possible<'s>(sittings: &'s [Self], moment: &ZonedDateTime, needs_longer: bool) -> Option<&'s Self> {
        let mut held =
            sittings.iter().filter(|sitting| sitting.cancelled.is_none() && (sitting.longer || !needs_longer));
        held.find(|sitting| sitting.can_be_made_at(moment))
    }

    /// Whether a request that is handed in at that moment is in time for it.
    pub fn can_be_made_at(&self, moment: &ZonedDateTime) -> bool {
        self.cutoff.as_ref().map_or(&self.starts, |cutoff| &cutoff.at) >= moment
    }
}

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
                ends: office.at(day.date, schedule.ends_on(&day)),
                longer: day.longer,
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

    /// The sittings from a day on for as long as anybody looks ahead.
    pub fn sittings_ahead(&self, from: Date, office: &Office) -> Vec<Sitting> {
        self.sittings(from, from.saturating_add(MONTHS_AHEAD.months()), office)
    }

    /// The next sitting from a day on that a request which is handed in at `moment` can make: the first whose cutoff
    /// had not passed by then, and a longer one where the request needs it.
    pub fn next_sitting(
        &self,
        from: Date,
        moment: &ZonedDateTime,
        needs_longer: bool,
        office: &Office,
    ) -> Option<Sitting> {
        Sitting::first_possible(&self.sittings_ahead(from, office), moment, needs_longer).cloned()
    }

    /// How many requests a sitting can hear; `None` where the policy names no slots.
    pub fn slots(&self, sitting: &Sitting) -> Option<usize> {
        let minutes = self.schedule.as_ref()?.slot_minutes.filter(|minutes| *minutes > 0)?;
        let long = sitting.starts.duration_until(&sitting.ends).as_mins();
        usize::try_from(long / i64::from(minutes)).ok()
    }

    fn cutoff_before(&self, starts: &ZonedDateTime, office: &Office) -> Option<Cutoff> {
        let deadline = self.cutoff.as_ref()?;
        let due = deadline.due(starts, office);
        Some(Cutoff { at: due.at, moved: due.moved, rule: deadline.to_string() })
    }
}
