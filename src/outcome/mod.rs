//! The outcomes workbook, out and in, what is filled in on a page, and who may approve.
//!
//! Promise: what a panel decided comes in by a workbook or a page whose every cell is checked, all or nothing for each
//! request, and for the child whose request it is. Both are checked by the same code. Does not talk to Mosaic.

mod approval;
mod cell;
mod headings;
mod medium;
mod open;
mod page_in;
#[cfg(test)]
mod page_proofs;
#[cfg(test)]
mod proofs;
mod row;
mod workbook_in;
mod workbook_out;

pub use approval::{NotApproved, may_approve};
pub use page_in::{Page, PageRow};
pub use workbook_in::{
    CellTrouble, FilledIn, Known, Loaded, PersonKnown, ReadOutcome, RecordedBy, RequestKnown, SittingKnown,
};
pub use workbook_out::{RequestLine, Sheet, WorkbookTrouble, write};

/// The headings of the columns that tessera fills in.
pub(crate) const SUBMISSION: &str = "Submission";
pub(crate) const PERSON: &str = "Person";
pub(crate) const INITIALS: &str = "Initials";
pub(crate) const PANEL: &str = "Panel";
pub(crate) const SITTING: &str = "Sitting";
pub(crate) const KEY: &str = "Key";
pub(crate) const RECORDED: &str = "Recorded";
pub(crate) const DECISION: &str = "Decision";

/// The columns that say whose row it is; the panel fills in none of them.
pub(crate) const OURS: [&str; 7] = [SUBMISSION, PERSON, INITIALS, PANEL, SITTING, KEY, RECORDED];

/// The key of a row: a checksum of the columns that say whose it is, so that a changed one is seen.
pub(crate) fn row_key(submission: &str, person: &str, initials: &str, panel: &str, sitting: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest([submission, person, initials, panel, sitting].join("\u{1f}"));
    crate::domain::hexadecimal(digest.iter().take(6))
}
