//! What a policy says besides the ordinary way: exemptions, other routes, other panels, thresholds, invitations.

use jiff::Span;

use super::Condition;
use crate::calendar::Deadline;
use crate::domain::PanelName;

/// Children about whom the panel does not have to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// Its name, a fact where it has no condition of its own.
    pub name: String,
    /// When it holds.
    pub condition: Condition,
    /// What a person is shown.
    pub title: String,
    /// The clause.
    pub policy: String,
}

/// Whether and where a request that did not wait for the panel is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// At the next sitting it could still be handed in for, or within `at_most`; the decision holds only until then.
    NextSitting,
    /// Not by this panel at all.
    NotNeeded,
    /// At once, outside the panel's sittings: no cutoff holds.
    AtOnce,
}

/// A way round the panel: an emergency, an agreement outside, an urgent meeting.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// When a request comes this way.
    pub condition: Condition,
    /// Where it is heard.
    pub hearing: Hearing,
    /// The field of the form that says when it was decided.
    pub decided_on: Option<String>,
    /// The field of the form that says in which role.
    pub role_field: Option<String>,
    /// The roles that may decide.
    pub decided_by: Vec<String>,
    /// How long after the decision it may be heard at the latest, in place of the next sitting.
    pub at_most: Option<Span>,
    /// The clause.
    pub policy: String,
}

/// A panel that is meant instead of this one, or besides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its name in the panel's file.
    pub name: String,
    /// The other panel; none where it is not one of the authority's profiles.
    pub panel: Option<PanelName>,
    /// What a person is shown.
    pub title: String,
    /// When it is meant.
    pub condition: Condition,
    /// Whether it is meant besides this one.
    pub also: bool,
    /// The clause.
    pub policy: String,
}

/// An amount up to which the panel is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// Its name in the panel's file.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// The kinds of request it is about; none means every one.
    pub kinds: Vec<String>,
    /// The fields of the form that hold amounts: the one-off and the cumulative. The largest counts.
    pub fields: Vec<String>,
    /// The panel is asked for more than this, in pence.
    pub over: i64,
    /// The clause.
    pub policy: String,
}

impl Threshold {
    /// The amount as a person reads it: `£2,000`.
    pub fn in_pounds(&self) -> String {
        let digits = (self.over / 100).to_string();
        let mut grouped = String::from("£");
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }
}

/// Somebody is invited within a time of a happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its name.
    pub name: String,
    /// Until when, counted from the happening.
    pub deadline: Deadline,
    /// The roles that are invited.
    pub roles: Vec<String>,
    /// The clause.
    pub policy: String,
}

/// By when the papers go to the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circulation {
    /// Until when, counted from the sitting.
    pub deadline: Deadline,
    /// The role that sends them.
    pub by: String,
    /// The clause.
    pub policy: String,
}

/// One item of an agenda.
#[derive(Debug, Clone)]
pub struct AgendaItem {
    /// What a person is shown.
    pub title: String,
    /// The kinds of request heard under it.
    pub kinds: Vec<String>,
    /// What was decided before and comes back.
    pub matters_arising: bool,
    /// Happenings that go on, each child of which is listed.
    pub tracks: Vec<Track>,
    /// The clause.
    pub policy: String,
}

/// A happening that goes on.
#[derive(Debug, Clone)]
pub struct Track {
    /// The kind of event.
    pub event: String,
    /// For how long it must have gone on.
    pub open_for: Option<Span>,
}
