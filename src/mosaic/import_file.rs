//! Mosaic by its bulk import: files handed over in a folder, and what became of them read from another.
//!
//! The shape is our own and documented here; a council's import reads it as it is or by a short script of its own.
//! Everything is UTF-8. `TES-7F3K-2Q9M-4T` stands for the reference of the write-back, by which everything is named:
//! handing over twice makes one file.
//!
//! **The outbox** holds for each write-back
//!
//! - `TES-7F3K-2Q9M-4T.csv` (RFC 4180), with the columns of its kind:
//!
//!   | kind | columns |
//!   |---|---|
//!   | `case-note` | `reference`, `key`, `person`, `type`, `title`, `contact-date`, `body`, `alert-recipients` (a `;` between) |
//!   | `appendment` | `reference`, `key`, `person`, `note` (Mosaic's id of the note), `contact-date`, `body` |
//!   | `form-outcome` | a row an answer: `reference`, `key`, `person`, `step`, `form`, `contact-date`, `question`, `answer`, `answer-type` (`text` or `yes-no`), `replaces` (the earlier answer of tessera's; empty: only where nothing is answered) |
//!   | `document` | `reference`, `key`, `person`, `title`, `contact-date`, `description`, `file` |
//!   | `workflow-step` | `reference`, `key`, `person`, `type`, `start-date`, `note` |
//!
//!   A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or an apostrophe) has
//!   an apostrophe before it, which the import takes off. The reference stands on a last line of its own in the text.
//! - `TES-7F3K-2Q9M-4T.docx`, the minutes, where the kind is `document`;
//! - `TES-7F3K-2Q9M-4T.manifest.json`, which comes last: **what has no manifest is not to be taken.**
//!
//!   ```json
//!   {"format":"tessera-import","version":1,"reference":"TES-7F3K-2Q9M-4T","key":"…","kind":"case-note",
//!    "person":"100001","handover":1,"records":1,"text-mark":"'","files":[{"name":"TES-7F3K-2Q9M-4T.csv","bytes":512,"sha256":"…"}]}
//!   ```
//!
//! The import may take these files away or leave them. `.handed-over/` is tessera's own: a line for each reference that
//! was ever handed over, without which a file that was taken away could be handed over again. It is left alone.
//!
//! **The results** are any number of files, `*.csv` or `*.json`, in any order, kept or taken away once they are read:
//!
//! - CSV, separated by `,` or `;`, a heading and a line a result: `reference`, `person`, `status` (`done` or
//!   `rejected`), `mosaic-id` (with `done`), `message`, `time`; also `key` and `kind`, which are compared where they are
//!   there. A result is one line, and the last line ends as the others do.
//! - JSON: `{"results":[{"reference":…,"person":…,"status":…,"mosaic-id":…,"message":…,"time":…}]}`.
//!
//! A file is read when it has not changed for ten seconds, or when a file of its name with `.done` behind it lies beside
//! it. The same result twice is one; two that differ, or one for another person, wait for a person. The message may
//! say something of the child, so that it is not copied: tessera names the file and the line where it stands.
//!
//! What was rejected is not on the record. After `tessera writeback retry` it is handed over again under its reference
//! with the next number of `handover`. The rejections known by then say nothing any more: they are told apart by a column
//! `handover` where the results have one, else by their time of day, else by their file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::import_file_outbox::{Known, Outbox, Trace};
use super::import_file_results::{Results, Verdict};
use super::import_file_shape::hand_over;
use crate::calendar::Clock;
use crate::domain::{Person, PersonId, Receipt, State, WriteBack, WriteBackId};
use crate::log;
use crate::writeback::{Carried, Carrier, Found, Identity, Unidentified};

/// What a write-back that was handed over waits for. It is kept with the write-back, and proves that it was handed over
/// where the journal of the outbox was lost.
const HANDED: &str = "handed over to Mosaic's import, which has not said what became of it";

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFolders {
    /// Where tessera puts what is to be written.
    pub outbox: PathBuf,
    /// Where the import puts what became of it.
    pub results: PathBuf,
}

/// Something of the outbox or of a result file that is not as it should be. It holds no text of a child's record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportTrouble {
    /// The file or the folder.
    pub file: PathBuf,
    /// Where in it: `line 3`, `result 3`.
    pub at: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Whether somebody must look; otherwise the next run does.
    pub needs_person: bool,
}

/// Why there is no way to Mosaic's import.
#[derive(Debug, thiserror::Error)]
pub enum ImportFileTrouble {
    /// A folder is not there. It is not made, because it may lie on a share that is away for now.
    #[error("use the folder {}: it is not there", .0.display())]
    NoFolder(PathBuf),
    /// A folder cannot be used.
    #[error("use the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Where a write-back stands.
enum Standing {
    /// It surely was not handed over.
    Free(Known),
    /// It was handed over, and nothing was said of it.
    Waiting,
    /// Mosaic has it.
    Done(Receipt),
    /// Mosaic does not have it, and will not as it was.
    Rejected {
        /// Where it says so.
        reason: String,
        /// What the outbox knows.
        known: Known,
        /// The results that say so.
        marks: Vec<String>,
    },
    /// A person must look.
    Doubtful(String),
}

/// Mosaic by its bulk import.
#[derive(Debug)]
pub struct ImportFileCarrier {
    outbox: Outbox,
    results: Mutex<Results>,
    people: BTreeMap<PersonId, Person>,
    clock: Clock,
    troubles: Mutex<BTreeSet<ImportTrouble>>,
    waiting: Mutex<BTreeSet<WriteBackId>>,
}

impl ImportFileCarrier {
    /// A way to the import through `folders`. `people` are those of the `persons` extract: nobody else is written for.
    pub fn new(
        folders: &ImportFolders,
        people: impl IntoIterator<Item = Person>,
        clock: Clock,
    ) -> Result<Self, ImportFileTrouble> {
        for path in [&folders.outbox, &folders.results] {
            if !path.is_dir() {
                return Err(ImportFileTrouble::NoFolder(path.clone()));
            }
        }
        let failed = |source| ImportFileTrouble::Folder { path: folders.outbox.clone(), source };
        Ok(Self {
            outbox: Outbox::open(&folders.outbox).map_err(failed)?,
            results: Mutex::new(Results::new(&folders.results, clock)),
            people: people.into_iter().map(|person| (person.person, person)).collect(),
            clock,
            troubles: Mutex::default(),
            waiting: Mutex::default(),
        })
    }

    /// How many write-backs this carrier has found or made to wait for the import.
    pub fn waiting(&self) -> u64 {
        u64::try_from(locked(&self.waiting).len()).unwrap_or(u64::MAX)
    }

    /// What is not as it should be, in order of file and place.
    pub fn troubles(&self) -> Vec<ImportTrouble> {
        let mut troubles = locked(&self.troubles).clone();
        match self.outbox.known() {
            Ok(known) => troubles.extend(locked(&self.results).troubles(&known)),
            Err(error) => {
                let (file, message) = (self.outbox.folder().to_owned(), format!("it cannot be read: {error}"));
                troubles.insert(ImportTrouble { file, at: None, message, needs_person: true });
            }
        }
        troubles.into_iter().collect()
    }

    /// Where a write-back stands.
    fn look(&self, write_back: &WriteBack) -> Result<Standing, String> {
        let known = self.outbox.known_of(write_back).map_err(|error| format!("the outbox cannot be read: {error}"))?;
        let verdict = {
            let mut results = locked(&self.results);
            results.refresh().map_err(|error| format!("the results cannot be read: {error}"))?;
            results.verdict(write_back, &known)
        };
        // The ledger remembers it too, where the outbox has lost its journal.
        let remembered = matches!(&write_back.state, State::Uncertain { reason, .. } if reason == HANDED);
        let doubtful = |reason: &str| Ok(Standing::Doubtful(reason.to_owned()));
        match (verdict, known.trace, remembered) {
            (_, Trace::OfAnother, _) => doubtful("another write-back of this reference is in the outbox"),
            (Verdict::Doubtful { reason }, _, _) => Ok(Standing::Doubtful(reason)),
            (Verdict::Nothing, Trace::None | Trace::Prepared, false) => Ok(Standing::Free(known)),
            (Verdict::Nothing, Trace::HandedOver, _) => Ok(Standing::Waiting),
            (Verdict::Nothing, Trace::None | Trace::Prepared, true) => {
                self.trouble(write_back, "it was handed over, and the outbox knows nothing of it any more".to_owned());
                Ok(Standing::Waiting)
            }
            (Verdict::Rejected { .. }, Trace::None, false)
            | (Verdict::Done { .. }, Trace::None | Trace::Prepared, false) => {
                doubtful("there is a result of it, and it was never handed over from this outbox")
            }
            (Verdict::Done { mosaic_id, time }, _, _) => Ok(Standing::Done(self.receipt(mosaic_id, time))),
            (Verdict::Rejected { reason, marks }, _, _) => Ok(Standing::Rejected { reason, known, marks }),
        }
    }

    fn receipt(&self, mosaic_id: String, mosaic_time: Option<String>) -> Receipt {
        Receipt { mosaic_id, mosaic_time, known_at: self.clock.now(), by_reading: true }
    }

    fn handed_over(&self, write_back: &WriteBack) -> Carried {
        locked(&self.waiting).insert(write_back.id);
        Carried::Handed { reason: HANDED.to_owned() }
    }

    fn trouble(&self, write_back: &WriteBack, message: String) {
        let file = self.outbox.path_of(&write_back.reference);
        locked(&self.troubles).insert(ImportTrouble { file, at: None, message, needs_person: true });
    }

    /// What surely was not handed over is put off, and said.
    fn unsent(&self, write_back: &WriteBack, reason: String) -> Carried {
        self.trouble(write_back, reason.clone());
        Carried::Unsent { reason, retry_after: None }
    }

    fn hand_over(&self, write_back: &WriteBack, known: Known, marks: Vec<String>) -> Carried {
        // What was prepared and never shown is the same handing over.
        let handover = known.handovers.saturating_add(u32::from(known.trace != Trace::Prepared));
        let mended = known.mended.into_iter().chain(marks).collect();
        let files = match hand_over(write_back, handover) {
            Ok(files) => files,
            Err(reason) => return Carried::Refused { reason },
        };
        log::debug!("It is put into the outbox of Mosaic’s import.", handover = handover, files = files.files.len());
        let prepared = self.outbox.prepare(write_back, &files, (handover, mended), self.clock.now());
        let Err(error) = prepared.and_then(|()| self.outbox.show(write_back)) else {
            return self.handed_over(write_back);
        };
        log::debug!("It could not be put into the outbox of Mosaic’s import: the folder or its disk failed.");
        let reason = format!("it could not be handed over: {error}");
        match self.outbox.known_of(write_back).map(|known| known.trace) {
            // What has no manifest was not handed over.
            Ok(Trace::None | Trace::Prepared) => self.unsent(write_back, reason),
            Ok(Trace::HandedOver) => {
                self.trouble(write_back, reason);
                self.handed_over(write_back)
            }
            Ok(Trace::OfAnother) | Err(_) => Carried::Unknown { reason },
        }
    }
}

impl Carrier for ImportFileCarrier {
    async fn carry(&self, write_back: &WriteBack) -> Carried {
        match self.look(write_back) {
            Ok(Standing::Free(known)) => self.hand_over(write_back, known, Vec::new()),
            Ok(Standing::Waiting) => self.handed_over(write_back),
            Ok(Standing::Done(receipt)) => Carried::Done(receipt),
            // What was rejected is not on the record, and comes here only after a person has let it go on.
            Ok(Standing::Rejected { known, marks, .. }) => self.hand_over(write_back, known, marks),
            // Reading it again says the same, and then it waits for a person.
            Ok(Standing::Doubtful(reason)) => Carried::Unknown { reason },
            Err(reason) => self.unsent(write_back, reason),
        }
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        match self.look(write_back) {
            Ok(Standing::Free(_)) => Found::Nowhere,
            Ok(Standing::Waiting) => {
                locked(&self.waiting).insert(write_back.id);
                Found::Waiting
            }
            Ok(Standing::Done(receipt)) => Found::Once(receipt),
            // The ledger knew of it, so that a person has let it go on since. It is not on the record.
            Ok(Standing::Rejected { known, .. }) if is_let_go_on(write_back, &known) => Found::Nowhere,
            Ok(Standing::Rejected { reason, .. }) => Found::Refused { reason },
            Ok(Standing::Doubtful(reason)) => Found::Doubtful { reason },
            Err(reason) => Found::Unreadable { reason },
        }
    }

    async fn identify(&self, person: PersonId) -> Result<Identity, Unidentified> {
        let Some(known) = self.people.get(&person) else {
            let reason = "the persons extract does not hold this person, and the import cannot be asked".to_owned();
            return Err(Unidentified::Refused { reason });
        };
        Ok(Identity {
            person: known.person,
            date_of_birth: known.date_of_birth.clone(),
            initials: known.initials.clone(),
            // The extract does not say so: the import itself refuses a closed record.
            closed: false,
            restricted: known.restricted,
            merged_into: known.merged_into,
        })
    }
}

impl std::fmt::Display for ImportTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.display().fmt(f)?;
        if let Some(at) = &self.at {
            write!(f, ", {at}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Whether the ledger has been told what became of every handing over: it counts its attempts, and one that waits for
/// its result is marked.
fn is_let_go_on(write_back: &WriteBack, known: &Known) -> bool {
    let waits = matches!(&write_back.state, State::Uncertain { reason, .. } if reason == HANDED);
    !waits && known.handovers <= write_back.attempts
}

/// What is kept is changed in one go, so that nothing is half done where another thread has panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
