//! The stand-in's own count of what was written, to be held against the ledger's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::notes::{APPENDED, Note};
use super::record::Records;

/// What was written by one write. What was put there to set the scene is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    kind: WrittenKind,
    person_id: u64,
    /// The references in its text, each once.
    references: BTreeSet<String>,
}

/// Where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenKind {
    Note,
    Appendment,
    FormAnswers,
    Document,
    WorkflowStep,
}

impl Written {
    pub(super) fn new(kind: WrittenKind, person_id: u64, text: &str) -> Self {
        Self { kind, person_id, references: references_in(text) }
    }
}

/// How often something was written, by where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInWrites {
    /// Case notes.
    pub notes: u32,
    /// Appendments to case notes.
    pub appendments: u32,
    /// Times that a form was answered.
    pub form_answers: u32,
    /// Documents.
    pub documents: u32,
    /// Workflow steps.
    pub workflow_steps: u32,
    /// All of these.
    pub writes: u32,
    /// Those without a reference.
    pub without_reference: u32,
}

impl StandInWrites {
    fn add(&mut self, written: &Written) {
        let count = match written.kind {
            WrittenKind::Note => &mut self.notes,
            WrittenKind::Appendment => &mut self.appendments,
            WrittenKind::FormAnswers => &mut self.form_answers,
            WrittenKind::Document => &mut self.documents,
            WrittenKind::WorkflowStep => &mut self.workflow_steps,
        };
        *count += 1;
        self.writes += 1;
        self.without_reference += u32::from(written.references.is_empty());
    }
}

/// What was written on one person's record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInPersonCounts {
    /// How often, by where.
    #[serde(flatten)]
    pub writes: StandInWrites,
    /// How many writes held each reference.
    pub references: BTreeMap<String, u32>,
}

/// What was written, by the stand-in's own count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInCounts {
    /// On each person's record.
    pub persons: BTreeMap<u64, StandInPersonCounts>,
    /// How many writes held each reference, on whatever record.
    pub references: BTreeMap<String, u32>,
    /// On all records.
    pub totals: StandInWrites,
    /// Writes that are still to be done, though their requests were answered.
    pub pending: u32,
}

impl StandInCounts {
    pub(super) fn of(records: &Records, pending: u32) -> Self {
        let mut counts = Self { pending, ..Self::default() };
        for written in &records.written {
            let person = counts.persons.entry(written.person_id).or_default();
            person.writes.add(written);
            counts.totals.add(written);
            for reference in &written.references {
                *person.references.entry(reference.clone()).or_default() += 1;
                *counts.references.entry(reference.clone()).or_default() += 1;
            }
        }
        counts
    }

    /// The references that more than one write held.
    pub fn repeated(&self) -> Vec<&str> {
        self.references.iter().filter(|(_, times)| **times > 1).map(|(reference, _)| reference.as_str()).collect()
    }
}

/// What an older file's note was written by: once itself, and once an appendment.
pub(super) fn written_in(note: &Note) -> Vec<Written> {
    let mut parts = note.body.split(APPENDED);
    let first = parts.next().unwrap_or("");
    let note_itself = Written::new(WrittenKind::Note, note.person_id, first);
    let appended = parts.map(|part| Written::new(WrittenKind::Appendment, note.person_id, part));
    std::iter::once(note_itself).chain(appended).collect()
}

/// The references in a text: `TES-`, then four, four and two capitals or digits.
fn references_in(text: &str) -> BTreeSet<String> {
    const GROUPS: [usize; 3] = [4, 4, 2];
    let capital = |character: char| character.is_ascii_uppercase() || character.is_ascii_digit();
    let mut found = BTreeSet::new();
    for from in text.split("TES-").skip(1) {
        let whole: String = from.chars().take_while(|character| capital(*character) || *character == '-').collect();
        let whole = whole.trim_end_matches('-');
        if whole.split('-').map(str::len).eq(GROUPS) {
            found.insert(format!("TES-{whole}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        references_in(text).into_iter().collect()
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        assert_eq!(of("Text\n\nRef: TES-7F3K-2Q9M-4T"), ["TES-7F3K-2Q9M-4T"]);
        assert_eq!(
            of("(TES-7F3K-2Q9M-4T), TES-AAAA-0000-ZZ- and again TES-7F3K-2Q9M-4T."),
            ["TES-7F3K-2Q9M-4T", "TES-AAAA-0000-ZZ"]
        );
        assert!(of("TES-7F3K-2Q9M TES-7F3K-2Q9M-4TX tes-7f3k-2q9m-4t TES- TES").is_empty());
    }

    #[test]
    fn each_write_counts_once_by_place_person_and_reference() {
        let text = "Ref: TES-7F3K-2Q9M-4T";
        let written = vec![
            Written::new(WrittenKind::Note, 1, text),
            Written::new(WrittenKind::FormAnswers, 1, &format!("{text} {text}")),
            Written::new(WrittenKind::Document, 2, text),
            Written::new(WrittenKind::WorkflowStep, 2, "no reference"),
            Written::new(WrittenKind::Appendment, 2, "TES-AAAA-0000-ZZ"),
        ];
        let mut records = Records::default();
        records.written = written;
        let counts = StandInCounts::of(&records, 3);
        assert_eq!(counts.references["TES-7F3K-2Q9M-4T"], 3);
        assert_eq!(counts.persons[&1].references["TES-7F3K-2Q9M-4T"], 2);
        assert_eq!(counts.repeated(), ["TES-7F3K-2Q9M-4T"]);
        assert_eq!((counts.totals.writes, counts.totals.without_reference, counts.pending), (5, 1, 3));
        assert_eq!((counts.persons[&2].writes.documents, counts.persons[&2].writes.workflow_steps), (1, 1));
        let json = serde_json::to_value(&counts).unwrap();
        assert_eq!(json["persons"]["1"]["formAnswers"], 1);
        assert_eq!(serde_json::from_value::<StandInCounts>(json).unwrap(), counts);
    }
}
