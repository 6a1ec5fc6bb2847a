//! Carries what was approved, and finds out what became of what nobody knows.
//!
//! The order of every write: `sending` is committed, the request leaves, the receipt is committed. What is found in
//! `sending` or `uncertain` is read back before anything else is done for that child.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Carried, Carrier, Event, Found, Queue, QueueTrouble, Unidentified, guard};
use crate::calendar::Clock;
use crate::domain::{PersonId, State, WriteBack, WriteBackId};

/// The longest that one attempt takes, its turn, its token and its readings included: whoever died in the middle of
/// one may have written so long after it began.
const ATTEMPT_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How a courier goes about it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many children are written for at a time.
    pub parallel: usize,
    /// How long an unanswered write is left before Mosaic is read for it: a slow server may still be writing.
    pub settling: Duration,
    /// How often something that surely never left is tried in one run.
    pub attempts_max: u32,
    /// The longest wait that the courier keeps; beyond it the write is put off to the next run.
    pub wait_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { parallel: 4, settling: Duration::from_secs(120), attempts_max: 4, wait_max: Duration::from_secs(30) }
    }
}

/// What became of the write-backs of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Mosaic holds them.
    pub sent: u64,
    /// Mosaic will not have them.
    pub refused: u64,
    /// Nobody knows yet.
    pub uncertain: u64,
    /// A person must look.
    pub held: u64,
    /// Put off to the next run.
    pub deferred: u64,
}

/// Carries the write-backs of one authority.
#[derive(Debug)]
pub struct Courier<'a, Q, C> {
    queue: &'a Q,
    carrier: &'a C,
    clock: Clock,
    settings: Settings,
    /// Children whose identity was proved in this run.
    proved: Mutex<BTreeSet<PersonId>>,
}

/// What became of one write-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    Refused,
    Uncertain,
    Held,
    Deferred,
}

impl<'a, Q: Queue, C: Carrier> Courier<'a, Q, C> {
    /// A courier between a queue and a Mosaic.
    pub fn new(queue: &'a Q, carrier: &'a C, clock: Clock, settings: Settings) -> Self {
        Self { queue, carrier, clock, settings, proved: Mutex::default() }
    }

    /// Reads Mosaic for everything that nobody knows the fate of, and then sends what was approved.
    pub async fn run(&self) -> Result<Delivery, QueueTrouble> {
        let mut delivery = self.reconcile().await?;
        let mut put_off: Vec<WriteBackId> = Vec::new();
        let mut under_way = FuturesUnordered::new();
        let mut busy: Vec<PersonId> = Vec::new();
        loop {
            let free = self.settings.parallel.saturating_sub(under_way.len());
            if free > 0 {
                for write_back in self.queue.ready(&busy, &put_off, free)? {
                    busy.push(write_back.person);
                    under_way.push(self.deliver(write_back));
                }
            }
            let Some(done) = under_way.next().await else { return Ok(delivery) };
            let (write_back, fate) = done?;
            busy.retain(|other| *other != write_back.person);
            delivery.count(fate);
            if fate == Fate::Deferred {
                put_off.push(write_back.id);
            }
        }
    }

    /// Reads Mosaic for everything that nobody knows the fate of; writes nothing.
    pub async fn reconcile(&self) -> Result<Delivery, QueueTrouble> {
        let mut delivery = Delivery::default();
        for write_back in self.queue.unsettled()? {
            if let Some(fate) = self.settle(write_back).await? {
                delivery.count(fate);
            }
        }
        Ok(delivery)
    }

    /// `None`: Mosaic does not hold it, and it may be sent again.
    async fn settle(&self, write_back: WriteBack) -> Result<Option<Fate>, QueueTrouble> {
        let mut write_back = write_back;
        if let State::Sending { since } = write_back.state {
            // Nobody is sending it any more: whoever was has died, and the request may have left just before that.
            let reason = "the program ended while it was being sent".to_owned();
            let at = since.saturating_add(ATTEMPT_MAX).unwrap_or(Timestamp::MAX).min(self.clock.now());
            write_back = self.step(&write_back, Event::Lose { at, reason })?;
        }
        let State::Uncertain { since, .. } = &write_back.state else { return Ok(None) };
        if !self.is_settled(*since) {
            return Ok(Some(Fate::Uncertain));
        }
        let event = match self.carrier.find(&write_back).await {
            Found::Once(receipt) => Event::Deliver { receipt },
            Found::Nowhere => Event::Return,
            Found::Doubtful { reason } => Event::Hold { reason },
            Found::Refused { reason } => Event::Refuse { reason },
            Found::Waiting => return Ok(Some(Fate::Deferred)),
            Found::Unreadable { .. } => return Ok(Some(Fate::Uncertain)),
        };
        Ok(match self.step(&write_back, event)?.state {
            State::Sent { .. } => Some(Fate::Sent),
            State::Held { .. } => Some(Fate::Held),
            State::Refused { .. } => Some(Fate::Refused),
            _ => None,
        })
    }

    fn is_settled(&self, since: Timestamp) -> bool {
        let settling = SignedDuration::try_from(self.settings.settling).unwrap_or(SignedDuration::MAX);
        self.clock.now().duration_since(since) >= settling
    }

    async fn deliver(&self, write_back: WriteBack) -> Result<(WriteBack, Fate), QueueTrouble> {
        if let Some(fate) = self.prove(&write_back).await? {
            return Ok((write_back, fate));
        }
        let mut write_back = write_back;
        if let Some(at) = self.queue.may_be_written(&write_back)? {
            let reason = "the ledger was restored from a backup, or a person has let it go on".to_owned();
            let lost = self.step(&write_back, Event::Lose { at, reason })?;
            if let Some(fate) = self.settle(lost.clone()).await? {
                return Ok((lost, fate));
            }
            let Some(returned) = self.queue.again(lost.id)? else { return Ok((lost, Fate::Deferred)) };
            write_back = returned;
        }
        for attempt in 1.. {
            write_back = self.step(&write_back, Event::Begin { at: self.clock.now() })?;
            let carried = self.carrier.carry(&write_back).await;
            let (event, fate) = match carried {
                Carried::Done(receipt) => (Event::Deliver { receipt }, Fate::Sent),
                Carried::Refused { reason } => (Event::Refuse { reason }, Fate::Refused),
                Carried::Unknown { reason } => (Event::Lose { at: self.clock.now(), reason }, Fate::Uncertain),
                Carried::Handed { reason } => (Event::Lose { at: self.clock.now(), reason }, Fate::Deferred),
                Carried::Unsent { retry_after, .. } => {
                    write_back = self.step(&write_back, Event::Return)?;
                    let wait = retry_after.unwrap_or_else(|| backoff(&write_back, attempt));
                    if attempt >= self.settings.attempts_max || wait > self.settings.wait_max {
                        break;
                    }
                    tokio::time::sleep(wait).await;
                    continue;
                }
            };
            let write_back = self.step(&write_back, event)?;
            return Ok((write_back, fate));
        }
        Ok((write_back, Fate::Deferred))
    }

    /// Proves that the record is the child's, once a run and before the first write. `None`: it is.
    async fn prove(&self, write_back: &WriteBack) -> Result<Option<Fate>, QueueTrouble> {
        let person = write_back.person;
        if self.proved.lock().unwrap_or_else(PoisonError::into_inner).contains(&person) {
            return Ok(None);
        }
        let known = self.queue.known_person(person)?;
        let objection = match self.carrier.identify(person).await {
            Ok(identity) => guard::objection(person, &identity, known.as_ref()),
            Err(Unidentified::Unreachable { .. }) => return Ok(Some(Fate::Deferred)),
            Err(refused) => Some(guard::unidentified(person, &refused)),
        };
        if let Some(reason) = objection {
            self.step(write_back, Event::Hold { reason })?;
            return Ok(Some(Fate::Held));
        }
        self.proved.lock().unwrap_or_else(PoisonError::into_inner).insert(person);
        Ok(None)
    }

    fn step(&self, write_back: &WriteBack, event: Event) -> Result<WriteBack, QueueTrouble> {
        let next = write_back.state.next(event).map_err(|error| QueueTrouble::Ledger(Box::new(error)))?;
        self.queue.change(write_back, next)
    }
}

impl Delivery {
    fn count(&mut self, fate: Fate) {
        let counter = match fate {
            Fate::Sent => &mut self.sent,
            Fate::Refused => &mut self.refused,
            Fate::Uncertain => &mut self.uncertain,
            Fate::Held => &mut self.held,
            Fate::Deferred => &mut self.deferred,
        };
        *counter += 1;
    }
}

/// A second, then twice as long each time, and up to half as long again: by the key, so that not all come at once.
fn backoff(write_back: &WriteBack, attempt: u32) -> Duration {
    let wait = Duration::from_millis(500).saturating_mul(2_u32.saturating_pow(attempt.min(8)));
    let share = u32::try_from(write_back.id.0.as_u128() % 50).unwrap_or(0);
    wait.saturating_add(wait.saturating_mul(share) / 100)
}
