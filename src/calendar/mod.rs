//! The clock, working days, bank holidays, deadline phrases, recurrence, sittings.
//!
//! Promise: all arithmetic of days and deadlines happens here, in Europe/London unless told otherwise, as pure
//! functions of what is passed in; the only place that asks the machine what time it is. Knows no panel.

mod bank_holiday;
mod clock;
mod phrase;
mod recurrence;
mod sitting;
mod working_day;

pub use bank_holiday::Holidays;
pub use clock::{Clock, with_offset};
pub use phrase::{Anchor, Deadline, Due, PhraseTrouble};
pub use recurrence::{Recurrence, RecurrenceTrouble};
pub use sitting::{OnBankHoliday, Schedule, SittingDay};
pub use working_day::Office;
