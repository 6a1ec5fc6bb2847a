//! Workflow steps: read and started.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Ids, Listing, Told, key};
use super::count::{Written, WrittenKind};
use super::office::{Office, locked};
use super::problem::Problem;
use super::record::{cleaned, next_id};

/// The id of the first step.
const FIRST: u64 = 9_001;

/// Characters of a step's type.
const TYPE_CHARS_MAX: usize = 100;

/// A step on a person's record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) workflow_step_id: u64,
    pub(super) person_id: u64,
    #[serde(rename = "type")]
    pub(super) step_type: String,
    pub(super) status: String,
    pub(super) note: String,
    pub(super) started_on: String,
    pub(super) created_at: String,
}

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    listing: Listing,
) -> Result<Json<Value>, Problem> {
    let records = locked(&office.records);
    records.person(person)?;
    let steps = records.steps.iter().filter(|step| step.person_id == person && listing.wants(&step.created_at));
    Ok(listing.page(format_args!("/api/persons/{person}/workflow-steps"), steps))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewStep {
    #[serde(rename = "type")]
    step_type: String,
    start_date: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn start(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    headers: HeaderMap,
    Told(new): Told<NewStep>,
) -> Result<Response, Problem> {
    let (key, created_at) = (office.honoured(key(&headers)), office.moment());
    let answer = office.change(|records| {
        records.writable(person)?;
        if !(1..=TYPE_CHARS_MAX).contains(&new.step_type.trim().chars().count()) {
            return Err(Problem::unfit("the type is empty or has more than 100 characters"));
        }
        if new.start_date.parse::<Date>().is_err() {
            return Err(Problem::unfit("`startDate` is no day, YYYY-MM-DD"));
        }
        records.unused(key.as_deref())?;
        let of_steps = records.steps.iter().map(|step| step.workflow_step_id);
        let of_forms = records.forms.iter().map(|form| form.form.workflow_step_id);
        let step = Step {
            workflow_step_id: next_id(of_steps.chain(of_forms), FIRST),
            person_id: person,
            step_type: new.step_type,
            status: "started".to_owned(),
            note: cleaned(&new.note),
            started_on: new.start_date,
            created_at,
        };
        let answer =
            json!({ "workflowStepId": step.workflow_step_id, "personId": person, "createdAt": step.created_at });
        records.done(
            key.as_deref(),
            step.workflow_step_id,
            Written::new(WrittenKind::WorkflowStep, person, &step.note),
        );
        records.steps.push(step);
        Ok(answer)
    })?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
