//! E-mails as RFC 5322 writes them: what is attached is a document each, and a message that carries nothing is one.

use jiff::civil::Date;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};

use super::Contents;
use super::open::{Inside, open_into};
use super::picture::is_decoration;
use super::sink::Sink;
use super::zipped::safe_name;
use crate::domain::{DocumentTrouble, Private, limit};

/// Words from which on a message is more than a note about something else.
const LETTER_WORDS_MIN: usize = 100;

/// Reads an e-mail and what is attached to it.
pub(super) fn read(name: &str, bytes: &[u8], inside: Inside, sink: &mut Sink<'_>) {
    let parsed = MessageParser::default().parse(bytes);
    let Some(message) = parsed.filter(|message| message.from().is_some() || message.subject().is_some()) else {
        return sink.document(name, || Contents::troubled(name, DocumentTrouble::Broken));
    };
    let attachments: Vec<&MessagePart<'_>> =
        message.attachments().filter(|part| !is_decoration(part.contents())).take(limit::PACK_FILES_MAX).collect();
    if attachments.is_empty() {
        let letter = letter(name, bytes, message.subject().unwrap_or_default(), &body(&message));
        return sink.document(name, || Contents { changed: sent(&message), ..letter });
    }
    let within = within(inside);
    for (at, attachment) in attachments.into_iter().enumerate() {
        let own = attachment.attachment_name().and_then(safe_name);
        let ending = if attachment.is_message() { ".eml" } else { "" };
        let own = own.unwrap_or_else(|| format!("attachment {}{ending}", at + 1));
        open_into(&format!("{name}/{own}"), attachment.contents(), within, sink);
    }
}

/// What lies in a message that lies somewhere.
pub(super) fn within(inside: Inside) -> Inside {
    if inside == Inside::Pack { Inside::Message } else { Inside::Both }
}

/// A message that carries nothing. A few words speak of papers and are none.
pub(super) fn letter(name: &str, bytes: &[u8], subject: &str, body: &str) -> Contents {
    let is_note = body.split_whitespace().count() < LETTER_WORDS_MIN;
    let title = Private::from(subject);
    Contents { title, is_note, ..Contents::of(name, bytes) }.with_text(format!("{subject}\n{body}"))
}

fn body(message: &Message<'_>) -> String {
    let bodies = (0..message.text_body_count().min(limit::PACK_FILES_MAX)).filter_map(|at| message.body_text(at));
    bodies.collect::<Vec<_>>().join("\n")
}

fn sent(message: &Message<'_>) -> Option<Date> {
    let date = message.date()?;
    let (year, month, day) = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day));
    Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
}
