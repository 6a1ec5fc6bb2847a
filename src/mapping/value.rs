//! Values as exports spell them (mosaic.md, A.5).

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};

use super::form::{Field, FieldType};
use super::text::{ends_in_markup, folded, plain};
use crate::domain::{AnswerNote, PersonId, Private, Value, limit};
use crate::export::RawValue;

/// Errors of a workbook's formulas, as they come through in text.
const FORMULA_ERRORS: [&str; 8] = ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#DATA!"];

/// The value of a field, and what is odd about it.
pub(super) fn value(field: &Field, raw: RawValue<'_>) -> (Value, Option<AnswerNote>) {
    let RawValue::Text(text) = raw else { return (typed(field, raw), None) };
    if FORMULA_ERRORS.contains(&text.trim()) {
        return (unread(text, "the cell holds an error of a formula"), None);
    }
    let note = cut(text);
    if field.kind == FieldType::Text {
        let text = plain(text);
        let value = if text.is_empty() { Value::Blank } else { Value::Text(Private::new(text)) };
        return (value, note);
    }
    if text.trim().is_empty() {
        return (Value::Blank, None);
    }
    (from_text(field, text.trim()).unwrap_or_else(|why| unread(text, &why)), note)
}

fn unread(raw: &str, why: &str) -> Value {
    Value::Unread { raw: Private::new(raw.to_owned()), why: why.to_owned() }
}

/// Whether the text has a length at which exporters cut, or ends within its markup.
fn cut(text: &str) -> Option<AnswerNote> {
    // Counting bytes first spares counting the characters of nearly every text.
    let may_be_cut = limit::TRUNCATION_LENGTHS.iter().any(|length| (*length..=length * 4).contains(&text.len()));
    if may_be_cut {
        let characters = text.chars().count();
        if limit::TRUNCATION_LENGTHS.contains(&characters) {
            return u32::try_from(characters).ok().map(AnswerNote::CutAt);
        }
    }
    ends_in_markup(text).then_some(AnswerNote::CutInMarkup)
}

fn from_text(field: &Field, text: &str) -> Result<Value, String> {
    Ok(match field.kind {
        FieldType::Text | FieldType::Table => Value::Text(Private::new(plain(text))),
        FieldType::Choice => return choice(field, text),
        FieldType::YesNo => Value::YesNo(yes_no(text).ok_or("it is neither yes nor no")?),
        FieldType::Date => moment(text)?.map_or(Value::Blank, |moment| Value::Date(moment.date())),
        FieldType::DateTime => moment(text)?.map_or(Value::Blank, Value::DateTime),
        FieldType::Money => Value::Money(money(text).ok_or("it is not an amount of money")?),
        FieldType::Number => Value::Number(number(text).ok_or("it is not a number")?),
        FieldType::Person => Value::Person(text.parse::<PersonId>().map_err(|trouble| trouble.to_string())?),
        FieldType::Worker => Value::Worker(Private::new(text.to_owned())),
    })
}

/// A cell that a workbook holds as a number, a flag or a moment.
fn typed(field: &Field, raw: RawValue<'_>) -> Value {
    let shown = match raw {
        RawValue::Number(number) => number.to_string(),
        RawValue::Flag(flag) => (if flag { "yes" } else { "no" }).to_owned(),
        RawValue::Moment(moment) => moment.to_string(),
        RawValue::Text(text) => text.to_owned(),
    };
    match (field.kind, raw) {
        (FieldType::Date, RawValue::Moment(moment)) => Value::Date(moment.date()),
        (FieldType::DateTime, RawValue::Moment(moment)) => Value::DateTime(moment),
        // A date whose cell has lost its format is the serial number of the day.
        (FieldType::Date, RawValue::Number(serial)) => {
            serial_day(serial).map_or_else(|| unread(&shown, "it is not a day"), |moment| Value::Date(moment.date()))
        }
        (FieldType::DateTime, RawValue::Number(serial)) => {
            serial_day(serial).map_or_else(|| unread(&shown, "it is not a moment"), Value::DateTime)
        }
        (FieldType::Number, RawValue::Number(number)) => Value::Number(number),
        _ => from_text(field, &shown).unwrap_or_else(|why| unread(&shown, &why)),
    }
}

fn choice(field: &Field, text: &str) -> Result<Value, String> {
    let wanted = folded(text);
    let by_wording = field.choices.iter().find(|(wording, _)| *wording == wanted);
    let found = by_wording.or_else(|| field.choices.iter().find(|(_, name)| **name == *wanted));
    found
        .map(|(_, name)| Value::Choice(name.clone()))
        .ok_or_else(|| "it is none of the choices that the mapping knows".to_owned())
}

/// Yes or no, as exports spell it.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "1" => Some(true),
        "n" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// Money in pence: `£1,234.50`, `1234.5`, `-20`.
fn money(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '£' && *c != ',').collect();
    let (negative, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (pounds, pence) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if pounds.is_empty() || pounds.len() > 12 || !digits(pounds) || !digits(pence) {
        return None;
    }
    // A third decimal is kept out only if it is a nought: 420.000 is what some databases write.
    let (kept, rest) = pence.split_at_checked(2).unwrap_or((pence, ""));
    if rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let pence: i64 = format!("{kept:0<2}").parse().ok()?;
    let amount = pounds.parse::<i64>().ok()? * 100 + pence;
    Some(if negative { -amount } else { amount })
}

fn number(text: &str) -> Option<f64> {
    text.replace(',', "").parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A moment as exports spell it; `None` for the days that stand for an open end.
///
/// Day stands before month; months before days, and years of two digits, are refused rather than guessed.
pub(super) fn moment(text: &str) -> Result<Option<DateTime>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (day, time) = text.split_once(['T', ' ']).map_or((text, ""), |(day, time)| (day, time.trim()));
    // `02 Nov 2026` is parted by the same spaces as a day from its time.
    let (day, time) = if day.len() <= 2 { worded(text) } else { (Cow::Borrowed(day), time) };
    let date = date(&day)?;
    if matches!((date.year(), date.month(), date.day()), (9999, 12, 31) | (2300, 1, 1)) {
        return Ok(None);
    }
    Ok(Some(date.to_datetime(clock(time)?)))
}

fn worded(text: &str) -> (Cow<'_, str>, &str) {
    let mut ends = text.match_indices(' ').map(|(at, _)| at).skip(2);
    let end = ends.next().unwrap_or(text.len());
    let (day, time) = text.split_at(end);
    (Cow::Owned(day.replace(' ', "-")), time.trim())
}

fn date(text: &str) -> Result<Date, String> {
    let mut parts = text.split(['-', '/', '.']);
    let (Some(first), Some(month), Some(last), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("it is not a date".to_owned());
    };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    if year.len() == 2 {
        return Err("its year has two digits".to_owned());
    }
    let month = month_number(month).ok_or("its month cannot be read")?;
    let numbers = (year.parse::<i16>(), day.parse::<i8>());
    let (Ok(year), Ok(day)) = numbers else { return Err("it is not a date".to_owned()) };
    Date::new(year, month, day).map_err(|_| {
        if month > 12 { "its month stands where its day should".to_owned() } else { "there is no such day".to_owned() }
    })
}

fn month_number(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let start = text.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == start)?;
    i8::try_from(at + 1).ok()
}

fn clock(text: &str) -> Result<Time, String> {
    if text.is_empty() {
        return Ok(Time::midnight());
    }
    let text = text.trim_end_matches('Z');
    let padded = if text.find(':') == Some(1) { Cow::Owned(format!("0{text}")) } else { Cow::Borrowed(text) };
    padded.parse::<Time>().map_err(|_| "its time cannot be read".to_owned())
}

/// The moment of a workbook's serial number.
fn serial_day(serial: f64) -> Option<DateTime> {
    // Days before 1950 are no dates of a child's case, but numbers that happen to stand here.
    if !(18_264.0..=73_415.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    let seconds = (serial * 86_400.0).round() as i64;
    let start = jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0);
    start.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_date_is_read_as_exports_spell_it() {
        for text in [
            "2026-11-02",
            "2026-11-02T00:00:00",
            "2026-11-02 00:00:00.000",
            "02/11/2026",
            "2/11/2026",
            "02-Nov-2026",
            "02 November 2026",
            "02.11.2026",
            "02/11/2026 00:00",
        ] {
            assert_eq!(moment(text), Ok(Some(jiff::civil::date(2026, 11, 2).at(0, 0, 0, 0))), "{text}");
        }
        assert_eq!(moment("05/11/2026 16:40"), Ok(Some(jiff::civil::date(2026, 11, 5).at(16, 40, 0, 0))));
        assert_eq!(moment("02 Nov 2026 9:05"), Ok(Some(jiff::civil::date(2026, 11, 2).at(9, 5, 0, 0))));
    }

    #[test]
    fn a_date_is_never_guessed() {
        for text in ["11/25/2026", "02/11/26", "31/02/2026", "soon", "2026", "46357", "02/11/2026 25:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
        for open in ["9999-12-31", "2300-01-01 00:00:00", "31/12/9999", ""] {
            assert_eq!(moment(open), Ok(None), "{open}");
        }
    }

    #[test]
    fn money_is_pence() {
        let amounts =
            [("£1,234.50", 123_450), ("420.00", 42_000), ("420", 42_000), ("-20.5", -2_050), ("420.000", 42_000)];
        for (text, pence) in amounts {
            assert_eq!(money(text), Some(pence), "{text}");
        }
        for text in ["", "about 5", "1.234.5", "420.005", "£"] {
            assert_eq!(money(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_survives_every_spelling(year in 1950_i16..2100, ordinal in 1_i16..=365) {
            let day = jiff::civil::date(year, 1, 1).with().day_of_year(ordinal).build().unwrap();
            for text in [day.to_string(), day.strftime("%d/%m/%Y").to_string(), day.strftime("%d-%b-%Y").to_string()] {
                prop_assert_eq!(moment(&text).unwrap().unwrap().date(), day);
            }
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,40}") {
            prop_assert!(plain(&text).len() <= text.len() * 2 + 2);
            prop_assert!(moment(&text).is_ok() || money(&text).is_some() || ends_in_markup(&text) || !text.is_empty());
        }
    }
}
