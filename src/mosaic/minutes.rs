//! The minutes as a file (DOCX, ECMA-376).

use std::io::Cursor;

use docx_rs::{Docx, Paragraph, Run};

use crate::domain::Private;

/// What the file is.
pub(super) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Half points of a heading and of the text.
const HEADING_SIZE: usize = 32;
const TEXT_SIZE: usize = 22;

/// The file: the title, and a paragraph for each line. The same text gives the same bytes but for the archive's times.
pub(super) fn docx(title: &str, text: &Private<String>) -> Result<Vec<u8>, String> {
    let heading = Paragraph::new().add_run(Run::new().add_text(title).size(HEADING_SIZE).bold());
    let mut document = Docx::new().add_paragraph(heading);
    for line in text.expose().lines() {
        document = document.add_paragraph(Paragraph::new().add_run(Run::new().add_text(line).size(TEXT_SIZE)));
    }
    let mut file = Cursor::new(Vec::new());
    document.build().pack(&mut file).map_err(|_| "the minutes could not be made into a file".to_owned())?;
    Ok(file.into_inner())
}

/// The file's name: the title, without what no file system takes.
pub(super) fn file_name(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_alphanumeric() || " -.".contains(c) { c } else { ' ' }).collect();
    format!("{}.docx", plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_text_and_nothing_of_it_is_markup() {
        let text = Private::from("Decision: Agreed\n\nWhat Needs to Happen\n=1+1 & <b>");
        let bytes = docx("Minutes, 2 December 2026", &text).unwrap();
        assert!(bytes.starts_with(b"PK"));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut body = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("word/document.xml").unwrap(), &mut body).unwrap();
        assert!(body.contains("=1+1 &amp; &lt;b&gt;") && body.contains("Decision: Agreed"), "{body}");
        assert_eq!(file_name("Minutes: a/b, 2 December 2026"), "Minutes a b 2 December 2026.docx");
    }
}
