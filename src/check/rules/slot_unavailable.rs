//! `slot-unavailable`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The sitting is full.
    ///
    /// Slots are given in the order in which requests were handed in; a group of brothers and sisters on one form takes one slot. Requests that are not handed in yet come after those that are.
    ///
    /// What to do: move it to the sitting named, or have the chair make room.
    group: Group::Sitting,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A sitting without room: the subject says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The place of the request, from 1.
    place: usize,
    /// How many requests the sitting can hear.
    of: usize,
    /// The next sitting that has room.
    room_on: Option<Date>,
}

impl Found for Detail {
    fn was_worded_for_sitting(&self) -> bool {
        true
    }

    fn identity(&self) -> Vec<String> {
        // The place is counted from who else comes.
        Vec::new()
    }

    fn message(&self, _: &Subject) -> String {
        format!("the sitting has {} slots, and this request is number {}", self.of, self.place)
    }

    fn help(&self, _: &Subject) -> String {
        let room = self.room_on.map_or_else(String::new, |date| format!("move it to the sitting on {date}, or "));
        format!("{room}have the chair make room")
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let (Some(slot), Some(sitting)) = (case.slot, case.sitting) else { return };
    if slot.place <= slot.of || !case.has_cutoff() {
        return;
    }
    findings.push(Finding {
        severity: FindingSeverity::Blocking,
        subject: Subject::Sitting(sitting.date),
        detail: Detail { place: slot.place, of: slot.of, room_on: slot.room_on }.into(),
        policy: case.profile.policy.clone(),
        source: None,
    });
}
