//! The outcomes workbook for a sitting: a row for each request and child, and only what the panel decides can be
//! written.

use jiff::civil::Date;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, Formula, Note, ProtectionOptions, Workbook, Worksheet, XlsxError,
};

use super::{DECISION, KEY, OURS, PANEL, SITTING, row_key};
use crate::domain::{Outcome, OutcomeState, PanelName, PersonId, Private, SubmissionId};
use crate::panel::{Choice, OutcomeField, OutcomeFieldKind, OutcomeForm};

/// What a workbook is made for.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The panel.
    pub panel: &'a PanelName,
    /// What a person calls it.
    pub panel_title: &'a str,
    /// The day it sits.
    pub sitting: Date,
    /// What it can decide.
    pub form: &'a OutcomeForm,
    /// The requests, in the order of the agenda.
    pub requests: Vec<RequestLine>,
}

/// One request for one child.
#[derive(Debug, Clone)]
pub struct RequestLine {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: PersonId,
    /// The child's initials, for whoever fills it in.
    pub initials: Option<Private<String>>,
    /// What is recorded of that sitting already: it stands in the cells, to be corrected there.
    pub recorded: Option<Outcome>,
}

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookTrouble {
    /// It cannot be made.
    #[error("make the workbook")]
    Made(#[from] XlsxError),
}

/// A title, a line of help and the header stand above the requests.
const HEADER_ROW: u32 = 2;
const FIRST_ROW: u32 = 3;
/// Submission, Person and Initials stay in sight.
const FROZEN_COLUMNS: u16 = 3;
const DECISION_COLUMN: u16 = OURS.len() as u16;

const SHEET: &str = "Outcomes";
const HELP_SHEET: &str = "What to do";
const LIST_SHEET: &str = "Lists";

/// Points of a line of text, and of the highest row that Excel allows.
const LINE_POINTS: f64 = 15.0;
const ROW_POINTS_MAX: f64 = 409.0;

/// Characters that stand side by side on A4 and on A3 in landscape and can still be read. What is wider than A3 goes on
/// two pages side by side.
const A4_CHARS: f64 = 200.0;
const A3_CHARS: f64 = 340.0;
const PAPER_A3: u8 = 8;
const PAPER_A4: u8 = 9;

/// Characters of a footer's panel, so that the footer stays below Excel's 255.
const FOOTER_CHARS_MAX: usize = 100;

/// The bytes of the workbook. The same requests give the same bytes.
pub fn write(sheet: &Sheet<'_>) -> Result<Vec<u8>, WorkbookTrouble> {
    let mut workbook = Workbook::new();
    let (year, month, day) = (sheet.sitting.year(), sheet.sitting.month(), sheet.sitting.day());
    let made = ExcelDateTime::from_ymd(year.unsigned_abs(), month.unsigned_abs(), day.unsigned_abs())?;
    workbook.set_properties(&DocProperties::new().set_title(title(sheet)).set_creation_datetime(&made));
    let outcomes = workbook.add_worksheet();
    outcomes.set_name(SHEET)?;
    header(outcomes, sheet)?;
    rows(outcomes, sheet)?;
    validation(outcomes, sheet)?;
    outcomes.set_freeze_panes(FIRST_ROW, FROZEN_COLUMNS)?;
    page(outcomes, sheet)?;
    protect(outcomes);
    let help = workbook.add_worksheet();
    help.set_name(HELP_SHEET)?;
    what_to_do(help, sheet)?;
    protect(help);
    let lists = workbook.add_worksheet();
    lists.set_name(LIST_SHEET)?.set_hidden(true);
    fill_lists(lists, sheet)?;
    protect(lists);
    Ok(workbook.save_to_buffer()?)
}

fn title(sheet: &Sheet<'_>) -> String {
    format!("{}: outcomes of the sitting on {}", sheet.panel_title, sheet.sitting.strftime("%-d %B %Y"))
}

/// Rows stay where they are; how wide and high they are is for whoever reads them.
fn protect(worksheet: &mut Worksheet) {
    worksheet.protect_with_options(&ProtectionOptions {
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::default()
    });
}

/// Printed across, fitted to the width of the page, with the header on each; and where a panel has so many fields that
/// nobody could read them so, on several pages side by side, with whose row it is on each.
fn page(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let ours = OURS.iter().filter_map(|heading| our_width(heading));
    let wide: f64 = ours.chain([width(None)]).chain(sheet.form.fields.iter().map(|field| width(Some(field)))).sum();
    worksheet.set_paper_size(if wide > A4_CHARS { PAPER_A3 } else { PAPER_A4 });
    let pages = (1_u16..).find(|pages| wide <= A3_CHARS * f64::from(*pages)).unwrap_or(1);
    worksheet.set_landscape().set_print_fit_to_pages(pages, 0).set_margins(0.4, 0.4, 0.5, 0.7, 0.3, 0.3);
    worksheet.set_repeat_rows(HEADER_ROW, HEADER_ROW)?.set_repeat_columns(0, FROZEN_COLUMNS - 1)?;
    let panel: String = sheet.panel_title.chars().take(FOOTER_CHARS_MAX).collect();
    // An ampersand begins a code of the footer.
    let panel = panel.replace('&', "&&");
    worksheet.set_footer(format!("&L{panel}&CSitting of {}&RPage &P of &N", sheet.sitting.strftime("%-d %B %Y")));
    Ok(())
}

/// How wide a column of ours is; nothing where it is hidden.
fn our_width(heading: &str) -> Option<f64> {
    match heading {
        PANEL | SITTING | KEY => None,
        super::SUBMISSION => Some(20.0),
        super::RECORDED => Some(14.0),
        _ => Some(10.0),
    }
}

/// How wide the decision's column or that of a field is.
fn width(field: Option<&OutcomeField>) -> f64 {
    match field.map(|field| &field.kind) {
        None | Some(OutcomeFieldKind::Choice(_)) => 22.0,
        Some(OutcomeFieldKind::Text) => 40.0,
        Some(OutcomeFieldKind::Date | OutcomeFieldKind::YesNo) => 13.0,
    }
}

/// The height of a row whose text wraps: not every program works it out when it opens the file.
fn height<'t>(cells: impl Iterator<Item = (&'t str, f64)>) -> f64 {
    let lines = cells.map(|(text, width)| {
        let lines = text.lines().map(|line| {
            let long = f64::from(u32::try_from(line.chars().count()).unwrap_or(u32::MAX));
            // Words do not break, so that a line holds a little less than it could.
            (long / (width - 3.0).max(1.0)).ceil().max(1.0)
        });
        lines.sum::<f64>()
    });
    (lines.fold(1.0, f64::max) * LINE_POINTS).min(ROW_POINTS_MAX)
}

fn header(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let bold = Format::new().set_bold().set_font_size(14);
    worksheet.write_string_with_format(0, 0, title(sheet), &bold)?;
    let help = format!(
        "Fill in the white cells. A row left empty is a request that was not decided. “{HELP_SHEET}” says more."
    );
    worksheet.write_string(1, 0, help)?;
    let head = heading();
    for (column, name) in (0_u16..).zip(OURS) {
        worksheet.write_string_with_format(HEADER_ROW, column, name, &head)?;
        match our_width(name) {
            Some(width) => worksheet.set_column_width(column, width)?,
            None => worksheet.set_column_hidden(column)?,
        };
    }
    worksheet.write_string_with_format(HEADER_ROW, DECISION_COLUMN, DECISION, &head)?;
    worksheet.insert_note(HEADER_ROW, DECISION_COLUMN, &note("Choose from the list."))?;
    worksheet.set_column_width(DECISION_COLUMN, width(None))?;
    for (column, field) in (DECISION_COLUMN + 1..).zip(&sheet.form.fields) {
        worksheet.write_string_with_format(HEADER_ROW, column, &field.title, &head)?;
        worksheet.set_column_width(column, width(Some(field)))?;
        worksheet.insert_note(HEADER_ROW, column, &note(&help_of(field, sheet.form)))?;
    }
    let titles = sheet.form.fields.iter().map(|field| (field.title.as_str(), width(Some(field))));
    worksheet.set_row_height(HEADER_ROW, height(titles).max(2.0 * LINE_POINTS))?;
    Ok(())
}

fn heading() -> Format {
    Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0xDD_E6_EE))
        .set_border(FormatBorder::Thin)
        .set_text_wrap()
        .set_align(FormatAlign::Top)
}

/// A note that is as large as what it says.
fn note(text: &str) -> Note {
    const CHARS_A_LINE: usize = 40;
    let lines = u32::try_from(text.chars().count().div_ceil(CHARS_A_LINE)).unwrap_or(u32::MAX);
    Note::new(text).add_author_prefix(false).set_width(260).set_height(lines.min(20) * 16 + 16)
}

/// What to write in a column, when it is needed, and by which clause.
fn help_of(field: &OutcomeField, form: &OutcomeForm) -> String {
    let mut help = if field.help.is_empty() { String::new() } else { format!("{}.", field.help.trim_end_matches('.')) };
    let needed = needed_with(field, form);
    if !needed.is_empty() {
        help.push_str(&format!(" Needed with: {needed}."));
    }
    if !field.policy.is_empty() {
        help.push_str(&format!(" ({})", field.policy));
    }
    help.trim().to_owned()
}

fn needed_with(field: &OutcomeField, form: &OutcomeForm) -> String {
    let titles = field.required_with.iter().filter_map(|name| form.decision(name));
    titles.map(|choice| choice.title.as_str()).collect::<Vec<_>>().join(", ")
}

fn rows(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    // Text, whatever it looks like: an id keeps its noughts, and nothing is taken for a formula.
    let plain = Format::new().set_num_format("@").set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
    let locked = plain.clone().set_background_color(Color::RGB(0xF3_F2_F1)).set_text_wrap();
    let text = plain.clone().set_unlocked().set_text_wrap();
    let day = plain.set_unlocked().set_num_format("dd/mm/yyyy").set_align(FormatAlign::Left);
    let sitting = sheet.sitting.to_string();
    for (row, request) in (FIRST_ROW..).zip(&sheet.requests) {
        let person = request.person.to_string();
        let initials = request.initials.as_ref().map_or("", |initials| initials.expose().trim());
        let key = row_key(request.submission.as_str(), &person, initials, sheet.panel.as_str(), &sitting);
        let recorded = request.recorded.as_ref().map(shown).unwrap_or_default();
        let values = [request.submission.as_str(), &person, initials, sheet.panel.as_str(), &sitting, &key, &recorded];
        for (column, value) in (0_u16..).zip(values) {
            worksheet.write_string_with_format(row, column, value, &locked)?;
        }
        let decision = request.recorded.as_ref().map(|recorded| recorded.decision.decision.as_str());
        let decision = decision.map(|name| titled(&sheet.form.decisions, name)).unwrap_or_default();
        write_text(worksheet, row, DECISION_COLUMN, decision, &text)?;
        let mut written = vec![(decision, width(None)), (recorded.as_str(), 14.0)];
        for (column, field) in (DECISION_COLUMN + 1..).zip(&sheet.form.fields) {
            let value = request.recorded.as_ref().and_then(|recorded| recorded.decision.fields.get(&field.name));
            let value = value.map(|value| value.expose().as_str()).unwrap_or_default();
            let value = match &field.kind {
                OutcomeFieldKind::Choice(choices) => titled(choices, value),
                _ => value,
            };
            let is_day = field.kind == OutcomeFieldKind::Date;
            match value
                .parse::<Date>()
                .ok()
                .filter(|_| is_day)
                .and_then(|day| ExcelDateTime::parse_from_str(&day.to_string()).ok())
            {
                Some(value) => drop(worksheet.write_datetime_with_format(row, column, &value, &day)?),
                None => write_text(worksheet, row, column, value, if is_day { &day } else { &text })?,
            }
            written.push((value, width(Some(field))));
        }
        if request.recorded.is_some() {
            worksheet.set_row_height(row, height(written.into_iter()))?;
        }
    }
    Ok(())
}

fn write_text(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), WorkbookTrouble> {
    if text.is_empty() {
        worksheet.write_blank(row, column, format)?;
    } else {
        worksheet.write_string_with_format(row, column, text, format)?;
    }
    Ok(())
}

/// What stands under Recorded: the reader takes the revision from it.
fn shown(recorded: &Outcome) -> String {
    let state = match recorded.state {
        OutcomeState::Loaded => "not approved yet",
        OutcomeState::Approved => "approved",
        OutcomeState::Rejected => "turned down",
        OutcomeState::Superseded => "superseded",
    };
    format!("revision {}, {state}", recorded.revision)
}

fn titled<'c>(choices: &'c [Choice], name: &'c str) -> &'c str {
    choices.iter().find(|choice| choice.name == name).map_or(name, |choice| choice.title.as_str())
}

/// The columns that have a choice list, each with what can be chosen: the decision, and fields by their kind.
fn lists<'s>(sheet: &Sheet<'s>) -> Vec<(u16, Vec<&'s str>)> {
    fn titles(choices: &[Choice]) -> Vec<&str> {
        choices.iter().map(|choice| choice.title.as_str()).collect()
    }
    let mut lists = vec![(DECISION_COLUMN, titles(&sheet.form.decisions))];
    for (column, field) in (DECISION_COLUMN + 1..).zip(&sheet.form.fields) {
        match &field.kind {
            OutcomeFieldKind::Choice(choices) => lists.push((column, titles(choices))),
            OutcomeFieldKind::YesNo => lists.push((column, vec!["yes", "no"])),
            OutcomeFieldKind::Text | OutcomeFieldKind::Date => {}
        }
    }
    lists
}

/// What can be chosen stands on a sheet of its own, a column a list: written into the cell's own rule, a list ends at
/// 255 characters, and a comma in a choice would make two of it.
fn fill_lists(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let text = Format::new().set_num_format("@");
    for (list, (_, titles)) in (0_u16..).zip(lists(sheet)) {
        for (row, title) in (0_u32..).zip(titles) {
            worksheet.write_string_with_format(row, list, title, &text)?;
        }
    }
    Ok(())
}

fn validation(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let last_row = FIRST_ROW + u32::try_from(sheet.requests.len().max(1)).unwrap_or(u32::MAX) - 1;
    for (list, (column, titles)) in (0_u16..).zip(lists(sheet)) {
        let name = rust_xlsxwriter::utility::column_number_to_name(list);
        let range = format!("={LIST_SHEET}!${name}$1:${name}${}", titles.len().max(1));
        let rule = DataValidation::new()
            .allow_list_formula(Formula::new(range))
            .set_error_title("Not one of the choices")?
            .set_error_message("Choose from the list.")?
            .set_error_style(DataValidationErrorStyle::Stop);
        worksheet.add_data_validation(FIRST_ROW, column, last_row, column, &rule)?;
    }
    let (first, last) = (ExcelDateTime::from_ymd(2000, 1, 1)?, ExcelDateTime::from_ymd(2100, 12, 31)?);
    let fields = (DECISION_COLUMN + 1..).zip(&sheet.form.fields);
    for (column, _) in fields.filter(|(_, field)| field.kind == OutcomeFieldKind::Date) {
        let rule = DataValidation::new()
            .allow_date(DataValidationRule::Between(first.clone(), last.clone()))
            .set_error_title("Not a date")?
            .set_error_message("Write a date, for instance 02/12/2026.")?
            .set_error_style(DataValidationErrorStyle::Stop);
        worksheet.add_data_validation(FIRST_ROW, column, last_row, column, &rule)?;
    }
    Ok(())
}

/// What whoever fills it in should know, in the order in which it is needed.
const INSTRUCTIONS: [&str; 9] = [
    "On the sheet Outcomes each row is one request for one child. The grey cells say whose row it is and cannot be changed: look at the initials before you write.",
    "Choose what the panel decided under Decision, from the list. Leave the whole row empty where it has not decided.",
    "A request about brothers or sisters has a row for each child. Decide for each of them, or for none: the request is taken as a whole.",
    "Then fill in what belongs to the decision. The table below says what each column is for, and with which decisions it is needed.",
    "Write dates with the day first: 02/12/2026. Text may be as long as it needs to be; Alt and Enter begin a new line. Text that begins with =, +, - or @ stays text.",
    "Where something is recorded already it stands in the cells, and Recorded says which revision it is. To correct it, change the cells: the next revision is made of it. To empty the row takes nothing back.",
    "A request that is missing here is expected at another sitting.",
    "Save the file as .xlsx without a password. Then `tessera outcomes load FILE --dry-run` says what is wrong, cell by cell, and `tessera outcomes load FILE` takes it. Loading twice changes nothing.",
    "This file is about children. Keep it where only those can read it who record outcomes, and delete it once it is loaded.",
];

fn what_to_do(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    const WIDTHS: [f64; 4] = [30.0, 60.0, 36.0, 44.0];
    let bold = Format::new().set_bold().set_font_size(14);
    let plain = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let boxed = plain.clone().set_border(FormatBorder::Thin);
    for (column, width) in (0_u16..).zip(WIDTHS) {
        worksheet.set_column_width(column, width)?;
    }
    let wide: f64 = WIDTHS.iter().sum();
    worksheet.write_string_with_format(0, 0, title(sheet), &bold)?;
    let mut row = 1;
    for (number, instruction) in (1_u32..).zip(INSTRUCTIONS) {
        let text = format!("{number}. {instruction}");
        worksheet.merge_range(row, 0, row, 3, &text, &plain)?;
        worksheet.set_row_height(row, height([(text.as_str(), wide)].into_iter()))?;
        row += 1;
    }
    row += 1;
    for (column, name) in (0_u16..).zip(["Column", "What to write", "Needed with", "Asked for by"]) {
        worksheet.write_string_with_format(row, column, name, &heading())?;
    }
    let first = row;
    let choices = "One of the list".to_owned();
    let decision = [DECISION.to_owned(), choices, String::new(), String::new()];
    let fields =
        sheet.form.fields.iter().map(|field| {
            [field.title.clone(), field.help.clone(), needed_with(field, sheet.form), field.policy.clone()]
        });
    for cells in std::iter::once(decision).chain(fields) {
        row += 1;
        for (column, text) in (0_u16..).zip(&cells) {
            worksheet.write_string_with_format(row, column, text, &boxed)?;
        }
        worksheet.set_row_height(row, height(cells.iter().map(String::as_str).zip(WIDTHS)))?;
    }
    worksheet.set_landscape().set_paper_size(PAPER_A4).set_print_fit_to_pages(1, 0);
    worksheet.set_repeat_rows(first, first)?;
    worksheet.set_footer("&RPage &P of &N");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AuthorityName, Decision};
    use crate::outcome::proofs::{form, outcome};
    use std::io::{Cursor, Read as _};

    fn made(form: &OutcomeForm, requests: Vec<RequestLine>) -> Vec<u8> {
        let panel = PanelName::of(&AuthorityName::new("a"), "p");
        let sitting = jiff::civil::date(2026, 12, 2);
        write(&Sheet { panel: &panel, panel_title: "Care & Support", sitting, form, requests }).unwrap()
    }

    fn part(bytes: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn line(recorded: Option<Outcome>) -> RequestLine {
        let (submission, person) = (SubmissionId::new("a-1"), "100001".parse().unwrap());
        RequestLine { submission, person, initials: Some(Private::from("SC")), recorded }
    }

    #[test]
    fn it_prints_across_the_page_with_its_header_and_its_pages_counted() {
        let bytes = made(&form(), vec![line(None)]);
        assert_eq!(bytes, made(&form(), vec![line(None)]), "the same requests give the same bytes");
        let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
        for wanted in [
            "orientation=\"landscape\"",
            "<pageSetUpPr fitToPage=\"1\"/>",
            "fitToHeight=\"0\"",
            "Care &amp;&amp; Support",
            "Page &amp;P of &amp;N",
            "topLeftCell=\"D4\"",
            "formatColumns=\"0\"",
            "formatRows=\"0\"",
        ] {
            assert!(sheet.contains(wanted), "no {wanted} in {sheet}");
        }
        assert!(!sheet.contains("sort=\"0\"") && !sheet.contains("autoFilter"), "rows stay where they are");
        let book = part(&bytes, "xl/workbook.xml");
        assert!(book.contains("Outcomes!$A:$C,Outcomes!$3:$3"), "the header is printed on each page: {book}");
        assert!(!sheet.contains("fitToWidth"), "one page wide");
        let mut many = form();
        many.fields = many.fields.iter().cycle().take(16).cloned().collect();
        let sheet = part(&made(&many, vec![line(None)]), "xl/worksheets/sheet1.xml");
        assert!(
            sheet.contains("paperSize=\"8\" fitToWidth=\"2\""),
            "what nobody could read is two pages wide: {sheet}"
        );
    }

    #[test]
    fn choices_may_be_long_and_may_hold_commas() {
        let mut form = form();
        form.decisions = (0..40)
            .map(|n| Choice { name: format!("d-{n}"), title: format!("Agreed, and looked at again after {n} weeks") })
            .collect();
        let titles: Vec<&str> = form.decisions.iter().map(|choice| choice.title.as_str()).collect();
        assert!(DataValidation::new().allow_list_strings(&titles).is_err(), "a list of its own has room for them");
        let bytes = made(&form, vec![line(None)]);
        let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("<formula1>Lists!$A$1:$A$40</formula1>"), "{sheet}");
        let book = part(&bytes, "xl/workbook.xml");
        assert!(book.contains("name=\"Lists\" sheetId=\"3\" state=\"hidden\""), "{book}");
    }

    #[test]
    fn what_is_recorded_stands_in_the_cells_and_nothing_is_a_formula() {
        let mut recorded = outcome(2, "=1+1");
        recorded.decision.fields.insert("by".to_owned(), Private::from("2026-12-09"));
        recorded.decision = Decision { decision: "agreed".to_owned(), ..recorded.decision };
        let bytes = made(&form(), vec![line(Some(recorded))]);
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.as_slice())).unwrap();
        use calamine::Reader as _;
        assert!(book.worksheet_formula(SHEET).unwrap().is_empty());
        let range = book.worksheet_range(SHEET).unwrap();
        let row: Vec<String> = range.rows().nth(3).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(row[..3], ["a-1", "100001", "SC"]);
        assert_eq!(row[6..10], ["revision 2, not approved yet", "Agreed", "=1+1", "46365"]);
    }
}
