//! Working days: Monday to Friday less bank holidays.

use std::sync::Arc;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, ZonedDateTime};

use super::Holidays;

/// The office by which deadlines are counted.
#[derive(Debug, Clone)]
pub struct Office {
    /// Its time zone.
    pub zone: TimeZone,
    /// When it closes: a deadline given as days with no time ends then.
    pub close: Time,
    /// Its bank holidays.
    pub holidays: Arc<Holidays>,
}

impl Office {
    /// Monday to Friday, and no bank holiday.
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(day)
    }

    /// The day, if it is a working day, else the last one before it.
    pub fn working_day_on_or_before(&self, mut day: Date) -> Date {
        while !self.is_working_day(day) {
            day = day.saturating_sub(1.days());
        }
        day
    }

    /// The day, if it is a working day, else the first one after it.
    pub fn working_day_on_or_after(&self, mut day: Date) -> Date {
        while !self.is_working_day(day) {
            day = day.saturating_add(1.days());
        }
        day
    }

    /// The day that lies so many working days before another.
    pub fn working_days_before(&self, mut day: Date, mut count: u32) -> Date {
        while count > 0 {
            day = day.saturating_sub(1.days());
            count -= u32::from(self.is_working_day(day));
        }
        day
    }

    /// The day that lies so many working days after another.
    pub fn working_days_after(&self, mut day: Date, mut count: u32) -> Date {
        while count > 0 {
            day = day.saturating_add(1.days());
            count -= u32::from(self.is_working_day(day));
        }
        day
    }

    /// A time of a day, in the office's zone. A time that the clocks skip is the one after the change.
    pub fn at(&self, day: Date, time: Time) -> ZonedDateTime {
        let moment = day.to_datetime(time);
        self.zone.to_ambiguous_zoned_datetime(moment).compatible().unwrap_or_else(|_| ZonedDateTime::default())
    }
}
