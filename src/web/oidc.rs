//! Signing in with an account of the council's: by OpenID Connect's authorization code flow (Core 1.0, section 3.1) with
//! PKCE (RFC 7636) and what RFC 9700 asks of it.

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use maud::html;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::guard::Asking;
use super::issuer::{Issuer, IssuerTrouble};
use super::sign_in::{Then, own_page};
use super::{PageFailure, Room, Shell, Site, session};
use crate::calendar::Clock;
use crate::log;
use crate::operation;

/// Under which name a session keeps what somebody set out with who is to come back.
const KEY: &str = "sign-ins";
/// Tabs in which somebody may be about to sign in at once; the oldest is forgotten.
const STARTED_MAX: usize = 4;
/// How long somebody may take to sign in: a second factor may have to be fetched from another room.
const TIME_MAX: SignedDuration = SignedDuration::from_mins(20);
/// Characters of the address that somebody wanted.
const THEN_MAX: usize = 2_000;

/// What somebody set out with.
#[derive(Debug, Serialize, Deserialize)]
struct Started {
    state: String,
    nonce: String,
    verifier: String,
    then: String,
    since: Timestamp,
}

/// What somebody comes back with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Came {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Leads somebody to the council's sign-in.
pub(super) async fn start(
    State(site): State<Site>,
    session: Session,
    Extension(Asking(asking)): Extension<Asking>,
    Query(wanted): Query<Then>,
) -> Result<Response, PageFailure> {
    let issuer = site.issuer().ok_or(PageFailure::NotFound)?;
    if !site.limits().allows_start(asking) {
        return Err(PageFailure::TooMuch(StatusCode::TOO_MANY_REQUESTS, "Too many began to sign in at once."));
    }
    let leading = match issuer.lead().await {
        Ok(leading) => leading,
        Err(trouble) => return Ok(not_signed_in(&trouble)),
    };
    let mut started = started(&session).await?;
    let then = Some(own_page(wanted.then())).filter(|then| then.len() <= THEN_MAX).unwrap_or("/").to_owned();
    let since = Clock::System.now();
    started.push(Started { state: leading.state, nonce: leading.nonce, verifier: leading.verifier, then, since });
    let forgotten = started.len().saturating_sub(STARTED_MAX);
    started.drain(..forgotten);
    session.insert(KEY, started).await.map_err(session::broken)?;
    Ok(Redirect::to(leading.to.as_str()).into_response())
}

async fn started(session: &Session) -> Result<Vec<Started>, PageFailure> {
    Ok(session.get(KEY).await.map_err(session::broken)?.unwrap_or_default())
}

/// Somebody comes back from the council's sign-in.
pub(super) async fn back(
    State(site): State<Site>,
    session: Session,
    came: Result<Query<Came>, QueryRejection>,
) -> Result<Response, PageFailure> {
    let issuer = site.issuer().ok_or(PageFailure::NotFound)?;
    let came = came.map(|Query(came)| came).unwrap_or_default();
    let Some(started) = set_out_with(&session, came.state.as_deref()).await? else { return Ok(unknown_sign_in()) };
    if came.iss.as_deref().is_some_and(|named| !issuer.is_named(named)) {
        return Ok(not_signed_in(&IssuerTrouble::Unproved("it names another issuer")));
    }
    if let Some(error) = came.error {
        return Ok(turned_down(&error));
    }
    let Some(code) = came.code else { return Ok(unknown_sign_in()) };
    let said = match issuer.redeem(code, started.verifier, started.nonce).await {
        Ok(said) => said,
        Err(trouble) => return Ok(not_signed_in(&trouble)),
    };
    let Some(name) = said.name else { return Ok(nameless()) };
    let (roles, own) = (said.roles, name.clone());
    let action = if roles.is_empty() { "sign-in-refused" } else { "signed-in" };
    site.ask_ledger(session::own(&own), move |ledger| ledger.sign_in_noted(action)).await?;
    if roles.is_empty() {
        return Ok(without_role());
    }
    session::begin(&session, &site, name, Some(roles)).await?;
    Ok(Redirect::to(&started.then).into_response())
}

/// What somebody set out with who comes back with this state: once, and not after too long.
async fn set_out_with(session: &Session, state: Option<&str>) -> Result<Option<Started>, PageFailure> {
    let Some(state) = state.map(operation::hash_of) else { return Ok(None) };
    let mut all = started(session).await?;
    // The hashes are compared, so that how long it takes tells nothing.
    let Some(at) = all.iter().position(|one| operation::hash_of(&one.state) == state) else { return Ok(None) };
    let own = all.swap_remove(at);
    session.insert(KEY, all).await.map_err(session::broken)?;
    // Now, and not with the answer: an answer that says a failure would leave it there.
    session.save().await.map_err(session::broken)?;
    Ok(Some(own).filter(|own| Clock::System.now().duration_since(own.since) < TIME_MAX))
}

/// What somebody sees who has signed out: on to the council's sign-in, where there is a way out of it too.
pub(super) fn signed_out(issuer: Option<&Issuer>) -> Response {
    let Some(to) = issuer.and_then(Issuer::way_out) else { return Redirect::to("/sign-in").into_response() };
    // Not a redirect: browsers hold one that answers a form against the policy's `form-action`, and every further one
    // that the council's sign-in makes of it.
    let body = html! {
        p { "You are signed out of tessera, and are being led on to sign out of your council account." }
        p { a href=(to) { "Sign out of your council account" } }
        p { a href="/sign-in" { "Sign in again" } }
    };
    let mut response = Shell::bare("You are signed out", Room::None).show(&body);
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={to}")) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    }
    response
}

fn page(status: StatusCode, title: &str, what: &str, help: &str) -> Response {
    let body = html! {
        p { (what) }
        p { (help) }
        p { a href="/sign-in" { "Go to the sign-in" } }
    };
    let mut response = Shell::bare(title, Room::None).show(&body);
    *response.status_mut() = status;
    response
}

fn unknown_sign_in() -> Response {
    page(
        StatusCode::BAD_REQUEST,
        "This sign-in is over",
        "It was used already, took too long, or was begun in another browser. You are not signed in by it.",
        "Begin again. If this happens each time, open the pages by the address that you were given for them.",
    )
}

fn not_signed_in(trouble: &IssuerTrouble) -> Response {
    match trouble {
        IssuerTrouble::Away(_) | IssuerTrouble::Status(_) | IssuerTrouble::Says(_) => {
            log::error!("Nobody can sign in with an account of the council’s.", trouble = trouble);
            page(
                StatusCode::SERVICE_UNAVAILABLE,
                "The council’s sign-in does not answer",
                "You are not signed in. Nothing is wrong with your account, and nothing was changed.",
                "Try again in a few minutes. If it lasts, tell whoever looks after tessera: its log says what is wrong.",
            )
        }
        IssuerTrouble::Code => {
            log::warn!("Somebody was not signed in.", trouble = trouble);
            unknown_sign_in()
        }
        IssuerTrouble::Unproved(_) => {
            log::error!("Somebody was not signed in.", trouble = trouble);
            page(
                StatusCode::FORBIDDEN,
                "You are not signed in",
                "What the council’s sign-in said of you could not be trusted.",
                "Begin again. If it happens twice, tell whoever looks after tessera: its log says what is wrong.",
            )
        }
    }
}

/// The issuer says no (OpenID Connect Core 1.0, 3.1.2.6). Its own words may name somebody, so that only known codes are
/// told and logged.
fn turned_down(error: &str) -> Response {
    const CODES: [&str; 5] =
        ["server_error", "temporarily_unavailable", "invalid_request", "invalid_scope", "unauthorized_client"];
    if let Some(code) = CODES.into_iter().find(|code| *code == error) {
        return not_signed_in(&IssuerTrouble::Says(code));
    }
    log::warn!("Somebody was not signed in: the issuer turned them down.");
    page(
        StatusCode::FORBIDDEN,
        "You are not signed in",
        "Signing in was given up, or the council’s sign-in does not let your account into tessera.",
        "Begin again, or ask whoever looks after the council’s accounts.",
    )
}

fn nameless() -> Response {
    log::error!("Somebody was not signed in: no claim holds a name for the audit trail; see name-claim in [web.oidc].");
    page(
        StatusCode::FORBIDDEN,
        "You are not signed in",
        "The council’s sign-in gave no name under which you could stand in the audit trail.",
        "Tell whoever looks after tessera.",
    )
}

fn without_role() -> Response {
    page(
        StatusCode::FORBIDDEN,
        "You may not use tessera yet",
        "Your account has none of the roles reader, administrator, approver or systems.",
        "Ask whoever looks after the council’s accounts for the one that you need, then sign in again.",
    )
}
