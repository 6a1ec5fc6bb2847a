//! Tables of answers: the header decides between `long` (a row an answer) and `wide` (a row a submission).

use std::path::Path;
use std::sync::Arc;

use super::forms::Sink;
use super::header::{missing_column, without_header};
use super::headings::{AnswerColumn, Headings, Meaning};
use super::long::Long;
use super::open::Part;
use super::spill::Spill;
use super::table::{Flow, TableRow, TableVisitor, walk};
use super::wide::Wide;
use super::{Column, Record, order};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Reads every submission of the part.
pub(super) fn read(part: &Part, headings: &Headings, scratch: &Path, sink: &mut Sink<Record>) -> Result<(), Trouble> {
    let header = find_header(part, headings)?;
    if !header.is_long() {
        let mut wide = Wide::new(&header, sink);
        walk(part, &mut BelowHeader { header: &header, rows: 0, inner: &mut wide })?;
        return wide.finish();
    }
    if order::is_adjacent(part, &header)? {
        let mut long = Long::new(&header, sink);
        walk(part, &mut BelowHeader { header: &header, rows: 0, inner: &mut long })?;
        return long.finish();
    }
    let mut spill = Spill::new(&header, scratch).map_err(|error| {
        let message = format!("the rows are out of order and cannot be sorted: {error}");
        part.trouble(Reason::TooLarge, message, "make room on the disk of the ledger")
    })?;
    walk(part, &mut BelowHeader { header: &header, rows: 0, inner: &mut spill })?;
    spill.read_back(sink)
}

/// The header of a table of answers.
pub(super) struct Header {
    /// Which row it is, counted from 1 among the rows that hold anything.
    row: usize,
    sheet: Option<Arc<str>>,
    /// Heading and meaning of every column.
    pub(super) columns: Vec<(Arc<str>, Option<Meaning>)>,
}

impl Header {
    /// The columns with this meaning.
    pub(super) fn all(&self, meaning: Meaning) -> impl Iterator<Item = usize> + '_ {
        let columns = self.columns.iter().enumerate();
        columns.filter(move |(_, (_, known))| *known == Some(meaning)).map(|(at, _)| at)
    }

    /// The first column with this meaning.
    pub(super) fn first(&self, meaning: Meaning) -> Option<usize> {
        self.all(meaning).next()
    }

    /// A row an answer.
    pub(super) fn is_long(&self) -> bool {
        let has = |column| self.first(Meaning::Answer(column)).is_some();
        (has(AnswerColumn::Question) || has(AnswerColumn::Wording)) && has(AnswerColumn::Value)
    }

    fn is_header(&self) -> bool {
        let has = |column| self.first(Meaning::Head(column)).is_some();
        (has(Column::FormId) || has(Column::WorkflowStepId)) && (self.is_long() || has(Column::PersonId))
    }

    /// Two columns for one thing, where only one can be meant.
    fn twice(&self) -> Option<Trouble> {
        let heads = Column::ALL.iter().map(|column| Meaning::Head(*column));
        let answers = [AnswerColumn::Question, AnswerColumn::Row, AnswerColumn::Collection].map(Meaning::Answer);
        let answers = if self.is_long() { answers.as_slice() } else { &[] };
        let double = heads.chain(answers.iter().copied()).find(|meaning| self.all(*meaning).count() > 1)?;
        let named: Vec<&str> = self.all(double).filter_map(|at| Some(&*self.columns.get(at)?.0)).collect();
        Some(Trouble {
            place: Place::Whole,
            reason: Reason::ColumnAmbiguous,
            message: format!("the columns {} mean the same thing", named.join(" and ")),
            help: "take one of them out of the report".to_owned(),
        })
    }
}

fn find_header(part: &Part, headings: &Headings) -> Result<Header, Trouble> {
    let mut search = HeaderSearch { headings, seen: 0, sheet: None, found: None, best: Vec::new() };
    walk(part, &mut search)?;
    match search.found {
        Some(header) => header.twice().map_or(Ok(header), Err),
        None if search.best.is_empty() => Err(without_header("forms")),
        None => {
            let known = |column: Column| {
                search.best.iter().any(|heading| headings.form(heading) == Some(Meaning::Head(column)))
            };
            let lacking = [Column::FormId, Column::PersonId].into_iter().find(|column| !known(*column));
            Err(lacking.map_or_else(|| without_header("forms"), |column| missing_column(column.as_str(), &search.best)))
        }
    }
}

struct HeaderSearch<'a> {
    headings: &'a Headings,
    seen: usize,
    sheet: Option<Arc<str>>,
    found: Option<Header>,
    /// The row that looks most like a header.
    best: Vec<String>,
}

impl HeaderSearch<'_> {
    fn meaning(&self, texts: &[String]) -> Vec<(Arc<str>, Option<Meaning>)> {
        let meanings: Vec<_> = texts.iter().map(|heading| self.headings.form(heading)).collect();
        // Where the report has both, `subject_person_id` is whom an answer is about; alone it is the person.
        let has_person = meanings.contains(&Some(Meaning::Head(Column::PersonId)));
        let columns = meanings.into_iter().zip(texts).map(|(meaning, heading)| {
            let alone = meaning == Some(Meaning::Answer(AnswerColumn::Subject)) && !has_person;
            let meaning = if alone { Some(Meaning::Head(Column::PersonId)) } else { meaning };
            (Arc::from(heading.as_str()), meaning)
        });
        columns.collect()
    }
}

impl TableVisitor for HeaderSearch<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        self.seen += 1;
        if let Place::Cell { sheet, .. } = row.place() {
            self.sheet = Some(sheet);
        }
        let texts: Vec<String> = (0..row.width()).map(|column| row.cell(column).text().trim().to_owned()).collect();
        let header = Header { row: self.seen, sheet: self.sheet.clone(), columns: self.meaning(&texts) };
        if header.is_header() {
            self.found = Some(header);
            return Flow::Stop;
        }
        let known = |texts: &[String]| texts.iter().filter(|text| self.headings.form(text).is_some()).count();
        if known(&texts) > known(&self.best) {
            self.best = texts;
        }
        if self.seen > limit::TITLE_ROWS_MAX && self.sheet.is_none() { Flow::Stop } else { Flow::On }
    }

    fn trouble(&mut self, _: Trouble) -> Flow {
        // It is told when the rows are read.
        Flow::On
    }

    fn sheet_over(&mut self) -> Flow {
        self.seen = 0;
        Flow::On
    }
}

/// What is done with each row below the header.
pub(super) trait AnswerVisitor {
    fn row(&mut self, row: &dyn TableRow) -> Flow;
    fn trouble(&mut self, trouble: Trouble) -> Flow;
}

/// Shows only what stands below the header, on the header's sheet.
pub(super) struct BelowHeader<'a, V: AnswerVisitor> {
    pub(super) header: &'a Header,
    pub(super) rows: usize,
    pub(super) inner: &'a mut V,
}

impl<V: AnswerVisitor> TableVisitor for BelowHeader<'_, V> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        if let (Place::Cell { sheet, .. }, Some(wanted)) = (row.place(), &self.header.sheet)
            && sheet != *wanted
        {
            return Flow::On;
        }
        self.rows += 1;
        let empty = || (0..row.width()).all(|column| row.cell(column).is_empty());
        if self.rows <= self.header.row || empty() || super::header::is_total(row) {
            return Flow::On;
        }
        match super::header::uneven(row, self.header.columns.len()) {
            Some(trouble) => self.inner.trouble(trouble),
            None => self.inner.row(row),
        }
    }

    fn trouble(&mut self, trouble: Trouble) -> Flow {
        self.inner.trouble(trouble)
    }

    fn sheet_over(&mut self) -> Flow {
        // Only rows of the header's sheet are counted, and no sheet after it is looked at.
        if self.rows > 0 { Flow::Stop } else { Flow::On }
    }
}
