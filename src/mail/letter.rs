//! An e-mail with a calendar file (RFC 5322, RFC 2045, RFC 5545): the same bytes whenever it is made of the same.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::MailTrouble;

/// An e-mail.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What identifies it for ever, in small letters, digits and hyphens.
    pub id: String,
    /// Whom it comes from.
    pub from: String,
    /// Whom it goes to.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// What calendars take in.
    pub calendar: String,
    /// When it was written.
    pub written: Timestamp,
}

impl Letter {
    /// Its bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, MailTrouble> {
        Ok(self.message()?.formatted())
    }

    pub(super) fn message(&self) -> Result<Message, MailTrouble> {
        let address = |text: &str| text.parse::<Address>().map_err(|_| MailTrouble::address());
        let (from, to) = (address(&self.from)?, address(&self.to)?);
        let calendar = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH");
        let calendar = calendar.map_err(|_| MailTrouble::address())?;
        let body = MultiPart::mixed()
            .boundary(format!("tessera-{}", self.id))
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(Attachment::new("duties.ics".to_owned()).body(self.calendar.clone(), calendar));
        Message::builder()
            .message_id(Some(format!("<{}@{}>", self.id, from.domain())))
            .from(Mailbox::new(Some("tessera".to_owned()), from))
            .to(Mailbox::new(None, to))
            .subject(self.subject.as_str())
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.written.as_second()).unwrap_or(0)))
            // No machine answers it that somebody is away (RFC 3834).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(body)
            .map_err(|_| MailTrouble::address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            id: "0f1e".to_owned(),
            from: "tessera@council.example".to_owned(),
            to: "team@council.example".to_owned(),
            subject: "Team manager’s duties".to_owned(),
            text: "One duty – due today.\n".to_owned(),
            calendar: "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".to_owned(),
            written: "2026-12-04T02:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_same_letter_has_the_same_bytes_and_another_reader_understands_it() {
        let bytes = letter().bytes().unwrap();
        assert_eq!(bytes, letter().bytes().unwrap());
        let read = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.message_id(), Some("0f1e@council.example"));
        assert_eq!(read.subject(), Some("Team manager’s duties"));
        assert_eq!(read.body_text(0).as_deref().map(str::trim), Some("One duty – due today."));
        assert_eq!(read.date().map(|date| date.to_rfc3339()).as_deref(), Some("2026-12-04T02:00:00Z"));
        let calendar = read.attachment(0).unwrap();
        assert_eq!(calendar.text_contents(), Some("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"));
        let text = String::from_utf8(bytes).unwrap();
        for wanted in ["text/calendar; charset=utf-8; method=PUBLISH", "Auto-Submitted: auto-generated"] {
            assert!(text.contains(wanted), "{text}");
        }
    }

    #[test]
    fn an_address_that_would_write_headers_makes_no_letter() {
        let hostile = Letter { to: "team@council.example>\r\nBcc: <other@council.example".to_owned(), ..letter() };
        assert!(hostile.bytes().is_err());
    }
}
