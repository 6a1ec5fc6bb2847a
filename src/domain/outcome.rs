//! What a panel decided on one request.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::trouble::codes;
use super::{PanelName, PersonId, Private, SubmissionId};

codes! {
    /// Where an outcome stands.
    OutcomeState {
        /// Loaded; nobody has approved it.
        Loaded => "loaded",
        /// Approved: its write-backs may be sent.
        Approved => "approved",
        /// Turned down, with a reason.
        Rejected => "rejected",
        /// A later revision has taken its place.
        Superseded => "superseded",
    }
}

/// What was decided, by the panel profile's names: the decision and the fields to record with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The choice the panel made, by the profile's name for it: `agreed`.
    pub decision: String,
    /// The fields recorded with it, by the profile's names, in its order of names.
    pub fields: BTreeMap<String, Private<String>>,
}

/// One decision on one request for one child at one sitting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The request.
    pub submission: SubmissionId,
    /// The child it is about.
    pub person: PersonId,
    /// The panel.
    pub panel: PanelName,
    /// The day the panel sat.
    pub sitting: Date,
    /// 1 for the first; a changed reload is the next.
    pub revision: u32,
    /// What was decided.
    pub decision: Decision,
    /// Where it stands.
    pub state: OutcomeState,
}
