//! Reads how Mosaic's web service is reached.

use std::path::Path;
use std::time::Duration;

use super::file::{ClientCertificate, Credentials, Transport};
use super::read::secret;
use crate::diagnostic::Table;

const RATE_PER_SECOND: u32 = 20;
/// DESIGN section 8: a slow server may still be writing.
const SETTLING: Duration = Duration::from_secs(120);
const CONNECT_TIME: Duration = Duration::from_secs(10);
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The header that most services take a key in.
const API_KEY_HEADER: &str = "X-Api-Key";

/// `[authority.mosaic]` with `transport = "rest"`.
pub(super) fn rest(table: &Table<'_, '_>, folder: &Path) -> Option<Transport> {
    let url = table.required_text("url");
    let client_certificate = client_certificate(table, folder);
    let credentials = match table.table("credentials") {
        Some(credentials) => self::credentials(&credentials, folder).inspect(|_| credentials.finish()),
        None if table.has("certificate") && !table.has("credentials") => Some(Credentials::Certificate),
        None => {
            let help = "credentials = { client-id = \"tessera\", client-secret = { env = \"MOSAIC_SECRET\" } }";
            table.document().error(table.span(), "`credentials` are missing", Some(help.into()));
            None
        }
    };
    let rate_per_second = positive(table, "rate").unwrap_or(RATE_PER_SECOND);
    let seconds = |key: &str, usual| positive(table, key).map_or(usual, |seconds| Duration::from_secs(seconds.into()));
    let settling = seconds("settling-seconds", SETTLING);
    let (connect_time, answer_time) =
        (seconds("connect-seconds", CONNECT_TIME), seconds("answer-seconds", ANSWER_TIME));
    let dialect = table.text("dialect").map_or_else(|| "rest-default".to_owned(), |dialect| dialect.value);
    let certificate_authority = table.text("ca").map(|path| folder.join(path.value));
    let proxy = proxy(table);
    Some(Transport {
        dialect,
        url: url?.value,
        credentials: credentials?,
        client_certificate: client_certificate?,
        proxy: proxy?,
        connect_time,
        answer_time,
        rate_per_second,
        certificate_authority,
        settling,
    })
}

/// A name and a secret, a key, or a name and a password: one of them.
fn credentials(table: &Table<'_, '_>, folder: &Path) -> Option<Credentials> {
    let kinds = ["client-id", "api-key", "user"].into_iter().filter(|key| table.has(key)).collect::<Vec<_>>();
    match kinds.as_slice() {
        ["client-id"] => {
            let (id, secret) = (table.required_text("client-id"), secret(table, "client-secret", folder));
            Some(Credentials::Client { id: id?.value, secret: secret? })
        }
        ["api-key"] => {
            let header = table.text("header").map_or_else(|| API_KEY_HEADER.to_owned(), |header| header.value);
            Some(Credentials::ApiKey { header, key: secret(table, "api-key", folder)? })
        }
        ["user"] => {
            let (user, password) = (table.required_text("user"), secret(table, "password", folder));
            Some(Credentials::Basic { user: user?.value, password: password? })
        }
        _ => {
            let help =
                "client-id and client-secret; or api-key, and header where it is not X-Api-Key; or user and password";
            table.document().error(table.span(), "`credentials` should be of one kind", Some(help.into()));
            None
        }
    }
}

/// `Some(None)`: there is none, and that is well.
fn client_certificate(table: &Table<'_, '_>, folder: &Path) -> Option<Option<ClientCertificate>> {
    if !table.has("certificate") && !table.has("certificate-key") {
        return Some(None);
    }
    let certificate = table.required_text("certificate").map(|path| folder.join(path.value));
    let key = secret(table, "certificate-key", folder);
    Some(Some(ClientCertificate { certificate: certificate?, key: key? }))
}

/// `Some(None)`: there is none, and that is well.
fn proxy(table: &Table<'_, '_>) -> Option<Option<String>> {
    let Some(proxy) = table.text("proxy") else { return Some(None) };
    let well =
        ["http://", "https://"].iter().any(|scheme| proxy.value.starts_with(scheme)) && !proxy.value.contains('@');
    if !well {
        let help = "write its address without a name or a password, as in \"http://proxy.example:3128\"";
        table.document().error(proxy.span, "`proxy` cannot be used", Some(help.into()));
        return None;
    }
    Some(Some(proxy.value))
}

fn positive(table: &Table<'_, '_>, key: &str) -> Option<u32> {
    let given = table.integer(key)?;
    let number = u32::try_from(given.value).ok().filter(|number| *number > 0);
    if number.is_none() {
        let help = Some("write a whole number from 1 up".to_owned());
        table.document().error(given.span, format!("`{key}` should be above zero"), help);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MosaicSettings, SecretSource};

    fn read(mosaic: &str) -> Result<Transport, Vec<String>> {
        let text = format!(
            "[ledger]\nurl = \"sqlite:l\"\nkey = {{ env = \"K\" }}\n[[authority]]\nname = \"somewhere\"\n[authority.mosaic]\ntransport = \"rest\"\nurl = \"https://mosaic.example\"\n{mosaic}"
        );
        let (read, diagnostics) = super::super::read::read(Path::new("/t/tessera.toml"), "tessera.toml", &text);
        if !diagnostics.is_empty() {
            return Err(diagnostics.iter().map(|one| format!("{}: {}", one.place, one.message)).collect());
        }
        match read.unwrap().authorities.remove(0).mosaic {
            MosaicSettings::Rest(transport) => Ok(*transport),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tessera_may_show_who_it_is_in_four_ways() {
        let of = |name: &str| SecretSource::Environment(name.to_owned());
        let given = [
            (
                "credentials = { client-id = \"t\", client-secret = { env = \"S\" } }",
                Credentials::Client { id: "t".into(), secret: of("S") },
            ),
            (
                "credentials = { api-key = { env = \"S\" } }",
                Credentials::ApiKey { header: "X-Api-Key".into(), key: of("S") },
            ),
            (
                "credentials = { api-key = { env = \"S\" }, header = \"Key\" }",
                Credentials::ApiKey { header: "Key".into(), key: of("S") },
            ),
            (
                "credentials = { user = \"t\", password = { env = \"S\" } }",
                Credentials::Basic { user: "t".into(), password: of("S") },
            ),
            ("certificate = \"c.pem\"\ncertificate-key = { env = \"S\" }", Credentials::Certificate),
        ];
        for (text, wanted) in given {
            let transport = read(text).unwrap();
            assert_eq!(transport.credentials, wanted);
            let certificate = transport.client_certificate.map(|given| given.certificate);
            assert_eq!(certificate.is_some(), wanted == Credentials::Certificate);
        }
        let key = "credentials = { api-key = { env = \"S\" } }\n";
        let limits = "proxy = \"http://proxy.example:3128\"\nconnect-seconds = 3\nanswer-seconds = 9";
        let transport = read(&format!("{key}{limits}")).unwrap();
        assert_eq!(transport.proxy.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!((transport.connect_time.as_secs(), transport.answer_time.as_secs()), (3, 9));
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        let key = "credentials = { api-key = { env = \"S\" } }";
        for (text, wanted) in [
            (String::new(), "`credentials` are missing"),
            ("credentials = {}".to_owned(), "`credentials` should be of one kind"),
            ("credentials = { api-key = { env = \"S\" }, user = \"t\" }".to_owned(), "should be of one kind"),
            ("credentials = { user = \"t\" }".to_owned(), "`password` is missing"),
            (format!("{key}\ncertificate = \"c.pem\""), "`certificate-key` is missing"),
            (format!("{key}\nproxy = \"http://name:word@proxy.example\""), "`proxy` cannot be used"),
            (format!("{key}\nanswer-seconds = 0"), "`answer-seconds` should be above zero"),
        ] {
            let said = read(&text).unwrap_err();
            assert!(said.iter().any(|one| one.contains(wanted)), "wanted {wanted:?}, got {said:?}");
            assert!(!said.concat().contains("word@"), "{said:?}");
        }
    }
}
