//! `[reminders]` and `[authority.mailboxes]`: how roles are reminded of their duties, and where.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::SecretSource;
use super::read::secret;
use crate::diagnostic::{Item, Table, nearest};

/// Where reminders lie unless the file says otherwise.
const OUTBOX: &str = "state/outbox";
/// From whom they are while nothing leaves this machine.
const FROM: &str = "tessera@localhost";

/// How roles are reminded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderSettings {
    /// The folder into which they are written while no mail server is named.
    pub outbox: PathBuf,
    /// The address that they come from.
    pub from: String,
    /// The mail server; without one nothing leaves.
    pub smtp: Option<SmtpSettings>,
}

/// The mail server (RFC 5321, RFC 6409).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// A name and a password, where it asks for them.
    pub credentials: Option<(String, SecretSource)>,
    /// The council's own certificate authority, PEM.
    pub certificate_authority: Option<PathBuf>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// It begins in the clear, and nothing is said before it is encrypted (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
    /// Not at all: to this machine only.
    None,
}

/// The mailbox of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Its address.
    pub address: String,
    /// Where its role stands in the configuration file.
    pub place: crate::diagnostic::Place,
}

impl SmtpTls {
    const NAMES: [(&'static str, Self); 3] =
        [("starttls", Self::StartTls), ("implicit", Self::Implicit), ("none", Self::None)];

    /// The port that such servers usually have.
    const fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// `[reminders]`; the usual settings where there is none.
pub(super) fn reminders(root: &Table<'_, '_>, folder: &Path) -> ReminderSettings {
    let usual = || ReminderSettings { outbox: folder.join(OUTBOX), from: FROM.to_owned(), smtp: None };
    let Some(table) = root.table("reminders") else { return usual() };
    let outbox = table.text("outbox").map_or_else(|| folder.join(OUTBOX), |outbox| folder.join(outbox.value));
    let has_from = table.has("from");
    let from = table.text("from").and_then(|given| address(&table, &given));
    let smtp = table.table("smtp").and_then(|smtp| self::smtp(&smtp, folder).inspect(|_| smtp.finish()));
    if table.has("smtp") && !has_from {
        let help = "write whom e-mails come from, as in from = \"tessera@council.example\"";
        table.document().error(table.span(), "`from` is missing", Some(help.into()));
    }
    table.finish();
    ReminderSettings { outbox, from: from.unwrap_or_else(|| FROM.to_owned()), smtp }
}

fn smtp(table: &Table<'_, '_>, folder: &Path) -> Option<SmtpSettings> {
    let host = table.required_text("host").and_then(|given| host(table, given));
    let tls = table.text("tls").map_or(Some((SmtpTls::StartTls, table.span())), |given| self::tls(table, &given));
    let port = table.integer("port").map(|given| port(table, &given));
    let certificate_authority = table.text("ca").map(|path| folder.join(path.value));
    let credentials = credentials(table, folder);
    let (host, (tls, span)) = (host?, tls?);
    if tls == SmtpTls::None && !is_loopback(&host) {
        let help = "tls = \"starttls\" or tls = \"implicit\"; in the clear tessera speaks to this machine only";
        table.document().error(span, "an e-mail must not leave this machine in the clear", Some(help.to_owned()));
        return None;
    }
    let port = port.unwrap_or(Some(tls.usual_port()))?;
    Some(SmtpSettings { host, port, tls, credentials: credentials?, certificate_authority })
}

/// A name or an address of a machine, and nothing else.
fn host(table: &Table<'_, '_>, given: Item<String>) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if !given.value.is_empty() && given.value.chars().all(is_part) {
        return Some(given.value);
    }
    let help = "write its name alone, as in host = \"smtp.council.example\", and its port under `port`";
    table.document().error(given.span, "`host` is not the name of a mail server", Some(help.to_owned()));
    None
}

fn tls(table: &Table<'_, '_>, given: &Item<String>) -> Option<(SmtpTls, Range<usize>)> {
    let known = SmtpTls::NAMES.iter().find(|(name, _)| *name == given.value);
    if known.is_none() {
        let names = SmtpTls::NAMES.map(|(name, _)| name);
        let help = nearest(&given.value, names)
            .map_or_else(|| format!("it is one of: {}", names.join(", ")), |meant| format!("did you mean `{meant}`?"));
        table.document().error(given.span.clone(), format!("there is no `tls` of `{}`", given.value), Some(help));
    }
    known.map(|(_, tls)| (*tls, given.span.clone()))
}

fn port(table: &Table<'_, '_>, given: &Item<i64>) -> Option<u16> {
    let port = u16::try_from(given.value).ok().filter(|port| *port > 0);
    if port.is_none() {
        let help = "587 for starttls, 465 for implicit";
        table.document().error(given.span.clone(), "`port` should be from 1 to 65535", Some(help.to_owned()));
    }
    port
}

/// `Some(None)`: there are none, and that is well.
fn credentials(table: &Table<'_, '_>, folder: &Path) -> Option<Option<(String, SecretSource)>> {
    if !table.has("user") && !table.has("password") {
        return Some(None);
    }
    let (user, password) = (table.required_text("user"), secret(table, "password", folder));
    Some(Some((user?.value, password?)))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `[authority.mailboxes]`.
pub(super) fn mailboxes(table: Table<'_, '_>) -> BTreeMap<String, Mailbox> {
    let mut mailboxes = BTreeMap::new();
    for role in table.keys() {
        let Some(given) = table.text(&role.value) else { continue };
        let Some(address) = address(&table, &given) else { continue };
        mailboxes.insert(role.value, Mailbox { address, place: table.document().place_of(&role.span) });
    }
    table.finish();
    mailboxes
}

/// One address, without a name: whom it belongs to is nobody's business here.
fn address(table: &Table<'_, '_>, given: &Item<String>) -> Option<String> {
    if given.value.parse::<lettre::Address>().is_ok() {
        return Some(given.value.clone());
    }
    let help = "write the address of one mailbox and nothing else, as in \"team@council.example\"";
    table.document().error(given.span.clone(), "this is not an address of e-mail", Some(help.to_owned()));
    None
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;
    use crate::config::Configuration;
    use crate::diagnostic::Place;

    fn said(text: &str) -> (Option<Configuration>, Vec<String>) {
        let text = format!("[ledger]\nurl = \"sqlite:x\"\nkey = {{ env = \"K\" }}\n{text}");
        let (configuration, diagnostics) = read(Path::new("/t/tessera.toml"), "tessera.toml", &text);
        (configuration, diagnostics.iter().map(|one| format!("{}: {}", one.place, one.message)).collect())
    }

    #[test]
    fn nothing_leaves_unless_the_file_names_a_mail_server() {
        for text in ["", "[reminders]\n"] {
            let (configuration, mistakes) = said(text);
            assert_eq!(mistakes, Vec::<String>::new());
            let usual = ReminderSettings {
                outbox: PathBuf::from("/t/state/outbox"),
                from: "tessera@localhost".to_owned(),
                smtp: None,
            };
            assert_eq!(configuration.unwrap().reminders, usual);
        }
    }

    #[test]
    fn all_of_it_is_read_and_a_rehearsal_sends_nothing() {
        let (configuration, mistakes) = said(
            "[reminders]\noutbox = \"out\"\nfrom = \"tessera@council.example\"\n[reminders.smtp]\nhost = \"smtp.council.example\"\n\
             tls = \"implicit\"\nuser = \"tessera\"\npassword = { file = \"smtp.secret\" }\nca = \"ca.pem\"\n\
             [[authority]]\nname = \"somewhere\"\n[authority.mailboxes]\nteam-manager = \"team@council.example\"\n",
        );
        assert_eq!(mistakes, Vec::<String>::new());
        let configuration = configuration.unwrap();
        let smtp = SmtpSettings {
            host: "smtp.council.example".to_owned(),
            port: 465,
            tls: SmtpTls::Implicit,
            credentials: Some(("tessera".to_owned(), SecretSource::File("/t/smtp.secret".into()))),
            certificate_authority: Some("/t/ca.pem".into()),
        };
        assert_eq!(configuration.reminders.smtp.as_ref(), Some(&smtp));
        let mailbox = Mailbox { address: "team@council.example".to_owned(), place: Place::LineColumn(16, 1) };
        let authority = configuration.authorities.first().unwrap();
        assert_eq!(authority.mailboxes.get("team-manager"), Some(&mailbox));
        let rehearsed = configuration.rehearsed().reminders;
        assert_eq!((rehearsed.outbox, rehearsed.smtp), ("/t/state/rehearsal/outbox".into(), None));
    }

    #[test]
    fn every_mistake_is_said_with_its_place() {
        let smtp = "[reminders]\nfrom = \"t@c.example\"\n[reminders.smtp]\n";
        let wrong = [
            ("[reminders]\nfrom = \"Tessera <t@c.example>\"".to_owned(), "line 5:8: this is not an address of e-mail"),
            ("[reminders]\noutbux = \"x\"".to_owned(), "line 5:1: unknown key `outbux` in `reminders`"),
            ("[reminders]\n[reminders.smtp]\nhost = \"h\"".to_owned(), "line 4:2: `from` is missing"),
            (smtp.to_owned(), "line 6:12: `reminders.smtp` has no `host`"),
            (format!("{smtp}host = \"smtp://h\"\n"), "line 7:8: `host` is not the name of a mail server"),
            (
                format!("{smtp}host = \"h\"\ntls = \"none\""),
                "line 8:7: an e-mail must not leave this machine in the clear",
            ),
            (format!("{smtp}host = \"h\"\ntls = \"startls\""), "line 8:7: there is no `tls` of `startls`"),
            (format!("{smtp}host = \"h\"\nport = 70000"), "line 8:8: `port` should be from 1 to 65535"),
            (format!("{smtp}host = \"h\"\nuser = \"t\""), "line 6:12: `password` is missing"),
            (format!("{smtp}host = \"h\"\npasword = \"t\""), "line 8:1: unknown key `pasword` in `reminders.smtp`"),
            (
                "[[authority]]\nname = \"a\"\n[authority.mailboxes]\nteam-manager = \"a@b.example, c@d.example\""
                    .to_owned(),
                "line 7:16: this is not an address of e-mail",
            ),
        ];
        for (text, wanted) in wrong {
            let (_, mistakes) = said(&text);
            assert!(mistakes.iter().any(|one| one == wanted), "{text}\nwanted {wanted}, got {mistakes:?}");
        }
        let (_, mistakes) = said(&format!("{smtp}host = \"::1\"\ntls = \"none\""));
        assert_eq!(mistakes, Vec::<String>::new(), "to this machine");
    }
}
