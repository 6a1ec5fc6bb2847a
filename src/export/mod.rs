//! Readers: bytes to records, streaming; one file a layout and a container.
//!
//! Promise: whatever an export holds comes out as a [`Record`], a [`Row`] or a trouble with its place; nothing is
//! dropped in silence and memory does not grow with the file. Knows no form.
//!
//! | | layouts | containers |
//! |---|---|---|
//! | `xml.rs` | one element a submission | |
//! | `long.rs`, `wide.rs`, chosen by `answers.rs` | a row an answer, a row a submission | `csv.rs`, `xlsx.rs` |
//! | `rows.rs` | documents, events, persons | `csv.rs`, `xlsx.rs` |

mod answers;
mod csv;
mod forms;
mod header;
mod headings;
mod long;
mod open;
mod order;
mod record;
mod rows;
mod sniff;
mod spill;
mod table;
mod wide;
mod xlsx;
mod xml;

pub use forms::Items;
pub use headings::Headings;
pub use open::{Part, fingerprint, parts};
pub use record::{Column, RawAnswer, RawValue, Record, RecordBuilder, Row};
