//! What a page says that cannot be shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::{Room, Shell};
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
    /// What was asked for is wrong.
    Wrong(String),
    /// An operation says why.
    Operation(Failure),
    /// The pages are being stopped.
    Stopping,
}

impl From<Failure> for PageFailure {
    fn from(failure: Failure) -> Self {
        Self::Operation(failure)
    }
}

impl PageFailure {
    /// Of a page about one thing: that there is no such thing is no mistake of a form.
    pub(super) fn unknown_is_not_found(self) -> Self {
        match self {
            Self::Operation(failure) if failure.kind == FailureKind::Usage => Self::NotFound,
            other => other,
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
                "There is no such page",
                "The address may be mistyped, or what it showed is there no more.",
                "Start from Today, or search for the request.",
            ),
            Self::Forbidden => said(
                StatusCode::FORBIDDEN,
                "You may not do this",
                "Your account has not the role that this needs.",
                "Ask whoever looks after the accounts.",
            ),
            Self::Stale => said(
                StatusCode::FORBIDDEN,
                "This form is out of date",
                "It came from a page that was opened before you signed in, or from another site. Nothing was changed.",
                "Go back, open the page again and send it once more.",
            ),
            Self::TooMuch(status, what) => said(*status, "That was too much", what, "Wait a moment and try again."),
            Self::Wrong(what) => said(StatusCode::BAD_REQUEST, "This cannot be done", what, "Nothing was changed."),
            Self::Operation(failure) => {
                let (status, title) = match failure.kind {
                    FailureKind::Usage => (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be done"),
                    FailureKind::Locked => (StatusCode::SERVICE_UNAVAILABLE, "Somebody else is at work"),
                    FailureKind::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "This did not work"),
                };
                (status, title.to_owned(), sentence(&failure.to_string()), failure.help.as_deref().map(sentence))
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

/// A fragment as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let ends = if text.ends_with(['.', '!', '?', '`']) { "" } else { "." };
    format!("{first}{}{ends}", letters.as_str())
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        if let Self::Operation(failure) = &self
            && failure.kind == FailureKind::Failed
        {
            // The message names files and tables, never what stands in them.
            tracing::error!("a page was not shown: {failure}");
        }
        let (status, title, what, help) = self.said();
        let body = html! {
            p { (what) }
            @if let Some(help) = help { p { (help) } }
            p { a href="/" { "Go to Today" } }
        };
        let mut response = Shell::bare(&title, Room::None).show(&body);
        *response.status_mut() = status;
        response
    }
}
