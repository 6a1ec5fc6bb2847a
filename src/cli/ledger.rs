//! `tessera ledger`: state and backup.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// Look at the ledger, or copy it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the ledger holds, at a glance
    Status {
        /// With a hash over all that it holds: two ledgers that hold the same have the same
        #[arg(long)]
        digest: bool,
    },
    /// Write a consistent copy while everything goes on; the copy has the same key
    Backup {
        /// The copy; it must not be there yet
        file: PathBuf,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::Status { digest } => {
            let status = session.open_ledger()?.ledger_status(*digest)?;
            out.answer(&status, operation::LedgerStatus::text)?;
        }
        Command::Backup { file } => {
            let copied = session.open_ledger()?.ledger_backup(file)?;
            out.answer(&copied, |copied| copied.file.display().to_string())?;
            out.say(format_args!("Copied the ledger. It can be read with the same key only: keep the two apart."));
        }
    }
    Ok(Exit::Well)
}
