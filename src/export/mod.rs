//! Readers: bytes to records, streaming; one file a layout and a container.
//!
//! Promise: whatever an export holds comes out as a [`Record`], a [`Row`] or a trouble with its place; nothing is
//! dropped in silence and memory does not grow with the file. Knows no form.
//!
//! ```text
//! open ─▶ text ─▶ xml ───────────────────┐
//!   │       └───▶ csv  ┐                 ├─▶ reading ─▶ Record
//!   └───────────▶ xlsx ┴─▶ table ─▶ long ┤
//!                            │  └─▶ wide ┘
//!                            └────▶ rows ───▶ reading ─▶ Row
//! ```

mod open;
mod text;

mod headings;
mod table;

mod csv;
mod xlsx;

mod columns;
mod forms_table;
mod gather;
mod long;
mod sealed_file;
mod spill;
mod wide;

mod xml;
mod xml_chunks;
mod xml_form;
mod xml_names;
mod xml_piece;

mod rows;
mod rows_xml;

mod reading;
mod record;
mod relay;

#[cfg(test)]
mod tests;

pub use columns::Layout;
pub use headings::Headings;
pub use open::{Part, fingerprint, parts};
pub use reading::{Forms, Rows};
pub use record::{Column, RawAnswer, RawValue, Record, RecordBuilder, Row};
pub use relay::Remarks;
