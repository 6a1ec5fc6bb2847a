//! `tessera audit`: prove that the trail is whole, and take it away.

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// Prove the audit trail, or take it away
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recompute the chain of the trail and compare it with what the ledger holds
    Verify {
        /// The hash of an entry that was noted elsewhere: that it is still there shows that the end was not cut off
        #[arg(long, value_name = "HASH")]
        noted: Option<String>,
    },
    /// Write the whole trail, with the hashes and the receipts, as CSV or with --json
    Export,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::Export => {
            let trail = session.open_ledger()?.audit_export()?;
            out.answer(&trail, |trail| operation::audit_csv(trail))?;
            Ok(Exit::Well)
        }
        Command::Verify { noted } => {
            let proof = session.open_ledger()?.audit_verify(noted.as_deref())?;
            out.answer(&proof, operation::AuditProof::text)?;
            Ok(if proof.whole { Exit::Well } else { Exit::Failed })
        }
    }
}
