//! How tessera shows Mosaic who it is.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::rest::{Failed, RestCarrier, body};

/// How long before its end a token is renewed, where it is good for that long.
const BEFORE_ITS_END: Duration = Duration::from_secs(30);

/// What tessera shows with each request. Councils license different interfaces.
#[derive(Debug, Clone)]
pub enum RestCredentials {
    /// OAuth2 client credentials (RFC 6749, section 4.4): a token of the dialect's `token` path.
    Client {
        /// The name by which Mosaic knows tessera.
        id: String,
        /// What proves it.
        secret: SecretString,
    },
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// The key.
        key: SecretString,
    },
    /// A name and a password with each request (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// The client certificate says it all.
    Certificate,
}

/// A token, and until when it is good.
#[derive(Debug, Clone)]
pub(super) struct Token {
    number: u64,
    value: SecretString,
    renew_at: Option<Instant>,
}

/// What was shown with a request.
pub(super) enum Shown {
    /// The token of this number: another may be taken if this one is not.
    Token(u64),
    /// What cannot be renewed.
    Fixed,
}

impl RestCarrier {
    /// Adds to a request what shows who tessera is. `refused` is the token that was not taken.
    pub(super) async fn signed(
        &self,
        request: RequestBuilder,
        refused: Option<u64>,
    ) -> Result<(RequestBuilder, Shown), Failed> {
        let not_sent = |why: &str| Failed::NotSent(why.to_owned());
        match &self.settings.credentials {
            RestCredentials::Client { id, secret } => {
                let token = self.token(id, secret, refused).await?;
                Ok((request.bearer_auth(token.value.expose_secret()), Shown::Token(token.number)))
            }
            RestCredentials::ApiKey { header, key } => {
                let name = HeaderName::try_from(header.as_str()).map_err(|_| not_sent("the key's header is none"))?;
                let mut value = HeaderValue::from_str(key.expose_secret())
                    .map_err(|_| not_sent("the key holds what no header can"))?;
                value.set_sensitive(true);
                Ok((request.header(name, value), Shown::Fixed))
            }
            RestCredentials::Basic { user, password } => {
                Ok((request.basic_auth(user, Some(password.expose_secret())), Shown::Fixed))
            }
            RestCredentials::Certificate => Ok((request, Shown::Fixed)),
        }
    }

    /// A token that is good: the one at hand, unless it is about to end or is the one that was refused.
    async fn token(&self, id: &str, secret: &SecretString, refused: Option<u64>) -> Result<Token, Failed> {
        let mut kept = self.token.lock().await;
        let is_good = |token: &&Token| {
            refused != Some(token.number) && token.renew_at.is_none_or(|renew_at| Instant::now() < renew_at)
        };
        if let Some(token) = kept.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        let path = self.dialect.token.as_deref().ok_or("the dialect does not spell `token`");
        let url = path.map_err(ToOwned::to_owned).and_then(|path| self.url(path)).map_err(Failed::NotSent)?;
        let request = self.client.post(url).basic_auth(id, Some(secret.expose_secret()));
        let request = request.form(&[("grant_type", "client_credentials")]);
        // Whatever becomes of a request for a token, nothing is written by it.
        let unsent = |why: String| Failed::NotSent(why);
        let asked_at = Instant::now();
        let response = self.send("token", request).await.map_err(|failed| unsent(failed.reason()))?;
        if !response.status().is_success() {
            return Err(unsent(format!("Mosaic gives no token: status {}", response.status().as_u16())));
        }
        let answer = body(response).await.map_err(unsent)?;
        let value = answer.get("access_token").and_then(Value::as_str);
        let Some(value) = value else { return Err(unsent("Mosaic's answer holds no token".to_owned())) };
        let token = Token {
            number: kept.as_ref().map_or(0, |token| token.number + 1),
            value: SecretString::from(value),
            renew_at: lifetime(&answer).and_then(|lifetime| asked_at.checked_add(lifetime)),
        };
        *kept = Some(token.clone());
        Ok(token)
    }
}

/// How long a token is used: somewhat shorter than it is good for. Where nothing is said, until it is refused.
fn lifetime(answer: &Value) -> Option<Duration> {
    let said = answer.get("expires_in")?;
    let seconds = said.as_u64().or_else(|| said.as_str()?.parse().ok()).filter(|seconds| *seconds > 0)?;
    let lifetime = Duration::from_secs(seconds);
    Some(lifetime.saturating_sub(BEFORE_ITS_END.min(lifetime / 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_used_for_less_than_it_is_good_for() {
        let used = |said: Value| lifetime(&json!({ "expires_in": said })).map(|lifetime| lifetime.as_secs());
        assert_eq!(used(json!(600)), Some(570));
        assert_eq!(used(json!("600")), Some(570));
        assert_eq!(used(json!(20)), Some(10));
        for nothing in [json!(0), json!(-5), json!("soon"), json!(null)] {
            assert_eq!(used(nothing), None);
        }
        assert_eq!(lifetime(&json!({})), None);
    }
}
