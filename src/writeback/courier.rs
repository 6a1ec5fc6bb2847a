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

use super::{Carried, Carrier, Cause, Event, Found, Queue, QueueTrouble, Unidentified, change, guard};
use crate::calendar::Clock;
use crate::domain::{PersonId, State, WriteBack, WriteBackId};
use crate::log::{self, Instrument as _, milliseconds};

/// The longest that one attempt takes, its turn, its token and its readings included: whoever died in the middle of
/// one may have written so long after it began.
const ATTEMPT_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How often it is tried to record what has come of a request, and how long in between: the ledger waits some seconds by
/// itself each time, so that nobody who writes to it is so slow.
const RECORDS_MAX: u32 = 120;
const RECORD_AGAIN: Duration = Duration::from_millis(200);

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
    /// A person has changed it before it left: it is none of this run's any more.
    Overtaken,
}

/// What an attempt has come to.
enum Tried {
    /// It is done with in this run.
    Over(Fate),
    /// It is tried again after a wait.
    Again(Duration),
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
        // The first trouble of the run: nothing is begun after it, and what is under way comes to its end.
        let mut trouble = None;
        loop {
            let free = self.settings.parallel.saturating_sub(under_way.len());
            if free > 0 && trouble.is_none() {
                match self.queue.ready(&busy, &put_off, free) {
                    Err(failed) => trouble = Some(failed),
                    Ok(ready) => {
                        for write_back in ready {
                            busy.push(write_back.person);
                            let span = change::span(&write_back);
                            under_way.push(self.deliver_unless_overtaken(write_back).instrument(span));
                        }
                    }
                }
            }
            match under_way.next().await {
                None => break,
                Some(Err(failed)) => trouble = trouble.or(Some(failed)),
                Some(Ok((write_back, fate))) => {
                    busy.retain(|other| *other != write_back.person);
                    delivery.count(fate);
                    if matches!(fate, Fate::Deferred | Fate::Overtaken) {
                        put_off.push(write_back.id);
                    }
                }
            }
        }
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        self.tell_behind()?;
        Ok(delivery)
    }

    /// Reads Mosaic for everything that nobody knows the fate of; writes nothing.
    pub async fn reconcile(&self) -> Result<Delivery, QueueTrouble> {
        let mut delivery = Delivery::default();
        for write_back in self.queue.unsettled()? {
            let span = change::span(&write_back);
            if let Some(fate) = self.settle(write_back).instrument(span).await? {
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
            write_back = self.step(&write_back, Event::Lose { at, reason }, Some(Cause::ProgramEnded))?;
        }
        let State::Uncertain { since, .. } = &write_back.state else { return Ok(None) };
        let left = self.settling_left(*since);
        if left > SignedDuration::ZERO {
            log::debug!(
                "It is left alone until the settling time is over: a slow Mosaic may still be writing.",
                seconds_left = left.as_secs().unsigned_abs()
            );
            return Ok(Some(Fate::Uncertain));
        }
        let (event, cause) = match self.carrier.find(&write_back).await {
            Found::Once(receipt) => (Event::Deliver { receipt }, Cause::Found),
            Found::Nowhere => (Event::Return, Cause::NotFound),
            Found::Doubtful { reason } => (Event::Hold { reason }, Cause::Doubtful),
            Found::Refused { reason } => (Event::Refuse { reason }, Cause::Refused),
            Found::Waiting => {
                log::debug!("It waits: Mosaic’s import has not said what became of it.");
                return Ok(Some(Fate::Deferred));
            }
            Found::Unreadable { .. } => {
                log::debug!("It waits: Mosaic could not be read for it.");
                return Ok(Some(Fate::Uncertain));
            }
        };
        Ok(match self.step(&write_back, event, Some(cause))?.state {
            State::Sent { .. } => Some(Fate::Sent),
            State::Held { .. } => Some(Fate::Held),
            State::Refused { .. } => Some(Fate::Refused),
            _ => None,
        })
    }

    /// How much of the settling time is left; zero or less where it is over.
    fn settling_left(&self, since: Timestamp) -> SignedDuration {
        let settling = SignedDuration::try_from(self.settings.settling).unwrap_or(SignedDuration::MAX);
        settling.saturating_sub(self.clock.now().duration_since(since))
    }

    /// Says which write-backs wait for which.
    fn tell_behind(&self) -> Result<(), QueueTrouble> {
        if log::is_debug() {
            for (waiting, earlier) in self.queue.behind()? {
                log::debug!(
                    "It waits in the order behind an earlier one for the same person.",
                    write_back = waiting.id,
                    submission = &waiting.submission,
                    behind = earlier.id,
                    state = &earlier.state
                );
            }
        }
        Ok(())
    }

    /// Whoever holds a write-back back while others are sent is obeyed: what was changed before its request left does
    /// not leave.
    async fn deliver_unless_overtaken(&self, write_back: WriteBack) -> Result<(WriteBack, Fate), QueueTrouble> {
        match self.deliver(write_back.clone()).await {
            Err(QueueTrouble::Overtaken(id)) if id == write_back.id => Ok((write_back, Fate::Overtaken)),
            done => done,
        }
    }

    async fn deliver(&self, write_back: WriteBack) -> Result<(WriteBack, Fate), QueueTrouble> {
        if let Some(fate) = self.prove(&write_back).await? {
            return Ok((write_back, fate));
        }
        let mut write_back = write_back;
        if let Some(at) = self.queue.may_be_written(&write_back)? {
            let reason = "the ledger was restored from a backup, or a person has let it go on".to_owned();
            let lost = self.step(&write_back, Event::Lose { at, reason }, Some(Cause::MayBeWritten))?;
            if let Some(fate) = self.settle(lost.clone()).await? {
                return Ok((lost, fate));
            }
            let Some(returned) = self.queue.again(lost.id)? else { return Ok((lost, Fate::Deferred)) };
            write_back = returned;
        }
        for attempt in 1.. {
            write_back = self.step(&write_back, Event::Begin { at: self.clock.now() }, None)?;
            let span = change::attempt_span(&write_back);
            let (now, tried) = self.attempt(write_back, attempt).instrument(span).await.map_err(after_it_left)?;
            write_back = now;
            match tried {
                Tried::Over(fate) => return Ok((write_back, fate)),
                Tried::Again(wait) => tokio::time::sleep(wait).await,
            }
        }
        Ok((write_back, Fate::Deferred))
    }

    /// One attempt, the `attempt`-th of this run.
    async fn attempt(&self, write_back: WriteBack, attempt: u32) -> Result<(WriteBack, Tried), QueueTrouble> {
        let now = || self.clock.now();
        let (event, cause, fate) = match self.carrier.carry(&write_back).await {
            Carried::Done(receipt) => (Event::Deliver { receipt }, Cause::Answered, Fate::Sent),
            Carried::Refused { reason } => (Event::Refuse { reason }, Cause::Refused, Fate::Refused),
            Carried::Unknown { reason } => (Event::Lose { at: now(), reason }, Cause::Unanswered, Fate::Uncertain),
            Carried::Handed { reason } => (Event::Lose { at: now(), reason }, Cause::HandedOver, Fate::Deferred),
            Carried::Unsent { retry_after, .. } => {
                let write_back = self.record(&write_back, Event::Return, Some(Cause::NotTaken)).await?;
                let tried = self.again_or_not(&write_back, attempt, retry_after);
                return Ok((write_back, tried));
            }
        };
        Ok((self.record(&write_back, event, Some(cause)).await?, Tried::Over(fate)))
    }

    /// Whether what was not taken is tried again in this run.
    fn again_or_not(&self, write_back: &WriteBack, attempt: u32, retry_after: Option<Duration>) -> Tried {
        let wait = retry_after.unwrap_or_else(|| backoff(write_back, attempt));
        let (asked, wait_ms) = (retry_after.map(milliseconds), milliseconds(wait));
        if wait > self.settings.wait_max {
            log::debug!(
                "It is put off to the next run: the wait is longer than a run waits.",
                retry_after_ms = asked,
                wait_ms = wait_ms
            );
            Tried::Over(Fate::Deferred)
        } else if attempt >= self.settings.attempts_max {
            log::debug!("It is put off to the next run: it was tried often enough in this one.", tries = attempt);
            Tried::Over(Fate::Deferred)
        } else {
            log::debug!("It is tried again after a wait.", retry_after_ms = asked, wait_ms = wait_ms, tries = attempt);
            Tried::Again(wait)
        }
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
            Err(Unidentified::Unreachable { retry_after, .. }) => {
                log::debug!(
                    "It is put off to the next run: Mosaic could not be asked whose record it is.",
                    retry_after_ms = retry_after.map(milliseconds)
                );
                return Ok(Some(Fate::Deferred));
            }
            Err(refused) => Some(guard::unidentified(person, &refused)),
        };
        if let Some((cause, reason)) = objection {
            self.step(write_back, Event::Hold { reason }, Some(cause))?;
            return Ok(Some(Fate::Held));
        }
        self.proved.lock().unwrap_or_else(PoisonError::into_inner).insert(person);
        Ok(None)
    }

    /// Records what has come of a request that has left: whoever else is writing to the ledger is waited for.
    async fn record(
        &self,
        write_back: &WriteBack,
        event: Event,
        cause: Option<Cause>,
    ) -> Result<WriteBack, QueueTrouble> {
        for _ in 1..RECORDS_MAX {
            match self.step(write_back, event.clone(), cause) {
                Err(QueueTrouble::Busy(_)) => tokio::time::sleep(RECORD_AGAIN).await,
                done => return done,
            }
        }
        self.step(write_back, event, cause)
    }

    fn step(&self, write_back: &WriteBack, event: Event, cause: Option<Cause>) -> Result<WriteBack, QueueTrouble> {
        let next = write_back.state.next(event).map_err(|error| QueueTrouble::Ledger(Box::new(error)))?;
        let now = self.queue.change(write_back, next)?;
        change::changed(&write_back.state, &now, cause);
        Ok(now)
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
            Fate::Overtaken => return,
        };
        *counter += 1;
    }
}

/// Nobody but the courier changes what is being sent: what was changed all the same is no person's doing.
fn after_it_left(trouble: QueueTrouble) -> QueueTrouble {
    match trouble {
        QueueTrouble::Overtaken(_) => QueueTrouble::Ledger(Box::new(trouble)),
        trouble => trouble,
    }
}

/// A second, then twice as long each time, and up to half as long again: by the key, so that not all come at once.
fn backoff(write_back: &WriteBack, attempt: u32) -> Duration {
    let wait = Duration::from_millis(500).saturating_mul(2_u32.saturating_pow(attempt.min(8)));
    let share = u32::try_from(write_back.id.0.as_u128() % 50).unwrap_or(0);
    wait.saturating_add(wait.saturating_mul(share) / 100)
}
