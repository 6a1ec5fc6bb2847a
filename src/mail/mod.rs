//! E-mails: the letter as it lies in a folder or goes over a line, and the line to a mail server.
//!
//! Promise: sends what it is given to whom it is told, and says what became of it. Composes no text, decides nothing,
//! and repeats nothing of what a mail server says but its number.

mod letter;
mod smtp;

pub use letter::Letter;
pub use smtp::{MailServer, MailTrouble, MailTroubleKind, Post, Safety};
