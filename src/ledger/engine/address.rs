//! Where a ledger is: the `url` of the configuration, which names the engine.

use std::path::{Path, PathBuf};

use super::verbs::Engine;
use crate::calendar::Clock;
use crate::ledger::{LedgerKey, LedgerTrouble};

/// Opens the ledger at a path with its key.
type Open = fn(&Path, LedgerKey, Clock) -> Result<Box<dyn Engine>, LedgerTrouble>;

/// An engine, by the scheme of its addresses.
#[derive(Debug)]
pub(super) struct Scheme {
    /// What stands before the colon.
    pub(super) name: &'static str,
    /// How an address of it is written, for a message.
    pub(super) help: &'static str,
    /// Opens the ledger there, making it where it is not, and brings it up to date.
    pub(super) open: Open,
}

/// Every engine that there is.
const SCHEMES: &[&Scheme] = &[&super::sqlite::SCHEME];

/// Where a ledger is.
#[derive(Debug, Clone)]
pub struct Address {
    scheme: &'static Scheme,
    path: PathBuf,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.scheme.name == other.scheme.name && self.path == other.path
    }
}

impl Eq for Address {}

/// Why a text is no address of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's address is not one that tessera knows")]
pub struct AddressTrouble {
    /// How it is written.
    pub help: String,
}

impl Address {
    /// The address that a configuration in `folder` gives: `sqlite:` and a path.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, AddressTrouble> {
        let (name, place) = text.split_once(':').unwrap_or(("", ""));
        let scheme = SCHEMES.iter().find(|scheme| scheme.name == name && !place.is_empty());
        let help = || SCHEMES.iter().map(|scheme| scheme.help).collect::<Vec<_>>().join(", or ");
        let scheme = scheme.ok_or_else(|| AddressTrouble { help: help() })?;
        Ok(Self { scheme, path: folder.join(place) })
    }

    /// A ledger of one machine in the file at `path`.
    pub fn file(path: PathBuf) -> Self {
        Self { scheme: &super::sqlite::SCHEME, path }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the ledger there, making it where it is not.
    pub(in crate::ledger) fn open(&self, key: LedgerKey, clock: Clock) -> Result<Box<dyn Engine>, LedgerTrouble> {
        (self.scheme.open)(&self.path, key, clock)
    }
}
