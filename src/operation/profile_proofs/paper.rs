//! Papers as files: small documents of Office that say what, whose and from when they are.

use std::io::{Cursor, Write as _};

use jiff::civil::Date;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What stands in a paper.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// Its heading; none for one that does not say what it is.
    pub(super) heading: Option<String>,
    /// The Mosaic id that it names.
    pub(super) person: String,
    /// Its date.
    pub(super) dated: Option<Date>,
    /// Its pages.
    pub(super) pages: u32,
}

/// The file (ECMA-376).
pub(super) fn docx(sheet: &Sheet) -> Vec<u8> {
    let heading = sheet.heading.clone().unwrap_or_else(|| "Synthetic words of no kind".to_owned());
    let mut lines = vec![heading.clone(), format!("Mosaic ID: {}", sheet.person)];
    lines.extend(sheet.dated.map(|date| format!("Date of report: {}", date.strftime("%d/%m/%Y"))));
    lines.push(format!(
        "Every word of this is made up, so that it can be told from others by more than {heading} alone."
    ));
    lines.push(
        "It stands for what a worker would have written, at more length and with more care than this.".to_owned(),
    );
    let paragraphs: String =
        lines.iter().map(|line| format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", escaped(line))).collect();
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "word/document.xml",
            format!(
                "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{paragraphs}</w:body></w:document>"
            ),
        ),
        ("docProps/app.xml", format!("<Properties><Pages>{}</Pages></Properties>", sheet.pages)),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
