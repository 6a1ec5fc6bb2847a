//! Sittings, and when duties are due, for the calendars of Outlook and Google (RFC 5545).

use icalendar::{Calendar, CalendarComponent, Component as _, Event, EventStatus, Parameter, Property};
use jiff::ZonedDateTime;
use uuid::Uuid;

use super::calendar_zone;

/// A sitting as a calendar shows it.
#[derive(Debug, Clone)]
pub struct Appointment {
    /// What identifies it for ever: `panel/date`.
    pub key: String,
    /// What a person is shown.
    pub title: String,
    /// What a person reads below.
    pub description: String,
    /// When it starts.
    pub starts: ZonedDateTime,
    /// When it ends.
    pub ends: ZonedDateTime,
    /// By when requests must be in: an alarm rings a day and two hours before.
    pub cutoff: Option<ZonedDateTime>,
    /// Whether it falls away.
    pub is_cancelled: bool,
}

/// When something is due, as a calendar shows it.
#[derive(Debug, Clone)]
pub(super) struct Due {
    /// What identifies it for ever.
    pub(super) key: String,
    /// What a person is shown.
    pub(super) title: String,
    /// What a person reads below.
    pub(super) description: String,
    /// Until when.
    pub(super) due: ZonedDateTime,
    /// How often it was sent before: the latest takes the place of those before.
    pub(super) times: u64,
    /// Whether an alarm rings a day before.
    pub(super) rings: bool,
}

/// The namespace of the identifiers of appointments.
const NAMESPACE: Uuid = Uuid::from_u128(0x7465_7373_6572_6155_b2a7_0f1d_5c0e_91a4);

/// How long before a cutoff alarms ring, and what they say (RFC 5545, section 3.6.6).
const BEFORE_A_CUTOFF: [(&str, &str); 2] =
    [("-P1D", "Requests close in a day"), ("-PT2H", "Requests close in two hours")];
const BEFORE_A_DUTY: [(&str, &str); 1] = [("-P1D", "Due in a day")];

/// An iCalendar file in the time zone of `stamped`, which is when it was made.
pub fn calendar_file(name: &str, appointments: &[Appointment], stamped: &ZonedDateTime) -> String {
    let mut events = Vec::new();
    for appointment in appointments {
        events.push(sitting(appointment, stamped));
        if let Some(cutoff) = appointment.cutoff.as_ref().filter(|_| !appointment.is_cancelled) {
            events.push(closing(appointment, cutoff, stamped));
        }
    }
    calendar(name, events, stamped)
}

/// An iCalendar file of what is due, in the time zone of `stamped`.
pub(super) fn due_calendar(name: &str, dues: &[Due], stamped: &ZonedDateTime) -> String {
    calendar(name, dues.iter().map(|due| self::due(due, stamped)).collect(), stamped)
}

fn calendar(name: &str, events: Vec<Event>, stamped: &ZonedDateTime) -> String {
    let mut calendar = Calendar::new();
    calendar.name(&escaped(name)).append_property(Property::new("METHOD", "PUBLISH"));
    for zone in components(&calendar_zone::description(stamped)) {
        calendar.push(zone);
    }
    for event in events {
        calendar.push(event);
    }
    // Its own way to print gives zones and alarms identities anew each time; this way prints what stands here, so that
    // texts are escaped below.
    icalendar::parser::Calendar::from(calendar).to_string()
}

fn components(text: &str) -> Vec<CalendarComponent> {
    text.parse::<Calendar>().map(|calendar| calendar.components).unwrap_or_default()
}

fn sitting(appointment: &Appointment, stamped: &ZonedDateTime) -> Event {
    let mut event = event(&appointment.key, &appointment.title, &appointment.description, stamped);
    event.append_property(local("DTSTART", &appointment.starts, stamped)).append_property(local(
        "DTEND",
        &appointment.ends,
        stamped,
    ));
    if appointment.is_cancelled {
        event.status(EventStatus::Cancelled).add_property("TRANSP", "TRANSPARENT");
    }
    event.done()
}

/// The cutoff as an appointment of a quarter of an hour before it, with alarms.
fn closing(appointment: &Appointment, cutoff: &ZonedDateTime, stamped: &ZonedDateTime) -> Event {
    let title = format!("Closes: {}", appointment.title);
    let mut event = event(&format!("{}/cutoff", appointment.key), &title, &appointment.description, stamped);
    shortly_before(&mut event, cutoff, stamped);
    ring(&mut event, &BEFORE_A_CUTOFF);
    event.done()
}

/// What is due as an appointment of a quarter of an hour before it.
fn due(due: &Due, stamped: &ZonedDateTime) -> Event {
    let mut event = event(&due.key, &due.title, &due.description, stamped);
    shortly_before(&mut event, &due.due, stamped);
    event.add_property("SEQUENCE", due.times.to_string());
    if due.rings {
        ring(&mut event, &BEFORE_A_DUTY);
    }
    event.done()
}

/// A quarter of an hour before a moment, in which one is free for other things.
fn shortly_before(event: &mut Event, moment: &ZonedDateTime, stamped: &ZonedDateTime) {
    let starts = moment.saturating_sub(jiff::SignedDuration::from_mins(15));
    event.append_property(local("DTSTART", &starts, stamped)).append_property(local("DTEND", moment, stamped));
    event.add_property("TRANSP", "TRANSPARENT");
}

fn ring(event: &mut Event, alarms: &[(&str, &str)]) {
    for (before, says) in alarms {
        let alarm = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:{says}\r\nTRIGGER:{before}\r\nEND:VALARM\r\nEND:VCALENDAR\r\n"
        );
        for alarm in components(&alarm) {
            if let CalendarComponent::Other(alarm) = alarm {
                event.append_component(alarm);
            }
        }
    }
}

fn event(key: &str, title: &str, description: &str, stamped: &ZonedDateTime) -> Event {
    let mut event = Event::new();
    let stamp = stamped.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
    event.uid(&uid(key)).add_property("DTSTAMP", stamp).summary(&escaped(title));
    event.description(&escaped(description));
    event
}

/// Text as RFC 5545, section 3.3.11 writes it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace("\r\n", "\\n").replace('\n', "\\n")
}

fn uid(key: &str) -> String {
    format!("{}@tessera", Uuid::new_v5(&NAMESPACE, key.as_bytes()))
}

/// A local time with its zone (RFC 5545, section 3.3.5, form 3).
fn local(name: &str, moment: &ZonedDateTime, stamped: &ZonedDateTime) -> Property {
    let zone = stamped.time_zone();
    let moment = moment.with_time_zone(zone.clone());
    let mut property = Property::new(name, moment.strftime("%Y%m%dT%H%M%S").to_string());
    property.append_parameter(Parameter::new("TZID", calendar_zone::name(zone))).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitting_has_its_zone_its_alarms_and_an_identity_that_stays() {
        let at = |text: &str| text.parse::<ZonedDateTime>().unwrap();
        let one = Appointment {
            key: "a/p/2027-04-01".to_owned(),
            title: "A panel, and more".to_owned(),
            description: "Closes; see the procedure, section 5: noon on the friday before the sitting, with the papers"
                .to_owned(),
            starts: at("2027-04-01T13:00[Europe/London]"),
            ends: at("2027-04-01T16:00[Europe/London]"),
            cutoff: Some(at("2027-03-25T13:00[Europe/London]")),
            is_cancelled: false,
        };
        let file = calendar_file("Sittings", std::slice::from_ref(&one), &at("2026-11-24T09:00[Europe/London]"));
        let wanted = [
            "BEGIN:VTIMEZONE",
            "TZID:Europe/London",
            "DTSTART;TZID=Europe/London:20270401T130000",
            "DTEND;TZID=Europe/London:20270325T130000",
            "TRIGGER:-P1D",
            "TRIGGER:-PT2H",
            "SUMMARY:A panel\\, and more",
            "DTSTAMP:20261124T090000Z",
        ];
        for line in wanted {
            assert!(file.contains(line), "no {line} in\n{file}");
        }
        assert_eq!(file, calendar_file("Sittings", &[one], &at("2026-11-24T09:00[Europe/London]")));
        assert_eq!(file.matches("BEGIN:VEVENT").count(), 2);
        assert!(file.lines().all(|line| line.len() <= 75), "a line is too long for RFC 5545");
    }
}
