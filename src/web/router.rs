//! Every page and what may be sent to it, on one screen: the address, and the role that it is for.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use tower_http::timeout::TimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, MemoryStore, SessionManagerLayer};

use super::{
    PageFailure, Site, accounts, assets, audit, download, duties, figures, guard, issuer, learning, mappings, oidc,
    outcome_form, outcomes, pace, pack, panels, quarantine, request, requests, sign_in, sitting, sittings, today,
    trackers, visit, words, write_backs,
};
use crate::domain::SignInRole::{self, Administrator, Approver, Reader, Systems};
use crate::domain::limit;

/// For whom a page is: any of these.
type For = &'static [SignInRole];

const READERS: For = &[Reader];
const ADMINISTRATORS: For = &[Administrator];
const APPROVERS: For = &[Approver];
const SYSTEMS: For = &[Systems];
const SENDERS: For = &[Systems, Approver];

/// The pages of those who are signed in.
pub(super) fn pages() -> Vec<(For, &'static str, MethodRouter<Site>)> {
    vec![
        (READERS, "/", get(today::page)),
        (READERS, "/sittings", get(sittings::page)),
        (READERS, "/sittings/{authority}/{panel}/{date}", get(sitting::page)),
        (READERS, "/sittings/{authority}/{panel}/{date}/{file}", get(download::of_sitting)),
        (ADMINISTRATORS, "/sittings/{authority}/{panel}/{date}/check", post(sitting::recheck)),
        (READERS, "/panels", get(panels::page)),
        (READERS, "/panels/{authority}/{panel}", get(panels::one)),
        (READERS, "/panels/{authority}/{panel}/sittings.ics", get(download::of_panel)),
        (READERS, "/explain/{code}", get(panels::explain)),
        (READERS, "/requests", get(requests::page)),
        (READERS, "/search", get(requests::search).post(requests::sought)),
        (READERS, "/requests/{id}", get(request::page)),
        (ADMINISTRATORS, "/requests/{id}/facts", post(request::facts)),
        (ADMINISTRATORS, "/requests/{id}/waive", post(request::waive)),
        (ADMINISTRATORS, "/requests/{id}/unwaive", post(request::unwaive)),
        (ADMINISTRATORS, "/requests/{id}/kept/forget", post(request::forget)),
        (ADMINISTRATORS, "/requests/{id}/pack/{upload}/keep", post(pack::keep)),
        (READERS, "/outcomes", get(outcomes::page)),
        (READERS, "/outcomes/of/{id}", get(outcomes::of_request)),
        (READERS, "/outcomes/waiting", get(outcomes::waiting)),
        (APPROVERS, "/outcomes/approve", post(outcomes::approve)),
        (APPROVERS, "/outcomes/reject", post(outcomes::reject)),
        (ADMINISTRATORS, "/outcomes/upload/{upload}", post(outcomes::load)),
        (ADMINISTRATORS, "/outcomes/{authority}/{panel}/{date}", get(outcome_form::page).post(outcome_form::post)),
        (READERS, "/write-backs", get(write_backs::page)),
        (READERS, "/write-backs/{id}", get(write_backs::one)),
        (SENDERS, "/write-backs/{id}/{what}", post(write_backs::change)),
        (SENDERS, "/write-backs/send", post(write_backs::send)),
        (SENDERS, "/write-backs/reconcile", post(write_backs::reconcile)),
        (READERS, "/duties", get(duties::page)),
        (READERS, "/duties/{id}", get(duties::one)),
        (ADMINISTRATORS, "/duties/{id}/done", post(duties::complete)),
        (READERS, "/trackers", get(trackers::page)),
        (READERS, "/trackers/{authority}/{panel}/{tracker}", get(trackers::one)),
        (READERS, "/trackers/{authority}/{panel}/{tracker}/tracker.xlsx", get(trackers::workbook)),
        (READERS, "/figures", get(figures::page)),
        (READERS, "/figures.xlsx", get(figures::workbook)),
        (READERS, "/figures/periods", get(learning::page)),
        (READERS, "/figures/periods.xlsx", get(learning::workbook)),
        (ADMINISTRATORS, "/figures/pre-proceedings.csv", get(learning::pre_proceedings)),
        (SYSTEMS, "/mappings", get(mappings::page)),
        (SYSTEMS, "/quarantine", get(quarantine::page)),
        (SYSTEMS, "/quarantine/replay", post(quarantine::replay)),
        (SYSTEMS, "/quarantine/{id}", get(quarantine::one)),
        (SYSTEMS, "/quarantine/{id}/discard", post(quarantine::discard)),
        (SYSTEMS, "/audit", get(audit::page)),
        (SYSTEMS, "/audit/verify", post(audit::verify)),
        (SYSTEMS, "/audit/export", post(audit::export)),
        (SYSTEMS, "/accounts", get(accounts::page).post(accounts::post)),
        (SYSTEMS, "/accounts/{name}", get(accounts::one).post(accounts::change)),
        (READERS, "/account", get(accounts::own).post(accounts::own_post)),
        (READERS, "/help", get(words::help)),
        (READERS, "/sign-out", post(sign_in::out)),
        (READERS, "/again", post(sign_in::again)),
        (READERS, "/stay", get(sign_in::stay)),
    ]
}

/// Where files are sent to, which may be large and take long.
fn uploads() -> [(For, &'static str, MethodRouter<Site>, usize); 2] {
    [
        (ADMINISTRATORS, "/requests/{id}/pack", get(pack::page).post(pack::check), limit::PACK_UPLOAD_BYTES_MAX),
        (ADMINISTRATORS, "/outcomes/upload", post(outcomes::upload), limit::WORKBOOK_UPLOAD_BYTES_MAX),
    ]
}

/// The pages of everybody.
fn open_pages() -> Router<Site> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::post))
        .route("/sign-in/council", get(oidc::start))
        .route(issuer::BACK, get(oidc::back))
        .route("/invitation/{secret}", get(accounts::invited).post(accounts::accept))
        .route("/accessibility", get(words::accessibility))
        .route("/assets/{version}/{name}", get(assets::asset))
}

/// All of it.
pub(super) fn router(site: &Site) -> Router {
    let mut signed_in = Router::new();
    for (roles, address, page) in pages() {
        signed_in = signed_in.route(address, page.layer(from_fn_with_state(roles, guard::role)));
    }
    let in_time = |time| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, time);
    signed_in = signed_in.layer(in_time(limit::PAGE_TIME_MAX)).layer(DefaultBodyLimit::max(limit::FORM_BYTES_MAX));
    for (roles, address, page, bytes) in uploads() {
        let page: MethodRouter<Site> = page.layer(from_fn_with_state(roles, guard::role));
        let page: MethodRouter<Site> = page.layer(DefaultBodyLimit::max(bytes));
        let page: MethodRouter<Site> = page.layer(from_fn_with_state(bytes, guard::size));
        signed_in = signed_in.route(address, page.layer(in_time(limit::UPLOAD_TIME_MAX)));
    }
    let signed_in = signed_in.layer(from_fn_with_state(site.clone(), guard::signed_in));
    let open = open_pages().layer(in_time(limit::PAGE_TIME_MAX)).layer(DefaultBodyLimit::max(limit::FORM_BYTES_MAX));
    signed_in
        .merge(open)
        .fallback(async || PageFailure::NotFound)
        .method_not_allowed_fallback(async || PageFailure::NotFound)
        .layer(sessions(site))
        .layer(from_fn(pace::pace))
        .layer(from_fn_with_state(site.clone(), guard::door))
        .layer(from_fn(visit::log))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_in_the_table_by_which_the_pages_are_attacked() {
        let lines = include_str!("../../tests/web/routes.tsv").lines().filter(|line| !line.starts_with('#'));
        let mut table: Vec<(&str, &str)> = Vec::new();
        for line in lines {
            let mut parts = line.split('\t');
            let (roles, address) = (parts.next().unwrap(), parts.next().unwrap());
            if roles != "anybody" {
                table.push((roles, address));
            }
        }
        let named = |roles: For| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ");
        let all = pages().into_iter().map(|(roles, address, _)| (named(roles), address));
        let all = all.chain(uploads().into_iter().map(|(roles, address, ..)| (named(roles), address)));
        let all: Vec<(String, &str)> = all.collect();
        for (roles, address) in &all {
            assert!(
                table.contains(&(roles.as_str(), *address)),
                "tests/web/routes.tsv has no line for {roles} {address}"
            );
        }
        assert_eq!(table.len(), all.len(), "tests/web/routes.tsv has a line of a page that is not there");
    }
}
