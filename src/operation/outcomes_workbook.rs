//! `outcomes workbook` and `outcomes load`: the workbook of a sitting, out and in. What a page has filled in is checked
//! and recorded by the same functions.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::at_sitting::AtSitting;
use super::installation::{Installation, Rulebook, Writing as _};
use super::{Actor, Failure, FailureKind};
use crate::calendar::Clock;
use crate::diagnostic::Place;
use crate::domain::{AuthorityName, Outcome, OutcomeState, PanelName, SubmissionId, limit};
use crate::ledger::{OutcomeRow, Recorded, Seen};
use crate::log;
use crate::outcome::{
    self, CellTrouble, FilledIn, Known, Loaded, PersonKnown, ReadOutcome, RecordedBy, RequestKnown, RequestLine, Sheet,
    SittingKnown,
};
use crate::panel::Profile;
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

/// What was loaded from a workbook, or recorded from a page.
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

/// An outcome that was taken from a workbook or a page.
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

/// A cell that is wrong, or a field of a page.
#[derive(Debug, Serialize)]
pub struct OutcomeTrouble {
    /// Sheet and cell; of a page, whose the field is and what it is called.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl OutcomesLoaded {
    /// Says in the log what was recorded: to be told once it is.
    pub(super) fn tell(&self) {
        for OutcomeTaken { submission, sitting, revision, .. } in &self.outcomes {
            if *revision == 1 {
                log::info!(
                    "An outcome was recorded.",
                    submission = submission,
                    sitting = *sitting,
                    revision = *revision
                );
            } else {
                log::info!(
                    "An outcome was recorded in the place of an earlier one.",
                    submission = submission,
                    sitting = *sitting,
                    revision = *revision
                );
            }
        }
    }
}

impl Installation {
    /// Writes the workbook for a sitting. A file that holds decisions which nobody has loaded is not written over.
    pub fn outcomes_workbook(&mut self, panel: &str, date: Date, file: &Path) -> Result<WorkbookWritten, Failure> {
        let profile = deciding_panel(self, panel)?;
        if file.exists() {
            let actor = self.actor.clone();
            let before = load(self, &actor, file, true)?;
            if before.new + before.revised > 0 || !before.troubles.is_empty() {
                let help = "load it first with `tessera outcomes load`, or name another file with --out";
                return Err(Failure::conflict(format_args!("{} holds what was not loaded", file.display()), help));
            }
        }
        let (bytes, made) = made(self, &profile, date)?;
        let placed = report::private_file(file, &bytes).with_context(|| format!("write {}", file.display()));
        placed.map_err(|error| Failure::failed(error, DISK))?;
        Ok(WorkbookWritten { file: file.to_owned(), ..made })
    }

    /// The workbook for a sitting, as bytes of XLSX.
    pub fn outcomes_workbook_bytes(&mut self, panel: &str, date: Date) -> Result<Vec<u8>, Failure> {
        let profile = deciding_panel(self, panel)?;
        made(self, &profile, date).map(|(bytes, _)| bytes)
    }
}

const DISK: &str = "look at who may write there and whether its disk is full";

/// The workbook for a sitting. That somebody took it away is in the trail before it is handed out.
fn made(installation: &mut Installation, profile: &Profile, date: Date) -> Result<(Vec<u8>, WorkbookWritten), Failure> {
    let lines = AtSitting::open(installation, profile, date)?.lines()?;
    let requests: Vec<RequestLine> = lines.into_iter().map(|listed| listed.line).collect();
    let submissions: BTreeSet<&SubmissionId> = requests.iter().map(|request| &request.submission).collect();
    let written = WorkbookWritten {
        file: PathBuf::new(),
        requests: submissions.len(),
        rows: requests.len(),
        recorded: requests.iter().filter(|request| request.recorded.is_some()).count(),
    };
    let mut seen = Seen::default();
    for request in &requests {
        seen.id(request.submission.as_str());
        seen.person(request.person);
    }
    let (panel, panel_title, form) = (&profile.name, profile.title.as_str(), &profile.outcome);
    let sheet = Sheet { panel, panel_title, sitting: date, form, requests };
    let bytes = outcome::write(&sheet).map_err(|error| Failure::failed(error, DISK))?;
    installation.ledger.audit_look(&installation.actor, "workbook-written", panel.as_str(), &seen)?;
    Ok((bytes, written))
}

/// The profile of a panel that has decisions to choose from.
pub(super) fn deciding_panel(installation: &Installation, panel: &str) -> Result<Profile, Failure> {
    let profile = installation.rules.panel(panel, &installation.configuration)?;
    if profile.outcome.decisions.is_empty() {
        let help =
            format!("add [outcome.decisions] to mappings/{}.toml", profile.name.as_str().replace('/', "/panels/"));
        let failure = Failure::configuration(anyhow::anyhow!("{} names no decisions", profile.name), help);
        return Err(failure.on_page(
            format!("No decisions are set up for {}, so that nothing can be recorded.", profile.title),
            "Ask whoever looks after tessera to add the decisions of this panel.",
        ));
    }
    Ok(profile.clone())
}

impl Installation {
    /// Reads a filled-in workbook.
    pub fn outcomes_load(&mut self, file: &Path, dry_run: bool) -> Result<OutcomesLoaded, Failure> {
        let actor = self.actor.clone();
        load(self, &actor, file, dry_run)
    }
}

pub(super) fn load(
    installation: &mut Installation,
    actor: &Actor,
    file: &Path,
    dry_run: bool,
) -> Result<OutcomesLoaded, Failure> {
    let workbook = FilledIn::open(&workbook_bytes(file)?);
    let work = |all: &mut Installation| {
        let loaded = checked(all, &workbook, None)?;
        record(all, actor, loaded, dry_run, "the workbook")
    };
    // Whatever is compared here is still so when it is recorded.
    if dry_run {
        return work(installation);
    }
    let loaded = installation.atomically(work)?;
    loaded.tell();
    Ok(loaded)
}

/// Records what is right of what was filled in: each request with all of its children, or not at all. `whole` is what
/// was filled in, as a person calls it.
pub(super) fn record(
    installation: &mut Installation,
    actor: &Actor,
    loaded: Loaded,
    dry_run: bool,
    whole: &str,
) -> Result<OutcomesLoaded, Failure> {
    let mut report = OutcomesLoaded {
        new: 0,
        revised: 0,
        unchanged: 0,
        undecided: loaded.undecided,
        dry_run,
        outcomes: Vec::new(),
        troubles: loaded.troubles.iter().map(|trouble| OutcomeTrouble::of(trouble, whole)).collect(),
        warnings: loaded.warnings.iter().map(|warning| OutcomeTrouble::of(warning, whole)).collect(),
    };
    for outcomes in by_request(loaded.outcomes) {
        let recorded = if dry_run {
            outcomes.iter().map(|outcome| would_record(installation, outcome)).collect::<Result<_, _>>()?
        } else {
            installation.ledger.record_outcomes(outcomes.clone(), actor)?
        };
        for (outcome, recorded) in outcomes.into_iter().zip(recorded) {
            report.count(outcome, recorded);
        }
    }
    Ok(report)
}

/// Outcomes as they are recorded, those of a request together; requests in the order in which they stand.
fn by_request(read: Vec<ReadOutcome>) -> Vec<Vec<Outcome>> {
    let mut requests: Vec<Vec<Outcome>> = Vec::new();
    for outcome in read.into_iter().map(loaded_outcome) {
        let is_its =
            |request: &&mut Vec<Outcome>| request.first().is_some_and(|first| first.submission == outcome.submission);
        match requests.iter_mut().find(is_its) {
            Some(request) => request.push(outcome),
            None => requests.push(vec![outcome]),
        }
    }
    requests
}

/// An outcome that is to be recorded; its revision is set when it is.
pub(super) fn loaded_outcome(read: ReadOutcome) -> Outcome {
    let ReadOutcome { submission, person, panel, sitting, decision, place: _ } = read;
    Outcome { submission, person, panel, sitting, revision: 0, decision, state: OutcomeState::Loaded }
}

/// Holds what was filled in against the ledger and the rules; `among` are the requests that it may be about, where it
/// may not be about any.
pub(super) fn checked(
    installation: &Installation,
    filled_in: &FilledIn,
    among: Option<&BTreeSet<SubmissionId>>,
) -> Result<Loaded, Failure> {
    let Installation { rules, ledger, clock, .. } = installation;
    let mut requests = BTreeMap::new();
    for id in filled_in.requests() {
        if among.is_some_and(|among| !among.contains(&id)) {
            continue;
        }
        let Some(row) = ledger.submission(&id)? else { continue };
        let submission = row.submission;
        let mut people = Vec::new();
        for person in &submission.people {
            let initials = ledger.person(&submission.authority, *person)?.and_then(|known| known.initials);
            people.push(PersonKnown { person: *person, initials });
        }
        let (mut outcomes, mut recorded_by) = (Vec::new(), BTreeMap::new());
        for OutcomeRow { outcome, loaded_by, at, .. } in ledger.outcomes(Some(&id))? {
            let by = RecordedBy { actor: loaded_by, at: moment(rules, &submission.authority, &at) };
            recorded_by.insert((outcome.person, outcome.sitting, outcome.revision), by);
            outcomes.push(outcome);
        }
        requests.insert(id, RequestKnown { people, panel: submission.panel, outcomes, recorded_by });
    }
    let own = rules.panels.iter().filter(|(name, _)| installation.configuration.authority(&name.authority()).is_some());
    let forms = own.map(|(name, profile)| (name.clone(), &profile.outcome)).collect();
    let sitting = |panel: &PanelName, day: Date| sitting_known(rules, *clock, panel, day);
    Ok(filled_in.check(&Known { requests: &requests, forms: &forms, sitting: &sitting }))
}

/// A moment of the ledger as an authority's people say it.
pub(super) fn moment(rules: &Rulebook, authority: &AuthorityName, at: &str) -> String {
    match (at.parse::<Timestamp>(), rules.office(authority)) {
        (Ok(moment), Ok(office)) => report::moment(&moment.to_zoned_datetime(office.zone.clone())),
        _ => at.to_owned(),
    }
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
    read.map_err(|error| {
        Failure::new(FailureKind::Invalid, error, "name the workbook that was filled in").on_page(
            "This file could not be read as an outcomes workbook. Nothing was recorded.",
            "Choose the workbook that was filled in, and send it again.",
        )
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

/// What would become of an outcome if it were recorded.
pub(super) fn would_record(installation: &Installation, outcome: &Outcome) -> Result<Recorded, Failure> {
    let known = installation.ledger.outcomes(Some(&outcome.submission))?;
    let same = |row: &&OutcomeRow| row.outcome.person == outcome.person && row.outcome.sitting == outcome.sitting;
    Ok(match known.iter().rfind(same) {
        None => Recorded::New,
        Some(row) if row.outcome.decision == outcome.decision => Recorded::Unchanged,
        Some(row) => Recorded::Revised(row.outcome.revision + 1),
    })
}

impl OutcomeTrouble {
    fn of(trouble: &CellTrouble, whole: &str) -> Self {
        let place = match &trouble.place {
            Place::Whole => whole.to_owned(),
            place => place.to_string(),
        };
        Self { place, message: trouble.message.clone(), help: trouble.help.clone() }
    }
}

impl OutcomesLoaded {
    /// Counts what became of an outcome.
    fn count(&mut self, outcome: Outcome, recorded: Recorded) {
        let revision = match recorded {
            Recorded::Unchanged => {
                self.unchanged += 1;
                return;
            }
            Recorded::New => 1,
            Recorded::Revised(revision) => revision,
        };
        self.new += usize::from(recorded == Recorded::New);
        self.revised += usize::from(recorded != Recorded::New);
        let Outcome { submission, person, sitting, .. } = outcome;
        self.outcomes.push(OutcomeTaken { submission, person: person.to_string(), sitting, revision });
    }

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
