//! The outcomes workbook for a sitting: a row a request, and only what the panel decides can be written.

use std::path::Path;

use jiff::civil::Date;
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, ExcelDateTime, Format, FormatAlign, Note, ProtectionOptions, Workbook,
    Worksheet, XlsxError,
};

use super::{DECISION, INITIALS, KEY, PANEL, PERSON, SITTING, SUBMISSION, row_key};
use crate::domain::{PanelName, PersonId, Private, SubmissionId};
use crate::panel::{Choice, OutcomeFieldKind, OutcomeForm};

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
}

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookTrouble {
    /// It cannot be made.
    #[error("make the workbook")]
    Made(#[from] XlsxError),
}

/// The first row of requests: a title, a line of help and the header stand above.
const FIRST_ROW: u32 = 3;
const HEADER_ROW: u32 = 2;
const SHEET: &str = "Outcomes";

/// Writes the workbook.
pub fn write(path: &Path, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let mut workbook = Workbook::new();
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(SHEET)?;
    header(worksheet, sheet)?;
    let last_row = FIRST_ROW + u32::try_from(sheet.requests.len().max(1)).unwrap_or(u32::MAX) - 1;
    rows(worksheet, sheet)?;
    validation(worksheet, sheet, last_row)?;
    worksheet.set_freeze_panes(FIRST_ROW, 3)?;
    worksheet.protect_with_options(&ProtectionOptions {
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::default()
    });
    workbook.save(path)?;
    Ok(())
}

/// The columns that tessera fills in, and those that the panel does.
fn fixed() -> [&'static str; 6] {
    [SUBMISSION, PERSON, INITIALS, PANEL, SITTING, KEY]
}

fn header(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    let bold = Format::new().set_bold();
    let title = format!("{}: outcomes of the sitting on {}", sheet.panel_title, sheet.sitting.strftime("%-d %B %Y"));
    worksheet.write_with_format(0, 0, title, &bold)?;
    worksheet.write(1, 0, "Fill in the white columns. A row left empty is a request that was not decided.")?;
    let head = Format::new().set_bold().set_background_color("#DDE6EE").set_text_wrap().set_align(FormatAlign::Top);
    for (column, name) in (0_u16..).zip(fixed()) {
        worksheet.write_with_format(HEADER_ROW, column, name, &head)?;
        worksheet.set_column_width(column, 18)?;
        if [PANEL, SITTING, KEY].contains(&name) {
            worksheet.set_column_hidden(column)?;
        }
    }
    let first = u16::try_from(fixed().len()).unwrap_or(0);
    worksheet.write_with_format(HEADER_ROW, first, DECISION, &head)?;
    worksheet.insert_note(HEADER_ROW, first, &Note::new("Choose from the list."))?;
    worksheet.set_column_width(first, 24)?;
    for (column, field) in (first + 1..).zip(&sheet.form.fields) {
        worksheet.write_with_format(HEADER_ROW, column, &field.title, &head)?;
        worksheet.set_column_width(column, 32)?;
        let needed = if field.required_with.is_empty() {
            String::new()
        } else {
            let titles = field.required_with.iter().filter_map(|name| sheet.form.decision(name));
            let titles: Vec<&str> = titles.map(|choice| choice.title.as_str()).collect();
            format!(" Needed with: {}.", titles.join(", "))
        };
        worksheet.insert_note(HEADER_ROW, column, &Note::new(format!("{}.{needed} ({})", field.help, field.policy)))?;
    }
    Ok(())
}

fn rows(worksheet: &mut Worksheet, sheet: &Sheet<'_>) -> Result<(), WorkbookTrouble> {
    // Text, whatever it looks like: an id keeps its noughts, and nothing is taken for a formula.
    let locked = Format::new().set_num_format("@").set_background_color("#F3F2F1").set_align(FormatAlign::Top);
    let text = Format::new().set_unlocked().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top);
    let day = Format::new().set_unlocked().set_num_format("dd/mm/yyyy").set_align(FormatAlign::Top);
    let sitting = sheet.sitting.to_string();
    for (row, request) in (FIRST_ROW..).zip(&sheet.requests) {
        let person = request.person.to_string();
        let initials = request.initials.as_ref().map_or("", |initials| initials.expose().as_str());
        let key = row_key(request.submission.as_str(), &person, sheet.panel.as_str(), &sitting);
        let values = [request.submission.as_str(), &person, initials, sheet.panel.as_str(), &sitting, &key];
        for (column, value) in (0_u16..).zip(values) {
            worksheet.write_string_with_format(row, column, value, &locked)?;
        }
        let first = u16::try_from(fixed().len()).unwrap_or(0);
        worksheet.write_blank(row, first, &text)?;
        for (column, field) in (first + 1..).zip(&sheet.form.fields) {
            let format = if field.kind == OutcomeFieldKind::Date { &day } else { &text };
            worksheet.write_blank(row, column, format)?;
        }
    }
    Ok(())
}

fn validation(worksheet: &mut Worksheet, sheet: &Sheet<'_>, last_row: u32) -> Result<(), WorkbookTrouble> {
    let first = u16::try_from(fixed().len()).unwrap_or(0);
    let list = |choices: &[Choice]| -> Result<DataValidation, XlsxError> {
        let titles: Vec<&str> = choices.iter().map(|choice| choice.title.as_str()).collect();
        let validation = DataValidation::new().allow_list_strings(&titles)?;
        validation.set_error_title("Not one of the choices")?.set_error_message("Choose from the list.")
    };
    worksheet.add_data_validation(FIRST_ROW, first, last_row, first, &list(&sheet.form.decisions)?)?;
    for (column, field) in (first + 1..).zip(&sheet.form.fields) {
        let validation = match &field.kind {
            OutcomeFieldKind::Text => continue,
            OutcomeFieldKind::Choice(choices) => list(choices)?,
            OutcomeFieldKind::YesNo => DataValidation::new().allow_list_strings(&["yes", "no"])?,
            OutcomeFieldKind::Date => DataValidation::new()
                .allow_date(rust_xlsxwriter::DataValidationRule::GreaterThan(ExcelDateTime::from_ymd(2020, 1, 1)?))
                .set_error_title("Not a date")?
                .set_error_message("Write a date, for instance 02/12/2026.")?,
        };
        let validation = validation.set_error_style(DataValidationErrorStyle::Stop);
        worksheet.add_data_validation(FIRST_ROW, column, last_row, column, &validation)?;
    }
    Ok(())
}
