//! The outcomes workbook, out and in, and who may approve.
//!
//! Promise: what a panel decided comes in by a workbook whose every cell is checked, all or nothing for each request,
//! and for the child whose request it is. Does not talk to Mosaic.

mod approval;
mod workbook_in;
mod workbook_out;

pub use approval::{NotApproved, may_approve};
pub use workbook_in::{CellTrouble, Loaded, ReadOutcome, RequestKnown, read};
pub use workbook_out::{RequestLine, Sheet, WorkbookTrouble, write};

/// The headings of the columns that tessera fills in. The hidden key repeats them, so that a changed cell is seen.
pub(crate) const SUBMISSION: &str = "Submission";
pub(crate) const PERSON: &str = "Person";
pub(crate) const INITIALS: &str = "Initials";
pub(crate) const PANEL: &str = "Panel";
pub(crate) const SITTING: &str = "Sitting";
pub(crate) const KEY: &str = "Key";
pub(crate) const DECISION: &str = "Decision";

/// The key of a row: what stands in its other filled-in columns, as a checksum.
pub(crate) fn row_key(submission: &str, person: &str, panel: &str, sitting: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest([submission, person, panel, sitting].join("\u{1f}"));
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
