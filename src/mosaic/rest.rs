//! Mosaic over HTTP, spelt by a dialect.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{Meaning, meaning, retry_after};
use super::dialect::Dialect;
use super::rest_credentials::{RestCredentials, Shown, Token};
use super::rest_write::unspelt;
use crate::calendar::Clock;
use crate::domain::{Payload, PersonId, Private, WriteBack, limit};
use crate::log::{self, milliseconds};
use crate::writeback::{Carried, Carrier, Found, Identity, Unidentified};

const CONNECT_TIME: Duration = Duration::from_secs(10);
const ANSWER_TIME: Duration = Duration::from_secs(60);
const RATE_PER_SECOND: u32 = 20;

/// Where Mosaic is and how tessera shows who it is.
#[derive(Debug, Clone)]
pub struct RestSettings {
    /// The address.
    pub url: String,
    /// How it shows that.
    pub credentials: RestCredentials,
    /// At most this many requests a second.
    pub rate_per_second: u32,
    /// The council's own certificate authority, PEM.
    pub certificate_authority: Option<Vec<u8>>,
    /// Mutual TLS: tessera's certificate, those above it, and its key, PEM.
    pub client_certificate: Option<SecretString>,
    /// The proxy. Without one Mosaic is spoken to directly, whatever the environment says.
    pub proxy: Option<String>,
    /// How long a connection may take.
    pub connect_time: Duration,
    /// How long an answer may take.
    pub answer_time: Duration,
}

impl RestSettings {
    /// Mosaic at an address, with the usual limits.
    pub fn new(url: impl Into<String>, credentials: RestCredentials) -> Self {
        Self {
            url: url.into(),
            credentials,
            rate_per_second: RATE_PER_SECOND,
            certificate_authority: None,
            client_certificate: None,
            proxy: None,
            connect_time: CONNECT_TIME,
            answer_time: ANSWER_TIME,
        }
    }
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
    /// The client certificate cannot be read. The cause would show the key.
    #[error("use the client certificate: it should be a certificate and its key, both PEM")]
    ClientCertificate,
    /// The proxy is none.
    #[error("use the proxy: {0}")]
    Proxy(String),
    /// The client cannot be made.
    #[error("make a client for HTTPS")]
    Client(#[source] reqwest::Error),
}

/// Mosaic over HTTP.
#[derive(Debug)]
pub struct RestCarrier {
    pub(super) dialect: Dialect,
    base: Url,
    pub(super) settings: RestSettings,
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) token: Mutex<Option<Token>>,
    /// When the next request may leave.
    next: Mutex<Instant>,
    requests: AtomicU64,
}

/// An exchange that did not come to an answer.
pub(super) enum Failed {
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
        let client = client(&settings, base.scheme() == "https", stay)?;
        let next = Mutex::new(Instant::now());
        Ok(Self { dialect, base, settings, client, clock, token: Mutex::default(), next, requests: AtomicU64::new(0) })
    }

    /// How many requests have left so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request, with a new token once if the old one is not taken any more. `operation` is what the dialect
    /// calls it.
    pub(super) async fn exchange(
        &self,
        operation: &'static str,
        request: impl Fn() -> Result<RequestBuilder, String> + Send + Sync,
    ) -> Result<Response, Failed> {
        let mut refused = None;
        loop {
            let (request, shown) = self.signed(request().map_err(Failed::NotSent)?, refused).await?;
            let response = self.send(operation, request).await?;
            match shown {
                Shown::Token(number) if meaning(response.status()) == Meaning::NotLetIn && refused.is_none() => {
                    log::debug!("Mosaic does not take the token any more: it is asked again with a new one.");
                    refused = Some(number);
                }
                Shown::Token(_) | Shown::Fixed => return Ok(response),
            }
        }
    }

    pub(super) async fn send(&self, operation: &'static str, request: RequestBuilder) -> Result<Response, Failed> {
        self.wait_for_turn(operation).await;
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let begun = Instant::now();
        let answer = request.send().await;
        let took = milliseconds(begun.elapsed());
        match answer {
            Ok(response) => {
                let status = response.status().as_u16();
                log::debug!(
                    "Mosaic answered.",
                    operation = operation,
                    status = status,
                    milliseconds = took,
                    request = number
                );
                Ok(response)
            }
            Err(error) => {
                let error = error.without_url();
                let never_left = error.is_connect() || error.is_builder();
                log::debug!(
                    "Mosaic did not answer.",
                    operation = operation,
                    never_left = never_left,
                    timed_out = error.is_timeout(),
                    milliseconds = took,
                    request = number
                );
                Err(if never_left {
                    Failed::NotSent(format!("Mosaic cannot be reached: {error}"))
                } else {
                    Failed::MaybeSent(format!("Mosaic did not answer: {error}"))
                })
            }
        }
    }

    /// Keeps to the rate.
    async fn wait_for_turn(&self, operation: &'static str) {
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_secs(1) / self.settings.rate_per_second.max(1);
            turn
        };
        let wait = milliseconds(turn.saturating_duration_since(Instant::now()));
        if wait > 0 {
            log::debug!("A request waits for its turn, to keep to the rate.", operation = operation, wait_ms = wait);
        }
        tokio::time::sleep_until(turn).await;
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, String> {
        self.base.join(path).map_err(|error| format!("the dialect makes no address: {error}"))
    }

    /// A page that Mosaic names itself: of this Mosaic or of none.
    pub(super) fn next_page(&self, named: &str) -> Result<Url, String> {
        let url = self.url(named)?;
        if url.origin() == self.base.origin() { Ok(url) } else { Err("Mosaic's next page lies elsewhere".to_owned()) }
    }

    pub(super) fn get(&self, url: &Url) -> RequestBuilder {
        self.client.request(Method::GET, url.clone())
    }
}

fn client(settings: &RestSettings, tls: bool, stay: redirect::Policy) -> Result<Client, RestTrouble> {
    let mut builder = Client::builder().redirect(stay).no_proxy();
    builder = builder.connect_timeout(settings.connect_time).timeout(settings.answer_time);
    if let Some(pem) = &settings.certificate_authority {
        let certificate = reqwest::Certificate::from_pem(pem).map_err(RestTrouble::Certificate)?;
        builder = builder.tls_certs_merge([certificate]);
    }
    if let Some(pem) = &settings.client_certificate {
        let identity = reqwest::Identity::from_pem(pem.expose_secret().as_bytes());
        builder = builder.identity(identity.map_err(|_| RestTrouble::ClientCertificate)?);
    }
    if let Some(proxy) = &settings.proxy {
        if !tls {
            return Err(RestTrouble::Proxy("what goes through one must be encrypted: https://".to_owned()));
        }
        let proxy = reqwest::Proxy::all(proxy).map_err(|_| RestTrouble::Proxy("it is no address".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(RestTrouble::Client)
}

impl Carrier for RestCarrier {
    async fn carry(&self, write_back: &WriteBack) -> Carried {
        match &write_back.payload {
            Payload::CaseNote { .. } => self.post(write_back, ("add-note", &self.dialect.add_note), "").await,
            Payload::Appendment { note, .. } => {
                self.post(write_back, ("append-to-note", &self.dialect.append_to_note), note).await
            }
            Payload::FormOutcome { .. } => self.answer(write_back).await,
            Payload::Document { .. } => self.upload(write_back).await,
            Payload::WorkflowStep { .. } => match &self.dialect.start_step {
                Some(operation) => self.post(write_back, ("start-step", operation), "").await,
                None => unspelt("start-step"),
            },
        }
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        let find = match &write_back.payload {
            Payload::CaseNote { .. } | Payload::Appendment { .. } => Some(("find-notes", &self.dialect.find_notes)),
            Payload::FormOutcome { .. } => return self.find_answer(write_back).await,
            Payload::Document { .. } => self.dialect.find_documents.as_ref().map(|find| ("find-documents", find)),
            Payload::WorkflowStep { .. } => self.dialect.find_steps.as_ref().map(|find| ("find-steps", find)),
        };
        match find {
            Some(find) => self.find_on_record(write_back, find).await,
            None => Found::Doubtful { reason: "the dialect has no way to read this kind back".to_owned() },
        }
    }

    async fn identify(&self, person: PersonId) -> Result<Identity, Unidentified> {
        let operation = &self.dialect.person;
        let unreachable = |reason| Unidentified::Unreachable { reason, retry_after: None };
        let url = self.url(&operation.path.replace("{person}", &person.to_string())).map_err(unreachable)?;
        let response = self.exchange("person", || Ok(self.get(&url))).await;
        let response = response.map_err(|failed| unreachable(failed.reason()))?;
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
            initials: operation.initials.as_ref().and_then(|pointer| text_at(&answer, pointer)).map(Private::new),
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
    pub(super) fn reason(self) -> String {
        match self {
            Self::NotSent(reason) | Self::MaybeSent(reason) => reason,
        }
    }
}

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
}

/// The text or number at a pointer.
pub(super) fn text_at(answer: &Value, pointer: &str) -> Option<String> {
    match answer.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An answer's body, up to the limit. The error never shows it.
pub(super) async fn body(mut response: Response) -> Result<Value, String> {
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
    log::trace!("An answer of Mosaic’s was read.", bytes = bytes.len());
    serde_json::from_slice(&bytes).map_err(|_| "Mosaic's answer cannot be understood".to_owned())
}
