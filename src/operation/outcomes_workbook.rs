//! `outcomes workbook` and `outcomes load`: the workbook of a sitting, out and in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;

use super::check::{each_request, sitting_on};
use super::docket::{Docket, handed_in, in_order};
use super::installation::{Installation, Rulebook};
use super::{Actor, Failure, Workplace};
use crate::calendar::Clock;
use crate::diagnostic::Place;
use crate::domain::{Outcome, OutcomeState, PanelName, PersonId, Submission, SubmissionId, limit};
use crate::ledger::{OutcomeRow, Recorded, Selection};
use crate::outcome::{
    self, CellTrouble, FilledIn, Known, Loaded, PersonKnown, RequestKnown, RequestLine, Sheet, SittingKnown,
};
use crate::panel::{AgendaItem, Profile};
use crate::report;

/// A workbook that was written.
#[derive(Debug, Serialize)]
pub struct WorkbookWritten {
    /// The workbook.
    pub file: PathBuf,
    /// Its requests.
    pub requests: usize,
    /// Its rows: one for each request and child.
    pub rows: usize,
    /// Rows in which the outcome stands that is recorded already.
    pub recorded: usize,
}

/// What was loaded from a workbook.
#[derive(Debug, Serialize)]
pub struct OutcomesLoaded {
    /// Outcomes that are new.
    pub new: usize,
    /// Outcomes that change what was known.
    pub revised: usize,
    /// Outcomes that say what is known.
    pub unchanged: usize,
    /// Rows without a decision.
    pub undecided: usize,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The outcomes that are new or revised.
    pub outcomes: Vec<OutcomeTaken>,
    /// What is wrong: requests that it is about were left out.
    pub troubles: Vec<OutcomeTrouble>,
    /// What a person should know, though it was taken.
    pub warnings: Vec<OutcomeTrouble>,
}

/// An outcome that was taken from a workbook.
#[derive(Debug, Serialize)]
pub struct OutcomeTaken {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// The day the panel sat.
    pub sitting: Date,
    /// The revision: 1 where it is new.
    pub revision: u32,
}

/// A cell that is wrong.
#[derive(Debug, Serialize)]
pub struct OutcomeTrouble {
    /// Sheet and cell.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Writes the workbook for a sitting. A file that holds decisions which nobody has loaded is not written over.
pub fn outcomes_workbook(
    workplace: &Workplace,
    clock: Clock,
    actor: &Actor,
    panel: &str,
    date: Date,
    file: &Path,
) -> Result<WorkbookWritten, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let profile = installation.rules.panel(panel, workplace.configuration())?.clone();
    if profile.outcome.decisions.is_empty() {
        let help =
            format!("add [outcome.decisions] to mappings/{}.toml", profile.name.as_str().replace('/', "/panels/"));
        return Err(Failure::usage(format_args!("{} names no decisions", profile.name), help));
    }
    if file.exists() {
        let before = load(&mut installation, actor, file, true)?;
        if before.new + before.revised > 0 || !before.troubles.is_empty() {
            let help = "load it first with `tessera outcomes load`, or name another file with --out";
            return Err(Failure::usage(format_args!("{} holds what was not loaded", file.display()), help));
        }
    }
    let requests = lines(&installation, &profile, date)?;
    let submissions: BTreeSet<&SubmissionId> = requests.iter().map(|request| &request.submission).collect();
    let written = WorkbookWritten {
        file: file.to_owned(),
        requests: submissions.len(),
        rows: requests.len(),
        recorded: requests.iter().filter(|request| request.recorded.is_some()).count(),
    };
    let sheet =
        Sheet { panel: &profile.name, panel_title: &profile.title, sitting: date, form: &profile.outcome, requests };
    let help = "look at who may write there and whether its disk is full";
    let bytes = outcome::write(&sheet).map_err(|error| Failure::failed(error, help))?;
    let placed = report::private_file(file, &bytes).with_context(|| format!("write {}", file.display()));
    placed.map_err(|error| Failure::failed(error, help))?;
    installation.ledger.note(actor, "workbook-written", profile.name.as_str())?;
    Ok(written)
}

/// The rows of a sitting's workbook: what is expected then or was decided then, in the order of the agenda.
fn lines(installation: &Installation, profile: &Profile, date: Date) -> Result<Vec<RequestLine>, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    let mut decided: BTreeMap<(SubmissionId, PersonId), Outcome> = BTreeMap::new();
    for row in installation.ledger.outcomes(None)? {
        let outcome = row.outcome;
        if outcome.panel == profile.name && outcome.sitting == date {
            // Later revisions come last.
            decided.insert((outcome.submission.clone(), outcome.person), outcome);
        }
    }
    let mut submissions = expected(installation, profile, date)?;
    for (id, _) in decided.keys() {
        if let Some(row) = installation.ledger.submission(id)?
            && row.submission.panel.as_ref() == Some(&profile.name)
        {
            submissions.insert(id.clone(), row.submission);
        }
    }
    let mut submissions: Vec<Submission> = submissions.into_values().collect();
    submissions.sort_by_cached_key(|submission| {
        let kinds = profile.requests.choices(submission);
        let is_its_item = |item: &AgendaItem| item.kinds.iter().any(|kind| kinds.contains(&kind.as_str()));
        let item = profile.agenda.iter().position(is_its_item).unwrap_or(profile.agenda.len());
        let at = handed_in(submission, office).map(|at| in_order(&at));
        (item, at.is_none(), at, submission.id.clone())
    });
    let mut lines = Vec::new();
    for submission in submissions {
        for person in &submission.people {
            let known = installation.ledger.person(&submission.authority, *person)?;
            let initials = known.and_then(|person| person.initials);
            let recorded = decided.remove(&(submission.id.clone(), *person));
            lines.push(RequestLine { submission: submission.id.clone(), person: *person, initials, recorded });
        }
    }
    Ok(lines)
}

/// The open requests that are expected at a sitting. At one that was held already: those that were expected then and
/// are not decided yet.
fn expected(
    installation: &Installation,
    profile: &Profile,
    date: Date,
) -> Result<BTreeMap<SubmissionId, Submission>, Failure> {
    let mut expected = BTreeMap::new();
    let selection = Selection { panel: Some(profile.name.clone()), ..Selection::default() };
    if profile.schedule.is_none() {
        // Nobody knows beforehand what a panel hears that sits as needed.
        each_request(installation, selection, &mut |submission| {
            expected.insert(submission.id.clone(), submission.clone());
            Ok(())
        })?;
        return Ok(expected);
    }
    let office = installation.rules.office(&profile.name.authority())?;
    let sitting = sitting_on(installation, profile, date)?;
    if let Some(why) = &sitting.cancelled {
        let help = format!("`tessera panels sittings {} --from {date} --to …` lists its sittings", profile.name);
        return Err(Failure::usage(format_args!("{} does not sit on {date}: {why}", profile.name), help));
    }
    let is_past = sitting.date < installation.clock.now_in(&office.zone).date();
    let clock = if is_past { Clock::Fixed(sitting.starts.timestamp()) } else { installation.clock };
    let docket = Docket::new(&installation.rules, clock)?;
    let booked = if is_past { installation.ledger.booked(&profile.name, date)? } else { Vec::new() };
    let booked: BTreeSet<SubmissionId> = booked.into_iter().map(|(id, _)| id).collect();
    each_request(installation, selection, &mut |submission| {
        let meant = docket.sitting(profile, submission, office, &clock.now_in(&office.zone));
        if meant.is_some_and(|meant| meant.date == date) || booked.contains(&submission.id) {
            expected.insert(submission.id.clone(), submission.clone());
        }
        Ok(())
    })?;
    Ok(expected)
}

/// Reads a filled-in workbook.
pub fn outcomes_load(
    workplace: &Workplace,
    clock: Clock,
    actor: &Actor,
    file: &Path,
    dry_run: bool,
) -> Result<OutcomesLoaded, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let _lock = if dry_run { None } else { Some(installation.ledger.lock()?) };
    load(&mut installation, actor, file, dry_run)
}

pub(super) fn load(
    installation: &mut Installation,
    actor: &Actor,
    file: &Path,
    dry_run: bool,
) -> Result<OutcomesLoaded, Failure> {
    let workbook = FilledIn::open(&workbook_bytes(file)?);
    let loaded = checked(installation, &workbook)?;
    let mut report = OutcomesLoaded {
        new: 0,
        revised: 0,
        unchanged: 0,
        undecided: loaded.undecided,
        dry_run,
        outcomes: Vec::new(),
        troubles: loaded.troubles.iter().map(OutcomeTrouble::of).collect(),
        warnings: loaded.warnings.iter().map(OutcomeTrouble::of).collect(),
    };
    for read in loaded.outcomes {
        let (submission, person, sitting) = (read.submission.clone(), read.person.to_string(), read.sitting);
        let outcome = Outcome {
            submission: read.submission,
            person: read.person,
            panel: read.panel,
            sitting: read.sitting,
            revision: 0,
            decision: read.decision,
            state: OutcomeState::Loaded,
        };
        let recorded = if dry_run {
            would_record(installation, &outcome)?
        } else {
            installation.ledger.record_outcome(outcome, actor)?
        };
        let revision = match recorded {
            Recorded::Unchanged => {
                report.unchanged += 1;
                continue;
            }
            Recorded::New => 1,
            Recorded::Revised(revision) => revision,
        };
        report.new += usize::from(recorded == Recorded::New);
        report.revised += usize::from(recorded != Recorded::New);
        report.outcomes.push(OutcomeTaken { submission, person, sitting, revision });
    }
    Ok(report)
}

/// Holds a workbook against the ledger and the rules.
fn checked(installation: &Installation, workbook: &FilledIn) -> Result<Loaded, Failure> {
    let Installation { rules, ledger, clock, .. } = installation;
    let mut requests = BTreeMap::new();
    for id in workbook.requests() {
        let Some(row) = ledger.submission(&id)? else { continue };
        let submission = row.submission;
        let mut people = Vec::new();
        for person in &submission.people {
            let initials = ledger.person(&submission.authority, *person)?.and_then(|known| known.initials);
            people.push(PersonKnown { person: *person, initials });
        }
        let outcomes = ledger.outcomes(Some(&id))?.into_iter().map(|row| row.outcome).collect();
        requests.insert(id, RequestKnown { people, panel: submission.panel, outcomes });
    }
    let own = rules.panels.iter().filter(|(name, _)| installation.configuration.authority(&name.authority()).is_some());
    let forms = own.map(|(name, profile)| (name.clone(), &profile.outcome)).collect();
    let sitting = |panel: &PanelName, day: Date| sitting_known(rules, *clock, panel, day);
    Ok(workbook.check(&Known { requests: &requests, forms: &forms, sitting: &sitting }))
}

fn workbook_bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = || -> anyhow::Result<Vec<u8>> {
        let opened = std::fs::File::open(file)?;
        anyhow::ensure!(
            opened.metadata()?.len() <= limit::WORKBOOK_BYTES_MAX,
            "it is too large for an outcomes workbook"
        );
        let mut bytes = Vec::new();
        opened.take(limit::WORKBOOK_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let read = read().with_context(|| format!("read {}", file.display()));
    read.map_err(|error| Failure {
        kind: super::FailureKind::Usage,
        ..Failure::failed(error, "name the workbook that was filled in")
    })
}

/// A panel cannot have decided on a day on which it did not sit.
fn sitting_known(rules: &Rulebook, clock: Clock, panel: &PanelName, day: Date) -> SittingKnown {
    let (Some(profile), Ok(office)) = (rules.panels.get(panel), rules.office(&panel.authority())) else {
        return SittingKnown::No(None);
    };
    let held = if day > clock.now_in(&office.zone).date() { SittingKnown::Ahead } else { SittingKnown::Held };
    if profile.schedule.is_none() {
        return held;
    }
    match profile.sitting_on(day, office) {
        Some(sitting) => sitting.cancelled.map_or(held, |why| SittingKnown::No(Some(why))),
        None => SittingKnown::No(None),
    }
}

fn would_record(installation: &Installation, outcome: &Outcome) -> Result<Recorded, Failure> {
    let known = installation.ledger.outcomes(Some(&outcome.submission))?;
    let same = |row: &&OutcomeRow| row.outcome.person == outcome.person && row.outcome.sitting == outcome.sitting;
    Ok(match known.iter().rfind(same) {
        None => Recorded::New,
        Some(row) if row.outcome.decision == outcome.decision => Recorded::Unchanged,
        Some(row) => Recorded::Revised(row.outcome.revision + 1),
    })
}

impl OutcomeTrouble {
    fn of(trouble: &CellTrouble) -> Self {
        let place = match &trouble.place {
            Place::Whole => "the workbook".to_owned(),
            place => place.to_string(),
        };
        Self { place, message: trouble.message.clone(), help: trouble.help.clone() }
    }
}

impl OutcomesLoaded {
    /// What was loaded, in words.
    pub fn text(&self) -> String {
        let first = match (self.dry_run, self.new + self.revised) {
            (true, _) => "Nothing was changed. This would be loaded: ",
            (false, 0) => "Nothing was loaded: ",
            (false, _) => "Loaded: ",
        };
        let mut text = format!(
            "{first}{} new, {} revised, {} unchanged; {} without a decision.\n",
            self.new, self.revised, self.unchanged, self.undecided
        );
        for OutcomeTaken { submission, person, sitting: _, revision } in &self.outcomes {
            let what = if *revision == 1 { "new".to_owned() } else { format!("revision {revision}") };
            text.push_str(&format!("  {submission}, person {person}: {what}\n"));
        }
        if !self.troubles.is_empty() {
            let what = report::count(self.troubles.len(), "trouble");
            text.push_str(&format!("\n{what}; the requests that this is about were left out:\n"));
            text.push_str(&told(&self.troubles));
        }
        if !self.warnings.is_empty() {
            text.push_str(&format!("\nTo know:\n{}", told(&self.warnings)));
        }
        if self.new + self.revised > 0 && !self.dry_run {
            text.push_str("\nNext: `tessera outcomes show ID` shows exactly what will be written, `tessera outcomes approve ID` lets it be sent.\n");
        }
        text
    }
}

/// Places of the same trouble that are named one by one.
const PLACES_NAMED_MAX: usize = 8;

/// Troubles in words, the same one said once with all of its places.
fn told(troubles: &[OutcomeTrouble]) -> String {
    let mut grouped: Vec<(&OutcomeTrouble, Vec<&str>)> = Vec::new();
    for trouble in troubles {
        let same =
            |one: &&mut (&OutcomeTrouble, Vec<&str>)| one.0.message == trouble.message && one.0.help == trouble.help;
        match grouped.iter_mut().find(same) {
            Some((_, places)) => places.push(&trouble.place),
            None => grouped.push((trouble, vec![&trouble.place])),
        }
    }
    let mut text = String::new();
    for (OutcomeTrouble { place: _, message, help }, places) in grouped {
        let more = places.len().saturating_sub(PLACES_NAMED_MAX);
        let named: Vec<&str> = places.into_iter().take(PLACES_NAMED_MAX).collect();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        text.push_str(&format!("  {}{more}: {message}\n    what to do: {help}\n", named.join(", ")));
    }
    text
}
