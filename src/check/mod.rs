//! Facts and rules to findings: what a request still lacks.
//!
//! Promise: a pure function of what is passed in; a rule is one file, its doc comment is what `tessera explain`
//! prints, and which panel it is about stands in the profile. Does no I/O.

mod case;
#[cfg(test)]
mod cases;
mod facts;
mod rules;
mod verdict;

pub use case::{Case, Checked, PaperFound, Slot, Waived};
pub use facts::{KnownFacts, Stated};
pub use rules::{codes, explain};
pub use verdict::{check, may_be_waived};
