//! What shows that a duty is done.

use crate::domain::{Document, Duty, Event, Evidence, Outcome, State, Submission, WriteBack};
use crate::panel::EvidenceRule;

/// What is known about what a duty is about.
#[derive(Debug, Default)]
pub struct Seen {
    /// Events of the child.
    pub events: Vec<Event>,
    /// Documents on the child's record, and those that were kept.
    pub documents: Vec<Document>,
    /// Submissions about the child.
    pub submissions: Vec<Submission>,
    /// Write-backs of the outcome; of a sitting, those of all its outcomes.
    pub write_backs: Vec<WriteBack>,
    /// Outcomes about the child.
    pub outcomes: Vec<Outcome>,
}

/// What closes a duty, the earliest of it.
pub fn closed_by(rule: &EvidenceRule, duty: &Duty, seen: &Seen) -> Option<Evidence> {
    let counts = |on: jiff::civil::Date| on >= duty.counts_from;
    let events = seen.events.iter().filter(|event| rule.events.iter().any(|kind| **kind == *event.kind));
    let events =
        events.filter(|event| counts(event.on)).map(|event| evidence(format!("event {}", event.kind), event.on));
    let documents = seen.documents.iter().filter_map(|document| {
        let kind = document.kind.as_ref()?;
        let on = document.dated.filter(|on| counts(*on))?;
        rule.documents.iter().any(|wanted| wanted == kind.as_str()).then(|| evidence(format!("document {kind}"), on))
    });
    let forms = seen.submissions.iter().filter_map(|submission| {
        let on = submission.completed_on.or(submission.started_on)?.date();
        let is_meant = rule.forms.iter().any(|form| *form == *submission.form);
        let is_another = duty.submission.as_ref() != Some(&submission.id);
        (is_meant && is_another && counts(on)).then(|| evidence(format!("form {}", submission.form), on))
    });
    let found = events.chain(documents).chain(forms).chain(heard(rule, duty, seen));
    let earliest = found.min_by(|one, other| (one.on, &one.what).cmp(&(other.on, &other.what)));
    earliest.or_else(|| written(rule, duty, seen))
}

fn evidence(what: String, on: jiff::civil::Date) -> Evidence {
    Evidence { what, on: Some(on), at: None }
}

/// The panel has heard the child again since.
fn heard(rule: &EvidenceRule, duty: &Duty, seen: &Seen) -> Option<Evidence> {
    if !rule.heard {
        return None;
    }
    let after = duty.sitting.unwrap_or(duty.counts_from);
    let outcomes = seen.outcomes.iter().filter(|outcome| outcome.panel == duty.panel && outcome.sitting > after);
    let days = outcomes.map(|outcome| outcome.sitting);
    days.min().map(|on| evidence(format!("heard by {}", duty.panel), on))
}

/// Everything of the wanted kinds that the outcome writes has a receipt.
fn written(rule: &EvidenceRule, duty: &Duty, seen: &Seen) -> Option<Evidence> {
    let meant = seen.write_backs.iter().filter(|one| rule.write_backs.iter().any(|kind| kind == one.kind.as_str()));
    let meant: Vec<&WriteBack> =
        meant.filter(|one| duty.sitting.is_none_or(|sitting| one.sitting == sitting)).collect();
    let receipts: Vec<_> = meant
        .iter()
        .filter_map(|one| match &one.state {
            State::Sent { receipt } => Some(receipt.known_at),
            _ => None,
        })
        .collect();
    let last = receipts.iter().max()?;
    (receipts.len() == meant.len()).then(|| Evidence {
        what: format!("written back with a receipt, {last:.0}"),
        on: None,
        at: Some(*last),
    })
}
