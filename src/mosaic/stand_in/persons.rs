//! People: read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::asked::Ids;
use super::office::{Office, locked};
use super::problem::Problem;

/// A person whom the stand-in knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInPerson {
    /// The id.
    pub person_id: u64,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: Option<String>,
    /// Initials.
    pub initials: Option<String>,
    /// `open` or `closed`.
    pub status: String,
    /// Whether the record is restricted.
    pub restricted: bool,
    /// The record that this one was merged into.
    pub merged_into: Option<u64>,
}

impl StandInPerson {
    /// Somebody of whom nothing but the id is known.
    pub fn new(person_id: u64) -> Self {
        let status = "open".to_owned();
        Self { person_id, date_of_birth: None, initials: None, status, restricted: false, merged_into: None }
    }
}

pub(super) async fn show(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
) -> Result<Json<StandInPerson>, Problem> {
    locked(&office.records).person(person).cloned().map(Json)
}
