//! `tessera figures`: what the year teaches.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{By, Failure, Learning, LearningAsked, Month};

/// What the year teaches: requests, first looks, decisions and duties by month or quarter
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Of this panel only
    #[arg(long)]
    panel: Option<String>,
    /// By month or by quarter
    #[arg(long, value_name = "month|quarter", default_value = "quarter")]
    by: By,
    /// The first month, for instance 2026-04 [default: a year up to the last]
    #[arg(long, value_name = "YYYY-MM")]
    from: Option<Month>,
    /// The last month [default: this one]
    #[arg(long, value_name = "YYYY-MM")]
    to: Option<Month>,
    /// Write them to a file instead, with every column: .xlsx or .html
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave small numbers out, so that they may leave the office
    #[arg(long)]
    share: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the pre-proceedings columns that councils report, a line a child (CSV)
    PreProceedings {
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    if let Some(Command::PreProceedings { out: file }) = &args.command {
        let written = session.open()?.pre_proceedings()?;
        written.write(file)?;
        let children =
            if written.rows.len() == 1 { "1 child".to_owned() } else { format!("{} children", written.rows.len()) };
        out.answer(&written, |_| format!("Written to {}: {children}.\n", file.display()))?;
        return Ok(Exit::Well);
    }
    let asked =
        LearningAsked { panel: args.panel.clone(), by: args.by, from: args.from, to: args.to, share: args.share };
    let learned = session.open()?.learning(&asked)?;
    match &args.out {
        Some(file) => {
            learned.write(file)?;
            let whose = if args.share { "to pass on" } else { "exact, for the office only" };
            out.say(format_args!("Written to {}: {whose}.", file.display()));
        }
        None => out.answer(&learned, Learning::text)?,
    }
    Ok(Exit::Well)
}
