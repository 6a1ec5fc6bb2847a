//! What a page says that cannot be shown.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::posted::Posted;
use super::{Room, Shell, Visitor, parts};
use crate::log;
use crate::operation::{Failure, FailureKind};

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum PageFailure {
    /// There is no such page, or no such thing.
    NotFound,
    /// Whoever asks may not.
    Forbidden,
    /// A form that did not come from a page of ours, or from an earlier session.
    Stale,
    /// Too much was sent, or too often.
    TooMuch(StatusCode, &'static str),
    /// What was asked for is wrong: what is, and what to do.
    Wrong(&'static str, &'static str),
    /// An operation says why.
    Operation(Failure),
    /// An operation says why, of a form in which somebody has written something.
    Written(Failure, String),
    /// The pages are being stopped.
    Stopping,
}

impl From<Failure> for PageFailure {
    fn from(failure: Failure) -> Self {
        Self::Operation(failure)
    }
}

impl PageFailure {
    /// What was sent is none of our forms.
    pub(super) const NO_FORM: Self = Self::Wrong("What was sent is no form of these pages.", AGAIN);
    /// What was sent lacks what the page itself has put there.
    pub(super) const INCOMPLETE: Self = Self::Wrong("Something is missing in what was sent.", AGAIN);

    /// With what was written in the form that it is about: a page shows it, so that it is not lost.
    pub(super) fn keeping(self, written: impl Into<String>) -> Self {
        match self {
            Self::Operation(failure) => Self::Written(failure, written.into()),
            other => other,
        }
    }

    const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Operation(failure) | Self::Written(failure, _) => Some(failure),
            _ => None,
        }
    }

    /// Whether it can be mended by whoever filled in the form that was sent: the form is shown again with what was
    /// typed.
    pub(super) const fn is_of_form(&self) -> bool {
        match self.failure() {
            Some(failure) => matches!(failure.kind, FailureKind::Invalid | FailureKind::Conflict),
            None => false,
        }
    }

    /// The page that says it, with what was filled in in the form that it is about: it can be sent again from there. What
    /// was sent is all that this page needs. `filled`: the same to be read.
    pub(super) fn with_form(self, visitor: &Visitor, address: &str, posted: &Posted, filled: &Markup) -> Response {
        self.log();
        let (_, title, what, help) = self.said();
        let body = html! {
            p { (what) }
            @if let Some(help) = help { p { (help) } }
            p { "What you filled in is not lost as long as this page is open." }
            form action=(address) method="post" {
                (parts::csrf(visitor))
                (posted.kept())
                button { "Send it again" }
            }
            (filled)
            p { a href="/" { "Leave it, and go to Today" } }
        };
        self.answering(Shell::new(visitor, &title, Room::None).show(&body))
    }

    /// With its status, and when to ask again.
    fn answering(&self, mut response: Response) -> Response {
        *response.status_mut() = self.said().0;
        if self.failure().is_some_and(|failure| failure.kind == FailureKind::Busy) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }

    /// Says in the log what whoever looks after the pages must know: the browser has its own words. For a failure that
    /// is said within a page, since one that is a page by itself is told when it is answered.
    pub(super) fn log(&self) {
        if let Some(failure) = self.failure() {
            log(failure);
        }
    }

    /// What happened and what to do, where it stands within a page.
    pub(super) fn in_words(&self) -> (String, Option<String>) {
        let (_, _, what, help) = self.said();
        (what, help)
    }

    /// What is said: the status, the heading, what happened, what to do.
    fn said(&self) -> (StatusCode, String, String, Option<String>) {
        let said = |status, title: &str, what: &str, help: &str| {
            (status, title.to_owned(), what.to_owned(), Some(help.to_owned()).filter(|help| !help.is_empty()))
        };
        match self {
            Self::NotFound => said(
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address.",
                "Check the address, or search for the request. Nothing was changed.",
            ),
            Self::Forbidden => said(
                StatusCode::FORBIDDEN,
                "You may not do this",
                "Your account has not the role that this needs. Nothing was changed.",
                "Ask whoever looks after the accounts.",
            ),
            Self::Stale => said(
                StatusCode::FORBIDDEN,
                "This form is out of date",
                "It came from a page that was opened before you signed in, or from another site. Nothing was changed.",
                "Go back, open the page again and send it once more.",
            ),
            Self::TooMuch(status, what) => {
                let is_large = *status == StatusCode::PAYLOAD_TOO_LARGE;
                let help = if is_large { "Send less at once." } else { "Wait a moment and try again." };
                said(*status, "That was too much", &format!("{what} Nothing was changed."), help)
            }
            Self::Wrong(what, help) => {
                said(StatusCode::BAD_REQUEST, "This cannot be done", &format!("{what} Nothing was changed."), help)
            }
            Self::Operation(failure) | Self::Written(failure, _) => {
                let (status, title) = of_kind(failure.kind);
                let text = failure.page();
                (status, text.title.unwrap_or(title).to_owned(), text.what, Some(text.help))
            }
            Self::Stopping => said(
                StatusCode::SERVICE_UNAVAILABLE,
                "The pages are being stopped",
                "Nothing was changed.",
                "Try again soon.",
            ),
        }
    }
}

/// Says a failure in the log: the browser has its own words.
pub(super) fn log(failure: &Failure) {
    let (status, cause) = (of_kind(failure.kind).0.as_u16(), failure.cause());
    match failure.kind {
        FailureKind::Failed | FailureKind::Configuration => {
            log::error!(
                "Something that was asked for on a page was not done.",
                status = status,
                cause = cause,
                system = failure.system(),
                system_code = failure.system_code(),
                database_code = failure.database_code(),
                file = failure.file()
            );
        }
        FailureKind::Busy => {
            log::warn!("Something that was asked for on a page has to wait.", status = status, cause = cause);
        }
        FailureKind::NotFound | FailureKind::Invalid | FailureKind::Conflict => {
            log::debug!("Something that was asked for on a page cannot be done.", status = status, cause = cause);
        }
    }
}

/// The status and the heading of a kind of failure.
const fn of_kind(kind: FailureKind) -> (StatusCode, &'static str) {
    match kind {
        FailureKind::NotFound => (StatusCode::NOT_FOUND, "Page not found"),
        FailureKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be done"),
        FailureKind::Conflict => (StatusCode::CONFLICT, "This has changed"),
        FailureKind::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a few minutes"),
        FailureKind::Configuration | FailureKind::Failed => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Sorry, there is a problem with this service")
        }
    }
}

/// What to do about a form that did not arrive as the page made it.
const AGAIN: &str = "Go back, open the page again and send it once more.";

/// How long a browser is to wait before it asks again, in seconds.
const RETRY_AFTER: &str = "60";

/// A fragment as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let ends = if text.ends_with(['.', '!', '?', '`']) { "" } else { "." };
    format!("{first}{}{ends}", letters.as_str())
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        self.log();
        let (_, title, what, help) = self.said();
        let body = html! {
            p { (what) }
            @if let Some(help) = help { p { (help) } }
            @if let Self::Written(_, written) = &self {
                h2 #written { "What you wrote" }
                p { "It is not saved. Copy it from here if you still need it." }
                textarea aria-labelledby="written" rows="6" readonly { (written) }
            }
            p { a href="/" { "Go to Today" } }
        };
        self.answering(Shell::bare(&title, Room::None).show(&body))
    }
}
