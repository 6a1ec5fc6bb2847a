//! A time zone as iCalendar describes it (RFC 5545, section 3.6.5).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, ZonedDateTime};

/// A moment at which the clocks change.
struct Change {
    /// By the clock as it was before.
    local: DateTime,
    before: String,
    after: String,
    name: String,
}

/// Years of changes that must follow a rule for it to be written as one.
const YEARS: usize = 9;

/// The name by which times refer to a zone.
pub(super) fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("Etc/UTC")
}

/// A calendar that holds nothing but the description of a zone, from some years before a moment on.
pub(super) fn description(stamped: &ZonedDateTime) -> String {
    let zone = stamped.time_zone();
    let from = stamped.saturating_sub(5.years()).timestamp();
    let mut text = format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:{}\r\n", name(zone));
    let (summer, winter) = (changes(zone, from, true), changes(zone, from, false));
    if summer.is_empty() && winter.is_empty() {
        let info = zone.to_offset_info(from);
        let (offset, name) = (offset(info.offset().seconds()), info.abbreviation());
        text.push_str(&observance("STANDARD", "19700101T000000", &offset, &offset, name, ""));
    }
    for (kind, changes) in [("DAYLIGHT", summer), ("STANDARD", winter)] {
        let rule = rule(&changes);
        // Without a rule each change stands for itself.
        let written = if rule.is_some() { 1 } else { changes.len() };
        for change in changes.iter().take(written) {
            let rule = rule.as_ref().map_or_else(String::new, |rule| format!("RRULE:{rule}\r\n"));
            let local = change.local.strftime("%Y%m%dT%H%M%S").to_string();
            text.push_str(&observance(kind, &local, &change.before, &change.after, &change.name, &rule));
        }
    }
    text.push_str("END:VTIMEZONE\r\nEND:VCALENDAR\r\n");
    text
}

fn observance(kind: &str, local: &str, before: &str, after: &str, name: &str, rule: &str) -> String {
    format!(
        "BEGIN:{kind}\r\nDTSTART:{local}\r\n{rule}TZOFFSETFROM:{before}\r\nTZOFFSETTO:{after}\r\nTZNAME:{name}\r\nEND:{kind}\r\n"
    )
}

/// The changes to summer time, or from it, since a moment.
fn changes(zone: &TimeZone, from: Timestamp, to_summer: bool) -> Vec<Change> {
    let meant = zone.following(from).filter(|one| one.dst().is_dst() == to_summer).take(YEARS);
    let changes = meant.map(|one| {
        let before = zone.to_offset(one.timestamp().saturating_sub(SignedDuration::from_secs(1)).unwrap_or(from));
        Change {
            local: before.to_datetime(one.timestamp()),
            before: offset(before.seconds()),
            after: offset(one.offset().seconds()),
            name: one.abbreviation().to_owned(),
        }
    });
    changes.collect()
}

/// Yearly in one month on one day of the week, counted from the month's beginning or its end; `None` where the changes
/// follow no such rule.
fn rule(changes: &[Change]) -> Option<String> {
    let first = changes.first().filter(|_| changes.len() == YEARS)?;
    let weekday = first.local.weekday();
    let same = |one: &Change| {
        (one.local.month(), one.local.weekday(), one.local.time(), &one.before, &one.after)
            == (first.local.month(), weekday, first.local.time(), &first.before, &first.after)
    };
    let nth = |one: &Change| (one.local.day() - 1) / 7 + 1;
    let is_last = |one: &Change| one.local.day() + 7 > one.local.days_in_month();
    let which = match changes.iter().all(is_last) {
        true => -1,
        false => Some(nth(first)).filter(|which| changes.iter().all(|one| nth(one) == *which))?,
    };
    let day = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
        .get(usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0))
        .copied()
        .unwrap_or("SU");
    let month = first.local.month();
    changes.iter().all(same).then(|| format!("FREQ=YEARLY;BYMONTH={month};BYDAY={which}{day}"))
}

/// Hours and minutes east of Greenwich: `+0100`.
fn offset(seconds: i32) -> String {
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        description(&text.parse().unwrap())
    }

    #[test]
    fn a_zone_is_described_by_the_rules_of_its_own_clock() {
        let london = at("2027-04-01T13:00[Europe/London]");
        let summer = "BEGIN:DAYLIGHT\r\nDTSTART:20230326T010000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n\
            TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nTZNAME:BST\r\nEND:DAYLIGHT\r\n";
        assert!(london.contains(summer) && london.contains("BYMONTH=10;BYDAY=-1SU"), "{london}");
        let new_york = at("2027-04-01T13:00[America/New_York]");
        assert!(new_york.contains("TZID:America/New_York") && new_york.contains("BYMONTH=3;BYDAY=2SU"), "{new_york}");
        assert!(new_york.contains("TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400"), "{new_york}");
        let utc = at("2027-04-01T13:00[Etc/UTC]");
        assert!(utc.contains("TZID:Etc/UTC") && !utc.contains("RRULE") && utc.contains("TZOFFSETTO:+0000"), "{utc}");
    }
}
