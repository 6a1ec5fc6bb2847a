//! Reminders from the moment a duty comes onto a desk until its role has been told: into the outbox, and by a real mail
//! server on loopback (`server.py`, which is aiosmtpd).

mod outbox;
mod server;
mod smtp;

use std::fs;
use std::path::Path;

use mail_parser::MimeHeaders as _;

use crate::runner::{Ran, Tessera};

const EVENTS: &str = "Mosaic ID,Event ID,Event type,Event date,End date\n";

/// The moment at which the child's placement begins, and the morning after.
const EVENING: &str = "2027-03-26T20:00";
const MORNING: &str = "2027-03-27T02:00";

/// An installation that reads the events of one authority; `settings` stand before it, `mailboxes` within it.
fn installed(settings: &str, mailboxes: &str) -> Tessera {
    let tessera = Tessera::new("lincolnshire");
    configure(&tessera, settings, mailboxes);
    events(&tessera, &format!("{EVENTS}100004,60001,Regulation 24,2027-03-26 17:30,\n"));
    tessera
}

fn configure(tessera: &Tessera, settings: &str, mailboxes: &str) {
    tessera.write(
        "tessera.toml",
        format!(
            "[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = {{ file = \"state/ledger.key\" }}\n{settings}\n\
             [[authority]]\nname = \"lincolnshire\"\n\
             [[authority.source]]\nextract = \"events\"\npath = \"exports\"\npattern = \"events*\"\n{mailboxes}"
        ),
    );
}

fn events(tessera: &Tessera, text: &str) {
    tessera.write("exports/events.csv", text);
    tessera.write("exports/events.csv.done", "");
}

/// The nightly job at a moment.
fn night(tessera: &Tessera, at: &str) -> Ran {
    tessera.run(&["--as-at", at, "sync"])
}

/// What a run of the nightly job says of reminders: sent, in the outbox, failed, roles without a mailbox.
fn told(tessera: &Tessera, at: &str) -> [u64; 4] {
    let report = tessera.json(&["--as-at", at, "sync"]);
    ["sent", "outbox", "failed", "without_mailbox"].map(|key| report["reminders"][key].as_u64().unwrap())
}

/// An e-mail as its reader has it.
struct Read {
    id: String,
    to: String,
    subject: String,
    text: String,
    calendar: String,
    raw: String,
}

/// The e-mails in a folder, by their file names.
fn letters(folder: &Path) -> Vec<Read> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
    let mut paths = entries.unwrap_or_default();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| read(&fs::read(path).unwrap())).collect()
}

fn read(bytes: &[u8]) -> Read {
    let message = mail_parser::MessageParser::default().parse(bytes).unwrap();
    let calendar = message.attachment(0).unwrap();
    assert_eq!(calendar.attachment_name(), Some("duties.ics"));
    Read {
        id: message.message_id().unwrap().to_owned(),
        to: message.to().unwrap().first().unwrap().address().unwrap().to_owned(),
        subject: message.subject().unwrap().to_owned(),
        text: message.body_text(0).unwrap().replace("\r\n", "\n"),
        calendar: calendar.text_contents().unwrap().to_owned(),
        raw: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

impl Read {
    /// Everything that somebody who has the e-mail can read of it.
    fn all(&self) -> String {
        let unfolded = self.calendar.replace("\r\n ", "");
        [&self.raw, &self.to, &self.subject, &self.text, &unfolded].map(String::as_str).join("\n")
    }

    /// The ids of its duties.
    fn duties(&self) -> Vec<String> {
        let words = self.text.split_whitespace().filter(|word| word.starts_with("D-"));
        words.map(ToOwned::to_owned).collect()
    }
}
