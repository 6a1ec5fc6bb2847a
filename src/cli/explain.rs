//! `tessera explain`: what a code means.

use super::{Exit, Out};
use crate::operation::{self, Failure};

/// Say what the code of a finding means and what to do about it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code, for instance document-missing
    code: String,
}

pub(super) fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let explanation = operation::explain(&args.code)?;
    out.answer(&explanation, |explanation| format!("{}\n\n{}", explanation.code, explanation.text))?;
    Ok(Exit::Well)
}
