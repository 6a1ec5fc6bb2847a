//! `tessera import`: read files now.

use std::path::PathBuf;

use super::{Exit, Out, Session};
use crate::domain::{AuthorityName, ExtractType};
use crate::operation::{Failure, ImportRequest};

/// Read files now
///
/// A file that lies in a source of the configuration is read as that source says; any other needs --authority
/// (where the configuration has several) and --extract (forms, unless said otherwise).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose they are
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,
    /// What they hold: forms, documents, events or persons
    #[arg(long, value_name = "EXTRACT", value_parser = extract_type)]
    extract: Option<ExtractType>,
    /// The mapping that reads them, for instance c0343/v3, where the records themselves say too little
    #[arg(long, value_name = "MAPPING")]
    mapping: Option<String>,
    /// Say what would be taken; change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let request = ImportRequest {
        files: args.files.clone(),
        authority: args.authority.as_deref().map(AuthorityName::new),
        extract: args.extract,
        mapping: args.mapping.clone(),
        dry_run: args.dry_run,
    };
    let watcher = session.watcher(out);
    let imported = session.open()?.import(&request, watcher.as_ref())?;
    out.mistakes(&imported.mistakes);
    out.answer(&imported.report, |report| report.table())?;
    for line in imported.advice() {
        out.say(format_args!("{line}"));
    }
    Ok(Exit::needs_person(imported.report.needs_person()))
}

fn extract_type(text: &str) -> Result<ExtractType, String> {
    ExtractType::parse(text).ok_or_else(|| "the extracts are: forms, documents, events, persons".to_owned())
}
