//! What tessera takes from the environment. Flags come before it, the configuration file after.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variables that tessera knows, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `TESSERA_CONFIG`: the configuration file where none is named and none lies here.
    pub config: Option<PathBuf>,
    /// `TESSERA_LOG`: what is logged to standard error, for instance `info` or `tessera=debug`.
    pub log: Option<String>,
    /// `TESSERA_LOG_FORMAT`: how a line of the log is written, `text` or `json`.
    pub log_format: Option<String>,
    /// `NO_COLOR` (no-color.org), or a terminal that calls itself dumb: no colour, whatever the terminal.
    pub no_colour: bool,
    /// The name under which the operating system knows whoever runs tessera, for the audit trail.
    pub user: Option<String>,
}

impl Environment {
    /// Reads the variables.
    pub fn read() -> Self {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok()).filter(|t| !t.is_empty());
        Self {
            config: variable("TESSERA_CONFIG").map(PathBuf::from),
            log: text("TESSERA_LOG"),
            log_format: text("TESSERA_LOG_FORMAT"),
            no_colour: variable("NO_COLOR").is_some_and(|value| !value.is_empty())
                || text("TERM").is_some_and(|term| term == "dumb"),
            user: text("USER").or_else(|| text("LOGNAME")).or_else(|| text("USERNAME")),
        }
    }
}

/// One variable of the environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
