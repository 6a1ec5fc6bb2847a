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
    _earlier: File,
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

/// Who waits to write. The database wakes nobody: whoever waits looks again after a while, and whoever works through a
/// lot has begun its next transaction long before. So whoever waits says so here, and a long work gives way.
#[derive(Debug)]
pub(super) struct Queue {
    file: File,
}

/// The longest that a long work gives way for: longer than the longest time between two looks of whoever waits.
const WAY_MAX: Duration = Duration::from_millis(400);

/// How long between two looks whether somebody still waits.
const LOOK: Duration = Duration::from_millis(2);

impl Queue {
    /// The queue of a ledger.
    pub(super) fn of(ledger: &Path) -> Result<Self, LedgerTrouble> {
        let path = ledger.with_extension("queue.lock");
        open(&path).map(|file| Self { file }).map_err(|source| LedgerTrouble::Disk { path, source })
    }

    /// Waits for a turn, seen to wait. Where the system cannot show it, it waits all the same.
    pub(super) fn wait<T>(&self, turn: impl FnOnce() -> T) -> T {
        let is_seen = self.file.lock_shared().is_ok();
        let begun = turn();
        if is_seen {
            drop(self.file.unlock());
        }
        begun
    }

    /// Lets whoever waits go first.
    pub(super) fn give_way(&self) {
        let since = Instant::now();
        while let Err(TryLockError::WouldBlock) = self.file.try_lock() {
            if since.elapsed() > WAY_MAX {
                return;
            }
            std::thread::sleep(LOOK);
        }
        drop(self.file.unlock());
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
            Ok(()) => break,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => std::thread::sleep(AGAIN),
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerTrouble::Busy { path: ledger.to_owned(), work: Some(work) });
            }
        }
    }
    Ok(Lease { _file: file, _earlier: earlier(ledger, File::try_lock_shared)? })
}

/// Keeps every earlier tessera out that has the ledger open: until it is given back, whoever of them begins something is
/// told that another is at work.
///
/// # Errors
///
/// [`LedgerTrouble::Busy`] where one is at work.
pub(super) fn without_earlier(ledger: &Path) -> Result<File, LedgerTrouble> {
    earlier(ledger, File::try_lock)
}

/// The one lock file of the tesseras before there was one for each kind of work: they took it for whatever they did.
fn earlier(ledger: &Path, take: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<File, LedgerTrouble> {
    let path = ledger.with_extension("lock");
    let failed = |source| LedgerTrouble::Disk { path: path.clone(), source };
    let file = open(&path).map_err(failed)?;
    match take(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(source)) => Err(failed(source)),
        Err(TryLockError::WouldBlock) => Err(LedgerTrouble::Busy { path: ledger.to_owned(), work: None }),
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
