//! What each column of a table of forms is for.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::headings::{ANSWERS, Ambiguous, Dictionary};
use super::record::{Column, Frame};
use super::table::{Cell, Cells, Header, column_ambiguous, column_missing};
use crate::domain::{Trouble, codes};

codes! {
    /// How an export of forms is laid out.
    Layout {
        /// One XML element a submission.
        Xml => "xml",
        /// One row an answer.
        Long => "long",
        /// One row a submission, one column a question.
        Wide => "wide",
    }
}

/// The columns of a table of forms, by index.
pub(super) struct Columns {
    pub(super) header: Header,
    pub(super) layout: Layout,
    pub(super) form: Option<usize>,
    pub(super) step: Option<usize>,
    pub(super) person: Option<usize>,
    /// The head without people.
    pub(super) heads: Vec<(usize, Column)>,
    pub(super) collection: Option<usize>,
    pub(super) row: Option<usize>,
    /// The person that a row of a repeated group is about.
    pub(super) handler: Option<usize>,
    /// The person that an answer is about, where it is not the column of people itself.
    pub(super) subject: Option<usize>,
    pub(super) long: Option<LongColumns>,
    pub(super) questions: Vec<Question>,
}

/// The columns that only the `long` layout has.
pub(super) struct LongColumns {
    pub(super) question: usize,
    pub(super) wording: Option<usize>,
    pub(super) datatype: Option<usize>,
    /// In the order in which they are believed.
    pub(super) answers: Vec<usize>,
}

/// A column of a `wide` export that is a question.
pub(super) struct Question {
    pub(super) column: usize,
    /// The heading, without the number of a numbered column.
    pub(super) code: String,
    /// That number: the row of a repeated group.
    pub(super) row: Option<String>,
}

/// Whether the codes of a row make it the header of forms.
pub(super) fn serves(codes: &[&str]) -> bool {
    codes.contains(&"form_id") || codes.contains(&"workflow_step_id")
}

impl Columns {
    pub(super) fn of(header: Header, dictionary: &Dictionary, frame: &Frame) -> Result<Self, Trouble> {
        let codes = match dictionary.resolve(&header.headings) {
            Ok(codes) => codes,
            Err(clash) => return Err(column_ambiguous(&clash, &header, frame)),
        };
        let find = |code: &str| codes.iter().position(|found| *found == Some(code));
        let question = find("question_user_code").or_else(|| find("question_text"));
        let answers: Vec<usize> = ANSWERS.iter().filter_map(|code| find(code)).collect();
        let long = match question {
            Some(question) if !answers.is_empty() => Some(LongColumns {
                question,
                wording: find("question_text"),
                datatype: find("answer_datatype"),
                answers,
            }),
            Some(_) if find("question_user_code").is_some() => {
                return Err(column_missing("answer or text_answer or short_text_answer", &header, dictionary, frame));
            }
            _ => None,
        };
        let person = find("person_id");
        let subject = find("subject_person_id");
        let head = |(index, code): (usize, &Option<&str>)| {
            let column = Column::parse((*code)?).filter(|column| *column != Column::PersonId)?;
            Some((index, column))
        };
        let heads = codes.iter().enumerate().filter_map(head).collect();
        let questions = if long.is_some() { Vec::new() } else { questions(&header, &codes, frame)? };
        Ok(Self {
            form: find("form_id"),
            step: find("workflow_step_id"),
            person: person.or(subject),
            heads,
            collection: find("question_collection_id"),
            row: find("form_answer_row_id"),
            handler: find("handler_row_identifier"),
            subject: subject.filter(|_| person.is_some()),
            layout: if long.is_some() { Layout::Long } else { Layout::Wide },
            long,
            questions,
            header,
        })
    }

    /// Writes what tells the row's submission from others into `key`: its form id, else its step id. `false` where
    /// it has neither.
    pub(super) fn key(&self, row: &Cells, key: &mut String) -> bool {
        key.clear();
        for (sign, column) in [('f', self.form), ('s', self.step)] {
            let Some(column) = column else { continue };
            let cell = row.cell(column);
            if matches!(cell, Cell::Empty) {
                continue;
            }
            if let Ok(text) = cell.as_text()
                && !text.is_empty()
            {
                key.push(sign);
                key.push_str(&text);
                return true;
            }
        }
        false
    }

    /// The columns whose cells tell a record from a totals row.
    pub(super) fn ids(&self) -> Vec<usize> {
        [self.form, self.step].into_iter().flatten().collect()
    }
}

/// The questions of a `wide` header: every heading that is nothing else.
fn questions(header: &Header, codes: &[Option<&str>], frame: &Frame) -> Result<Vec<Question>, Trouble> {
    const STRUCTURE: [&str; 4] =
        ["form_answer_row_id", "question_collection_id", "handler_row_identifier", "subject_person_id"];
    let is_question = |index: usize| {
        let code = codes.get(index).copied().flatten();
        code.is_none_or(|code| Column::parse(code).is_none() && !STRUCTURE.contains(&code))
    };
    let named: Vec<(usize, &str)> = header.headings.iter().map(|heading| &**heading).enumerate().collect();
    let named: Vec<(usize, &str)> =
        named.into_iter().filter(|(index, heading)| !heading.is_empty() && is_question(*index)).collect();
    let mut all: HashMap<&str, usize> = HashMap::with_capacity(named.len());
    for (second, heading) in &named {
        if let Some(first) = all.insert(heading, *second) {
            let clash = Ambiguous { code: "the same question", first, second: *second };
            return Err(column_ambiguous(&clash, header, frame));
        }
    }
    let question = |(column, heading): (usize, &str)| match numbered(heading, &all) {
        Some((base, number)) => Question { column, code: base.to_owned(), row: Some(number.to_string()) },
        None => Question { column, code: heading.to_owned(), row: None },
    };
    Ok(named.into_iter().map(question).collect())
}

/// `costWeekly_2` is row 2 of `costWeekly`, if `costWeekly_1` is there too and `costWeekly` alone is not: a tool
/// that meets a heading twice adds a number as well, and that is another question.
fn numbered<'h>(heading: &'h str, all: &HashMap<&str, usize>) -> Option<(&'h str, u32)> {
    let (base, digits) = heading.rsplit_once('_')?;
    let number: u32 = digits.parse().ok().filter(|_| !digits.starts_with(['0', '+']))?;
    if base.is_empty() || number > ROWS_MAX || all.contains_key(base) {
        return None;
    }
    let complete = (1..number).all(|before| all.contains_key(format!("{base}_{before}").as_str()));
    complete.then_some((base, number))
}

/// Rows of a repeated group that stand side by side in one row: more are a year or an id.
const ROWS_MAX: u32 = 200;
