//! Signing in and out.

use axum::Extension;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;
use secrecy::SecretString;
use serde::Deserialize;
use tower_sessions::Session;

use super::asked::Query;
use super::guard::Asking;
use super::parts::{Line, csrf, encoded};
use super::posted::{AGAIN_TO, Posted, PostedByAnybody};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, oidc, session};
use crate::domain::AccountName;

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Then {
    #[serde(default)]
    then: String,
}

impl Then {
    /// As it was asked for: see [`own_page`].
    pub(super) fn then(&self) -> &str {
        &self.then
    }
}

/// What is said to whoever has tried too many passwords.
pub(super) const TOO_OFTEN: &str =
    "Somebody has tried the password of this account too often. Nothing is locked: wait half a minute.";

/// Sends somebody who is not signed in to do so.
pub(super) fn wanted(asked: &str) -> Response {
    match asked {
        "/" => Redirect::to("/sign-in").into_response(),
        asked => Redirect::to(&format!("/sign-in?then={}", encoded(asked))).into_response(),
    }
}

/// What is never kept for later.
const SECRETS: [&str; 2] = ["password", "held"];

/// What somebody sees who sends a form when the session is over: nothing is done, and what they filled in goes with the
/// page, because a browser does not keep the fields of pages that must stay in no cache.
pub(super) async fn over(request: Request) -> Response {
    let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
    // Files cannot be put into a page.
    let posted = PostedByAnybody::from_request(request, &()).await.map(|PostedByAnybody(posted)| posted).ok();
    let posted = posted.filter(|posted| !posted.names().any(|name| SECRETS.contains(&name)));
    let to = posted.as_ref().and_then(|posted| posted.text(AGAIN_TO)).map_or(asked.as_str(), own_page);
    let body = html! {
        p { "You were signed out because no page was opened for a while. Nothing was changed." }
        ol {
            li { a href="/sign-in" target="_blank" rel="noopener" { "Sign in in a new tab" } }
            @if posted.is_some() { li { "Come back to this tab and go on: what you filled in is still here." } }
            @else { li { "Come back to this tab, go back to the form, and fill it in again." } }
        }
        @if let Some(posted) = &posted {
            form action="/again" method="post" {
                input type="hidden" name=(AGAIN_TO) value=(to);
                (posted.kept())
                button { "Go on" }
            }
        }
    };
    let mut response = Shell::bare("You were signed out", Room::None).show(&body);
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

/// What somebody filled in before the session was over, in a form of the new session. Here nothing is done with it yet.
pub(super) async fn again(visitor: Visitor, PostedByAnybody(posted): PostedByAnybody) -> Response {
    let body = html! {
        p { "You are signed in again. What you filled in was not sent yet." }
        form action=(own_page(posted.text(AGAIN_TO).unwrap_or("/"))) method="post" {
            (csrf(&visitor))
            (posted.kept())
            button { "Send it now" }
        }
        p { a href="/" { "Leave it, and go to Today" } }
    };
    Shell::new(&visitor, "Send what you filled in", Room::None).show(&body)
}

/// A page of ours, and no other site's: an address that begins with one slash.
pub(super) fn own_page(then: &str) -> &str {
    let is_own =
        then.starts_with('/') && !then.starts_with("//") && !then.contains(|c: char| c == '\\' || c.is_control());
    if is_own { then } else { "/" }
}

/// The form.
pub(super) async fn page(State(site): State<Site>, Query(asked): Query<Then>) -> Response {
    form(&site, own_page(&asked.then), "", Vec::new())
}

fn form(site: &Site, then: &str, name: &str, errors: Vec<FieldError>) -> Response {
    let own = site.has_local_accounts();
    let name = Line { name: "name", label: "Name", hint: "", kind: "text", value: name, autocomplete: "username" };
    let password = Line {
        name: "password",
        label: "Password",
        hint: "",
        kind: "password",
        value: "",
        autocomplete: "current-password",
    };
    let body = html! {
        @if site.settings().oidc.is_some() {
            p { a.button href={ "/sign-in/council?then=" (encoded(then)) } { "Sign in with your council account" } }
        }
        @if own {
            @if site.settings().oidc.is_some() { h2 { "Or with an account of tessera’s own" } }
            form action="/sign-in" method="post" {
                input type="hidden" name="then" value=(then);
                (name.show(&errors))
                (password.show(&errors))
                button { "Sign in" }
            }
            p { "No account yet? Whoever looks after tessera makes one and gives you a link." }
        }
    };
    Shell::bare("Sign in", Room::None).errors(errors).show(&body)
}

/// Who somebody says they are.
pub(super) async fn post(
    State(site): State<Site>,
    session: Session,
    Extension(Asking(asking)): Extension<Asking>,
    PostedByAnybody(posted): PostedByAnybody,
) -> Result<Response, PageFailure> {
    if !site.has_local_accounts() {
        return Err(PageFailure::NotFound);
    }
    let then = own_page(posted.text("then").unwrap_or("/"));
    let given = posted.text("name").unwrap_or_default();
    let refused = |message: &str| form(&site, then, given, vec![FieldError::new("name", message)]);
    // Whether there is such an account is nobody's business.
    const WRONG: &str = "Enter the name and password of an account: these do not belong together";
    let Some(name) = AccountName::parse(given) else { return Ok(refused(WRONG)) };
    if !site.limits().allows_try(&name, asking) {
        return Err(PageFailure::TooMuch(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN));
    }
    let password = SecretString::from(posted.all("password").next().unwrap_or_default());
    let asked = name.clone();
    let roles = site.ask_ledger(session::own(&name), move |ledger| ledger.sign_in(&asked, &password)).await?;
    if roles.is_none() {
        return Ok(refused(WRONG));
    }
    site.limits().was_right(&name);
    session::begin(&session, &site, name, None).await?;
    Ok(Redirect::to(then).into_response())
}

/// Ends the session.
pub(super) async fn out(
    State(site): State<Site>,
    session: Session,
    visitor: Visitor,
    _: Posted,
) -> Result<Response, PageFailure> {
    site.ask_ledger(session::own(&visitor.name), |ledger| ledger.sign_in_noted("signed-out")).await?;
    session::end(&session).await?;
    Ok(oidc::signed_out(site.issuer().filter(|_| !visitor.is_local)))
}

/// That somebody is still there: asked by the script before the session ends.
pub(super) async fn stay(_: Visitor) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (then, page) in [
            ("/requests?panel=a", "/requests?panel=a"),
            ("", "/"),
            ("https://elsewhere.example", "/"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
            ("/\t/elsewhere.example", "/"),
            ("/\r\nSet-Cookie: tessera=1", "/"),
            // What no header can hold.
            ("/\0", "/"),
            ("/\u{7f}", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(own_page(then), page, "{then}");
        }
    }
}
