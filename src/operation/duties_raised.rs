//! What has duties come up: sittings, outcomes, requests, events and the calendar, and whether it still does.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{ToSpan as _, ZonedDateTime};

use super::Failure;
use super::check::each_request;
use super::installation::Installation;
use super::sittings::served;
use crate::calendar::Office;
use crate::check::{KnownFacts, Stated};
use crate::domain::{Duty, Event, FactValue, OutcomeState, Submission, Value};
use crate::duty::{self, Occasion};
use crate::ledger::Selection;
use crate::panel::{Condition, DueBy, Profile, RaisedBy, Sitting};

/// What was due longer ago than this when tessera first hears of it is not raised any more: a council that begins with
/// tessera is not told of years.
const DAYS_BACK: i64 = 92;
/// Outcomes whose duties may still lie ahead: a return in a year's time.
const OUTCOME_DAYS_BACK: i64 = 400;
/// How long before it is due what lies ahead is raised: something for a sitting, or on a day of the calendar.
const DAYS_AHEAD: i64 = 21;
/// How far ahead an event may lie that something is due before.
const EVENT_DAYS_AHEAD: i64 = 366;

/// Everything that has come up at the panels that are served and is due late enough to matter.
pub(super) fn raised(installation: &Installation) -> Result<Vec<Duty>, Failure> {
    let mut duties: BTreeMap<_, Duty> = BTreeMap::new();
    for profile in served(installation, None)? {
        let found = of_panel(installation, profile)?.into_iter();
        duties.extend(found.map(|duty| (duty.id.clone(), duty)));
    }
    let first = installation.clock.now().saturating_sub(jiff::SignedDuration::from_hours(24 * DAYS_BACK));
    let first = first.unwrap_or(jiff::Timestamp::MIN);
    Ok(duties.into_values().filter(|duty| duty.due >= first).collect())
}

/// The days in which a panel's duties may have come up.
struct Days {
    today: Date,
    back: Date,
    ahead: Date,
    /// Of sittings and of the calendar there is no record: what lies before tessera's first day is not its business.
    began: Date,
}

/// What has come up at a panel. Its requests and its outcomes are read once for all of its rules.
fn of_panel(installation: &Installation, profile: &Profile) -> Result<Vec<Duty>, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    let today = installation.clock.now_in(&office.zone).date();
    let (back, ahead) = (today.saturating_sub(DAYS_BACK.days()), today.saturating_add(DAYS_AHEAD.days()));
    let days = Days { today, back, ahead, began: began(installation, office)?.unwrap_or(today).max(back) };
    let occasions = profile.duties.iter().map(|rule| Occasion { profile, rule, office });
    let (mut by_request, mut by_outcome, mut duties) = (Vec::new(), Vec::new(), Vec::new());
    for occasion in occasions {
        match &occasion.rule.raised_by {
            RaisedBy::Request { .. } => by_request.push(occasion),
            RaisedBy::Outcome { .. } => by_outcome.push(occasion),
            RaisedBy::Sitting => {
                let sittings = heard(installation, &occasion, (days.began, days.ahead))?;
                duties.extend(sittings.iter().filter_map(|sitting| duty::of_sitting(&occasion, sitting)));
            }
            RaisedBy::Followed { events } => duties.extend(of_followed(installation, &occasion, events, &days)?),
            RaisedBy::Event { .. } => duties.extend(of_events(installation, &occasion, &days)?),
            RaisedBy::Calendar(recurrence) => {
                let due = recurrence.days(days.began, days.ahead).into_iter();
                duties.extend(due.filter_map(|day| duty::of_calendar(&occasion, day)));
            }
        }
    }
    if !by_request.is_empty() {
        let selection = Selection { panel: Some(profile.name.clone()), ..Selection::default() };
        each_request(installation, selection, &mut |submission| {
            for occasion in &by_request {
                duties.extend(of_request(installation, occasion, submission)?);
            }
            Ok(())
        })?;
    }
    if !by_outcome.is_empty() {
        let since = days.today.saturating_sub(OUTCOME_DAYS_BACK.days());
        for outcome in installation.ledger.outcomes_approved_since(&profile.name, since)? {
            let ends = || ends(profile, outcome.sitting, office);
            duties.extend(by_outcome.iter().filter_map(|occasion| duty::of_outcome(occasion, &outcome, ends)));
        }
    }
    Ok(duties)
}

/// The duties of each sitting for each child for whom something goes on. What is due before a sitting comes up ahead of
/// it, and who goes on today is expected to go on then; what is due after it comes up when it has been held.
fn of_followed(
    installation: &Installation,
    occasion: &Occasion<'_>,
    kinds: &[String],
    days: &Days,
) -> Result<Vec<Duty>, Failure> {
    let Occasion { profile, office, .. } = occasion;
    let is_before = matches!(&occasion.rule.due, DueBy::Deadline(deadline) if deadline.is_before());
    let (first, last) = if is_before { (days.today, days.ahead) } else { (days.began, days.today) };
    let now = installation.clock.now();
    let mut sittings = profile.sittings(first, last, office);
    sittings.retain(|sitting| sitting.cancelled.is_none() && (is_before || sitting.ends.timestamp() <= now));
    let mut duties = Vec::new();
    for kind in kinds {
        for sitting in &sittings {
            let known = sitting.date.min(days.today);
            let events = installation.ledger.events_open(&profile.name.authority(), kind, known)?;
            let goes_on = events.iter().filter(|event| event.until.is_none_or(|until| until >= sitting.date));
            duties.extend(goes_on.filter_map(|event| duty::followed(occasion, sitting, event)));
        }
    }
    Ok(duties)
}

/// The duties of events of the kind from which the deadline is counted. What is due before something happens comes up
/// before it does.
fn of_events(installation: &Installation, occasion: &Occasion<'_>, days: &Days) -> Result<Vec<Duty>, Failure> {
    let Occasion { profile, rule, office } = occasion;
    let DueBy::Deadline(deadline) = &rule.due else { return Ok(Vec::new()) };
    let since = super::agenda::first_due_from(deadline, days.back, office);
    let kind = &deadline.anchor().name;
    let last = if deadline.is_before() { days.today.saturating_add(EVENT_DAYS_AHEAD.days()) } else { days.today };
    let events = installation.ledger.events_since(&profile.name.authority(), kind, since, last)?;
    let meant = meant(&events, deadline.anchor().ordinal).into_iter();
    let duties = meant.filter_map(|event| duty::of_event(occasion, event));
    let ahead = office.at(days.ahead, office.close).timestamp();
    Ok(duties.filter(|duty| !deadline.is_before() || duty.due <= ahead).collect())
}

/// The day on which tessera has read its first file.
fn began(installation: &Installation, office: &Office) -> Result<Option<Date>, Failure> {
    let first = installation.ledger.first_file_at()?.and_then(|at| at.parse::<jiff::Timestamp>().ok());
    Ok(first.map(|at| at.to_zoned_datetime(office.zone.clone()).date()))
}

/// The sittings that have a duty come up: those that were held and have heard anybody, and every one of a panel that no
/// form asks, which only follows; what is due before a sitting comes up before it is held.
fn heard(
    installation: &Installation,
    Occasion { profile, rule, office }: &Occasion<'_>,
    (back, ahead): (Date, Date),
) -> Result<Vec<Sitting>, Failure> {
    let days = installation.ledger.days_heard(&profile.name, back, ahead)?;
    let authority = profile.name.authority();
    let mut forms = installation.rules.mappings.forms(&authority);
    let follows = !forms.any(|form| form.panels().any(|panel| *panel == profile.name));
    let is_before = matches!(&rule.due, DueBy::Deadline(deadline) if deadline.is_before());
    let now = installation.clock.now();
    let mut sittings = profile.sittings(back, ahead, office);
    sittings.retain(|sitting| {
        let is_held = sitting.cancelled.is_none() && (follows || days.contains(&sitting.date));
        is_held && (is_before || sitting.ends.timestamp() <= now)
    });
    Ok(sittings)
}

/// When a sitting ends; the close of the office on its day where the schedule knows none.
fn ends(profile: &Profile, day: Date, office: &Office) -> ZonedDateTime {
    profile.sitting_on(day, office).map_or_else(|| office.at(day, office.close), |sitting| sitting.ends)
}

/// The events that a deadline means: each, or each child's second.
fn meant(events: &[Event], ordinal: Option<u32>) -> Vec<&Event> {
    let Some(ordinal) = ordinal.and_then(|ordinal| usize::try_from(ordinal).ok()) else {
        return events.iter().collect();
    };
    let mut by_person: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    for event in events {
        by_person.entry(event.person).or_default().push(event);
    }
    let nth = by_person.into_values().filter_map(|mut events| {
        events.sort_by_key(|event| event.on);
        events.get(ordinal.saturating_sub(1)).copied()
    });
    nth.collect()
}

/// The duties of a request that comes a certain way, one for each child.
fn of_request(
    installation: &Installation,
    occasion: &Occasion<'_>,
    submission: &Submission,
) -> Result<Vec<Duty>, Failure> {
    let RaisedBy::Request { condition, field } = &occasion.rule.raised_by else { return Ok(Vec::new()) };
    let Some(since) = named_moment(submission, field, occasion.office) else { return Ok(Vec::new()) };
    if !holds(installation, occasion.profile, submission, condition)? {
        return Ok(Vec::new());
    }
    let people = submission.people.iter();
    Ok(people.filter_map(|person| duty::of_request(occasion, submission, *person, since.clone())).collect())
}

/// The moment that a field of the form names; the beginning of its day where it names only that.
fn named_moment(submission: &Submission, field: &str, office: &Office) -> Option<ZonedDateTime> {
    submission.answers(field).find_map(|answer| match &answer.value {
        Value::Date(date) => Some(office.at(*date, jiff::civil::Time::midnight())),
        Value::DateTime(moment) => Some(office.at(moment.date(), moment.time())),
        _ => None,
    })
}

/// Whether the form and those who have stated facts say that a request comes this way.
fn holds(
    installation: &Installation,
    profile: &Profile,
    submission: &Submission,
    condition: &Condition,
) -> Result<bool, Failure> {
    let mapping = installation.rules.mappings.form(&submission.authority, &submission.form, &submission.version);
    let answers = mapping.map(|mapping| mapping.facts(submission)).unwrap_or_default();
    let stated = installation.ledger.stated_facts(&submission.id)?.into_iter();
    let stated: Vec<Stated> = stated.map(|(name, value)| Stated { name, value }).collect();
    let office = installation.rules.office(&submission.authority)?;
    let today = installation.clock.now_in(&office.zone).date();
    let facts = KnownFacts::gather(profile, answers, &[], false, &stated, today);
    Ok(facts.holds(condition) == FactValue::Yes)
}

/// What an open duty is now; nothing where what had it come up is no more.
pub(super) fn again(
    installation: &Installation,
    occasion: &Occasion<'_>,
    duty: &Duty,
    events: &[Event],
) -> Result<Option<Duty>, Failure> {
    let Occasion { profile, rule, office } = *occasion;
    let is_it = |found: &Duty| found.id == duty.id;
    let sitting = || {
        let sitting = profile.sitting_on(duty.sitting?, office)?;
        sitting.cancelled.is_none().then_some(sitting)
    };
    let ledger = &installation.ledger;
    Ok(match &rule.raised_by {
        RaisedBy::Sitting => sitting().and_then(|sitting| duty::of_sitting(occasion, &sitting)),
        RaisedBy::Followed { .. } => sitting().and_then(|sitting| {
            let open = events.iter().filter(|event| event.until.is_none_or(|until| until >= sitting.date));
            open.filter_map(|event| duty::followed(occasion, &sitting, event)).find(is_it)
        }),
        RaisedBy::Outcome { .. } => {
            let Some(submission) = &duty.submission else { return Ok(None) };
            let rows = ledger.outcomes(Some(submission))?.into_iter();
            let approved = rows.filter(|row| row.outcome.state == OutcomeState::Approved);
            let mut outcomes = approved.map(|row| row.outcome);
            outcomes.find_map(|outcome| {
                let ends = || ends(profile, outcome.sitting, office);
                duty::of_outcome(occasion, &outcome, ends).filter(is_it)
            })
        }
        RaisedBy::Request { .. } => {
            let Some(submission) = &duty.submission else { return Ok(None) };
            let Some(row) = ledger.submission(submission)? else { return Ok(None) };
            if !row.submission.status.is_request() {
                return Ok(None);
            }
            of_request(installation, occasion, &row.submission)?.into_iter().find(is_it)
        }
        RaisedBy::Event { .. } => {
            let DueBy::Deadline(deadline) = &rule.due else { return Ok(None) };
            let own: Vec<Event> =
                events.iter().filter(|event| *event.kind == *deadline.anchor().name).cloned().collect();
            let meant = meant(&own, deadline.anchor().ordinal).into_iter();
            meant.filter_map(|event| duty::of_event(occasion, event)).find(is_it)
        }
        RaisedBy::Calendar(_) => Some(duty.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::{DateTime, date};

    use super::*;
    use crate::domain::{Decision, Outcome, PanelName, Private, SubmissionId};
    use crate::operation::installation::Rulebook;

    /// What has a duty come up in a test.
    enum By {
        /// An outcome of a day with one field.
        Outcome(Date, &'static str, &'static str),
        /// An event at a moment.
        Event(DateTime),
        /// A sitting of a day.
        Sitting(Date),
    }

    /// Panel and rule, what has it come up, when it is due, and when it is escalated.
    const DATES: &[(&str, By, &str, &[&str])] = &[
        // Boxing Day 2026 is a Saturday, so that Monday 28 December is a bank holiday.
        (
            "lincolnshire/support-panel family-group-conference-referral",
            By::Outcome(date(2026, 12, 18), "family-group-conference", "yes"),
            "2026-12-29T17:00:00+00:00",
            &["2026-12-29T17:00:00+00:00", "2026-12-31T17:00:00+00:00"],
        ),
        ("lambeth/crp minutes-on-record", By::Outcome(date(2026, 12, 24), "", ""), "2026-12-31T17:00:00+00:00", &[]),
        ("lambeth/crp minutes-distributed", By::Sitting(date(2027, 3, 25)), "2027-04-01T17:00:00+01:00", &[]),
        (
            "lincolnshire/support-panel support-panel-actions-note",
            By::Outcome(date(2027, 1, 29), "", ""),
            "2027-02-28T17:00:00+00:00",
            &[],
        ),
        (
            "lincolnshire/support-panel return-to-panel",
            By::Outcome(date(2026, 12, 2), "return-on", "2027-01-06"),
            "2027-01-06T17:00:00+00:00",
            &[],
        ),
        (
            "lincolnshire/support-panel actions-emailed",
            By::Sitting(date(2026, 12, 2)),
            "2026-12-02T13:00:00+00:00",
            &[],
        ),
        ("lambeth/neet still-neet-review", By::Outcome(date(2026, 11, 30), "", ""), "2027-02-28T17:00:00+00:00", &[]),
        (
            "lincolnshire/support-panel regulation-24-authorised",
            By::Event(date(2027, 3, 26).at(17, 30, 0, 0)),
            "2027-03-28T18:30:00+01:00",
            &[],
        ),
        (
            "lincolnshire/support-panel regulation-24-authorised",
            By::Event(date(2026, 10, 24).at(9, 0, 0, 0)),
            "2026-10-26T08:00:00+00:00",
            &[],
        ),
        (
            "lincolnshire/support-panel viability-assessment",
            By::Event(date(2026, 10, 24).at(0, 0, 0, 0)),
            "2026-10-25T00:00:00+01:00",
            &[],
        ),
        (
            "forums/ppm second-review-invitation",
            By::Event(date(2026, 12, 16).at(0, 0, 0, 0)),
            "2026-12-30T17:00:00+00:00",
            &[],
        ),
        (
            "forums/placement-3 reported-to-ofsted",
            By::Event(date(2026, 12, 24).at(0, 0, 0, 0)),
            "2026-12-29T17:00:00+00:00",
            &[],
        ),
        (
            "four-panels/court-progression checkpoint-1",
            By::Event(date(2027, 3, 1).at(0, 0, 0, 0)),
            "2027-03-29T17:00:00+01:00",
            &[],
        ),
        (
            "four-panels/court-progression checkpoint-2-before-final-evidence",
            By::Event(date(2027, 4, 19).at(0, 0, 0, 0)),
            "2027-03-25T17:00:00+00:00",
            &[],
        ),
    ];

    fn outcome(panel: &PanelName, sitting: Date, field: &str, value: &str) -> Outcome {
        let fields = BTreeMap::from([(field.to_owned(), Private::new(value.to_owned()))]);
        let decision = Decision { decision: "agreed".to_owned(), fields };
        Outcome {
            submission: SubmissionId::new("x-1"),
            person: "100001".parse().unwrap(),
            panel: panel.clone(),
            sitting,
            revision: 1,
            decision,
            state: OutcomeState::Approved,
        }
    }

    fn event(panel: &PanelName, kind: &str, at: DateTime) -> Event {
        let time = Some(at.time()).filter(|time| *time != jiff::civil::Time::midnight());
        Event { at: time, ..Event::of_test(&panel.authority(), kind, at.date()) }
    }

    fn raised_by(rules: &Rulebook, named: &str, by: &By) -> Duty {
        let (panel, rule) = named.split_once(' ').unwrap();
        let profile = &rules.panels[&PanelName::new(panel)];
        let rule = profile.duties.iter().find(|known| known.name == rule).unwrap_or_else(|| panic!("{named}"));
        let office = rules.office(&profile.name.authority()).unwrap();
        let occasion = Occasion { profile, rule, office };
        let duty = match by {
            By::Outcome(day, field, value) => {
                let outcome = outcome(&profile.name, *day, field, value);
                duty::of_outcome(&occasion, &outcome, || ends(profile, *day, office))
            }
            By::Event(at) => {
                let DueBy::Deadline(deadline) = &rule.due else { panic!("{named}") };
                duty::of_event(&occasion, &event(&profile.name, &deadline.anchor().name, *at))
            }
            By::Sitting(day) => duty::of_sitting(&occasion, &profile.sitting_on(*day, office).unwrap()),
        };
        duty.unwrap_or_else(|| panic!("{named} does not come up"))
    }

    #[test]
    fn duties_are_due_to_the_minute_over_bank_holidays_and_clock_changes() {
        let rules = Rulebook::of(None).unwrap();
        for (named, by, due, escalated) in DATES {
            let duty = raised_by(&rules, named, by);
            let office = rules.office(&duty.authority()).unwrap();
            let shown = |at: jiff::Timestamp| crate::calendar::with_offset(&at.to_zoned_datetime(office.zone.clone()));
            assert_eq!(shown(duty.due), *due, "{named}");
            let escalations: Vec<String> = duty.escalations.iter().map(|one| shown(one.at)).collect();
            assert_eq!(escalations, *escalated, "{named}");
        }
    }

    #[test]
    fn an_escalation_is_reached_at_its_minute_and_not_before() {
        let (named, by, ..) = &DATES[0];
        let duty = raised_by(&Rulebook::of(None).unwrap(), named, by);
        let second = jiff::SignedDuration::from_secs(1);
        let last = duty.escalations.last().unwrap();
        assert_eq!(duty.escalated(last.at - second), 1);
        assert_eq!(duty.escalated(last.at), 2);
        assert_eq!(duty.roles(last.at).last(), Some("locality-service-manager"));
        assert!(!duty.is_overdue(duty.due) && duty.is_overdue(duty.due + second));
    }

    #[test]
    fn a_duty_has_the_same_id_whenever_it_is_worked_out_and_another_for_another_child() {
        let rules = Rulebook::of(None).unwrap();
        let (named, by, ..) = &DATES[0];
        let one = raised_by(&rules, named, by);
        assert_eq!(one.id, raised_by(&rules, named, by).id);
        let ids: std::collections::BTreeSet<_> =
            DATES.iter().map(|(named, by, ..)| raised_by(&rules, named, by).id).collect();
        assert_eq!(ids.len(), DATES.len());
    }
}
