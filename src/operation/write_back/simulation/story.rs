//! One seed, one story: outcomes are loaded and approved, runs send them and die, people look, backups come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use secrecy::SecretBox;
use tempfile::TempDir;

use super::dice::Dice;
use super::mortal::{Breath, Died, Life, Mortal};
use super::world::{SETTLING, World};
use crate::calendar::Clock;
use crate::domain::{
    AuthorityName, Decision, Outcome, OutcomeState, PanelName, PersonId, Private, State, SubmissionId, WriteBack,
    WriteBackId, WriteBackKind,
};
use crate::ledger::{Actor, Address, Ledger, LedgerKey, LedgerQueue, LedgerTrouble};
use crate::panel::{Choice, FormOutcome, MinutesForm, NoteForm, OutcomeField, OutcomeFieldKind, OutcomeForm, StepForm};
use crate::writeback::{Courier, Event, FormQuestion, FormTarget, Planning, Settings, plan, write_back_id};

/// A decision as somebody loads it, and loads it again after a restore.
#[derive(Debug, Clone)]
struct Loaded {
    child: u64,
    sitting: Date,
    words: String,
}

/// A story in the middle of being told.
pub(super) struct Story {
    seed: u64,
    dice: Dice,
    pub(super) world: World,
    folder: TempDir,
    form: OutcomeForm,
    /// Where the ledger lies now.
    ledger: PathBuf,
    backup: Option<PathBuf>,
    /// How many decisions the backup knows: the others are loaded again.
    loaded: Vec<Loaded>,
    to_load: Vec<Loaded>,
    was_restored: bool,
}

/// Why a step of the ledger was not made.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Died(#[from] Died),
    #[error(transparent)]
    Ledger(#[from] LedgerTrouble),
}

const CHAOTIC_RUNS: u64 = 6;
const QUIET_RUNS: u64 = 12;

impl Story {
    pub(super) fn new(seed: u64, template: &Path) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED);
        let folder = folder();
        let ledger = folder.path().join("ledger.db");
        std::fs::copy(template, &ledger).unwrap();
        let children = 1 + dice.roll(2);
        let mut to_load = Vec::new();
        for child in 0..children {
            for outcome in 0..=u64::from(dice.once_in(3)) {
                // Some are loaded before their panel has sat.
                let day = i64::try_from(8 * outcome + dice.roll(8)).unwrap();
                let sitting = date(2026, 11, 20).saturating_add(jiff::Span::new().days(day));
                for revision in 0..=dice.roll(2) + u64::from(dice.once_in(6)) {
                    to_load.push(Loaded { child, sitting, words: format!("Decided, take {revision}") });
                }
            }
        }
        // Drawn from the end, so that a later revision of one outcome never comes before an earlier one.
        to_load.reverse();
        let (world, loaded, form) = (World::new(seed), Vec::new(), form(1 + dice.roll(15)));
        Self { seed, dice, world, folder, form, ledger, backup: None, loaded, to_load, was_restored: false }
    }

    /// Tells it to its end. `first` is how long the first process lives, where that is not left to chance.
    pub(super) fn tell(&mut self, first: Option<Life>) -> Result<(), String> {
        self.world.inner().trouble_one_in = if first.is_some() { 0 } else { 1 + self.dice.roll(5) };
        for run in 0..if first.is_some() { 1 } else { CHAOTIC_RUNS } {
            let life = match (first, run) {
                (Some(life), 0) => life,
                (Some(_), _) => Life::Whole,
                (None, _) => self.life(),
            };
            if first.is_none() {
                self.between_runs();
            } else {
                self.load_next(u64::MAX);
            }
            self.run(run, life)?;
        }
        self.calm();
        for run in 0..QUIET_RUNS {
            self.world.pass(SignedDuration::from_secs(400));
            let before = self.world.inner().changes;
            self.run(CHAOTIC_RUNS + run, Life::Whole)?;
            if self.world.is_done() && self.world.inner().changes == before {
                break;
            }
        }
        self.at_the_end()
    }

    fn life(&mut self) -> Life {
        match self.dice.roll(3) {
            0 => Life::Before(self.dice.roll(16)),
            1 => Life::After(1 + self.dice.roll(16)),
            _ => Life::Whole,
        }
    }

    /// What happens while nothing runs.
    fn between_runs(&mut self) {
        self.world.pass(self.dice.seconds(2 * SETTLING.as_secs()));
        let at_most = self.dice.roll(4);
        self.load_next(at_most);
        let person = child(self.dice.roll(3));
        let what = self.dice.roll(12);
        let mut inner = self.world.inner();
        match what {
            0 => drop(inner.restricted.insert(person)),
            1 => drop(inner.restricted.remove(&person)),
            2 => drop(inner.merged.insert(person, child(9))),
            3..=5 => {
                let which = inner.dice.roll(8);
                for form in inner.forms.values_mut() {
                    form.is_checked_out = which & 1 != 0;
                    form.is_changing = which & 2 != 0;
                    form.is_completed = form.is_completed || which == 4;
                }
            }
            _ => return,
        }
        inner.story.push(format!("meanwhile: {what} for person {person}"));
    }

    fn load_next(&mut self, at_most: u64) {
        for _ in 0..at_most {
            let Some(next) = self.to_load.pop() else { return };
            self.loaded.push(next);
        }
    }

    /// Nothing goes wrong any more.
    fn calm(&mut self) {
        self.load_next(u64::MAX);
        let mut inner = self.world.inner();
        inner.trouble_one_in = 0;
        inner.story.push("calm".to_owned());
        for form in inner.forms.values_mut() {
            (form.is_checked_out, form.is_changing) = (false, false);
        }
    }

    fn open(&self) -> Result<Ledger, LedgerTrouble> {
        let now = self.world.inner().now;
        Ledger::open(&Address::file(self.ledger.clone()), key(), Clock::Fixed(now))
    }

    /// One run of the program: opened, restored perhaps, outcomes taken in, sent; it may die on the way.
    fn run(&mut self, run: u64, life: Life) -> Result<(), String> {
        let now = self.world.inner().now;
        self.world.say(format!("run {run} at {now}, {life:?}"));
        self.copies(run, life).map_err(|error| self.failed(&error.to_string()))?;
        let mut ledger = self.open().map_err(|error| self.failed(&error.to_string()))?;
        self.look_at(&ledger).map_err(|error| self.failed(&error.to_string()))?;
        let breath = Breath::of(life);
        let released = self.take_in(&mut ledger, &breath);
        let ended = match released {
            Ok(()) => self.send(&mut ledger, &breath).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let found = self.at_every_moment(&ledger, breath.has_ended());
        drop(ledger);
        match ended {
            Err(_) if breath.has_ended() => self.world.killed(),
            Err(error) => return Err(self.failed(&error)),
            Ok(()) => {}
        }
        match found {
            Ok(None) => Ok(()),
            Ok(Some(wrong)) => Err(self.failed(&wrong)),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    /// A backup is made, or one takes the place of the ledger.
    fn copies(&mut self, run: u64, life: Life) -> Result<(), LedgerTrouble> {
        if self.world.inner().trouble_one_in == 0 {
            return Ok(());
        }
        if self.backup.is_none() && self.dice.once_in(4) {
            let to = self.folder.path().join(format!("backup-{run}.db"));
            self.open()?.backup(&to)?;
            self.backup = Some(to);
            self.world.say(format!("a backup is made, before {life:?}"));
        } else if self.dice.once_in(5)
            && let Some(backup) = self.backup.take()
        {
            self.ledger = backup;
            self.was_restored = true;
            self.world.say("the backup is put in the place of the ledger");
        }
        Ok(())
    }

    /// The world sees the ledger as it is now; somebody lets go on what was refused or held.
    fn look_at(&mut self, ledger: &Ledger) -> Result<(), LedgerTrouble> {
        let all = ledger.write_backs(None)?;
        self.world.inner().ledger = all.into_iter().map(|one| (one.clone(), one.state.as_str())).collect();
        Ok(())
    }

    /// Loads, approves, plans and releases, as the operations of outcomes do.
    fn take_in(&mut self, ledger: &mut Ledger, breath: &Breath) -> Result<(), Ended> {
        let (loader, approver) = (Actor::new("administrator", None), Actor::new("approver", None));
        for loaded in &self.loaded.clone() {
            let outcome = outcome(loaded);
            let id = outcome.submission.clone();
            // Loading the same workbook again would load its older words as the newest.
            let known = ledger.outcomes(Some(&id))?;
            if known.iter().any(|row| row.outcome.decision == outcome.decision) {
                continue;
            }
            breath.change(|| ledger.record_outcome(outcome, &loader).map_err(Ended::from))?;
            self.approve(ledger, breath, &id, &approver)?;
        }
        for loaded in &self.loaded.clone() {
            self.approve(ledger, breath, &outcome(loaded).submission, &approver)?;
        }
        self.retry(ledger, breath)?;
        self.release(ledger, breath, &approver)
    }

    fn approve(&self, ledger: &mut Ledger, breath: &Breath, id: &SubmissionId, actor: &Actor) -> Result<(), Ended> {
        for row in ledger.outcomes(Some(id))? {
            if row.outcome.state == OutcomeState::Loaded {
                let to = OutcomeState::Approved;
                breath.change(|| ledger.decide_outcome(&row.outcome, to, None, actor).map_err(Ended::from))?;
            }
        }
        Ok(())
    }

    /// A person lets go on some of what was refused or held, as `writeback retry` does.
    fn retry(&mut self, ledger: &mut Ledger, breath: &Breath) -> Result<(), Ended> {
        for one in ledger.write_backs(None)? {
            let waits = matches!(one.state, State::Held { .. } | State::Refused { .. });
            if waits && self.world.inner().trouble_one_in > 0 && self.dice.once_in(6) {
                let next = one.state.next(Event::Release).unwrap();
                self.world.say(format!("  a person lets {} go on", one.reference));
                self.change(ledger, breath, &one, next, &Actor::new("administrator", None))?;
            }
        }
        Ok(())
    }

    fn change(
        &self,
        ledger: &mut Ledger,
        breath: &Breath,
        seen: &WriteBack,
        to: State,
        actor: &Actor,
    ) -> Result<(), Ended> {
        breath.change(|| {
            let changed = ledger.change_write_back(seen, to, actor)?;
            self.world.committed(&changed);
            Ok(())
        })
    }

    fn release(&self, ledger: &mut Ledger, breath: &Breath, actor: &Actor) -> Result<(), Ended> {
        let mut all = ledger.write_backs(None)?;
        for row in ledger.outcomes(None)? {
            for write_back in self.planned(&all, &row.outcome) {
                let known = all.iter().find(|known| known.id == write_back.id).cloned();
                let known = match known {
                    Some(known) => known,
                    None => breath.change(|| {
                        ledger.plan(std::slice::from_ref(&write_back), actor)?;
                        self.world.committed(&write_back);
                        Ok::<_, Ended>(write_back)
                    })?,
                };
                if known.state == State::Planned {
                    all.push(known.clone());
                    let next = known.state.next(Event::Approve).unwrap();
                    self.change(ledger, breath, &known, next, actor)?;
                }
            }
        }
        Ok(())
    }

    fn planned(&self, all: &[WriteBack], outcome: &Outcome) -> Vec<WriteBack> {
        let earlier: Vec<WriteBack> = all.iter().filter(|one| one.submission == outcome.submission).cloned().collect();
        let target = target(outcome.person, outcome.sitting);
        let (panel_title, target) = ("The Panel", Ok(&target));
        plan(&Planning { outcome, form: &self.form, panel_title, earlier: &earlier, target }).write_backs
    }

    fn send(&self, ledger: &mut Ledger, breath: &Breath) -> Result<(), crate::writeback::QueueTrouble> {
        let queue = LedgerQueue::new(ledger, authority(), Actor::new("worker", None));
        let queue = Mortal { queue, breath, world: &self.world };
        let wait_max = std::time::Duration::from_secs(5);
        let settings = Settings { settling: SETTLING, wait_max, attempts_max: 3, ..Settings::default() };
        let clock = Clock::Fixed(self.world.inner().now);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let delivery = runtime.block_on(Courier::new(&queue, &self.world, clock, settings).run())?;
        self.world.say(format!("  {delivery:?}"));
        Ok(())
    }

    fn failed(&self, what: &str) -> String {
        let story = self.world.inner().story.join("\n");
        format!("seed {}: {what}\nTESSERA_SEED={} tells it again:\n{story}\n", self.seed, self.seed)
    }

    /// How often each key is on the child's own record, and on another's.
    fn copies_of(&self, id: WriteBackId, person: PersonId) -> (usize, usize) {
        let inner = self.world.inner();
        let all = inner.effects.iter().filter(|one| one.id == id);
        let (own, others): (Vec<_>, Vec<_>) = all.partition(|one| one.person == person);
        (own.len(), others.len())
    }

    /// What is wrong after a run, whatever has happened in it.
    fn at_every_moment(&self, ledger: &Ledger, was_killed: bool) -> Result<Option<String>, LedgerTrouble> {
        if let Some(wrong) = &self.world.inner().wrong {
            return Ok(Some(wrong.clone()));
        }
        for one in ledger.write_backs(None)? {
            let (own, others) = self.copies_of(one.id, one.person);
            let spoilt = self.world.inner().spoilt.get(&one.id).copied();
            let (is_spoilt, spoilt) = (spoilt.is_some(), spoilt.unwrap_or(0));
            // What a restored ledger does not know it finds out by reading.
            let is_known = !is_spoilt && !self.was_restored;
            let wrong = match &one.state {
                _ if !is_spoilt && own > 1 => "is there twice",
                _ if !is_spoilt && others > 0 => "is on another record",
                _ if own + others > 1 + spoilt => "is there more often than the world itself has made it",
                State::Sending { .. } if !was_killed => "is left in sending",
                State::Sent { .. } if own == 0 => "has a receipt and is on no record",
                State::Planned | State::Approved if own > 0 && is_known => "is on the record and would be sent again",
                State::Refused { .. } if own > 0 && is_known => "is refused and is on the record",
                _ => continue,
            };
            return Ok(Some(format!("{} {} {wrong}", one.reference, one.kind)));
        }
        Ok(None)
    }

    /// Holds when everything has been calm for long enough: nothing is lost, and what is not sent is shown.
    fn at_the_end(&self) -> Result<(), String> {
        let ledger = self.open().map_err(|error| self.failed(&error.to_string()))?;
        let verdict = ledger.audit_verify(None).map_err(|error| self.failed(&error.to_string()))?;
        if !verdict.whole {
            return Err(self.failed(&format!("the trail: {:?}", verdict.broken)));
        }
        let all = ledger.write_backs(None).map_err(|error| self.failed(&error.to_string()))?;
        let mut shown: BTreeSet<(PersonId, WriteBackKind)> = BTreeSet::new();
        let mut known: BTreeMap<WriteBackId, &WriteBack> = BTreeMap::new();
        for one in &all {
            known.insert(one.id, one);
            let place = (one.person, one.kind);
            let (own, _) = self.copies_of(one.id, one.person);
            let inner = self.world.inner();
            let is_seen = inner.spoilt.contains_key(&one.id) && !inner.spoilt_unseen.contains(&one.id);
            drop(inner);
            let is_right = match &one.state {
                State::Sent { .. } => !is_seen,
                State::Held { .. } | State::Refused { .. } => {
                    shown.insert(place);
                    true
                }
                State::Approved => shown.contains(&place),
                State::Planned | State::Sending { .. } | State::Uncertain { .. } => false,
            };
            if !is_right {
                let what =
                    format!("{} {} ends as {}, {own} on the record", one.reference, one.kind, one.state.as_str());
                return Err(self.failed(&what));
            }
        }
        self.nothing_is_lost(&ledger, &known)
    }

    /// Every approved decision has all its write-backs, or an earlier one stands in the way and is shown.
    fn nothing_is_lost(&self, ledger: &Ledger, known: &BTreeMap<WriteBackId, &WriteBack>) -> Result<(), String> {
        let rows = ledger.outcomes(None).map_err(|error| self.failed(&error.to_string()))?;
        if rows.len() != self.loaded.len() {
            return Err(self.failed(&format!("{} decisions were loaded, {} are known", self.loaded.len(), rows.len())));
        }
        for row in &rows {
            let Outcome { submission, person, sitting, revision, .. } = &row.outcome;
            let id = |kind, part, revision| {
                known.get(&write_back_id(&authority(), submission, *person, *sitting, (kind, part), revision)).copied()
            };
            let OutcomeForm { note, form, minutes, steps, .. } = &self.form;
            let asked_for = [
                (WriteBackKind::CaseNote, note.is_some()),
                (WriteBackKind::FormOutcome, form.is_some()),
                (WriteBackKind::Document, minutes.is_some()),
            ];
            let kinds = asked_for.into_iter().filter_map(|(kind, is_asked_for)| is_asked_for.then_some(kind));
            for kind in kinds {
                let in_the_way = || {
                    (1..*revision)
                        .filter_map(|earlier| id(kind, "", earlier))
                        .any(|one| matches!(one.state, State::Held { .. } | State::Approved))
                };
                if id(kind, "", *revision).is_none() && !in_the_way() {
                    return Err(self.failed(&format!("revision {revision} of {submission} has no {kind}")));
                }
            }
            if !steps.is_empty() && id(WriteBackKind::WorkflowStep, "court", 1).is_none() {
                return Err(self.failed(&format!("{submission} has no step")));
            }
        }
        Ok(())
    }
}

/// A folder for one story: in memory where the machine has such a place, because the ledger waits for its disk.
pub(super) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub(super) fn key() -> LedgerKey {
    LedgerKey(SecretBox::new(Box::new([7; 32])))
}

fn authority() -> AuthorityName {
    AuthorityName::new("a")
}

fn child(number: u64) -> PersonId {
    (100_000 + number).to_string().parse().unwrap()
}

fn outcome(loaded: &Loaded) -> Outcome {
    let Loaded { child: number, sitting, words } = loaded;
    Outcome {
        submission: SubmissionId::new(format!("a-{number}-{sitting}")),
        person: child(*number),
        panel: PanelName::of(&authority(), "p"),
        sitting: *sitting,
        revision: 0,
        decision: Decision {
            decision: "agreed".into(),
            fields: BTreeMap::from([("next".to_owned(), Private::from(words.as_str()))]),
        },
        state: OutcomeState::Loaded,
    }
}

fn target(person: PersonId, sitting: Date) -> FormTarget {
    let number = person.number() * 100 + u64::try_from(sitting.day()).unwrap();
    let question = FormQuestion {
        field: "next".into(),
        question: "needsToHappen".into(),
        label: "Next".into(),
        is_yes_no: false,
        wordings: Vec::new(),
    };
    let (step, form) = (number.to_string().parse().unwrap(), (number + 1).to_string().parse().unwrap());
    FormTarget { step, form, questions: vec![question] }
}

/// A panel that writes back what the bits of a number say: a note, answers, minutes, a step.
fn form(kinds: u64) -> OutcomeForm {
    let (decided_by, recorded_by, policy) = ("Chair".to_owned(), "Administrator".to_owned(), String::new());
    let fields = vec!["next".to_owned()];
    let field = OutcomeField {
        name: "next".into(),
        title: "What Needs to Happen".into(),
        help: String::new(),
        kind: OutcomeFieldKind::Text,
        comes_back: false,
        required_with: Vec::new(),
        policy: String::new(),
    };
    let step = StepForm {
        name: "court".into(),
        step_type: "Court".into(),
        with: Vec::new(),
        field: None,
        policy: policy.clone(),
    };
    OutcomeForm {
        decisions: vec![Choice { name: "agreed".into(), title: "Agreed".into() }],
        fields: vec![field],
        note: (kinds & 1 != 0).then(|| NoteForm {
            note_type: "PANEL".into(),
            title: "Decision, {sitting}".into(),
            fields: fields.clone(),
            decided_by: decided_by.clone(),
            recorded_by: recorded_by.clone(),
            alert_recipients: Vec::new(),
            policy: policy.clone(),
        }),
        form: (kinds & 2 != 0).then(|| FormOutcome { reference_field: "next".into(), policy: policy.clone() }),
        minutes: (kinds & 4 != 0).then(|| MinutesForm {
            title: "Minutes".into(),
            fields,
            decided_by,
            recorded_by,
            policy: policy.clone(),
        }),
        steps: (kinds & 8 != 0).then_some(step).into_iter().collect(),
    }
}
