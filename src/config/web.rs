//! `[web]`: how the administrators' pages are served, and how people sign in to them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SecretSource;
use super::read::secret;
use crate::diagnostic::{Item, Table, nearest};
use crate::domain::SignInRole;

/// Where the pages are served unless the file says otherwise: on this machine only.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// What OWASP's session guidance has for work of this weight: half an hour without a page.
const TIME_OUT_MINUTES: u32 = 30;
/// A working day, after which everybody signs in again.
const SESSION_HOURS: u32 = 12;
/// The claim of Entra ID that holds app roles, and the one that holds the name.
const ROLE_CLAIM: &str = "roles";
const NAME_CLAIM: &str = "preferred_username";

/// How the pages are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// Where they listen.
    pub listen: SocketAddr,
    /// The address by which browsers know them: `https://panels.council.example`.
    pub address: Option<String>,
    /// The certificate, where they speak TLS themselves.
    pub tls: Option<TlsFiles>,
    /// Proxies that speak TLS for them, and whose word on who asks is taken.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long somebody may be away before they are signed out.
    pub time_out: Duration,
    /// How long anybody stays signed in.
    pub session: Duration,
    /// Sign-in by OpenID Connect.
    pub oidc: Option<OidcSettings>,
    /// Whether there are accounts of tessera's own; `None` where the file does not say.
    pub local_accounts: Option<bool>,
    /// Whom to ask for help, as the foot of each page says it: a role and a number, not a person.
    pub help: Option<String>,
}

/// A certificate and its key, PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those above it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: SecretSource,
}

/// Sign-in by OpenID Connect (OpenID Connect Core 1.0), for instance Entra ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// The issuer: the address under which `/.well-known/openid-configuration` lies.
    pub issuer: String,
    /// The name by which it knows tessera.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SecretSource,
    /// The claim that holds somebody's roles or groups.
    pub role_claim: String,
    /// The claim that holds the name under which somebody stands in the audit trail.
    pub name_claim: String,
    /// What each value of that claim may do.
    pub roles: BTreeMap<String, SignInRole>,
    /// The council's own certificate authority, PEM.
    pub certificate_authority: Option<PathBuf>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            address: None,
            tls: None,
            trusted_proxies: Vec::new(),
            time_out: minutes(TIME_OUT_MINUTES),
            session: minutes(SESSION_HOURS * 60),
            oidc: None,
            local_accounts: None,
            help: None,
        }
    }
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

/// `[web]`; the usual settings where there is none.
pub(super) fn web(root: &Table<'_, '_>, folder: &Path) -> WebSettings {
    let usual = WebSettings::default();
    let Some(table) = root.table("web") else { return usual };
    let listen = table
        .text("listen")
        .and_then(|given| parsed(&table, &given, "`listen` is not an address and a port", "write \"127.0.0.1:8080\""));
    let address = table.text("address").and_then(|given| address(&table, &given));
    let tls = table.table("tls").and_then(|tls| {
        let (certificate, key) = (tls.required_text("certificate"), secret(&tls, "key", folder));
        tls.finish();
        Some(TlsFiles { certificate: folder.join(certificate?.value), key: key? })
    });
    let proxies = table.texts("trusted-proxies").into_iter();
    let proxies = proxies.filter_map(|given| {
        parsed(&table, &given, "a trusted proxy is named by its IP address", "write trusted-proxies = [\"10.0.0.5\"]")
    });
    let trusted_proxies = proxies.collect();
    let positive = |key: &str, usual: Duration, unit: u64| {
        let given = table.integer(key);
        let count = given.as_ref().and_then(|given| u64::try_from(given.value).ok()).filter(|count| *count > 0);
        if let (Some(given), None) = (&given, count) {
            table.document().error(given.span.clone(), format!("`{key}` should be 1 or more"), None);
        }
        count.map_or(usual, |count| Duration::from_secs(count.saturating_mul(unit)))
    };
    let time_out = positive("time-out-minutes", usual.time_out, 60);
    let session = positive("session-hours", usual.session, 3600);
    let oidc = table.table("oidc").and_then(|oidc| self::oidc(&oidc, folder).inspect(|_| oidc.finish()));
    let local_accounts = table.flag("local-accounts").map(|flag| flag.value);
    let help = table.text("help").map(|help| help.value);
    table.finish();
    let listen = listen.unwrap_or(usual.listen);
    WebSettings { listen, address, tls, trusted_proxies, time_out, session, oidc, local_accounts, help }
}

fn parsed<T: std::str::FromStr>(table: &Table<'_, '_>, given: &Item<String>, wrong: &str, help: &str) -> Option<T> {
    let read = given.value.parse().ok();
    if read.is_none() {
        table.document().error(given.span.clone(), wrong, Some(help.to_owned()));
    }
    read
}

/// An origin: a scheme and a host, no path.
fn address(table: &Table<'_, '_>, given: &Item<String>) -> Option<String> {
    let url: Option<reqwest::Url> = given.value.parse().ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none());
    if url.is_none() {
        let help = "write the scheme and the host, as in \"https://panels.council.example\"";
        table.document().error(given.span.clone(), "`address` is not an address of pages", Some(help.to_owned()));
    }
    url.map(|url| url.origin().ascii_serialization())
}

/// An issuer, as it names itself: over TLS, unless it is on this machine.
fn issuer(table: &Table<'_, '_>, given: &Item<String>) -> Option<String> {
    let is_safe = |url: &reqwest::Url| match (url.scheme(), url.host_str()) {
        ("https", Some(_)) | ("http", Some("localhost")) => true,
        ("http", Some(host)) => {
            host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        _ => false,
    };
    let url: Option<reqwest::Url> = given.value.parse().ok();
    if url.is_some_and(|url| is_safe(&url) && url.query().is_none() && url.fragment().is_none()) {
        return Some(given.value.clone());
    }
    let help = "write what stands under `issuer` in its own /.well-known/openid-configuration; it begins with https://";
    table.document().error(given.span.clone(), "`issuer` is not the address of an issuer", Some(help.to_owned()));
    None
}

fn oidc(table: &Table<'_, '_>, folder: &Path) -> Option<OidcSettings> {
    let (issuer, client_id) = (table.required_text("issuer"), table.required_text("client-id"));
    let issuer = issuer.and_then(|given| self::issuer(table, &given));
    let client_secret = secret(table, "client-secret", folder);
    let text_or = |key: &str, usual: &str| table.text(key).map_or_else(|| usual.to_owned(), |text| text.value);
    let (role_claim, name_claim) = (text_or("role-claim", ROLE_CLAIM), text_or("name-claim", NAME_CLAIM));
    let certificate_authority = table.text("ca").map(|path| folder.join(path.value));
    let mut roles = BTreeMap::new();
    table.required("roles");
    if let Some(given) = table.table("roles") {
        for key in given.keys() {
            let Some(role) = given.text(&key.value) else { continue };
            let known = SignInRole::parse(&role.value);
            if known.is_none() {
                let names = SignInRole::ALL.map(SignInRole::as_str);
                let help = nearest(&role.value, names).map_or_else(
                    || format!("the roles are: {}", names.join(", ")),
                    |meant| format!("did you mean `{meant}`?"),
                );
                let message = format!("there is no role `{}`", role.value);
                given.document().error(role.span, message, Some(help));
            }
            roles.extend(known.map(|role| (key.value, role)));
        }
        given.finish();
    }
    Some(OidcSettings {
        issuer: issuer?,
        client_id: client_id?.value,
        client_secret: client_secret?,
        role_claim,
        name_claim,
        roles,
        certificate_authority,
    })
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    fn said(web: &str) -> (Option<WebSettings>, Vec<String>) {
        let text = format!("[ledger]\nurl = \"sqlite:x\"\nkey = {{ env = \"K\" }}\n{web}");
        let (configuration, diagnostics) = read(Path::new("tessera.toml"), "tessera.toml", &text);
        let said = diagnostics.iter().map(|one| format!("{}: {}", one.place, one.message)).collect();
        (configuration.map(|configuration| configuration.web), said)
    }

    #[test]
    fn the_pages_are_for_this_machine_unless_the_file_says_otherwise() {
        let (web, mistakes) = said("");
        assert_eq!((web, mistakes), (Some(WebSettings::default()), Vec::new()));
        assert!(WebSettings::default().listen.ip().is_loopback());
    }

    #[test]
    fn all_of_it_is_read() {
        let (web, mistakes) = said(
            "[web]\nlisten = \"0.0.0.0:443\"\naddress = \"https://panels.council.example/\"\ntls = { certificate = \"c.pem\", \
             key = { file = \"k.pem\" } }\ntrusted-proxies = [\"10.0.0.5\"]\ntime-out-minutes = 10\nsession-hours = 8\n\
             help = \"Systems desk\"\n[web.oidc]\nissuer = \"https://login.example/t\"\nclient-id = \"i\"\n\
             client-secret = { env = \"S\" }\n[web.oidc.roles]\n\"Panel.Administrator\" = \"administrator\"\n",
        );
        assert_eq!(mistakes, Vec::<String>::new());
        let web = web.unwrap();
        assert_eq!(web.address.as_deref(), Some("https://panels.council.example"));
        assert_eq!((web.time_out, web.session), (minutes(10), minutes(480)));
        let oidc = web.oidc.unwrap();
        assert_eq!((oidc.role_claim.as_str(), oidc.name_claim.as_str()), ("roles", "preferred_username"));
        assert_eq!(oidc.roles["Panel.Administrator"], SignInRole::Administrator);
    }

    #[test]
    fn every_mistake_is_said_with_its_place() {
        let wrong = [
            ("[web]\nlisten = \"8080\"", "line 5:10: `listen` is not an address and a port"),
            ("[web]\naddress = \"panels\"", "line 5:11: `address` is not an address of pages"),
            ("[web]\naddress = \"https://a/b\"", "line 5:11: `address` is not an address of pages"),
            ("[web]\ntrusted-proxies = [\"proxy\"]", "line 5:20: a trusted proxy is named by its IP address"),
            ("[web]\ntime-out-minutes = 0", "line 5:20: `time-out-minutes` should be 1 or more"),
            ("[web]\ntimeout = 3", "line 5:1: unknown key `timeout` in `web`"),
            ("[web.oidc]\nissuer = \"login.example\"", "line 5:10: `issuer` is not the address of an issuer"),
            ("[web.oidc]\nissuer = \"http://login.example\"", "line 5:10: `issuer` is not the address of an issuer"),
            ("[web.oidc]\nissuer = \"https://a/?b=c\"", "line 5:10: `issuer` is not the address of an issuer"),
            (
                "[web.oidc]\nissuer = \"http://[::1]:9\"\nclient-id = \"c\"\nclient-secret = { env = \"S\" }\nroles = { x = \"approve\" }",
                "line 8:15: there is no role `approve`",
            ),
        ];
        for (text, wanted) in wrong {
            let (_, mistakes) = said(text);
            assert!(mistakes.iter().any(|one| one == wanted), "{text}\n{mistakes:?}");
        }
    }
}
