//! `tessera mappings`: the files that say what a form means.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// The files that say what a form means: list, verify, try
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the form mappings and where each comes from
    List,
    /// Find every mistake in the mapping files, with line and column
    Verify {
        /// A folder laid out like mappings/ [default: the configuration's, or the built-in files]
        path: Option<PathBuf>,
    },
    /// Show what a mapping would read from an export; change nothing
    Try {
        /// The mapping: a name like lincolnshire/c0343/v3, or a file
        mapping: String,
        /// The export
        export: PathBuf,
        /// Show so many records
        #[arg(long, default_value_t = 3)]
        records: usize,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match &args.command {
        Command::List => {
            let listed = operation::mappings_list(session.workplace_if_any()?.as_ref())?;
            out.answer(&listed, |listed| operation::mappings_table(listed))?;
            Ok(Exit::Well)
        }
        Command::Verify { path } => {
            let workplace = if path.is_some() { None } else { session.workplace_if_any()? };
            let verified = operation::mappings_verify(workplace.as_ref(), path.as_deref())?;
            out.mistakes(&verified.mistakes);
            out.answer(&verified.report, operation::VerifyReport::text)?;
            Ok(if verified.report.errors > 0 { Exit::Usage } else { Exit::Well })
        }
        Command::Try { mapping, export, records } => {
            let tried = operation::mappings_try(session.workplace_if_any()?.as_ref(), mapping, export, *records)?;
            out.mistakes(&tried.mistakes);
            out.answer(&tried.report, operation::TryReport::text)?;
            Ok(Exit::needs_person(tried.report.read == 0))
        }
    }
}
