//! The line of the log that each request has: what was asked for by its route, never by its address, because an address
//! holds ids and the words of a search.

use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::SignInRole;
use crate::log::{self, Instrument as _, Loggable, Value, milliseconds};

/// The widest role of whoever asks: set on the answer by whatever finds out who it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedAs(pub(super) SignInRole);

/// The route of a request as the table of routes has it: `/requests/{id}`.
struct Route(Option<MatchedPath>);

impl Loggable for &Route {
    fn loggable(self) -> impl Value {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

/// Says of each request how it was answered, in a span that ties its lines together.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, route) = (name_of(request.method()), Route(request.extensions().get().cloned()));
    let span = log::span!("page", method = method, route = &route);
    async {
        let response = next.run(request).await;
        let role = response.extensions().get::<AskedAs>().map(|asked| asked.0);
        log::info!(
            "A page was asked for.",
            status = response.status().as_u16(),
            milliseconds = milliseconds(begun.elapsed()),
            role = role
        );
        log::trace!("An answer was at least this large.", bytes = response.body().size_hint().lower());
        response
    }
    .instrument(span)
    .await
}

/// A method by its name; one that the pages do not know may be any word.
fn name_of(method: &Method) -> &'static str {
    let known = [(Method::GET, "GET"), (Method::HEAD, "HEAD"), (Method::POST, "POST"), (Method::OPTIONS, "OPTIONS")];
    known.into_iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}
