//! What is handed over to the import: the files of one write-back.

use csv::WriterBuilder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::minutes;
use crate::domain::{FormAnswer, FormValue, Payload, Reference, WriteBack};

/// What stands before a text that a spreadsheet would take for a formula.
const TEXT_MARK: char = '\'';

/// The files of one write-back, the manifest aside.
pub(super) struct HandOver {
    /// Each file's name and content.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The manifest.
    pub(super) manifest: Vec<u8>,
}

/// What is handed over, told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest<'a> {
    format: &'static str,
    version: u32,
    reference: &'a str,
    key: String,
    kind: &'static str,
    person: String,
    handover: u32,
    records: usize,
    text_mark: char,
    files: Vec<ManifestFile<'a>>,
}

#[derive(Serialize)]
struct ManifestFile<'a> {
    name: &'a str,
    bytes: usize,
    sha256: String,
}

/// The files of a write-back, handed over for the first time or after a rejection once more.
pub(super) fn hand_over(write_back: &WriteBack, handover: u32) -> Result<HandOver, String> {
    let Some(stem) = stem(&write_back.reference) else { return Err("its reference is no name of a file".to_owned()) };
    let rows = rows(write_back, stem);
    let mut files = vec![(format!("{stem}.csv"), csv(&rows)?)];
    if let Payload::Document { title, text, .. } = &write_back.payload {
        files.push((format!("{stem}.docx"), minutes::docx(title, text)?));
    }
    let described = files.iter().map(|(name, content)| ManifestFile {
        name,
        bytes: content.len(),
        sha256: crate::domain::hexadecimal(&Sha256::digest(content)),
    });
    let manifest = Manifest {
        format: "tessera-import",
        version: 1,
        reference: stem,
        key: write_back.id.to_string(),
        kind: kind(&write_back.payload),
        person: write_back.person.to_string(),
        handover,
        records: rows.records.len(),
        text_mark: TEXT_MARK,
        files: described.collect(),
    };
    let mut manifest = serde_json::to_vec_pretty(&manifest).map_err(|_| unshaped())?;
    manifest.push(b'\n');
    Ok(HandOver { files, manifest })
}

/// What kind the import takes it for.
pub(super) const fn kind(payload: &Payload) -> &'static str {
    match payload {
        Payload::CaseNote { .. } => "case-note",
        Payload::Appendment { .. } => "appendment",
        Payload::FormOutcome { .. } => "form-outcome",
        Payload::Document { .. } => "document",
        Payload::WorkflowStep { .. } => "workflow-step",
    }
}

/// The reference as the name of a file: letters, digits and hyphens only.
pub(super) fn stem(reference: &Reference) -> Option<&str> {
    let well = |character: char| character.is_ascii_alphanumeric() || character == '-';
    Some(reference.0.as_str()).filter(|name| !name.is_empty() && name.chars().all(well))
}

struct Rows {
    headings: Vec<&'static str>,
    records: Vec<Vec<String>>,
}

fn rows(write_back: &WriteBack, stem: &str) -> Rows {
    let date = write_back.payload.contact_date().to_string();
    let one = |headings: &[&'static str], cells: Vec<String>| (headings.to_vec(), vec![cells]);
    let (headings, records) = match &write_back.payload {
        Payload::CaseNote { note_type, title, body, alert_recipients, .. } => one(
            &["type", "title", "contact-date", "body", "alert-recipients"],
            vec![note_type.clone(), title.clone(), date, body.expose().clone(), alert_recipients.join(";")],
        ),
        Payload::Appendment { note, body, .. } => {
            one(&["note", "contact-date", "body"], vec![note.clone(), date, body.expose().clone()])
        }
        Payload::FormOutcome { step, form, answers, corrects, .. } => {
            let headings = ["step", "form", "contact-date", "question", "answer", "answer-type", "replaces"];
            let earlier = |question: &str| {
                let earlier = corrects.iter().find(|answer| answer.question == question);
                earlier.map_or_else(String::new, |answer| answer.value.expose().to_string())
            };
            let record = |answer: &FormAnswer| {
                let cells = [step.to_string(), form.to_string(), date.clone(), answer.question.clone()];
                let value = answer.value.expose();
                let value_type = if matches!(value, FormValue::YesNo(_)) { "yes-no" } else { "text" };
                cells.into_iter().chain([value.to_string(), value_type.to_owned(), earlier(&answer.question)]).collect()
            };
            (headings.to_vec(), answers.iter().map(record).collect())
        }
        Payload::Document { title, description, .. } => one(
            &["title", "contact-date", "description", "file"],
            vec![title.clone(), date, description.expose().clone(), format!("{stem}.docx")],
        ),
        Payload::WorkflowStep { step_type, note, .. } => {
            one(&["type", "start-date", "note"], vec![step_type.clone(), date, note.expose().clone()])
        }
    };
    let own = [stem.to_owned(), write_back.id.to_string(), write_back.person.to_string()];
    let whole = |cells: Vec<String>| own.iter().cloned().chain(cells.iter().map(|cell| safe(cell))).collect();
    Rows {
        headings: ["reference", "key", "person"].into_iter().chain(headings).collect(),
        records: records.into_iter().map(whole).collect(),
    }
}

/// A cell that no spreadsheet takes for a formula, without control characters but for ends of lines.
fn safe(cell: &str) -> String {
    let marked = cell.starts_with(['=', '+', '-', '@', '\t', '\r', TEXT_MARK]);
    let plain = cell.chars().filter(|character| *character == '\n' || !character.is_control());
    marked.then_some(TEXT_MARK).into_iter().chain(plain).collect()
}

fn csv(rows: &Rows) -> Result<Vec<u8>, String> {
    let mut writer = WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(&rows.headings).map_err(|_| unshaped())?;
    for record in &rows.records {
        writer.write_record(record).map_err(|_| unshaped())?;
    }
    writer.into_inner().map_err(|_| unshaped())
}

/// The causes would show what could not be written.
fn unshaped() -> String {
    "it could not be made into a file".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_calculate_is_text() {
        for (cell, wanted) in [
            ("=1+1", "'=1+1"),
            ("+44", "'+44"),
            ("-5", "'-5"),
            ("@sum", "'@sum"),
            ("\t=1", "'=1"),
            ("'quoted'", "''quoted'"),
            ("plain = text\nsecond", "plain = text\nsecond"),
            ("a\u{0}b\rc", "abc"),
        ] {
            assert_eq!(safe(cell), wanted);
        }
    }

    #[test]
    fn a_reference_that_is_no_name_of_a_file_is_none() {
        for (name, well) in [("TES-7F3K-2Q9M-4T", true), ("../TES", false), ("", false), ("TES 1", false)] {
            assert_eq!(stem(&Reference(name.to_owned())).is_some(), well, "{name}");
        }
    }
}
