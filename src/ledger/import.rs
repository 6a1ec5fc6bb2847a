//! Files and what is taken from them, batch by batch, so that a process that dies loses nothing and doubles nothing.

use sha2::{Digest as _, Sha256};

use super::audit::{self, Said};
use super::audit_kept;
use super::check::LAST;
use super::engine::{Row, Transaction, params};
use super::standing::{Standing, Stands, recount, restand};
use super::store::{count, decode, encode, number};
use super::{Actor, Ledger, LedgerTrouble};
use crate::diagnostic::{Located, Place};
use crate::domain::{
    Account, AuthorityName, Document, Event, ExtractType, PanelName, Person, PersonId, Reason, Submission,
    SubmissionId, Trouble, hexadecimal,
};

/// A file that is about to be read.
#[derive(Debug, Clone)]
pub struct FileStart {
    /// Whose it is.
    pub authority: AuthorityName,
    /// What it holds.
    pub extract: ExtractType,
    /// Its name.
    pub name: String,
    /// What its name has in common with those of its predecessors.
    pub series: String,
    /// Where it lies, for reading it again.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Fingerprint of the mapping files it is read with.
    pub mappings: [u8; 32],
    /// Its size.
    pub bytes: u64,
}

/// A file that is being read.
#[derive(Debug, Clone)]
pub struct OpenFile {
    id: i64,
    start: FileStart,
    /// What has become of its records so far.
    pub account: Account,
}

/// What the ledger knows of a file.
#[derive(Debug)]
pub enum FileBegun {
    /// It was read to its end before, with the same mapping files; the account as it is now.
    Known(Account),
    /// It is to be read. Where an earlier run died, `account.records` records of it are done.
    Open(OpenFile),
}

/// One record of a file.
#[derive(Debug)]
pub enum Item {
    /// A submission, with the hash of what it says.
    Submission(Box<Submission>, [u8; 32]),
    /// A document on the record.
    Document(Document),
    /// A dated happening.
    Event(Event),
    /// A person.
    Person(Person),
    /// A record that could not be read.
    Quarantined {
        /// Why.
        trouble: Trouble,
        /// The submission, where the record names one.
        submission: Option<SubmissionId>,
        /// The record itself as JSON, for reading it again.
        record: Option<String>,
    },
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    Unchanged,
    Quarantined,
}

impl Ledger {
    /// The size of the file before this one in its series.
    pub fn bytes_before(&self, start: &FileStart) -> Result<Option<u64>, LedgerTrouble> {
        let bytes: Option<i64> = self.database.first(
            "SELECT bytes FROM file WHERE authority = ?1 AND extract = ?2 AND series = ?3 AND finished = 1 AND sha256 <> ?4
                 ORDER BY id DESC LIMIT 1",
            params![start.authority.as_str(), start.extract.as_str(), start.series, &start.sha256[..]],
            |row| row.get(0),
        )?;
        Ok(bytes.map(count))
    }

    /// What the ledger knows of a file; it begins the file where it knows nothing.
    pub fn begin_file(&mut self, start: FileStart) -> Result<FileBegun, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let FileStart { authority, extract, name, series, path: place, sha256, mappings, bytes } = &start;
        transaction.execute(
            "INSERT INTO file (authority, extract, name, series, path, sha256, mappings, bytes, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (authority, extract, name, sha256, mappings) DO NOTHING",
            params![
                authority.as_str(),
                extract.as_str(),
                name,
                series,
                place,
                &sha256[..],
                &mappings[..],
                number(*bytes),
                at
            ],
        )?;
        let (id, finished, account) = transaction.one(
            "SELECT id, finished, records, taken, unchanged, quarantined FROM file
                 WHERE authority = ?1 AND extract = ?2 AND name = ?3 AND sha256 = ?4 AND mappings = ?5",
            params![authority.as_str(), extract.as_str(), name, &sha256[..], &mappings[..]],
            |row| Ok((row.get(0)?, row.get::<bool>(1)?, account(row, 2)?)),
        )?;
        let waiting: i64 = transaction.one(
            "SELECT count(*) FROM quarantine
                 WHERE authority = ?1 AND extract = ?2 AND file = ?3 AND sha256 = ?4 AND state = 'waiting'",
            params![authority.as_str(), extract.as_str(), name, &sha256[..]],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        if !finished {
            return Ok(FileBegun::Open(OpenFile { id, start, account }));
        }
        let quarantined = count(waiting).min(account.records);
        let unchanged = account.records - quarantined;
        Ok(FileBegun::Known(Account { records: account.records, taken: 0, unchanged, quarantined }))
    }

    /// Takes a batch of records, and how far the file has been read, in one transaction.
    pub fn take(&mut self, file: &mut OpenFile, items: &[Item], actor: &Actor) -> Result<(), LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let entry = audit::next(&transaction)?;
        let waiting = any_waiting(&transaction)?;
        let batch = Batch { transaction: &transaction, file, entry, at: &at, waiting };
        let mut account = file.account;
        for item in items {
            account.records += 1;
            match batch.take(item)? {
                Fate::Taken => account.taken += 1,
                Fate::Unchanged => account.unchanged += 1,
                Fate::Quarantined => account.quarantined += 1,
            }
        }
        batch.progress(&account)?;
        let after = audit::imported(&transaction, entry)?;
        let subject = format!("{}/{} {}", file.start.authority, file.start.name, account.records);
        let said = Said { actor, action: "imported", subject: &subject, before: &file.start.sha256, after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()?;
        file.account = account;
        Ok(())
    }

    /// The file has been read to its end; the trail tells what it and those before it have left.
    pub fn finish_file(&mut self, file: &OpenFile, actor: &Actor) -> Result<Account, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        transaction.execute("UPDATE file SET finished = 1 WHERE id = ?1", params![file.id])?;
        let FileStart { authority, extract, sha256, .. } = &file.start;
        let after = audit_kept::left(&transaction, authority.as_str(), extract.as_str())?;
        let subject = audit_kept::subject(authority.as_str(), extract.as_str());
        let said = Said { actor, action: audit_kept::KEPT, subject: &subject, before: sha256, after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()?;
        Ok(file.account)
    }

    /// What would become of a record, changing nothing.
    pub fn would_take(&self, item: &Item) -> Result<Account, LedgerTrouble> {
        let mut account = Account { records: 1, ..Account::default() };
        let known = match item {
            Item::Quarantined { .. } => {
                account.quarantined = 1;
                return Ok(account);
            }
            Item::Submission(submission, hash) => self.knows_submission(&submission.id, hash),
            Item::Document(document) => self.knows(&Keyed::document(document)?),
            Item::Event(event) => self.knows(&Keyed::event(event)?),
            Item::Person(person) => self.knows(&Keyed::person(person)?),
        };
        if known? {
            account.unchanged = 1
        } else {
            account.taken = 1
        }
        Ok(account)
    }

    fn knows_submission(&self, id: &SubmissionId, wanted: &[u8; 32]) -> Result<bool, LedgerTrouble> {
        let sql = "SELECT content_hash FROM submission WHERE id = ?1";
        let hash: Option<Vec<u8>> = self.database.first(sql, params![id.as_str()], |row| row.get(0))?;
        Ok(hash.is_some_and(|hash| hash == wanted))
    }

    fn knows(&self, keyed: &Keyed<'_>) -> Result<bool, LedgerTrouble> {
        let hash: Option<Vec<u8>> = self.database.first(
            KNOWN_RECORD,
            params![keyed.authority.as_str(), keyed.extract.as_str(), number(keyed.person.number()), keyed.key],
            |row| row.get(0),
        )?;
        Ok(hash.is_some_and(|hash| hash == keyed.hash))
    }
}

const KNOWN_RECORD: &str =
    "SELECT content_hash FROM record WHERE authority = ?1 AND extract = ?2 AND person = ?3 AND key = ?4";

fn account(row: &Row<'_>, from: usize) -> Result<Account, LedgerTrouble> {
    Ok(Account {
        records: count(row.get(from)?),
        taken: count(row.get(from + 1)?),
        unchanged: count(row.get(from + 2)?),
        quarantined: count(row.get(from + 3)?),
    })
}

fn any_waiting(transaction: &Transaction<'_>) -> Result<bool, LedgerTrouble> {
    let sql = "SELECT EXISTS (SELECT 1 FROM quarantine WHERE state = 'waiting' AND submission IS NOT NULL)";
    transaction.one(sql, &[], |row| row.get(0))
}

struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    file: &'a OpenFile,
    entry: i64,
    at: &'a str,
    /// Whether anything waits in quarantine that a submission could settle.
    waiting: bool,
}

/// What the ledger holds of a submission.
struct Held {
    latest: i64,
    hash: Vec<u8>,
    panel: Option<String>,
}

impl Batch<'_> {
    fn take(&self, item: &Item) -> Result<Fate, LedgerTrouble> {
        match item {
            Item::Submission(submission, hash) => self.submission(submission, hash),
            Item::Document(document) => self.record(&Keyed::document(document)?),
            Item::Event(event) => self.record(&Keyed::event(event)?),
            Item::Person(person) => self.record(&Keyed::person(person)?),
            Item::Quarantined { trouble, submission, record } => {
                self.quarantine(trouble, submission.as_ref(), record.as_deref())?;
                Ok(Fate::Quarantined)
            }
        }
    }

    fn submission(&self, submission: &Submission, hash: &[u8; 32]) -> Result<Fate, LedgerTrouble> {
        let held = self.held(&submission.id)?;
        if held.as_ref().is_some_and(|held| held.hash == hash) {
            self.settle(&submission.id)?;
            return Ok(Fate::Unchanged);
        }
        if let Some(held) = &held
            && self.file_of(&submission.id, held.latest)? == self.file.id
        {
            let message = "the file says two different things of the same submission".to_owned();
            let help = "have the report run again; if it stays so, it joins a table twice".to_owned();
            let place = submission.origin.place.clone();
            let trouble = Trouble { place, reason: Reason::RecordsDisagree, message, help };
            self.quarantine(&trouble, Some(&submission.id), None)?;
            return Ok(Fate::Quarantined);
        }
        let number = held.as_ref().map_or(1, |held| held.latest + 1);
        self.revise(submission, number, hash)?;
        self.unseen(submission, held.as_ref())?;
        self.people(submission, number)?;
        self.settle(&submission.id)?;
        Ok(Fate::Taken)
    }

    fn held(&self, id: &SubmissionId) -> Result<Option<Held>, LedgerTrouble> {
        self.transaction.first(
            "SELECT latest, content_hash, panel FROM submission WHERE id = ?1",
            params![id.as_str()],
            |row| Ok(Held { latest: row.get(0)?, hash: row.get(1)?, panel: row.get(2)? }),
        )
    }

    /// The file that a revision was read from.
    fn file_of(&self, id: &SubmissionId, revision: i64) -> Result<i64, LedgerTrouble> {
        self.transaction.one(
            "SELECT file FROM revision WHERE submission = ?1 AND number = ?2",
            params![id.as_str(), revision],
            |row| row.get(0),
        )
    }

    fn revise(&self, submission: &Submission, number: i64, hash: &[u8; 32]) -> Result<(), LedgerTrouble> {
        let payload = encode(submission)?;
        self.transaction.execute(
            "INSERT INTO submission VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET
                 panel = ?3, form = ?4, version = ?5, is_request = ?6, latest = ?7, content_hash = ?8",
            params![
                submission.id.as_str(),
                submission.authority.as_str(),
                submission.panel.as_ref().map(PanelName::as_str),
                &*submission.form,
                &*submission.version,
                submission.is_request(),
                number,
                &hash[..],
            ],
        )?;
        self.transaction.execute(
            "INSERT INTO revision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![submission.id.as_str(), number, &hash[..], payload, self.file.id, self.entry, self.at],
        )?;
        if number > 1 {
            let is_asked = submission.is_request() && submission.panel.is_some();
            let standing = if is_asked { Standing::Open } else { Standing::Withdrawn };
            for before in Stands::of(self.transaction, &submission.id)? {
                if before.standing != Standing::Decided && before.standing != standing {
                    let after = Stands { standing, ..before.clone() };
                    restand(self.transaction, &submission.id, &before, &after)?;
                }
            }
        }
        Ok(())
    }

    /// No check has seen the submission as it is now.
    fn unseen(&self, submission: &Submission, before: Option<&Held>) -> Result<(), LedgerTrouble> {
        let panel = submission.panel.as_ref().filter(|_| submission.is_request()).map(PanelName::as_str);
        let before = before.and_then(|held| held.panel.as_deref());
        if before.is_some() && before != panel {
            let sql = "DELETE FROM unseen WHERE panel = ?1 AND submission = ?2";
            self.transaction.execute(sql, params![before, submission.id.as_str()])?;
        }
        if panel.is_some() {
            let sql =
                "INSERT INTO unseen (panel, submission) VALUES (?1, ?2) ON CONFLICT (panel, submission) DO NOTHING";
            self.transaction.execute(sql, params![panel, submission.id.as_str()])?;
        }
        Ok(())
    }

    /// Whom the submission is about. That all of them are others than before is the sign of a merge in Mosaic.
    fn people(&self, submission: &Submission, revision: i64) -> Result<(), LedgerTrouble> {
        let authority = submission.authority.as_str();
        if revision > 1 {
            let before = self.transaction.rows(
                "SELECT person FROM subject WHERE authority = ?1 AND submission = ?2 ORDER BY person",
                params![authority, submission.id.as_str()],
                |row| row.get::<i64>(0),
            )?;
            let after: Vec<i64> = submission.people.iter().map(|person| number(person.number())).collect();
            if !before.is_empty() && before.iter().all(|person| !after.contains(person)) {
                let list = |people: &[i64]| people.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
                self.transaction.execute(
                    "INSERT INTO moved VALUES (?1, ?2, ?3, ?4)",
                    params![submission.id.as_str(), revision, list(&before), list(&after)],
                )?;
            }
            let sql = "DELETE FROM subject WHERE authority = ?1 AND submission = ?2 AND person = ?3";
            for person in &before {
                self.transaction.execute(sql, params![authority, submission.id.as_str(), person])?;
            }
            let gone = |stands: &Stands| before.contains(&stands.person) && !after.contains(&stands.person);
            for stands in Stands::of(self.transaction, &submission.id)?.iter().filter(|stands| gone(stands)) {
                let sql = "DELETE FROM checked WHERE submission = ?1 AND person = ?2";
                self.transaction.execute(sql, params![submission.id.as_str(), stands.person])?;
                recount(self.transaction, &submission.id, Some(stands), None)?;
            }
        }
        let sql = "INSERT INTO subject (authority, person, submission) VALUES (?1, ?2, ?3)
            ON CONFLICT (authority, person, submission) DO NOTHING";
        for person in &submission.people {
            self.transaction.execute(sql, params![authority, number(person.number()), submission.id.as_str()])?;
        }
        Ok(())
    }

    /// What waited in quarantine for this submission waits no longer.
    fn settle(&self, id: &SubmissionId) -> Result<(), LedgerTrouble> {
        if !self.waiting {
            return Ok(());
        }
        self.transaction
            .execute(
                "UPDATE quarantine SET state = 'taken-later', settled = ?2
                 WHERE submission = ?1 AND state = 'waiting' AND reason <> 'records-disagree'",
                params![id.as_str(), self.entry],
            )
            .map(drop)
    }

    fn record(&self, keyed: &Keyed<'_>) -> Result<Fate, LedgerTrouble> {
        let (authority, extract, person) =
            (keyed.authority.as_str(), keyed.extract.as_str(), number(keyed.person.number()));
        let held: Option<Vec<u8>> =
            self.transaction.first(KNOWN_RECORD, params![authority, extract, person, keyed.key], |row| row.get(0))?;
        if held.as_ref().is_some_and(|held| *held == keyed.hash) {
            return Ok(Fate::Unchanged);
        }
        if let Some(event) = keyed.event {
            self.event(keyed, event, held.is_some())?;
        }
        self.transaction.execute(
            "INSERT INTO record (authority, extract, person, key, content_hash, payload, file, entry)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (authority, extract, person, key) DO UPDATE SET
             content_hash = ?5, payload = ?6, file = ?7, entry = ?8",
            params![authority, extract, person, keyed.key, keyed.hash, keyed.payload, self.file.id, self.entry],
        )?;
        Ok(Fate::Taken)
    }

    /// Puts an event among those of its kind; what an earlier file said of it is taken out.
    fn event(&self, keyed: &Keyed<'_>, event: &Event, is_known: bool) -> Result<(), LedgerTrouble> {
        let (authority, person) = (keyed.authority.as_str(), number(keyed.person.number()));
        if is_known {
            let sql = "SELECT payload FROM record WHERE authority = ?1 AND extract = ?2 AND person = ?3 AND key = ?4";
            let payload: String =
                self.transaction
                    .one(sql, params![authority, keyed.extract.as_str(), person, keyed.key], |row| row.get(0))?;
            let before: Event = decode("an event", &payload)?;
            let sql =
                "DELETE FROM event_day WHERE authority = ?1 AND kind = ?2 AND starts = ?3 AND person = ?4 AND key = ?5";
            self.transaction
                .execute(sql, params![authority, &*before.kind, before.on.to_string(), person, keyed.key])?;
        }
        let sql = "INSERT INTO event_day (authority, kind, starts, ends, person, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (authority, kind, starts, person, key) DO UPDATE SET ends = ?4";
        let ends = event.until.map_or_else(|| LAST.to_owned(), |until| until.to_string());
        self.transaction
            .execute(sql, params![authority, &*event.kind, event.on.to_string(), ends, person, keyed.key])
            .map(drop)
    }

    fn quarantine(
        &self,
        trouble: &Trouble,
        submission: Option<&SubmissionId>,
        record: Option<&str>,
    ) -> Result<(), LedgerTrouble> {
        let start = &self.file.start;
        self.transaction.execute(
            "INSERT INTO quarantine
                 (authority, extract, file, path, sha256, place, reason, message, help, submission, record, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (authority, extract, file, sha256, place, reason) DO NOTHING",
            params![
                start.authority.as_str(),
                start.extract.as_str(),
                start.name,
                start.path,
                &start.sha256[..],
                encode(&trouble.place)?,
                trouble.reason.as_str(),
                trouble.message,
                trouble.help,
                submission.map(SubmissionId::as_str),
                record,
                self.at,
            ],
        )?;
        Ok(())
    }

    fn progress(&self, account: &Account) -> Result<(), LedgerTrouble> {
        let Account { records, taken, unchanged, quarantined } = *account;
        self.transaction
            .execute(
                "UPDATE file SET records = ?2, taken = ?3, unchanged = ?4, quarantined = ?5 WHERE id = ?1",
                params![self.file.id, number(records), number(taken), number(unchanged), number(quarantined)],
            )
            .map(drop)
    }
}

/// A document, event or person with the key by which it is known again.
struct Keyed<'a> {
    authority: &'a AuthorityName,
    extract: ExtractType,
    person: PersonId,
    key: String,
    payload: String,
    hash: Vec<u8>,
    /// Where it is an event.
    event: Option<&'a Event>,
}

impl<'a> Keyed<'a> {
    fn document(document: &'a Document) -> Result<Self, LedgerTrouble> {
        let plain = encode(&Document { source: nowhere(), ..document.clone() })?;
        let Document { authority, person, document_id, .. } = document;
        let id = document_id.clone();
        Ok(Self::of(authority, ExtractType::Documents, *person, id, &plain, encode(document)?))
    }

    fn event(event: &'a Event) -> Result<Self, LedgerTrouble> {
        let plain = encode(&Event { source: nowhere(), ..event.clone() })?;
        let Event { authority, person, event_id, .. } = event;
        let keyed = Self::of(authority, ExtractType::Events, *person, event_id.clone(), &plain, encode(event)?);
        Ok(Self { event: Some(event), ..keyed })
    }

    fn person(person: &'a Person) -> Result<Self, LedgerTrouble> {
        let plain = encode(&Person { source: nowhere(), ..person.clone() })?;
        let id = Some(String::new());
        Ok(Self::of(&person.authority, ExtractType::Persons, person.person, id, &plain, encode(person)?))
    }

    /// `plain` is the record without the place it was read at: what says the same elsewhere is the same.
    fn of(
        authority: &'a AuthorityName,
        extract: ExtractType,
        person: PersonId,
        id: Option<String>,
        plain: &str,
        payload: String,
    ) -> Self {
        let hash = Sha256::digest(plain).to_vec();
        let key = id.unwrap_or_else(|| hexadecimal(hash.iter().take(16)));
        Self { authority, extract, person, key, payload, hash, event: None }
    }
}

fn nowhere() -> Located {
    Located { file: "".into(), place: Place::Whole }
}
