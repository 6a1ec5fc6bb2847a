//! What stands in one cell, and how it is read: as text, as a day, as a choice.

use jiff::civil::{Date, DateTime, date};

use crate::diagnostic::nearest;
use crate::panel::Choice;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Text, whatever it looks like.
    Text(String),
    /// A number without the look of a date.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A day or a moment.
    Moment(DateTime),
    /// An error such as `#REF!`.
    Error,
    /// A formula, whatever it last came to.
    Formula,
}

/// The days that a sitting or what follows from it can fall on, as the serial numbers of a workbook: a number outside
/// is an amount or a slip, and no day.
const DAY_SERIALS: std::ops::RangeInclusive<f64> = 36_526.0..=73_415.0;

impl Cell {
    /// What stands there as text: without control characters, with one kind of line end, without what is blank at the
    /// ends of lines. Nothing where nothing is left, or where no text can be had.
    pub(super) fn text(&self) -> Option<String> {
        let text = match self {
            Self::Text(text) => plain(text),
            Self::Number(number) => as_shown(*number),
            Self::Flag(flag) => (if *flag { "TRUE" } else { "FALSE" }).to_owned(),
            Self::Moment(moment) if moment.time() == jiff::civil::Time::midnight() => moment.date().to_string(),
            Self::Moment(moment) => moment.strftime("%Y-%m-%d %H:%M").to_string(),
            Self::Error | Self::Formula => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Whether nothing stands there that a person could mean.
    pub(super) fn is_blank(&self) -> bool {
        !matches!(self, Self::Error | Self::Formula) && self.text().is_none()
    }

    /// The day that stands there, as a date, as its serial number or as a person writes one.
    pub(super) fn day(&self) -> Option<Date> {
        match self {
            Self::Moment(moment) => Some(moment.date()),
            Self::Number(number) => day_of(*number),
            Self::Text(text) => day(&plain(text)),
            Self::Flag(_) | Self::Error | Self::Formula => None,
        }
    }

    /// `yes` or `no`.
    pub(super) fn yes_or_no(&self) -> Option<&'static str> {
        match self.text()?.to_lowercase().as_str() {
            "yes" | "y" | "true" => Some("yes"),
            "no" | "n" | "false" => Some("no"),
            _ => None,
        }
    }
}

/// Text as it is kept.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text: String = text.chars().filter_map(kept).collect();
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// A character as it is kept. What turns the direction of writing or cannot be seen could show a reader another text
/// than the one that is written.
fn kept(c: char) -> Option<char> {
    match c {
        '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' | '\u{a0}' => Some(' '),
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// A number as a spreadsheet shows it: to 15 digits.
fn as_shown(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// The day of a workbook's serial number.
fn day_of(serial: f64) -> Option<Date> {
    if !DAY_SERIALS.contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    let days = serial.trunc() as i64;
    date(1899, 12, 30).checked_add(jiff::Span::new().days(days)).ok()
}

/// A day as a person writes it: ISO, day before month, or with the name of the month; the year in four digits, because
/// what is meant by two cannot be told.
fn day(text: &str) -> Option<Date> {
    if let Ok(day) = text.parse::<Date>() {
        return Some(day);
    }
    if text.len() == 5
        && let Ok(serial) = text.parse::<f64>()
    {
        return day_of(serial);
    }
    let words: Vec<&str> = text.split([' ', ',', '/', '.', '-']).filter(|word| !word.is_empty()).collect();
    let (weekday, words) = match words.as_slice() {
        [first, rest @ ..] if rest.len() == 3 => (Some(*first), rest),
        all => (None, all),
    };
    let [day, month, year] = words else { return None };
    if year.len() != 4 {
        return None;
    }
    let day = ["st", "nd", "rd", "th"].iter().find_map(|ending| day.strip_suffix(ending)).unwrap_or(day);
    let day = Date::new(year.parse().ok()?, month_of(month)?, day.parse().ok()?).ok()?;
    let fits = |word: &str| begins_as(word, &day.strftime("%A").to_string());
    weekday.is_none_or(fits).then_some(day)
}

/// A month by its number or its name.
fn month_of(text: &str) -> Option<i8> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    (1..=12).find(|month| begins_as(text, &date(2026, *month, 1).strftime("%B").to_string()))
}

/// Whether a word is a name or its beginning of three letters or more.
fn begins_as(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.to_lowercase().starts_with(&word.to_lowercase())
}

/// The name of a choice by its title or its name; else what to do.
pub(super) fn choice(choices: &[Choice], text: &str) -> Result<String, String> {
    let fits = |choice: &&Choice| folded(&choice.title) == folded(text) || choice.name == text;
    if let Some(choice) = choices.iter().find(fits) {
        return Ok(choice.name.clone());
    }
    let titles = || choices.iter().map(|choice| choice.title.as_str());
    Err(nearest(text, titles()).map_or_else(
        || format!("the choices are: {}", titles().collect::<Vec<_>>().join("; ")),
        |meant| format!("did you mean “{meant}”?"),
    ))
}

/// Text for comparing: whatever an office suite makes of its letters, its apostrophes and its blanks.
pub(super) fn folded(text: &str) -> String {
    let text = text.replace(['’', '‘'], "'").replace(['“', '”'], "\"").replace(['–', '—'], "-");
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn text_is_kept_as_it_is_but_for_what_cannot_be_seen() {
        for (found, kept) in [
            (" trailing \t ", "trailing"),
            ("one\r\ntwo \rthree\u{2028}four", "one\ntwo\nthree\nfour"),
            ("a\u{7}b\u{0}c\u{202e}d\u{feff}", "abcd"),
            ("=1+1", "=1+1"),
            ("+44 20", "+44 20"),
            ("@home", "@home"),
            ("-", "-"),
            ("Zoë’s naïve plan 👩‍👧", "Zoë’s naïve plan 👩‍👧"),
        ] {
            assert_eq!(text(found).text().as_deref(), Some(kept));
        }
        assert_eq!(text(" \r\n\u{a0}").text(), None);
        assert_eq!(Cell::Number(100_010.0).text().unwrap(), "100010");
        assert_eq!(Cell::Number(0.1 + 0.2).text().unwrap(), "0.3");
        assert_eq!(Cell::Moment(date(2026, 12, 2).at(0, 0, 0, 0)).text().unwrap(), "2026-12-02");
        assert_eq!(Cell::Moment(date(2026, 12, 2).at(9, 30, 0, 0)).text().unwrap(), "2026-12-02 09:30");
    }

    #[test]
    fn a_day_is_read_however_it_is_written_and_nothing_else_is() {
        let written = [
            "2026-12-02",
            "02/12/2026",
            "2/12/2026",
            "2.12.2026",
            "02-12-2026",
            "2 December 2026",
            "2nd Dec 2026",
            "Wednesday 2 December 2026",
            "Wed, 2 Dec 2026",
            "46358",
        ];
        for day in written {
            assert_eq!(text(day).day(), Some(date(2026, 12, 2)), "{day}");
        }
        assert_eq!(Cell::Number(46_358.0).day(), Some(date(2026, 12, 2)));
        assert_eq!(Cell::Number(46_358.75).day(), Some(date(2026, 12, 2)));
        for no_day in ["12/31/2026", "02/12/26", "soon", "Thursday 2 December 2026", "31/11/2026", "3", "99999", "="] {
            assert_eq!(text(no_day).day(), None, "{no_day}");
        }
        assert_eq!(Cell::Number(20_261_202.0).day(), None);
        assert_eq!(Cell::Flag(true).day(), None);
    }

    #[test]
    fn yes_and_no_are_read_from_words_and_from_ticks() {
        assert_eq!(text(" Yes ").yes_or_no(), Some("yes"));
        assert_eq!(Cell::Flag(false).yes_or_no(), Some("no"));
        assert_eq!(text("perhaps").yes_or_no(), None);
    }

    #[test]
    fn a_choice_is_found_by_its_title_however_its_apostrophes_are_drawn() {
        let choices = [Choice { name: "yp".to_owned(), title: "Young person's plan".to_owned() }];
        assert_eq!(choice(&choices, "young person’s  plan").unwrap(), "yp");
        assert_eq!(choice(&choices, "yp").unwrap(), "yp");
        assert_eq!(choice(&choices, "young persons plam").unwrap_err(), "did you mean “Young person's plan”?");
        assert!(choice(&choices, "x").unwrap_err().contains("the choices are"));
    }
}
