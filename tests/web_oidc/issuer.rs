//! An issuer on this machine that is as strict as OpenID Connect asks, and says of whoever comes what a test tells it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) const CLIENT: &str = "tessera";
pub(super) const SECRET: &str = "a secret: with % signs";

type Fields = HashMap<String, String>;

/// A key of the issuer.
#[derive(Clone)]
pub(super) struct Key {
    id: &'static str,
    pair: Arc<KeyPair>,
}

impl Key {
    pub(super) fn rsa(id: &'static str) -> Self {
        Self { id, pair: Arc::new(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()) }
    }

    pub(super) fn ec(id: &'static str) -> Self {
        Self { id, pair: Arc::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()) }
    }

    fn is_rsa(&self) -> bool {
        self.pair.algorithm() == &PKCS_RSA_SHA256
    }

    fn algorithm(&self) -> &'static str {
        if self.is_rsa() { "RS256" } else { "ES256" }
    }

    /// The public half (RFC 7517).
    fn public(&self) -> Value {
        let raw = rcgen::PublicKeyData::der_bytes(&*self.pair);
        if self.is_rsa() {
            let [n, e] = integers(raw).map(base64);
            json!({ "kty": "RSA", "use": "sig", "kid": self.id, "alg": "RS256", "n": n, "e": e })
        } else {
            let [x, y] = [&raw[1..33], &raw[33..65]].map(base64);
            json!({ "kty": "EC", "use": "sig", "kid": self.id, "crv": "P-256", "x": x, "y": y })
        }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let signature = self.pair.sign(text.as_bytes()).unwrap();
        if self.is_rsa() {
            return signature;
        }
        // A token wants both numbers at their full width, one after the other (RFC 7518, 3.4).
        let padded = |integer: &[u8]| [vec![0; 32 - integer.len()], integer.to_vec()].concat();
        integers(&signature).map(padded).concat()
    }
}

/// The two integers of a DER sequence, without the zero that keeps them positive.
fn integers(der: &[u8]) -> [&[u8]; 2] {
    fn value(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, rest) = match der[1] {
            short @ 0..=0x7F => (usize::from(short), &der[2..]),
            0x81 => (usize::from(der[2]), &der[3..]),
            _ => (usize::from(der[2]) << 8 | usize::from(der[3]), &der[4..]),
        };
        rest.split_at(length)
    }
    let (first, rest) = value(value(der).0);
    [first, value(rest).0].map(|integer| if integer[0] == 0 { &integer[1..] } else { integer })
}

/// Base64 for addresses, without padding (RFC 4648, 5).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for letter in 0..=chunk.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * letter) & 63) as usize]));
        }
    }
    text
}

/// How the issuer behaves.
pub(super) struct Manners {
    /// With which it signs.
    pub(super) key: Key,
    /// Which it shows.
    pub(super) shown: Vec<Key>,
    /// What is changed in the claims before they are signed.
    pub(super) claims: Value,
    /// What is changed in the header.
    pub(super) header: Value,
    /// What is changed in the claims after they were signed.
    pub(super) forged: Value,
    /// What is done with the signature.
    pub(super) signature: fn(&str) -> String,
    /// The error with which it sends people back.
    pub(super) error: Option<&'static str>,
    /// What it says of itself beside the usual.
    pub(super) about: Value,
    pub(super) is_down: bool,
    /// How often it was asked about itself, and how often it was asked for a token.
    pub(super) asked: (usize, usize),
    codes: HashMap<String, Fields>,
}

#[derive(Clone)]
pub(super) struct Issuer {
    pub(super) url: String,
    manners: Arc<Mutex<Manners>>,
}

impl Issuer {
    pub(super) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// An issuer that speaks TLS where there is a certificate with its key, PEM.
    pub(super) async fn start_with(tls: Option<(String, String)>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let key = Key::rsa("first");
        let manners = Manners {
            shown: vec![key.clone()],
            key,
            claims: json!({}),
            header: json!({}),
            forged: json!({}),
            signature: |signature| format!(".{signature}"),
            error: None,
            about: json!({}),
            is_down: false,
            asked: (0, 0),
            codes: HashMap::new(),
        };
        let issuer = Self { url, manners: Arc::new(Mutex::new(manners)) };
        let pages = Router::new()
            .route("/.well-known/openid-configuration", get(about))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(issuer.clone());
        let pages = pages.into_make_service();
        if let Some((certificate, key)) = tls {
            let tls = RustlsConfig::from_pem(certificate.into_bytes(), key.into_bytes()).await.unwrap();
            tokio::spawn(axum_server::from_tcp_rustls(listener, tls).unwrap().serve(pages));
        } else {
            tokio::spawn(axum_server::from_tcp(listener).unwrap().serve(pages));
        }
        issuer
    }

    pub(super) fn manners(&self) -> MutexGuard<'_, Manners> {
        self.manners.lock().unwrap()
    }

    fn signed(&self, asked: &Fields) -> String {
        let manners = self.manners();
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({
            "iss": self.url, "sub": "0001", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
            "preferred_username": "Sam.Officer@council.example", "roles": ["Panel.Administrator"],
        });
        let header = json!({ "typ": "JWT", "alg": manners.key.algorithm(), "kid": manners.key.id });
        let (header, claims) = (changed_by(header, &manners.header), changed_by(claims, &manners.claims));
        let part = |part: &Value| base64(part.to_string().as_bytes());
        let text = |claims: &Value| format!("{}.{}", part(&header), part(claims));
        let signature = (manners.signature)(&base64(&manners.key.sign(&text(&claims))));
        text(&changed_by(claims, &manners.forged)) + &signature
    }
}

/// An object with some of its members changed; `null` takes one away.
fn changed_by(mut usual: Value, changed: &Value) -> Value {
    for (key, value) in changed.as_object().unwrap() {
        usual[key] = value.clone();
    }
    usual.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    usual
}

async fn about(State(issuer): State<Issuer>) -> Response {
    let mut manners = issuer.manners();
    manners.asked.0 += 1;
    if manners.is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let own = |path: &str| format!("{}{path}", issuer.url);
    let about = json!({
        "issuer": issuer.url, "authorization_endpoint": own("/authorize"), "token_endpoint": own("/token"),
        "jwks_uri": own("/keys"), "end_session_endpoint": own("/end"), "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
    });
    Json(changed_by(about, &manners.about)).into_response()
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    let keys: Vec<Value> = issuer.manners().shown.iter().map(Key::public).collect();
    Json(json!({ "keys": keys }))
}

/// Somebody has come, and signs in at once.
async fn authorize(State(issuer): State<Issuer>, Query(asked): Query<Fields>) -> Response {
    let fixed = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
    ];
    for (key, value) in fixed {
        assert_eq!(asked[key], value, "{key}");
    }
    assert!(["state", "nonce", "code_challenge"].iter().all(|key| asked[*key].len() >= 22), "{asked:?}");
    let mut manners = issuer.manners();
    let answer = match manners.error {
        Some(error) => format!("error={error}&error_description=Sam+Officer+may+not"),
        None => {
            let code = format!("code-{}", manners.codes.len());
            manners.codes.insert(code.clone(), asked.clone());
            format!("code={code}")
        }
    };
    Redirect::to(&format!("{}?{answer}&state={}", asked["redirect_uri"], asked["state"])).into_response()
}

/// A code is changed for a token, once, by whoever has asked for it (RFC 6749, 4.1.3; RFC 7636, 4.6).
async fn token(State(issuer): State<Issuer>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let refused = |status, error: &str| (status, Json(json!({ "error": error }))).into_response();
    // In a header each half is encoded as in a form (RFC 6749, 2.3.1).
    let encoded = "tessera:a+secret%3A+with+%25+signs";
    let shown = headers.get("authorization").map(|value| value.to_str().unwrap().trim_end_matches('='));
    issuer.manners().asked.1 += 1;
    if shown != Some(&format!("Basic {}", base64(encoded.as_bytes()).replace('-', "+").replace('_', "/"))) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let Some(asked) = issuer.manners().codes.insert(fields["code"].clone(), Fields::new()) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let challenge = base64(&Sha256::digest(&fields["code_verifier"]));
    let is_right = asked.get("redirect_uri") == fields.get("redirect_uri")
        && asked.get("code_challenge") == Some(&challenge)
        && fields["grant_type"] == "authorization_code";
    if !is_right {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let token = issuer.signed(&asked);
    Json(json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": token }))
        .into_response()
}
