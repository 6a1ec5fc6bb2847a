//! A configuration with its mapping files read: what every operation starts from.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::installation::{Installation, OpenLedger, Rulebook, ledger};
use super::{Actor, Failure};
use crate::calendar::Clock;
use crate::config::Configuration;
use crate::ledger::Ledger;

/// A configuration with its mapping files read. They are read again where one of them has changed since, so that what
/// runs for days knows a new version as soon as it lies there.
#[derive(Debug)]
pub struct Workplace {
    configuration: Arc<Configuration>,
    rules: Mutex<Option<(Vec<FileStamp>, Arc<Rulebook>)>>,
    pack_reader: Option<PathBuf>,
}

/// What tells that a mapping file has changed: its path, its length, and when it was written.
type FileStamp = (PathBuf, u64, Option<SystemTime>);

impl Workplace {
    /// The workplace of a configuration. Nothing is read yet.
    pub fn new(configuration: Configuration) -> Self {
        Self { configuration: Arc::new(configuration), rules: Mutex::new(None), pack_reader: None }
    }

    /// With another program to open packs than the one that is running: a `tessera` too.
    #[must_use]
    pub fn with_pack_reader(self, program: PathBuf) -> Self {
        Self { pack_reader: Some(program), ..self }
    }

    /// The configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Opens it for somebody: configuration, mapping files, ledger.
    ///
    /// # Errors
    ///
    /// An authority has no mapping files, or the ledger cannot be opened.
    pub fn open(&self, clock: Clock, actor: &Actor) -> Result<Installation, Failure> {
        let rules = self.rules_in_force()?;
        Ok(self.installation(rules, ledger(&self.configuration, clock)?, clock, actor.clone()))
    }

    /// Opens its ledger for somebody, and no mapping file.
    ///
    /// # Errors
    ///
    /// The ledger cannot be opened.
    pub fn open_ledger(&self, clock: Clock, actor: &Actor) -> Result<OpenLedger, Failure> {
        Ok(self.opened(ledger(&self.configuration, clock)?, clock, actor.clone()))
    }

    /// The mapping files as they are now, which say something of every authority that is served.
    pub(super) fn rules_in_force(&self) -> Result<Arc<Rulebook>, Failure> {
        let rules = self.rules()?;
        rules.serves(&self.configuration)?;
        Ok(rules)
    }

    /// An installation of parts that are opened.
    pub(super) fn installation(
        &self,
        rules: Arc<Rulebook>,
        ledger: Ledger,
        clock: Clock,
        actor: Actor,
    ) -> Installation {
        let (configuration, pack_reader) = (self.configuration.clone(), self.pack_reader.clone());
        Installation { configuration, rules, ledger, clock, actor, pack_reader }
    }

    /// A ledger that is opened, for somebody.
    pub(super) fn opened(&self, ledger: Ledger, clock: Clock, actor: Actor) -> OpenLedger {
        OpenLedger { configuration: self.configuration.clone(), ledger, clock, actor }
    }

    /// A local time as a moment, in the time zone of the first authority that is served.
    ///
    /// # Errors
    ///
    /// The mapping files cannot be read, or the time is none of the calendar's.
    pub fn moment(&self, local: DateTime) -> Result<Timestamp, Failure> {
        let zone = self.rules()?.zone(&self.configuration);
        let moment = local.to_zoned_datetime(zone).map(|moment| moment.timestamp());
        moment.map_err(|error| Failure::invalid(format!("take {local} for the present"), error.to_string()))
    }

    /// The mapping files as they are now.
    pub(super) fn rules(&self) -> Result<Arc<Rulebook>, Failure> {
        let stamps = self.configuration.mappings.as_deref().map(stamps).unwrap_or_default();
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rules)) = known.as_ref().filter(|(read, _)| *read == stamps) {
            return Ok(rules.clone());
        }
        let rules = Arc::new(Rulebook::of(Some(&self.configuration))?);
        *known = Some((stamps, rules.clone()));
        Ok(rules)
    }
}

/// The stamps of every file below a folder. One that cannot be looked at is left out here: reading it says why.
fn stamps(folder: &Path) -> Vec<FileStamp> {
    let mut stamps = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            stamps.extend(self::stamps(&entry.path()));
        } else {
            stamps.push((entry.path(), metadata.len(), metadata.modified().ok()));
        }
    }
    stamps.sort();
    stamps
}
