//! Something that a role must do by a time, and what has become of it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::trouble::codes;
use super::{AuthorityName, PanelName, PersonId, SubmissionId};

codes! {
    /// Where a duty stands.
    DutyState {
        /// Nobody has done it.
        Open => "open",
        /// It is done.
        Done => "done",
        /// What had it come up is no more.
        Withdrawn => "withdrawn",
    }
}

/// The id of a duty: the same whenever it is worked out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DutyId(String);

impl DutyId {
    /// An id as it is written: `D-7f3a9c0e12b4`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DutyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that a role must do by a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Its id.
    pub id: DutyId,
    /// The panel whose policy asks for it.
    pub panel: PanelName,
    /// The name of the rule in the panel's file.
    pub rule: String,
    /// What a person is shown.
    pub title: String,
    /// The role that must do it.
    pub role: String,
    /// The child; `None` where it is about a sitting or the calendar.
    pub person: Option<PersonId>,
    /// The request, where there is one.
    pub submission: Option<SubmissionId>,
    /// The sitting, where there is one.
    pub sitting: Option<Date>,
    /// What has it come up, in words: `sitting of 2026-12-18`, `placement-start on 2027-03-26`.
    pub occasion: String,
    /// The moment from which it is counted.
    pub since: Timestamp,
    /// The first day on which what is done about it counts.
    pub counts_from: Date,
    /// Until when.
    pub due: Timestamp,
    /// Who hears of it when it is not done, earliest first.
    pub escalations: Vec<Escalation>,
    /// The clause.
    pub policy: String,
}

/// Who hears of a duty that is not done, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The role.
    pub to: String,
    /// From when on.
    pub at: Timestamp,
}

/// What shows that a duty is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `event family-group-conference-referral`, `document review-minutes`, or what somebody has said.
    pub what: String,
    /// The day of it, where it has one.
    pub on: Option<Date>,
    /// The moment of it, where that is known and no day is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A duty, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyStanding {
    /// The duty.
    pub duty: Duty,
    /// Where it stands.
    pub state: DutyState,
    /// What shows that it is done, or why it was withdrawn.
    pub evidence: Option<Evidence>,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was closed or withdrawn.
    pub closed_at: Option<Timestamp>,
}

impl Duty {
    /// Whose policy asks for it.
    pub fn authority(&self) -> AuthorityName {
        self.panel.authority()
    }

    /// Whether its time is over.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due < now
    }

    /// How many of its escalations are reached.
    pub fn escalated(&self, now: Timestamp) -> usize {
        self.escalations.iter().filter(|escalation| escalation.at <= now).count()
    }

    /// The roles that hear of it at a moment: whoever must do it, and whoever it was escalated to.
    pub fn roles(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let reached = self.escalations.iter().filter(move |escalation| escalation.at <= now);
        std::iter::once(self.role.as_str()).chain(reached.map(|escalation| escalation.to.as_str()))
    }
}
