//! What every command has: the configuration, the clock, who asks, and whether somebody watches.

use std::path::{Path, PathBuf};

use super::{
    Out,
    args::{Arguments, AsAt},
    progress::Bar,
};
use crate::calendar::Clock;
use crate::config::{Configuration, Environment};
use crate::operation::{Actor, Failure, Installation, OpenLedger, Progress, Unwatched, Workplace};

const CONFIG_HERE: &str = "tessera.toml";

/// One run of the program.
#[derive(Debug)]
pub(super) struct Session {
    config: Option<PathBuf>,
    as_at: Option<AsAt>,
    actor: Actor,
    rehearsal: bool,
    no_bar: bool,
}

impl Session {
    pub(super) fn new(arguments: &Arguments, environment: &Environment) -> Self {
        let here = Path::new(CONFIG_HERE);
        let config = arguments
            .config
            .clone()
            .or_else(|| here.is_file().then(|| here.to_owned()))
            .or_else(|| environment.config.clone());
        Self {
            config,
            as_at: arguments.as_at,
            actor: Actor::new("systems", environment.user.as_deref()),
            rehearsal: arguments.rehearsal,
            no_bar: arguments.no_color,
        }
    }

    /// The same run as a rehearsal.
    pub(super) fn rehearsed(&self) -> Self {
        Self { config: self.config.clone(), as_at: self.as_at, actor: self.actor.clone(), rehearsal: true, ..*self }
    }

    /// The configuration; that there is none is a failure.
    pub(super) fn workplace(&self) -> Result<Workplace, Failure> {
        let configuration = Configuration::load(self.config.as_deref().unwrap_or(Path::new(CONFIG_HERE)))?;
        Ok(Workplace::new(if self.rehearsal { configuration.rehearsed() } else { configuration }))
    }

    /// The installation, opened for whoever runs the program. A command opens it once.
    pub(super) fn open(&self) -> Result<Installation, Failure> {
        let workplace = self.workplace()?;
        workplace.open(self.clock(&workplace)?, &self.actor)
    }

    /// Its ledger, opened likewise, for commands that need no mapping file.
    pub(super) fn open_ledger(&self) -> Result<OpenLedger, Failure> {
        let workplace = self.workplace()?;
        workplace.open_ledger(self.clock(&workplace)?, &self.actor)
    }

    /// The configuration, for commands that can do without one.
    pub(super) fn workplace_if_any(&self) -> Result<Option<Workplace>, Failure> {
        let configuration = self.config.as_deref().map(Configuration::load).transpose()?;
        Ok(configuration.map(Workplace::new))
    }

    /// `--as-at` before the rehearsal's own moment before the machine's clock.
    pub(super) fn clock(&self, workplace: &Workplace) -> Result<Clock, Failure> {
        let rehearsed = workplace.configuration().rehearsal.as_at.filter(|_| self.rehearsal).map(Clock::Fixed);
        let asked = match self.as_at {
            Some(AsAt::Moment(moment)) => Some(moment),
            // Only a local time needs the mapping files, which say whose it is.
            Some(AsAt::Local(local)) => Some(workplace.moment(local)?),
            None => None,
        };
        Ok(asked.map(Clock::Fixed).or(rehearsed).unwrap_or(Clock::System))
    }

    /// Whether the rehearsal is looked at.
    pub(super) const fn is_rehearsal(&self) -> bool {
        self.rehearsal
    }

    pub(super) const fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(super) fn watcher(&self, out: &Out) -> Box<dyn Progress> {
        if out.has_watcher() && !self.no_bar { Box::<Bar>::default() } else { Box::new(Unwatched) }
    }
}
