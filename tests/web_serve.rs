//! `tessera serve`: where it refuses to listen, TLS, and a proxy in front of it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::runner::{Ran, Tessera};
use crate::served::{Authority, Browser, Served};

/// An installation whose configuration says this of its pages.
fn with(web: &str) -> Tessera {
    let tessera = Tessera::new("lincolnshire");
    let configuration = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    tessera.write("tessera.toml", format!("{configuration}\n[web]\n{web}\n"));
    tessera
}

/// Writes a file for its owner only.
fn private(tessera: &Tessera, name: &str, content: &str) {
    let path = tessera.write(name, content);
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// That a run was refused before anything was done, with this in its reason and this in what to do.
fn refused(ran: &Ran, why: &str, help: &str) {
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert_eq!(ran.stdout, "", "{}", ran.all());
    let line = |begins: &str| ran.stderr.lines().find(|line| line.starts_with(begins)).unwrap_or_default();
    assert!(line("Failed: ").contains(why) && line("What to do: ").contains(help), "{why}; {help}: {}", ran.all());
}

#[test]
fn off_this_machine_nothing_is_served_in_the_clear_nameless_or_to_anybody() {
    let proxy = "trusted-proxies = [\"10.0.0.5\"]";
    let address = "address = \"https://panels.council.example\"";
    for (web, listen, why, help) in [
        ("", "0.0.0.0:0", "without TLS", "[web.tls]"),
        (address, "[::]:0", "without TLS", "trusted-proxies"),
        (proxy, "0.0.0.0:0", "by which name", "address = "),
        (&format!("{proxy}\n{address}"), "0.0.0.0:0", "how do people sign in", "[web.oidc]"),
        (&format!("{proxy}\n{address}\nlocal-accounts = false"), "0.0.0.0:0", "how do people sign in", "[web.oidc]"),
        ("local-accounts = false", "127.0.0.1:0", "how do people sign in", "local-accounts = true"),
    ] {
        refused(&with(web).run(&["serve", "--listen", listen]), why, help);
        let told = with(&format!("listen = \"{listen}\"\n{web}"));
        refused(&told.run(&["serve"]), why, help);
    }
}

#[test]
fn a_port_that_is_taken_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&with("").run(&["serve", "--listen", &address]), &format!("listen on {address}"), "--listen");
}

#[test]
fn a_certificate_that_cannot_be_used_is_said_with_what_to_do() {
    let authority = Authority::new();
    let (certificate, key) = authority.signed("127.0.0.1");
    let (_, another) = authority.signed("127.0.0.1");
    let web = "tls = { certificate = \"c.pem\", key = { file = \"k.pem\" } }";
    for (certificate, key, why, help) in [
        (None, Some(&key), "read the certificate", "[web.tls]"),
        (Some("no certificate"), Some(&key), "use the certificate", "[web.tls]"),
        (Some(certificate.as_str()), Some(&another), "use the certificate", "[web.tls]"),
        (Some(certificate.as_str()), Some(&certificate), "use the certificate", "[web.tls]"),
        (Some(certificate.as_str()), None, "read the secret", "k.pem"),
    ] {
        let tessera = with(web);
        if let Some(certificate) = certificate {
            tessera.write("c.pem", certificate);
        }
        if let Some(key) = key {
            private(&tessera, "k.pem", key);
        }
        let ran = tessera.run(&["serve", "--listen", "127.0.0.1:0"]);
        refused(&ran, why, help);
        assert!(!ran.stderr.contains("PRIVATE KEY"), "{}", ran.all());
    }
    let tessera = with(web);
    tessera.write("c.pem", &certificate);
    private(&tessera, "k.pem", &key);
    std::fs::set_permissions(tessera.path("k.pem"), PermissionsExt::from_mode(0o644)).unwrap();
    refused(&tessera.run(&["serve", "--listen", "127.0.0.1:0"]), "others than its owner", "chmod 600");
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_and_tls_only() {
    let authority = Authority::new();
    let tessera = with("tls = { certificate = \"c.pem\", key = { file = \"k.pem\" } }");
    let (certificate, key) = authority.signed("127.0.0.1");
    tessera.write("c.pem", certificate);
    private(&tessera, "k.pem", &key);
    let served = Served::start(tessera);
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
    let link = served.first_link.clone().unwrap();
    let path = link.strip_prefix(&served.url).unwrap();

    let mut browser = Browser::with(&served.url, |builder| builder.tls_certs_only([authority.trusted()]));
    let form = browser.open(path).await;
    assert_eq!(form.heading(), "Choose a password", "{form:?}");
    assert_eq!(form.headers["strict-transport-security"], "max-age=31536000");
    let fields = [("name", "sam"), ("password", "three words and a number 7")];
    let signed_in = browser.send(path, &fields).await;
    assert_eq!(signed_in.location(), "/", "{signed_in:?}");
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tessera="), "{cookie}");
    let parts: Vec<&str> = cookie.split("; ").collect();
    assert!(["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|part| parts.contains(part)), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(browser.open("/").await.status, StatusCode::OK);

    let stranger = Authority::new().trusted();
    let asked = reqwest::Client::builder().no_proxy().tls_certs_only([stranger]).build().unwrap();
    assert!(asked.get(format!("{}/sign-in", served.url)).send().await.is_err(), "a stranger's certificate is taken");
    let clear = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(clear.get(format!("{}/sign-in", served.listens())).send().await.is_err(), "it answers without TLS too");
}

/// Tries of one address at which no more are taken.
const TRIES: usize = 30;

async fn tried(browser: &mut Browser, name: &str, forwarded: &str) -> StatusCode {
    browser.added = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), forwarded.parse().unwrap())]);
    browser.send("/sign-in", &[("name", name), ("password", "not this one")]).await.status
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_asks() {
    let refused = StatusCode::TOO_MANY_REQUESTS;
    let served = Served::start(with(
        "address = \"https://panels.council.example\"\ntrusted-proxies = [\"127.0.0.1\"]\nlocal-accounts = true",
    ));
    let mut browser = Browser::new(&served.listens());
    let page = browser.open("/sign-in").await;
    assert_eq!(page.headers["strict-transport-security"], "max-age=31536000", "the proxy speaks TLS");
    // Every try takes time, in which one more is allowed now and then.
    let mut taken = 0;
    while tried(&mut browser, &format!("somebody{taken}"), "192.0.2.1").await != refused {
        taken += 1;
        assert!(taken < 3 * TRIES, "there is no end");
    }
    assert!(taken >= TRIES, "{taken}");
    // What the asker writes there itself stands before what the proxy has seen.
    assert_eq!(tried(&mut browser, "one-more", "192.0.2.7, 192.0.2.1").await, refused);
    assert_ne!(tried(&mut browser, "one-more", "192.0.2.2").await, refused, "another pays for it");

    let served = Served::start(with(""));
    let mut browser = Browser::new(&served.url);
    assert!(browser.open("/sign-in").await.headers.get("strict-transport-security").is_none());
    let mut taken = 0;
    while tried(&mut browser, &format!("somebody{taken}"), &format!("192.0.2.{taken}")).await != refused {
        taken += 1;
        assert!(taken < 3 * TRIES, "anybody is believed");
    }
    assert!(taken >= TRIES, "{taken}");
}
