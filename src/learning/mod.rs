//! What a year of sittings teaches: counts by month and quarter, waits, and which numbers stay in the office.
//!
//! Promise: arithmetic on what it is given; reads no ledger and no clock. What it leaves out of figures that are passed on
//! cannot be worked out from what it leaves in.

mod left_out;
mod month;
mod pre_proceedings;
mod series;
mod waits;

pub use left_out::{FEWER_THAN, Sum, left_out};
pub use month::{By, Month, Span};
pub use pre_proceedings::{COLUMNS, Child, PreProceedingsRow, Turn, Turned};
pub use series::{Calendar, Count, Group, Series};
pub use waits::Waits;
