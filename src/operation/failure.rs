//! Why something that a user asked for was not done.

use std::fmt;

use crate::config::{ConfigTrouble, SecretTrouble};
use crate::diagnostic::Diagnostic;
use crate::ledger::LedgerTrouble;

/// What kind of failure it is: it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It was tried and did not work.
    Failed,
    /// What was asked for, or the configuration, is wrong; nothing was tried.
    Usage,
    /// Another process holds the lock.
    Locked,
}

/// Why something was not done, and what to do about it. Rendered by `cli` and by the pages.
#[derive(Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: FailureKind,
    /// What happened, with its causes.
    pub error: anyhow::Error,
    /// What to do about it.
    pub help: Option<String>,
    /// Mistakes in a file, where the failure is about a file.
    pub mistakes: Vec<Mistake>,
}

/// A mistake in a file, with the file's text for drawing.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// The mistake.
    pub diagnostic: Diagnostic,
    /// The text of the file.
    pub source: Option<std::sync::Arc<str>>,
}

impl Failure {
    /// A failure of something that was tried.
    pub fn failed(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self { kind: FailureKind::Failed, error: error.into(), help: Some(help.into()), mistakes: Vec::new() }
    }

    /// What was asked for is wrong.
    pub fn usage(message: impl fmt::Display, help: impl Into<String>) -> Self {
        let error = anyhow::anyhow!("{message}");
        Self { kind: FailureKind::Usage, error, help: Some(help.into()), mistakes: Vec::new() }
    }

    /// What was asked for is not there.
    pub fn unknown(what: &str, id: impl fmt::Display, list: &str) -> Self {
        Self::usage(format_args!("there is no {what} `{id}`"), format!("`tessera {list}` lists what there is"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<ConfigTrouble> for Failure {
    fn from(trouble: ConfigTrouble) -> Self {
        let (help, mistakes) = match &trouble {
            ConfigTrouble::Unreadable { .. } => {
                let help = "name it with --config FILE, or make one with `tessera init DIR --authority NAME`";
                (Some(help.to_owned()), Vec::new())
            }
            ConfigTrouble::Wrong { diagnostics, text, .. } => {
                let text: std::sync::Arc<str> = text.as_str().into();
                let mistakes = diagnostics.iter().cloned();
                let mistakes = mistakes.map(|diagnostic| Mistake { diagnostic, source: Some(text.clone()) });
                (None, mistakes.collect())
            }
        };
        Self { kind: FailureKind::Usage, error: trouble.into(), help, mistakes }
    }
}

impl From<SecretTrouble> for Failure {
    fn from(trouble: SecretTrouble) -> Self {
        let help = Some(trouble.help());
        Self { kind: FailureKind::Usage, error: trouble.into(), help, mistakes: Vec::new() }
    }
}

impl From<LedgerTrouble> for Failure {
    fn from(trouble: LedgerTrouble) -> Self {
        let kind = match &trouble {
            LedgerTrouble::Locked { .. } => FailureKind::Locked,
            LedgerTrouble::WrongKey { .. } => FailureKind::Usage,
            _ => FailureKind::Failed,
        };
        let help = Some(trouble.help());
        Self { kind, error: trouble.into(), help, mistakes: Vec::new() }
    }
}
