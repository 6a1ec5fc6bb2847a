//! What stands before every page: whether it was asked for by one of our names, from one of our pages, not too often,
//! by somebody who is signed in and may see it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_sessions::Session;

use super::visit::AskedAs;
use super::{PageFailure, Site, Visitor, session, sign_in, uploads};
use crate::domain::SignInRole;

/// Nothing comes from elsewhere, nothing is run that stands in a page, and no other site may frame one.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A page's address holds ids, which are nobody else's business; our own forms still say where they come from.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// The address that asks, by the word of a trusted proxy where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking(pub(super) IpAddr);

/// What stands before everything, and what every answer is given.
pub(super) async fn door(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let asking = asking(&site, &request);
    request.extensions_mut().insert(Asking(asking));
    let mut response = match let_in(&site, &request, asking) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is on a page is a child's, and stays in no cache.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if site.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn let_in(site: &Site, request: &Request, asking: IpAddr) -> Result<(), PageFailure> {
    if !site.limits().allows(asking) {
        return Err(PageFailure::TooMuch(StatusCode::TOO_MANY_REQUESTS, "Too many pages were asked for at once."));
    }
    // HTTP/2 names the host in the address.
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = host.or_else(|| text(request.headers(), &header::HOST).map(ToOwned::to_owned)).unwrap_or_default();
    if !site.is_own_host(&host) {
        let what = "The pages were asked for by a name that is not theirs.";
        return Err(PageFailure::Wrong(what, "Use the address that you were given for them."));
    }
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !is_safe && !is_from_here(request.headers(), &host) {
        return Err(PageFailure::Stale);
    }
    Ok(())
}

/// Whether a browser sends this from one of our own pages (Fetch Metadata; RFC 6454 for the older header). Whatever is
/// no browser sends neither, and has no session that could be misused.
fn is_from_here(headers: &HeaderMap, host: &str) -> bool {
    let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
    let origin = text(headers, &header::ORIGIN);
    let is_same = |origin: &str| origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
    site.is_none_or(|site| site == "same-origin" || site == "none") && origin.is_none_or(is_same)
}

fn asking(site: &Site, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    if !site.settings().trusted_proxies.contains(&peer) {
        return peer;
    }
    // The last is the one that the proxy itself has seen: in the last header, as some proxies add one of their own.
    let said = request.headers().get_all("x-forwarded-for").iter().next_back().and_then(|said| said.to_str().ok());
    said.and_then(|said| said.rsplit(',').next()).and_then(|last| last.trim().parse().ok()).unwrap_or(peer)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Lets nothing pass that says itself that it is larger than what is taken, before it is read.
pub(super) async fn size(
    State(bytes_max): State<usize>,
    request: Request,
    next: Next,
) -> Result<Response, PageFailure> {
    let said = text(request.headers(), &header::CONTENT_LENGTH).and_then(|said| said.parse::<usize>().ok());
    if said.is_some_and(|said| said > bytes_max) {
        return Err(uploads::too_large());
    }
    Ok(next.run(request).await)
}

/// Lets nobody pass who is not signed in.
pub(super) async fn signed_in(
    State(site): State<Site>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Result<Response, PageFailure> {
    let Some(visitor) = session::visitor(&session, &site).await? else {
        if request.method() != Method::GET {
            return Ok(sign_in::over(request).await);
        }
        let asked = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        return Ok(sign_in::wanted(asked));
    };
    let asked_as = AskedAs(visitor.widest_role());
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(asked_as);
    Ok(response)
}

/// Lets nobody pass who has none of the roles.
pub(super) async fn role(
    State(roles): State<&'static [SignInRole]>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Result<Response, PageFailure> {
    if roles.iter().any(|role| visitor.is(*role)) { Ok(next.run(request).await) } else { Err(PageFailure::Forbidden) }
}
