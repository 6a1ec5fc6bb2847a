//! What people take away: tables, workbooks, pages, calendars, and words for dates and numbers.
//!
//! Promise: shows what it is given. Computes nothing.

mod calendar_file;
mod calendar_zone;
mod digest;
mod matrix;
mod private_file;
mod table;
mod words;

pub use calendar_file::{Appointment, calendar_file};
pub use digest::{Digest, DigestDuty};
pub use matrix::{Cell, Matrix, Sheets, Tone};
pub use private_file::private_file;
pub use table::table;
pub use words::{count, day, document_trouble, in_words, moment, period, short_moment};
