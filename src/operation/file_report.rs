//! What became of each file.

use serde::Serialize;

use crate::domain::Account;
use crate::report;

/// What became of one file: `records = taken + unchanged + quarantined`.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// Whose it is.
    pub authority: String,
    /// What it holds.
    pub extract: &'static str,
    /// Records that were read.
    pub records: u64,
    /// New records, and new states of known ones.
    pub taken: u64,
    /// Records that say what the ledger holds already.
    pub unchanged: u64,
    /// Records that wait for a person.
    pub quarantined: u64,
    /// Why the file as a whole was not read, or not read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl FileReport {
    /// The account as the ledger keeps it.
    pub(super) fn of(file: String, authority: String, extract: &'static str, account: Account) -> Self {
        let Account { records, taken, unchanged, quarantined } = account;
        Self { file, authority, extract, records, taken, unchanged, quarantined, note: None }
    }
}

/// The files as a table, with their sum.
pub(super) fn table(files: &[FileReport]) -> String {
    let headings = ["file", "of", "holds", "records", "taken", "unchanged", "quarantined"];
    let row = |file: &str, of: &str, holds: &str, numbers: [u64; 4]| {
        let words = [file, of, holds].map(ToOwned::to_owned);
        words.into_iter().chain(numbers.map(|number| number.to_string())).collect::<Vec<_>>()
    };
    let numbers = |file: &FileReport| [file.records, file.taken, file.unchanged, file.quarantined];
    let mut rows: Vec<_> =
        files.iter().map(|file| row(&file.file, &file.authority, file.extract, numbers(file))).collect();
    let sum = files.iter().map(numbers).fold([0; 4], |sum, numbers| std::array::from_fn(|at| add(&sum, &numbers, at)));
    rows.push(row("all", "", "", sum));
    let mut text = report::table(&headings, &rows);
    for file in files {
        if let Some(note) = &file.note {
            text.push_str(&format!("{}: {note}\n", file.file));
        }
    }
    text
}

fn add(sum: &[u64; 4], numbers: &[u64; 4], at: usize) -> u64 {
    sum.get(at).copied().unwrap_or(0) + numbers.get(at).copied().unwrap_or(0)
}
