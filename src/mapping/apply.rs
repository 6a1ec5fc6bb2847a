//! A record and its mapping make a submission.

use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::DateTime;

use super::form::{Field, FormMapping, Target};
use super::value;
use crate::domain::{
    Answer, AnswerTable, AuthorityName, FormId, IdTrouble, Origin, PersonId, Private, Reason, StepId, StepStatus,
    Submission, SubmissionId, TableRow, Trouble, Unmapped, Value,
};
use crate::export::{Column, RawAnswer, RawValue, Record};

/// Reads a record through its mapping. What stands in `file` is the export's name.
pub(super) fn apply(
    mapping: &FormMapping,
    authority: &AuthorityName,
    file: &Arc<str>,
    record: &Record,
) -> Result<Submission, Trouble> {
    let form_id = id::<FormId>(record, Column::FormId)?;
    let step_id = id::<StepId>(record, Column::WorkflowStepId)?;
    let Some(id) = SubmissionId::of(authority, form_id, step_id) else {
        let help = "add the form id or the workflow step id to the report";
        return Err(trouble(record, Reason::SubmissionUnidentified, "the record has no form id and no step id", help));
    };
    let people = people(record)?;
    let status = status(record)?;
    let mut answers = Answers::new(mapping);
    for raw in record.answers() {
        answers.take(raw);
    }
    let (answers, tables, unmapped) = answers.finish(record);
    Ok(Submission {
        id,
        authority: authority.clone(),
        form: mapping.form.clone(),
        version: mapping.version.clone(),
        panel: mapping.panel_of(&answers).cloned(),
        form_id,
        step_id,
        status,
        started_on: moment(record, Column::StartedOn)?,
        completed_on: moment(record, Column::CompletedOn)?,
        people,
        answers,
        tables,
        unmapped,
        origin: Origin { file: file.clone(), place: record.place().clone(), mapping: mapping.path.clone() },
    })
}

fn trouble(record: &Record, reason: Reason, message: impl Into<String>, help: &str) -> Trouble {
    Trouble { place: record.place().clone(), reason, message: message.into(), help: help.to_owned() }
}

fn id<Id: FromStr<Err = IdTrouble>>(record: &Record, column: Column) -> Result<Option<Id>, Trouble> {
    match record.head(column).map(str::parse::<Id>) {
        None | Some(Err(IdTrouble::Empty)) => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        Some(Err(why)) => {
            let help = "have the report write ids as text; a spreadsheet must not open it on the way";
            Err(trouble(record, Reason::IdDamaged, format!("`{column}`: {why}"), help))
        }
    }
}

/// Everybody the form is about. Zero and below stand for everybody, and name nobody.
fn people(record: &Record) -> Result<Vec<PersonId>, Trouble> {
    let mut people = Vec::new();
    for text in record.heads(Column::PersonId) {
        match text.parse::<PersonId>() {
            Ok(person) => people.push(person),
            Err(IdTrouble::Empty | IdTrouble::NotPositive) => {}
            Err(why) => {
                let help = "have the report write ids as text; a spreadsheet must not open it on the way";
                return Err(trouble(record, Reason::IdDamaged, format!("`person_id`: {why}"), help));
            }
        }
    }
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        let help = "add the person id to the report, or the subjects of the step";
        return Err(trouble(record, Reason::PersonUnidentified, "the record names no person", help));
    }
    Ok(people)
}

/// Exports without a status hold finished forms.
fn status(record: &Record) -> Result<StepStatus, Trouble> {
    let Some(text) = record.head(Column::StepStatus).filter(|text| !text.is_empty()) else {
        return Ok(StepStatus::Completed);
    };
    StepStatus::read(text).ok_or_else(|| {
        let known: Vec<&str> = StepStatus::ALL.iter().map(|status| status.as_str()).collect();
        let help = format!("the statuses of Mosaic are: {}", known.join(", "));
        trouble(record, Reason::StatusUnknown, "the step's status is not one of Mosaic's", &help)
    })
}

fn moment(record: &Record, column: Column) -> Result<Option<DateTime>, Trouble> {
    let Some(text) = record.head(column) else { return Ok(None) };
    value::moment(text).map_err(|why| {
        let help = "have the report write dates as YYYY-MM-DD or dd/mm/yyyy";
        trouble(record, Reason::DateUnreadable, format!("`{column}`: {why}"), help)
    })
}

/// The answers on their way into the mapping's order.
struct Answers<'m> {
    mapping: &'m FormMapping,
    by_field: Vec<Vec<Answer>>,
    tables: Vec<Vec<TableRow>>,
    unmapped: Vec<Unmapped>,
}

impl<'m> Answers<'m> {
    fn new(mapping: &'m FormMapping) -> Self {
        let room = mapping.fields.len();
        Self { mapping, by_field: vec![Vec::new(); room], tables: vec![Vec::new(); room], unmapped: Vec::new() }
    }

    fn take(&mut self, raw: RawAnswer<'_>) {
        if let Some(target) = self.mapping.questions.target(raw.code, raw.wording) {
            return self.put(target, raw.row, &raw);
        }
        // A wide report numbers the columns of a repeated group: `costWeekly_2`.
        if let Some((base, number)) = raw.code.rsplit_once('_')
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(target) = self.mapping.questions.target(base, None).filter(|target| target.column.is_some())
        {
            return self.put(target, Some(number), &raw);
        }
        let known = |unmapped: &Unmapped| *unmapped.question == *raw.code;
        if !self.mapping.questions.is_ignored(raw.code) && !self.unmapped.iter().any(known) {
            self.unmapped.push(Unmapped { question: raw.code.into(), place: raw.place.clone() });
        }
    }

    fn put(&mut self, target: Target, row: Option<&str>, raw: &RawAnswer<'_>) {
        let Some(field) = self.mapping.fields.get(target.field) else { return };
        let Some(column) = target.column else {
            let Some(answers) = self.by_field.get_mut(target.field) else { return };
            return add(answers, field, raw);
        };
        let (Some(column), Some(rows)) = (field.columns.get(column), self.tables.get_mut(target.field)) else { return };
        let row = row.unwrap_or("1");
        let at = rows.iter().rposition(|known| *known.row == *row).unwrap_or_else(|| {
            let subject = raw.subject.and_then(|subject| subject.parse().ok());
            rows.push(TableRow { row: row.into(), subject, answers: Vec::new() });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(at) {
            add(&mut row.answers, column, raw);
        }
    }

    fn finish(self, record: &Record) -> (Vec<Answer>, Vec<AnswerTable>, Vec<Unmapped>) {
        let mut answers = Vec::with_capacity(self.by_field.iter().map(Vec::len).sum());
        for (field, given) in self.mapping.fields.iter().zip(self.by_field) {
            if given.is_empty() && field.unticked_is_no {
                answers.push(Answer {
                    field: field.name.clone(),
                    value: Value::YesNo(false),
                    subject: None,
                    question: field.question.clone(),
                    place: record.place().clone(),
                    note: None,
                });
            }
            answers.extend(given);
        }
        let tables = self.mapping.fields.iter().zip(self.tables).filter(|(_, rows)| !rows.is_empty());
        let tables = tables.map(|(field, rows)| AnswerTable { field: field.name.clone(), rows }).collect();
        (answers, tables, self.unmapped)
    }
}

fn add(answers: &mut Vec<Answer>, field: &Field, raw: &RawAnswer<'_>) {
    match (raw.value, &field.separator) {
        (RawValue::Text(text), Some(separator)) if field.multiple && text.contains(separator.as_str()) => {
            for part in text.split(separator.as_str()).filter(|part| !part.trim().is_empty()) {
                add_one(answers, field, raw, RawValue::Text(part));
            }
        }
        (value, _) => add_one(answers, field, raw, value),
    }
}

fn add_one(answers: &mut Vec<Answer>, field: &Field, raw: &RawAnswer<'_>, value: RawValue<'_>) {
    let (value, note) = value::value(field, value);
    let subject = raw.subject.and_then(|subject| subject.parse::<PersonId>().ok());
    let same = |answer: &&mut Answer| answer.field == field.name && answer.subject == subject;
    if answers.iter().any(|answer| answer.field == field.name && answer.subject == subject && answer.value == value) {
        return;
    }
    if !field.multiple
        && let Some(before) = answers.iter_mut().find(same)
    {
        if before.value == Value::Blank {
            before.value = value;
        } else if value != Value::Blank {
            let why = "the question is answered twice, and differently".to_owned();
            before.value = Value::Unread { raw: Private::new(String::new()), why };
        }
        return;
    }
    let question = if field.question.eq_ignore_ascii_case(raw.code) { field.question.clone() } else { raw.code.into() };
    answers.push(Answer { field: field.name.clone(), value, subject, question, place: raw.place.clone(), note });
}
