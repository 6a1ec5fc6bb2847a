//! `tessera outcomes`: what a panel decided, from the workbook to approval.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::civil::Date;

use super::{Exit, Out, Session};
use crate::domain::SubmissionId;
use crate::operation::{self, Failure};

/// What a panel decided: the workbook, loading it, approving it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the workbook for a sitting, a row for each request
    Workbook {
        /// AUTHORITY/PANEL, or PANEL where the configuration has one authority
        panel: String,
        /// The day of the sitting
        date: Date,
        /// The workbook
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Read a filled-in workbook; all or nothing for each request, and twice is once
    Load {
        /// The workbook
        file: PathBuf,
        /// Say what would be loaded; change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List outcomes
    List,
    /// Show the outcome of a request and exactly what would be written on the record
    Show {
        /// The request
        id: String,
    },
    /// Approve outcomes: what they write may be sent
    Approve {
        /// The requests
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Turn an outcome down
    Reject {
        /// The request
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::Workbook { panel, date, out: file } => {
            let written = session.open()?.outcomes_workbook(panel, *date, file)?;
            out.answer(&written, |written| written.file.display().to_string())?;
            out.say(format_args!(
                "Requests in the workbook: {}. Fill it in, then `tessera outcomes load` it.",
                written.requests
            ));
        }
        Command::Load { file, dry_run } => {
            let loaded = session.open()?.outcomes_load(file, *dry_run)?;
            out.answer(&loaded, operation::OutcomesLoaded::text)?;
            return Ok(Exit::needs_person(!loaded.troubles.is_empty()));
        }
        Command::List => {
            let outcomes = session.open_ledger()?.outcomes_list()?;
            out.answer(&outcomes, |outcomes| operation::outcomes_table(outcomes))?;
        }
        Command::Show { id } => {
            let id = SubmissionId::new(id.as_str());
            let shown = session.open()?.outcome_show(&id)?;
            out.answer(&shown, |shown| operation::outcome_text(shown))?;
        }
        Command::Approve { ids } => {
            let ids: Vec<_> = ids.iter().map(|id| SubmissionId::new(id.as_str())).collect();
            let mut approved = session.open()?.outcomes_approve(&ids)?;
            out.answer(&approved, operation::OutcomesApproved::text)?;
            if let Some((_, failure)) = approved.failed.pop_first() {
                return Err(failure);
            }
            return Ok(Exit::needs_person(!approved.not_approved.is_empty()));
        }
        Command::Reject { id, reason } => {
            let id = SubmissionId::new(id.as_str());
            let rejected = session.open()?.outcome_reject(&id, reason)?;
            out.answer(&rejected, |rejected| operation::outcomes_table(rejected))?;
        }
    }
    Ok(Exit::Well)
}
