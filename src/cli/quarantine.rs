//! `tessera quarantine`: what could not be taken, and what becomes of it.

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// What could not be read: look, read it again, or give it up
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what waits
    List {
        /// Those that are settled too
        #[arg(long)]
        all: bool,
    },
    /// Show one, with its place and what to do
    Show {
        /// Its number
        id: u64,
    },
    /// Read again what waits, with the mapping files as they are now
    Replay {
        /// Their numbers [default: all that wait]
        ids: Vec<u64>,
    },
    /// Give one up
    Discard {
        /// Its number
        id: u64,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List { all } => {
            let waiting = session.open_ledger()?.quarantine_list(*all)?;
            out.answer(&waiting, |waiting| operation::quarantine_table(waiting))?;
        }
        Command::Show { id } => {
            let entry = session.open_ledger()?.quarantine_show(*id)?;
            out.answer(&entry, operation::Quarantined::text)?;
        }
        Command::Replay { ids } => {
            let replayed = session.open()?.quarantine_replay(ids)?;
            out.answer(&replayed, operation::Replayed::text)?;
            return Ok(Exit::needs_person(replayed.still_waiting > 0));
        }
        Command::Discard { id, reason } => {
            let entry = session.open_ledger()?.quarantine_discard(*id, reason)?;
            out.answer(&entry, |entry| format!("{} is given up. It stays in the audit trail.", entry.id))?;
        }
    }
    Ok(Exit::Well)
}
