//! What every command has: the configuration, the clock, who asks, and whether somebody watches.

use std::path::{Path, PathBuf};

use super::{Out, args::Arguments, progress::Bar};
use crate::calendar::Clock;
use crate::config::{Configuration, Environment};
use crate::operation::{Actor, Failure, Progress, Unwatched};

const CONFIG_HERE: &str = "tessera.toml";

/// One run of the program.
#[derive(Debug)]
pub(super) struct Session {
    config: Option<PathBuf>,
    clock: Clock,
    actor: Actor,
}

impl Session {
    pub(super) fn new(arguments: &Arguments, environment: &Environment) -> Self {
        let here = Path::new(CONFIG_HERE);
        let config = arguments
            .config
            .clone()
            .or_else(|| here.is_file().then(|| here.to_owned()))
            .or_else(|| environment.config.clone());
        let clock = arguments.as_at.map_or(Clock::System, Clock::Fixed);
        Self { config, clock, actor: Actor::systems(environment.user.as_deref()) }
    }

    /// The configuration; that there is none is a failure.
    pub(super) fn configuration(&self) -> Result<Configuration, Failure> {
        Ok(Configuration::load(self.config.as_deref().unwrap_or(Path::new(CONFIG_HERE)))?)
    }

    /// The configuration, for commands that can do without one.
    pub(super) fn configuration_if_any(&self) -> Result<Option<Configuration>, Failure> {
        self.config.as_deref().map(Configuration::load).transpose().map_err(Failure::from)
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) const fn actor(&self) -> &Actor {
        &self.actor
    }

    #[expect(clippy::unused_self, reason = "a session says who watches, whatever decides it")]
    pub(super) fn watcher(&self, out: &Out) -> Box<dyn Progress> {
        if out.has_watcher() { Box::<Bar>::default() } else { Box::new(Unwatched) }
    }
}
