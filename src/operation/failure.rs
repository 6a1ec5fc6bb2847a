//! Why something that a user asked for was not done, for whoever sits at the terminal and for whoever sits in the
//! browser.

use std::fmt;
use std::io;
use std::path::Path;

use crate::config::{ConfigTrouble, SecretTrouble};
use crate::diagnostic::Diagnostic;
use crate::ledger::{LedgerTrouble, Work};
use crate::log::OwnFile;

/// What kind of failure it is: it decides the exit code and the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// What was asked for is not there.
    NotFound,
    /// What was asked for cannot be done, now or later; nothing was tried.
    Invalid,
    /// It cannot be done as things stand now: somebody has changed them, or has done it already. Nothing was changed.
    Conflict,
    /// Somebody else is at the same work. The same again is right later.
    Busy,
    /// The installation is not set up as it must be; nothing was tried.
    Configuration,
    /// It was tried and did not work.
    Failed,
}

/// Why something was not done, and what to do about it. Rendered by `cli` and by the pages.
#[derive(Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: FailureKind,
    /// What happened, with its causes, for whoever sits at the terminal and for the log. May name files and commands.
    pub error: anyhow::Error,
    /// What to do about it at the terminal.
    pub help: Option<String>,
    /// Mistakes in a file, where the failure is about a file.
    pub mistakes: Vec<Mistake>,
    /// In a box, so that the error of every `Result` stays small.
    page: Option<Box<PageText>>,
    /// The file of the installation that it is about, for the log.
    file: Option<OwnFile>,
}

/// What a page says of a failure, in whole sentences that name no file and no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageText {
    /// The heading; `None`: that of its kind.
    pub title: Option<&'static str>,
    /// What happened, and whether anything was changed.
    pub what: String,
    /// What to do, and whom to ask.
    pub help: String,
}

/// A mistake in a file, with the file's text for drawing.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// The mistake.
    pub diagnostic: Diagnostic,
    /// The text of the file.
    pub source: Option<std::sync::Arc<str>>,
}

/// What can be asked for by its id or name and not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A filled-in form.
    Submission,
    /// What a panel decided on a request.
    Outcome,
    /// A write-back.
    WriteBack,
    /// An entry of the quarantine.
    Quarantined,
    /// A document that was kept with a request.
    KeptPaper,
    /// A duty.
    Duty,
    /// A panel.
    Panel,
    /// A tracker.
    Tracker,
    /// A mapping file.
    Mapping,
    /// An account of the pages.
    Account,
}

impl Thing {
    /// What it is called at the terminal, the command that lists what there is, and what it is called on a page.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Submission => ("submission", "submissions list", "request"),
            Self::Outcome => ("outcome of", "outcomes list", "outcome of this request"),
            Self::WriteBack => ("write-back", "writeback list", "note to Mosaic"),
            Self::Quarantined => ("entry of the quarantine", "quarantine list", "record that could not be read"),
            Self::KeptPaper => ("kept paper", "submissions show ID", "document with this request"),
            Self::Duty => ("duty", "duties list", "duty"),
            Self::Panel => ("panel", "panels list", "panel"),
            Self::Tracker => ("tracker", "trackers list", "tracker"),
            Self::Mapping => ("mapping", "mappings list", "form version"),
            Self::Account => ("account", "serve", "account"),
        }
    }
}

impl Failure {
    /// A failure of a kind, with what to do about it at the terminal. A page says what it says of every failure of its
    /// kind, until [`Failure::on_page`] says more.
    pub fn new(kind: FailureKind, error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self { kind, error: error.into(), help: Some(help.into()), mistakes: Vec::new(), page: None, file: None }
    }

    fn said(kind: FailureKind, message: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(kind, anyhow::anyhow!("{message}"), help)
    }

    /// A failure of something that was tried.
    pub fn failed(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, error, help)
    }

    /// What was asked for cannot be done.
    pub fn invalid(message: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::said(FailureKind::Invalid, message, help)
    }

    /// It cannot be done as things stand now.
    pub fn conflict(message: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::said(FailureKind::Conflict, message, help)
    }

    /// The installation is not set up as it must be.
    pub fn configuration(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self::new(FailureKind::Configuration, error, help)
    }

    /// What was asked for is not there.
    pub fn not_found(thing: Thing, id: impl fmt::Display) -> Self {
        let (word, list, on_page) = thing.words();
        let help = match thing {
            Thing::Account => "look at the list of accounts".to_owned(),
            _ => format!("`tessera {list}` lists what there is"),
        };
        Self::said(FailureKind::NotFound, format_args!("there is no {word} `{id}`"), help).on_page(
            format!("There is no such {on_page} here."),
            "Check the address, or search for the request. It may have been removed since the page with this link was \
             opened. Nothing was changed.",
        )
    }

    /// With another advice for whoever sits at the terminal.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// With the mistakes that it is about.
    #[must_use]
    pub fn with_mistakes(self, mistakes: Vec<Mistake>) -> Self {
        Self { mistakes, ..self }
    }

    /// With what a page says of it: whole sentences without a path or a command.
    #[must_use]
    pub fn on_page(self, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { page: Some(Box::new(PageText { title: None, what: what.into(), help: help.into() })), ..self }
    }

    /// With the heading of the page that says it.
    #[must_use]
    pub fn titled(self, title: &'static str) -> Self {
        let page = PageText { title: Some(title), ..self.page() };
        Self { page: Some(Box::new(page)), ..self }
    }

    /// What has caused it, as a code for the log: the texts may name a file, or what somebody typed.
    pub fn cause(&self) -> &'static str {
        let of_secret = self.within::<SecretTrouble>().map(SecretTrouble::as_str);
        let of_configuration = self.within::<ConfigTrouble>().map(ConfigTrouble::as_str);
        let of_ours = self.within::<LedgerTrouble>().map(LedgerTrouble::as_str).or(of_secret).or(of_configuration);
        match (of_ours, self.system()) {
            (Some(code), _) => code,
            (None, Some(kind)) => match kind {
                io::ErrorKind::NotFound => "file-not-found",
                io::ErrorKind::PermissionDenied => "file-not-permitted",
                io::ErrorKind::StorageFull => "disk-full",
                io::ErrorKind::TimedOut => "timed-out",
                io::ErrorKind::InvalidData => "file-not-understood",
                _ => "system",
            },
            (None, None) => match self.kind {
                FailureKind::NotFound => "not-found",
                FailureKind::Invalid => "invalid",
                FailureKind::Conflict => "conflict",
                FailureKind::Busy => "busy",
                FailureKind::Configuration => "configuration",
                FailureKind::Failed => "failed",
            },
        }
    }

    fn within<T: std::error::Error + Send + Sync + 'static>(&self) -> Option<&T> {
        self.error.chain().find_map(|error| error.downcast_ref::<T>())
    }

    /// What kind of error the system has given, for the log.
    pub fn system(&self) -> Option<io::ErrorKind> {
        self.within::<io::Error>().map(io::Error::kind)
    }

    /// The system's own number for it, for the log.
    pub fn system_code(&self) -> Option<i32> {
        self.within::<io::Error>().and_then(io::Error::raw_os_error)
    }

    /// The database's own number for what has failed, for the log.
    pub fn database_code(&self) -> Option<i32> {
        self.within::<LedgerTrouble>().and_then(LedgerTrouble::database_code)
    }

    /// In an installation whose configuration lies in a folder: which of its own files it is about.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        let of_ledger = self.within::<LedgerTrouble>().and_then(LedgerTrouble::path);
        let path = of_ledger.or_else(|| self.within::<SecretTrouble>().and_then(SecretTrouble::path));
        let file = path.and_then(|path| OwnFile::below(folder, path));
        Self { file, ..self }
    }

    /// The file of the installation that it is about, for the log.
    pub const fn file(&self) -> Option<&OwnFile> {
        self.file.as_ref()
    }

    /// What a page says of it.
    pub fn page(&self) -> PageText {
        self.page.as_deref().cloned().unwrap_or_else(|| PageText::of(self.kind))
    }
}

impl PageText {
    fn new(what: &str, help: &str) -> Self {
        Self { title: None, what: what.to_owned(), help: help.to_owned() }
    }

    /// What is said of every failure of a kind of which nothing better is known.
    fn of(kind: FailureKind) -> Self {
        match kind {
            FailureKind::NotFound => {
                let help = "Check the address, or search for the request. Nothing was changed.";
                Self::new("There is no such page here.", help)
            }
            FailureKind::Invalid => Self::new(
                "What was asked for cannot be done. Nothing was changed.",
                "Go back and check what you entered. If it looks right, ask whoever looks after tessera.",
            ),
            FailureKind::Conflict => Self::new(
                "This has changed since you opened the page. Nothing of yours was saved.",
                "Open the page again to see how it stands now, and decide whether anything is left to do.",
            ),
            FailureKind::Busy => Self::new(
                "Somebody else is saving at the moment, and it takes longer than usual. Nothing of yours was saved.",
                "Wait a minute and send it again.",
            ),
            FailureKind::Configuration => Self::new(
                "tessera is not set up to do this. Nothing was changed.",
                "Tell whoever looks after tessera, and when it happened. The reason is in its log.",
            ),
            FailureKind::Failed => Self::new(
                "Something went wrong on our side, and this was not done, or not all of it.",
                "Look at how it stands now before you do it again. If it goes wrong again, tell whoever looks after \
                 tessera, and when it happened. The reason is in its log.",
            ),
        }
    }

    /// What is said where somebody else is at a kind of work.
    fn of_work(work: Work) -> Self {
        let what = match work {
            Work::Night => "The nightly job is running. Nothing was changed.",
            Work::Import => "New exports from Mosaic are being read at the moment. Nothing was changed.",
            Work::Send => {
                "Notes are being sent to Mosaic at the moment, or checked there. Nothing was changed, and you need not \
                 send them a second time."
            }
            Work::Remind => {
                "Reminders are being sent at the moment. Nothing was changed, and you need not send them a second time."
            }
        };
        Self::new(what, "Try again in a few minutes.")
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
        Self { kind: FailureKind::Configuration, error: trouble.into(), help, mistakes, page: None, file: None }
    }
}

impl From<SecretTrouble> for Failure {
    fn from(trouble: SecretTrouble) -> Self {
        let help = trouble.help();
        Self::configuration(trouble, help)
    }
}

impl From<LedgerTrouble> for Failure {
    fn from(trouble: LedgerTrouble) -> Self {
        let help = trouble.help();
        let (kind, page) = match &trouble {
            LedgerTrouble::Busy { work, .. } => (FailureKind::Busy, work.map(PageText::of_work)),
            LedgerTrouble::Conflict(_) => (FailureKind::Conflict, None),
            LedgerTrouble::Full { .. } => {
                let what = "There is no room left where tessera keeps its records. This was not saved.";
                let help = "Tell whoever looks after tessera. What was saved before is not lost.";
                (FailureKind::Failed, Some(PageText::new(what, help)))
            }
            LedgerTrouble::WrongKey { .. }
            | LedgerTrouble::NotEncrypted { .. }
            | LedgerTrouble::Migration { .. }
            | LedgerTrouble::Disk { .. } => {
                let what = "tessera cannot open its records at the moment. Nothing was changed.";
                let help = "Tell whoever looks after tessera, and when it happened. The reason is in its log.";
                let is_set_up_wrong = matches!(trouble, LedgerTrouble::WrongKey { .. });
                let kind = if is_set_up_wrong { FailureKind::Configuration } else { FailureKind::Failed };
                (kind, Some(PageText::new(what, help)))
            }
            LedgerTrouble::Damaged { .. } | LedgerTrouble::Database { .. } => (FailureKind::Failed, None),
        };
        Self { page: page.map(Box::new), ..Self::new(kind, trouble, help) }
    }
}
