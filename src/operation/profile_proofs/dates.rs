//! When everything is due that the profiles have somebody do, and who hears of it when, against a calendar that knows
//! nothing of tessera: `tests/calendar/independent.py --duties` works the table out from the profiles anew.

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ZonedDateTime};

use super::trial::Trial;
use super::year::decision;
use super::{each_way, rules};
use crate::calendar::with_offset;
use crate::domain::{Duty, Event, Outcome, OutcomeState, PanelName, SubmissionId};
use crate::duty::{self, Occasion};
use crate::operation::installation::Rulebook;
use crate::panel::{DueBy, RaisedBy, Sitting};

const TABLE: &str = include_str!("../../../tests/calendar/duties.tsv");
const NONE: &str = "-";

fn event(panel: &PanelName, kind: &str, at: DateTime) -> Event {
    let time = Some(at.time()).filter(|time| *time != Time::midnight());
    Event { at: time, ..Event::of_test(&panel.authority(), kind, at.date()) }
}

/// The duty of a rule that is counted from a moment, by whatever has it come up.
fn raised(rules: &Rulebook, occasion: &Occasion<'_>, since: &ZonedDateTime) -> Option<Duty> {
    let Occasion { profile, rule, .. } = occasion;
    let panel = &profile.name;
    let person = "100001".parse().unwrap();
    let sitting = || Sitting {
        panel: panel.clone(),
        date: since.date(),
        starts: since.clone(),
        ends: since.clone(),
        cutoff: None,
        cancelled: None,
        longer: false,
    };
    match &rule.raised_by {
        RaisedBy::Sitting => duty::of_sitting(occasion, &sitting()),
        RaisedBy::Followed { events } => {
            duty::followed(occasion, &sitting(), &event(panel, events.first()?, since.datetime()))
        }
        RaisedBy::Calendar(_) => duty::of_calendar(occasion, since.date()),
        RaisedBy::Event { .. } => {
            let DueBy::Deadline(deadline) = &rule.due else { return None };
            duty::of_event(occasion, &event(panel, &deadline.anchor().name, since.datetime()))
        }
        RaisedBy::Request { .. } => {
            let mut asked = None;
            each_way(rules, profile, |way| {
                asked.get_or_insert_with(|| Trial::new(way, since).submission());
            });
            duty::of_request(occasion, &asked?, person, since.clone())
        }
        RaisedBy::Outcome { .. } => {
            let outcome = Outcome {
                submission: SubmissionId::new("x-1"),
                person,
                panel: panel.clone(),
                sitting: since.date(),
                revision: 1,
                decision: decision(profile, rule, since.date()),
                state: OutcomeState::Approved,
            };
            duty::of_outcome(occasion, &outcome, || since.clone())
        }
    }
}

/// The rows of the table, worked out by tessera.
fn worked_out(rules: &Rulebook, since: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for profile in rules.panels.values() {
        let office = rules.office(&profile.name.authority()).unwrap();
        let shown = |at: Timestamp| with_offset(&at.to_zoned_datetime(office.zone.clone()));
        for rule in &profile.duties {
            let occasion = Occasion { profile, rule, office };
            for text in since {
                let moment: DateTime = text.parse().unwrap();
                let duty = raised(rules, &occasion, &office.at(moment.date(), moment.time()));
                let duty = duty.unwrap_or_else(|| panic!("{} {} does not come up", profile.name, rule.name));
                let told = duty.escalations.iter().map(|one| format!("{} {}", shown(one.at), one.to));
                let told = Some(told.collect::<Vec<_>>().join("; ")).filter(|told| !told.is_empty());
                let told = told.unwrap_or_else(|| NONE.to_owned());
                rows.push(format!("{}\t{}\t{text}\t{}\t{told}", profile.name, rule.name, shown(duty.due)));
            }
        }
        for tracker in &profile.trackers {
            for (place, milestone) in (1..).zip(&tracker.milestones) {
                for text in since {
                    let moment: DateTime = text.parse().unwrap();
                    let by = milestone.deadline.due(&office.at(moment.date(), office.close), office).at.date();
                    rows.push(format!("{}\t{} {place}\t{text}\t{by}\t{NONE}", profile.name, tracker.name));
                }
            }
        }
    }
    rows.sort();
    rows
}

#[test]
fn everything_is_due_and_heard_of_when_another_calendar_says_so() {
    let mut table: Vec<String> = TABLE.lines().skip(1).map(str::to_owned).collect();
    table.sort();
    let mut since: Vec<&str> = TABLE.lines().skip(1).filter_map(|row| row.split('\t').nth(2)).collect();
    since.sort_unstable();
    since.dedup();
    let own = worked_out(&rules(), &since);
    let unlike = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|row| those.binary_search(row).is_err()).cloned().collect()
    };
    assert_eq!((unlike(&own, &table), unlike(&table, &own)), (Vec::new(), Vec::new()));
    assert!(own.len() > 1_000 && own.len() == table.len(), "{} {}", own.len(), table.len());
}
