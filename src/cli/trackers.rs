//! `tessera trackers`: whom panels follow.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure, TrackerShown};

/// The standing lists of children whom panels follow
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, and how many children are on each
    List,
    /// Show one: who is on it, since when, and what is to happen next
    Show {
        /// Its name: AUTHORITY/PANEL/TRACKER, or less of it where that is enough
        tracker: String,
        /// Write it to a file instead, with every column: .xlsx or .html
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List => {
            let trackers = session.open()?.trackers_list()?;
            out.answer(&trackers, |trackers| operation::trackers_table(trackers))?;
        }
        Command::Show { tracker, out: file } => {
            let shown = session.open()?.tracker_show(tracker)?;
            match file {
                Some(file) => {
                    shown.write(file)?;
                    out.say(format_args!("Written to {}: {} children.", file.display(), shown.rows.len()));
                }
                None => out.answer(&shown, TrackerShown::text)?,
            }
        }
    }
    Ok(Exit::Well)
}
