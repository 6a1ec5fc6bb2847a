//! How the council's own sign-in is asked: over TLS, without redirects, without a proxy from the environment, and not for
//! ever.

use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Context as _;
use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, redirect};

use crate::domain::limit;

const CONNECT_TIME: Duration = Duration::from_secs(5);
const ANSWER_TIME: Duration = Duration::from_secs(15);

/// How the issuer is asked.
pub(super) struct Http {
    client: Client,
    /// Whether the issuer speaks TLS, so that it may lead nowhere without.
    is_tls_only: bool,
}

/// Why there is no answer. Never an address with what it carries, nor what was sent.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.as_str())]
pub(super) enum HttpTrouble {
    InTheClear,
    Unreached(#[source] reqwest::Error),
    Slow,
    TooLarge,
    Form,
}

impl HttpTrouble {
    /// Why, in words of our own.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::InTheClear => "it names an address without TLS",
            Self::Unreached(_) => "nobody answers",
            Self::Slow => "its answer did not come in time",
            Self::TooLarge => "its answer is larger than a sign-in's may be",
            Self::Form => "its answer cannot be taken",
        }
    }
}

impl Http {
    /// A client that also trusts the council's own certificate authority, PEM.
    pub(super) fn new(authority: Option<&Path>, is_tls_only: bool) -> Result<Self, anyhow::Error> {
        // A redirect could lead a secret elsewhere (RFC 9700, 4.12), and a proxy is not for what tessera was not told of.
        let mut builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        builder = builder.connect_timeout(CONNECT_TIME).timeout(ANSWER_TIME);
        if let Some(path) = authority {
            let pem = std::fs::read(path).with_context(|| format!("read the authority {}", path.display()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem);
            let certificates = certificates.with_context(|| format!("use the authority {}", path.display()))?;
            anyhow::ensure!(!certificates.is_empty(), "no certificate is in {}", path.display());
            builder = builder.tls_certs_merge(certificates);
        }
        Ok(Self { client: builder.build().context("make a client for HTTPS")?, is_tls_only })
    }

    /// Whether an address may be asked, or somebody led there: without TLS only on this machine.
    pub(super) fn may_ask(&self, url: &Url) -> bool {
        url.scheme() == "https" || (url.scheme() == "http" && !self.is_tls_only && is_here(url))
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpTrouble> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpTrouble::Form)?;
        if !self.may_ask(request.url()) {
            return Err(HttpTrouble::InTheClear);
        }
        let lost = |error: reqwest::Error| {
            if error.is_timeout() { HttpTrouble::Slow } else { HttpTrouble::Unreached(error.without_url()) }
        };
        let mut answer = self.client.execute(request).await.map_err(lost)?;
        let mut given = HttpResponse::new(Vec::new());
        *given.status_mut() = answer.status();
        *given.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            given.body_mut().extend_from_slice(&chunk);
            if given.body().len() > limit::SIGN_IN_ANSWER_BYTES_MAX {
                return Err(HttpTrouble::TooLarge);
            }
        }
        Ok(given)
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpTrouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpTrouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.answer(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_asked() {
        for (url, over_tls, in_the_clear) in [
            ("https://login.example/token", true, true),
            ("http://127.0.0.1:9000/token", false, true),
            ("http://localhost:9000/token", false, true),
            ("http://[::1]:9000/token", false, true),
            ("http://login.example/token", false, false),
            ("http://localhost.login.example/token", false, false),
            ("javascript:alert(1)", false, false),
        ] {
            let asked = [true, false].map(|only| Http::new(None, only).unwrap().may_ask(&url.parse().unwrap()));
            assert_eq!(asked, [over_tls, in_the_clear], "{url}");
        }
    }
}
