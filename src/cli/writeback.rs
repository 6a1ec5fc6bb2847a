//! `tessera writeback`: what is written on the record, and the proof.

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::domain::State;
use crate::operation::{self, Failure};

/// What is written on the record: the plan, the sending, the receipts
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List write-backs
    List {
        /// In this state only
        #[arg(long, value_name = "STATE", value_parser = clap::builder::PossibleValuesParser::new(State::NAMES))]
        state: Option<String>,
    },
    /// Show one with its exact text
    Show {
        /// Its id or its reference
        id: String,
    },
    /// Send what was approved
    Send,
    /// Read Mosaic for what nobody knows the fate of; write nothing new
    Reconcile,
    /// Let one go on that was refused or held, once its reason is mended
    Retry {
        /// Its id or its reference
        id: String,
    },
    /// Hold one back that has not been sent
    Hold {
        /// Its id or its reference
        id: String,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List { state } => {
            let listed = session.open_ledger()?.writeback_list(state.as_deref())?;
            out.answer(&listed, |listed| operation::writeback_table(listed))?;
            Ok(Exit::Well)
        }
        Command::Show { id } => {
            let shown = session.open_ledger()?.writeback_show(id)?;
            out.answer(&shown, operation::WriteBackShown::text)?;
            Ok(Exit::Well)
        }
        Command::Send => {
            let sent = session.open()?.writeback_send()?;
            out.answer(&sent, operation::Sending::text)?;
            Ok(Exit::needs_person(sent.needs_person()))
        }
        Command::Reconcile => {
            let settled = session.open()?.writeback_reconcile()?;
            out.answer(&settled, operation::Sending::text)?;
            Ok(Exit::needs_person(settled.needs_person()))
        }
        Command::Retry { id } => {
            let released = session.open_ledger()?.writeback_retry(id)?;
            out.answer(&released, operation::WriteBackShown::text)?;
            out.say(format_args!("It leaves with the next `tessera writeback send` or sync."));
            Ok(Exit::Well)
        }
        Command::Hold { id } => {
            let held = session.open_ledger()?.writeback_hold(id)?;
            out.answer(&held, operation::WriteBackShown::text)?;
            out.say(format_args!("It does not leave until `tessera writeback retry {id}`."));
            Ok(Exit::Well)
        }
    }
}
