//! Dates as documents write them.

use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first date in a line: `3/12/2026`, `03.12.26`, `2026-12-03`, `03-Dec-2026`, `3rd December 2026`,
/// `December 3, 2026`.
pub(super) fn first(line: &str) -> Option<Date> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '(' | ')' | '|'))
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("of"))
        .collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let following = |ahead: usize| words.get(at + ahead).copied().unwrap_or_default();
        numbers(word).or_else(|| spelled(word, following(1), following(2)))
    })
}

fn numbers(word: &str) -> Option<Date> {
    let word = word.trim_end_matches('.');
    // A time may follow at once.
    let word = word
        .split_once(['T', 't'])
        .filter(|(day, _)| day.ends_with(|c: char| c.is_ascii_digit()))
        .map_or(word, |(day, _)| day);
    let parts: Vec<&str> = word.split(['/', '.', '-']).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    if let Some(month) = month(second) {
        return date(third, month, first);
    }
    if !parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    match (first.len(), third.len()) {
        (4, _) => date(first, second.parse().ok()?, third),
        (_, 4 | 2) => date(third, second.parse().ok()?, first),
        _ => None,
    }
}

fn spelled(first: &str, second: &str, third: &str) -> Option<Date> {
    let day = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
    match (month(first), month(second)) {
        (_, Some(month)) => date(third, month, &day(first)),
        (Some(month), _) => date(third, month, &day(second)),
        _ => None,
    }
}

fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let is_month = |name: &&str| word.len() >= 3 && name.starts_with(&word) || word == "sept" && **name == *"september";
    let at = MONTHS.iter().position(is_month)?;
    i8::try_from(at + 1).ok()
}

/// Two digits of a year are this century's.
fn date(year: &str, month: i8, day: &str) -> Option<Date> {
    let digits: String = year.chars().take_while(char::is_ascii_digit).collect();
    let year = match digits.len() {
        4 => digits.parse::<i16>().ok()?,
        2 => 2000 + digits.parse::<i16>().ok()?,
        _ => return None,
    };
    Date::new(year, month, day.parse().ok()?).ok().filter(|date| (1900..2200).contains(&date.year()))
}

/// `D:20261203120000Z` of a PDF.
pub(super) fn of_pdf(text: &str) -> Option<Date> {
    let digits = text.strip_prefix("D:").unwrap_or(text);
    let part = |from: usize, to: usize| digits.get(from..to);
    date(part(0, 4)?, part(4, 6)?.parse().ok()?, part(6, 8)?)
}

/// `2026-12-03T12:00:00Z` of a document of Office.
pub(super) fn of_iso(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let written = [
            "Date: 3/12/2026",
            "Dated 03.12.26",
            "2026-12-03",
            "Completed 3rd December 2026",
            "3 Dec 2026",
            "December 3, 2026",
            "Thursday 3 December 2026, 10:00",
            "Report (3 Dec. 2026)",
            "the 3rd of December 2026",
            "03-Dec-2026",
            "2026-12-03T09:30:00",
        ];
        for line in written {
            assert_eq!(first(line), Some(day(2026, 12, 3)), "{line}");
        }
        for line in ["12 months", "100001", "Version 2.1", "31/02/2026", "may be 3 of 2026", "1.2.3"] {
            assert_eq!(first(line), None, "{line}");
        }
        assert_eq!(of_pdf("D:20261203093000+00'00'"), Some(day(2026, 12, 3)));
        assert_eq!(of_iso("2026-12-03T09:30:00Z"), Some(day(2026, 12, 3)));
    }
}
