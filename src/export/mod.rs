//! Readers: bytes to records, streaming; one file a layout and a container.
//!
//! Promise: whatever an export holds comes out as a [`Record`], a [`Row`] or a trouble with its place; nothing is
//! dropped in silence and memory does not grow with the file. Knows no form.

mod record;

pub use record::{Column, RawAnswer, RawValue, Record, RecordBuilder, Row};
