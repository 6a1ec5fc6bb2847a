//! The configuration file, secrets, and the environment.
//!
//! Promise: the only room that reads the environment; says every mistake of a configuration at once, with line and
//! column; a secret comes from a file or the environment and is never printed.

mod environment;
mod file;
mod read;
mod read_rest;
mod reminders;
mod secret;
mod web;

pub use environment::Environment;
pub use file::{
    AuthoritySettings, ClientCertificate, ConfigTrouble, Configuration, Credentials, ImportFiles, MosaicSettings,
    Rehearsal, Source, SourcePlace, Transport,
};
pub use reminders::{Mailbox, ReminderSettings, SmtpSettings, SmtpTls};
pub use secret::{SecretSource, SecretTrouble};
pub use web::{OidcSettings, TlsFiles, WebSettings};
