//! The real courier and the real ledger against a model of Mosaic that breaks in every way.
//!
//! One seed is one story: outcomes and their revisions, planned and approved as the operations do it; a wire that cuts,
//! doubles and dawdles; a process that dies at any committed point and is started again; backups that come back.
//! Whatever happens in it, no key is on a record twice, none is lost without being shown, none is on another person's
//! record. `TESSERA_SEED=7` tells one story, `TESSERA_SEEDS=100000` so many.

use std::sync::atomic::{AtomicU64, Ordering};

use self::mortal::Life;
use self::story::Story;
use crate::calendar::Clock;
use crate::ledger::{Address, Ledger};

mod dice;
mod mortal;
mod story;
mod world;

/// How many stories a run of the tests tells.
const STORIES: u64 = 2_000;

/// Tells so many stories on every processor; the first that ends badly is told.
fn tell(stories: u64, one: impl Fn(u64, &std::path::Path) -> Result<(), String> + Sync) {
    let folder = story::folder();
    let template = folder.path().join("template.db");
    let start = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
    drop(Ledger::open(&Address::file(template.clone()), story::key(), start).unwrap());
    let next = AtomicU64::new(0);
    let worker = || {
        loop {
            let story = next.fetch_add(1, Ordering::Relaxed);
            if story >= stories {
                return Ok(());
            }
            one(story, &template).inspect_err(|_| next.store(stories, Ordering::Relaxed))?;
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let ended: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    if let Some(failed) = ended.into_iter().find_map(Result::err) {
        panic!("{failed}");
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever looks for a fault names its seed")]
fn asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_breaks_everything_is_on_the_record_once_or_waits_for_a_person() {
    if let Some(seed) = asked_for("TESSERA_SEED") {
        tell(1, |_, template| Story::new(seed, template).tell(None));
        return;
    }
    let stories = asked_for("TESSERA_SEEDS").unwrap_or(STORIES);
    tell(stories, |seed, template| Story::new(seed, template).tell(None));
}

#[test]
fn a_process_that_dies_at_any_committed_point_is_taken_up_by_the_next() {
    // A story of a few children commits fewer changes than this in its first run.
    const CHANGES: u64 = 90;
    tell(2 * CHANGES, |number, template| {
        let (seed, changes) = (number % 2, number / 2);
        let life = if number % 4 < 2 { Life::Before(changes) } else { Life::After(changes) };
        Story::new(seed + 40, template).tell(Some(life))
    });
}
