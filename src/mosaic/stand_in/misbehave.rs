//! Every request passes here, and is done or not as its fault wants it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fault::{FaultKind, FaultOperation, RetryAfter};
use super::journal::StandInLogged;
use super::office::{Office, locked};
use super::problem::Problem;
use super::token::not_signed_in;

/// Bytes of one request: a scanned document has some tens of megabytes.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Milliseconds that anything is late at most, so that nothing hangs for ever.
const LATE_MILLISECONDS_MAX: u64 = 60_000;

/// Milliseconds that the first half of an answer has to get away before the connection is cut.
const MIDWAY_MILLISECONDS: u64 = 20;

/// A request that can be done, once or twice, now or later.
#[derive(Clone)]
struct Call {
    office: Arc<Office>,
    operation: FaultOperation,
    number: u64,
    parts: Parts,
    body: Bytes,
    next: Next,
}

/// Answers a request, or misbehaves if the stand-in was told to.
pub(super) async fn misbehave(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    let entry = StandInLogged::of(&request, &office);
    let Some(operation) = entry.operation else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the request is too large").into_response();
    };
    if office.is_stopped() {
        return Answer::Cut.into_response();
    }
    let (fault, number) = {
        // Both under one lock, so that the journal has the order in which fates were decided.
        let mut faults = locked(&office.faults);
        let fault = faults.next(operation);
        let number = locked(&office.journal).enter(StandInLogged { fault, ..entry });
        (fault, number)
    };
    let call = Call { office: office.clone(), operation, number, parts, body, next };
    let answer = match fault {
        Some(fault) => call.go_wrong(fault).await,
        None => Answer::Whole(call.run().await),
    };
    if let Some(entry) = locked(&office.journal).entry(number) {
        entry.status = answer.status();
    }
    answer.into_response()
}

/// What is answered.
enum Answer {
    Whole(Response),
    /// Half of the answer's body, and then nothing.
    Half(StatusCode, Bytes),
    /// The connection is cut.
    Cut,
}

impl Call {
    /// Does it.
    async fn run(self) -> Response {
        self.next.run(Request::from_parts(self.parts, Body::from(self.body))).await
    }

    async fn go_wrong(self, fault: FaultKind) -> Answer {
        Answer::Whole(match fault {
            FaultKind::CutBefore => return Answer::Cut,
            FaultKind::CutAfter => {
                drop(self.run().await);
                return Answer::Cut;
            }
            FaultKind::CutMidway => {
                let (status, body) = read(self.run().await).await;
                return Answer::Half(status, body.slice(..body.len() / 2));
            }
            FaultKind::Status(status) => told(status).into_response(),
            FaultKind::StatusAfter(status) => {
                drop(self.run().await);
                told(status).into_response()
            }
            FaultKind::RetryAfter { status, after } => {
                told(status).with(header::RETRY_AFTER, self.retry_after(after)).into_response()
            }
            FaultKind::Garbage => {
                drop(self.clone().run().await);
                (self.status_when_done(), "<html>").into_response()
            }
            FaultKind::Duplicate => {
                let first = self.clone().run().await;
                if first.status().is_success() { self.again().run().await } else { first }
            }
            FaultKind::Slow(milliseconds) => {
                let answer = self.run().await;
                sleep(milliseconds).await;
                answer
            }
            FaultKind::Late { milliseconds, status } => {
                self.later(milliseconds);
                let Some(status) = status else { return Answer::Cut };
                told(status).into_response()
            }
            FaultKind::OtherPerson => for_another_person(self.run().await).await,
            FaultKind::OtherRequest => self.about_something_else().await,
            FaultKind::Redirect => self.elsewhere(),
            FaultKind::TokenRefused => not_signed_in().into_response(),
            FaultKind::TokensExpired => {
                locked(&self.office.door).expire();
                not_signed_in().into_response()
            }
            FaultKind::ChangedMeanwhile => {
                self.change_the_form();
                self.run().await
            }
        })
    }

    /// The same once more, by nothing to be told from a new one.
    fn again(mut self) -> Self {
        self.parts.headers.remove("Idempotency-Key");
        self.parts.headers.insert(header::IF_MATCH, HeaderValue::from_static("*"));
        self
    }

    /// Does it after a while, whatever has been answered.
    fn later(self, milliseconds: u64) {
        self.office.pending.fetch_add(1, Ordering::SeqCst);
        let task = async move {
            sleep(milliseconds).await;
            let (office, number) = (self.office.clone(), self.number);
            if !office.is_stopped() {
                let answer = self.run().await;
                if let Some(entry) = locked(&office.journal).entry(number) {
                    entry.late_status = Some(answer.status().as_u16());
                }
            }
            office.pending.fetch_sub(1, Ordering::SeqCst);
        };
        // Nobody waits for it; it ends with the runtime at the latest.
        drop(tokio::spawn(task));
    }

    /// The status of this operation when it goes well.
    const fn status_when_done(&self) -> StatusCode {
        match self.operation {
            FaultOperation::AnswerForm => StatusCode::OK,
            operation if operation.writes() => StatusCode::CREATED,
            _ => StatusCode::OK,
        }
    }

    fn retry_after(&self, after: RetryAfter) -> HeaderValue {
        let text = match after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => {
                let then = self.office.now().saturating_add(SignedDuration::from_secs(seconds));
                let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
                then.ok().and_then(|then| printer.timestamp_to_rfc9110_string(&then).ok()).unwrap_or_default()
            }
            RetryAfter::Garbage => "soon".to_owned(),
        };
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("soon"))
    }

    /// Does it, and answers about something else: about a note where it was no note, about a document where it was.
    async fn about_something_else(self) -> Response {
        let operation = self.operation;
        let created_at = self.office.moment();
        let (status, body) = read(self.run().await).await;
        let whole: Value = serde_json::from_slice(&body).unwrap_or_default();
        let person = whole.get("personId");
        let of_notes =
            matches!(operation, FaultOperation::AddNote | FaultOperation::AppendToNote | FaultOperation::FindNotes);
        let other = if of_notes { ("documentId", 7_001) } else { ("caseNoteId", 5_001) };
        let answer = json!({ other.0: other.1, "personId": person, "createdAt": created_at });
        (status, axum::Json(answer)).into_response()
    }

    /// Sends the client to another origin, which is the same stand-in by another name: the journal tells whether the client
    /// went there.
    fn elsewhere(&self) -> Response {
        let host = self.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        let other = if host.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
        let path = self.parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let place = format!("http://{other}:{}{path}", self.office.address.port());
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response()
    }

    /// Somebody else saves the form that is to be answered.
    fn change_the_form(&self) {
        let mut ids = self.parts.uri.path().split('/').filter_map(|part| part.parse::<u64>().ok());
        let (Some(step), Some(form)) = (ids.next(), ids.next()) else { return };
        let changed = self.office.change(|records| {
            records.forms.iter_mut().filter(|known| known.is(step, form)).for_each(super::forms::Form::change);
            Ok(())
        });
        // What cannot be kept is told by the request itself, which comes next.
        drop(changed);
    }
}

impl Answer {
    fn status(&self) -> Option<u16> {
        match self {
            Self::Whole(response) => Some(response.status().as_u16()),
            Self::Half(status, _) => Some(status.as_u16()),
            Self::Cut => None,
        }
    }

    fn into_response(self) -> Response {
        let broken = || Err::<Bytes, _>(io::Error::other("cut"));
        let (status, body) = match self {
            Self::Whole(response) => return response,
            // A body that breaks off at once takes the head of the answer with it.
            Self::Cut => (StatusCode::OK, Body::from_stream(stream::iter([broken()]))),
            Self::Half(status, half) => {
                let end = stream::once(async move {
                    sleep(MIDWAY_MILLISECONDS).await;
                    broken()
                });
                (status, Body::from_stream(stream::iter([Ok(half)]).chain(end)))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds.min(LATE_MILLISECONDS_MAX))).await;
}

/// A status that the stand-in was told to answer with, as the kind of problem that has it.
fn told(status: u16) -> Problem {
    let kind = match status {
        403 => "restricted",
        404 => "not-found",
        409 => "already-there",
        410 => "merged",
        412 => "changed",
        422 => "unfit",
        423 => "checked-out",
        429 => "too-many-requests",
        _ => "told-to-misbehave",
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Problem::new(status, kind, "told to misbehave")
}

async fn read(response: Response) -> (StatusCode, Bytes) {
    let status = response.status();
    (status, to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap_or_default())
}

/// The answer with the next person's id for every one in it.
async fn for_another_person(response: Response) -> Response {
    let tag = response.headers().get(header::ETAG).cloned();
    let (status, body) = read(response).await;
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return (status, body).into_response() };
    let items = answer.get_mut("items").and_then(Value::as_array_mut);
    items.into_iter().flatten().for_each(other_person);
    other_person(&mut answer);
    let mut response = (status, axum::Json(answer)).into_response();
    response.headers_mut().extend(tag.map(|tag| (header::ETAG, tag)));
    response
}

fn other_person(value: &mut Value) {
    if let Some(person) = value.get_mut("personId") {
        let id = person.as_u64().unwrap_or(0);
        *person = Value::from(id.saturating_add(1));
    }
}
