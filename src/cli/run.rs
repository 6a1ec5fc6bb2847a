//! Parse, run, exit.

use std::process::ExitCode;

use clap::Parser as _;

use super::args::{Arguments, Command};
use super::{
    Exit, Out, Session, agenda, audit, check, completions, duties, explain, figures, import, init, ledger, log,
    mappings, outcomes, panels, quarantine, serve, stand_in, submissions, sync, trackers, writeback,
};
use crate::config::Environment;
use crate::operation::Failure;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let environment = Environment::read();
    let arguments = Arguments::parse();
    let out = Out::new(arguments.json, arguments.quiet, arguments.no_color || environment.no_colour);
    for wrong in log::start(environment.log.as_deref(), environment.log_format.as_deref()) {
        out.say(format_args!("{wrong}."));
    }
    let session = Session::new(&arguments, &environment);
    let exit = run(&arguments.command, &session, &out).unwrap_or_else(|failure| {
        crate::log::error!(
            "A command failed: what it said on the terminal says why.",
            cause = failure.cause(),
            system = failure.system(),
            system_code = failure.system_code(),
            database_code = failure.database_code()
        );
        out.failure(&failure);
        Exit::from(failure.kind)
    });
    crate::log::debug!("A command has ended.", exit = exit.code());
    exit.into()
}

fn run(command: &Command, session: &Session, out: &Out) -> Result<Exit, Failure> {
    match command {
        Command::Sync(args) => sync::run(args, session, out),
        Command::Check(args) => check::run(args, session, out),
        Command::Agenda(args) => agenda::run(args, session, out),
        Command::Init(args) => init::run(args, out),
        Command::Import(args) => import::run(args, session, out),
        Command::Submissions(args) => submissions::run(args, session, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Panels(args) => panels::run(args, session, out),
        Command::Outcomes(args) => outcomes::run(args, session, out),
        Command::Writeback(args) => writeback::run(args, session, out),
        Command::Duties(args) => duties::run(args, session, out),
        Command::Trackers(args) => trackers::run(args, session, out),
        Command::Figures(args) => figures::run(args, session, out),
        Command::Mappings(args) => mappings::run(args, session, out),
        Command::Quarantine(args) => quarantine::run(args, session, out),
        Command::Audit(args) => audit::run(args, session, out),
        Command::Ledger(args) => ledger::run(args, session, out),
        Command::Serve(args) => serve::run(args, session, out),
        Command::StandIn(args) => stand_in::run(args, session, out),
        Command::Completions(args) => completions::run(args, out),
        Command::ReadDocuments => crate::operation::read_documents().map(|()| Exit::Well),
    }
}
