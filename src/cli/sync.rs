//! `tessera sync`: the nightly job.

use super::{Exit, Out, Session};
use crate::operation::{Failure, SyncMode};

/// Do the nightly job: read new exports, check what changed, send what was approved
///
/// Safe to run twice and safe to kill: the next run takes up where this one stopped, and nothing is written on a
/// record twice. The exit code is 3 when a person must look, and 4 when another nightly job is at work, or when somebody
/// else was importing, sending or reminding: that part was left to them, and everything else was done.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rehearse: the same job with a ledger of its own and a stand-in for Mosaic; no real record is touched
    #[arg(long)]
    rehearse: bool,
    /// Say what would be read and sent; change nothing
    #[arg(long, conflicts_with = "rehearse")]
    dry_run: bool,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let mode = match (args.rehearse || session.is_rehearsal(), args.dry_run) {
        (true, _) => SyncMode::Rehearsal,
        (_, true) => SyncMode::DryRun,
        _ => SyncMode::Real,
    };
    let rehearsed = session.rehearsed();
    let session = if mode == SyncMode::Rehearsal { &rehearsed } else { session };
    let watcher = session.watcher(out);
    let workplace = session.workplace()?;
    let synced = workplace.sync(session.clock(&workplace)?, session.actor(), mode, watcher.as_ref())?;
    out.mistakes(&synced.mistakes);
    out.answer(&synced.report, |_| synced.summary())?;
    let program = std::env::args().next().unwrap_or_else(|| "tessera".to_owned());
    for line in synced.advice(&program) {
        out.say(format_args!("{line}"));
    }
    Ok(match synced.report.exit {
        0 => Exit::Well,
        4 => Exit::Busy,
        _ => Exit::NeedsPerson,
    })
}
