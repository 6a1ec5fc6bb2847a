//! Which column means what: the names that reports give to the same thing.
//!
//! Case, spaces, underscores, hyphens and a byte-order mark never count. A sure name beats a loose one, so that a
//! question called `status` stays a question beside a column `step_status`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::diagnostic::nearest;
use crate::domain::ExtractType;

/// The headings a council's reports use beyond those that are built in.
#[derive(Debug, Clone, Default)]
pub struct Headings {
    extra: BTreeMap<String, Vec<String>>,
}

impl Headings {
    /// The built-in names and, for a canonical column code (see [`Headings::codes`]), other headings. Codes that the
    /// extract does not have are passed over: the mapping that names them is verified where it is loaded.
    pub fn with(extra: &BTreeMap<String, Vec<String>>) -> Self {
        Self { extra: extra.clone() }
    }

    /// The canonical column codes of an extract.
    pub fn codes(extract: ExtractType) -> impl Iterator<Item = &'static str> {
        names(extract).iter().map(|(code, ..)| *code)
    }

    /// Everything that headings of this extract may say.
    pub(super) fn dictionary(&self, extract: ExtractType) -> Dictionary {
        let mut known = HashMap::new();
        let mut add = |name: &str, code, rank| {
            known.entry(plain(name)).or_insert((code, rank));
        };
        for (code, sure, loose) in names(extract) {
            let extra = self.extra.get(*code).into_iter().flatten();
            extra.for_each(|name| add(name, *code, Rank::Told));
            add(code, *code, Rank::Sure);
            sure.iter().for_each(|name| add(name, *code, Rank::Sure));
            loose.iter().for_each(|name| add(name, *code, Rank::Loose));
        }
        Dictionary { known }
    }
}

/// How sure a name is of its meaning, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The council's mapping says so.
    Told,
    Sure,
    Loose,
}

/// Heading to canonical code, for one extract.
pub(super) struct Dictionary {
    known: HashMap<String, (&'static str, Rank)>,
}

impl Dictionary {
    /// The code of one heading, whatever else stands in the header.
    pub(super) fn code(&self, heading: &str) -> Option<&'static str> {
        self.known.get(&plain(heading)).map(|(code, _)| *code)
    }

    /// The code of each heading, `None` for those that are nobody's or whose code a surer heading has; or the two
    /// headings that mean the same.
    pub(super) fn resolve(&self, headings: &[Arc<str>]) -> Result<Vec<Option<&'static str>>, Ambiguous> {
        let found: Vec<_> = headings.iter().map(|heading| self.known.get(&plain(heading)).copied()).collect();
        let mut best: HashMap<&str, (Rank, usize)> = HashMap::new();
        for (index, (code, rank)) in found.iter().enumerate().filter_map(|(index, found)| Some((index, (*found)?))) {
            match best.get(code) {
                Some((held, other)) if *held == rank => return Err(Ambiguous { code, first: *other, second: index }),
                Some((held, _)) if *held < rank => {}
                _ => {
                    best.insert(code, (rank, index));
                }
            }
        }
        let of = |(index, found): (usize, &Option<(&'static str, Rank)>)| {
            found.map(|(code, _)| code).filter(|code| best.get(code).is_some_and(|(_, owner)| *owner == index))
        };
        Ok(found.iter().enumerate().map(of).collect())
    }

    /// The heading that was probably meant to be `code`.
    pub(super) fn near_miss<'h>(&self, code: &str, headings: &'h [Arc<str>]) -> Option<&'h str> {
        let mut names: Vec<&str> =
            self.known.iter().filter(|(_, (of, _))| *of == code).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        headings
            .iter()
            .map(|heading| &**heading)
            .find(|heading| self.code(heading).is_none() && nearest(heading, names.iter().copied()).is_some())
    }
}

/// Two headings that mean the same, by their index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ambiguous {
    pub(super) code: &'static str,
    pub(super) first: usize,
    pub(super) second: usize,
}

fn plain(heading: &str) -> String {
    let counts = |found: &char| !found.is_whitespace() && !matches!(found, '_' | '-' | '\u{feff}');
    heading.chars().filter(counts).flat_map(char::to_lowercase).collect()
}

/// A canonical code, its other sure names, and names that mean it unless a surer one is there.
type Names = &'static [(&'static str, &'static [&'static str], &'static [&'static str])];

const fn names(extract: ExtractType) -> Names {
    match extract {
        ExtractType::Forms => FORMS,
        ExtractType::Documents => DOCUMENTS,
        ExtractType::Events => EVENTS,
        ExtractType::Persons => PERSONS,
    }
}

const PERSON: &[&str] =
    &["mosaic_id", "person_reference", "person_ref", "subject_compound_id", "subject_person_id", "mosaic_person_id"];

/// The columns of forms: Mosaic's own reporting tables, and what councils' views call them.
const FORMS: Names = &[
    ("workflow_step_id", &[], &["step_id", "episode_id"]),
    ("workflow_step_type_id", &[], &["step_type_id"]),
    ("workflow_step_type", &[], &["description", "step_name", "step_type", "workflow_step_description"]),
    ("step_status", &["workflow_step_status"], &["status"]),
    ("incoming_on", &[], &["incoming_date", "date_incoming"]),
    ("started_on", &[], &["start_date", "date_started", "started_date"]),
    ("completed_on", &[], &["completion_date", "date_completed", "completed_date"]),
    ("cancelled_on", &[], &["cancelled_date", "date_cancelled"]),
    ("assignee_id", &[], &["assigned_worker", "assigned_worker_id", "assignee"]),
    ("responsible_team_id", &[], &["assigned_team", "responsible_team"]),
    ("person_id", &[], &["mosaic_id", "person_reference", "person_ref", "subject_compound_id", "mosaic_person_id"]),
    ("form_id", &[], &["form_reference"]),
    ("template_id", &[], &[]),
    ("template_user_code", &[], &["template_code", "template"]),
    ("version", &[], &["template_version", "form_version"]),
    ("title", &[], &["form_name", "form_title", "template_title"]),
    ("question_user_code", &[], &["question_code", "user_code"]),
    ("question_id", &[], &[]),
    ("question_text", &[], &["question", "question_wording"]),
    ("answer_datatype", &[], &["datatype", "data_type"]),
    ("question_collection_id", &[], &["collection_id"]),
    ("form_answer_row_id", &[], &["answer_row_id"]),
    ("handler_row_identifier", &[], &[]),
    ("subject_person_id", &[], &[]),
    ("short_text_answer", &[], &[]),
    ("long_text_answer", &[], &[]),
    ("date_answer", &[], &[]),
    ("number_answer", &[], &[]),
    ("boolean_answer", &[], &[]),
    ("lookup_answer", &[], &[]),
    ("text_answer", &[], &["answer_text"]),
    ("answer", &[], &["answer_value"]),
];

/// Typed answers before text ones: a view that has both repeats the value as text. Long text before short, which
/// may be the same text cut.
pub(super) const ANSWERS: &[&str] = &[
    "lookup_answer",
    "date_answer",
    "number_answer",
    "boolean_answer",
    "long_text_answer",
    "short_text_answer",
    "text_answer",
    "answer",
];

const DOCUMENTS: Names = &[
    ("person_id", &[], PERSON),
    ("document_id", &[], &["doc_id", "document_reference", "document_ref", "id"]),
    ("kind", &["document_kind", "document_type"], &["category", "document_category", "type", "doc_type"]),
    ("title", &["document_title"], &["document_name", "name", "file_name", "description"]),
    ("dated", &["document_date"], &["date", "date_of_document", "created_on", "created_date", "date_created"]),
    ("pages", &["page_count"], &["number_of_pages", "no_of_pages"]),
];

const EVENTS: Names = &[
    ("person_id", &[], PERSON),
    ("event_id", &[], &["event_reference", "event_ref", "id"]),
    ("kind", &["event_kind", "event_type"], &["category", "event_category", "event", "type", "description"]),
    (
        "on",
        &["event_date"],
        &["date", "start_date", "started_on", "from", "date_from", "date_of_event", "date_started"],
    ),
    ("until", &["event_end_date"], &["end_date", "ended_on", "to", "date_to", "date_ended"]),
];

const PERSONS: Names = &[
    ("person_id", &[], PERSON),
    ("date_of_birth", &[], &["dob", "birth_date", "date_birth"]),
    ("initials", &["person_initials"], &[]),
    ("name", &["full_name"], &["person_name", "child_name", "childs_name"]),
    ("merged_into", &["merged_into_person_id"], &["merged_to", "merged_into_id", "merged_person_id"]),
    ("restricted", &["is_restricted"], &["restricted_record", "restricted_access", "restricted_flag"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn arcs(headings: &[&str]) -> Vec<Arc<str>> {
        headings.iter().map(|heading| Arc::from(*heading)).collect()
    }

    #[test]
    fn a_column_is_known_whatever_its_case_and_joints() {
        let dictionary = Headings::default().dictionary(ExtractType::Forms);
        let cases = [
            ("WORKFLOW_STEP_ID", "workflow_step_id"),
            ("\u{feff}Workflow Step Id", "workflow_step_id"),
            ("workflow-step-id", "workflow_step_id"),
            ("Mosaic ID", "person_id"),
            ("Person reference", "person_id"),
            ("TemplateUserCode", "template_user_code"),
            ("Form name", "title"),
        ];
        for (heading, code) in cases {
            assert_eq!(dictionary.code(heading), Some(code), "{heading}");
        }
        assert_eq!(dictionary.code("supportRequested"), None);
    }

    #[test]
    fn a_surer_name_leaves_the_looser_one_to_be_a_question() {
        let dictionary = Headings::default().dictionary(ExtractType::Forms);
        let resolved = dictionary.resolve(&arcs(&["Status", "step_status", "form_id"])).unwrap();
        assert_eq!(resolved, [None, Some("step_status"), Some("form_id")]);
    }

    #[test]
    fn two_names_of_the_same_rank_are_ambiguous() {
        let dictionary = Headings::default().dictionary(ExtractType::Forms);
        let clash = dictionary.resolve(&arcs(&["form_id", "Mosaic ID", "person ref"])).unwrap_err();
        assert_eq!(clash, Ambiguous { code: "person_id", first: 1, second: 2 });
    }

    #[test]
    fn a_mapping_adds_names_that_beat_the_built_in_ones() {
        let extra = BTreeMap::from([("person_id".to_owned(), vec!["Child No".to_owned()])]);
        let dictionary = Headings::with(&extra).dictionary(ExtractType::Persons);
        let resolved = dictionary.resolve(&arcs(&["CHILD_NO", "person_id"])).unwrap();
        assert_eq!(resolved, [Some("person_id"), None]);
    }

    #[test]
    fn a_slip_in_a_heading_is_named() {
        let dictionary = Headings::default().dictionary(ExtractType::Forms);
        let headings = arcs(&["person_id", "worflow_step_id"]);
        assert_eq!(dictionary.near_miss("workflow_step_id", &headings), Some("worflow_step_id"));
        assert_eq!(dictionary.near_miss("form_id", &headings), None);
    }
}
