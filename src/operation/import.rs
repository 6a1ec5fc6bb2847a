//! `import`: files into the ledger, record by record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::file_report::table;
use super::installation::Installation;
use super::source::{series, wanted};
use super::{Failure, FileReport, Mistake, Progress, Thing};
use crate::config::{Configuration, SourcePlace};
use crate::diagnostic::Place;
use crate::domain::{Account, AuthorityName, ExtractType, FormId, Reason, StepId, SubmissionId, Trouble};
use crate::export::{self, Column, Forms, Headings, Part, Record, Row, Rows};
use crate::ledger::{FileBegun, FileStart, Item, OpenFile, Work};
use crate::log::{self, FileId, FileName};
use crate::mapping::{self, FormMapping};
use crate::report;

/// Records of one transaction: enough to make it cheap, few enough that a killed process loses little.
const BATCH: usize = 500;

/// What `import` is asked for.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Whose they are, where no source of the configuration says.
    pub authority: Option<AuthorityName>,
    /// What they hold, where no source says.
    pub extract: Option<ExtractType>,
    /// The mapping that reads them, where no source says.
    pub mapping: Option<String>,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
}

/// What became of the files.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// Each file.
    pub files: Vec<FileReport>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// What `import` has done.
#[derive(Debug)]
pub struct Imported {
    /// What became of the files.
    pub report: ImportReport,
    /// What is wrong with mapping files.
    pub mistakes: Vec<Mistake>,
}

impl ImportReport {
    /// The files as a table.
    pub fn table(&self) -> String {
        table(&self.files)
    }

    /// Whether something waits in quarantine.
    pub fn needs_person(&self) -> bool {
        self.files.iter().any(|file| file.quarantined > 0)
    }
}

impl Imported {
    /// What to do next.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if self.report.dry_run {
            advice.push("Nothing was changed.".to_owned());
        }
        let quarantined: u64 = self.report.files.iter().map(|file| file.quarantined).sum();
        if quarantined > 0 && !self.report.dry_run {
            let counted = report::count(quarantined, "record");
            advice.push(format!("{counted} could not be read: `tessera quarantine list` says where and what to do."));
        }
        advice
    }
}

impl Installation {
    /// Reads files now.
    pub fn import(&mut self, request: &ImportRequest, progress: &dyn Progress) -> Result<Imported, Failure> {
        let incoming = request
            .files
            .iter()
            .map(|path| incoming(&self.configuration, request, path))
            .collect::<Result<Vec<_>, _>>()?;
        let _lease = if request.dry_run { None } else { Some(self.ledger.lease(Work::Import)?) };
        let mut files = Vec::new();
        for one in &incoming {
            files.extend(read_file(self, one, request.dry_run, progress)?);
        }
        let mistakes = self.rules.mistakes.clone();
        Ok(Imported { report: ImportReport { files, dry_run: request.dry_run }, mistakes })
    }
}

/// A file and how it is to be read.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) path: PathBuf,
    pub(super) authority: AuthorityName,
    pub(super) extract: ExtractType,
    pub(super) mapping: Option<String>,
    /// The pattern of its source; empty where it comes from none. For the log.
    pub(super) pattern: String,
    /// Below this share of its predecessor the file is held for a person.
    pub(super) shrink_share: f64,
    /// Set where a file is read again although it is known: the number of the quarantine's entry.
    pub(super) again: Option<u64>,
}

/// How a file is read: as its source says, else as asked for, else as the only authority's forms.
fn incoming(configuration: &Configuration, request: &ImportRequest, path: &Path) -> Result<Incoming, Failure> {
    if !path.is_file() {
        let help = "name a file that is there; a folder is read by `tessera sync`";
        return Err(Failure::invalid(format_args!("there is no file {}", path.display()), help));
    }
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = request.authority.is_none() && request.extract.is_none();
    for authority in configuration.authorities.iter().filter(|_| own) {
        for source in &authority.sources {
            let SourcePlace::Folder(folder) = &source.place;
            let here = folder.canonicalize().is_ok_and(|folder| absolute.parent() == Some(folder.as_path()));
            if here && wanted(source, &name) {
                return Ok(Incoming {
                    path: path.to_owned(),
                    authority: authority.name.clone(),
                    extract: source.extract,
                    mapping: request.mapping.clone().or_else(|| source.mapping.clone()),
                    pattern: source.pattern.as_str().to_owned(),
                    shrink_share: 0.0,
                    again: None,
                });
            }
        }
    }
    let only = match configuration.authorities.as_slice() {
        [one] => Some(one.name.clone()),
        _ => None,
    };
    let Some(authority) = request.authority.clone().or(only) else {
        let names: Vec<&str> = configuration.authorities.iter().map(|authority| authority.name.as_str()).collect();
        let message = format!("{} lies in no source, and the configuration has several authorities", path.display());
        return Err(Failure::invalid(message, format!("say whose it is with --authority: {}", names.join(", "))));
    };
    Ok(Incoming {
        path: path.to_owned(),
        authority,
        extract: request.extract.unwrap_or(ExtractType::Forms),
        mapping: request.mapping.clone(),
        pattern: String::new(),
        shrink_share: 0.0,
        again: None,
    })
}

impl Incoming {
    /// Its name, as far as the log may have it.
    fn name(&self) -> FileName<'_> {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        FileName { pattern: &self.pattern, name }
    }
}

/// Reads a file, each part of it with an account of its own.
pub(super) fn read_file(
    installation: &mut Installation,
    incoming: &Incoming,
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<Vec<FileReport>, Failure> {
    let unreadable = |error| {
        let error = anyhow::Error::new(error).context(format!("read {}", incoming.path.display()));
        Failure::failed(error, "look at who may read it, and at its disk")
    };
    // Nothing is kept of a dry run, and a file that nothing is kept of need not be known again.
    let sha256 = if dry_run { [0; 32] } else { export::fingerprint(&incoming.path).map_err(unreadable)? };
    let pinned = match &incoming.mapping {
        None => None,
        Some(name) => {
            let mapping = installation.rules.mappings.named(name).cloned();
            Some(mapping.ok_or_else(|| Failure::not_found(Thing::Mapping, name))?)
        }
    };
    let span = log::span!(
        "file",
        file = (!dry_run).then_some(FileId(sha256)),
        authority = &incoming.authority,
        extract = incoming.extract
    );
    let _within = span.enter();
    log::info!("A file is read.", name = incoming.name());
    let (parts, troubles) = export::parts(&incoming.path);
    let shown = installation.shown(&incoming.path);
    let mut reports = Vec::new();
    if !troubles.is_empty() {
        let items = troubles.into_iter().map(|trouble| quarantined(trouble, None)).collect();
        let bytes = std::fs::metadata(&incoming.path).map_or(0, |about| about.len());
        let start = start(installation, incoming, &shown, sha256, bytes);
        reports.push(take_all(installation, incoming, start, items, dry_run)?);
    }
    for part in parts {
        let member = part.name().split_once('/').map(|(_, member)| member);
        let name = member.map_or_else(|| shown.clone(), |member| format!("{shown}/{member}"));
        let start = start(installation, incoming, &name, sha256, part.bytes());
        reports.push(read_part(installation, incoming, &part, start, pinned.as_ref(), dry_run, progress)?);
    }
    Ok(reports)
}

fn start(installation: &Installation, incoming: &Incoming, name: &str, sha256: [u8; 32], bytes: u64) -> FileStart {
    let mut mappings = Sha256::new();
    mappings.update(installation.rules.library.fingerprint());
    mappings.update(incoming.mapping.as_deref().unwrap_or(""));
    mappings.update(incoming.again.map_or_else(String::new, |entry| format!("again {entry}")));
    FileStart {
        authority: incoming.authority.clone(),
        extract: incoming.extract,
        name: name.to_owned(),
        series: series(name),
        path: incoming.path.display().to_string(),
        sha256,
        mappings: mappings.finalize().into(),
        bytes,
    }
}

fn quarantined(trouble: Trouble, record: Option<(&AuthorityName, &Record)>) -> Item {
    let submission = record.and_then(|(authority, record)| {
        let form = record.head(Column::FormId).and_then(|id| id.parse::<FormId>().ok());
        let step = record.head(Column::WorkflowStepId).and_then(|id| id.parse::<StepId>().ok());
        SubmissionId::of(authority, form, step)
    });
    let record = record.and_then(|(_, record)| serde_json::to_string(record).ok());
    Item::Quarantined { trouble, submission, record }
}

/// Says what waits in quarantine now.
fn tell_quarantined(items: &[Item]) {
    for item in items {
        if let Item::Quarantined { trouble, submission, .. } = item {
            log::warn!(
                "A record waits in quarantine for a person.",
                reason = trouble.reason,
                place = &trouble.place,
                submission = submission.as_ref()
            );
        }
    }
}

/// Says what became of an export, and makes the report of it.
fn report_of(incoming: &Incoming, name: &str, account: Account) -> FileReport {
    log::info!(
        "An export was read: what is new was taken.",
        records = account.records,
        taken = account.taken,
        unchanged = account.unchanged,
        quarantined = account.quarantined
    );
    FileReport::of(name.to_owned(), incoming.authority.to_string(), incoming.extract.as_str(), account)
}

/// Takes a few items that are there already.
fn take_all(
    installation: &mut Installation,
    incoming: &Incoming,
    start: FileStart,
    items: Vec<Item>,
    dry_run: bool,
) -> Result<FileReport, Failure> {
    let name = start.name.clone();
    if dry_run {
        let records = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let account = Account { records, quarantined: records, ..Account::default() };
        return Ok(report_of(incoming, &name, account));
    }
    match installation.ledger.begin_file(start)? {
        FileBegun::Known(account) => {
            log::debug!("The export is known: it was read before.");
            Ok(report_of(incoming, &name, account))
        }
        FileBegun::Open(mut file) => {
            let done = usize::try_from(file.account.records).unwrap_or(usize::MAX);
            let rest: Vec<Item> = items.into_iter().skip(done).collect();
            installation.ledger.take(&mut file, &rest, &installation.actor)?;
            tell_quarantined(&rest);
            Ok(report_of(incoming, &name, installation.ledger.finish_file(&file, &installation.actor)?))
        }
    }
}

fn read_part(
    installation: &mut Installation,
    incoming: &Incoming,
    part: &Part,
    start: FileStart,
    pinned: Option<&FormMapping>,
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<FileReport, Failure> {
    let name = start.name.clone();
    if let Some(trouble) = shrunk(installation, incoming, &start)? {
        let mut held = take_all(installation, incoming, start, vec![quarantined(trouble, None)], dry_run)?;
        log::warn!("A file is held for a person: it is much smaller than the one before.");
        held.note = Some("held for a person: it is much smaller than the one before".to_owned());
        return Ok(held);
    }
    progress.begin(&name, None);
    let account = if dry_run {
        rehearse_part(installation, incoming, part, pinned, progress)
    } else {
        match installation.ledger.begin_file(start)? {
            FileBegun::Known(account) => {
                log::debug!("The export is known: it was read before.");
                Ok((account, None))
            }
            FileBegun::Open(file) => take_part(installation, incoming, part, file, pinned, progress),
        }
    };
    progress.end();
    let (account, note) = account?;
    Ok(FileReport { note, ..report_of(incoming, &name, account) })
}

/// An extract that is much smaller than the one before is the sign of a report that broke.
fn shrunk(installation: &Installation, incoming: &Incoming, start: &FileStart) -> Result<Option<Trouble>, Failure> {
    if incoming.shrink_share <= 0.0 || incoming.again.is_some() {
        return Ok(None);
    }
    let Some(before) = installation.ledger.bytes_before(start)? else { return Ok(None) };
    #[expect(clippy::cast_precision_loss, reason = "a share of a size need not be exact")]
    let is_shrunk = (start.bytes as f64) < before as f64 * incoming.shrink_share;
    Ok(is_shrunk.then(|| Trouble {
        place: Place::Whole,
        reason: Reason::ExtractShrank,
        message: format!("the file has {} bytes and the one before it had {before}", start.bytes),
        help: "look at the report; if it is right, `tessera quarantine replay` takes it".to_owned(),
    }))
}

fn take_part(
    installation: &mut Installation,
    incoming: &Incoming,
    part: &Part,
    mut file: OpenFile,
    pinned: Option<&FormMapping>,
    progress: &dyn Progress,
) -> Result<(Account, Option<String>), Failure> {
    // What an earlier run has done is passed over, so that the batches of both together are those of one.
    let done = usize::try_from(file.account.records).unwrap_or(usize::MAX);
    let mut items = items(installation, incoming, part, pinned);
    let Installation { ledger, actor, .. } = installation;
    let mut batch = Vec::with_capacity(BATCH);
    for item in items.by_ref().skip(done) {
        batch.push(item);
        if batch.len() == BATCH {
            ledger.take(&mut file, &batch, actor)?;
            tell_quarantined(&batch);
            ledger.give_way();
            batch.clear();
            progress.at(file.account.records);
        }
    }
    if !batch.is_empty() {
        ledger.take(&mut file, &batch, actor)?;
        tell_quarantined(&batch);
    }
    Ok((ledger.finish_file(&file, actor)?, items.remark()))
}

fn rehearse_part(
    installation: &Installation,
    incoming: &Incoming,
    part: &Part,
    pinned: Option<&FormMapping>,
    progress: &dyn Progress,
) -> Result<(Account, Option<String>), Failure> {
    let mut sum = Account::default();
    let mut items = items(installation, incoming, part, pinned);
    for item in items.by_ref() {
        let one = installation.ledger.would_take(&item)?;
        sum.records += one.records;
        sum.taken += one.taken;
        sum.unchanged += one.unchanged;
        sum.quarantined += one.quarantined;
        if sum.records.is_multiple_of(1_000) {
            progress.at(sum.records);
        }
    }
    Ok((sum, items.remark()))
}

/// Where rows that are out of order may wait: beside the ledger.
fn scratch(installation: &Installation) -> PathBuf {
    installation.ledger.path().parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// The records of a part, each as what the ledger takes.
enum Items {
    Forms(Box<Forms<Item>>),
    Rows {
        rows: Box<Rows>,
        reading: Box<Reading>,
        /// Kinds that nobody has named, by what the report calls them, and how often.
        strange: BTreeMap<String, u64>,
    },
    /// The part cannot be read at all.
    None(Option<Box<Item>>),
}

fn items(installation: &Installation, incoming: &Incoming, part: &Part, pinned: Option<&FormMapping>) -> Items {
    let known = installation.rules.mappings.extract(&incoming.authority, incoming.extract);
    let headings = known.map_or_else(Headings::default, |extract| Headings::with(&extract.columns));
    let reading = Reading {
        mappings: installation.rules.mappings.clone(),
        authority: incoming.authority.clone(),
        extract: incoming.extract,
        pinned: pinned.cloned(),
        file: part.name().clone(),
    };
    let items = if incoming.extract == ExtractType::Forms {
        // Mapping runs on whichever core has time.
        let forms = part.forms_through(&headings, &scratch(installation), move |record| reading.form(record));
        forms.map(|forms| Items::Forms(Box::new(forms)))
    } else {
        part.rows(incoming.extract, &headings).map(|rows| Items::Rows {
            rows: Box::new(rows),
            reading: Box::new(reading),
            strange: BTreeMap::new(),
        })
    };
    items.unwrap_or_else(|trouble| Items::None(Some(Box::new(quarantined(trouble, None)))))
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        match self {
            Self::Forms(forms) => forms.next(),
            Self::Rows { rows, reading, strange } => rows.next().map(|row| {
                let wording = row.as_ref().map(|row| mapping::kind_wording(row).to_owned()).unwrap_or_default();
                let item = reading.row(row);
                if !wording.is_empty() && reading.is_strange(&item) {
                    *strange.entry(wording).or_default() += 1;
                }
                item
            }),
            Self::None(trouble) => trouble.take().map(|item| *item),
        }
    }
}

impl Items {
    /// What was passed over, so that nothing is in silence.
    fn remark(&self) -> Option<String> {
        let remarks = match self {
            Self::Forms(forms) => forms.remarks(),
            Self::Rows { rows, .. } => rows.remarks(),
            Self::None(_) => return None,
        };
        let mut said = Vec::new();
        if remarks.furniture_rows > 0 {
            let rows = report::count(remarks.furniture_rows, "row");
            said.push(format!("{rows} of totals, footers or repeated headings passed over"));
        }
        if !remarks.sheets_unread.is_empty() {
            said.push(format!("sheets that are no part of the extract: {}", remarks.sheets_unread.join(", ")));
        }
        if !remarks.elements_unknown.is_empty() {
            let names: Vec<&str> = remarks.elements_unknown.keys().map(String::as_str).collect();
            said.push(format!("elements that are not known: {}", names.join(", ")));
        }
        if let Self::Rows { strange, .. } = self {
            said.extend(strange_kinds(strange));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// Kinds that nobody has named. One that comes up now and then is shown as it is written; a column of words that come
/// up once each is no column of kinds, and may hold names.
fn strange_kinds(strange: &BTreeMap<String, u64>) -> Option<String> {
    const OFTEN: u64 = 3;
    const SHOWN_MAX: usize = 8;
    let rows: u64 = strange.values().sum();
    let often = strange.iter().filter(|(_, times)| **times >= OFTEN);
    let shown: Vec<String> = often.take(SHOWN_MAX).map(|(kind, times)| format!("“{kind}” {times} times")).collect();
    let among = if shown.is_empty() { String::new() } else { format!(", among them {}", shown.join(", ")) };
    (rows > 0).then(|| format!("{} of kinds that the mapping files do not name{among}", report::count(rows, "row")))
}

/// How the records of a file become items.
struct Reading {
    mappings: Arc<mapping::MappingSet>,
    authority: AuthorityName,
    extract: ExtractType,
    pinned: Option<FormMapping>,
    file: Arc<str>,
}

impl Reading {
    fn form(&self, record: Result<Record, Trouble>) -> Item {
        match record {
            Err(trouble) => quarantined(trouble, None),
            Ok(record) => match self.mappings.read(&self.authority, self.pinned.as_ref(), &self.file, &record) {
                Ok(submission) => {
                    let hash = submission.content_hash();
                    Item::Submission(Box::new(submission), hash)
                }
                Err(trouble) => quarantined(trouble, Some((&self.authority, &record))),
            },
        }
    }

    /// Whether an item is of a kind that nobody has named.
    fn is_strange(&self, item: &Item) -> bool {
        let authority = self.mappings.authority(&self.authority);
        match item {
            Item::Document(document) => document.kind.is_none(),
            Item::Event(event) => authority.is_some_and(|authority| !authority.events.contains_key(&*event.kind)),
            _ => false,
        }
    }

    fn row(&self, row: Result<Row, Trouble>) -> Item {
        let known = self.mappings.extract(&self.authority, self.extract);
        let Some(authority) = self.mappings.authority(&self.authority) else {
            let help = "run `tessera mappings verify`".to_owned();
            let message = "the authority has no mapping files".to_owned();
            return quarantined(Trouble { place: Place::Whole, reason: Reason::AuthorityOther, message, help }, None);
        };
        let item = row.and_then(|row| match self.extract {
            ExtractType::Documents => mapping::document(authority, known, &self.file, &row).map(Item::Document),
            ExtractType::Events => mapping::event(authority, known, &self.file, &row).map(Item::Event),
            ExtractType::Forms | ExtractType::Persons => mapping::person(authority, &self.file, &row).map(Item::Person),
        });
        item.unwrap_or_else(|trouble| quarantined(trouble, None))
    }
}
