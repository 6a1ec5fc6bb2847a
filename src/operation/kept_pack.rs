//! Papers that are kept with a request, so that every later check counts them: what was read of them, and not the papers
//! themselves, whose home is Mosaic.

use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

use super::check::{keep_check, requested};
use super::installation::{Installation, Writing as _};
use super::pack::{PackChecked, PackPaper, look};
use super::{Failure, Thing};
use crate::domain::{Submission, SubmissionId};
use crate::ledger::KeptRow;
use crate::log;
use crate::mapping::Authority;
use crate::report;

/// A paper that is kept with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptPaper {
    /// By what it is taken away. It tells nothing about the file.
    pub key: String,
    /// The file's name below its pack. It may hold a child's name.
    pub file: String,
    /// The kind of document, where it says what it is.
    pub kind: Option<String>,
    /// What a person calls the kind, or the file's name.
    pub title: String,
    /// The day it is dated.
    pub dated: Option<Date>,
    /// Its pages, where its type has any.
    pub pages: Option<u32>,
    /// Everybody in whose pack it is, by Mosaic person id.
    pub people: Vec<String>,
    /// What is wrong with the file, in words.
    pub trouble: Option<String>,
    /// SHA-256 of the file; of its name, where nothing in it could be read.
    pub sha256: String,
    /// Who kept it.
    pub kept_by: String,
    /// When, with offset.
    pub kept_at: String,
}

impl Installation {
    /// Keeps the papers of a pack with its request.
    ///
    /// Another child's is not kept: it is refused with its finding. What is returned is what the check says of the request
    /// with the whole pack, the refused ones among it.
    pub fn pack_keep(&mut self, id: &SubmissionId, path: &Path) -> Result<PackChecked, Failure> {
        let looked = look(self, &self.pack_reader()?, id, path, &[], None)?;
        let submission = requested(self, id)?;
        self.viewed_request(&submission)?;
        self.atomically(|all| {
            all.ledger.keep_papers(id, &looked.to_keep, &all.actor)?;
            keep_check(all, id)
        })?;
        log::info!("What was read of papers was kept with a request.", submission = id, papers = looked.to_keep.len());
        Ok(looked.checked)
    }

    /// That a pack can be checked for a request: what is wrong with that is said before any of its papers is read.
    pub fn pack_expected(&self, id: &SubmissionId) -> Result<(), Failure> {
        requested(self, id).map(drop)
    }

    /// The papers that are kept with a request, in the order in which they were kept.
    pub fn pack_kept(&mut self, id: &SubmissionId) -> Result<Vec<KeptPaper>, Failure> {
        let row = self.submission(id)?;
        let submission = row.ok_or_else(|| Failure::not_found(Thing::Submission, id))?.submission;
        let kept = kept_with(self, &submission)?;
        self.viewed_request(&submission)?;
        Ok(kept)
    }

    /// Takes a kept paper away, from every child's pack that it is in. What was read of it is gone; that it was there, and
    /// why it was taken away, stays.
    pub fn pack_forget(&mut self, id: &SubmissionId, key: &str, reason: &str) -> Result<(), Failure> {
        if reason.trim().is_empty() {
            let failure = Failure::invalid("a paper is not taken away without a reason", "say why it is taken away");
            return Err(failure.on_page("A document is not removed without a reason.", "Enter why it is removed."));
        }
        self.atomically(|all| {
            requested(all, id)?;
            if all.ledger.forget_paper(id, key, reason.trim(), &all.actor)? == 0 {
                let help = format!("`tessera submissions show {id}` lists what there is");
                return Err(Failure::not_found(Thing::KeptPaper, key).with_help(help));
            }
            keep_check(all, id)
        })?;
        log::info!("A paper that was kept with a request was taken away.", submission = id);
        Ok(())
    }
}

/// The papers that are kept with a request, each file once.
pub(super) fn kept_with(installation: &Installation, submission: &Submission) -> Result<Vec<KeptPaper>, Failure> {
    let authority = installation.rules.authority(&submission.authority)?;
    let mut papers: Vec<KeptPaper> = Vec::new();
    for row in installation.ledger.kept_papers(&submission.id)? {
        match papers.iter_mut().find(|paper| paper.key == row.key) {
            Some(paper) => paper.people.push(row.document.person.to_string()),
            None => papers.push(KeptPaper::of(row, authority)),
        }
    }
    Ok(papers)
}

impl KeptPaper {
    fn of(row: KeptRow, authority: &Authority) -> Self {
        let KeptRow { key, document, by, at } = row;
        let kind = document.kind.as_ref().map(ToString::to_string);
        let file = document.source.to_string();
        Self {
            key,
            title: kind.as_ref().map_or_else(|| file.clone(), |kind| authority.document_title(kind)),
            kind,
            dated: document.dated,
            pages: document.pages,
            people: vec![document.person.to_string()],
            trouble: document.reading.as_ref().and_then(|reading| reading.trouble).map(report::document_trouble),
            sha256: document.reading.map(|reading| reading.sha256).unwrap_or_default(),
            file,
            kept_by: by,
            kept_at: at,
        }
    }

    /// In a line: what it is, and since when it is kept.
    pub(super) fn text(&self) -> String {
        let Self { key, file, title, kept_by, kept_at, people, .. } = self;
        let dated = self.dated.map_or_else(String::new, |dated| format!(", dated {dated}"));
        let people = people.join(", ");
        format!("kept: {title}{dated}, {file}, for person {people} [{key}, by {kept_by} {kept_at}]\n")
    }
}

impl PackChecked {
    /// What was kept of the pack, in words.
    pub fn kept_in_words(&self) -> Vec<String> {
        let refused: Vec<&PackPaper> = self.papers.iter().filter(|paper| paper.refused).collect();
        let kept = report::count(self.papers.len() - refused.len(), "paper");
        let mut said = vec![format!("Kept what was read of {kept} with the request: every later check counts it.")];
        if !refused.is_empty() {
            let refused = report::count(refused.len(), "paper");
            said.push(format!("Not kept, because another child is named there: {refused}."));
        }
        said
    }
}
