//! The courier against a model of Mosaic that breaks in every way, and of a ledger whose process dies at any moment.
//!
//! One seed is one story. Whatever happens in it: every approved write is on the record once, or waits for a person.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;

use super::courier::{Courier, Settings};
use super::key::{reference_of, write_back_id};
use super::{Carried, Carrier, Found, Identity, Queue, QueueTrouble, Unidentified};
use crate::calendar::Clock;
use crate::domain::{
    AuthorityName, PanelName, Payload, Person, PersonId, Private, Receipt, State, SubmissionId, WriteBack, WriteBackId,
    WriteBackKind,
};

/// A small generator (SplitMix64): the same numbers for the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// The ledger: what is changed here is committed. `lives` is how many changes the process still makes before it dies.
struct Model {
    write_backs: Mutex<BTreeMap<WriteBackId, WriteBack>>,
    lives: Mutex<u64>,
    /// How many changes of what is being sent find somebody else writing.
    busy: Mutex<u64>,
    /// How often it says what is ready before it finds somebody else writing.
    ready: Mutex<u64>,
}

#[derive(Debug, thiserror::Error)]
#[error("the process has died")]
struct Died;

impl Queue for Model {
    fn may_be_written(&self, _: &WriteBack) -> Result<Option<Timestamp>, QueueTrouble> {
        Ok(None)
    }

    fn again(&self, id: WriteBackId) -> Result<Option<WriteBack>, QueueTrouble> {
        Ok(self.write_backs.lock().unwrap().get(&id).cloned())
    }

    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble> {
        let mut left = self.ready.lock().unwrap();
        *left = left.checked_sub(1).ok_or_else(|| QueueTrouble::Busy(Box::new(Died)))?;
        let all = self.write_backs.lock().unwrap();
        let mut in_order: Vec<&WriteBack> = all.values().collect();
        in_order.sort_by_key(|one| (one.person, one.sitting));
        let mut ready: Vec<WriteBack> = Vec::new();
        let mut passed: Vec<PersonId> = busy.to_vec();
        for one in in_order {
            if passed.contains(&one.person) || matches!(one.state, State::Sent { .. }) {
                continue;
            }
            passed.push(one.person);
            if one.state == State::Approved && !put_off.contains(&one.id) {
                ready.push(one.clone());
            }
        }
        ready.truncate(wanted);
        Ok(ready)
    }

    fn unsettled(&self) -> Result<Vec<WriteBack>, QueueTrouble> {
        let all = self.write_backs.lock().unwrap();
        let unsettled = all.values().filter(|one| matches!(one.state, State::Sending { .. } | State::Uncertain { .. }));
        Ok(unsettled.cloned().collect())
    }

    fn change(&self, seen: &WriteBack, to: State) -> Result<WriteBack, QueueTrouble> {
        let mut busy = self.busy.lock().unwrap();
        if *busy > 0 && matches!(seen.state, State::Sending { .. }) {
            *busy -= 1;
            return Err(QueueTrouble::Busy(Box::new(Died)));
        }
        let mut lives = self.lives.lock().unwrap();
        *lives = lives.checked_sub(1).ok_or_else(|| QueueTrouble::Ledger(Box::new(Died)))?;
        let mut all = self.write_backs.lock().unwrap();
        let held = all.get_mut(&seen.id).unwrap();
        if held.fence != seen.fence {
            return Err(QueueTrouble::Overtaken(seen.id));
        }
        held.fence += 1;
        held.attempts += u32::from(matches!(to, State::Sending { .. }));
        held.state = to;
        Ok(held.clone())
    }

    fn known_person(&self, _: PersonId) -> Result<Option<Person>, QueueTrouble> {
        Ok(None)
    }
}

/// Mosaic: what is in `notes` is on the record.
struct ModelMosaic {
    notes: Mutex<Vec<(PersonId, WriteBackId)>>,
    dice: Mutex<Dice>,
    /// Of how many requests one goes wrong.
    trouble_one_in: u64,
}

impl ModelMosaic {
    fn receipt(by_reading: bool) -> Receipt {
        Receipt { mosaic_id: "1".into(), mosaic_time: None, known_at: Timestamp::UNIX_EPOCH, by_reading }
    }
}

impl Carrier for ModelMosaic {
    async fn carry(&self, write_back: &WriteBack) -> Carried {
        tokio::task::yield_now().await;
        let (goes_wrong, how) = {
            let mut dice = self.dice.lock().unwrap();
            (dice.roll(self.trouble_one_in) == 0, dice.roll(6))
        };
        let reason = || "as the dice fell".to_owned();
        let write = || self.notes.lock().unwrap().push((write_back.person, write_back.id));
        match (goes_wrong, how) {
            (false, _) => {
                write();
                Carried::Done(Self::receipt(false))
            }
            (true, 0 | 1) => {
                write();
                Carried::Unknown { reason: reason() }
            }
            (true, 2) => Carried::Unknown { reason: reason() },
            (true, 3) => Carried::Unsent { reason: reason(), retry_after: Some(Duration::ZERO) },
            (true, 4) => Carried::Unsent { reason: reason(), retry_after: Some(Duration::from_secs(86_400)) },
            (true, _) => Carried::Refused { reason: reason() },
        }
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        tokio::task::yield_now().await;
        if self.dice.lock().unwrap().roll(self.trouble_one_in * 2) == 0 {
            return Found::Unreadable { reason: "as the dice fell".to_owned() };
        }
        let notes = self.notes.lock().unwrap();
        match notes.iter().filter(|(_, id)| *id == write_back.id).count() {
            0 => Found::Nowhere,
            1 => Found::Once(Self::receipt(true)),
            _ => Found::Doubtful { reason: "two".to_owned() },
        }
    }

    async fn identify(&self, person: PersonId) -> Result<Identity, Unidentified> {
        let mut dice = self.dice.lock().unwrap();
        if dice.roll(self.trouble_one_in * 4) == 0 {
            return Err(Unidentified::Unreachable { reason: "as the dice fell".to_owned(), retry_after: None });
        }
        let restricted = dice.roll(self.trouble_one_in * 20) == 0;
        Ok(Identity { person, date_of_birth: None, initials: None, closed: false, restricted, merged_into: None })
    }
}

fn write_back(person: u64, day: i8) -> WriteBack {
    let authority = AuthorityName::new("a");
    let submission = SubmissionId::new(format!("a-{person}-{day}"));
    let person: PersonId = (100_000 + person).to_string().parse().unwrap();
    let sitting = date(2026, 12, day);
    let id = write_back_id(&authority, &submission, person, sitting, (WriteBackKind::CaseNote, ""), 1);
    WriteBack {
        id,
        reference: reference_of(id),
        submission,
        person,
        panel: PanelName::of(&authority, "p"),
        sitting,
        revision: 1,
        kind: WriteBackKind::CaseNote,
        payload: Payload::Appendment { note: "1".into(), contact_date: sitting, body: Private::from("body") },
        state: State::Approved,
        attempts: 0,
        fence: 0,
    }
}

async fn story(seed: u64) {
    let mut dice = Dice(seed);
    let people = 1 + dice.roll(5);
    let planned = (0..people).flat_map(|person| (1..=2).map(move |day| write_back(person, day)));
    let queue = Model {
        write_backs: Mutex::new(planned.map(|one| (one.id, one)).collect()),
        lives: Mutex::new(0),
        busy: Mutex::new(0),
        ready: Mutex::new(u64::MAX),
    };
    let trouble_one_in = 1 + dice.roll(4);
    let mosaic = ModelMosaic { notes: Mutex::default(), dice: Mutex::new(Dice(seed ^ 0xABCD)), trouble_one_in };
    // Some runs die at any moment; the clock stands later in each, beyond the settling time or not.
    let mut now = Timestamp::UNIX_EPOCH;
    for run in 0..40 {
        *queue.lives.lock().unwrap() = if run < 20 { dice.roll(12) } else { u64::MAX };
        now += jiff::SignedDuration::from_secs(i64::try_from(dice.roll(200)).unwrap());
        let settings = Settings { wait_max: Duration::from_secs(1), ..Settings::default() };
        let run = Courier::new(&queue, &mosaic, Clock::Fixed(now), settings);
        drop(run.run().await);
        proved(&queue, &mosaic, seed);
    }
}

/// Holds at every moment of every story.
fn proved(queue: &Model, mosaic: &ModelMosaic, seed: u64) {
    let notes = mosaic.notes.lock().unwrap();
    for one in queue.write_backs.lock().unwrap().values() {
        let copies = notes.iter().filter(|(person, id)| *id == one.id && *person == one.person).count();
        assert!(copies <= 1, "seed {seed}: {} copies of one note", copies);
        match &one.state {
            State::Sent { .. } => assert_eq!(copies, 1, "seed {seed}: a receipt without a note"),
            State::Approved | State::Planned | State::Refused { .. } => {
                assert_eq!(copies, 0, "seed {seed}: a note that would be sent again");
            }
            State::Sending { .. } | State::Uncertain { .. } | State::Held { .. } => {}
        }
    }
}

#[test]
fn whatever_breaks_every_note_is_on_the_record_once_or_waits_for_a_person() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for seed in 0..2_000 {
        runtime.block_on(story(seed));
    }
}

/// One run for eight children, of whom everything goes well at Mosaic, and how many of theirs are sent after it.
fn well(busy: u64, ready: u64) -> (Result<super::courier::Delivery, QueueTrouble>, usize, usize) {
    let planned = (0..8).map(|person| write_back(person, 1));
    let queue = Model {
        write_backs: Mutex::new(planned.map(|one| (one.id, one)).collect()),
        lives: Mutex::new(u64::MAX),
        busy: Mutex::new(busy),
        ready: Mutex::new(ready),
    };
    let mosaic = ModelMosaic { notes: Mutex::default(), dice: Mutex::new(Dice(1)), trouble_one_in: 1 << 40 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let courier = Courier::new(&queue, &mosaic, Clock::Fixed(Timestamp::UNIX_EPOCH), Settings::default());
    let ran = runtime.block_on(courier.run());
    let all = queue.write_backs.lock().unwrap();
    let sent = all.values().filter(|one| matches!(one.state, State::Sent { .. })).count();
    let sending = all.values().filter(|one| matches!(one.state, State::Sending { .. })).count();
    (ran, sent, sending)
}

#[test]
fn what_has_left_is_recorded_as_soon_as_nobody_else_writes() {
    let (ran, sent, sending) = well(50, u64::MAX);
    assert_eq!((ran.unwrap().sent, sent, sending), (8, 8, 0));
}

#[test]
fn a_run_that_cannot_go_on_ends_when_what_is_under_way_has_ended() {
    let (ran, sent, sending) = well(0, 1);
    assert!(matches!(ran, Err(QueueTrouble::Busy(_))));
    assert_eq!((sent, sending), (Settings::default().parallel, 0));
}
