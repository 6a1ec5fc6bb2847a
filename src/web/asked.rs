//! What an address asks for. One that cannot be read leads to no page, and says so on one.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};

use super::PageFailure;

/// The parts of an address.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(PageFailure))]
pub(super) struct Path<T>(pub(super) T);

/// What stands behind the question mark.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(PageFailure))]
pub(super) struct Query<T>(pub(super) T);

/// A form with files.
#[derive(Debug)]
pub(super) struct Files(pub(super) Multipart);

impl<S: Send + Sync> FromRequest<S> for Files {
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let form = Multipart::from_request(request, state).await;
        form.map(Self).map_err(|_| PageFailure::NO_FORM)
    }
}

impl From<PathRejection> for PageFailure {
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl From<QueryRejection> for PageFailure {
    fn from(_: QueryRejection) -> Self {
        let help = "Check the address, or go back and choose again.";
        Self::Wrong("The address asks for something that cannot be read.", help)
    }
}
