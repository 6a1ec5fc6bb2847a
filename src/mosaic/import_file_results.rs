//! What the import says became of what was handed over to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::import_file::ImportTrouble;
use super::import_file_outbox::Known;
use super::import_file_shape::{kind, stem};
use super::rest::text_at;
use crate::calendar::Clock;
use crate::domain::{PersonId, Reference, WriteBack};
use crate::log;

/// Bytes of one result file: a line has some hundred, so that this is half a million results.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Result files in the folder: ten years of one a day, and as many again.
const FILES_MAX: usize = 10_000;

/// Characters of an id or a time as Mosaic spells it.
const WORD_CHARS_MAX: usize = 64;

/// Troubles told of one file: beyond them it is no result file.
const TROUBLES_MAX: usize = 20;

/// How long a file must not have changed.
const SETTLED: SignedDuration = SignedDuration::from_secs(10);

/// The columns of a result.
const COLUMNS: [&str; 9] = ["reference", "person", "status", "mosaic-id", "message", "time", "key", "kind", "handover"];

/// What the results say of one write-back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Mosaic has it.
    Done {
        /// Its id there.
        mosaic_id: String,
        /// When, as Mosaic spells it.
        time: Option<String>,
    },
    /// Mosaic will not have it.
    Rejected {
        /// Where it says so.
        reason: String,
        /// What tells these results from later ones of the same write-back.
        marks: Vec<String>,
    },
    /// A person must look.
    Doubtful {
        /// Why.
        reason: String,
    },
    /// They say nothing of it.
    Nothing,
}

/// One result.
#[derive(Debug, Clone)]
struct Row {
    at: String,
    reference: String,
    person: PersonId,
    status: Status,
    time: Option<String>,
    key: Option<String>,
    kind: Option<String>,
    handover: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Done(String),
    Rejected,
}

/// A result file that was read.
#[derive(Debug)]
struct ResultFile {
    length: u64,
    changed: Option<SystemTime>,
    rows: Vec<Row>,
    troubles: Vec<(Option<String>, String)>,
}

/// The results of a folder. Files that have not changed are not read again.
#[derive(Debug)]
pub(super) struct Results {
    folder: PathBuf,
    clock: Clock,
    files: BTreeMap<PathBuf, ResultFile>,
    by_reference: BTreeMap<String, Vec<(PathBuf, Row)>>,
    unsettled: Vec<PathBuf>,
    unreadable: Vec<(PathBuf, String)>,
    too_many: bool,
}

impl Results {
    /// The results in `folder`, none of them read yet.
    pub(super) fn new(folder: &Path, clock: Clock) -> Self {
        Self {
            folder: folder.to_owned(),
            clock,
            files: BTreeMap::new(),
            by_reference: BTreeMap::new(),
            unsettled: Vec::new(),
            unreadable: Vec::new(),
            too_many: false,
        }
    }

    /// Reads what has come or changed since the last time.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let mut there: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if is_result_file(&path) {
                there.push(path);
            }
        }
        there.sort();
        self.too_many = there.len() > FILES_MAX;
        there.truncate(FILES_MAX);
        (self.unsettled, self.unreadable) = (Vec::new(), Vec::new());
        let before = self.files.len();
        self.files.retain(|path, _| there.binary_search(path).is_ok());
        let mut changed = self.files.len() != before;
        for path in there {
            match self.read_again(&path) {
                Ok(read) => changed |= read,
                Err(error) => {
                    changed |= self.files.remove(&path).is_some();
                    self.unreadable.push((path, error.to_string()));
                }
            }
        }
        if changed {
            self.by_reference.clear();
            for (path, file) in &self.files {
                for row in &file.rows {
                    let rows = self.by_reference.entry(row.reference.clone()).or_default();
                    rows.push((path.clone(), row.clone()));
                }
            }
        }
        Ok(())
    }

    /// Whether the file was read: it is new or has changed.
    fn read_again(&mut self, path: &Path) -> io::Result<bool> {
        let about = fs::metadata(path)?;
        let marked = is_marked(path);
        if !marked && !self.is_settled(&about) {
            log::debug!("A file of results is left alone: it has changed a moment ago.");
            self.unsettled.push(path.to_owned());
            return Ok(self.files.remove(path).is_some());
        }
        let (length, changed) = (about.len(), about.modified().ok());
        if self.files.get(path).is_some_and(|file| file.length == length && file.changed == changed) {
            return Ok(false);
        }
        if length > FILE_BYTES_MAX {
            return Err(io::Error::other("the file is too large to be one of results"));
        }
        let mut content = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut content)?;
        let mut file = ResultFile { length, changed, rows: Vec::new(), troubles: Vec::new() };
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            file.read_json(&content);
        } else {
            file.read_csv(&content, marked);
        }
        log::debug!("A file of results was read.", results = file.rows.len(), troubles = file.troubles.len());
        log::trace!("A file of results was this large.", bytes = length);
        self.files.insert(path.to_owned(), file);
        Ok(true)
    }

    /// A fixed clock says nothing about when a file was written, so then every file is settled.
    fn is_settled(&self, about: &Metadata) -> bool {
        let changed = about.modified().ok().and_then(|changed| Timestamp::try_from(changed).ok());
        let (Clock::System, Some(changed)) = (self.clock, changed) else { return true };
        let age = self.clock.now().duration_since(changed);
        // A file from the future tells of two clocks that differ.
        age >= SETTLED || age < SignedDuration::from_hours(-1)
    }

    /// What they say of a write-back, the rejections aside that were mended since.
    pub(super) fn verdict(&self, write_back: &WriteBack, known: &Known) -> Verdict {
        let Some(rows) = self.by_reference.get(&squeezed(&write_back.reference.0)) else { return Verdict::Nothing };
        let doubtful = |reason: String| Verdict::Doubtful { reason };
        let mut said: BTreeMap<&Status, (String, &Row)> = BTreeMap::new();
        let mut marks = Vec::new();
        for (path, row) in rows {
            let place = format!("{}, {}", name_of(path), row.at);
            if row.person != write_back.person {
                let person = write_back.person;
                return doubtful(format!("{place}: the result is for person {}, not {person}", row.person));
            }
            let other_key = row.key.as_ref().is_some_and(|key| !key.eq_ignore_ascii_case(&write_back.id.to_string()));
            let other_kind = row.kind.as_ref().is_some_and(|named| named != kind(&write_back.payload));
            if other_key || other_kind {
                return doubtful(format!("{place}: the result is one of something else with this reference"));
            }
            if row.status == Status::Rejected {
                // A day alone does not tell two rejections apart.
                let moment = row.time.as_ref().filter(|time| time.contains(':'));
                let mark = moment.map_or_else(|| place.clone(), |time| format!("rejected at {time}"));
                let is_old = row.handover.map_or_else(|| known.mended.contains(&mark), |at| at < known.handovers);
                if is_old {
                    continue;
                }
                marks.push(mark);
            }
            said.entry(&row.status).or_insert((place, row));
        }
        if said.len() > 1 {
            let places: Vec<&str> = said.values().map(|(place, _)| place.as_str()).collect();
            return doubtful(format!("the results differ: {}", places.join("; ")));
        }
        match said.into_iter().next() {
            None => Verdict::Nothing,
            Some((Status::Done(id), (_, row))) => Verdict::Done { mosaic_id: id.clone(), time: row.time.clone() },
            Some((Status::Rejected, (place, _))) => {
                Verdict::Rejected { reason: format!("the import rejected it; {place} says why"), marks }
            }
        }
    }

    /// What is not as it should be. A reference that is none of `known` is nobody's.
    pub(super) fn troubles(&self, known: &BTreeSet<String>) -> Vec<ImportTrouble> {
        let trouble = |file: &Path, at: Option<String>, message: &str, needs_person| ImportTrouble {
            file: file.to_owned(),
            at,
            message: message.to_owned(),
            needs_person,
        };
        let mut troubles = Vec::new();
        if self.too_many {
            troubles.push(trouble(
                &self.folder,
                None,
                "there are more result files than are read: take old ones away",
                true,
            ));
        }
        for path in &self.unsettled {
            troubles.push(trouble(path, None, "it is still being written, it seems: left for the next run", false));
        }
        for (path, why) in &self.unreadable {
            troubles.push(trouble(path, None, &format!("it cannot be read: {why}"), true));
        }
        for (path, file) in &self.files {
            let unknown = file.rows.iter().filter(|row| !known.contains(&hyphened(&row.reference)));
            let unknown =
                unknown.map(|row| (Some(row.at.clone()), "nothing of this reference was handed over".to_owned()));
            let told = file.troubles.iter().cloned().chain(unknown);
            let told: Vec<(Option<String>, String)> = told.collect();
            for (at, message) in told.iter().take(TROUBLES_MAX) {
                troubles.push(trouble(path, at.clone(), message, true));
            }
            if let Some(more) = told.len().checked_sub(TROUBLES_MAX).filter(|more| *more > 0) {
                troubles.push(trouble(path, None, &format!("so are {more} further results of it"), true));
            }
        }
        troubles
    }
}

impl ResultFile {
    fn trouble(&mut self, at: Option<&str>, message: impl Into<String>) {
        self.troubles.push((at.map(ToOwned::to_owned), message.into()));
    }

    fn take(&mut self, at: String, cell: &dyn Fn(&str) -> Option<String>) {
        match row(at.clone(), cell) {
            Ok(row) => self.rows.push(row),
            Err(message) => self.trouble(Some(&at), message),
        }
    }

    /// A line a result, so that a broken one spoils no other.
    fn read_csv(&mut self, content: &[u8], is_whole: bool) {
        let text = String::from_utf8_lossy(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content));
        let is_whole = is_whole || text.is_empty() || text.ends_with('\n');
        let count = text.lines().count();
        let mut lines = text.lines().enumerate();
        let heading = lines.find(|(_, line)| !line.trim().is_empty());
        let Some((number, heading)) = heading else { return self.trouble(None, "it is empty") };
        let separator = if heading.matches(';').count() > heading.matches(',').count() { b';' } else { b',' };
        let names = cells(heading, separator).unwrap_or_default();
        let names: Vec<String> = names.iter().map(|name| column(name)).collect();
        let missing =
            ["reference", "person", "status"].iter().filter(|wanted| !names.iter().any(|name| name == *wanted));
        let missing: Vec<&str> = missing.copied().collect();
        if !missing.is_empty() {
            let at = format!("line {}", number + 1);
            return self.trouble(Some(&at), format!("the heading has no column {}", missing.join(", ")));
        }
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let at = format!("line {}", number + 1);
            if number + 1 == count && !is_whole {
                self.trouble(Some(&at), "the last line has no end: it may be cut off, and is not read");
                continue;
            }
            match cells(line, separator) {
                Some(cells) if cells.len() > names.len() => {
                    self.trouble(Some(&at), "the line has more cells than the heading")
                }
                Some(cells) => {
                    let cell = |name: &str| {
                        let at = names.iter().position(|known| known == name)?;
                        cells.get(at).cloned()
                    };
                    self.take(at, &cell);
                }
                None => self.trouble(Some(&at), "a quote is not closed: a result is one line"),
            }
        }
    }

    fn read_json(&mut self, content: &[u8]) {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let read: Value = match serde_json::from_slice(content) {
            Ok(read) => read,
            Err(error) => {
                let at = format!("line {}", error.line());
                return self.trouble(Some(&at), "it is no whole JSON document");
            }
        };
        let Some(results) = read.get("results").unwrap_or(&read).as_array() else {
            return self.trouble(None, "it holds no list `results`");
        };
        for (number, result) in results.iter().enumerate() {
            self.take(format!("result {}", number + 1), &|name| text_at(result, &format!("/{name}")));
        }
    }
}

/// A result, or what is wrong with it.
fn row(at: String, cell: &dyn Fn(&str) -> Option<String>) -> Result<Row, String> {
    let given = |name: &str| cell(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let reference = given("reference").map(|reference| squeezed(&reference)).unwrap_or_default();
    if !(reference.len() == REFERENCE_LETTERS && reference.starts_with("TES")) {
        return Err("it has no reference of tessera's".to_owned());
    }
    let person = given("person").and_then(|person| person.parse().ok()).ok_or("it names no person")?;
    let status = match given("status").map(|status| status.to_ascii_lowercase()).as_deref() {
        Some("done") => {
            let id = given("mosaic-id").filter(|id| is_word(id)).ok_or("it is done and has no id of Mosaic's")?;
            Status::Done(id)
        }
        Some("rejected") => Status::Rejected,
        _ => return Err("its status is neither done nor rejected".to_owned()),
    };
    let time = given("time").filter(|time| is_word(time));
    let handover = given("handover").and_then(|number| number.parse().ok());
    Ok(Row { at, reference, person, status, time, key: given("key"), kind: given("kind"), handover })
}

/// Letters and digits of a reference.
const REFERENCE_LETTERS: usize = 13;

/// Letters and digits only, in capitals: what a script may have done to a reference does not matter.
fn squeezed(reference: &str) -> String {
    reference.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// A squeezed reference as files are named by it.
fn hyphened(reference: &str) -> String {
    let part = |range: std::ops::Range<usize>| reference.get(range).unwrap_or_default();
    let name = format!("{}-{}-{}-{}", part(0..3), part(3..7), part(7..11), part(11..REFERENCE_LETTERS));
    stem(&Reference(name)).unwrap_or_default().to_owned()
}

/// An id or a time, and nothing that a person has written.
fn is_word(text: &str) -> bool {
    let well = |character: char| character.is_ascii_alphanumeric() || "-_.:/+ ".contains(character);
    text.chars().count() <= WORD_CHARS_MAX && text.chars().all(well)
}

/// A heading as its column is named: `Mosaic ID`, `mosaicId` and `mosaic_id` are one.
fn column(heading: &str) -> String {
    let letters =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let heading = letters(heading);
    COLUMNS.iter().find(|name| letters(name) == heading).map_or(heading, |name| (*name).to_owned())
}

/// The cells of a line, unless a quote stays open.
fn cells(line: &str, separator: u8) -> Option<Vec<String>> {
    if !line.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(separator).buffer_capacity(line.len().max(64));
    let mut record = csv::StringRecord::new();
    let read = reader.from_reader(line.as_bytes()).read_record(&mut record);
    read.ok().map(|_| record.iter().map(ToOwned::to_owned).collect())
}

/// Whether a file may hold results: not hidden, no marker, by its ending.
fn is_result_file(path: &Path) -> bool {
    let ends = ["csv", "json"];
    let ending = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ends.contains(&ending.as_str())) && !name_of(path).starts_with('.') && path.is_file()
}

fn is_marked(path: &Path) -> bool {
    let mut marker = path.as_os_str().to_owned();
    marker.push(".done");
    Path::new(&marker).exists()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(csv: &str) -> ResultFile {
        let mut file = ResultFile { length: 0, changed: None, rows: Vec::new(), troubles: Vec::new() };
        file.read_csv(csv.as_bytes(), false);
        file
    }

    const HEADING: &str = "reference,person,status,mosaic-id,message,time\n";

    #[test]
    fn a_broken_line_is_told_and_spoils_no_other() {
        let read = file(&format!(
            "{HEADING}TES-7F3K-2Q9M-4T,100001,done,4711,,2026-11-27T09:00:00Z\n\
             TES-7F3K-2Q9M-4U,100001,rejected,,\"open,\n\
             tes 7f3k 2q9m 4v,0100001,Rejected,,\"no, thanks\",\n\
             TES-7F3K-2Q9M-4W,100001,done,,,\n\
             TES-7F3K-2Q9M-4X,somebody,done,1,,\n\
             nonsense,1,done,1,,\n\
             TES-7F3K-2Q9M-4Y,1,maybe,1,,\n\
             TES-7F3K-2Q9M-4Z,1,done,<b>,,\n\
             TES-7F3K-2Q9M-50,1,done,47"
        ));
        let taken: Vec<&str> = read.rows.iter().map(|row| row.at.as_str()).collect();
        assert_eq!(taken, ["line 2", "line 4"]);
        let told: Vec<&str> = read.troubles.iter().filter_map(|(at, _)| at.as_deref()).collect();
        assert_eq!(told, ["line 3", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10"]);
        assert!(!format!("{:?}", read.troubles).contains("somebody"), "what stands in a file is not repeated");
    }

    #[test]
    fn columns_may_stand_in_any_order_and_under_their_usual_spellings() {
        let read = file("\u{feff}Status;Mosaic ID;Person;Reference\r\nDone;9;100001;TES-7F3K-2Q9M-4T\r\n");
        assert_eq!(read.rows.len(), 1, "{:?}", read.troubles);
        assert_eq!(file("status,person\ndone,1\n").troubles.len(), 1);
        assert_eq!(file("").troubles.len(), 1);
    }

    #[test]
    fn json_is_read_whole_or_not_at_all() {
        let mut read = file(HEADING);
        let one = r#"{"reference":"TES-7F3K-2Q9M-4T","person":100001,"status":"done","mosaic-id":4711}"#;
        read.read_json(format!(r#"{{"results":[{one},{{"status":"done"}}]}}"#).as_bytes());
        assert_eq!((read.rows.len(), read.troubles.len()), (1, 1));
        read.read_json(format!(r#"{{"results":[{one},"#).as_bytes());
        read.read_json(b"\"text\"");
        assert_eq!((read.rows.len(), read.troubles.len()), (1, 3));
    }

    #[test]
    fn a_reference_is_named_as_its_file_is() {
        assert_eq!(hyphened(&squeezed("tes-7f3k 2q9m_4t")), "TES-7F3K-2Q9M-4T");
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_in_a_result_file_is_read_or_told(content in proptest::collection::vec(0_u8..=255, 0..400)) {
            let mut file = ResultFile { length: 0, changed: None, rows: Vec::new(), troubles: Vec::new() };
            file.read_csv(&[HEADING.as_bytes(), &content].concat(), false);
            file.read_json(&content);
        }
    }
}
