//! Extracts of documents, events and persons: the columns and words of one council's report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};

use super::authority::Authority;
use super::text::{folded, plain};
use super::value;
use crate::diagnostic::{Located, TomlDocument, nearest};
use crate::domain::{
    Document, DocumentKind, Event, ExtractType, IdTrouble, Person, PersonId, Private, Reason, Trouble,
};
use crate::export::{Column, Row};

/// How a council's report spells an extract.
#[derive(Debug, Clone)]
pub struct Extract {
    /// What it holds.
    pub extract: ExtractType,
    /// Canonical columns and the further headings they have.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Folded words of the kind column and the kinds they mean.
    kinds: BTreeMap<String, String>,
    /// Further columns of an event that are kept.
    details: Vec<String>,
}

/// The canonical columns of an extract.
fn canonical(extract: ExtractType) -> Vec<&'static str> {
    match extract {
        ExtractType::Forms => {
            const ANSWERS: [&str; 8] = [
                "question_user_code",
                "question_text",
                "answer_datatype",
                "question_collection_id",
                "form_answer_row_id",
                "handler_row_identifier",
                "subject_person_id",
                "answer",
            ];
            Column::ALL.iter().map(|column| column.as_str()).chain(ANSWERS).collect()
        }
        ExtractType::Documents => vec!["person_id", "document_id", "kind", "title", "dated", "pages"],
        ExtractType::Events => vec!["person_id", "event_id", "kind", "on", "until"],
        ExtractType::Persons => vec!["person_id", "date_of_birth", "initials", "name", "merged_into", "restricted"],
    }
}

impl Extract {
    /// Reads `<authority>/extracts/<name>.toml`; mistakes go to the document.
    pub(super) fn read(document: &TomlDocument<'_>, authority: Option<&Authority>) -> Option<Self> {
        let root = document.root()?;
        let given = root.required_text("extract")?;
        let extract = ExtractType::parse(&given.value);
        if extract.is_none() {
            let known = || ExtractType::ALL.iter().map(|extract| extract.as_str());
            let help = nearest(&given.value, known()).map_or_else(
                || format!("the extracts are: {}", known().collect::<Vec<_>>().join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            document.error(given.span, format!("there is no extract `{}`", given.value), Some(help));
        }
        let details = root.texts("details").into_iter().map(|detail| detail.value).collect();
        let mut columns = BTreeMap::new();
        if let (Some(table), Some(extract)) = (root.table("columns"), extract) {
            for column in canonical(extract) {
                let headings: Vec<String> = table.texts(column).into_iter().map(|heading| heading.value).collect();
                if !headings.is_empty() {
                    columns.insert(column.to_owned(), headings);
                }
            }
            table.finish();
        }
        let mut kinds = BTreeMap::new();
        if let Some(table) = root.table("kinds") {
            for wording in table.keys() {
                let Some(kind) = table.text(&wording.value) else { continue };
                let known = authority.and_then(|authority| kind_names(authority, extract?));
                if let Some(known) = known.filter(|known| !known.contains_key(&kind.value)) {
                    let names = known.keys().map(String::as_str);
                    let help = nearest(&kind.value, names).map(|meant| format!("did you mean `{meant}`?"));
                    let help = help.or_else(|| Some("name it in authority.toml first".to_owned()));
                    document.error(kind.span.clone(), format!("authority.toml names no kind `{}`", kind.value), help);
                }
                kinds.insert(folded(&wording.value), kind.value);
            }
        }
        root.finish();
        Some(Self { extract: extract?, columns, kinds, details })
    }
}

fn kind_names(authority: &Authority, extract: ExtractType) -> Option<&BTreeMap<String, String>> {
    match extract {
        ExtractType::Documents => Some(&authority.documents),
        ExtractType::Events => Some(&authority.events),
        ExtractType::Forms | ExtractType::Persons => None,
    }
}

/// Reads a row of the register of documents.
pub fn document(
    authority: &Authority,
    extract: Option<&Extract>,
    file: &Arc<str>,
    row: &Row,
) -> Result<Document, Trouble> {
    let title = plain(cell(row, "title"));
    let wording = cell(row, "kind");
    let by_extract = extract.and_then(|extract| extract.kinds.get(&folded(wording)));
    let kind = by_extract.map(|kind| DocumentKind::new(kind.as_str()));
    let kind = kind.or_else(|| authority.document_kind(wording).cloned());
    Ok(Document {
        authority: authority.name.clone(),
        person: person_id(row, "person_id")?,
        document_id: some(cell(row, "document_id")),
        kind: kind.or_else(|| authority.document_kind(&title).cloned()),
        title: Private::new(title),
        dated: day(row, "dated")?,
        pages: cell(row, "pages").trim().parse().ok(),
        source: located(file, row),
        reading: None,
    })
}

/// Reads a row of the dated happenings.
pub fn event(authority: &Authority, extract: Option<&Extract>, file: &Arc<str>, row: &Row) -> Result<Event, Trouble> {
    let wording = cell(row, "kind");
    if wording.trim().is_empty() {
        return Err(trouble(
            row,
            Reason::ValueUnreadable,
            "the event has no kind",
            "give the event's type in the report",
        ));
    }
    let by_extract = extract.and_then(|extract| extract.kinds.get(&folded(wording))).map(String::as_str);
    let kind = by_extract.or_else(|| authority.event_kind(wording));
    // A kind that nobody has named stays what it is called.
    let kind = kind.map_or_else(|| folded(wording).replace(' ', "-"), ToOwned::to_owned);
    let Some(on) = moment(row, "on")? else {
        return Err(trouble(
            row,
            Reason::DateUnreadable,
            "the event has no date",
            "give the event's date in the report",
        ));
    };
    let kept: BTreeSet<String> = extract.iter().flat_map(|extract| &extract.details).map(|name| folded(name)).collect();
    let details = row.cells.iter().filter(|(name, text)| kept.contains(&folded(name)) && !text.is_empty());
    Ok(Event {
        authority: authority.name.clone(),
        person: person_id(row, "person_id")?,
        event_id: some(cell(row, "event_id")),
        kind: kind.into(),
        on: on.date(),
        at: Some(on.time()).filter(|time| *time != Time::midnight()),
        until: day(row, "until")?,
        details: details.map(|(name, text)| (folded(name), Private::new(plain(text)))).collect(),
        source: located(file, row),
    })
}

/// Reads a row about a person. A full name is kept as initials only.
pub fn person(authority: &Authority, file: &Arc<str>, row: &Row) -> Result<Person, Trouble> {
    let initials = some(cell(row, "initials")).or_else(|| some(&initials(cell(row, "name"))));
    let merged_into = match cell(row, "merged_into").parse::<PersonId>() {
        Ok(person) => Some(person),
        Err(IdTrouble::Empty | IdTrouble::NotPositive) => None,
        Err(why) => return Err(bad_id(row, "merged_into", why)),
    };
    Ok(Person {
        authority: authority.name.clone(),
        person: person_id(row, "person_id")?,
        date_of_birth: day(row, "date_of_birth")?.map(Private::new),
        initials: initials.map(Private::new),
        merged_into,
        restricted: value::yes_no(cell(row, "restricted")).unwrap_or(false),
        source: located(file, row),
    })
}

/// What a row calls the kind of its document or event.
pub fn kind_wording(row: &Row) -> &str {
    cell(row, "kind").trim()
}

fn cell<'r>(row: &'r Row, column: &str) -> &'r str {
    row.cells.iter().find(|(name, _)| **name == *column).map_or("", |(_, text)| text.as_str())
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn located(file: &Arc<str>, row: &Row) -> Located {
    Located { file: file.clone(), place: row.place.clone() }
}

fn person_id(row: &Row, column: &str) -> Result<PersonId, Trouble> {
    cell(row, column).parse().map_err(|why| match why {
        IdTrouble::Empty | IdTrouble::NotPositive => {
            trouble(row, Reason::PersonUnidentified, "the row names no person", "give the person id in the report")
        }
        why => bad_id(row, column, why),
    })
}

fn bad_id(row: &Row, column: &str, why: IdTrouble) -> Trouble {
    let help = "have the report write ids as text; a spreadsheet must not open it on the way";
    trouble(row, Reason::IdDamaged, format!("`{column}`: {why}"), help)
}

fn day(row: &Row, column: &str) -> Result<Option<Date>, Trouble> {
    Ok(moment(row, column)?.map(|moment| moment.date()))
}

fn moment(row: &Row, column: &str) -> Result<Option<DateTime>, Trouble> {
    value::moment(cell(row, column)).map_err(|why| {
        let help = "have the report write dates as YYYY-MM-DD or dd/mm/yyyy";
        trouble(row, Reason::DateUnreadable, format!("`{column}`: {why}"), help)
    })
}

fn trouble(row: &Row, reason: Reason, message: impl Into<String>, help: &str) -> Trouble {
    Trouble { place: row.place.clone(), reason, message: message.into(), help: help.to_owned() }
}

/// The initials of a name: `Surname, First` is turned round.
fn initials(name: &str) -> String {
    let name = match name.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => name.to_owned(),
    };
    name.split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphabetic()))
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn a_name_is_kept_as_initials() {
        for (name, letters) in [("Sample Child-A", "SC"), ("Child-A, Sample", "SC"), ("", ""), ("Q", "Q")] {
            assert_eq!(initials(name), letters);
        }
    }
}
