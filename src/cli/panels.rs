//! `tessera panels`: who sits when, and until when a request can still be made.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::civil::Date;

use super::{Exit, Out, Session};
use crate::operation::{self, Failure};

/// The panels: who sits when, and until when a request can still be made
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the panels
    List,
    /// Show a panel's profile
    Show {
        /// AUTHORITY/PANEL, or PANEL where the configuration has one authority
        panel: String,
    },
    /// List a panel's sittings with their cutoffs
    Sittings {
        /// AUTHORITY/PANEL, or PANEL where the configuration has one authority
        panel: String,
        /// The first day
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// The last day
        #[arg(long, value_name = "DATE")]
        to: Date,
        /// Write them to a calendar file for Outlook and Google, with an alarm before each cutoff
        #[arg(long, value_name = "FILE")]
        ics: Option<PathBuf>,
    },
    /// Say when the request for a sitting must be in
    Cutoff {
        /// AUTHORITY/PANEL, or PANEL where the configuration has one authority
        panel: String,
        /// The day of the sitting
        date: Date,
    },
    /// Compare two panels, or the panels of two authorities
    Diff {
        /// AUTHORITY/PANEL, or AUTHORITY for all its panels
        one: String,
        /// AUTHORITY/PANEL, or AUTHORITY for all its panels
        other: String,
        /// Write the comparison to a .xlsx or .html file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let workplace = session.workplace()?;
    match &args.command {
        Command::List => {
            let panels = workplace.panels_list()?;
            out.answer(&panels, |panels| operation::panels_table(panels))?;
        }
        Command::Show { panel } => {
            let shown = workplace.panel_show(panel)?;
            out.answer(&shown, operation::PanelShown::text)?;
        }
        Command::Sittings { panel, from, to, ics } => {
            let sittings = workplace.panel_sittings(panel, *from, *to)?;
            if let Some(file) = ics {
                let clock = session.clock(&workplace)?;
                workplace.sittings_calendar(clock, panel, &sittings, file)?;
                out.say(format_args!("Wrote {}.", file.display()));
            }
            out.answer(&sittings, |sittings| operation::sittings_table(sittings))?;
        }
        Command::Cutoff { panel, date } => {
            let cutoff = workplace.panel_cutoff(panel, *date)?;
            out.answer(&cutoff, operation::CutoffShown::text)?;
        }
        Command::Diff { one, other, out: file } => {
            let compared = workplace.panels_diff(one, other)?;
            if let Some(file) = file {
                compared.out(file)?;
                out.say(format_args!("Wrote {}.", file.display()));
            }
            out.answer(&compared, operation::PanelsCompared::text)?;
        }
    }
    Ok(Exit::Well)
}
