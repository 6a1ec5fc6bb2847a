//! What a form of ours has sent.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use maud::{Markup, html};

use super::shell::FieldError;
use super::{PageFailure, Visitor};
use crate::operation::hash_of;

/// The field by which a form shows that it came from this session.
pub(super) const CSRF: &str = "csrf";
/// The field that says where a form was sent when the session was over.
pub(super) const AGAIN_TO: &str = "again-to";

/// The fields of a form that came from a page of this session.
#[derive(Debug)]
pub(super) struct Posted {
    fields: Vec<(String, String)>,
}

impl Posted {
    /// The first field of a name, spaces around it left out; nothing where it is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let own = self.fields.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.trim()).find(|text| !text.is_empty())
    }

    /// Every field of a name.
    pub(super) fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The name of every field.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Every field with its value, as they were sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What was filled in, out of sight, in a form from which it can be sent again. A text area keeps line breaks, which a
    /// hidden field does not in every browser.
    pub(super) fn kept(&self) -> Markup {
        html! {
            @for (name, value) in self.pairs().filter(|(name, _)| ![CSRF, AGAIN_TO].contains(name)) {
                textarea.hidden name=(name) aria-hidden="true" tabindex="-1" { (value) }
            }
        }
    }

    /// A field that the page itself has put there.
    pub(super) fn own(&self, name: &str) -> Result<&str, PageFailure> {
        self.text(name).ok_or(PageFailure::INCOMPLETE)
    }
}

/// What a page with a form has to show again where that form was refused: what was typed, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Refused<'p> {
    sent: Option<&'p Posted>,
    errors: Vec<FieldError>,
}

impl<'p> Refused<'p> {
    /// A form that was refused.
    pub(super) const fn of(sent: &'p Posted, errors: Vec<FieldError>) -> Self {
        Self { sent: Some(sent), errors }
    }

    /// What is wrong; nothing where no form was refused.
    pub(super) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Whether it is the one of several forms of a page in which all of these hidden fields stand.
    pub(super) fn is(&self, fields: &[(&str, &str)]) -> bool {
        self.sent.is_some_and(|sent| fields.iter().all(|(name, value)| sent.text(name) == Some(*value)))
    }

    /// What was typed, as it was typed.
    pub(super) fn typed(&self, name: &str) -> Option<&'p str> {
        self.sent.and_then(|sent| sent.all(name).next())
    }
}

/// Whether a form came from a page of this session.
pub(super) fn is_own(visitor: &Visitor, csrf: Option<&str>) -> bool {
    // The hashes are compared, so that how long it takes tells nothing.
    csrf.is_some_and(|csrf| hash_of(csrf) == hash_of(&visitor.csrf))
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let posted = Self { fields: fields(Request::from_parts(parts, body), state).await? };
        if is_own(&visitor, posted.text(CSRF)) { Ok(posted) } else { Err(PageFailure::Stale) }
    }
}

/// The fields of a form of somebody who is not signed in.
#[derive(Debug)]
pub(super) struct PostedByAnybody(pub(super) Posted);

impl<S: Send + Sync> FromRequest<S> for PostedByAnybody {
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Posted { fields: fields(request, state).await? }))
    }
}

async fn fields<S: Send + Sync>(request: Request, state: &S) -> Result<Vec<(String, String)>, PageFailure> {
    let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
    form.map(|Form(fields)| fields).map_err(|rejected| {
        let status = rejected.status();
        if status == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            PageFailure::TooMuch(status, "The form holds more than a form may.")
        } else {
            PageFailure::NO_FORM
        }
    })
}
