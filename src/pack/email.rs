//! E-mails as RFC 5322 writes them: the message is a document, and so is each attachment.

use jiff::civil::Date;
use mail_parser::{MessageParser, MimeHeaders as _};

use super::Contents;
use super::open::{Depth, open_at};
use super::zipped::safe_name;
use crate::domain::{DocumentTrouble, Private, limit};

/// Reads an e-mail and what is attached to it.
pub(super) fn read(name: &str, bytes: &[u8]) -> Vec<Contents> {
    let parsed = MessageParser::default().parse(bytes);
    let Some(message) = parsed.filter(|message| message.from().is_some() || message.subject().is_some()) else {
        return vec![Contents::troubled(name, bytes, DocumentTrouble::Broken)];
    };
    let mut text = message.subject().unwrap_or_default().to_owned();
    for at in 0..message.text_body_count().min(limit::PACK_FILES_MAX) {
        text.push('\n');
        text.push_str(&message.body_text(at).unwrap_or_default());
    }
    let sent = message.date().and_then(|date| {
        let (year, month, day) = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day));
        Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
    });
    let title = Private::new(message.subject().unwrap_or_default().to_owned());
    let mut read = vec![Contents { title, changed: sent, ..Contents::of(name, bytes) }.with_text(text)];
    for attachment in message.attachments().take(limit::PACK_FILES_MAX) {
        let own = attachment.attachment_name().unwrap_or("attachment");
        let inside = safe_name(own).map_or_else(|| "attachment".to_owned(), |own| own);
        read.extend(open_at(&format!("{name}/{inside}"), attachment.contents(), Depth::Inside));
    }
    read
}
