//! `tessera audit`: prove that the trail is whole.

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// Prove the audit trail
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recompute the chain of the trail and compare it with what the ledger holds
    Verify,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let configuration = session.configuration()?;
    match args.command {
        Command::Verify => {
            let proof = operation::audit_verify(&configuration, session.clock(&configuration))?;
            out.answer(&proof, operation::AuditProof::text)?;
            Ok(if proof.whole { Exit::Well } else { Exit::Failed })
        }
    }
}
