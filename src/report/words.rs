//! Dates and numbers as a person says them.

use jiff::ZonedDateTime;
use jiff::civil::Date;

use crate::domain::DocumentTrouble;

/// So many of something: `1 request`, `3 requests`.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A day: `Thursday 26 November 2026`.
pub fn day(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

/// A moment: `Thursday 26 November 2026, noon`, `…, 13:00`.
pub fn moment(moment: &ZonedDateTime) -> String {
    let time = moment.strftime("%H:%M").to_string();
    let time = if time == "12:00" { "noon".to_owned() } else { time };
    format!("{}, {time}", day(moment.date()))
}

/// A moment where there is little room: `26 Nov 2026, 13:00`.
pub fn short_moment(moment: &ZonedDateTime) -> String {
    moment.strftime("%-d %b %Y, %H:%M").to_string()
}

/// A period of the calendar: `3 months`, `1 year and 6 months`.
pub fn period(span: &jiff::Span) -> String {
    let units = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
    ];
    let said = units.iter().filter(|(number, _)| *number != 0).map(|(number, unit)| count(*number, unit));
    said.collect::<Vec<_>>().join(" and ")
}

/// A name of ours as a person reads it: `heard-before` is “Heard before”.
pub fn in_words(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is wrong with a file, in words.
pub fn document_trouble(trouble: DocumentTrouble) -> String {
    let words = match trouble {
        DocumentTrouble::Broken => "broken or cut short",
        DocumentTrouble::Encrypted => "locked with a password",
        DocumentTrouble::Empty => "nothing in it",
        DocumentTrouble::Scanned => "a scan: look at it yourself",
        DocumentTrouble::Unsupported => "of a type that is not opened",
        DocumentTrouble::Macro => "holds a macro",
        DocumentTrouble::TooLarge => "too large",
        DocumentTrouble::Hostile => "its name or its archive hides something",
        DocumentTrouble::Stuck => "reading it took too long",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_name_is_read_as_words() {
        assert_eq!(in_words("heard-before"), "Heard before");
        assert_eq!(in_words("état-civil"), "État civil");
        assert_eq!(in_words(""), "");
    }
}
