//! `tessera agenda`: what a sitting hears, and whom to chase before it.

use std::path::PathBuf;

use jiff::civil::Date;

use super::{Exit, Out, Session};
use crate::operation::{self, Agenda, Failure};

/// The agenda of a sitting: what is heard when, what each request still lacks, who is to be invited
///
/// The exit code is 3 when a finding blocks a request.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// AUTHORITY/PANEL, or PANEL where the configuration has one authority
    panel: String,
    /// The day of the sitting
    date: Date,
    /// Write it to a .xlsx or .html file, with the matrix of documents and the list of what to chase
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let agenda = session.open()?.agenda(&args.panel, args.date)?;
    if let Some(file) = &args.out {
        agenda.out(file)?;
        out.say(format_args!("Wrote {}.", file.display()));
    }
    out.answer(&agenda, Agenda::text)?;
    Ok(Exit::needs_person(agenda.requests.iter().any(operation::CheckedRequest::is_blocked)))
}
