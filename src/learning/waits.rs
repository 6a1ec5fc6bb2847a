//! How long children have waited for a decision.

use std::collections::BTreeMap;

/// How many have waited so many days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    by_days: BTreeMap<u64, u64>,
}

impl Waits {
    /// Some more have waited so long.
    pub fn add(&mut self, days: u64, count: u64) {
        if count > 0 {
            *self.by_days.entry(days).or_default() += count;
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.by_days.values().sum()
    }

    /// The days that half of them have waited at most; between the two in the middle, the mean of both.
    pub fn median(&self) -> Option<f64> {
        let count = self.count();
        let before = self.at(count.checked_sub(1)? / 2)?;
        let after = self.at(count / 2)?;
        let twice = u32::try_from(before + after).ok()?;
        Some(f64::from(twice) / 2.0)
    }

    /// The days that the last of them has waited.
    pub fn longest(&self) -> Option<u64> {
        self.by_days.keys().next_back().copied()
    }

    /// The days of the one at a place, those that have waited least first.
    fn at(&self, place: u64) -> Option<u64> {
        let mut seen = 0;
        let found = self.by_days.iter().find(|(_, count)| {
            seen += **count;
            seen > place
        });
        found.map(|(days, _)| *days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_days_one_by_one() {
        for (days, median, longest) in [
            (&[][..], None, None),
            (&[7][..], Some(7.0), Some(7)),
            (&[3, 10][..], Some(6.5), Some(10)),
            (&[1, 1, 30][..], Some(1.0), Some(30)),
            (&[0, 2, 2, 9, 9, 9][..], Some(5.5), Some(9)),
        ] {
            let mut waits = Waits::default();
            days.iter().rev().for_each(|days| waits.add(*days, 1));
            waits.add(99, 0);
            assert_eq!((waits.median(), waits.longest(), waits.count()), (median, longest, days.len() as u64));
        }
    }
}
