//! What is asked: the ids in a path, a body of JSON, the part of a list, the key of a write.

use std::fmt::Display;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::Problem;

/// Items a page.
const PAGE: usize = 50;

/// The ids in a path. What is no id is nobody's.
pub(super) struct Ids<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(ids)| Self(ids)).map_err(|_| Problem::absent("id"))
    }
}

/// A body of JSON.
pub(super) struct Told<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Json::<T>::from_request(request, state).await;
        body.map(|Json(told)| Self(told))
            .map_err(|rejection| Problem::new(rejection.status(), "unfit", rejection.body_text()))
    }
}

/// Which part of a list is asked for.
pub(super) struct Listing {
    /// Nothing from before this day.
    from: Option<Date>,
    page: usize,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    page: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unfit = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "unfit", detail);
        let asked = Query::<Asked>::from_request_parts(parts, state).await;
        let Query(asked) = asked.map_err(|_| unfit("`page` is a number from 0"))?;
        let from = match asked.from.as_str() {
            "" => None,
            day => Some(day.parse().map_err(|_| unfit("`from` is a day, YYYY-MM-DD"))?),
        };
        Ok(Self { from, page: asked.page })
    }
}

impl Listing {
    /// Whether something that was made then belongs to it. `created_at` begins with its day.
    pub(super) fn wants(&self, created_at: &str) -> bool {
        self.from.is_none_or(|from| created_at >= from.to_string().as_str())
    }

    /// One page of the items, and the address of the next.
    pub(super) fn page<T: Serialize>(&self, path: impl Display, items: impl Iterator<Item = T>) -> Json<Value> {
        let mut page: Vec<T> = items.skip(self.page.saturating_mul(PAGE)).take(PAGE + 1).collect();
        let more = page.len() > PAGE;
        page.truncate(PAGE);
        let from = self.from.map(|from| format!("from={from}&")).unwrap_or_default();
        let next = more.then(|| format!("{path}?{from}page={}", self.page + 1));
        Json(json!({ "items": page, "next": next }))
    }
}

/// The key of a write.
pub(super) fn key(headers: &HeaderMap) -> Option<String> {
    headers.get("Idempotency-Key").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}
