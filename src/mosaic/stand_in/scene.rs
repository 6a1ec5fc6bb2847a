//! Setting the scene: people, forms and notes as a trial needs them, faults to come, and what was done.
//!
//! What is put here is not counted as written.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::asked::Told;
use super::count::StandInCounts;
use super::fault::{Fault, FaultAim, FaultKind};
use super::forms::{self, StandInForm};
use super::notes::{self, Note};
use super::office::{Office, locked};
use super::persons::StandInPerson;
use super::problem::Problem;
use super::record::{Records, cleaned};
use super::script::FaultScript;

/// One, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn all(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// Some fields of something: those that are named are changed, the others stay.
type Fields = Map<String, Value>;

fn changed<T: Serialize + DeserializeOwned>(present: &T, fields: &Fields) -> Result<T, Problem> {
    let Ok(Value::Object(mut whole)) = serde_json::to_value(present) else { return Err(Problem::unfit("no object")) };
    for (name, value) in fields {
        let Some(field) = whole.get_mut(name) else {
            return Err(Problem::unfit(format!("there is no field `{name}`")));
        };
        *field = value.clone();
    }
    serde_json::from_value(Value::Object(whole)).map_err(|error| Problem::unfit(error.to_string()))
}

fn id(fields: &Fields, name: &str) -> Result<u64, Problem> {
    let id = fields.get(name).and_then(Value::as_u64);
    id.ok_or_else(|| Problem::unfit(format!("`{name}` is missing or no number")))
}

/// Puts each of what was told, or nothing. Answers with what is there now.
fn put<T: Serialize>(
    office: &Office,
    told: OneOrMany<Fields>,
    one: impl Fn(&mut Records, &Fields) -> Result<T, Problem>,
) -> Result<Json<Value>, Problem> {
    let items =
        office.change(|records| told.all().iter().map(|fields| one(records, fields)).collect::<Result<Vec<_>, _>>())?;
    Ok(Json(json!({ "items": items })))
}

pub(super) async fn put_persons(
    State(office): State<Arc<Office>>,
    Told(told): Told<OneOrMany<Fields>>,
) -> Result<Json<Value>, Problem> {
    put(&office, told, |records, fields| {
        let id = id(fields, "personId")?;
        let present = records.persons.get(&id).cloned().unwrap_or_else(|| StandInPerson::new(id));
        let person = changed(&present, fields)?;
        if !["open", "closed"].contains(&person.status.as_str()) {
            return Err(Problem::unfit("`status` is `open` or `closed`"));
        }
        records.persons.insert(id, person.clone());
        Ok(person)
    })
}

pub(super) async fn put_forms(
    State(office): State<Arc<Office>>,
    Told(told): Told<OneOrMany<Fields>>,
) -> Result<Json<Value>, Problem> {
    put(&office, told, |records, fields| {
        let (step, id) = (id(fields, "workflowStepId")?, id(fields, "formId")?);
        let known = records.forms.iter().find(|known| known.is(step, id));
        let present = known.map_or_else(|| StandInForm::new(step, id, 0), |known| known.form.clone());
        let form = changed(&present, fields)?;
        records.person(form.person_id).map_err(|_| Problem::unfit("`personId` is nobody's"))?;
        forms::put(records, form.clone());
        Ok(form)
    })
}

pub(super) async fn put_notes(
    State(office): State<Arc<Office>>,
    Told(told): Told<OneOrMany<Fields>>,
) -> Result<Json<Value>, Problem> {
    let moment = office.moment();
    put(&office, told, |records, fields| {
        let id = fields.get("caseNoteId").and_then(Value::as_u64);
        let at = records.notes.iter().position(|note| Some(note.case_note_id) == id);
        let known = at.and_then(|at| records.notes.get(at)).cloned();
        let present = known.unwrap_or_else(|| notes::blank(id, &records.notes, moment.clone()));
        let mut note: Note = changed(&present, fields)?;
        records.person(note.person_id).map_err(|_| Problem::unfit("`personId` is nobody's"))?;
        note.body = cleaned(&note.body);
        match at.and_then(|at| records.notes.get_mut(at)) {
            Some(place) => *place = note.clone(),
            None => records.notes.push(note.clone()),
        }
        Ok(note)
    })
}

/// How the stand-in is to be from now on; what is not named stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Settings {
    keys_honoured: Option<bool>,
    token_seconds: Option<u32>,
    client: Option<Client>,
    #[serde(default)]
    expire_tokens: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    id: String,
    secret: SecretString,
}

pub(super) async fn settle(State(office): State<Arc<Office>>, Told(settings): Told<Settings>) -> StatusCode {
    if let Some(honoured) = settings.keys_honoured {
        office.honour_keys(honoured);
    }
    let mut door = locked(&office.door);
    if let Some(seconds) = settings.token_seconds {
        door.give_for(seconds);
    }
    if let Some(client) = settings.client {
        door.let_in_only(client.id, client.secret);
    }
    if settings.expire_tokens {
        door.expire();
    }
    StatusCode::NO_CONTENT
}

/// A fault, and where it is aimed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Aimed {
    kind: FaultKind,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    aim: FaultAim,
}

const fn once() -> u32 {
    1
}

pub(super) async fn misbehave(State(office): State<Arc<Office>>, Told(told): Told<OneOrMany<Aimed>>) -> StatusCode {
    let mut faults = locked(&office.faults);
    for Aimed { kind, times, aim } in told.all() {
        faults.tell(aim, Fault { kind, times });
    }
    StatusCode::NO_CONTENT
}

pub(super) async fn behave(State(office): State<Arc<Office>>) -> StatusCode {
    locked(&office.faults).end();
    StatusCode::NO_CONTENT
}

pub(super) async fn follow_script(
    State(office): State<Arc<Office>>,
    Told(script): Told<FaultScript>,
) -> Result<StatusCode, Problem> {
    if !(0.0..=1.0).contains(&script.rate) {
        return Err(Problem::unfit("`rate` is a share from 0 to 1"));
    }
    locked(&office.faults).follow(script);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn log(State(office): State<Arc<Office>>) -> Json<Value> {
    let (items, forgotten) = locked(&office.journal).read();
    Json(json!({ "items": items, "forgotten": forgotten }))
}

pub(super) async fn counts(State(office): State<Arc<Office>>) -> Json<StandInCounts> {
    Json(office.counts())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: &Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_named_is_changed_and_what_is_not_stays() {
        let person = StandInPerson { initials: Some("AB".into()), ..StandInPerson::new(7) };
        let closed = changed(&person, &fields(&json!({ "status": "closed", "mergedInto": 8 }))).unwrap();
        assert_eq!(
            (closed.status.as_str(), closed.merged_into, closed.initials.as_deref()),
            ("closed", Some(8), Some("AB"))
        );
        assert!(changed(&person, &fields(&json!({ "stauts": "closed" }))).is_err());
        assert!(changed(&person, &fields(&json!({ "restricted": "yes" }))).is_err());
    }
}
