//! Whom a panel follows, until when what is to happen, and how many days that is.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::calendar::Office;
use crate::domain::{Event, PersonId, Private};
use crate::panel::{Milestone, TrackerRule};

/// Something that goes on for a child.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'h> {
    /// What has the child on the list.
    pub event: &'h Event,
    /// Everything else that has happened to the child.
    pub others: &'h [Event],
}

/// A child on a tracker.
#[derive(Debug, Clone)]
pub struct TrackedChild {
    /// The child.
    pub person: PersonId,
    /// What goes on.
    pub event: String,
    /// Since when.
    pub since: Date,
    /// Until when, where that is known.
    pub until: Option<Date>,
    /// The day on which the child came onto the list.
    pub entered: Date,
    /// For how many days it has gone on.
    pub days: i64,
    /// What is to happen next.
    pub next: Option<MilestoneShown>,
    /// The details that the panel looks at, by name.
    pub details: BTreeMap<String, Private<String>>,
}

/// Something that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MilestoneShown {
    /// What a person is shown.
    pub title: String,
    /// Until when.
    pub due: Date,
    /// Days to go; below nothing where it is over.
    pub days_to_go: i64,
}

/// A child as the tracker has it on a day; nothing where the criterion is not met.
pub fn tracked(
    rule: &TrackerRule,
    happening: Happening<'_>,
    on: Date,
    last_sitting: Option<Date>,
    office: &Office,
) -> Option<TrackedChild> {
    let Happening { event, others } = happening;
    let goes_on = |event: &Event| event.on <= on && event.until.is_none_or(|until| until >= on);
    if !rule.events.iter().any(|kind| **kind == *event.kind) || !goes_on(event) {
        return None;
    }
    let ends_from = match (rule.ends_within, event.until) {
        (None, _) => None,
        (Some(_), None) => return None,
        (Some(span), Some(until)) => Some(until.saturating_sub(span)),
    };
    let is_named = |kinds: &[String], other: &Event| kinds.iter().any(|kind| **kind == *other.kind);
    let is_out = others.iter().any(|other| is_named(&rule.exits, other) && other.on >= event.on && other.on <= on);
    let with_it =
        rule.while_open.is_empty() || others.iter().any(|other| is_named(&rule.while_open, other) && goes_on(other));
    let is_new = !rule.since_last_sitting || last_sitting.is_none_or(|last| event.on > last);
    let entered = rule.entered(event.on);
    let entered = ends_from.map_or(entered, |from| entered.max(from));
    if is_out || !with_it || !is_new || entered > on {
        return None;
    }
    let wanted = rule.columns.iter().filter_map(|column| event.details.get_key_value(&column.detail));
    Some(TrackedChild {
        person: event.person,
        event: event.kind.to_string(),
        since: event.on,
        until: event.until,
        entered,
        days: days(event.on, on),
        next: next(&rule.milestones, happening, on, office).or_else(|| ending(ends_from, event, on)),
        details: wanted.map(|(name, value)| (name.clone(), value.clone())).collect(),
    })
}

/// The first milestone that has not happened.
fn next(milestones: &[Milestone], happening: Happening<'_>, on: Date, office: &Office) -> Option<MilestoneShown> {
    let Happening { event, others } = happening;
    let ahead = milestones.iter().filter_map(|milestone| {
        let anchor = milestone.deadline.anchor();
        let from = if *anchor.name == *event.kind {
            event.on
        } else {
            let since = others.iter().filter(|other| *other.kind == *anchor.name && other.on >= event.on);
            let mut days: Vec<Date> = since.map(|other| other.on).collect();
            days.sort();
            let ordinal = anchor.ordinal.and_then(|ordinal| usize::try_from(ordinal).ok()).unwrap_or(1);
            *days.get(ordinal.saturating_sub(1))?
        };
        let due = milestone.deadline.due(&office.at(from, office.close), office).at.date();
        let is_done = |other: &&Event| milestone.done_by.iter().any(|kind| **kind == *other.kind) && other.on <= on;
        let done = others.iter().filter(is_done).filter(|other| other.on >= from).count();
        // Each of several like it is done once.
        let before = milestones.iter().take_while(|other| !std::ptr::eq(*other, milestone));
        let earlier = before.filter(|other| other.done_by == milestone.done_by).count();
        let is_over = if milestone.done_by.is_empty() { due < on } else { done > earlier };
        (!is_over).then(|| MilestoneShown { title: milestone.title.clone(), due, days_to_go: days(on, due) })
    });
    ahead.min_by_key(|milestone| milestone.due)
}

/// That it ends is what comes next where nothing else does.
fn ending(ends_from: Option<Date>, event: &Event, on: Date) -> Option<MilestoneShown> {
    let until = event.until.filter(|_| ends_from.is_some())?;
    Some(MilestoneShown { title: "Ends".to_owned(), due: until, days_to_go: days(on, until) })
}

fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::{Span, ToSpan as _};

    use super::*;

    fn open_for(span: Span) -> TrackerRule {
        TrackerRule {
            name: "section-20".to_owned(),
            title: "Section 20 for more than 9 months".to_owned(),
            events: vec!["section-20".to_owned()],
            open_for: Some(span),
            ends_within: None,
            while_open: Vec::new(),
            exits: Vec::new(),
            since_last_sitting: false,
            milestones: Vec::new(),
            columns: Vec::new(),
            policy: "section 2".to_owned(),
        }
    }

    /// 9 months after 31 May is 28 February, and 9 months before that is 28 May.
    #[test]
    fn what_must_have_gone_on_for_months_is_counted_from_its_own_day() {
        let rule = open_for(9.months());
        for (began, first) in [
            (date(2026, 5, 31), date(2027, 2, 28)),
            (date(2026, 5, 28), date(2027, 2, 28)),
            (date(2026, 5, 27), date(2027, 2, 27)),
            (date(2026, 3, 31), date(2026, 12, 31)),
        ] {
            assert_eq!(rule.entered(began), first);
        }
    }
}
