//! The papers that were handed in beside the record, opened, given to the children they are about, and checked as they
//! come.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::check::{Checking, mend, requested};
use super::installation::Installation;
use super::prepared::Prepared;
use super::{CheckedRequest, Failure, StatedFact, Thing};
use crate::calendar::Office;
use crate::check::Finding;
use crate::domain::{Document, DocumentKind, PersonId, Submission, SubmissionId, Whose};
use crate::ledger::KeptRow;
use crate::mapping::Authority;
use crate::pack::{self, Contents, Subject, Vocabulary};
use crate::report;

/// How the process that opens packs is asked to: an argument of this program's own.
pub const READ_DOCUMENTS: &str = "read-documents";

/// A document of a pack, as a person is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackPaper {
    /// The file's name below the pack. It may hold a child's name: it is shown to who asked, and written nowhere.
    pub file: String,
    /// The kind of document, where it says what it is.
    pub kind: Option<String>,
    /// What a person calls the kind, or the file's name.
    pub title: String,
    /// The day it is dated.
    pub dated: Option<Date>,
    /// Its pages, where its type has any.
    pub pages: Option<u32>,
    /// The child of the request that it is about, by Mosaic person id; nothing where it is another's, or where it does
    /// not say and the request is about several.
    pub child: Option<String>,
    /// What is wrong with the file, in words.
    pub trouble: Option<String>,
    /// Whether it is another child's, and so is never kept.
    pub refused: bool,
    /// What the check says about this document.
    pub findings: Vec<Finding>,
}

/// A pack, read to its end and checked.
#[derive(Debug, Clone, Serialize)]
pub struct PackChecked {
    /// What the check says of the request for each child.
    pub requests: Vec<CheckedRequest>,
    /// Each document, in the order in which they were read.
    pub papers: Vec<PackPaper>,
}

impl Installation {
    /// Checks a request with a pack, and tells of each document as soon as it is read: what it is and what is found about it
    /// by then. A later document may change that, so what counts is what is returned.
    pub fn pack_check(
        &mut self,
        id: &SubmissionId,
        path: &Path,
        told: &mut dyn FnMut(&PackPaper),
    ) -> Result<PackChecked, Failure> {
        // What is told is shown at once: that somebody looks stands in the trail before.
        let submission = requested(self, id)?;
        self.viewed_request(&submission)?;
        Ok(look(self, self.pack_reader()?.as_path(), id, path, &[], Some(told))?.checked)
    }
}

/// A pack that was looked at.
pub(super) struct Looked {
    pub(super) checked: PackChecked,
    /// The readings that may be kept: no other child's, and none that is kept already.
    pub(super) to_keep: Vec<Document>,
}

/// Opens a pack and checks its request with it; whoever wants to be told of each document is told as it comes.
pub(super) fn look(
    installation: &Installation,
    program: &Path,
    id: &SubmissionId,
    path: &Path,
    stated: &[StatedFact],
    mut told: Option<&mut dyn FnMut(&PackPaper)>,
) -> Result<Looked, Failure> {
    is_there(path)?;
    let submission = requested(installation, id)?;
    let checking = Checking::of_one(installation, &submission, stated)?;
    // A request that is asked for asks a panel.
    let Some(prepared) = checking.prepared(&submission)? else {
        return Err(Failure::not_found(Thing::Submission, id));
    };
    let mut table = Table::new(installation, &submission, &prepared)?;
    let mut take = |file: Contents| {
        table.add(&file);
        if let Some((paper, told)) = table.papers.last().zip(told.as_mut()) {
            told(&table.shown(paper, &table.early(paper)));
        }
    };
    pack::read_each(path, program, READ_DOCUMENTS, &mut take).map_err(|error| unreadable(path, &error))?;
    let mut requests = prepared.checked(|child| table.of(child));
    let papers = table.papers.iter().map(|paper| table.shown(paper, &requests)).collect();
    requests.iter_mut().try_for_each(|request| mend(installation, request))?;
    Ok(Looked { checked: PackChecked { requests, papers }, to_keep: table.to_keep() })
}

fn is_there(path: &Path) -> Result<(), Failure> {
    let failed = |error| unreadable(path, &error);
    if path.metadata().map_err(failed)?.is_dir() && path.read_dir().map_err(failed)?.next().is_none() {
        let shown = path.display();
        let failure = Failure::invalid(format_args!("there is no file in {shown}"), "put the papers there first");
        return Err(failure.on_page("No document was sent. Nothing was changed.", "Choose the files, and send them."));
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    let help = "name a folder, a zip file or a file";
    Failure::invalid(format_args!("the pack {shown} cannot be read: {error}"), help).on_page(
        "The documents could not be read. Nothing was changed.",
        "Send them again. If it happens again, tell whoever looks after tessera.",
    )
}

/// The papers of a pack, spread out for the children of its request.
struct Table<'p> {
    authority: &'p Authority,
    vocabulary: Vocabulary,
    subjects: Vec<Subject>,
    submission: &'p Submission,
    prepared: &'p Prepared<'p>,
    papers: Vec<PaperRead>,
    /// What lies before each child, in order: those of the record are not among them.
    lies: BTreeMap<PersonId, Vec<Document>>,
    /// Where among those the newest that can be read is, for each kind: what a rule about a kind looks at.
    newest: BTreeMap<(PersonId, DocumentKind), usize>,
    /// Kept papers that no file of the pack was found to be.
    kept: Vec<(PersonId, Document)>,
}

/// A file of a pack.
struct PaperRead {
    /// What was read, whoever it is about.
    document: Document,
    /// For each child before whom it lies: what was read, where findings say that they were read, and whether it is a
    /// paper that is kept already.
    given: Vec<(Document, String, bool)>,
}

impl<'p> Table<'p> {
    fn new(
        installation: &'p Installation,
        submission: &'p Submission,
        prepared: &'p Prepared<'p>,
    ) -> Result<Self, Failure> {
        let authority = installation.rules.authority(&submission.authority)?;
        let mut subjects = Vec::new();
        for child in &submission.people {
            let known = installation.ledger.person(&submission.authority, *child)?;
            subjects.push(Subject {
                person: *child,
                date_of_birth: known.as_ref().and_then(|person| person.date_of_birth.clone()),
                initials: known.and_then(|person| person.initials),
            });
        }
        let kept = installation.ledger.kept_papers(&submission.id)?;
        let kept = kept.iter().map(|row| (row.document.person, as_kept(row, prepared.office))).collect();
        Ok(Self {
            vocabulary: Vocabulary::new(authority.document_names()),
            authority,
            subjects,
            submission,
            prepared,
            papers: Vec::new(),
            lies: BTreeMap::new(),
            newest: BTreeMap::new(),
            kept,
        })
    }

    /// Lays a file before the children it is about. One that names another child of the same request is that child's.
    fn add(&mut self, file: &Contents) {
        let (authority, today) = (&self.submission.authority, self.prepared.now.date());
        let recognise = |subject: &Subject| pack::recognise(file, authority, &self.vocabulary, subject, today);
        let documents: Vec<Document> = self.subjects.iter().map(recognise).collect();
        let Some(document) = documents.first().cloned() else { return };
        let mut given = Vec::new();
        for document in documents {
            if self.is_a_siblings(&document) {
                continue;
            }
            let is_it = |(person, kept): &(PersonId, Document)| {
                let hash = |document: &Document| document.reading.as_ref().map(|reading| reading.sha256.clone());
                *person == document.person && hash(kept) == hash(&document)
            };
            // The same file is there once: as it was kept, so that what is said of it does not change.
            if let Some(at) = self.kept.iter().position(is_it) {
                let source = self.kept.remove(at).1.source.to_string();
                given.push((document, source, true));
                continue;
            }
            let source = document.source.to_string();
            self.lay(&document);
            given.push((document, source, false));
        }
        self.papers.push(PaperRead { document, given });
    }

    fn lay(&mut self, document: &Document) {
        let lies = self.lies.entry(document.person).or_default();
        if let Some(kind) = document.kind.clone().filter(|_| !document.is_anothers()) {
            let newest = self.newest.entry((document.person, kind)).or_insert(lies.len());
            let counts = |document: &Document| (document.is_readable(), document.dated);
            if lies.get(*newest).is_some_and(|other| counts(other) <= counts(document)) {
                *newest = lies.len();
            }
        }
        lies.push(document.clone());
    }

    fn is_a_siblings(&self, document: &Document) -> bool {
        matches!(whose(document), Some(Whose::Other(other)) if self.submission.people.contains(other))
    }

    /// All that lies before a child.
    fn of(&self, child: PersonId) -> Vec<Document> {
        self.lies.get(&child).cloned().unwrap_or_default()
    }

    /// What the check says by now about the file that came last. It looks at what can matter to that file only: the file,
    /// the first that is the same, and the one that counts of each kind. A pack of a thousand would take minutes else.
    fn early(&self, paper: &PaperRead) -> Vec<CheckedRequest> {
        self.prepared.checked(|child| {
            let lies = self.lies.get(&child).map(Vec::as_slice).unwrap_or_default();
            let own = paper.given.iter().find(|(document, _, is_kept)| document.person == child && !is_kept);
            let Some(reading) = own.and_then(|(document, ..)| document.reading.as_ref()) else { return Vec::new() };
            let is_same = |other: &Document| other.reading.as_ref().is_some_and(|other| other.is_same(reading));
            let mut matter: Vec<usize> =
                self.newest.iter().filter(|((person, _), _)| *person == child).map(|(_, at)| *at).collect();
            matter.extend(lies.iter().position(is_same));
            matter.extend(lies.len().checked_sub(1));
            matter.sort_unstable();
            matter.dedup();
            matter.iter().filter_map(|at| lies.get(*at).cloned()).collect()
        })
    }

    /// A file as a person is told of it, by what a check has said.
    fn shown(&self, paper: &PaperRead, requests: &[CheckedRequest]) -> PackPaper {
        let PaperRead { document, given } = paper;
        let kind = document.kind.as_ref().map(ToString::to_string);
        let file = document.source.to_string();
        let mut findings: Vec<Finding> = Vec::new();
        for (document, source, _) in given {
            let own = requests.iter().filter(|request| request.person_id == document.person);
            let about = own.flat_map(|request| &request.findings);
            for finding in about.filter(|finding| finding.source.as_ref() == Some(source)) {
                if !findings.contains(finding) {
                    findings.push(finding.clone());
                }
            }
        }
        PackPaper {
            title: kind.as_ref().map_or_else(|| file.clone(), |kind| self.authority.document_title(kind)),
            kind,
            dated: document.dated,
            pages: document.pages,
            child: self.child(given).map(|child| child.to_string()),
            trouble: document.reading.as_ref().and_then(|reading| reading.trouble).map(report::document_trouble),
            refused: given.iter().all(|(document, ..)| document.is_anothers()),
            findings,
            file,
        }
    }

    fn child(&self, given: &[(Document, String, bool)]) -> Option<PersonId> {
        let named = given.iter().find(|(document, ..)| whose(document) == Some(&Whose::Child));
        let only = given.iter().find(|(document, ..)| self.submission.people.len() == 1 && !document.is_anothers());
        named.or(only).map(|(document, ..)| document.person)
    }

    fn to_keep(&self) -> Vec<Document> {
        let given = self.papers.iter().flat_map(|paper| &paper.given);
        let new = given.filter(|(document, _, is_kept)| !is_kept && !document.is_anothers());
        new.map(|(document, ..)| document.clone()).collect()
    }
}

fn whose(document: &Document) -> Option<&Whose> {
    document.reading.as_ref().map(|reading| &reading.whose)
}

/// A kept paper as a check sees it: where it was read says that it was kept, and when.
pub(super) fn as_kept(row: &KeptRow, office: &Office) -> Document {
    let mut document = row.document.clone();
    let day = row.at.parse::<Timestamp>().map(|at| at.to_zoned_datetime(office.zone.clone()).date().to_string());
    let day = day.unwrap_or_else(|_| row.at.clone());
    document.source.file = format!("{}, kept on {day}", row.document.source.file).into();
    document
}

/// What the process that opens packs does.
pub fn read_documents() -> Result<(), Failure> {
    pack::answer_requests(std::io::stdin().lock(), std::io::stdout().lock())
        .map_err(|error| Failure::failed(error, "this is what a check does with a pack; it is not for people"))
}
