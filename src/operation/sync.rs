//! `sync`: the nightly job.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

use super::check::{Before, Checking, Stored, keep_newer, mended, page};
use super::duties::work_through;
use super::file_report::table;
use super::import::{Incoming, read_file};
use super::installation::Installation;
use super::outcomes::release;
use super::reminders::{Reminded, RemindersRun, remind};
use super::source::arrived;
use super::write_back::{Sending, Task, as_configured, handed_over, runtime, send};
use super::{Actor, CheckedRequest, DutiesRun, Failure, FileReport, Mistake, Progress, Workplace, rehearsal};
use crate::calendar::Clock;
use crate::config::SourcePlace;
use crate::domain::{AuthorityName, PanelName, Verdict};
use crate::ledger::{Lease, Selection, Work};
use crate::log;
use crate::report;

/// How the job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// For real.
    Real,
    /// With a ledger of its own and the stand-in.
    Rehearsal,
    /// Changing nothing.
    DryRun,
}

/// What the job has done, in the JSON shape of DESIGN section 11.
#[derive(Debug, Clone, Serialize)]
pub struct SyncReport {
    /// Each file.
    pub files: Vec<FileReport>,
    /// Requests that were checked, one for each child.
    pub checked: usize,
    /// Those that something blocks.
    pub incomplete: usize,
    /// Write-backs that Mosaic holds now.
    pub sent: u64,
    /// Write-backs that Mosaic will not have.
    pub refused: u64,
    /// Write-backs that nobody knows the fate of.
    pub uncertain: u64,
    /// Write-backs that were handed over to Mosaic's import and wait for its result.
    pub handed_over: u64,
    /// What is not as it should be with Mosaic's import.
    pub troubles: Vec<String>,
    /// Duties that were raised.
    pub duties: u64,
    /// What roles were told of their duties.
    pub reminders: RemindersRun,
    /// Write-backs that wait for a person.
    pub held: u64,
    /// Records that wait in quarantine.
    pub quarantined: u64,
    /// Files that are still being written: left for the next run.
    pub waiting: Vec<String>,
    /// What was left to somebody else who was at it: `import`, `send` or `remind`. The rest was done.
    pub left: Vec<&'static str>,
    /// The exit code of this run. A rehearsal that ran to its end is well, whatever it found.
    pub exit: u8,
    /// The exit code that the same findings give a real run.
    pub exit_for_real: u8,
}

/// What the job has done, and what a person is told of it.
#[derive(Debug)]
pub struct Synced {
    /// The report.
    pub report: SyncReport,
    /// What is wrong with mapping files.
    pub mistakes: Vec<Mistake>,
    mode: SyncMode,
    duties: DutiesRun,
    reminded: Option<Reminded>,
    config: String,
    checks: Checks,
    titles: BTreeMap<String, String>,
    notes: Vec<String>,
    when: String,
}

/// What the checks of one run have come to.
#[derive(Debug, Default)]
pub(super) struct Checks {
    checked: usize,
    blocked: usize,
    mended: usize,
    /// Those that stand differently.
    changed: usize,
    by_panel: BTreeMap<PanelName, BTreeMap<Verdict, usize>>,
}

impl Workplace {
    /// Does the nightly job. A rehearsal makes its folder and its key before it is opened.
    pub fn sync(
        &self,
        clock: Clock,
        actor: &Actor,
        mode: SyncMode,
        progress: &dyn Progress,
    ) -> Result<Synced, Failure> {
        if mode == SyncMode::Rehearsal {
            rehearsal::prepare(self.configuration())?;
        }
        self.open(clock, actor)?.sync(mode, progress)
    }
}

impl Installation {
    fn sync(&mut self, mode: SyncMode, progress: &dyn Progress) -> Result<Synced, Failure> {
        log::span!("night", mode = mode.as_str()).in_scope(|| {
            log::info!("The night has begun.", now = self.clock.now());
            let synced = self.work_by_night(mode, progress)?;
            synced.report.tell();
            Ok(synced)
        })
    }

    fn work_by_night(&mut self, mode: SyncMode, progress: &dyn Progress) -> Result<Synced, Failure> {
        let mut night = Night::begin(self, mode)?;
        let mut notes = Vec::new();
        let read = night.alone(self, Work::Import, |all| read(all, mode, progress, &mut notes))?;
        let (files, waiting) = read.unwrap_or_default();
        let sending = night.alone(self, Work::Send, |all| deliver(all, mode, &mut notes))?.unwrap_or_default();
        let checks = check(self, mode)?;
        let (mut duties, mut reminded) = (DutiesRun::default(), None);
        if mode != SyncMode::DryRun {
            let actor = self.actor.clone();
            duties = work_through(self, &actor)?;
            reminded = night.alone(self, Work::Remind, |all| remind(all, &actor))?;
        }
        notes.extend(night.notes());
        notes.extend(reminded.iter().flat_map(|reminded| reminded.troubles.clone()));
        let quarantined = self.ledger.quarantine_waiting()?;
        let delivery = &sending.delivery;
        let errors = self.rules.mistakes.len();
        let needs_person =
            checks.blocked > 0 || quarantined > 0 || errors > 0 || !notes.is_empty() || sending.needs_person();
        let exit_for_real = match (night.left.is_empty(), needs_person) {
            (false, _) => 4,
            (true, true) => 3,
            (true, false) => 0,
        };
        let report = SyncReport {
            files,
            checked: checks.checked,
            incomplete: checks.blocked,
            sent: delivery.sent,
            refused: delivery.refused,
            uncertain: delivery.uncertain,
            handed_over: sending.handed_over,
            troubles: sending.troubles,
            duties: duties.raised,
            reminders: reminded.as_ref().map(|reminded| reminded.run).unwrap_or_default(),
            held: delivery.held,
            quarantined,
            waiting,
            left: night.left.iter().map(|work| work.as_str()).collect(),
            exit: if mode == SyncMode::Rehearsal { 0 } else { exit_for_real },
            exit_for_real,
        };
        let titles = self.rules.panels.iter().map(|(name, profile)| (name.to_string(), profile.title.clone()));
        Ok(Synced {
            report,
            mode,
            duties,
            reminded,
            config: self.configuration.file.display().to_string(),
            checks,
            titles: titles.collect(),
            notes,
            when: now(self)?,
            mistakes: self.rules.mistakes.clone(),
        })
    }
}

/// The nightly job of which one goes on at a time. What only one may do at a time is done under its own lease, which is
/// given back before anything else is done.
#[derive(Debug)]
struct Night {
    /// `None` where nothing is changed, and nobody need be kept out.
    lease: Option<Lease>,
    /// Work that somebody else was at for longer than a night waits.
    left: Vec<Work>,
}

/// How long a night waits for whoever is at the same work: what a person does on a page is over sooner.
const PATIENCE: Duration = Duration::from_secs(10);

impl Night {
    fn begin(installation: &Installation, mode: SyncMode) -> Result<Self, Failure> {
        let lease = (mode != SyncMode::DryRun).then(|| installation.ledger.lease(Work::Night)).transpose()?;
        Ok(Self { lease, left: Vec::new() })
    }

    /// Does work of which one goes on at a time; nothing where somebody else is at it: the rest of the night is no less
    /// needed.
    fn alone<T>(
        &mut self,
        installation: &mut Installation,
        work: Work,
        done: impl FnOnce(&mut Installation) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        if self.lease.is_none() {
            return done(installation).map(Some);
        }
        let Some(_lease) = installation.ledger.lease_within(work, PATIENCE)? else {
            log::warn!("A part of the night is left out: another tessera is at it.", work = work.as_str());
            self.left.push(work);
            return Ok(None);
        };
        done(installation).map(Some)
    }

    /// What was left to others, and what to do.
    fn notes(&self) -> Vec<String> {
        let note = |work: &Work| {
            let undone = match work {
                Work::Night => "Nothing was done",
                Work::Import => "The exports were not read",
                Work::Send => "Nothing was sent to Mosaic",
                Work::Remind => "Nobody was reminded",
            };
            format!("{undone}, because another tessera is {}: run the job again when it is done.", work.doing())
        };
        self.left.iter().map(note).collect()
    }
}

/// Sends what was approved; in a rehearsal, what its workbooks say, to the stand-in.
fn deliver(installation: &mut Installation, mode: SyncMode, notes: &mut Vec<String>) -> Result<Sending, Failure> {
    match mode {
        SyncMode::DryRun => Ok(Sending::default()),
        SyncMode::Rehearsal => {
            notes.extend(rehearsal::decide(installation)?);
            rehearsal::deliver(installation)
        }
        SyncMode::Real => {
            let actor = installation.actor.clone();
            release(installation, &actor)?;
            runtime()?.block_on(send(installation, &as_configured, Task::Send))
        }
    }
}

fn now(installation: &Installation) -> Result<String, Failure> {
    let Some(first) = installation.configuration.authorities.first() else {
        return Ok(installation.clock.now().to_string());
    };
    let office = installation.rules.office(&first.name)?;
    Ok(report::moment(&installation.clock.now_in(&office.zone)))
}

/// Reads what has arrived at every source.
fn read(
    installation: &mut Installation,
    mode: SyncMode,
    progress: &dyn Progress,
    notes: &mut Vec<String>,
) -> Result<(Vec<FileReport>, Vec<String>), Failure> {
    let (mut files, mut waiting) = (Vec::new(), Vec::new());
    for authority in installation.configuration.authorities.clone() {
        for source in &authority.sources {
            let SourcePlace::Folder(folder) = &source.place;
            let found = match arrived(source, installation.clock) {
                Ok(found) => found,
                Err(error) => {
                    // One folder that cannot be read does not hold up the others.
                    log::warn!(
                        "The folder of a source cannot be read.",
                        authority = &authority.name,
                        extract = source.extract
                    );
                    notes.push(format!("{} cannot be read: {error}", installation.shown(folder)));
                    continue;
                }
            };
            for _ in &found.waiting {
                log::debug!(
                    "A file waits for the next night: it is still being written.",
                    authority = &authority.name,
                    extract = source.extract
                );
            }
            waiting.extend(found.waiting.iter().map(|path| installation.shown(path)));
            for path in found.ready {
                let incoming = Incoming {
                    path,
                    authority: authority.name.clone(),
                    extract: source.extract,
                    mapping: source.mapping.clone(),
                    pattern: source.pattern.as_str().to_owned(),
                    shrink_share: source.shrink_share,
                    again: None,
                };
                files.extend(read_file(installation, &incoming, mode == SyncMode::DryRun, progress)?);
            }
        }
    }
    Ok((files, waiting))
}

/// Checks every open request, keeps what was said, and counts the findings that are mended since the last time.
pub(super) fn check(installation: &mut Installation, mode: SyncMode) -> Result<Checks, Failure> {
    let mut checks = Checks::default();
    let authorities: Vec<_> = installation.configuration.authorities.iter().map(|one| one.name.clone()).collect();
    let selection = |name: &AuthorityName| Selection { authority: Some(name.clone()), ..Selection::default() };
    let mut expected = Some({
        let mut checking = Checking::new(installation, &[])?;
        authorities.iter().try_for_each(|name| checking.expect_all(selection(name)))?;
        checking.into_docket()
    });
    for name in &authorities {
        let mut selection = selection(name);
        while let Some(page) = page(installation, &mut selection)? {
            let checking = Checking::with(installation, expected.take().unwrap_or_default());
            let (mut changed, mut stood, mut renewed) = (Vec::new(), Vec::new(), Vec::new());
            for submission in &page {
                for request in checking.of(submission)? {
                    if let Some((check, was)) = checks.take(installation, &request)? {
                        changed.push(check);
                        stood.push((request.panel.clone(), was));
                    }
                    renewed.extend(Some(request).filter(|request| !request.renewed.is_empty()));
                }
            }
            expected = Some(checking.into_docket());
            if mode == SyncMode::DryRun {
                continue;
            }
            let kept = keep_newer(installation, &changed, &renewed)?;
            tell_changed(&changed, &stood, &kept);
            installation.ledger.give_way();
        }
    }
    checks.tell();
    Ok(checks)
}

impl SyncMode {
    /// Its code.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Rehearsal => "rehearsal",
            Self::DryRun => "dry-run",
        }
    }
}

impl SyncReport {
    /// Says in the log how the night has ended.
    fn tell(&self) {
        log::info!(
            "The night has ended.",
            files = self.files.len(),
            checked = self.checked,
            incomplete = self.incomplete,
            sent = self.sent,
            refused = self.refused,
            uncertain = self.uncertain,
            held = self.held,
            handed_over = self.handed_over,
            duties = self.duties,
            quarantined = self.quarantined,
            exit = self.exit
        );
    }
}

/// A check that is to be kept, and how its request stood before.
type Changed = ((Stored, Before), Option<Verdict>);

impl Checks {
    /// Says in the log what the checks have come to.
    fn tell(&self) {
        for (panel, verdicts) in &self.by_panel {
            let counted = |verdict| verdicts.get(&verdict).copied().unwrap_or(0);
            log::info!(
                "The requests of a panel were checked.",
                panel = panel,
                complete = counted(Verdict::Complete),
                incomplete = counted(Verdict::Incomplete),
                late = counted(Verdict::Late),
                unknown = counted(Verdict::Unknown)
            );
        }
        log::info!(
            "All requests were checked.",
            checked = self.checked,
            blocked = self.blocked,
            changed = self.changed,
            findings_mended = self.mended
        );
    }

    /// Counts a request; what is to be kept of it, where it says something new, and how it stood before.
    fn take(&mut self, installation: &Installation, request: &CheckedRequest) -> Result<Option<Changed>, Failure> {
        self.checked += 1;
        self.blocked += usize::from(request.is_blocked());
        *self.by_panel.entry(request.panel.clone()).or_default().entry(request.verdict).or_default() += 1;
        let (id, person, check) = request.stored()?;
        let before = installation.ledger.last_check(&id, person)?;
        let was = before.as_ref().map(|before| before.verdict);
        if before.as_ref().is_some_and(|before| before.inputs == check.inputs) {
            return Ok(None);
        }
        if was != Some(check.verdict) {
            self.changed += 1;
        }
        // Where nothing is said otherwise, nothing is mended.
        if let Some(before) = &before {
            self.mended += mended(request, before)?.len();
        }
        Ok(Some((((id, person, check), before.map(|before| before.inputs)), was)))
    }
}

/// Says in the log which requests stand differently now that their checks are kept. `stood`: the panel of each, and how
/// it stood before.
fn tell_changed(checks: &[(Stored, Before)], stood: &[(PanelName, Option<Verdict>)], kept: &[bool]) {
    for ((((id, _, check), _), (panel, was)), kept) in checks.iter().zip(stood).zip(kept) {
        if *kept && *was != Some(check.verdict) {
            log::info!(
                "A request stands differently.",
                submission = id,
                panel = panel,
                verdict = check.verdict,
                before = *was
            );
        }
    }
}

impl Synced {
    /// What was done, as a newcomer reads it.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        text.push_str(&format!("{}\n", self.first_line()));
        if self.report.files.is_empty() {
            text.push_str("\nNo exports have arrived in the folders of the configuration.\n");
        } else {
            let taken: u64 = self.report.files.iter().map(|file| file.taken).sum();
            let what = if taken == 0 { "nothing has changed since the last time" } else { "records of each file" };
            text.push_str(&format!("\nRead ({what})\n{}\n", indented(&table(&self.report.files))));
        }
        for file in &self.report.waiting {
            text.push_str(&format!("  {file} is still being written, it seems: left for the next run\n"));
        }
        if self.checks.checked > 0 {
            text.push_str(&format!(
                "Checked (each request against its panel's paperwork)\n{}\n",
                indented(&self.panels())
            ));
        }
        let SyncReport { sent, refused, uncertain, held, .. } = self.report;
        text.push_str(&format!("Written back (what panels decided, onto the child's record)\n  {sent} sent with a receipt, {refused} refused, {uncertain} not known yet, {held} held for a person\n"));
        if self.report.handed_over > 0 {
            text.push_str(&format!("  {}\n", handed_over(self.report.handed_over)));
        }
        for trouble in &self.report.troubles {
            text.push_str(&format!("  {trouble}\n"));
        }
        if self.mode != SyncMode::DryRun {
            let duties = self.duties.text();
            text.push_str(&format!("\nDuties (what somebody must do after a panel, and by when)\n  {duties}\n\n"));
        }
        if let Some(reminded) = &self.reminded {
            text.push_str(&format!(
                "Reminders (each role told once of what has come onto its desk)\n  {}\n\n",
                reminded.line()
            ));
        }
        text
    }

    fn first_line(&self) -> String {
        match self.mode {
            SyncMode::Real => format!("Sync on {}.", self.when),
            SyncMode::DryRun => format!("Dry run on {}: nothing was changed and nothing was sent.", self.when),
            SyncMode::Rehearsal => {
                format!(
                    "Rehearsal as at {}: no real record was touched; Mosaic is a stand-in on this machine.",
                    self.when
                )
            }
        }
    }

    /// Requests by panel and verdict.
    fn panels(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .checks
            .by_panel
            .iter()
            .map(|(panel, verdicts)| {
                let title = self.titles.get(panel.as_str()).cloned().unwrap_or_default();
                let counts = Verdict::ALL.iter().map(|verdict| verdicts.get(verdict).copied().unwrap_or(0).to_string());
                [format!("{panel} ({title})")].into_iter().chain(counts).collect()
            })
            .collect();
        report::table(&["panel", "complete", "incomplete", "late", "not known"], &rows)
    }

    /// What to do next, most important last; `program` is how this program was called.
    pub fn advice(&self, program: &str) -> Vec<String> {
        let flag = if self.mode == SyncMode::Rehearsal { " --rehearsal" } else { "" };
        let tessera = format!("{program} --config {}{flag}", self.config);
        let mut advice: Vec<String> = self.notes.clone();
        if self.checks.mended > 0 {
            advice.push(format!("{} mended since the last check.", report::count(self.checks.mended, "finding")));
        }
        advice.push("Where to look next:".to_owned());
        let mut next = |what: String, command: &str| advice.push(format!("  {what}: {tessera} {command}"));
        if !self.mistakes.is_empty() {
            next(format!("{} in mapping files", report::count(self.mistakes.len(), "mistake")), "mappings verify");
        }
        if self.report.sent > 0 || self.mode == SyncMode::Rehearsal {
            next("every note on the record, with its receipt".to_owned(), "writeback list");
        }
        if self.report.quarantined > 0 {
            next(format!("{} could not be read", report::count(self.report.quarantined, "record")), "quarantine list");
        }
        if self.report.incomplete > 0 {
            next(format!("what {} still lack", report::count(self.report.incomplete, "request")), "check --all");
        }
        if self.duties.open > 0 {
            next(format!("what is due, {} of it over its time", self.duties.overdue), "duties list");
        }
        if self.report.refused + self.report.uncertain + self.report.held > 0 {
            next("write-backs that need a person".to_owned(), "writeback list");
        }
        if self.mode == SyncMode::Rehearsal {
            next("the notes as a browser shows them".to_owned(), "stand-in");
            advice.push(format!(
                "All well: the rehearsal ran to its end. A real run with these findings would exit with {}.",
                self.report.exit_for_real
            ));
        }
        advice
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
