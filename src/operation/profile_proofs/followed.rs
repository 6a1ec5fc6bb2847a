//! Every tracker of every panel, day by day over a year and a half: a child comes onto it on its day, stays on it without
//! a gap while the days to go count down, and is off it when what the panel follows has ended.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::rules;
use crate::calendar::Office;
use crate::domain::{AuthorityName, Event};
use crate::duty::{Happening, TrackedChild, tracked};
use crate::panel::{Profile, TrackerRule};

const BEGAN: Date = date(2026, 12, 24);
const LAST: Date = date(2028, 6, 30);

/// How what goes on comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The record says that it has ended.
    Ends,
    /// Something else says that it is over.
    Exit,
    /// What had to go on as well has ended.
    Companion,
}

/// What is on the record of one child.
struct Child {
    event: Event,
    others: Vec<Event>,
    /// The last day on which the child can be on the tracker.
    last: Date,
}

fn event(authority: &AuthorityName, kind: &str, on: Date, until: Option<Date>) -> Event {
    Event { until, ..Event::of_test(authority, kind, on) }
}

/// The ways in which a tracker's rule lets a child off it.
fn ends(rule: &TrackerRule) -> Vec<End> {
    let mut ends = vec![End::Ends];
    ends.extend((!rule.exits.is_empty()).then_some(End::Exit));
    ends.extend((!rule.while_open.is_empty()).then_some(End::Companion));
    ends
}

fn child(profile: &Profile, rule: &TrackerRule, kind: &str, end: End, office: &Office) -> Child {
    let authority = profile.name.authority();
    // Everything that it waits for fits into the time before this.
    let last = rule.entered(BEGAN).saturating_add(120.days());
    let until = (end == End::Ends || rule.ends_within.is_some()).then_some(last);
    let mut others = Vec::new();
    if let Some(companion) = rule.while_open.first() {
        others.push(event(&authority, companion, BEGAN, (end == End::Companion).then_some(last)));
    }
    if let (End::Exit, Some(exit)) = (end, rule.exits.first()) {
        others.push(event(&authority, exit, last.saturating_add(1.day()), None));
    }
    for milestone in rule.milestones.iter().filter(|one| *one.deadline.anchor().name == *kind) {
        let due = milestone.deadline.due(&office.at(BEGAN, office.close), office).at.date();
        others.extend(milestone.done_by.first().map(|done| event(&authority, done, due, None)));
    }
    Child { event: event(&authority, kind, BEGAN, until), others, last }
}

/// Each day on which a child is on the tracker.
fn days_on(rule: &TrackerRule, child: &Child, profile: &Profile, office: &Office) -> Vec<(Date, TrackedChild)> {
    let mut days = Vec::new();
    let mut day = BEGAN.saturating_sub(30.days());
    while day <= LAST {
        let since = day.saturating_sub(3.months());
        let held = profile.sittings(since, day.saturating_sub(1.day()), office);
        let last_sitting = held.into_iter().rev().find(|sitting| sitting.cancelled.is_none()).map(|one| one.date);
        let happening = Happening { event: &child.event, others: &child.others };
        days.extend(tracked(rule, happening, day, last_sitting, office).map(|child| (day, child)));
        day = day.saturating_add(1.day());
    }
    days
}

/// The day on which a child comes onto a tracker, counted in days by themselves.
fn first_day(rule: &TrackerRule, child: &Child) -> Date {
    let mut day = BEGAN;
    while rule.open_for.is_some_and(|span| day < BEGAN.saturating_add(span))
        || rule.ends_within.is_some_and(|span| day.saturating_add(span) < child.last)
    {
        day = day.saturating_add(1.day());
    }
    day
}

#[test]
fn whoever_is_followed_comes_onto_a_tracker_on_its_day_and_is_off_it_when_it_has_ended() {
    let rules = rules();
    let mut tried = 0;
    for profile in rules.panels.values() {
        let office = rules.office(&profile.name.authority()).unwrap();
        for rule in &profile.trackers {
            for (kind, end) in rule.events.iter().flat_map(|kind| ends(rule).into_iter().map(move |end| (kind, end))) {
                let what = format!("{}/{} {kind} {end:?}", profile.name, rule.name);
                let child = child(profile, rule, kind, end, office);
                let days = days_on(rule, &child, profile, office);
                let (first, _) = days.first().unwrap_or_else(|| panic!("{what}: never on it"));
                let (last, _) = days.last().unwrap();
                assert_eq!(*first, first_day(rule, &child), "{what}");
                let is_gone = *last == child.last || rule.since_last_sitting && *last < child.last;
                assert!(is_gone, "{what}: until {last}, and not until {}", child.last);
                for pair in days.windows(2) {
                    let [(day, before), (next, after)] = pair else { continue };
                    assert_eq!(*next, day.saturating_add(1.day()), "{what}: a gap");
                    assert_eq!(after.days, before.days + 1, "{what}");
                    if let (Some(one), Some(other)) = (&before.next, &after.next)
                        && one.due == other.due
                    {
                        assert_eq!(other.days_to_go, one.days_to_go - 1, "{what}");
                    }
                }
                for milestone in rule.milestones.iter().filter(|one| *one.deadline.anchor().name == **kind) {
                    let due = milestone.deadline.due(&office.at(BEGAN, office.close), office).at.date();
                    let is_ahead = due >= *first && due <= *last;
                    let seen = days.iter().any(|(_, child)| child.next.as_ref().is_some_and(|next| next.due == due));
                    assert!(!is_ahead || seen, "{what}: nobody sees {}", milestone.title);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
}
