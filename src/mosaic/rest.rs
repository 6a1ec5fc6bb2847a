//! Mosaic over HTTP, spelt by a dialect.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::ToSpan as _;
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{Meaning, meaning, retry_after};
use super::dialect::{Dialect, WriteOperation};
use crate::calendar::Clock;
use crate::domain::{Payload, PersonId, Private, Receipt, WriteBack, limit};
use crate::writeback::{Carried, Carrier, Found, Identity, Unidentified, is_in};

const CONNECT_TIME: Duration = Duration::from_secs(10);
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Pages of notes that are read for one child: beyond them something is wrong with the paging.
const PAGES_MAX: usize = 500;

/// Where Mosaic is and how tessera shows who it is.
#[derive(Debug, Clone)]
pub struct RestSettings {
    /// The address.
    pub url: String,
    /// The name by which Mosaic knows tessera.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SecretString,
    /// At most this many requests a second.
    pub rate_per_second: u32,
    /// The council's own certificate authority, PEM.
    pub certificate_authority: Option<Vec<u8>>,
}

/// Why there is no way to Mosaic.
#[derive(Debug, thiserror::Error)]
pub enum RestTrouble {
    /// The address is none.
    #[error("use the address of Mosaic: {0}")]
    Address(String),
    /// The certificate authority cannot be read.
    #[error("use the certificate authority")]
    Certificate(#[source] reqwest::Error),
    /// The client cannot be made.
    #[error("make a client for HTTPS")]
    Client(#[source] reqwest::Error),
}

/// Mosaic over HTTP.
#[derive(Debug)]
pub struct RestCarrier {
    dialect: Dialect,
    base: Url,
    settings: RestSettings,
    client: Client,
    clock: Clock,
    token: Mutex<Option<SecretString>>,
    /// When the next request may leave.
    next: Mutex<Instant>,
    requests: AtomicU64,
}

/// An exchange that did not come to an answer.
enum Failed {
    /// The request surely never left.
    NotSent(String),
    /// It may have.
    MaybeSent(String),
}

impl RestCarrier {
    /// A way to the Mosaic at `settings.url`. Without TLS only on loopback.
    pub fn new(dialect: Dialect, settings: RestSettings, clock: Clock) -> Result<Self, RestTrouble> {
        let base = Url::parse(&settings.url).map_err(|error| RestTrouble::Address(error.to_string()))?;
        let host = base.host_str().unwrap_or("");
        let loopback = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(is_loopback);
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(RestTrouble::Address("it must begin with https://, unless it is on this machine".to_owned()));
        }
        let origin = base.origin();
        let stay = redirect::Policy::custom(move |attempt| {
            if attempt.url().origin() == origin && attempt.previous().len() < 5 {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let mut builder = Client::builder().redirect(stay).connect_timeout(CONNECT_TIME).timeout(ANSWER_TIME);
        if let Some(pem) = &settings.certificate_authority {
            let certificate = reqwest::Certificate::from_pem(pem).map_err(RestTrouble::Certificate)?;
            builder = builder.tls_certs_merge([certificate]);
        }
        let client = builder.build().map_err(RestTrouble::Client)?;
        let next = Mutex::new(Instant::now());
        Ok(Self { dialect, base, settings, client, clock, token: Mutex::default(), next, requests: AtomicU64::new(0) })
    }

    /// How many requests have left so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request, with a new token once if the old one is not taken any more.
    async fn exchange(
        &self,
        request: impl Fn() -> Result<RequestBuilder, String> + Send + Sync,
    ) -> Result<Response, Failed> {
        for renewed in [false, true] {
            let token = self.token(renewed).await?;
            let request = request().map_err(Failed::NotSent)?.bearer_auth(token.expose_secret());
            let response = self.send(request).await?;
            if meaning(response.status()) != Meaning::NotLetIn || renewed {
                return Ok(response);
            }
        }
        Err(Failed::NotSent("Mosaic does not let tessera in".to_owned()))
    }

    async fn token(&self, renew: bool) -> Result<SecretString, Failed> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|_| !renew) {
            return Ok(token.clone());
        }
        let url = self.url(&self.dialect.token).map_err(Failed::NotSent)?;
        let request = self
            .client
            .post(url)
            .basic_auth(&self.settings.client_id, Some(self.settings.client_secret.expose_secret()))
            .form(&[("grant_type", "client_credentials")]);
        // Whatever becomes of a request for a token, nothing is written by it.
        let unsent = |why: String| Failed::NotSent(why);
        let response = self.send(request).await.map_err(|failed| unsent(failed.reason()))?;
        if !response.status().is_success() {
            return Err(unsent(format!("Mosaic gives no token: status {}", response.status().as_u16())));
        }
        let answer = body(response).await.map_err(unsent)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let Some(token) = token else { return Err(unsent("Mosaic's answer holds no token".to_owned())) };
        let token = SecretString::from(token);
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failed> {
        self.wait_for_turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        request.send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() || error.is_builder() {
                Failed::NotSent(format!("Mosaic cannot be reached: {error}"))
            } else {
                Failed::MaybeSent(format!("Mosaic did not answer: {error}"))
            }
        })
    }

    /// Keeps to the rate.
    async fn wait_for_turn(&self) {
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_secs(1) / self.settings.rate_per_second.max(1);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.base.join(path).map_err(|error| format!("the dialect makes no address: {error}"))
    }

    /// A page that Mosaic names itself: of this Mosaic or of none.
    fn next_page(&self, named: &str) -> Result<Url, String> {
        let url = self.url(named)?;
        if url.origin() == self.base.origin() { Ok(url) } else { Err("Mosaic's next page lies elsewhere".to_owned()) }
    }

    fn get(&self, url: &Url) -> RequestBuilder {
        self.client.request(Method::GET, url.clone())
    }

    /// Binds an answer to its own request: another child's id in it is no receipt.
    fn receipt(&self, operation: &WriteOperation, write_back: &WriteBack, answer: &Value) -> Option<Receipt> {
        let person = text_at(answer, &operation.person);
        if person.is_some_and(|person| person != write_back.person.to_string()) {
            return None;
        }
        Some(Receipt {
            mosaic_id: text_at(answer, &operation.id)?,
            mosaic_time: text_at(answer, &operation.created),
            known_at: self.clock.now(),
            by_reading: false,
        })
    }

    /// The notes on a person's record that hold the reference: id and time.
    async fn matching(&self, write_back: &WriteBack) -> Result<Vec<(String, Option<String>, Option<String>)>, String> {
        let find = &self.dialect.find_notes;
        let from = write_back.payload.contact_date().saturating_sub(1.months());
        let path = find.path.replace("{person}", &write_back.person.to_string()).replace("{from}", &from.to_string());
        let mut page = Some(self.url(&path)?);
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(url) = page.take() else { return Ok(found) };
            let response = self.exchange(|| Ok(self.get(&url))).await.map_err(|failed| failed.reason())?;
            if !response.status().is_success() {
                return Err(format!("Mosaic does not show the notes: status {}", response.status().as_u16()));
            }
            let answer = body(response).await?;
            let items = answer.pointer(&find.items).and_then(Value::as_array).ok_or("the answer holds no notes")?;
            for item in items {
                let text = item.pointer(&find.body).and_then(Value::as_str).unwrap_or("");
                // A note that was deleted, is a draft or has timed out was written all the same.
                if is_in(&write_back.reference, text) {
                    let id = text_at(item, &find.id).ok_or("a note has no id")?;
                    found.push((id, text_at(item, &find.created), text_at(item, &find.person)));
                }
            }
            if let Some(next) = answer.pointer(&find.next).and_then(Value::as_str) {
                page = Some(self.next_page(next)?);
            }
        }
        Err("the notes have more pages than can be right".to_owned())
    }
}

impl Carrier for RestCarrier {
    async fn carry(&self, write_back: &WriteBack) -> Carried {
        let (operation, note) = match &write_back.payload {
            Payload::CaseNote { .. } => (&self.dialect.add_note, ""),
            Payload::Appendment { note, .. } => (&self.dialect.append_to_note, note.as_str()),
        };
        let path = operation.path.replace("{person}", &write_back.person.to_string()).replace("{note}", note);
        let body_to_send = operation.body(|name| value_of(&write_back.payload, name));
        let url = match self.url(&path) {
            Ok(url) => url,
            Err(reason) => return Carried::Refused { reason },
        };
        let request = || {
            let request = self.client.post(url.clone()).header("Idempotency-Key", write_back.id.to_string());
            Ok(request.json(&body_to_send))
        };
        let response = match self.exchange(request).await {
            Ok(response) => response,
            Err(Failed::NotSent(reason)) => return Carried::Unsent { reason, retry_after: None },
            Err(Failed::MaybeSent(reason)) => return Carried::Unknown { reason },
        };
        let status = response.status();
        let reason = format!("Mosaic answered with status {}", status.as_u16());
        let retry_after = retry_after(response.headers(), self.clock.now());
        match meaning(status) {
            Meaning::Done => match body(response).await {
                Ok(answer) => match self.receipt(operation, write_back, &answer) {
                    Some(receipt) => Carried::Done(receipt),
                    None => Carried::Unknown { reason: "Mosaic's answer is not one to this request".to_owned() },
                },
                Err(reason) => Carried::Unknown { reason },
            },
            Meaning::Refused => Carried::Refused { reason },
            Meaning::NotYet | Meaning::NotLetIn => Carried::Unsent { reason, retry_after },
            Meaning::Unknown => Carried::Unknown { reason },
        }
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        let found = match self.matching(write_back).await {
            Ok(found) => found,
            Err(reason) => return Found::Unreadable { reason },
        };
        let elsewhere =
            |person: &Option<String>| person.as_ref().is_some_and(|person| *person != write_back.person.to_string());
        match found.as_slice() {
            [] => Found::Nowhere,
            [(id, _, person)] if elsewhere(person) => Found::Doubtful {
                reason: format!(
                    "note {id} with this reference is on another person's record, not {}",
                    write_back.person
                ),
            },
            [(id, created, _)] => Found::Once(Receipt {
                mosaic_id: id.clone(),
                mosaic_time: created.clone(),
                known_at: self.clock.now(),
                by_reading: true,
            }),
            several => {
                let ids: Vec<&str> = several.iter().map(|(id, ..)| id.as_str()).collect();
                Found::Doubtful { reason: format!("several notes have this reference: {}", ids.join(", ")) }
            }
        }
    }

    async fn identify(&self, person: PersonId) -> Result<Identity, Unidentified> {
        let operation = &self.dialect.person;
        let unreachable = |reason| Unidentified::Unreachable { reason, retry_after: None };
        let url = self.url(&operation.path.replace("{person}", &person.to_string())).map_err(unreachable)?;
        let response = self.exchange(|| Ok(self.get(&url))).await.map_err(|failed| unreachable(failed.reason()))?;
        let status = response.status();
        let reason = format!("status {}", status.as_u16());
        match meaning(status) {
            Meaning::Done => {}
            Meaning::Refused => return Err(Unidentified::Refused { reason }),
            _ => {
                let retry_after = retry_after(response.headers(), self.clock.now());
                return Err(Unidentified::Unreachable { reason, retry_after });
            }
        }
        let answer = body(response).await.map_err(unreachable)?;
        let id = text_at(&answer, &operation.id).and_then(|id| id.parse().ok());
        let Some(id) = id else { return Err(unreachable("Mosaic's answer names no person".to_owned())) };
        let status = text_at(&answer, &operation.status).unwrap_or_default();
        Ok(Identity {
            person: id,
            date_of_birth: text_at(&answer, &operation.date_of_birth)
                .and_then(|day| day.parse().ok())
                .map(Private::new),
            closed: operation.closed.contains(&status),
            restricted: answer.pointer(&operation.restricted).and_then(Value::as_bool).unwrap_or(false),
            merged_into: text_at(&answer, &operation.merged_into).and_then(|id| id.parse().ok()),
        })
    }
}

impl Failed {
    fn reason(self) -> String {
        match self {
            Self::NotSent(reason) | Self::MaybeSent(reason) => reason,
        }
    }
}

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
}

/// One of our values for a request's body.
fn value_of(payload: &Payload, name: &str) -> Value {
    match (payload, name) {
        (payload, "{body}") => Value::from(payload.body().expose().as_str()),
        (payload, "{contact-date}") => Value::from(payload.contact_date().to_string()),
        (Payload::CaseNote { note_type, .. }, "{type}") => Value::from(note_type.as_str()),
        (Payload::CaseNote { title, .. }, "{title}") => Value::from(title.as_str()),
        (Payload::CaseNote { alert_recipients, .. }, "{alert-recipients}") => Value::from(alert_recipients.as_slice()),
        _ => Value::Null,
    }
}

/// The text or number at a pointer.
fn text_at(answer: &Value, pointer: &str) -> Option<String> {
    match answer.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An answer's body, up to the limit. The error never shows it.
async fn body(mut response: Response) -> Result<Value, String> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Err("Mosaic's answer was cut off".to_owned()),
        }
        if bytes.len() > limit::HTTP_BODY_BYTES_MAX {
            return Err("Mosaic's answer is too large".to_owned());
        }
    }
    serde_json::from_slice(&bytes).map_err(|_| "Mosaic's answer cannot be understood".to_owned())
}
