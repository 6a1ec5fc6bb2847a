//! `tessera submissions`: what was read.

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::domain::SubmissionId;
use crate::operation::{self, Failure, SubmissionFilter};

/// What was read: the requests, and the whole story of one
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List submissions
    List {
        /// Of this authority only
        #[arg(long, value_name = "NAME")]
        authority: Option<String>,
        /// That ask this panel only: AUTHORITY/PANEL, or PANEL where the configuration has one authority
        #[arg(long, value_name = "PANEL")]
        panel: Option<String>,
        /// Those that are no requests too: proposed and cancelled steps
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
    },
    /// Show one: its answers with their places, its history, what the check says
    Show {
        /// Its id, for instance lincolnshire-700001
        id: String,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List { authority, panel, all, limit } => {
            let filter = SubmissionFilter {
                authority: authority.clone(),
                panel: panel.clone(),
                all: *all,
                limit: *limit,
                ..Default::default()
            };
            let listed = session.open()?.submissions_list(&filter)?;
            out.answer(&listed.submissions, |_| listed.table())?;
            if listed.more {
                out.say(format_args!("There are more than {limit}: narrow the list, or raise --limit."));
            }
        }
        Command::Show { id } => {
            let id = SubmissionId::new(id.as_str());
            let story = session.open()?.submission_show(&id)?;
            out.answer(&story, operation::SubmissionStory::text)?;
        }
    }
    Ok(Exit::Well)
}
