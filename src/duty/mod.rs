//! Duties that come of sittings, outcomes, requests, events and the calendar; what closes them; whom a panel follows.
//!
//! Promise: all of it follows from what it is given, the clock included; it reads no ledger and writes nothing to
//! Mosaic.

mod close;
mod raise;
mod tracker;

pub use close::{Seen, closed_by};
pub use raise::{Occasion, followed, of_calendar, of_event, of_outcome, of_request, of_sitting};
pub use tracker::{Happening, MilestoneShown, TrackedChild, tracked};
