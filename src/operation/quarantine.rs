//! `quarantine`: what could not be taken, and what becomes of it.

use std::path::PathBuf;

use serde::Serialize;

use super::import::{Incoming, read_file};
use super::installation::{Installation, Writing as _};
use super::{Failure, OpenLedger, Page, Paging, Thing, Unwatched};
use crate::domain::Account;
use crate::export::Record;
use crate::ledger::{Entry, EntryState, FileBegun, FileStart, Item, Work};
use crate::log;
use crate::report;

/// Something in quarantine.
#[derive(Debug, Clone, Serialize)]
pub struct Quarantined {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub authority: String,
    /// What its file holds.
    pub extract: &'static str,
    /// The file.
    pub file: String,
    /// Where in the file.
    pub place: String,
    /// Why, as a stable code.
    pub reason: &'static str,
    /// Why, in words.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What became of it.
    pub state: &'static str,
    /// Why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Since when.
    pub at: String,
}

/// What reading again has come to.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// Taken now.
    pub taken: u64,
    /// Known already.
    pub unchanged: u64,
    /// Still waiting, with the reason of now.
    pub still_waiting: u64,
    /// What still waits.
    pub waiting: Vec<Quarantined>,
}

impl OpenLedger {
    /// What waits.
    pub fn quarantine_list(&self, all: bool) -> Result<Vec<Quarantined>, Failure> {
        Ok(self.ledger.quarantine(all)?.iter().map(Quarantined::of).collect())
    }

    /// A page of what waits, or of all that ever waited, oldest first.
    pub fn quarantine_page(&self, all: bool, paging: &Paging) -> Result<Page<Quarantined>, Failure> {
        let rows = self.ledger.quarantine_page(all, paging.number()?.unwrap_or(0), paging.rows_and_one())?;
        Ok(Page::of(paging, rows, |last| last.id.to_string(), Quarantined::of))
    }

    /// One of them.
    pub fn quarantine_show(&self, id: u64) -> Result<Quarantined, Failure> {
        let entry = self.ledger.quarantined(id)?.ok_or_else(|| Failure::not_found(Thing::Quarantined, id))?;
        Ok(Quarantined::of(&entry))
    }

    /// Gives one up.
    pub fn quarantine_discard(&mut self, id: u64, reason: &str) -> Result<Quarantined, Failure> {
        let discarded = self.atomically(|all| {
            let missing = || Failure::not_found(Thing::Quarantined, id);
            let before = all.ledger.quarantined(id)?.ok_or_else(missing)?;
            if before.state != EntryState::Waiting {
                let help = format!("`tessera quarantine show {id}` shows what became of it");
                let what = format_args!("entry {id} of the quarantine is {} already", before.state.as_str());
                return Err(Failure::conflict(what, help).on_page(
                    "This record does not wait any more: it was read meanwhile, or somebody else has discarded it. \
                     Nothing was changed.",
                    "Open it again to see what became of it.",
                ));
            }
            all.ledger.settle_quarantined(id, EntryState::Discarded, Some(reason), &all.actor)?;
            Ok(Quarantined::of(&all.ledger.quarantined(id)?.ok_or_else(missing)?))
        })?;
        log::info!("A record in quarantine was given up.", quarantined = id);
        Ok(discarded)
    }
}

impl Installation {
    /// Reads again what waits, with the mapping files as they are now: a record from what was kept of it, a whole file
    /// from where it lies.
    pub fn quarantine_replay(&mut self, ids: &[u64]) -> Result<Replayed, Failure> {
        let _lease = self.ledger.lease(Work::Import)?;
        for id in ids {
            if self.ledger.quarantined(*id)?.is_none() {
                return Err(Failure::not_found(Thing::Quarantined, id));
            }
        }
        let entries = self.ledger.quarantine(false)?;
        let wanted = entries.into_iter().filter(|entry| ids.is_empty() || ids.contains(&entry.id));
        let mut replayed = Replayed { taken: 0, unchanged: 0, still_waiting: 0, waiting: Vec::new() };
        for entry in wanted {
            let account = match &entry.record {
                Some(record) => replay_record(self, &entry, record)?,
                None => replay_file(self, &entry)?,
            };
            let Some(account) = account else {
                replayed.still_waiting += 1;
                replayed.waiting.push(Quarantined::of(&entry));
                continue;
            };
            replayed.taken += account.taken;
            replayed.unchanged += account.unchanged;
            // One that a later export has brought, or that somebody has given up meanwhile, is settled already.
            let is_settled = self.atomically(|all| {
                let now = all.ledger.quarantined(entry.id)?;
                let waits = now.is_some_and(|now| now.state == EntryState::Waiting);
                if waits {
                    all.ledger.settle_quarantined(entry.id, EntryState::Replayed, None, &all.actor)?;
                }
                Ok(waits)
            })?;
            if is_settled {
                log::info!("A record in quarantine was taken.", quarantined = entry.id, reason = entry.reason);
            }
        }
        Ok(replayed)
    }
}

/// `None`: it still cannot be read.
fn replay_record(installation: &mut Installation, entry: &Entry, record: &str) -> Result<Option<Account>, Failure> {
    let Ok(record) = serde_json::from_str::<Record>(record) else { return Ok(None) };
    let file = entry.file.as_str().into();
    let Ok(submission) = installation.rules.mappings.read(&entry.authority, None, &file, &record) else {
        return Ok(None);
    };
    let start = FileStart {
        authority: entry.authority.clone(),
        extract: entry.extract,
        name: format!("{} (quarantine {})", entry.file, entry.id),
        series: format!("quarantine {}", entry.id),
        path: entry.path.clone(),
        sha256: submission.content_hash(),
        mappings: installation.rules.library.fingerprint(),
        bytes: 0,
    };
    match installation.ledger.begin_file(start)? {
        FileBegun::Known(account) => Ok(Some(account)),
        FileBegun::Open(mut file) => {
            let hash = submission.content_hash();
            let item = Item::Submission(Box::new(submission), hash);
            installation.ledger.take(&mut file, &[item], &installation.actor)?;
            Ok(Some(installation.ledger.finish_file(&file, &installation.actor)?))
        }
    }
}

fn replay_file(installation: &mut Installation, entry: &Entry) -> Result<Option<Account>, Failure> {
    let path = PathBuf::from(&entry.path);
    if !path.is_file() {
        return Ok(None);
    }
    let incoming = Incoming {
        path,
        authority: entry.authority.clone(),
        extract: entry.extract,
        mapping: None,
        pattern: String::new(),
        shrink_share: 0.0,
        again: Some(entry.id),
    };
    let reports = read_file(installation, &incoming, false, &Unwatched)?;
    let mut sum = Account::default();
    for report in reports {
        sum.records += report.records;
        sum.taken += report.taken;
        sum.unchanged += report.unchanged;
        sum.quarantined += report.quarantined;
    }
    Ok((sum.quarantined == 0).then_some(sum))
}

impl Quarantined {
    fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            authority: entry.authority.to_string(),
            extract: entry.extract.as_str(),
            file: entry.file.clone(),
            place: entry.place.to_string(),
            reason: entry.reason.as_str(),
            message: entry.message.clone(),
            help: entry.help.clone(),
            state: entry.state.as_str(),
            why: entry.why.clone(),
            at: entry.at.clone(),
        }
    }

    /// The entry as a person reads it.
    pub fn text(&self) -> String {
        let Self { id, file, place, reason, message, help, state, at, .. } = self;
        format!("{id}: {file}, {place}\n{reason}: {message}\nwhat to do: {help}\n{state} since {at}\n")
    }
}

impl Replayed {
    /// What it has come to, in words.
    pub fn text(&self) -> String {
        let mut text = format!(
            "Taken: {}. Known already: {}. Still waiting: {}.\n",
            self.taken, self.unchanged, self.still_waiting
        );
        if !self.waiting.is_empty() {
            text.push_str(&quarantine_table(&self.waiting));
        }
        text
    }
}

/// Entries, with what is wrong and what to do under each.
pub fn quarantine_table(entries: &[Quarantined]) -> String {
    if entries.is_empty() {
        return "Nothing waits in quarantine.\n".to_owned();
    }
    let lines = entries.iter().map(|entry| {
        let Quarantined { id, file, place, reason, message, help, .. } = entry;
        format!("{id:>4}  {file}, {place}\n      {reason}: {message}\n      what to do: {help}\n")
    });
    let counted = report::count(entries.len(), "record");
    lines.collect::<String>() + &format!("{counted} in all.\n")
}
