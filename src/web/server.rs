//! Serves the pages: where they may listen, TLS, the first link, and the end.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context as _;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::Site;
use super::issuer::Issuer;
use super::router::router;
use super::site::SiteMade;
use crate::calendar::Clock;
use crate::config::{TlsFiles, WebSettings};
use crate::domain::limit;
use crate::operation::{Actor, Failure, Workplace};

/// How long pages that are being made may take when the program is told to end.
const GRACE: Duration = Duration::from_secs(10);
/// How often what is not needed any more is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// What is to be served.
#[derive(Debug)]
pub struct ServeRequest {
    /// Where to listen, instead of where the configuration says.
    pub listen: Option<SocketAddr>,
    /// Whether a link for a first account is wanted though there are accounts.
    pub wants_link: bool,
    /// Whether these are the pages of a rehearsal.
    pub is_rehearsal: bool,
}

/// The pages are there.
#[derive(Debug)]
pub struct Serving {
    /// Their address.
    pub url: String,
    /// The link by which the first account is made, once.
    pub first_link: Option<SecretString>,
}

/// Serves the pages until the program is interrupted. `standing` is told where they are.
pub fn serve(
    workplace: Workplace,
    clock: Clock,
    request: &ServeRequest,
    standing: impl FnOnce(&Serving),
) -> Result<(), Failure> {
    let mut settings = workplace.configuration().web.clone();
    settings.listen = request.listen.unwrap_or(settings.listen);
    refuse(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(error, "look at the limits of this machine"))?;
    runtime.block_on(async {
        let listener = bind(settings.listen)?;
        let bound = listener.local_addr().map_err(|error| Failure::failed(error, "try again"))?;
        settings.listen = bound;
        let tls = match &settings.tls {
            Some(files) => Some(tls(files).await?),
            None => None,
        };
        let is_secure = tls.is_some() || !settings.trusted_proxies.is_empty();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = settings.address.clone().unwrap_or_else(|| format!("{scheme}://{bound}"));
        let hosts = hosts(bound, settings.address.as_deref());
        let issuer = settings.oidc.as_ref().map(|oidc| Issuer::new(oidc, &url)).transpose()?;
        let (is_rehearsal, own) = (request.is_rehearsal, url.clone());
        let made = SiteMade { workplace, clock, settings, url: own, issuer, is_rehearsal, hosts, is_secure };
        let site = Site::new(made);
        let first_link = first_link(&site, request.wants_link, &url)?;
        standing(&Serving { url, first_link });
        tokio::spawn(tidy(site.clone()));
        answer(listener, tls, &site).await
    })
}

/// Off this machine the pages are not served in the clear, nor to anybody who has not really signed in.
fn refuse(settings: &WebSettings) -> Result<(), Failure> {
    let refused = |why: &str, help: &str| {
        Err(Failure::configuration(anyhow::anyhow!("serve the pages on {}: {why}", settings.listen), help))
    };
    let no_way_in = || {
        let help = "add [web.oidc] for the council's own sign-in, or say local-accounts = true in [web]";
        refused("how do people sign in?", help)
    };
    if settings.oidc.is_none() && settings.local_accounts == Some(false) {
        return no_way_in();
    }
    if settings.listen.ip().is_loopback() {
        return Ok(());
    }
    if settings.tls.is_none() && settings.trusted_proxies.is_empty() {
        let help = "name a certificate in [web.tls], or a proxy that speaks TLS in trusted-proxies; without either, \
                    listen on 127.0.0.1";
        return refused("without TLS others could read what is on them", help);
    }
    if settings.address.is_none() {
        return refused(
            "by which name do browsers know them?",
            "add address = \"https://panels.council.example\" to [web]",
        );
    }
    if settings.oidc.is_none() && settings.local_accounts != Some(true) {
        return no_way_in();
    }
    Ok(())
}

fn bind(listen: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.with_context(|| format!("listen on {listen}")).map_err(|error| {
        Failure::configuration(
            error,
            "is something else listening there? Name another port with --listen 127.0.0.1:8090",
        )
    })
}

async fn tls(files: &TlsFiles) -> Result<RustlsConfig, Failure> {
    let certificate = std::fs::read(&files.certificate);
    let certificate = certificate.with_context(|| format!("read the certificate {}", files.certificate.display()));
    let wrong =
        |error: anyhow::Error| Failure::configuration(error, "name a certificate and its key, PEM, in [web.tls]");
    let key = files.key.pem()?.expose_secret().as_bytes().to_vec();
    let config = RustlsConfig::from_pem(certificate.map_err(wrong)?, key).await;
    config.context("use the certificate").map_err(wrong)
}

/// The names by which browsers may ask for the pages.
fn hosts(bound: SocketAddr, address: Option<&str>) -> Vec<String> {
    let own = address.and_then(|address| address.split_once("://")).map(|(_, host)| host.to_owned());
    let mut hosts: Vec<String> = own.into_iter().collect();
    if bound.ip().is_loopback() {
        hosts.extend([bound.to_string(), format!("localhost:{}", bound.port())]);
    }
    hosts
}

/// The link for the first account: where nobody could sign in otherwise, or where it is asked for.
fn first_link(site: &Site, wants_link: bool, url: &str) -> Result<Option<SecretString>, Failure> {
    let accounts = site.workplace().open_ledger(site.clock(), &Actor::new("systems", None))?.accounts_list()?;
    let nobody = site.has_local_accounts() && !accounts.iter().any(|one| one.is_open && one.has_password);
    if !nobody && !wants_link {
        return Ok(None);
    }
    let secret = site.make_first_link()?;
    Ok(Some(SecretString::from(format!("{url}/invitation/{}", secret.expose_secret()))))
}

async fn tidy(site: Site) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        site.limits().forget();
        site.uploads().forget();
        site.close_idle();
    }
}

async fn answer(listener: TcpListener, tls: Option<RustlsConfig>, site: &Site) -> Result<(), Failure> {
    let pages = router(site).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    tokio::spawn(end(handle.clone()));
    let served = match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls).map_err(unserved)?.handle(handle);
            server.http_builder().http1().header_read_timeout(limit::HEAD_TIME_MAX);
            server.serve(pages).await
        }
        None => {
            let mut server = axum_server::from_tcp(listener).map_err(unserved)?.handle(handle);
            server.http_builder().http1().header_read_timeout(limit::HEAD_TIME_MAX);
            server.serve(pages).await
        }
    };
    served.map_err(unserved)
}

fn unserved(error: std::io::Error) -> Failure {
    Failure::failed(error, "start it again")
}

/// Ends when the program is interrupted or told to.
async fn end(handle: Handle<SocketAddr>) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut told) => {
                tokio::select! { _ = told.recv() => {} _ = interrupted => {} }
            }
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
    handle.graceful_shutdown(Some(GRACE));
}
