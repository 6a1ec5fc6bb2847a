//! The only place that asks the machine what time it is.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// What time it is: the machine's, or a fixed one (`--as-at`, tests, rehearsal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this moment.
    Fixed(Timestamp),
}

impl Clock {
    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(moment) => moment,
        }
    }

    /// The present moment in a time zone.
    pub fn now_in(self, zone: &TimeZone) -> ZonedDateTime {
        self.now().to_zoned_datetime(zone.clone())
    }
}

/// A moment with its offset (RFC 3339): `2026-12-03T13:00:00+00:00`.
pub fn with_offset(moment: &ZonedDateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
