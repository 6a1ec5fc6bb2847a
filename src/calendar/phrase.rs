//! Deadlines as a policy says them, in a small fixed grammar (DESIGN section 6), parsed once.
//!
//! ```text
//! noon on the friday before the sitting          13:00 on the monday before the sitting
//! 3 working days before the sitting              16:00 on the tuesday at least 7 working days before the sitting
//! 48 hours after placement-start                 2 weeks after cla-review 2
//! 1 month after the sitting                      5 working days after the sitting
//! ```

use std::fmt;

use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Span, ToSpan as _, ZonedDateTime};

use super::Office;

/// What a deadline is counted from: `the sitting`, or an event with the number of its occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// `sitting`, or the kind of event.
    pub name: String,
    /// The second review is `cla-review 2`.
    pub ordinal: Option<u32>,
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    rule: Rule,
    anchor: Anchor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A time on the last such weekday that lies before, by at least so many working days.
    Weekday { time: Time, weekday: Weekday, working_days_min: u32 },
    /// So many units before or after.
    Offset { count: u32, unit: Unit, before: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
    WorkingDays,
    Weeks,
    Months,
}

/// When a deadline ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The moment.
    pub at: ZonedDateTime,
    /// Whether it was moved to the working day before, because its own day is none.
    pub moved: bool,
}

/// Why a phrase is no deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PhraseTrouble {
    /// The byte of the phrase at which it goes wrong.
    pub at: usize,
    /// What is wrong there.
    pub message: String,
}

const NOON: Time = Time::constant(12, 0, 0, 0);

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Deadline {
    /// Reads a phrase.
    pub fn parse(phrase: &str) -> Result<Self, PhraseTrouble> {
        let mut words = Words::of(phrase);
        let rule = if let Some(count) = words.number() { offset(&mut words, count)? } else { weekday(&mut words)? };
        let anchor = anchor(&mut words)?;
        match words.next() {
            None => Ok(Self { rule, anchor }),
            Some((at, word)) => Err(PhraseTrouble { at, message: format!("`{word}` is one word too many") }),
        }
    }

    /// Whether it lies before what it is counted from.
    pub const fn is_before(&self) -> bool {
        match self.rule {
            Rule::Weekday { .. } => true,
            Rule::Offset { before, .. } => before,
        }
    }

    /// What it is counted from.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// When it ends, counted from a moment. One that lies before its anchor and falls on a day that is not a working
    /// day moves to the working day before, at the same time.
    pub fn due(&self, anchor: &ZonedDateTime, office: &Office) -> Due {
        let day = anchor.date();
        match self.rule {
            Rule::Weekday { time, weekday, working_days_min } => {
                let mut last = match working_days_min {
                    0 => day.saturating_sub(1.days()),
                    count => office.working_days_before(day, count),
                };
                while last.weekday() != weekday {
                    last = last.saturating_sub(1.days());
                }
                let moved_to = office.working_day_on_or_before(last);
                Due { at: office.at(moved_to, time), moved: moved_to != last }
            }
            Rule::Offset { count, unit: Unit::Hours, before } => {
                let hours = SignedDuration::from_hours(i64::from(count) * if before { -1 } else { 1 });
                let meant = anchor.saturating_add(hours);
                let moved_to = office.working_day_on_or_before(meant.date());
                if !before || moved_to == meant.date() {
                    return Due { at: meant, moved: false };
                }
                Due { at: office.at(moved_to, meant.time()), moved: true }
            }
            Rule::Offset { count, unit: Unit::WorkingDays, before } => {
                let day =
                    if before { office.working_days_before(day, count) } else { office.working_days_after(day, count) };
                Due { at: office.at(day, office.close), moved: false }
            }
            Rule::Offset { count, unit, before } => {
                let count = i64::from(count);
                let span = match unit {
                    Unit::Weeks => Span::new().weeks(count),
                    Unit::Months => Span::new().months(count),
                    Unit::Days | Unit::Hours | Unit::WorkingDays => Span::new().days(count),
                };
                if !before {
                    return Due { at: office.at(day.saturating_add(span), office.close), moved: false };
                }
                let meant = day.saturating_sub(span);
                let moved_to = office.working_day_on_or_before(meant);
                Due { at: office.at(moved_to, office.close), moved: moved_to != meant }
            }
        }
    }
}

fn offset(words: &mut Words<'_>, count: u32) -> Result<Rule, PhraseTrouble> {
    let (at, word) = words.expect("a unit: hours, days, working days, weeks or months")?;
    let unit = match word.trim_end_matches('s') {
        "hour" => Unit::Hours,
        "day" => Unit::Days,
        "week" => Unit::Weeks,
        "month" => Unit::Months,
        "working" => {
            words.one_of(&["day", "days"])?;
            Unit::WorkingDays
        }
        _ => return Err(PhraseTrouble { at, message: format!("`{word}` is no unit of time") }),
    };
    let before = words.one_of(&["before", "after"])? == "before";
    Ok(Rule::Offset { count, unit, before })
}

fn weekday(words: &mut Words<'_>) -> Result<Rule, PhraseTrouble> {
    let (at, word) = words.expect("a number, a time such as 13:00, or noon")?;
    let time = if word == "noon" { Ok(NOON) } else { word.parse::<Time>() };
    let Ok(time) = time else {
        return Err(PhraseTrouble {
            at,
            message: format!("`{word}` is no number, no time such as 13:00 and not noon"),
        });
    };
    words.one_of(&["on"])?;
    words.one_of(&["the"])?;
    let (at, word) = words.expect("a day of the week")?;
    let Some((_, weekday)) = WEEKDAYS.iter().find(|(name, _)| *name == word) else {
        return Err(PhraseTrouble { at, message: format!("`{word}` is no day of the week") });
    };
    let mut working_days_min = 0;
    if words.one_of(&["before", "at"])? == "at" {
        words.one_of(&["least"])?;
        let (at, word) = words.expect("a number of working days")?;
        working_days_min = word.parse().map_err(|_| PhraseTrouble { at, message: format!("`{word}` is no number") })?;
        words.one_of(&["working"])?;
        words.one_of(&["day", "days"])?;
        words.one_of(&["before"])?;
    }
    Ok(Rule::Weekday { time, weekday: *weekday, working_days_min })
}

fn anchor(words: &mut Words<'_>) -> Result<Anchor, PhraseTrouble> {
    let (at, mut word) = words.expect("what it is counted from: `the sitting`, or a kind of event")?;
    if word == "the" {
        word = words.expect("what it is counted from")?.1;
    }
    if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(PhraseTrouble { at, message: format!("`{word}` is no name of an event") });
    }
    Ok(Anchor { name: word.to_owned(), ordinal: words.number() })
}

/// The words of a phrase with their places.
struct Words<'p> {
    words: std::iter::Peekable<std::vec::IntoIter<(usize, &'p str)>>,
    end: usize,
}

impl<'p> Words<'p> {
    fn of(phrase: &'p str) -> Self {
        let mut words = Vec::new();
        let mut start = None;
        for (at, character) in phrase.char_indices().chain([(phrase.len(), ' ')]) {
            match (character.is_whitespace(), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    words.extend(phrase.get(from..at).map(|word| (from, word)));
                    start = None;
                }
                _ => {}
            }
        }
        Self { words: words.into_iter().peekable(), end: phrase.len() }
    }

    fn next(&mut self) -> Option<(usize, &'p str)> {
        self.words.next()
    }

    fn expect(&mut self, what: &str) -> Result<(usize, &'p str), PhraseTrouble> {
        let at = self.end;
        self.next().ok_or_else(|| PhraseTrouble { at, message: format!("it ends where {what} should stand") })
    }

    fn one_of(&mut self, wanted: &[&str]) -> Result<&'p str, PhraseTrouble> {
        let list = wanted.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        let (at, word) = self.expect(&list)?;
        if wanted.contains(&word) {
            return Ok(word);
        }
        Err(PhraseTrouble { at, message: format!("`{word}` stands where {list} should") })
    }

    fn number(&mut self) -> Option<u32> {
        let number = self.words.peek().and_then(|(_, word)| word.parse().ok())?;
        self.words.next();
        Some(number)
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = if self.name == "sitting" { "the " } else { "" };
        write!(f, "{article}{}", self.name)?;
        self.ordinal.map_or(Ok(()), |ordinal| write!(f, " {ordinal}"))
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Rule::Weekday { time, weekday, working_days_min } => {
                let name = WEEKDAYS.iter().find(|(_, known)| *known == weekday).map_or("", |(name, _)| name);
                match time {
                    NOON => f.write_str("noon")?,
                    time => write!(f, "{}", time.strftime("%H:%M"))?,
                }
                write!(f, " on the {name} ")?;
                if working_days_min > 0 {
                    write!(f, "at least {working_days_min} working days ")?;
                }
                write!(f, "before {}", self.anchor)
            }
            Rule::Offset { count, unit, before } => {
                let unit = match unit {
                    Unit::Hours => "hour",
                    Unit::Days => "day",
                    Unit::WorkingDays => "working day",
                    Unit::Weeks => "week",
                    Unit::Months => "month",
                };
                let (plural, direction) = (if count == 1 { "" } else { "s" }, if before { "before" } else { "after" });
                write!(f, "{count} {unit}{plural} {direction} {}", self.anchor)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Holidays;
    use jiff::tz::TimeZone;

    fn office() -> Office {
        let text = include_str!("../../mappings/calendars/england.toml");
        let holidays = Holidays::read("england.toml", text).0.unwrap();
        let zone = TimeZone::get("Europe/London").unwrap();
        Office { zone, close: Time::constant(17, 0, 0, 0), holidays: holidays.into() }
    }

    fn due(phrase: &str, from: &str) -> String {
        let office = office();
        let deadline = Deadline::parse(phrase).unwrap();
        let from: jiff::civil::DateTime = from.parse().unwrap();
        let due = deadline.due(&office.at(from.date(), from.time()), &office);
        format!("{}{}", due.at.strftime("%Y-%m-%d %H:%M %:z"), if due.moved { " moved" } else { "" })
    }

    #[test]
    fn the_worked_cases_come_out() {
        let monday_13 = "13:00 on the monday before the sitting";
        let monday_10 = "10:00 on the monday before the sitting";
        let three = "3 working days before the sitting";
        let friday = "noon on the friday before the sitting";
        let two = "2 working days before the sitting";
        let seven = "16:00 on the tuesday at least 7 working days before the sitting";
        let cases = [
            (monday_13, "2026-12-03T13:00", "2026-11-30 13:00 +00:00"),
            (monday_13, "2026-12-31T13:00", "2026-12-24 13:00 +00:00 moved"),
            (monday_13, "2027-04-01T13:00", "2027-03-25 13:00 +00:00 moved"),
            (monday_10, "2026-12-30T10:00", "2026-12-24 10:00 +00:00 moved"),
            (monday_10, "2027-09-01T10:00", "2027-08-27 10:00 +01:00 moved"),
            (three, "2026-12-14T14:00", "2026-12-09 17:00 +00:00"),
            (three, "2027-01-04T14:00", "2026-12-29 17:00 +00:00"),
            (three, "2027-04-05T14:00", "2027-03-31 17:00 +01:00"),
            (friday, "2026-12-09T10:00", "2026-12-04 12:00 +00:00"),
            (friday, "2026-12-30T10:00", "2026-12-24 12:00 +00:00 moved"),
            (friday, "2027-01-06T10:00", "2026-12-31 12:00 +00:00 moved"),
            (friday, "2027-03-31T10:00", "2027-03-25 12:00 +00:00 moved"),
            (two, "2026-12-31T10:00", "2026-12-29 17:00 +00:00"),
            (two, "2027-03-31T10:00", "2027-03-25 17:00 +00:00"),
            (seven, "2026-12-15T10:00", "2026-12-01 16:00 +00:00"),
            (seven, "2027-01-05T10:00", "2026-12-22 16:00 +00:00"),
            ("5 working days after the sitting", "2026-12-18T10:00", "2026-12-29 17:00 +00:00"),
            ("7 working days after the sitting", "2026-12-18T10:00", "2026-12-31 17:00 +00:00"),
            ("3 working days after the sitting", "2026-12-24T10:00", "2026-12-31 17:00 +00:00"),
            ("1 month after the sitting", "2027-01-29T10:00", "2027-02-28 17:00 +00:00"),
            ("48 hours after placement-start", "2027-03-26T17:30", "2027-03-28 18:30 +01:00"),
            ("48 hours after placement-start", "2026-10-24T09:00", "2026-10-26 08:00 +00:00"),
            ("2 weeks after cla-review 2", "2026-12-16T10:00", "2026-12-30 17:00 +00:00"),
            ("9 months after section-20", "2026-05-31T00:00", "2027-02-28 17:00 +00:00"),
            ("12 months after cp-plan", "2026-02-28T00:00", "2027-02-28 17:00 +00:00"),
            ("6 weeks after section-20", "2026-11-30T00:00", "2027-01-11 17:00 +00:00"),
            ("3 months before supervision-order", "2027-03-31T00:00", "2026-12-31 17:00 +00:00"),
            ("3 months after the sitting", "2026-11-30T10:00", "2027-02-28 17:00 +00:00"),
            ("72 hours before the sitting", "2026-12-29T10:00", "2026-12-24 10:00 +00:00 moved"),
            ("72 hours before the sitting", "2027-03-30T10:00", "2027-03-25 09:00 +00:00 moved"),
            ("72 hours before the sitting", "2027-11-01T10:00", "2027-10-29 11:00 +01:00"),
        ];
        for (phrase, from, wanted) in cases {
            assert_eq!(due(phrase, from), wanted, "{phrase} from {from}");
            assert_eq!(Deadline::parse(phrase).unwrap().to_string(), phrase);
        }
    }

    #[test]
    fn a_phrase_that_is_none_is_pointed_at() {
        let wrong = [
            ("", 0, "it ends where"),
            ("soon", 0, "`soon` is no number"),
            ("noon at the friday before the sitting", 5, "`at` stands where `on` should"),
            ("noon on the fryday before the sitting", 12, "`fryday` is no day of the week"),
            ("3 workdays before the sitting", 2, "`workdays` is no unit"),
            ("3 working days", 14, "it ends where `before` or `after` should stand"),
            ("3 days before the sitting please", 26, "`please` is one word too many"),
            ("3 days before The_Sitting", 14, "`The_Sitting` is no name"),
        ];
        for (phrase, at, message) in wrong {
            let trouble = Deadline::parse(phrase).unwrap_err();
            assert_eq!(trouble.at, at, "{phrase}: {trouble}");
            assert!(trouble.message.starts_with(message), "{phrase}: {trouble}");
        }
    }
}
