//! Opens the papers of a request: PDF, DOCX, XLSX, pictures, e-mails, zip files.
//!
//! Promise: says what each file is, whose, from when, how long, and what is wrong with it, with the evidence; judges
//! nothing. No file can hang or crash the check: files are opened by a process of their own with limits of time and
//! memory, and where one brings it down another goes on with the rest. The text of a document is never kept and never
//! printed.

mod contents;
mod date;
mod docx;
mod email;
mod folder;
mod open;
mod outlook;
mod package;
mod pdf;
mod pdf_font;
mod pdf_map;
mod pdf_text;
mod picture;
mod reader;
mod recognise;
mod sheet;
mod shown;
mod sink;
#[cfg(test)]
mod tests;
mod vocabulary;
mod zipped;

pub use contents::Contents;
pub use open::open;
pub use reader::{answer_requests, read, read_each};
pub use recognise::{Subject, recognise};
pub use vocabulary::Vocabulary;
