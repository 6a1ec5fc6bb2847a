//! Recurrence as iCalendar writes it (RFC 5545, 3.3.10), by days.

use jiff::civil::Date;
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
        let text = format!("DTSTART:{}T000000Z\nRRULE:{rule}", from.strftime("%Y%m%d"));
        let set: RRuleSet = text.parse().map_err(|error: rrule::RRuleError| RecurrenceTrouble(error.to_string()))?;
        Ok(Self { rule: rule.to_owned(), from, set })
    }

    /// The rule as it was written.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The day from which it counts.
    pub fn from(&self) -> Date {
        self.from
    }

    /// The days from `first` to `last`, both included.
    pub fn days(&self, first: Date, last: Date) -> Vec<Date> {
        let days = self.set.into_iter().take(OCCURRENCES_MAX);
        let days = days.filter_map(|moment| moment.format("%Y-%m-%d").to_string().parse::<Date>().ok());
        days.skip_while(|day| *day < first).take_while(|day| *day <= last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_recur_as_the_rule_says() {
        let rules = [
            ("FREQ=WEEKLY;BYDAY=TH", vec![date(2026, 12, 3), date(2026, 12, 10)]),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", vec![date(2026, 12, 1)]),
            ("FREQ=MONTHLY;BYDAY=2TU,4TU", vec![date(2026, 12, 8)]),
        ];
        for (rule, days) in rules {
            let recurrence = Recurrence::parse(rule, date(2026, 12, 1)).unwrap();
            assert_eq!(recurrence.days(date(2026, 12, 1), date(2026, 12, 14)), days, "{rule}");
        }
        assert!(Recurrence::parse("FREQ=SOMETIMES", date(2026, 12, 1)).is_err());
    }
}
