//! `slot-unavailable`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The sitting is full.
    ///
    /// Slots are given in the order in which requests were handed in; a group of brothers and sisters on one form takes one slot. Requests that are not handed in yet come after those that are.
    ///
    /// What to do: move it to the sitting named, or have the chair make room.
    "slot-unavailable" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let (Some(slot), Some(sitting)) = (case.slot, case.sitting) else { return };
    if slot.place <= slot.of || !case.has_cutoff() {
        return;
    }
    let room = slot.room_on.map_or_else(String::new, |date| format!("move it to the sitting on {date}, or "));
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Blocking,
        subject: sitting.date.to_string(),
        message: format!("the sitting has {} slots, and this request is number {}", slot.of, slot.place),
        help: format!("{room}have the chair make room"),
        policy: case.profile.policy.clone(),
        source: None,
    });
}
