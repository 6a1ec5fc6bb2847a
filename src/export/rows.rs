//! Tables of documents, events and persons.

use std::sync::Arc;

use super::Row;
use super::forms::Sink;
use super::header::{is_total, missing_column, uneven, without_header};
use super::headings::Headings;
use super::open::Part;
use super::table::{Flow, TableRow, TableVisitor, walk};
use crate::domain::{ExtractType, Trouble, limit};

/// Reads every row of the part.
pub(super) fn read(
    part: &Part,
    extract: ExtractType,
    headings: &Headings,
    required: &'static [&'static str],
    sink: &mut Sink<Row>,
) -> Result<(), Trouble> {
    let mut reader = RowReader { extract, headings, required, columns: None, above: Vec::new(), sink };
    walk(part, &mut reader)?;
    if reader.columns.is_some() {
        return Ok(());
    }
    let best = reader.above.iter().max_by_key(|row| reader.known(row)).cloned().unwrap_or_default();
    let known = |column: &str| best.iter().any(|heading| headings.table(extract, heading) == Some(column));
    Err(match required.iter().find(|column| !known(column)) {
        Some(column) if reader.known(&best) > 0 => missing_column(column, &best),
        _ => without_header(extract.as_str()),
    })
}

struct RowReader<'a> {
    extract: ExtractType,
    headings: &'a Headings,
    required: &'static [&'static str],
    /// Name of each column: canonical where it is known, else the heading; with the heading itself.
    columns: Option<Vec<(Arc<str>, Arc<str>)>>,
    /// The rows above the header.
    above: Vec<Vec<String>>,
    sink: &'a mut Sink<Row>,
}

impl RowReader<'_> {
    fn known(&self, row: &[String]) -> usize {
        row.iter().filter(|heading| self.headings.table(self.extract, heading).is_some()).count()
    }

    fn header(&mut self, row: &dyn TableRow) -> Flow {
        let texts: Vec<String> = (0..row.width()).map(|column| row.cell(column).text()).collect();
        let named: Vec<_> = texts.iter().map(|heading| self.headings.table(self.extract, heading)).collect();
        if self.required.iter().all(|column| named.contains(&Some(*column))) {
            let mut taken = Vec::new();
            let columns = named.into_iter().zip(&texts).map(|(name, heading)| {
                // The first of two columns for one thing is the one; the other keeps its own heading.
                let name = name.filter(|name| !taken.contains(name));
                taken.extend(name);
                (Arc::from(name.unwrap_or(heading)), Arc::from(heading.as_str()))
            });
            self.columns = Some(columns.collect());
        } else if self.above.len() <= limit::TITLE_ROWS_MAX {
            self.above.push(texts);
        } else {
            return Flow::Stop;
        }
        Flow::On
    }
}

impl TableVisitor for RowReader<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        let Some(columns) = &self.columns else { return self.header(row) };
        let filled = |column: usize| !row.cell(column).is_empty();
        if !(0..row.width()).any(filled) || is_total(row) {
            return Flow::On;
        }
        if let Some(trouble) = uneven(row, columns.len()) {
            return self.trouble(trouble);
        }
        let cells = columns.iter().enumerate().map(|(at, (name, _))| (name.clone(), row.cell(at).text()));
        let read = Row { place: row.place(), cells: cells.collect() };
        if self.sink.put(Ok(read)).is_err() { Flow::Stop } else { Flow::On }
    }

    fn trouble(&mut self, trouble: Trouble) -> Flow {
        if self.sink.put(Err(trouble)).is_err() { Flow::Stop } else { Flow::On }
    }

    fn sheet_over(&mut self) -> Flow {
        if self.columns.is_some() { Flow::Stop } else { Flow::On }
    }
}
