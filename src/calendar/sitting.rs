//! The days on which something sits.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};

use super::{Office, Recurrence};

/// What becomes of a sitting on a bank holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBankHoliday {
    /// It falls away.
    Skip,
    /// It is held on the next working day.
    NextWorkingDay,
    /// It is held on the working day before.
    PreviousWorkingDay,
}

/// When something sits.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The rule by which it sits.
    pub recurrence: Recurrence,
    /// When a sitting starts.
    pub starts: Time,
    /// When it ends.
    pub ends: Time,
    /// Sittings among them that last longer: when they recur, and when they end.
    pub longer: Option<(Recurrence, Time)>,
    /// The minutes of a slot.
    pub slot_minutes: Option<u32>,
    /// Days on which it sits besides.
    pub extra: Vec<Date>,
    /// Days on which it does not, and why.
    pub cancelled: BTreeMap<Date, String>,
    /// What becomes of a sitting on a bank holiday.
    pub on_bank_holiday: OnBankHoliday,
}

/// One day of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SittingDay {
    /// The day.
    pub date: Date,
    /// Why it falls away, if it does.
    pub cancelled: Option<String>,
    /// Whether it is one of the longer ones.
    pub longer: bool,
}

impl Schedule {
    /// When a sitting ends.
    pub fn ends_on(&self, day: &SittingDay) -> Time {
        self.longer.as_ref().filter(|_| day.longer).map_or(self.ends, |(_, ends)| *ends)
    }

    /// The sittings from `first` to `last`, both included, in order; those that fall away with their reason.
    pub fn days(&self, first: Date, last: Date, office: &Office) -> Vec<SittingDay> {
        // A sitting may be moved over the edge of the span: look a week further on both sides.
        let (from, to) = (first.saturating_sub(7.days()), last.saturating_add(7.days()));
        let longer = self.longer.as_ref().map(|(recurrence, _)| recurrence.days(from, to)).unwrap_or_default();
        let recurring = self.recurrence.days(from, to).into_iter();
        let mut days: Vec<SittingDay> =
            recurring.map(|day| SittingDay { longer: longer.contains(&day), ..self.held(day, office) }).collect();
        days.extend(self.extra.iter().map(|date| SittingDay { date: *date, cancelled: None, longer: false }));
        for day in &mut days {
            if let Some(reason) = self.cancelled.get(&day.date) {
                day.cancelled = Some(reason.clone());
            }
        }
        days.retain(|day| (first..=last).contains(&day.date));
        days.sort_by_key(|day| (day.date, day.cancelled.is_some()));
        days.dedup_by_key(|day| day.date);
        days
    }

    fn held(&self, day: Date, office: &Office) -> SittingDay {
        if !office.holidays.contains(day) {
            return SittingDay { date: day, cancelled: None, longer: false };
        }
        let (date, cancelled) = match self.on_bank_holiday {
            OnBankHoliday::Skip => (day, Some("bank holiday".to_owned())),
            OnBankHoliday::NextWorkingDay => (office.working_day_on_or_after(day), None),
            OnBankHoliday::PreviousWorkingDay => (office.working_day_on_or_before(day), None),
        };
        SittingDay { date, cancelled, longer: false }
    }
}
