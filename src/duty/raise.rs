//! What has a duty come up, and when it is due.

use jiff::ZonedDateTime;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::calendar::{Deadline, Office};
use crate::domain::{Duty, DutyId, Escalation, Event, Outcome, PersonId, Submission, SubmissionId, hexadecimal};
use crate::panel::{DueBy, DutyRule, Profile, RaisedBy, Sitting};

/// What has a duty come up.
#[derive(Debug)]
pub struct Occasion<'o> {
    /// The panel.
    pub profile: &'o Profile,
    /// What its policy asks for.
    pub rule: &'o DutyRule,
    /// When its authority works.
    pub office: &'o Office,
}

/// What tells one occasion from another.
struct About {
    person: Option<PersonId>,
    submission: Option<SubmissionId>,
    sitting: Option<Date>,
    /// Names the occasion for good: dates that are corrected do not change it where Mosaic has an id.
    key: String,
    /// In words.
    occasion: String,
    /// From when it is counted.
    since: ZonedDateTime,
}

/// Of a sitting that hears anybody.
pub fn of_sitting(occasion: &Occasion<'_>, sitting: &Sitting) -> Option<Duty> {
    let about = about_sitting(sitting, None);
    duty(occasion, about, None)
}

/// Of a child for whom something goes on on the day of a sitting.
pub fn followed(occasion: &Occasion<'_>, sitting: &Sitting, event: &Event) -> Option<Duty> {
    let about = About {
        key: format!("sitting {} {}", sitting.date, event_key(event)),
        occasion: format!("{} at the sitting of {}", event.kind, sitting.date),
        ..about_sitting(sitting, Some(event.person))
    };
    duty(occasion, about, None)
}

fn about_sitting(sitting: &Sitting, person: Option<PersonId>) -> About {
    About {
        person,
        submission: None,
        sitting: Some(sitting.date),
        key: format!("sitting {}", sitting.date),
        occasion: format!("sitting of {}", sitting.date),
        since: sitting.ends.clone(),
    }
}

/// Whether an outcome has a duty come up.
fn asks_for(rule: &DutyRule, outcome: &Outcome) -> bool {
    let RaisedBy::Outcome { with, field } = &rule.raised_by else { return false };
    let decision = &outcome.decision;
    let says = |name: &String| decision.fields.get(name).map(|value| value.expose().as_str());
    let field_fits = field.as_ref().is_none_or(|(name, is)| {
        says(name)
            .is_some_and(|said| if is.is_empty() { !said.trim().is_empty() } else { is.iter().any(|one| one == said) })
    });
    (with.is_empty() || with.contains(&decision.decision)) && field_fits
}

/// Of an outcome; `ends` tells when its sitting has ended, and is asked only where the outcome has the duty come up.
pub fn of_outcome(occasion: &Occasion<'_>, outcome: &Outcome, ends: impl FnOnce() -> ZonedDateTime) -> Option<Duty> {
    if !asks_for(occasion.rule, outcome) {
        return None;
    }
    let day = match &occasion.rule.due {
        DueBy::OutcomeField(name) => Some(outcome.decision.fields.get(name)?.expose().parse::<Date>().ok()?),
        DueBy::Deadline(_) | DueBy::Day => None,
    };
    let about = About {
        person: Some(outcome.person),
        submission: Some(outcome.submission.clone()),
        sitting: Some(outcome.sitting),
        key: format!("outcome {} {}", outcome.submission, outcome.sitting),
        occasion: format!("outcome of {}", outcome.sitting),
        since: ends(),
    };
    duty(occasion, about, day)
}

/// Of a request for one child; `since` is the day or moment that its form names.
pub fn of_request(
    occasion: &Occasion<'_>,
    submission: &Submission,
    person: PersonId,
    since: ZonedDateTime,
) -> Option<Duty> {
    let about = About {
        person: Some(person),
        submission: Some(submission.id.clone()),
        sitting: None,
        key: format!("request {}", submission.id),
        occasion: format!("request, {}", since.date()),
        since,
    };
    duty(occasion, about, None)
}

/// Of an event.
///
/// Where the report gives a day and no time, hours are counted from the beginning of that day: no time that a policy
/// gives is taken to be longer than it may be.
pub fn of_event(occasion: &Occasion<'_>, event: &Event) -> Option<Duty> {
    let RaisedBy::Event { while_open } = occasion.rule.raised_by else { return None };
    let since = occasion.office.at(event.on, event.at.unwrap_or_default());
    let about = About {
        person: Some(event.person),
        submission: None,
        sitting: None,
        key: event_key(event),
        occasion: format!("{} on {}", event.kind, event.on),
        since,
    };
    let duty = duty(occasion, about, None)?;
    let ended = event.until.map(|until| occasion.office.at(until, occasion.office.close).timestamp());
    (!while_open || ended.is_none_or(|ended| ended >= duty.due)).then_some(duty)
}

/// Of a day of the calendar.
pub fn of_calendar(occasion: &Occasion<'_>, day: Date) -> Option<Duty> {
    let about = About {
        person: None,
        submission: None,
        sitting: None,
        key: format!("calendar {day}"),
        occasion: format!("calendar, {day}"),
        since: occasion.office.at(day, occasion.office.close),
    };
    duty(occasion, about, Some(day))
}

fn event_key(event: &Event) -> String {
    event.event_id.as_ref().map_or_else(|| format!("{} {}", event.kind, event.on), |id| format!("event {id}"))
}

fn duty(occasion: &Occasion<'_>, about: About, day: Option<Date>) -> Option<Duty> {
    let Occasion { profile, rule, office } = *occasion;
    let at_close = |day: Date| office.at(day, office.close).timestamp();
    let by = |deadline: &Deadline| deadline.due(&about.since, office).at.timestamp();
    let due = match (&rule.due, day) {
        (DueBy::Deadline(deadline), _) => by(deadline),
        (DueBy::OutcomeField(_) | DueBy::Day, Some(day)) => at_close(day),
        (DueBy::OutcomeField(_) | DueBy::Day, None) => return None,
    };
    // Where a field or the calendar names the day, what follows is counted from that.
    let from = day.map_or_else(|| about.since.clone(), |day| office.at(day, office.close));
    let escalated = |one: &crate::panel::EscalationRule| Escalation {
        to: one.to.clone(),
        at: one.deadline.due(&from, office).at.timestamp(),
    };
    let began = about.since.date();
    let counts_from = match (rule.evidence.not_before, rule.evidence.since) {
        (Some(span), _) => began.saturating_add(span),
        (None, Some(span)) => began.saturating_sub(span),
        (None, None) => began,
    };
    Some(Duty {
        id: id(profile, rule, &about),
        panel: profile.name.clone(),
        rule: rule.name.clone(),
        title: rule.title.clone(),
        role: rule.role.clone(),
        person: about.person,
        submission: about.submission,
        sitting: about.sitting,
        occasion: about.occasion,
        since: about.since.timestamp(),
        counts_from,
        due,
        escalations: rule.escalations.iter().map(escalated).collect(),
        policy: rule.policy.clone(),
    })
}

/// Digits of a hash that are shown: duties of one ledger do not share them.
const DIGITS: usize = 12;

fn id(profile: &Profile, rule: &DutyRule, about: &About) -> DutyId {
    let person = about.person.map(|person| person.to_string()).unwrap_or_default();
    let key = [profile.name.as_str(), &rule.name, &person, &about.key].join("\u{1f}");
    let digits: String = hexadecimal(&Sha256::digest(key)).chars().take(DIGITS).collect();
    DutyId::new(format!("D-{digits}"))
}
