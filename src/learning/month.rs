//! Months, quarters, and the names of both.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// A month: `2026-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// Its first day.
    first: Date,
}

/// What figures are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Each month.
    Month,
    /// Each quarter, from January, April, July and October: those of the financial year begin in the same months.
    Quarter,
}

/// Months one after the other, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: Month,
    /// The last.
    pub to: Month,
}

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self { first: day.first_of_month() }
    }

    /// So many months later, or earlier.
    pub fn plus(self, months: i32) -> Self {
        Self { first: self.first.saturating_add(months.months()) }
    }

    /// The quarter in which it lies.
    pub fn quarter(self) -> Span {
        let from = self.plus(-i32::from((self.first.month() - 1) % 3));
        Span { from, to: from.plus(2) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "write a month like 2026-12".to_owned();
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if (year.len(), month.len()) != (4, 2) {
            return Err(wrong());
        }
        let first: Date = format!("{text}-01").parse().map_err(|_| wrong())?;
        Ok(Self { first })
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl By {
    /// As it is written: `month`, `quarter`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Month, Self::Quarter].into_iter().find(|by| by.as_str() == text);
        found.ok_or_else(|| "write `month` or `quarter`".to_owned())
    }
}

impl Span {
    /// Each of its months.
    pub fn months(self) -> Vec<Month> {
        let (mut months, mut month) = (Vec::new(), self.from);
        while month <= self.to {
            months.push(month);
            month = month.plus(1);
        }
        months
    }

    /// The whole quarters in which its months lie.
    pub fn quarters(self) -> Vec<Self> {
        let (mut quarters, mut quarter) = (Vec::new(), self.from.quarter());
        while quarter.from <= self.to {
            quarters.push(quarter);
            quarter = quarter.to.plus(1).quarter();
        }
        quarters
    }

    /// Its months, and those that its quarters lack.
    pub fn in_whole_quarters(self) -> Self {
        Self { from: self.from.quarter().from, to: self.to.quarter().to }
    }

    /// Whether a month lies in it.
    pub fn holds(self, month: Month) -> bool {
        self.from <= month && month <= self.to
    }

    /// As a person says it: `December 2026`, `October to December 2026`; a quarter with its number in the financial year,
    /// as councils count theirs: `October to December 2026 (Q3 2026-27)`.
    pub fn title(self) -> String {
        let said = |month: Month, format: &str| month.first.strftime(format).to_string();
        if self.from == self.to {
            return said(self.from, "%B %Y");
        }
        let is_one_year = self.from.first.year() == self.to.first.year();
        let from = said(self.from, if is_one_year { "%B" } else { "%B %Y" });
        let title = format!("{from} to {}", said(self.to, "%B %Y"));
        if self.from.quarter() != self {
            return title;
        }
        let in_year = (self.from.first.month() + 8) / 3 % 4 + 1;
        let began = self.from.first.year() - i16::from(in_year == 4);
        format!("{title} (Q{in_year} {began}-{:02})", (began + 1) % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        Span { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn periods_have_the_names_that_people_give_them() {
        for (from, to, title) in [
            ("2026-12", "2026-12", "December 2026"),
            ("2026-04", "2026-06", "April to June 2026 (Q1 2026-27)"),
            ("2026-07", "2026-09", "July to September 2026 (Q2 2026-27)"),
            ("2026-10", "2026-12", "October to December 2026 (Q3 2026-27)"),
            ("2027-01", "2027-03", "January to March 2027 (Q4 2026-27)"),
            ("2099-10", "2099-12", "October to December 2099 (Q3 2099-00)"),
            ("2026-04", "2027-03", "April 2026 to March 2027"),
            ("2026-11", "2026-12", "November to December 2026"),
        ] {
            assert_eq!(span(from, to).title(), title);
        }
    }

    #[test]
    fn months_and_quarters_follow_one_another() {
        let span = span("2026-11", "2027-02");
        let months: Vec<String> = span.months().iter().map(Month::to_string).collect();
        assert_eq!(months, ["2026-11", "2026-12", "2027-01", "2027-02"]);
        let quarters: Vec<String> =
            span.quarters().iter().map(|quarter| format!("{}/{}", quarter.from, quarter.to)).collect();
        assert_eq!(quarters, ["2026-10/2026-12", "2027-01/2027-03"]);
        assert_eq!(span.in_whole_quarters().months().len(), 6);
        for wrong in ["2026", "2026-13", "2026-1", "26-01", "2026-01-01", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
