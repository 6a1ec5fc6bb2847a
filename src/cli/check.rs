//! `tessera check`: what each request still lacks, while there is time to mend it.

use std::path::PathBuf;

use jiff::civil::Date;

use super::{Exit, Out, Session};
use crate::domain::{Private, SubmissionId};
use crate::operation::{self, CheckReport, CheckScope, Failure, StatedFact, WaiverGiven, WaiverTakenBack};

/// Check requests against their panel's paperwork
///
/// Nothing is written to Mosaic. The exit code is 3 when a finding blocks a request.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// The sitting on this date [default: the next one that each request can make]
    #[arg(long, value_name = "DATE", requires = "panel", conflicts_with_all = ["submission", "all"])]
    sitting: Option<Date>,
    /// Open the papers in a folder, a zip file or a single file as part of the request
    #[arg(long, value_name = "PATH", requires = "submission", conflicts_with_all = ["panel", "all"])]
    pack: Option<PathBuf>,
    /// Keep what was read of the papers with the request, so that every later check counts them; another child's are
    /// refused, and the papers themselves are not copied
    #[arg(long, requires = "pack", conflicts_with_all = ["waive", "unwaive", "facts"])]
    keep: bool,
    /// Answer for a finding, so that it blocks no longer: its code, with its subject where there are several
    #[arg(long, group = "accepting", value_name = "CODE[:SUBJECT]", requires_all = ["submission", "role", "reason", "until"])]
    #[arg(conflicts_with_all = ["panel", "all", "pack", "facts"])]
    waive: Option<String>,
    /// Take back that a finding was answered for: its code, with its subject where there are several
    #[arg(long, group = "accepting", value_name = "CODE[:SUBJECT]", requires_all = ["submission", "reason"])]
    #[arg(conflicts_with_all = ["panel", "all", "pack", "facts", "role", "until"])]
    unwaive: Option<String>,
    /// The role in which the finding is answered for
    #[arg(long, value_name = "ROLE", requires = "waive")]
    role: Option<String>,
    /// Why it is answered for, or taken back
    #[arg(long, value_name = "TEXT", requires = "accepting")]
    reason: Option<String>,
    /// The last day on which that holds: from today to the day of the sitting, or 28 days where there is none
    #[arg(long, value_name = "DATE", requires = "waive")]
    until: Option<Date>,
    /// Write the matrix of requests and documents to a .xlsx or .html file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// State a fact that the record does not hold; for one request it is remembered, and can be stated otherwise later
    #[arg(long = "fact", value_name = "NAME=yes|no", value_parser = stated)]
    facts: Vec<StatedFact>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// One request, by its id
    submission: Option<String>,
    /// Every request that asks this panel
    #[arg(long, value_name = "PANEL")]
    panel: Option<String>,
    /// Every request
    #[arg(long)]
    all: bool,
}

impl Args {
    fn taken_back(&self) -> Option<WaiverTakenBack> {
        let (code, subject) = named(self.unwaive.as_ref()?);
        Some(WaiverTakenBack { code, subject, person: None, reason: Private::new(self.reason.clone()?) })
    }

    fn waiver(&self) -> Option<WaiverGiven> {
        let (code, subject) = named(self.waive.as_ref()?);
        let reason = Private::new(self.reason.clone()?);
        Some(WaiverGiven { code, subject, person: None, role: self.role.clone()?, reason, until: self.until? })
    }
}

/// A code, and the subject behind a colon.
fn named(finding: &str) -> (String, Option<String>) {
    match finding.split_once(':') {
        Some((code, subject)) => (code.to_owned(), Some(subject.to_owned())),
        None => (finding.to_owned(), None),
    }
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let scope = match &args.which {
        Which { submission: Some(id), .. } => {
            CheckScope::Submission { id: SubmissionId::new(id.as_str()), pack: args.pack.clone() }
        }
        Which { panel: Some(panel), .. } => CheckScope::Panel { panel: panel.clone(), sitting: args.sitting },
        Which { .. } => CheckScope::All,
    };
    let checked = match (&scope, args.waiver()) {
        (CheckScope::Submission { id, .. }, Some(given)) => session.open()?.waive(id, &given)??,
        (CheckScope::Submission { id, .. }, None) if args.unwaive.is_some() => {
            let given =
                args.taken_back().ok_or_else(|| Failure::invalid("there is no reason", "give one with --reason"))?;
            session.open()?.take_waiver_back(id, &given)?
        }
        (CheckScope::Submission { id, pack: Some(path) }, None) if args.keep => {
            let kept = session.open()?.pack_keep(id, path)?;
            kept.kept_in_words().iter().for_each(|line| out.say(format_args!("{line}")));
            CheckReport { requests: kept.requests, mistakes: Vec::new() }
        }
        _ => session.open()?.check(&scope, &args.facts)?,
    };
    if let Some(file) = &args.out {
        operation::check_out(&checked, file)?;
        out.say(format_args!("Wrote {}.", file.display()));
    }
    out.mistakes(&checked.mistakes);
    let with_papers = args.which.submission.is_some();
    out.answer(&checked.requests, |_| checked.text(with_papers))?;
    for line in checked.advice() {
        out.say(format_args!("{line}"));
    }
    Ok(Exit::needs_person(checked.blocked() > 0 || !checked.mistakes.is_empty()))
}

fn stated(text: &str) -> Result<StatedFact, String> {
    let wanted = || "write NAME=yes or NAME=no".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wanted)?;
    let value = match value {
        "yes" => true,
        "no" => false,
        _ => return Err(wanted()),
    };
    Ok(StatedFact { name: name.to_owned(), value })
}
