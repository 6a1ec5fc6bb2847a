//! `tessera completions`: for the shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Arguments;
use super::{Exit, Out};
use crate::operation::Failure;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "tessera", &mut script);
    out.answer(&String::from_utf8_lossy(&script), |script| script.to_string())?;
    Ok(Exit::Well)
}
