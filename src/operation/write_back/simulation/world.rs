//! A model of Mosaic and of the wire to it, which goes wrong in every way that the seed draws.
//!
//! What is in `effects` is on a record. A request that has left is done or not done whatever becomes of the process
//! that sent it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dice::Dice;
use crate::domain::{Payload, PersonId, Receipt, WriteBack, WriteBackId, WriteBackKind};
use crate::writeback::{Carried, Carrier, Found, Identity, Unidentified, is_in};

/// The settling time of every story.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// Something on a record.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) id: WriteBackId,
    pub(super) person: PersonId,
    kind: WriteBackKind,
    text: String,
}

/// A request that has left and that Mosaic is slow to do.
struct Late {
    left: Timestamp,
    due: Timestamp,
    effect: Effect,
    /// The state of the form that it may be done on, by its count of changes.
    form: Option<u32>,
    /// Whether it is done only after every settling time.
    is_past_settling: bool,
}

/// The outcome section of the form about a person.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub(super) is_completed: bool,
    pub(super) is_checked_out: bool,
    pub(super) is_changing: bool,
    changes: u32,
    text: String,
}

/// Everything but tessera.
pub(super) struct World(Mutex<Inner>);

pub(super) struct Inner {
    pub(super) now: Timestamp,
    pub(super) dice: Dice,
    /// Of how many requests one goes wrong; never where it is nought.
    pub(super) trouble_one_in: u64,
    pub(super) effects: Vec<Effect>,
    late: Vec<Late>,
    /// Handed over, and not yet taken or turned down.
    handed: BTreeMap<WriteBackId, Effect>,
    turned_down: BTreeSet<WriteBackId>,
    /// Keys for which the world itself has made two effects of one request, or one on the wrong record, or one after
    /// any settling time: how often.
    pub(super) spoilt: BTreeMap<WriteBackId, usize>,
    /// Those of them of which tessera was told that all was well.
    pub(super) spoilt_unseen: BTreeSet<WriteBackId>,
    pub(super) forms: BTreeMap<(PersonId, String), Form>,
    pub(super) restricted: BTreeSet<PersonId>,
    pub(super) merged: BTreeMap<PersonId, PersonId>,
    /// What the ledger has committed, in the order in which it was planned.
    pub(super) ledger: Vec<(WriteBack, &'static str)>,
    /// How many changes the ledger has committed.
    pub(super) changes: u64,
    pub(super) story: Vec<String>,
    pub(super) wrong: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(Inner {
            now: "2026-11-27T09:00:00Z".parse().unwrap(),
            dice: Dice::new(seed),
            trouble_one_in: 0,
            effects: Vec::new(),
            late: Vec::new(),
            handed: BTreeMap::new(),
            turned_down: BTreeSet::new(),
            spoilt: BTreeMap::new(),
            spoilt_unseen: BTreeSet::new(),
            forms: BTreeMap::new(),
            restricted: BTreeSet::new(),
            merged: BTreeMap::new(),
            ledger: Vec::new(),
            changes: 0,
            story: Vec::new(),
            wrong: None,
        }))
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn say(&self, what: impl Into<String>) {
        self.inner().story.push(what.into());
    }

    /// The ledger has committed a state.
    pub(super) fn committed(&self, write_back: &WriteBack) {
        let mut inner = self.inner();
        let state = write_back.state.as_str();
        inner.changes += 1;
        inner.story.push(format!("  {} {} is {state}", write_back.reference, write_back.kind));
        match inner.ledger.iter_mut().find(|(known, _)| known.id == write_back.id) {
            Some(known) => known.1 = state,
            None => inner.ledger.push((write_back.clone(), state)),
        }
    }

    /// Time passes, and what is due by then is done.
    pub(super) fn pass(&self, time: SignedDuration) {
        let mut inner = self.inner();
        inner.now += time;
        let (due, later): (Vec<Late>, Vec<Late>) = {
            let now = inner.now;
            std::mem::take(&mut inner.late).into_iter().partition(|late| late.due <= now)
        };
        inner.late = later;
        for late in due {
            let Late { effect, form, is_past_settling, .. } = late;
            if is_past_settling {
                // A form is answered once all the same: whoever comes late finds it changed.
                *inner.spoilt.entry(effect.id).or_default() += usize::from(form.is_none());
                inner.spoilt_unseen.insert(effect.id);
            }
            inner.story.push(format!("  a late {} for person {} is done now", effect.kind, effect.person));
            inner.write(effect, form);
        }
        let all: Vec<WriteBackId> = inner.handed.keys().copied().collect();
        for id in all {
            let sides = if inner.trouble_one_in == 0 { 2 } else { 4 };
            match inner.dice.roll(sides) {
                0 => drop(inner.handed.remove(&id).map(|effect| inner.write(effect, None))),
                1 => {
                    inner.handed.remove(&id);
                    inner.turned_down.insert(id);
                }
                _ => {}
            }
        }
    }

    /// Nothing is on its way any more.
    pub(super) fn is_done(&self) -> bool {
        let inner = self.inner();
        inner.late.is_empty() && inner.handed.is_empty()
    }

    /// The process has been killed: what had left just before is done so much later than the ledger can know.
    pub(super) fn killed(&self) {
        let mut inner = self.inner();
        let lived = inner.dice.seconds(300);
        let Inner { late, ledger, now, .. } = &mut *inner;
        let is_sending = |id| ledger.iter().any(|(known, state)| known.id == id && *state == "sending");
        let cut_short = late.iter_mut().filter(|late| late.left == *now && is_sending(late.effect.id));
        cut_short.for_each(|late| late.due += lived);
        drop(inner);
        self.say("  the process is killed");
        self.pass(lived);
    }
}

impl Inner {
    fn write(&mut self, effect: Effect, form: Option<u32>) {
        if effect.kind == WriteBackKind::FormOutcome {
            let known = self.forms.entry((effect.person, form_of(&effect))).or_default();
            // `If-Match`: whoever comes late finds another form.
            if form.is_some_and(|changes| changes != known.changes) {
                return;
            }
            known.changes += 1;
            known.text.clone_from(&effect.text);
        }
        self.effects.push(effect);
    }

    fn spoil(&mut self, id: WriteBackId) {
        *self.spoilt.entry(id).or_default() += 1;
    }

    fn fail(&mut self, what: String) {
        self.story.push(format!("WRONG: {what}"));
        self.wrong.get_or_insert(what);
    }

    /// What must be so whenever a request leaves.
    fn may_leave(&mut self, write_back: &WriteBack) {
        let known = self.ledger.iter().position(|(known, _)| known.id == write_back.id);
        let Some(at) = known else { return self.fail(format!("{} leaves unknown to the ledger", write_back.id)) };
        let (planned, state) = &self.ledger[at];
        let mut wrong = Vec::new();
        if *state != "sending" {
            wrong.push(format!("it leaves while the ledger says {state}"));
        }
        if planned.person != write_back.person || planned.payload != write_back.payload {
            wrong.push("it is not what was planned".to_owned());
        }
        if self.restricted.contains(&write_back.person) || self.merged.contains_key(&write_back.person) {
            wrong.push("the record may not be written on".to_owned());
        }
        let before = self.ledger[..at].iter();
        let mut before = before.filter(|(other, _)| other.person == write_back.person && other.kind == write_back.kind);
        if let Some((other, state)) = before.find(|(_, state)| *state != "sent") {
            wrong.push(format!("{} of the same kind comes before it and is {state}", other.reference));
        }
        for why in wrong {
            self.fail(format!("{} {}: {why}", write_back.reference, write_back.kind));
        }
    }

    fn receipt(&self, by_reading: bool) -> Receipt {
        let mosaic_id = (5_000 + self.effects.len()).to_string();
        Receipt { mosaic_id, mosaic_time: None, known_at: self.now, by_reading }
    }

    /// What a form that stands otherwise than the write-back wants answers, or its state.
    fn form(&mut self, write_back: &WriteBack, effect: &Effect) -> Result<u32, Carried> {
        let trouble = self.trouble_one_in * 3;
        let unread = self.dice.once_in(trouble);
        let form = self.forms.entry((effect.person, form_of(effect))).or_default().clone();
        let refused = |reason: &str| Err(Carried::Refused { reason: reason.to_owned() });
        let unsent = |reason: &str, wait| {
            Err(Carried::Unsent { reason: reason.to_owned(), retry_after: Some(Duration::from_secs(wait)) })
        };
        let Payload::FormOutcome { corrects, form: id, .. } = &write_back.payload else { return Ok(0) };
        let told = corrects.iter().map(|answer| format!("{}: {}", answer.label, answer.value.expose()));
        let corrected = format!("{id}\n{}", told.collect::<Vec<_>>().join("\n"));
        match form {
            _ if unread => unsent("the form cannot be read", 1),
            form if is_in(&write_back.reference, &form.text) => Err(Carried::Done(self.receipt(true))),
            form if form.is_completed => refused("the form is completed"),
            form if !form.text.is_empty() && form.text != corrected => refused("the form has another answer"),
            form if form.is_checked_out => unsent("the form is checked out", 3_600),
            form if form.is_changing => unsent("the form keeps changing", 3_600),
            form => Ok(form.changes),
        }
    }

    /// The request leaves; what the wire and Mosaic make of it.
    fn exchange(&mut self, write_back: &WriteBack) -> Carried {
        self.may_leave(write_back);
        self.turned_down.remove(&write_back.id);
        let effect = effect(write_back);
        let mut form = None;
        if effect.kind == WriteBackKind::FormOutcome {
            match self.form(write_back, &effect) {
                Ok(changes) => form = Some(changes),
                Err(carried) => {
                    self.story.push(format!(
                        "  {} form-outcome does not leave: {}",
                        write_back.reference,
                        told(&carried)
                    ));
                    return carried;
                }
            }
        }
        let how = if self.dice.once_in(self.trouble_one_in) { 1 + self.dice.roll(16) } else { 0 };
        let answer = self.go_wrong(how, effect, form);
        self.story.push(format!(
            "  {} {} leaves: {} → {}",
            write_back.reference,
            write_back.kind,
            HOW[index(how)],
            told(&answer)
        ));
        answer
    }

    fn go_wrong(&mut self, how: u64, effect: Effect, form: Option<u32>) -> Carried {
        let id = effect.id;
        let reason = || "as the dice fell".to_owned();
        let unsent = |seconds| Carried::Unsent { reason: reason(), retry_after: Some(Duration::from_secs(seconds)) };
        let unknown = Carried::Unknown { reason: reason() };
        let is_form = form.is_some();
        match how {
            0 => self.write(effect, form),
            2..=4 => {
                self.write(effect, form);
                return unknown;
            }
            5 | 6 => {
                let within = self.dice.seconds(SETTLING.as_secs());
                self.late.push(Late { left: self.now, due: self.now + within, effect, form, is_past_settling: false });
                return unknown;
            }
            7 => {
                let past = SignedDuration::from_secs(600) + self.dice.seconds(1_000);
                self.late.push(Late { left: self.now, due: self.now + past, effect, form, is_past_settling: true });
                return unknown;
            }
            8 => return unsent(1),
            9 => return unsent(86_400),
            10 => return Carried::Unsent { reason: reason(), retry_after: None },
            11 => return Carried::Refused { reason: reason() },
            // A form is answered once however often a proxy repeats the request: the second finds it changed.
            12 | 13 if !is_form => {
                self.write(effect.clone(), None);
                self.write(effect, None);
                self.spoil(id);
                if how == 12 {
                    return unknown;
                }
                self.spoilt_unseen.insert(id);
            }
            14 if !is_form => {
                let person = "999999".parse().unwrap();
                self.write(Effect { person, ..effect }, None);
                self.spoil(id);
                return unknown;
            }
            15 if !is_form => {
                self.handed.insert(id, effect);
                return Carried::Handed { reason: reason() };
            }
            _ => return unknown,
        }
        Carried::Done(self.receipt(false))
    }

    fn look(&mut self, write_back: &WriteBack) -> Found {
        if self.dice.once_in(self.trouble_one_in * 2) {
            return Found::Unreadable { reason: "as the dice fell".to_owned() };
        }
        if write_back.kind == WriteBackKind::FormOutcome {
            let form = self.forms.get(&(write_back.person, form_of(&effect(write_back))));
            let holds = form.is_some_and(|form| is_in(&write_back.reference, &form.text));
            return if holds { Found::Once(self.receipt(true)) } else { Found::Nowhere };
        }
        let found: Vec<&Effect> = self.effects.iter().filter(|one| is_in(&write_back.reference, &one.text)).collect();
        match found.as_slice() {
            [] if self.handed.contains_key(&write_back.id) => Found::Waiting,
            [] if self.turned_down.contains(&write_back.id) => Found::Refused { reason: "turned down".to_owned() },
            [] => Found::Nowhere,
            [one] if one.person == write_back.person => Found::Once(self.receipt(true)),
            [_] => Found::Doubtful { reason: "on another record".to_owned() },
            _ => Found::Doubtful { reason: "several".to_owned() },
        }
    }
}

const HOW: [&str; 17] = [
    "well",
    "cut before",
    "cut after",
    "503 after",
    "garbage",
    "late",
    "late",
    "later than anybody waits",
    "429",
    "429 for a day",
    "no connection",
    "422",
    "doubled and cut",
    "doubled",
    "on another record",
    "handed over",
    "503 before",
];

fn index(how: u64) -> usize {
    usize::try_from(how).unwrap_or(0)
}

fn told(carried: &Carried) -> &'static str {
    match carried {
        Carried::Done(_) => "done",
        Carried::Refused { .. } => "refused",
        Carried::Unsent { .. } => "unsent",
        Carried::Handed { .. } => "handed",
        Carried::Unknown { .. } => "unknown",
    }
}

fn effect(write_back: &WriteBack) -> Effect {
    let text = write_back.payload.text().into_exposed();
    let text = match &write_back.payload {
        Payload::FormOutcome { form, .. } => format!("{form}\n{text}"),
        _ => text,
    };
    Effect { id: write_back.id, person: write_back.person, kind: write_back.kind, text }
}

/// The form that an effect stands in: the first line of it.
fn form_of(effect: &Effect) -> String {
    effect.text.lines().next().unwrap_or_default().to_owned()
}

impl Carrier for World {
    async fn carry(&self, write_back: &WriteBack) -> Carried {
        tokio::task::yield_now().await;
        let (carried, pause) = {
            let mut inner = self.inner();
            (inner.exchange(write_back), inner.dice.roll(4))
        };
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
        carried
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        tokio::task::yield_now().await;
        let mut inner = self.inner();
        let found = inner.look(write_back);
        inner.story.push(format!("  {} {} is looked for: {}", write_back.reference, write_back.kind, found_as(&found)));
        found
    }

    async fn identify(&self, person: PersonId) -> Result<Identity, Unidentified> {
        tokio::task::yield_now().await;
        let mut inner = self.inner();
        let trouble = inner.trouble_one_in * 4;
        if inner.dice.once_in(trouble) {
            return Err(Unidentified::Unreachable { reason: "as the dice fell".to_owned(), retry_after: None });
        }
        let restricted = inner.restricted.contains(&person);
        let merged_into = inner.merged.get(&person).copied();
        Ok(Identity { person, date_of_birth: None, initials: None, closed: false, restricted, merged_into })
    }
}

fn found_as(found: &Found) -> &'static str {
    match found {
        Found::Once(_) => "once",
        Found::Nowhere => "nowhere",
        Found::Doubtful { .. } => "doubtful",
        Found::Waiting => "waiting",
        Found::Refused { .. } => "refused",
        Found::Unreadable { .. } => "unreadable",
    }
}
