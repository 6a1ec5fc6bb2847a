//! Recurrence as iCalendar writes it (RFC 5545, 3.3.10), by days.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rrule::RRuleSet;

/// Occurrences that are looked through: twenty years of a daily panel.
const OCCURRENCES_MAX: usize = 7_500;

/// Days that recur.
#[derive(Debug, Clone)]
pub struct Recurrence {
    rule: String,
    from: Date,
    set: RRuleSet,
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the rule is not one of RFC 5545: {0}")]
pub struct RecurrenceTrouble(String);

impl Recurrence {
    /// The rule `FREQ=WEEKLY;BYDAY=WE` from a day on.
    pub fn parse(rule: &str, from: Date) -> Result<Self, RecurrenceTrouble> {
        let text = format!("DTSTART:{}T000000Z\nRRULE:{}", from.strftime("%Y%m%d"), until_a_moment(rule));
        let set: RRuleSet = text.parse().map_err(|error: rrule::RRuleError| RecurrenceTrouble(error.to_string()))?;
        Ok(Self { rule: rule.to_owned(), from, set })
    }

    /// The rule as it was written.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The rule as a person says it: `every second Tuesday`, `the second and fourth Wednesday of the month`. A rule of
    /// another shape is shown as it was written.
    pub fn in_words(&self) -> String {
        words(&self.rule).unwrap_or_else(|| self.rule.clone())
    }

    /// The day from which it counts.
    pub fn from(&self) -> Date {
        self.from
    }

    /// The days from `first` to `last`, both included.
    pub fn days(&self, first: Date, last: Date) -> Vec<Date> {
        // The rule counts in moments of UTC.
        let moments = self.set.into_iter().take(OCCURRENCES_MAX);
        let moments = moments.filter_map(|moment| Timestamp::from_second(moment.timestamp()).ok());
        let days = moments.map(|moment| TimeZone::UTC.to_datetime(moment).date());
        days.skip_while(|day| *day < first).take_while(|day| *day <= last).collect()
    }
}

const DAYS: [(&str, &str); 7] = [
    ("MO", "Monday"),
    ("TU", "Tuesday"),
    ("WE", "Wednesday"),
    ("TH", "Thursday"),
    ("FR", "Friday"),
    ("SA", "Saturday"),
    ("SU", "Sunday"),
];

const ORDINALS: [(&str, &str); 6] =
    [("1", "first"), ("2", "second"), ("3", "third"), ("4", "fourth"), ("5", "fifth"), ("-1", "last")];

fn words(rule: &str) -> Option<String> {
    let named =
        |list: &[(&str, &'static str)], key: &str| list.iter().find(|(name, _)| *name == key).map(|(_, word)| *word);
    let (mut frequency, mut interval, mut days) = ("", "1", Vec::new());
    for part in rule.split(';') {
        match part.split_once('=')? {
            ("FREQ", value) => frequency = value,
            ("INTERVAL", value) => interval = value,
            ("BYDAY", value) => days = value.split(',').collect(),
            _ => return None,
        }
    }
    match (frequency, interval) {
        ("WEEKLY", "1" | "2") => {
            let days: Option<Vec<&str>> = days.iter().map(|day| named(&DAYS, day)).collect();
            let every = if interval == "1" { "every" } else { "every second" };
            Some(format!("{every} {}", days.filter(|days| !days.is_empty())?.join(" and ")))
        }
        ("MONTHLY", "1") => {
            let split = days.iter().map(|day| day.split_at_checked(day.len().checked_sub(2)?));
            let days: Vec<(&str, &str)> = split.collect::<Option<_>>()?;
            let (_, weekday) = days.first()?;
            let ordinals: Option<Vec<&str>> = days.iter().map(|(nth, _)| named(&ORDINALS, nth)).collect();
            let is_one = days.iter().all(|(_, other)| other == weekday);
            let ordinals = ordinals.filter(|_| is_one)?.join(" and ");
            Some(format!("the {ordinals} {} of the month", named(&DAYS, weekday)?))
        }
        _ => None,
    }
}

/// The rule with the moment at which it ends. By RFC 5545 a rule whose first day has no time ends on a day that has
/// none either; the reader counts in moments and wants one.
fn until_a_moment(rule: &str) -> String {
    let moment = |part: &str| match part.strip_prefix("UNTIL=") {
        Some(day) if !day.contains('T') => format!("{part}T000000Z"),
        _ => part.to_owned(),
    };
    rule.split(';').map(moment).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_recur_as_the_rule_says() {
        let rules = [
            ("FREQ=WEEKLY;BYDAY=TH", "every Thursday", vec![date(2026, 12, 3), date(2026, 12, 10)]),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every second Tuesday", vec![date(2026, 12, 1)]),
            ("FREQ=MONTHLY;BYDAY=2TU,4TU", "the second and fourth Tuesday of the month", vec![date(2026, 12, 8)]),
            ("FREQ=MONTHLY;BYDAY=-1MO", "the last Monday of the month", vec![]),
            ("FREQ=MONTHLY;BYMONTHDAY=2", "FREQ=MONTHLY;BYMONTHDAY=2", vec![date(2026, 12, 2)]),
        ];
        for (rule, words, days) in rules {
            let recurrence = Recurrence::parse(rule, date(2026, 12, 1)).unwrap();
            assert_eq!(recurrence.days(date(2026, 12, 1), date(2026, 12, 14)), days, "{rule}");
            assert_eq!(recurrence.in_words(), words);
        }
        assert!(Recurrence::parse("FREQ=SOMETIMES", date(2026, 12, 1)).is_err());
    }
}
