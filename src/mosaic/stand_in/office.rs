//! What all of the stand-in's operations share: its records, its clock, its rules and its faults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use super::count::StandInCounts;
use super::fault::Faults;
use super::journal::Journal;
use super::problem::Problem;
use super::record::Records;
use super::token::Door;
use crate::calendar::Clock;

#[derive(Debug)]
pub(super) struct Office {
    pub(super) path: PathBuf,
    pub(super) address: SocketAddr,
    clock: Clock,
    pub(super) records: Mutex<Records>,
    pub(super) door: Mutex<Door>,
    pub(super) faults: Mutex<Faults>,
    pub(super) journal: Mutex<Journal>,
    keys_ignored: AtomicBool,
    stopped: AtomicBool,
    /// Writes that are still to be done, though their requests were answered.
    pub(super) pending: AtomicU32,
}

impl Office {
    pub(super) fn new(path: PathBuf, address: SocketAddr, clock: Clock, records: Records) -> Self {
        Self {
            path,
            address,
            clock,
            records: Mutex::new(records),
            door: Mutex::default(),
            faults: Mutex::default(),
            journal: Mutex::default(),
            keys_ignored: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            pending: AtomicU32::new(0),
        }
    }

    /// Changes the records and keeps the change on the disk, or does neither.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Records) -> Result<T, Problem>) -> Result<T, Problem> {
        let mut records = locked(&self.records);
        let mut changed = records.clone();
        let answer = change(&mut changed)?;
        changed.save(&self.path).map_err(|error| Self::not_kept(&error))?;
        *records = changed;
        Ok(answer)
    }

    /// Changes the records in a way that nothing speaks against.
    pub(super) fn keep(&self, change: impl FnOnce(&mut Records)) -> std::io::Result<()> {
        let mut records = locked(&self.records);
        let mut changed = records.clone();
        change(&mut changed);
        changed.save(&self.path)?;
        *records = changed;
        Ok(())
    }

    /// The disk does not take it.
    pub(super) fn not_kept(error: &std::io::Error) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-kept", format!("it could not be kept: {}", error.kind()))
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The present moment as Mosaic writes it.
    pub(super) fn moment(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// A write's key, unless keys are not honoured.
    pub(super) fn honoured(&self, key: Option<String>) -> Option<String> {
        key.filter(|_| !self.keys_ignored.load(Ordering::SeqCst))
    }

    pub(super) fn honour_keys(&self, honoured: bool) {
        self.keys_ignored.store(!honoured, Ordering::SeqCst);
    }

    /// Does nothing any more: connections outlive the listener.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    pub(super) fn counts(&self) -> StandInCounts {
        StandInCounts::of(&locked(&self.records), self.pending.load(Ordering::SeqCst))
    }
}

/// A record is changed in one go, so that nothing is half done where another thread has panicked.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
