//! The clock, working days, bank holidays, deadline phrases, recurrence, sittings.
//!
//! Promise: all arithmetic of days and deadlines happens here, in Europe/London unless told otherwise, as pure
//! functions of what is passed in; the only place that asks the machine what time it is. Knows no panel.

mod clock;

pub use clock::Clock;
