//! The papers that were handed in beside the record, opened and given to the children they are about.

use std::path::Path;

use jiff::civil::Date;

use super::Failure;
use super::installation::Installation;
use crate::domain::{Document, PersonId, Submission, Whose};
use crate::pack::{self, Contents, Subject, Vocabulary};

/// How the process that opens packs is asked to: an argument of this program's own.
pub const READ_DOCUMENTS: &str = "read-documents";

/// A pack, as it looks for each child of the request.
#[derive(Debug)]
pub(super) struct PackRead {
    by_child: Vec<(PersonId, Vec<Document>)>,
}

impl PackRead {
    /// The documents of a child's pack.
    pub(super) fn of(&self, person: PersonId) -> Vec<Document> {
        let own = self.by_child.iter().filter(|(child, _)| *child == person);
        own.flat_map(|(_, documents)| documents.iter().cloned()).collect()
    }
}

/// Opens a pack. A document that names another child of the same request is that child's.
pub(super) fn read(
    installation: &Installation,
    path: &Path,
    submission: &Submission,
    today: Date,
) -> Result<PackRead, Failure> {
    let failed = |error: std::io::Error| {
        let shown = path.display();
        Failure::usage(format_args!("the pack {shown} cannot be read: {error}"), "name a folder, a zip file or a file")
    };
    if path.metadata().map_err(failed)?.is_dir() && path.read_dir().map_err(failed)?.next().is_none() {
        let shown = path.display();
        return Err(Failure::usage(format_args!("there is no file in {shown}"), "put the papers there first"));
    }
    let program = std::env::current_exe().map_err(failed)?;
    let files = pack::read(path, &program, READ_DOCUMENTS).map_err(failed)?;
    let authority = installation.rules.authority(&submission.authority)?;
    let vocabulary = Vocabulary::new(authority.document_names());
    let mut by_child = Vec::new();
    for child in &submission.people {
        let known = installation.ledger.person(&submission.authority, *child)?;
        let subject = Subject {
            person: *child,
            date_of_birth: known.as_ref().and_then(|person| person.date_of_birth.clone()),
            initials: known.and_then(|person| person.initials),
        };
        let documents = files.iter().map(|file| document(file, submission, &vocabulary, &subject, today));
        by_child.push((*child, documents.filter(|document| !is_a_siblings(document, submission)).collect()));
    }
    Ok(PackRead { by_child })
}

fn document(
    file: &Contents,
    submission: &Submission,
    vocabulary: &Vocabulary,
    subject: &Subject,
    today: Date,
) -> Document {
    pack::recognise(file, &submission.authority, vocabulary, subject, today)
}

fn is_a_siblings(document: &Document, submission: &Submission) -> bool {
    let whose = document.reading.as_ref().map(|reading| &reading.whose);
    matches!(whose, Some(Whose::Other(other)) if submission.people.contains(other))
}

/// What the process that opens packs does.
pub fn read_documents() -> Result<(), Failure> {
    pack::answer_requests(std::io::stdin().lock(), std::io::stdout().lock())
        .map_err(|error| Failure::failed(error, "this is what a check does with a pack; it is not for people"))
}
