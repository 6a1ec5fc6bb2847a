//! One writer at a time: a lock of the operating system, which ends with the process that holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::LedgerTrouble;

/// The right to import, sync or send. Given back when dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

pub(super) fn take(ledger: &Path) -> Result<Lock, LedgerTrouble> {
    let path = ledger.with_extension("lock");
    let failed = |source| LedgerTrouble::Disk { path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(LedgerTrouble::Locked { path: ledger.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
