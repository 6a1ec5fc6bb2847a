//! Work of which one goes on at a time: a lock file of the operating system for each kind, which ends with the process
//! that holds it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::LedgerTrouble;

/// Work of which one goes on at a time. Everything else that writes is a short transaction, which waits its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// The nightly job from its first file to its last e-mail: taken before any other.
    Night,
    /// Reading exports, or reading again what waits in quarantine.
    Import,
    /// Writing to Mosaic, or reading it for what nobody knows the fate of: whatever is found in `sending` by whoever
    /// holds this was left behind by a process that died.
    Send,
    /// Telling roles of their duties: what was sent and is not noted yet would be sent twice.
    Remind,
}

/// The right to do one kind of work. Given back when dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct Lease {
    _file: File,
}

/// How long between two tries.
const AGAIN: Duration = Duration::from_millis(50);

impl Work {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Night, Self::Import, Self::Send, Self::Remind];

    /// Its code, which stands in the name of its file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Night => "night",
            Self::Import => "import",
            Self::Send => "send",
            Self::Remind => "remind",
        }
    }

    /// What whoever holds it is doing, after "is".
    pub const fn doing(self) -> &'static str {
        match self {
            Self::Night => "at the nightly job",
            Self::Import => "reading exports",
            Self::Send => "writing to Mosaic",
            Self::Remind => "sending reminders",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// # Errors
///
/// [`LedgerTrouble::Busy`] where somebody else still has it after `patience`.
pub(super) fn take(ledger: &Path, work: Work, patience: Duration) -> Result<Lease, LedgerTrouble> {
    let path = ledger.with_extension(format!("{work}.lock"));
    let failed = |source| LedgerTrouble::Disk { path: path.clone(), source };
    let file = open(&path).map_err(failed)?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lease { _file: file }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => std::thread::sleep(AGAIN),
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerTrouble::Busy { path: ledger.to_owned(), work: Some(work) });
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
