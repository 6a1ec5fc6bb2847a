//! Tables to take away: one shape, as a workbook and as a page.

use std::io;

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};

/// How a cell looks. The words say the same: colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Plain,
    /// As it should be.
    Good,
    /// Somebody should look.
    Look,
    /// Something blocks.
    Bad,
    /// Nothing is asked for here.
    Quiet,
    /// A number that a sheet can reckon with.
    Number,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

impl Cell {
    /// A plain cell.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// A number.
    pub fn number(number: u64) -> Self {
        Self { text: number.to_string(), tone: Tone::Number }
    }

    /// The number that stands in it.
    fn as_number(&self) -> Option<f64> {
        self.text.parse().ok().filter(|_| self.tone == Tone::Number)
    }
}

/// A table under a heading.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Its heading, which is the name of its sheet too.
    pub title: String,
    /// Lines that stand above the table.
    pub notes: Vec<String>,
    /// The headings of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What a workbook or page holds.
#[derive(Debug, Clone, Default)]
pub struct Sheets {
    /// The heading of the whole.
    pub title: String,
    /// Its tables.
    pub tables: Vec<Matrix>,
}

/// Characters of a sheet's name in Excel.
const SHEET_NAME_CHARS_MAX: usize = 31;

/// Widths of columns, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 11..=48;

/// Points of a line of text, and of the highest row that Excel allows.
const LINE_POINTS: f64 = 15.0;
const ROW_POINTS_MAX: f64 = 409.0;

impl Sheets {
    /// The bytes of an XLSX workbook. Every cell is written as text or as a number, so that none can be a formula.
    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // The same tables give the same bytes.
        let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
        workbook.set_properties(&DocProperties::new().set_title(&self.title).set_creation_datetime(&made));
        for table in &self.tables {
            table.write(&mut workbook)?;
        }
        workbook.save_to_buffer()
    }

    /// An HTML page that needs nothing from outside.
    pub fn html(&self) -> String {
        let page = maud::html! {
            (maud::DOCTYPE)
            html lang="en-GB" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (maud::PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (self.title) }
                        @for table in &self.tables { (table.html()) }
                    }
                }
            }
        };
        page.into_string()
    }

    /// Writes to a file by its ending: `.xlsx`, or `.html`.
    pub fn write(&self, path: &std::path::Path) -> io::Result<()> {
        let bytes = match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("xlsx") => self.xlsx().map_err(io::Error::other)?,
            Some("html" | "htm") => self.html().into_bytes(),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name must end in .xlsx or .html")),
        };
        super::private_file(path, &bytes)
    }
}

impl Matrix {
    fn write(&self, workbook: &mut Workbook) -> Result<(), XlsxError> {
        let sheet = workbook.add_worksheet();
        sheet.set_name(sheet_name(&self.title))?;
        let heading = Format::new().set_bold().set_font_size(14);
        sheet.write_string_with_format(0, 0, &self.title, &heading)?;
        let mut row = 1;
        for note in &self.notes {
            sheet.write_string(row, 0, note)?;
            row += 1;
        }
        row += 1;
        let first = row;
        let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
        let widths: Vec<usize> = self.columns.iter().enumerate().map(|(at, name)| self.width(at, name)).collect();
        for ((column, name), width) in (0..).zip(&self.columns).zip(&widths) {
            sheet.write_string_with_format(row, column, name, &head)?;
            sheet.set_column_width(column, f64::from(u32::try_from(*width).unwrap_or(u32::MAX)))?;
        }
        sheet.set_row_height(row, height(self.columns.iter().map(String::as_str), &widths))?;
        for cells in &self.rows {
            row += 1;
            for (column, cell) in (0..).zip(cells) {
                match cell.as_number() {
                    Some(number) => sheet.write_number_with_format(row, column, number, &format(cell.tone))?,
                    None => sheet.write_string_with_format(row, column, printable(&cell.text), &format(cell.tone))?,
                };
            }
            sheet.set_row_height(row, height(cells.iter().map(|cell| cell.text.as_str()), &widths))?;
        }
        sheet.set_freeze_panes(first + 1, 1)?;
        sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(first, first)?;
        if let Some(last) = u16::try_from(self.columns.len()).ok().and_then(|count| count.checked_sub(1)) {
            sheet.autofilter(first, 0, row, last)?;
        }
        Ok(())
    }

    /// The width of a column, in characters: that of its longest line, and of no word of its heading less.
    fn width(&self, at: usize, name: &str) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).flat_map(|cell| cell.text.lines());
        let words = name.split_whitespace();
        let widest = cells.chain(words).map(|text| text.chars().count()).max().unwrap_or(0);
        (widest + 2).clamp(*WIDTHS.start(), *WIDTHS.end())
    }

    fn html(&self) -> maud::Markup {
        maud::html! {
            h2 { (self.title) }
            @for note in &self.notes { p { (note) } }
            @if self.rows.is_empty() {
                p { "Nothing to show." }
            } @else {
                div.scroll tabindex="0" {
                    table {
                        caption.hidden { (self.title) }
                        thead { tr { @for name in &self.columns { th scope="col" { (name) } } } }
                        tbody {
                            @for row in &self.rows {
                                tr {
                                    @for (at, cell) in row.iter().enumerate() {
                                        @if at == 0 { th scope="row" { (cell.text) } }
                                        @else { td class=(class(cell.tone)) { (cell.text) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The height of a row whose text wraps, in points: not every program works it out when it opens the file.
fn height<'t>(cells: impl Iterator<Item = &'t str>, widths: &[usize]) -> f64 {
    let lines = cells.zip(widths).map(|(text, width)| {
        // Words do not break, so that a line holds a little less than it could.
        let line = width.saturating_sub(3).max(1);
        text.lines().map(|own| own.chars().count().div_ceil(line).max(1)).sum::<usize>()
    });
    let lines = u32::try_from(lines.max().unwrap_or(1).max(1)).unwrap_or(u32::MAX);
    (f64::from(lines) * LINE_POINTS).min(ROW_POINTS_MAX)
}

fn format(tone: Tone) -> Format {
    let plain = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
    match tone {
        Tone::Plain | Tone::Number => plain,
        Tone::Good => plain.set_background_color(Color::RGB(0xD9_EA_D3)),
        Tone::Look => plain.set_background_color(Color::RGB(0xFF_F2_CC)),
        Tone::Bad => plain.set_background_color(Color::RGB(0xF4_CC_CC)).set_bold(),
        Tone::Quiet => plain.set_font_color(Color::RGB(0x66_66_66)),
    }
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Look => "look",
        Tone::Bad => "bad",
        Tone::Quiet => "quiet",
        Tone::Number => "number",
    }
}

/// A sheet's name: without what Excel forbids in one.
fn sheet_name(title: &str) -> String {
    let allowed = title.chars().map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c });
    allowed.take(SHEET_NAME_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Without the control characters that a workbook cannot hold.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
const STYLE: &str = "body{font:16px/1.4 Arial,sans-serif;color:#0b0c0c;margin:2rem}\
h1{font-size:1.75rem}h2{font-size:1.25rem;margin-top:2rem}\
.scroll{overflow-x:auto}.scroll:focus{outline:3px solid #ffdd00}\
table{border-collapse:collapse}th,td{border:1px solid #b1b4b6;padding:.4rem .6rem;text-align:left;vertical-align:top;\
white-space:pre-line}thead th{background:#f3f2f1}.good{background:#d9ead3}.look{background:#fff2cc}\
.bad{background:#f4cccc;font-weight:bold}.quiet{color:#505a5f}.number{text-align:right}\
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\
@media print{body{margin:0}.scroll{overflow:visible}}";

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets() -> Sheets {
        let bad = Cell { text: "=HYPERLINK(\"x\") <b>".to_owned(), tone: Tone::Bad };
        let table = Matrix {
            title: "Requests: a/b".to_owned(),
            notes: vec!["A note".to_owned()],
            columns: vec!["request".to_owned(), "chronology".to_owned()],
            rows: vec![vec![Cell::plain("a-1"), bad]],
        };
        Sheets { title: "Matrix".to_owned(), tables: vec![table] }
    }

    #[test]
    fn a_cell_is_never_a_formula_and_never_markup() {
        use calamine::{Data, Reader as _};
        let bytes = sheets().xlsx().unwrap();
        assert_eq!(bytes, sheets().xlsx().unwrap(), "the same table gives the same bytes");
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["Requests  a b"]);
        assert!(book.worksheet_formula("Requests  a b").unwrap().is_empty());
        let range = book.worksheet_range("Requests  a b").unwrap();
        assert!(range.cells().any(|(_, _, cell)| *cell == Data::String("=HYPERLINK(\"x\") <b>".to_owned())));
        let html = sheets().html();
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
    }
}
