//! Every page and what may be sent to it, on one screen: the address, and the role that it is for.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, MemoryStore, SessionManagerLayer};

use super::{PageFailure, Site, accounts, assets, guard, sign_in, today};
use crate::domain::SignInRole::{self, Administrator, Approver, Reader, Systems};
use crate::domain::limit;

/// For whom a page is: any of these.
type For = &'static [SignInRole];

const READERS: For = &[Reader];
const ADMINISTRATORS: For = &[Administrator];
const APPROVERS: For = &[Approver];
const SYSTEMS: For = &[Systems];

/// The pages of those who are signed in.
pub(super) fn pages() -> Vec<(For, &'static str, MethodRouter<Site>)> {
    vec![
        (READERS, "/", get(today::page)),
        (READERS, "/account", get(accounts::own).post(accounts::own_post)),
        (READERS, "/sign-out", post(sign_in::out)),
        (READERS, "/stay", get(sign_in::stay)),
        (SYSTEMS, "/accounts", get(accounts::page).post(accounts::post)),
        (SYSTEMS, "/accounts/{name}", get(accounts::one).post(accounts::change)),
    ]
}

/// The pages of everybody.
fn open_pages() -> Router<Site> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::post))
        .route("/invitation/{secret}", get(accounts::invited).post(accounts::accept))
        .route("/assets/{version}/{name}", get(assets::asset))
}

/// All of it.
pub(super) fn router(site: &Site) -> Router {
    let mut signed_in = Router::new();
    for (roles, address, page) in pages() {
        signed_in = signed_in.route(address, page.layer(from_fn_with_state(roles, guard::role)));
    }
    let signed_in = signed_in.layer(from_fn_with_state(site.clone(), guard::signed_in));
    signed_in
        .merge(open_pages())
        .fallback(async || PageFailure::NotFound)
        .method_not_allowed_fallback(async || PageFailure::NotFound)
        .layer(sessions(site))
        .layer(DefaultBodyLimit::max(limit::FORM_BYTES_MAX))
        .layer(RequestBodyTimeoutLayer::new(limit::BODY_SILENT_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limit::PAGE_TIME_MAX))
        .layer(from_fn_with_state(site.clone(), guard::door))
        .with_state(site.clone())
}

/// Sessions live as long as the process: after a restart everybody signs in again.
fn sessions(site: &Site) -> SessionManagerLayer<MemoryStore> {
    // A cookie of that name is taken from this host only, and over TLS only (RFC 6265bis, 4.1.3.2).
    let name = if site.is_secure() { "__Host-tessera" } else { "tessera" };
    let idle = i64::try_from(site.settings().time_out.as_secs()).unwrap_or(i64::MAX);
    SessionManagerLayer::new(MemoryStore::default())
        .with_name(name)
        .with_secure(site.is_secure())
        .with_http_only(true)
        // The council's own sign-in leads back here from another site.
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_always_save(true)
        .with_expiry(Expiry::OnInactivity(tower_sessions::cookie::time::Duration::seconds(idle)))
}
