//! Columns and elements by meaning, whatever a report calls them (mosaic.md, A.1).

use std::collections::BTreeMap;

use super::Column;
use crate::domain::ExtractType;

/// What a column or element of an export means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Something about the submission.
    Head(Column),
    /// Something about one answer.
    Answer(AnswerColumn),
}

/// The columns of a `long` export that hold one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AnswerColumn {
    Question,
    Wording,
    Datatype,
    Collection,
    Row,
    /// The person of a row of a repeated group.
    Handler,
    /// The one person that an answer is about.
    Subject,
    /// One of the typed answer columns: the filled one counts.
    Value,
    /// Read over: `question_id`, `order`, look-up ids.
    Ignored,
}

const HEADS: &[(Column, &[&str])] = &[
    (Column::WorkflowStepId, &["workflow step id", "step id"]),
    (Column::WorkflowStepTypeId, &["workflow step type id"]),
    (Column::WorkflowStepType, &["workflow step type", "step name", "description"]),
    (Column::StepStatus, &["step status", "status"]),
    (Column::IncomingOn, &["incoming on"]),
    (Column::StartedOn, &["started on"]),
    (Column::CompletedOn, &["completed on"]),
    (Column::CancelledOn, &["cancelled on"]),
    (Column::AssigneeId, &["assignee id", "assigned worker"]),
    (Column::ResponsibleTeamId, &["responsible team id", "assigned team"]),
    (Column::PersonId, &["person id", "subject compound id", "mosaic id", "person reference"]),
    (Column::FormId, &["form id"]),
    (Column::TemplateId, &["template id"]),
    (Column::TemplateUserCode, &["template user code"]),
    (Column::Version, &["version"]),
    (Column::Title, &["title", "form name"]),
];

const ANSWERS: &[(AnswerColumn, &[&str])] = &[
    (AnswerColumn::Question, &["question user code", "question code"]),
    (AnswerColumn::Wording, &["question text", "question"]),
    (AnswerColumn::Datatype, &["answer datatype", "datatype"]),
    (AnswerColumn::Collection, &["question collection id"]),
    (AnswerColumn::Row, &["form answer row id"]),
    (AnswerColumn::Handler, &["handler row identifier"]),
    (AnswerColumn::Subject, &["subject person id"]),
    (
        AnswerColumn::Value,
        &[
            "short text answer",
            "long text answer",
            "text answer",
            "answer",
            "date answer",
            "number answer",
            "boolean answer",
            "lookup answer",
        ],
    ),
    (AnswerColumn::Ignored, &["question id", "order", "question lookup id", "mapping id"]),
];

const DOCUMENTS: &[(&str, &[&str])] = &[
    ("person_id", &["person id", "subject compound id", "subject person id", "mosaic id", "person reference"]),
    ("document_id", &["document id"]),
    ("kind", &["kind", "document type", "sub category", "document kind"]),
    ("title", &["title", "document name", "document title", "name"]),
    ("dated", &["dated", "document date", "date of document"]),
    ("pages", &["pages", "page count"]),
];

const EVENTS: &[(&str, &[&str])] = &[
    ("person_id", &["person id", "subject compound id", "subject person id", "mosaic id", "person reference"]),
    ("event_id", &["event id"]),
    ("kind", &["kind", "event type", "event"]),
    ("on", &["on", "event date", "start date", "date"]),
    ("until", &["until", "end date"]),
];

const PERSONS: &[(&str, &[&str])] = &[
    ("person_id", &["person id", "mosaic id", "person reference"]),
    ("date_of_birth", &["date of birth", "dob", "birth date"]),
    ("initials", &["initials"]),
    ("name", &["name", "full name", "person name"]),
    ("merged_into", &["merged into", "merged to", "merged to id", "merged into id"]),
    ("restricted", &["restricted", "restricted record"]),
];

/// The columns that a table of documents, events or persons cannot do without.
pub(super) const fn required(extract: ExtractType) -> &'static [&'static str] {
    match extract {
        ExtractType::Forms => &[],
        ExtractType::Documents => &["person_id", "title"],
        ExtractType::Events => &["person_id", "kind", "on"],
        ExtractType::Persons => &["person_id"],
    }
}

/// Which headings mean what: those known from Mosaic, and those that a council's extract adds.
#[derive(Debug, Clone, Default)]
pub struct Headings {
    extra: BTreeMap<String, String>,
}

impl Headings {
    /// Adds the headings of a council's report: canonical column, and what the report calls it.
    pub fn with(extra: &BTreeMap<String, Vec<String>>) -> Self {
        let pairs = extra
            .iter()
            .flat_map(|(column, headings)| headings.iter().map(move |heading| (folded(heading), column.clone())));
        Self { extra: pairs.collect() }
    }

    /// What a heading or element of a `forms` extract means.
    pub(super) fn form(&self, heading: &str) -> Option<Meaning> {
        let folded = folded(heading);
        if let Some(column) = self.extra.get(&folded) {
            return form_meaning(&self::folded(column));
        }
        form_meaning(&folded)
    }

    /// The canonical column that a heading of another extract means.
    pub(super) fn table(&self, extract: ExtractType, heading: &str) -> Option<&'static str> {
        let folded = folded(heading);
        let known = columns(extract);
        if let Some(column) = self.extra.get(&folded) {
            return known.iter().map(|(name, _)| *name).find(|name| name == column);
        }
        known
            .iter()
            .find(|(_, aliases)| aliases.iter().any(|alias| self::folded(alias) == folded))
            .map(|(name, _)| *name)
    }
}

/// The canonical columns of an extract other than `forms`, with their built-in headings.
const fn columns(extract: ExtractType) -> &'static [(&'static str, &'static [&'static str])] {
    match extract {
        ExtractType::Forms => &[],
        ExtractType::Documents => DOCUMENTS,
        ExtractType::Events => EVENTS,
        ExtractType::Persons => PERSONS,
    }
}

fn form_meaning(heading: &str) -> Option<Meaning> {
    let fits = |aliases: &[&str]| aliases.iter().any(|alias| folded(alias) == heading);
    let head = HEADS.iter().find(|(_, aliases)| fits(aliases)).map(|(column, _)| Meaning::Head(*column));
    head.or_else(|| ANSWERS.iter().find(|(_, aliases)| fits(aliases)).map(|(column, _)| Meaning::Answer(*column)))
}

/// A heading without case, spaces, underscores, hyphens and byte-order mark.
fn folded(heading: &str) -> String {
    let kept = heading.chars().filter(|c| !c.is_whitespace() && !['_', '-', '\u{feff}'].contains(c));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_in_any_spelling() {
        let headings = Headings::default();
        for heading in ["WORKFLOW_STEP_ID", "workflowStepId", "Step ID", "\u{feff}step-id"] {
            assert_eq!(headings.form(heading), Some(Meaning::Head(Column::WorkflowStepId)), "{heading}");
        }
        assert_eq!(headings.form("costWeekly"), None);
        assert_eq!(headings.table(ExtractType::Persons, "DOB"), Some("date_of_birth"));
    }

    #[test]
    fn every_column_of_a_record_is_known_by_its_own_name() {
        for column in Column::ALL {
            assert_eq!(Headings::default().form(column.as_str()), Some(Meaning::Head(*column)));
        }
    }

    #[test]
    fn a_council_adds_headings_of_its_own() {
        let extra = BTreeMap::from([("person_id".to_owned(), vec!["Our number".to_owned()])]);
        let headings = Headings::with(&extra);
        assert_eq!(headings.form("OUR NUMBER"), Some(Meaning::Head(Column::PersonId)));
        assert_eq!(headings.table(ExtractType::Events, "our number"), Some("person_id"));
        assert_eq!(headings.form("person_id"), Some(Meaning::Head(Column::PersonId)));
    }
}
