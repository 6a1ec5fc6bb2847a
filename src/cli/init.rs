//! `tessera init`: a configuration of your own.

use std::path::PathBuf;

use super::{Exit, Out};
use crate::operation::{self, Failure};

/// Make a commented configuration, its folders and a key
///
/// Nothing that is there already is touched.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to make it in
    folder: PathBuf,
    /// The authority: a built-in one, or a new name of small letters and hyphens
    #[arg(long, value_name = "NAME")]
    authority: String,
}

pub(super) fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let built_in = operation::built_in_authorities();
    let names: Vec<&str> = built_in.iter().map(String::as_str).collect();
    let made = operation::init(&args.folder, &args.authority, &names)?;
    out.answer(&made, |made| made.config.display().to_string())?;
    let config = made.config.display();
    out.say(format_args!("Made {config}, its folders and the key {}.", made.key.display()));
    out.say(format_args!("Keep a copy of the key away from this machine: without it nobody can read the ledger."));
    if !made.built_in {
        out.say(format_args!(
            "`{}` has no built-in mapping files: mappings/README.md says how to add them.",
            args.authority
        ));
    }
    out.say(format_args!(
        "Next: put exports into {}, then run `tessera --config {config} sync`.",
        made.exports.display()
    ));
    Ok(Exit::Well)
}
