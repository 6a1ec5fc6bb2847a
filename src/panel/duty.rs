//! What a policy has somebody do after and around a sitting, and whom it has a panel follow.

use jiff::Span;
use jiff::civil::Date;

use super::Condition;
use crate::calendar::{Deadline, Recurrence};

/// Something that a role must do by a time.
#[derive(Debug, Clone)]
pub struct DutyRule {
    /// Its name.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// What has it come up.
    pub raised_by: RaisedBy,
    /// The role that must do it.
    pub role: String,
    /// Until when.
    pub due: DueBy,
    /// What shows that it is done.
    pub evidence: EvidenceRule,
    /// Who hears of it when it is not, and when, earliest first.
    pub escalations: Vec<EscalationRule>,
    /// The clause.
    pub policy: String,
}

/// What has a duty come up.
#[derive(Debug, Clone)]
pub enum RaisedBy {
    /// A sitting that hears anybody: once.
    Sitting,
    /// A sitting: once for each child for whom one of these events goes on on its day.
    Followed {
        /// Kinds of event.
        events: Vec<String>,
    },
    /// An outcome: once for each child.
    Outcome {
        /// With one of these decisions; none means any.
        with: Vec<String>,
        /// Where this field has one of these values; without a value, where it is filled in.
        field: Option<(String, Vec<String>)>,
    },
    /// A request that comes a certain way: once for each child.
    Request {
        /// The facts of its form.
        condition: Condition,
        /// The field of the form from whose day or moment it is counted.
        field: String,
    },
    /// An event of the kind from which the deadline is counted: once for each.
    Event {
        /// Only as long as the event goes on.
        while_open: bool,
    },
    /// The calendar: once for each of these days.
    Calendar(Box<Recurrence>),
}

/// Until when something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueBy {
    /// Counted from what has it come up.
    Deadline(Deadline),
    /// On the day that a field of the outcome names.
    OutcomeField(String),
    /// On the day of the calendar.
    Day,
}

/// What shows that a duty is done, any of it; nothing means that somebody has to say so.
#[derive(Debug, Clone, Default)]
pub struct EvidenceRule {
    /// Kinds of event.
    pub events: Vec<String>,
    /// Kinds of document.
    pub documents: Vec<String>,
    /// Kinds of write-back of the outcome that have a receipt.
    pub write_backs: Vec<String>,
    /// Forms about the child.
    pub forms: Vec<String>,
    /// Whether it is that the panel hears the child again.
    pub heard: bool,
    /// How long before what has the duty come up the evidence may be dated.
    pub since: Option<Span>,
    /// How long after what has the duty come up the evidence must be dated at least; where there is one, `since` says
    /// nothing.
    pub not_before: Option<Span>,
}

/// Who hears of a duty that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationRule {
    /// The role.
    pub to: String,
    /// When, counted from what has the duty come up; where a field of the outcome names the day, from that.
    pub deadline: Deadline,
}

/// A standing list of children who meet a criterion.
#[derive(Debug, Clone)]
pub struct TrackerRule {
    /// Its name.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// Kinds of event, each of which has a child on the list as long as it goes on.
    pub events: Vec<String>,
    /// For how long it must have gone on.
    pub open_for: Option<Span>,
    /// How long before its end a child comes onto the list; one without an end does not.
    pub ends_within: Option<Span>,
    /// Kinds of event, one of which must go on as well.
    pub while_open: Vec<String>,
    /// Kinds of event after which a child is off the list, though the other goes on.
    pub exits: Vec<String>,
    /// Whether only what began since the panel's last sitting is on it.
    pub since_last_sitting: bool,
    /// What is to happen by when.
    pub milestones: Vec<Milestone>,
    /// What of the event is shown beside it, in this order: names of the extract's details.
    pub columns: Vec<TrackerColumn>,
    /// The clause.
    pub policy: String,
}

/// Something that is to happen while a child is on a tracker.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// What a person is shown.
    pub title: String,
    /// Until when.
    pub deadline: Deadline,
    /// Kinds of event since, any of which says that it has happened; none means that only the day says so.
    pub done_by: Vec<String>,
}

/// A column of a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerColumn {
    /// The detail of the event.
    pub detail: String,
    /// What a person is shown.
    pub title: String,
}

impl TrackerRule {
    /// The day on which something that began on a day has gone on for long enough.
    pub fn entered(&self, began: Date) -> Date {
        self.open_for.map_or(began, |span| began.saturating_add(span))
    }
}
