//! Counts by month, and what they come to in each period.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{By, Month, Span, Sum, left_out};

/// A number of figures: as it is, or left out of what is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As it is.
    Exact(u64),
    /// It is small, or would give a small one away.
    LeftOut,
}

/// How many there were in each month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series(BTreeMap<Month, u64>);

/// A series that is the sum of others, in one way or in several.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The sum; the only series where it has no parts.
    pub total: Series,
    /// Each way in which it is a sum.
    pub ways: Vec<Vec<Series>>,
}

/// The periods in which figures are told: the last is all of them together.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The months of the figures.
    pub span: Span,
    /// What they are told by.
    pub by: By,
}

impl Count {
    /// The number, where it is told.
    pub const fn told(self) -> Option<u64> {
        match self {
            Self::Exact(number) => Some(number),
            Self::LeftOut => None,
        }
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.told().serialize(serializer)
    }
}

impl Series {
    /// So many more in a month.
    pub fn add(&mut self, month: Month, count: u64) {
        *self.0.entry(month).or_default() += count;
    }

    /// All of another series more.
    pub fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|(month, count)| self.add(*month, *count));
    }

    /// How many in some months.
    pub fn within(&self, span: Span) -> u64 {
        self.0.iter().filter(|(month, _)| span.holds(**month)).map(|(_, count)| *count).sum()
    }
}

impl Calendar {
    /// The periods, and all of them together.
    pub fn periods(&self) -> Vec<Span> {
        let mut periods = match self.by {
            By::Month => self.span.months().into_iter().map(|month| Span { from: month, to: month }).collect(),
            By::Quarter => self.span.quarters(),
        };
        periods.push(self.told());
        periods
    }

    /// The months that are told: by quarter, whole quarters.
    pub fn told(&self) -> Span {
        match self.by {
            By::Month => self.span,
            By::Quarter => self.span.in_whole_quarters(),
        }
    }
}

impl Group {
    fn series(&self) -> impl Iterator<Item = &Series> {
        std::iter::once(&self.total).chain(self.ways.iter().flatten())
    }

    /// The numbers of each series in each period: the sum first, and then the parts, way after way.
    pub fn exact(&self, calendar: &Calendar) -> Vec<Vec<Count>> {
        let periods = calendar.periods();
        let told = |series: &Series| periods.iter().map(|period| Count::Exact(series.within(*period))).collect();
        self.series().map(told).collect()
    }

    /// The same, to be passed on. Months and quarters are looked at together whatever is told, so that figures by month
    /// and figures by quarter of the same time give nothing away of one another.
    pub fn to_pass_on(&self, calendar: &Calendar) -> Vec<Vec<Count>> {
        let whole = calendar.span.in_whole_quarters();
        let mut spans: Vec<Span> = whole.months().into_iter().map(|month| Span { from: month, to: month }).collect();
        let months = spans.len();
        for period in whole.quarters().into_iter().chain([whole, calendar.span]) {
            if !spans.contains(&period) {
                spans.push(period);
            }
        }
        let series: Vec<&Series> = self.series().collect();
        let numbers: Vec<u64> =
            series.iter().flat_map(|series| spans.iter().map(|span| series.within(*span))).collect();
        let out = left_out(&numbers, &self.sums(&spans, months));
        let place = |period: &Span| spans.iter().position(|span| span == period);
        let periods: Vec<Option<usize>> = calendar.periods().iter().map(place).collect();
        let told = |number: usize| {
            let counts = periods.iter().map(|period| {
                let at = period.map(|period| number * spans.len() + period);
                let is_out = at.and_then(|at| out.get(at)).is_none_or(|out| *out);
                let count = at.and_then(|at| numbers.get(at)).copied();
                count.filter(|_| !is_out).map_or(Count::LeftOut, Count::Exact)
            });
            counts.collect()
        };
        (0..series.len()).map(told).collect()
    }

    /// Every sum: of the months of a period in each series, and of the parts in each period.
    fn sums(&self, spans: &[Span], months: usize) -> Vec<Sum> {
        let at = |series: usize, span: usize| series * spans.len() + span;
        let mut sums = Vec::new();
        for series in 0..self.series().count() {
            for (place, span) in spans.iter().enumerate().skip(months) {
                let own = spans.iter().enumerate().take(months).filter(|(_, month)| span.holds(month.from));
                sums.push(Sum { total: at(series, place), parts: own.map(|(month, _)| at(series, month)).collect() });
            }
        }
        for place in 0..spans.len() {
            let mut first = 1;
            for way in &self.ways {
                let parts = (first..first + way.len()).map(|series| at(series, place)).collect();
                sums.push(Sum { total: at(0, place), parts });
                first += way.len();
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn series(counts: &[(&str, u64)]) -> Series {
        let mut series = Series::default();
        counts.iter().for_each(|(text, count)| series.add(month(text), *count));
        series
    }

    /// On time and late make the total, and so do complete and not.
    fn group() -> Group {
        Group {
            total: series(&[("2026-10", 12), ("2026-11", 20), ("2026-12", 9), ("2027-01", 30)]),
            ways: vec![
                vec![
                    series(&[("2026-10", 10), ("2026-11", 13), ("2026-12", 9), ("2027-01", 24)]),
                    series(&[("2026-10", 2), ("2026-11", 7), ("2027-01", 6)]),
                ],
                vec![
                    series(&[("2026-10", 6), ("2026-11", 9), ("2026-12", 9), ("2027-01", 20)]),
                    series(&[("2026-10", 6), ("2026-11", 11), ("2027-01", 10)]),
                ],
            ],
        }
    }

    fn numbers(counts: &[Count]) -> Vec<Option<u64>> {
        counts.iter().map(|count| count.told()).collect()
    }

    #[test]
    fn in_the_office_every_number_is_told() {
        let span = Span { from: month("2026-10"), to: month("2027-01") };
        let by_month = group().exact(&Calendar { span, by: By::Month });
        assert_eq!(numbers(&by_month[0]), [Some(12), Some(20), Some(9), Some(30), Some(71)]);
        assert_eq!(numbers(&by_month[2]), [Some(2), Some(7), Some(0), Some(6), Some(15)]);
        let by_quarter = group().exact(&Calendar { span, by: By::Quarter });
        assert_eq!(numbers(&by_quarter[2]), [Some(9), Some(6), Some(15)]);
    }

    #[test]
    fn a_small_number_is_passed_on_by_nobody_and_given_away_by_nothing() {
        let span = Span { from: month("2026-10"), to: month("2026-12") };
        let told = group().to_pass_on(&Calendar { span, by: By::Month });
        // Two were late in October. On time in October, and both in November, would give them away.
        assert_eq!(numbers(&told[0]), [Some(12), Some(20), Some(9), Some(41)]);
        assert_eq!(numbers(&told[1]), [None, None, Some(9), Some(32)]);
        assert_eq!(numbers(&told[2]), [None, None, Some(0), Some(9)]);
        assert_eq!(numbers(&told[3]), [Some(6), Some(9), Some(9), Some(24)]);
        // The quarter is told as the months leave it.
        let quarter = group().to_pass_on(&Calendar { span, by: By::Quarter });
        assert_eq!(numbers(&quarter[2]), [Some(9), Some(9)]);
        let json = serde_json::to_string(&told[1]).unwrap();
        assert_eq!(json, "[null,null,9,32]");
    }
}
