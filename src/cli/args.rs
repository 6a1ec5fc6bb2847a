//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use super::{
    agenda, audit, check, completions, duties, explain, figures, import, init, ledger, mappings, outcomes, panels,
    quarantine, serve, stand_in, submissions, sync, trackers, writeback,
};

const AFTER_HELP: &str = "\
Start here:
  tessera sync --rehearse --config samples/tessera.toml   the whole job on samples, touching no Mosaic
  tessera init DIR --authority NAME                       a configuration of your own
  tessera check --all                                     what each request still lacks

Exit codes:
  0  all well
  1  failed
  2  wrong usage or configuration; nothing was done
  3  done, and a person must look: blocking findings, quarantined records, refused or uncertain write-backs
  4  somebody else is at the same work: the nightly job, importing, writing to Mosaic, or reminding";

/// Carry panel requests out of Mosaic's exports, say what they lack, and put decisions back on the record
#[derive(Debug, Parser)]
#[command(name = "tessera", version, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 110)]
pub(super) struct Arguments {
    /// The configuration file [default: tessera.toml here, then TESSERA_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Answer with one JSON document
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say nothing but the answer and failures
    #[arg(long, global = true)]
    pub(super) quiet: bool,
    /// No colour and no progress bar (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    /// Take this for the present moment, for instance 2026-12-03 or 2026-12-03T09:00 (in the time zone of the first authority served)
    #[arg(long, global = true, value_name = "TIME", value_parser = moment)]
    pub(super) as_at: Option<AsAt>,
    /// Look at the rehearsal's ledger instead of the real one
    #[arg(long, global = true)]
    pub(super) rehearsal: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Sync(sync::Args),
    Check(check::Args),
    Agenda(agenda::Args),
    Init(init::Args),
    Import(import::Args),
    Submissions(submissions::Args),
    Explain(explain::Args),
    Panels(panels::Args),
    Outcomes(outcomes::Args),
    Writeback(writeback::Args),
    Duties(duties::Args),
    Trackers(trackers::Args),
    Figures(figures::Args),
    Mappings(mappings::Args),
    Quarantine(quarantine::Args),
    Audit(audit::Args),
    Ledger(ledger::Args),
    Serve(serve::Args),
    StandIn(stand_in::Args),
    Completions(completions::Args),
    /// Open documents for a check; not for people
    #[command(hide = true)]
    ReadDocuments,
}

/// What is taken for the present moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum AsAt {
    /// A moment.
    Moment(Timestamp),
    /// A date and time in the time of the installation's office.
    Local(DateTime),
}

/// A moment: RFC 3339 with an offset, or a local time, or a day (its start).
fn moment(text: &str) -> Result<AsAt, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(AsAt::Moment(moment));
    }
    let local =
        text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.to_datetime(Time::midnight())));
    let help = "write a moment like 2026-12-03, 2026-12-03T09:00 or 2026-12-03T09:00:00Z";
    local.map(AsAt::Local).map_err(|_| help.to_owned())
}
