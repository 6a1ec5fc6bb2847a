//! The stand-in's server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::fault::{Fault, FaultKind};
use super::record::{Note, Records, StandInPerson, cleaned};
use crate::calendar::Clock;
use crate::domain::limit;

/// Notes a page.
const PAGE: usize = 50;

/// Why the stand-in does not stand.
#[derive(Debug, thiserror::Error)]
pub enum StandInTrouble {
    /// The address is not on this machine.
    #[error("listen on {0}: the stand-in listens on loopback only")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The file with its records cannot be read or written.
    #[error("use the stand-in's records {}: {source}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a stand-in is to be.
#[derive(Debug)]
pub struct StandIn {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// Where its records are kept.
    pub records: PathBuf,
    /// People whom it knows besides those in its records.
    pub persons: Vec<StandInPerson>,
    /// What time it is for it.
    pub clock: Clock,
}

/// A stand-in that stands.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    office: Arc<Office>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Office {
    path: PathBuf,
    clock: Clock,
    records: Mutex<Records>,
    faults: Mutex<Vec<Fault>>,
}

impl StandIn {
    /// Starts it on the present runtime.
    pub async fn start(self) -> Result<Running, StandInTrouble> {
        if !self.listen.ip().is_loopback() {
            return Err(StandInTrouble::NotLoopback(self.listen));
        }
        let failed = |source| StandInTrouble::Records { path: self.records.clone(), source };
        let mut records = Records::load(&self.records).map_err(failed)?;
        records.persons.extend(self.persons.iter().map(|person| (person.person_id, person.clone())));
        records.save(&self.records).map_err(failed)?;
        let address = |source| StandInTrouble::Address { address: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(address)?;
        let bound = listener.local_addr().map_err(address)?;
        let office = Arc::new(Office {
            path: self.records.clone(),
            clock: self.clock,
            records: Mutex::new(records),
            faults: Mutex::default(),
        });
        let router = router(office.clone());
        let task = tokio::spawn(async move {
            // It ends with the runtime, and nobody waits for its end.
            drop(axum::serve(listener, router).await);
        });
        Ok(Running { address: bound, office, task })
    }
}

impl Running {
    /// The address as tessera's configuration writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has it misbehave.
    pub fn misbehave(&self, fault: Fault) {
        locked(&self.office.faults).push(fault);
    }

    /// How many notes are on a person's record.
    pub fn notes_on(&self, person: u64) -> usize {
        locked(&self.office.records).notes.iter().filter(|note| note.person_id == person).count()
    }

    /// Stops it at once.
    pub fn stop(&self) {
        self.task.abort();
    }
}

/// A record is changed in one go, so that nothing is half done where another thread has panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(office: Arc<Office>) -> Router {
    let api = Router::new()
        .route("/persons/{person}", get(person))
        .route("/persons/{person}/case-notes", get(notes).post(add_note))
        .route("/persons/{person}/case-notes/{note}/appendments", post(append))
        .route_layer(middleware::from_fn(signed_in));
    Router::new()
        .route("/", get(page))
        .route("/oauth/token", post(token))
        .route("/_stand-in/faults", post(set_fault))
        .nest("/api", api)
        .with_state(office)
}

const TOKEN: &str = "stand-in";

async fn token(headers: HeaderMap) -> Response {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !basic.is_some_and(|value| value.starts_with("Basic ")) {
        return problem(StatusCode::UNAUTHORIZED, "no credentials");
    }
    Json(json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 600 })).into_response()
}

async fn signed_in(request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(&format!("Bearer {TOKEN}")) {
        return problem(StatusCode::UNAUTHORIZED, "no token");
    }
    next.run(request).await
}

async fn set_fault(State(office): State<Arc<Office>>, Json(fault): Json<Fault>) -> StatusCode {
    locked(&office.faults).push(fault);
    StatusCode::NO_CONTENT
}

async fn person(State(office): State<Arc<Office>>, Path(person): Path<u64>) -> Response {
    match locked(&office.records).persons.get(&person) {
        Some(person) => Json(person).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no such person"),
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    from: String,
    #[serde(default)]
    page: usize,
}

async fn notes(State(office): State<Arc<Office>>, Path(person): Path<u64>, Query(page): Query<Page>) -> Response {
    let records = locked(&office.records);
    let wanted = records.notes.iter().filter(|note| note.person_id == person && note.created_at >= page.from);
    let mut items: Vec<&Note> = wanted.skip(page.page * PAGE).take(PAGE + 1).collect();
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let next = format!("/api/persons/{person}/case-notes?from={}&page={}", page.from, page.page + 1);
    Json(json!({ "items": items, "next": more.then_some(next) })).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewNote {
    #[serde(rename = "type")]
    note_type: String,
    title: String,
    contact_date: String,
    body: String,
    finish: bool,
}

async fn add_note(
    State(office): State<Arc<Office>>,
    Path(person): Path<u64>,
    headers: HeaderMap,
    Json(note): Json<NewNote>,
) -> Response {
    let key = key(&headers);
    office.clone().misbehaving(move || office.write_note(person, key.as_deref(), &note)).await
}

#[derive(Deserialize)]
struct NewAppendment {
    body: String,
}

async fn append(
    State(office): State<Arc<Office>>,
    Path((person, note)): Path<(u64, u64)>,
    headers: HeaderMap,
    Json(new): Json<NewAppendment>,
) -> Response {
    let key = key(&headers);
    office.clone().misbehaving(move || office.write_appendment(person, note, key.as_deref(), &new.body)).await
}

fn key(headers: &HeaderMap) -> Option<String> {
    headers.get("Idempotency-Key").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}

impl Office {
    /// Answers a write, or misbehaves if it was told to.
    async fn misbehaving(&self, write: impl Fn() -> Response) -> Response {
        let fault = {
            let mut faults = locked(&self.faults);
            let kind = faults.first().map(|fault| fault.kind);
            if let Some(first) = faults.first_mut() {
                first.times = first.times.saturating_sub(1);
            }
            faults.retain(|fault| fault.times > 0);
            kind
        };
        match fault {
            None => write(),
            Some(FaultKind::CutBefore) => cut(),
            Some(FaultKind::CutAfter) => {
                drop(write());
                cut()
            }
            Some(FaultKind::Status(status)) => problem(status_of(status), "told to misbehave"),
            Some(FaultKind::StatusAfter(status)) => {
                drop(write());
                problem(status_of(status), "told to misbehave")
            }
            Some(FaultKind::Garbage) => {
                drop(write());
                (StatusCode::CREATED, "<html>").into_response()
            }
            Some(FaultKind::Duplicate) => {
                drop(write());
                locked(&self.records).keys.clear();
                write()
            }
            Some(FaultKind::Slow(milliseconds)) => {
                let answer = write();
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                answer
            }
        }
    }

    fn write_note(&self, person: u64, key: Option<&str>, new: &NewNote) -> Response {
        let mut records = locked(&self.records);
        if let Some(refusal) = refusal(&records, person) {
            return refusal;
        }
        let too_long = new.title.chars().count() > limit::NOTE_TITLE_CHARS_MAX
            || new.note_type.chars().count() > limit::NOTE_TYPE_CHARS_MAX;
        if too_long || new.body.trim().is_empty() {
            return problem(StatusCode::UNPROCESSABLE_ENTITY, "the note is not one that Mosaic takes");
        }
        if key.is_some_and(|key| records.keys.contains_key(key)) {
            return problem(StatusCode::CONFLICT, "already there");
        }
        let note = Note {
            case_note_id: records.next_note(),
            person_id: person,
            note_type: new.note_type.clone(),
            title: new.title.clone(),
            contact_date: new.contact_date.clone(),
            body: cleaned(&new.body),
            status: (if new.finish { "complete" } else { "draft" }).to_owned(),
            created_at: self.clock.now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        };
        let answer = json!({ "caseNoteId": note.case_note_id, "personId": person, "createdAt": note.created_at });
        records.keys.extend(key.map(|key| (key.to_owned(), note.case_note_id)));
        records.notes.push(note);
        self.kept(&records, answer)
    }

    fn write_appendment(&self, person: u64, note: u64, key: Option<&str>, body: &str) -> Response {
        let mut records = locked(&self.records);
        if let Some(refusal) = refusal(&records, person) {
            return refusal;
        }
        if key.is_some_and(|key| records.keys.contains_key(key)) {
            return problem(StatusCode::CONFLICT, "already there");
        }
        let created_at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let found = records.notes.iter_mut().find(|known| known.case_note_id == note && known.person_id == person);
        let Some(found) = found else { return problem(StatusCode::NOT_FOUND, "no such note") };
        found.body = format!("{}\n\nAppended {created_at}\n{}", found.body, cleaned(body));
        records.keys.extend(key.map(|key| (key.to_owned(), note)));
        let answer = json!({ "caseNoteId": note, "personId": person, "createdAt": created_at });
        self.kept(&records, answer)
    }

    /// The answer, once what it tells is on the disk.
    fn kept(&self, records: &Records, answer: Value) -> Response {
        match records.save(&self.path) {
            Ok(()) => (StatusCode::CREATED, Json(answer)).into_response(),
            Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the record could not be kept"),
        }
    }
}

fn refusal(records: &Records, person: u64) -> Option<Response> {
    let Some(person) = records.persons.get(&person) else {
        return Some(problem(StatusCode::NOT_FOUND, "no such person"));
    };
    if let Some(into) = person.merged_into {
        return Some(problem(StatusCode::GONE, &format!("merged into {into}")));
    }
    person.restricted.then(|| problem(StatusCode::FORBIDDEN, "the record is restricted"))
}

fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error as `application/problem+json` (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({ "type": "about:blank", "status": status.as_u16(), "detail": detail }).to_string();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// An answer whose body breaks off, so that the connection is cut.
fn cut() -> Response {
    let broken = futures::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("cut"))]);
    let mut response = Response::new(axum::body::Body::from_stream(broken));
    *response.status_mut() = StatusCode::CREATED;
    response
}

/// What is on the records, for a person to look at.
async fn page(State(office): State<Arc<Office>>) -> Html<String> {
    let records = locked(&office.records);
    let notes = records.notes.iter().rev().map(|note| {
        format!(
            "<article><h2>Person {}: {}</h2><p>Note {}, {}, contact date {}</p><pre>{}</pre></article>",
            note.person_id,
            escaped(&note.title),
            note.case_note_id,
            note.status,
            escaped(&note.contact_date),
            escaped(&note.body)
        )
    });
    let notes: String = notes.collect();
    let empty = if notes.is_empty() { "<p>No note has been written yet.</p>" } else { "" };
    Html(format!(
        "<!doctype html><html lang=en-GB><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Stand-in for Mosaic</title><style>body{{font:1.1rem/1.5 sans-serif;max-width:45rem;margin:2rem auto;\
         padding:0 1rem}}pre{{white-space:pre-wrap;font:inherit;border-left:4px solid #1d70b8;padding-left:1rem}}</style>\
         <h1>Stand-in for Mosaic</h1><p>Notes on made-up records: {}. Nothing here is real.</p>{empty}{notes}",
        records.notes.len()
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
