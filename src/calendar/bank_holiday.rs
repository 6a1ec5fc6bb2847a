//! England's bank holidays: published ones as data, later ones by rule.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan as _};

use crate::diagnostic::{Diagnostic, TomlDocument};

/// Bank holidays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    published: BTreeSet<Date>,
    /// The last year whose days are published.
    until: i16,
    from: i16,
}

impl Holidays {
    /// Reads `calendars/<name>.toml`, and says every mistake in it.
    pub fn read(path: &str, text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let document = TomlDocument::parse(path, text);
        let holidays = document.root().and_then(|root| {
            root.required_text("name");
            let until = root.integer("published-until").and_then(|year| i16::try_from(year.value).ok());
            let published: BTreeSet<Date> =
                root.dates("published").into_iter().filter_map(|date| date.value.parse().ok()).collect();
            root.finish();
            let from = published.first().map_or(i16::MAX, |first| first.year());
            Some(Self { published, until: until?, from })
        });
        (holidays, document.into_diagnostics())
    }

    /// Whether a day is a bank holiday.
    pub fn contains(&self, day: Date) -> bool {
        if (self.from..=self.until).contains(&day.year()) {
            self.published.contains(&day)
        } else {
            by_rule(day.year()).contains(&day)
        }
    }

    /// Whether the days of a year are computed rather than published.
    pub fn is_computed(&self, year: i16) -> bool {
        !(self.from..=self.until).contains(&year)
    }
}

/// The eight days of a year by rule: the Banking and Financial Dealings Act 1971 and the yearly proclamations, with
/// a substitute on the next free day for one that falls on a weekend. Days proclaimed once are not foreseen.
fn by_rule(year: i16) -> Vec<Date> {
    let easter = easter_sunday(year);
    let mut days = vec![
        first_weekday(date(year, 1, 1)),
        plus(easter, (-2).days()),
        plus(easter, 1.days()),
        on_or_after(date(year, 5, 1), Weekday::Monday),
        on_or_before(date(year, 5, 31), Weekday::Monday),
        on_or_before(date(year, 8, 31), Weekday::Monday),
    ];
    let christmas = [date(year, 12, 25), date(year, 12, 26)];
    let mut free: Vec<Date> = christmas.into_iter().filter(|day| !is_weekend(*day)).collect();
    let mut next = date(year, 12, 27);
    while free.len() < 2 {
        if !is_weekend(next) {
            free.push(next);
        }
        next = plus(next, 1.days());
    }
    days.extend(free);
    days
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, printed by Butcher in 1876).
fn easter_sunday(year: i16) -> Date {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let (month, day) = ((h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
    date(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1))
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn first_weekday(mut day: Date) -> Date {
    while is_weekend(day) {
        day = plus(day, 1.days());
    }
    day
}

fn on_or_after(mut day: Date, weekday: Weekday) -> Date {
    while day.weekday() != weekday {
        day = plus(day, 1.days());
    }
    day
}

fn on_or_before(mut day: Date, weekday: Weekday) -> Date {
    while day.weekday() != weekday {
        day = plus(day, (-1).days());
    }
    day
}

fn plus(day: Date, span: Span) -> Date {
    day.saturating_add(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_agrees_with_what_was_published() {
        let text = include_str!("../../mappings/calendars/england.toml");
        let (holidays, said) = Holidays::read("england.toml", text);
        assert!(said.is_empty(), "{said:?}");
        let holidays = holidays.unwrap();
        for year in 2025..=2027 {
            let mut ruled = by_rule(year);
            ruled.sort();
            let published: Vec<Date> = holidays.published.iter().copied().filter(|day| day.year() == year).collect();
            assert_eq!(ruled, published, "{year}");
        }
        assert!(holidays.contains(date(2026, 12, 28)) && !holidays.contains(date(2026, 12, 26)));
        assert!(holidays.is_computed(2031) && !holidays.is_computed(2026));
        assert!(holidays.contains(date(2033, 12, 27)), "Christmas of 2033 is a Sunday");
    }
}
