//! The door: tokens for those who know the secret, and nobody let in without one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Form;
use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::office::{Office, locked};
use super::problem::Problem;

/// How long a token is good unless something else was said.
const SECONDS: u32 = 600;

/// Tokens that are remembered: the oldest is forgotten for a newer one.
const TOKENS_MAX: usize = 1_000;

/// Who is let in, and for how long.
#[derive(Debug)]
pub(super) struct Door {
    tokens: VecDeque<(String, Timestamp)>,
    seconds: u32,
    /// The only client; nobody named: everyone who has a name and a secret.
    client: Option<(String, SecretString)>,
}

impl Default for Door {
    fn default() -> Self {
        Self { tokens: VecDeque::new(), seconds: SECONDS, client: None }
    }
}

impl Door {
    /// A token, and how many seconds it is good.
    fn give(&mut self, now: Timestamp) -> (String, u32) {
        if self.tokens.len() >= TOKENS_MAX {
            self.tokens.pop_front();
        }
        let token = format!("stand-in-{}", Uuid::now_v7());
        let until = now.saturating_add(SignedDuration::from_secs(self.seconds.into())).unwrap_or(Timestamp::MAX);
        self.tokens.push_back((token.clone(), until));
        (token, self.seconds)
    }

    fn lets_in(&self, token: &str, now: Timestamp) -> bool {
        self.tokens.iter().any(|(known, until)| known == token && now < *until)
    }

    fn knows(&self, id: &str, secret: &str) -> bool {
        match &self.client {
            Some((known, wanted)) => id == known && secret == wanted.expose_secret(),
            None => !id.is_empty() && !secret.is_empty(),
        }
    }

    /// From now on no token is good.
    pub(super) fn expire(&mut self) {
        self.tokens.clear();
    }

    pub(super) const fn give_for(&mut self, seconds: u32) {
        self.seconds = seconds;
    }

    pub(super) fn let_in_only(&mut self, id: String, secret: SecretString) {
        self.client = Some((id, secret));
    }
}

pub(super) async fn give(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Json<Value>, Problem> {
    let asked = form.ok().and_then(|Form(mut form)| form.remove("grant_type"));
    if asked.as_deref() != Some("client_credentials") {
        let detail = "the form asks for `grant_type=client_credentials`";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "unsupported-grant-type", detail));
    }
    let mut door = locked(&office.door);
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !given.and_then(basic).is_some_and(|(id, secret)| door.knows(&id, &secret)) {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid-client", "the client or its secret is not known");
        return Err(problem.with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"stand-in\"")));
    }
    let (token, seconds) = door.give(office.now());
    Ok(Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds })))
}

/// Lets through whoever has a token that is good.
pub(super) async fn signed_in(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or("");
    if locked(&office.door).lets_in(token, office.now()) {
        return next.run(request).await;
    }
    office.log_refused(&request);
    not_signed_in().into_response()
}

/// The token is none, or not good any more.
pub(super) fn not_signed_in() -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"stand-in\", error=\"invalid_token\"");
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", "the token is none or has expired");
    problem.with(header::WWW_AUTHENTICATE, challenge)
}

/// The name and the secret of `Basic` (RFC 7617).
fn basic(given: &str) -> Option<(String, String)> {
    let text = String::from_utf8(from_base64(given.strip_prefix("Basic ")?.trim())?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// Bytes written in base 64 (RFC 4648, section 4).
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut width) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from((bits >> width) & 0xff).ok()?);
            bits &= (1 << width) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_good_for_as_long_as_was_said() {
        let mut door = Door::default();
        let (token, seconds) = door.give(at("2026-11-27T09:00:00Z"));
        assert_eq!(seconds, 600);
        assert!(door.lets_in(&token, at("2026-11-27T09:09:59Z")));
        assert!(!door.lets_in(&token, at("2026-11-27T09:10:00Z")));
        assert!(!door.lets_in("stand-in", at("2026-11-27T09:00:00Z")));
        door.give_for(5);
        let (short, _) = door.give(at("2026-11-27T09:00:00Z"));
        assert_ne!(short, token);
        assert!(!door.lets_in(&short, at("2026-11-27T09:00:05Z")));
        door.expire();
        assert!(!door.lets_in(&token, at("2026-11-27T09:00:01Z")));
    }

    #[test]
    fn tokens_are_forgotten_the_oldest_first() {
        let mut door = Door::default();
        let now = at("2026-11-27T09:00:00Z");
        let first = door.give(now).0;
        let second = door.give(now).0;
        for _ in 0..TOKENS_MAX - 1 {
            door.give(now);
        }
        assert!(!door.lets_in(&first, now));
        assert!(door.lets_in(&second, now));
    }

    #[test]
    fn a_client_is_known_by_its_secret() {
        let mut door = Door::default();
        assert!(door.knows("anybody", "anything"));
        assert!(!door.knows("anybody", "") && !door.knows("", "anything"));
        door.let_in_only("tessera".into(), SecretString::from("secret"));
        assert!(door.knows("tessera", "secret"));
        assert!(!door.knows("tessera", "Secret") && !door.knows("anybody", "secret"));
    }

    #[test]
    fn basic_is_read_whatever_the_secret_holds() {
        assert_eq!(basic("Basic dGVzc2VyYTpzZWNyZXQ="), Some(("tessera".into(), "secret".into())));
        assert_eq!(basic("Basic YTpiOmM="), Some(("a".into(), "b:c".into())));
        for wrong in ["Basic", "Basic ???", "Bearer dGVzc2VyYTpzZWNyZXQ=", "Basic dGVzc2VyYQ==", "Basic /w=="] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
        assert_eq!(from_base64("+/+/AA=="), Some(vec![0xfb, 0xff, 0xbf, 0x00]));
    }
}
