//! A filled-in outcomes workbook. Every cell is checked; a request is taken as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use calamine::{Data, Range, Reader as _, Xlsx};
use jiff::civil::Date;

use super::{DECISION, KEY, PANEL, PERSON, SITTING, SUBMISSION, row_key};
use crate::diagnostic::{Place, nearest};
use crate::domain::{Decision, PanelName, PersonId, Private, SubmissionId};
use crate::panel::{Choice, OutcomeField, OutcomeFieldKind, OutcomeForm};

/// What the ledger knows of a request.
#[derive(Debug, Clone)]
pub struct RequestKnown {
    /// Everybody it is about.
    pub people: Vec<PersonId>,
    /// The panel that it asks.
    pub panel: Option<PanelName>,
}

/// An outcome as the workbook has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: PersonId,
    /// The panel.
    pub panel: PanelName,
    /// The day it sat.
    pub sitting: Date,
    /// What it decided.
    pub decision: Decision,
    /// The row that says so.
    pub place: Place,
}

/// Something wrong with a cell. It never shows what stands in a cell that the panel fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellTrouble {
    /// The sheet and cell.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a workbook holds.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Outcomes whose every cell is right.
    pub outcomes: Vec<ReadOutcome>,
    /// Rows in which nothing was decided.
    pub undecided: usize,
    /// Everything that is wrong.
    pub troubles: Vec<CellTrouble>,
}

/// Title rows that may stand above the header.
const ROWS_ABOVE_MAX: usize = 20;

/// Reads a workbook: the one that tessera makes, or any with the headings Submission, Person, Sitting, Decision and
/// the titles of the panel's fields.
pub fn read<'f>(
    bytes: &[u8],
    form_of: impl Fn(&PanelName) -> Option<&'f OutcomeForm>,
    known: impl Fn(&SubmissionId) -> Option<RequestKnown>,
) -> Loaded {
    let mut loaded = Loaded::default();
    let Ok(mut workbook) = Xlsx::new(Cursor::new(bytes)) else {
        let help = "save it as .xlsx without a password";
        loaded.say(Place::Whole, "the file is no workbook that can be read", help);
        return loaded;
    };
    let mut found = false;
    let mut seen = BTreeSet::new();
    for name in workbook.sheet_names() {
        let Ok(range) = workbook.worksheet_range(&name) else { continue };
        let Some(sheet) = SheetReader::of(&name, &range) else { continue };
        found = true;
        for row in sheet.rows() {
            if sheet.is_empty(row) {
                loaded.undecided += usize::from(sheet.text(row, SUBMISSION).is_some());
                continue;
            }
            match sheet.outcome(row, &form_of, &known) {
                Ok(outcome) if !seen.insert((outcome.submission.clone(), outcome.person, outcome.sitting)) => {
                    let help = "leave one row for each request and child";
                    loaded.say(outcome.place, "the request stands in the workbook twice", help);
                }
                Ok(outcome) => loaded.outcomes.push(outcome),
                Err(troubles) => loaded.troubles.extend(troubles),
            }
        }
    }
    if !found {
        let help = "use the workbook that `tessera outcomes workbook` writes";
        loaded.say(Place::Whole, "no sheet has the headings Submission, Person, Sitting and Decision", help);
    }
    loaded
}

impl Loaded {
    fn say(&mut self, place: Place, message: &str, help: &str) {
        self.troubles.push(CellTrouble { place, message: message.to_owned(), help: help.to_owned() });
    }
}

struct SheetReader<'r> {
    name: &'r str,
    range: &'r Range<Data>,
    /// Row of the header, and column of each heading.
    header: usize,
    columns: BTreeMap<String, usize>,
}

impl<'r> SheetReader<'r> {
    fn of(name: &'r str, range: &'r Range<Data>) -> Option<Self> {
        range.rows().take(ROWS_ABOVE_MAX).enumerate().find_map(|(header, row)| {
            let headings = row.iter().enumerate().map(|(column, cell)| (folded(&cell.to_string()), column));
            let columns: BTreeMap<String, usize> = headings.filter(|(heading, _)| !heading.is_empty()).collect();
            let wanted = [SUBMISSION, PERSON, SITTING, DECISION];
            let has_all = wanted.iter().all(|heading| columns.contains_key(&folded(heading)));
            has_all.then_some(Self { name, range, header, columns })
        })
    }

    fn rows(&self) -> impl Iterator<Item = usize> {
        self.header + 1..self.range.height()
    }

    fn cell(&self, row: usize, heading: &str) -> Option<&'r Data> {
        let column = self.columns.get(&folded(heading))?;
        self.range.get((row, *column)).filter(|cell| !matches!(cell, Data::Empty))
    }

    fn text(&self, row: usize, heading: &str) -> Option<String> {
        let text = match self.cell(row, heading)? {
            Data::DateTime(moment) if moment.is_datetime() => day_of(moment.as_f64())?.to_string(),
            Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
            cell => cell.to_string(),
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Nothing stands in the columns that the panel fills in.
    fn is_empty(&self, row: usize) -> bool {
        let ours = [SUBMISSION, PERSON, super::INITIALS, PANEL, SITTING, KEY].map(folded);
        let mut theirs = self.columns.keys().filter(|heading| !ours.contains(heading));
        theirs.all(|heading| self.text(row, heading).is_none())
    }

    fn place(&self, row: usize, heading: &str) -> Place {
        let (first_row, first_column) = self.range.start().unwrap_or((0, 0));
        let column = self.columns.get(&folded(heading)).copied().unwrap_or(0);
        let number = |index: usize, first: u32| u32::try_from(index).unwrap_or(u32::MAX - 1).saturating_add(first + 1);
        Place::Cell { sheet: self.name.into(), row: number(row, first_row), column: number(column, first_column) }
    }

    fn trouble(&self, row: usize, heading: &str, message: impl Into<String>, help: impl Into<String>) -> CellTrouble {
        CellTrouble { place: self.place(row, heading), message: message.into(), help: help.into() }
    }

    fn outcome<'f>(
        &self,
        row: usize,
        form_of: &impl Fn(&PanelName) -> Option<&'f OutcomeForm>,
        known: &impl Fn(&SubmissionId) -> Option<RequestKnown>,
    ) -> Result<ReadOutcome, Vec<CellTrouble>> {
        let (submission, person, panel, sitting) = self.whose(row, known).map_err(|trouble| vec![trouble])?;
        let Some(form) = form_of(&panel).filter(|form| !form.decisions.is_empty()) else {
            let help = "the panel's file under mappings/ names no decisions";
            return Err(vec![self.trouble(row, SUBMISSION, format!("{panel} has no outcomes to choose from"), help)]);
        };
        let mut troubles = Vec::new();
        let decision = self.decision(row, form).map_err(|trouble| troubles.push(trouble)).ok();
        let mut fields = BTreeMap::new();
        for field in &form.fields {
            match self.field(row, field) {
                Ok(Some(value)) => drop(fields.insert(field.name.clone(), Private::new(value))),
                Ok(None) if decision.as_ref().is_some_and(|decision| field.required_with.contains(decision)) => {
                    let message = format!("“{}” is empty, and this decision needs it", field.title);
                    troubles.push(self.trouble(row, &field.title, message, format!("fill it in ({})", field.policy)));
                }
                Ok(None) => {}
                Err(trouble) => troubles.push(trouble),
            }
        }
        match decision {
            Some(decision) if troubles.is_empty() => {
                let place = self.place(row, DECISION);
                let decision = Decision { decision, fields };
                Ok(ReadOutcome { submission, person, panel, sitting, decision, place })
            }
            _ => Err(troubles),
        }
    }

    /// Whose outcome it is: the row, its key and the ledger must agree.
    fn whose(
        &self,
        row: usize,
        known: &impl Fn(&SubmissionId) -> Option<RequestKnown>,
    ) -> Result<(SubmissionId, PersonId, PanelName, Date), CellTrouble> {
        let help = "make the workbook anew and copy the decisions into it";
        let text = |heading: &str| {
            self.text(row, heading).ok_or_else(|| self.trouble(row, heading, format!("“{heading}” is empty"), help))
        };
        let (submission, person, sitting) = (text(SUBMISSION)?, text(PERSON)?, text(SITTING)?);
        let id = SubmissionId::new(submission.as_str());
        let request =
            known(&id).ok_or_else(|| self.trouble(row, SUBMISSION, format!("there is no request {id}"), help))?;
        let person_id: PersonId = person
            .parse()
            .map_err(|why| self.trouble(row, PERSON, format!("the person id cannot be read: {why}"), help))?;
        if !request.people.contains(&person_id) {
            let message = format!("the request {id} is not about person {person_id}");
            return Err(self.trouble(row, PERSON, message, help));
        }
        let panel = self.text(row, PANEL).map(|name| {
            let (authority, panel) = name.split_once('/').unwrap_or(("", name.as_str()));
            PanelName::of(&crate::domain::AuthorityName::new(authority), panel)
        });
        let panel = panel.or_else(|| request.panel.clone());
        let panel = panel.ok_or_else(|| self.trouble(row, SUBMISSION, "the request asks no panel", help))?;
        if request.panel.as_ref().is_some_and(|asked| *asked != panel) {
            return Err(self.trouble(row, PANEL, format!("the request asks another panel than {panel}"), help));
        }
        let day: Date = date(&sitting).ok_or_else(|| self.trouble(row, SITTING, "the sitting is no date", help))?;
        if let Some(key) = self.text(row, KEY)
            && key != row_key(id.as_str(), &person_id.to_string(), panel.as_str(), &day.to_string())
        {
            let message = "the row's own columns were changed after the workbook was made";
            return Err(self.trouble(row, KEY, message, help));
        }
        Ok((id, person_id, panel, day))
    }

    fn decision(&self, row: usize, form: &OutcomeForm) -> Result<String, CellTrouble> {
        let Some(text) = self.text(row, DECISION) else {
            let help = "choose from the list, or empty the whole row";
            return Err(self.trouble(row, DECISION, "something is filled in, and no decision is chosen", help));
        };
        choice(&form.decisions, &text).map_err(|help| self.trouble(row, DECISION, "there is no such decision", help))
    }

    fn field(&self, row: usize, field: &OutcomeField) -> Result<Option<String>, CellTrouble> {
        if let Some(Data::Error(_)) = self.cell(row, &field.title) {
            let help = "write the text itself in place of the formula";
            return Err(self.trouble(row, &field.title, "the cell holds an error of a formula", help));
        }
        let Some(text) = self.text(row, &field.title) else { return Ok(None) };
        let read = match &field.kind {
            OutcomeFieldKind::Text => Ok(text),
            OutcomeFieldKind::Date => date(&text)
                .map(|date| date.to_string())
                .ok_or_else(|| "write a date, for instance 02/12/2026".to_owned()),
            OutcomeFieldKind::Choice(choices) => choice(choices, &text),
            OutcomeFieldKind::YesNo => match text.to_lowercase().as_str() {
                "yes" | "y" => Ok("yes".to_owned()),
                "no" | "n" => Ok("no".to_owned()),
                _ => Err("write yes or no".to_owned()),
            },
        };
        let message = format!("what stands under “{}” cannot be read", field.title);
        read.map(Some).map_err(|help| self.trouble(row, &field.title, message, help))
    }
}

/// The name of a choice by its title or its name; else what to do.
fn choice(choices: &[Choice], text: &str) -> Result<String, String> {
    let fits = |choice: &&Choice| folded(&choice.title) == folded(text) || choice.name == text;
    if let Some(choice) = choices.iter().find(fits) {
        return Ok(choice.name.clone());
    }
    let titles = || choices.iter().map(|choice| choice.title.as_str());
    Err(nearest(text, titles()).map_or_else(
        || format!("the choices are: {}", titles().collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean “{meant}”?"),
    ))
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A day as a person writes it: ISO, or day before month.
fn date(text: &str) -> Option<Date> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<&str> = text.split('/').collect();
    let [day, month, year] = parts.as_slice() else { return None };
    if year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The day of a workbook's serial number.
fn day_of(serial: f64) -> Option<Date> {
    if !(1.0..=2_958_465.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    let days = serial.trunc() as i64;
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AuthorityName;
    use crate::outcome::{RequestLine, Sheet, write};
    use rust_xlsxwriter::Workbook;

    fn form() -> OutcomeForm {
        let field = |name: &str, title: &str, kind| OutcomeField {
            name: name.into(),
            title: title.into(),
            help: "Help".into(),
            kind,
            comes_back: false,
            required_with: vec!["agreed".into()],
            policy: "section 7".into(),
        };
        OutcomeForm {
            decisions: vec![
                Choice { name: "agreed".into(), title: "Agreed".into() },
                Choice { name: "not-agreed".into(), title: "Not agreed".into() },
            ],
            fields: vec![
                field("next", "Needs to Happen", OutcomeFieldKind::Text),
                field("by", "By", OutcomeFieldKind::Date),
            ],
            ..OutcomeForm::default()
        }
    }

    fn panel() -> PanelName {
        PanelName::of(&AuthorityName::new("a"), "p")
    }

    fn known(id: &SubmissionId) -> Option<RequestKnown> {
        let people = vec!["100001".parse().unwrap(), "100002".parse().unwrap()];
        (id.as_str() == "a-1").then_some(RequestKnown { people, panel: Some(panel()) })
    }

    fn loaded(rows: &[[&str; 6]]) -> Loaded {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, heading) in (0_u16..).zip([SUBMISSION, PERSON, SITTING, DECISION, "Needs to happen", "BY"]) {
            sheet.write(0, column, heading).unwrap();
        }
        for (row, cells) in (1_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                sheet.write(row, column, *cell).unwrap();
            }
        }
        let form = form();
        read(&workbook.save_to_buffer().unwrap(), |_| Some(&form), known)
    }

    #[test]
    fn a_row_is_an_outcome_when_every_cell_is_right() {
        let loaded = loaded(&[
            ["a-1", "100001", "02/12/2026", "agreed", "A referral", "09/12/2026"],
            ["a-1", "100002", "2026-12-02", "Not  Agreed", "", ""],
            ["a-1", "100001", "2026-12-09", "", "", ""],
        ]);
        assert_eq!(loaded.troubles, []);
        assert_eq!((loaded.outcomes.len(), loaded.undecided), (2, 1));
        assert_eq!(loaded.outcomes[0].decision.fields["by"].expose(), "2026-12-09");
        assert_eq!(loaded.outcomes[1].decision.decision, "not-agreed");
    }

    #[test]
    fn every_wrong_cell_is_named_and_its_request_is_left_out() {
        let rows = [
            (["a-1", "100001", "2026-12-02", "Agred", "x", "09/12/2026"], "Sheet1!D2", "there is no such decision"),
            (["a-1", "100001", "2026-12-02", "Agreed", "", "09/12/2026"], "Sheet1!E2", "“Needs to Happen” is empty"),
            (["a-1", "100001", "2026-12-02", "Agreed", "x", "12/31/2026"], "Sheet1!F2", "what stands under “By”"),
            (["a-1", "100003", "2026-12-02", "Agreed", "x", "09/12/2026"], "Sheet1!B2", "the request a-1 is not about"),
            (["a-9", "100001", "2026-12-02", "Agreed", "x", "09/12/2026"], "Sheet1!A2", "there is no request a-9"),
            (["a-1", "100001", "soon", "Agreed", "x", "09/12/2026"], "Sheet1!C2", "the sitting is no date"),
            (["a-1", "100001", "2026-12-02", "", "x", ""], "Sheet1!D2", "something is filled in"),
        ];
        for (row, place, message) in rows {
            let loaded = loaded(&[row]);
            assert!(loaded.outcomes.is_empty(), "{row:?}");
            let first = &loaded.troubles[0];
            assert_eq!(first.place.to_string(), place, "{first:?}");
            assert!(first.message.starts_with(message), "{first:?}");
        }
        let twice = loaded(&[["a-1", "100001", "2026-12-02", "Not agreed", "", ""]; 2]);
        assert_eq!((twice.outcomes.len(), twice.troubles.len()), (1, 1));
    }

    #[test]
    fn the_workbook_that_is_written_can_be_read_and_shows_when_its_keys_were_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outcomes.xlsx");
        let (form, panel) = (form(), panel());
        let requests = vec![RequestLine {
            submission: SubmissionId::new("a-1"),
            person: "100001".parse().unwrap(),
            initials: Some(Private::from("=SC")),
        }];
        let sitting = jiff::civil::date(2026, 12, 2);
        write(&path, &Sheet { panel: &panel, panel_title: "The Panel", sitting, form: &form, requests }).unwrap();
        let loaded = read(&std::fs::read(&path).unwrap(), |_| Some(&form), known);
        assert_eq!((loaded.outcomes.len(), loaded.undecided, loaded.troubles.len()), (0, 1, 0));
        let row = ["a-1", "100001", "a/p", "2026-12-02"];
        assert_ne!(row_key(row[0], row[1], row[2], row[3]), row_key(row[0], "100002", row[2], row[3]));
    }

    #[test]
    fn what_is_no_workbook_is_said() {
        let loaded = read(b"not a workbook", |_| None, known);
        assert_eq!(loaded.troubles.len(), 1);
    }
}
