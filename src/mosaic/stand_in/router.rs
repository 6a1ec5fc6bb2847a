//! Every route on one screen.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::misbehave::misbehave;
use super::office::Office;
use super::problem::Problem;
use super::token::signed_in;
use super::{documents, forms, notes, page, persons, scene, steps, token};

/// The paths of the operations.
pub(super) mod path {
    pub(in super::super) const TOKEN: &str = "/oauth/token";
    pub(in super::super) const PERSON: &str = "/api/persons/{person}";
    pub(in super::super) const NOTES: &str = "/api/persons/{person}/case-notes";
    pub(in super::super) const APPENDMENTS: &str = "/api/persons/{person}/case-notes/{note}/appendments";
    pub(in super::super) const FORM: &str = "/api/workflow-steps/{step}/forms/{form}";
    pub(in super::super) const DOCUMENTS: &str = "/api/persons/{person}/documents";
    pub(in super::super) const STEPS: &str = "/api/persons/{person}/workflow-steps";
}

pub(super) fn router(office: Arc<Office>) -> Router {
    let misbehaving = || middleware::from_fn_with_state(office.clone(), misbehave);
    let api = Router::new()
        .route(path::PERSON, get(persons::show))
        .route(path::NOTES, get(notes::list).post(notes::add))
        .route(path::APPENDMENTS, post(notes::append))
        .route(path::FORM, get(forms::show).patch(forms::answer))
        .route(path::DOCUMENTS, get(documents::list).post(documents::add))
        .route(path::STEPS, get(steps::list).post(steps::start))
        .route_layer(misbehaving())
        .route_layer(middleware::from_fn_with_state(office.clone(), signed_in));
    let door = Router::new().route(path::TOKEN, post(token::give)).route_layer(misbehaving());
    let scene = Router::new()
        .route("/", get(page::page))
        .route("/_stand-in/persons", post(scene::put_persons))
        .route("/_stand-in/forms", post(scene::put_forms))
        .route("/_stand-in/notes", post(scene::put_notes))
        .route("/_stand-in/settings", post(scene::settle))
        .route("/_stand-in/faults", post(scene::misbehave).delete(scene::behave))
        .route("/_stand-in/script", post(scene::follow_script))
        .route("/_stand-in/log", get(scene::log))
        .route("/_stand-in/counts", get(scene::counts))
        .route("/_stand-in/documents/{document}", get(documents::download));
    // `misbehave` limits what a request may hold.
    let api = api.merge(door).layer(DefaultBodyLimit::disable());
    api.merge(scene)
        .fallback(|| async { Problem::absent("address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the address takes another method")
        })
        .layer(middleware::from_fn(of_this_machine))
        .with_state(office)
}

/// Refuses what was meant for another host: a page elsewhere can have its own name point at this machine.
async fn of_this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<Authority>().ok());
    let here = authority.is_some_and(|authority| {
        let name = authority.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    if here {
        return next.run(request).await;
    }
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", "the stand-in is for this machine only").into_response()
}
