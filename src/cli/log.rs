//! The log: to standard error, off unless `TESSERA_LOG` asks for it.
//!
//! What is never logged: a name, a date of birth, an answer, a document's title, a note's text, a secret. Ids of
//! submissions, persons, files and write-backs are.

use tracing_subscriber::EnvFilter;

/// Starts the log with a filter such as `info` or `tessera=debug`.
pub(super) fn start(filter: Option<&str>) {
    let Some(filter) = filter.and_then(|filter| EnvFilter::try_new(filter).ok()) else { return };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    drop(log.try_init());
}
