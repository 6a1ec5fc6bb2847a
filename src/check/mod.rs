//! Facts and rules to findings: what a request still lacks.
//!
//! Promise: a pure function of what is passed in; a rule is one file and its line in the registry, its doc comment is
//! what `tessera explain` prints, and which panel it is about stands in the profile. Findings are data: nothing is told
//! apart, counted or kept by a sentence. Does no I/O.

mod case;
#[cfg(test)]
mod cases;
mod facts;
mod finding;
#[cfg(test)]
mod fingerprints;
mod paper_state;
mod rule;
mod rules;
mod stored;
mod verdict;
mod waiver;

pub use case::{Case, Checked, PaperFound, Slot};
pub use facts::{KnownFacts, Stated};
pub use finding::{Finding, Subject};
pub use paper_state::{PaperState, Standing};
pub use rule::{Effect, Group};
pub use rules::{Code, Detail};
pub use stored::{StoredFinding, from_json, to_json};
pub use verdict::check;
pub use waiver::{Lapse, Lapsed, Renewed, Waived, waiver_days};
