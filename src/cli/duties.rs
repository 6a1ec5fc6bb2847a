//! `tessera duties`: what somebody must do by a time.

use clap::Subcommand;
use jiff::civil::Date;

use super::{Exit, Out, Session};
use crate::domain::DutyId;
use crate::operation::{self, DutyFilter, DutyShown, Failure, Reminded};

/// What somebody must do after and around a panel, and by when
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what is open, the first due first
    List {
        /// Due by the end of this day only
        #[arg(long, value_name = "DATE")]
        due_by: Option<Date>,
        /// On the desk of this role only: it must do it, or it was escalated to it
        #[arg(long)]
        role: Option<String>,
        /// Of this panel only
        #[arg(long)]
        panel: Option<String>,
    },
    /// Show one of them
    Show {
        /// Its id
        id: String,
    },
    /// Tell each role, once, of what has come onto its desk: by e-mail, or into the outbox folder
    Remind {
        /// Say who would be told of what; send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that one is done
    Complete {
        /// Its id
        id: String,
        /// What shows it: what was done, and where it can be seen
        #[arg(long)]
        evidence: String,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List { due_by, role, panel } => {
            let filter =
                DutyFilter { due_by: *due_by, role: role.clone(), panel: panel.clone(), ..DutyFilter::default() };
            let duties = session.open()?.duties_list(&filter)?;
            out.answer(&duties, |duties| operation::duties_table(duties))?;
            let overdue = duties.iter().filter(|duty| duty.overdue).count();
            out.say(format_args!("{} open, {overdue} over their time.", duties.len()));
        }
        Command::Show { id } => {
            let duty = session.open()?.duty_show(&DutyId::new(id.as_str()))?;
            out.answer(&duty, DutyShown::text)?;
        }
        Command::Remind { dry_run } => {
            let reminded = session.open()?.duties_remind(*dry_run)?;
            out.answer(&reminded, Reminded::text)?;
            for trouble in &reminded.troubles {
                out.say(format_args!("{trouble}"));
            }
            return Ok(Exit::needs_person(reminded.needs_person()));
        }
        Command::Complete { id, evidence } => {
            let id = DutyId::new(id.as_str());
            let duty = session.open()?.duty_complete(&id, evidence)?;
            out.answer(&duty, |duty| format!("{} is done: {}.\n", duty.id, duty.title))?;
        }
    }
    Ok(Exit::Well)
}
