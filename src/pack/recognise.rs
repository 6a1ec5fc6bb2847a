//! What a document is, from when, and whose: by its own words, with the evidence.

use jiff::civil::Date;

use super::{Contents, Vocabulary, date};
use crate::diagnostic::{Located, Place};
use crate::domain::{AuthorityName, Document, DocumentKind, DocumentTrouble, PersonId, Private, Reading, Whose};

/// Lines at the beginning of a document that may name it.
const HEADING_LINES: usize = 6;

/// Lines at the beginning of a document in which a date without a label counts.
const DATE_LINES: usize = 15;

/// Characters of a line that may name a document: a longer one is a sentence.
const HEADING_CHARS_MAX: usize = 120;

/// The child whose pack is looked at.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The person.
    pub person: PersonId,
    /// When it was born.
    pub date_of_birth: Option<Private<Date>>,
    /// Its initials.
    pub initials: Option<Private<String>>,
}

/// Says what a document is. Dates after `today` are not its own.
pub fn recognise(
    contents: &Contents,
    authority: &AuthorityName,
    vocabulary: &Vocabulary,
    child: &Subject,
    today: Date,
) -> Document {
    let mut evidence = Vec::new();
    let (kind, rivals) = kind(contents, vocabulary, &mut evidence);
    let dated = dated(contents, today, &mut evidence);
    let whose = whose(contents, child, &mut evidence);
    let name = contents.name.expose().as_str();
    let title = if contents.title.expose().is_empty() { name } else { contents.title.expose() };
    Document {
        authority: authority.clone(),
        person: child.person,
        document_id: None,
        kind,
        title: Private::from(title),
        dated,
        pages: contents.pages,
        source: Located { file: name.into(), place: Place::Whole },
        reading: Some(Reading {
            sha256: contents.sha256.clone(),
            words_sha256: contents.words_sha256(),
            evidence,
            rivals,
            whose,
            trouble: contents.trouble,
        }),
    }
}

/// The kind by heading, title and file name. The first that names one decides; one that names another is a rival.
fn kind(
    contents: &Contents,
    vocabulary: &Vocabulary,
    evidence: &mut Vec<String>,
) -> (Option<DocumentKind>, Vec<DocumentKind>) {
    let heading = contents.lines().take(HEADING_LINES).filter(|line| line.chars().count() <= HEADING_CHARS_MAX);
    let heading = heading.filter_map(|line| vocabulary.find(line)).max_by_key(|found| found.words);
    let name = contents.name.expose().as_str();
    let own = name.rsplit('/').next().unwrap_or(name);
    let stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
    let sources = [
        ("its heading", heading),
        ("its title", vocabulary.find(contents.title.expose())),
        ("its file name", vocabulary.find(stem)),
    ];
    let mut kinds: Vec<DocumentKind> = Vec::new();
    for (source, found) in sources {
        let Some(found) = found else { continue };
        evidence.push(format!("{source} says “{}”", found.name));
        if !kinds.contains(found.kind) {
            kinds.push(found.kind.clone());
        }
    }
    let mut kinds = kinds.into_iter();
    (kinds.next(), kinds.collect())
}

/// Words that stand before the date of a document itself.
const OWN_DATE: [&str; 9] = [
    "date of report",
    "date completed",
    "completed on",
    "date of assessment",
    "date of meeting",
    "dated",
    "updated on",
    "date updated",
    "date:",
];

/// Words that say that a date is somebody's or something else's.
const OTHERS_DATE: [&str; 9] =
    ["birth", "dob", "d.o.b", "born", "next review", "panel date", "due", "expires", "printed"];

fn dated(contents: &Contents, today: Date, evidence: &mut Vec<String>) -> Option<Date> {
    let is_own = |line: &str| OWN_DATE.iter().any(|label| line.contains(label));
    let is_others = |line: &str| OTHERS_DATE.iter().any(|label| line.contains(label));
    let lines: Vec<String> = contents.lines().take(400).map(str::to_lowercase).collect();
    let past = |line: &String| date::first(line).filter(|date| *date <= today);
    // A label may stand in one line and its date in the next, as in the cells of a table.
    let pairs = lines.iter().enumerate().map(|(at, line)| (line, lines.get(at + 1)));
    let mut labelled = pairs.filter(|(line, _)| is_own(line) && !is_others(line));
    let labelled = labelled.find_map(|(line, next)| past(line).or_else(|| next.and_then(past)));
    if let Some(date) = labelled {
        evidence.push(format!("its text dates it {date}"));
        return Some(date);
    }
    let unlabelled = lines.iter().enumerate().take(DATE_LINES).filter(|(at, line)| {
        let before = at.checked_sub(1).and_then(|before| lines.get(before));
        !is_others(line) && !before.is_some_and(|before| is_others(before))
    });
    if let Some(date) = unlabelled.map(|(_, line)| line).find_map(past) {
        evidence.push(format!("{date} stands at its beginning"));
        return Some(date);
    }
    let changed = contents.changed.filter(|date| *date <= today)?;
    evidence.push(format!("its properties say that it was changed on {changed}"));
    Some(changed)
}

/// Words that stand before a person's id.
const ID_LABELS: [&str; 8] = [
    "mosaic id",
    "mosaic no",
    "mosaic number",
    "person id",
    "person reference",
    "child id",
    "case number",
    "client id",
];

fn whose(contents: &Contents, child: &Subject, evidence: &mut Vec<String>) -> Whose {
    if contents.trouble.is_some_and(|trouble| trouble != DocumentTrouble::Scanned) {
        return Whose::Unsaid;
    }
    let text = contents.text.expose().to_lowercase();
    let own = child.person.to_string();
    if numbers(&text).any(|number| number == own) {
        evidence.push(format!("it names person {own}"));
        return Whose::Child;
    }
    let labelled = ID_LABELS.iter().flat_map(|label| after(&text, label)).find_map(|rest| {
        let number = numbers(rest).next()?;
        number.parse::<PersonId>().ok()
    });
    if let Some(other) = labelled {
        return Whose::Other(other);
    }
    let births: Vec<Date> = ["date of birth", "dob", "d.o.b", "born"]
        .iter()
        .flat_map(|label| after(&text, label))
        .filter_map(date::first)
        .collect();
    let own_birth = child.date_of_birth.as_ref().map(|birth| *birth.expose());
    match (births.as_slice(), own_birth) {
        ([], _) | (_, None) => {}
        (births, Some(own)) if births.contains(&own) => {
            evidence.push("it gives the child's date of birth".to_owned());
            return Whose::Child;
        }
        _ => return Whose::Doubtful("a date of birth that is not the child's".to_owned()),
    }
    let own_initials = child.initials.as_ref().map(|initials| letters(initials.expose()));
    let named = ["name of child", "child's name", "child’s name", "name of young person"];
    let named = named.iter().flat_map(|label| after(&text, label)).find_map(|rest| {
        let name = rest.lines().next()?.trim_matches(|c: char| !c.is_alphabetic());
        Some(name.split_whitespace().filter_map(|word| word.chars().next()).collect::<String>())
    });
    match named.zip(own_initials) {
        Some((named, own))
            if !own.is_empty() && !letters(&named).starts_with(&own) && !own.starts_with(&letters(&named)) =>
        {
            Whose::Doubtful("a child's name whose initials are not the child's".to_owned())
        }
        _ => Whose::Unsaid,
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Runs of digits, thousands separators and leading zeros taken away.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    let runs = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    runs.map(|run| run.replace(',', "").trim_start_matches('0').to_owned()).filter(|run| !run.is_empty())
}

/// What follows each place where a label stands: to the end of the line after it.
fn after<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    let places = text.match_indices(label).filter_map(|(at, label)| text.get(at + label.len()..));
    let two_lines = |rest: &'t str| {
        let end = rest.match_indices('\n').nth(1).map_or(rest.len(), |(end, _)| end);
        rest.get(..end).unwrap_or(rest)
    };
    places.map(two_lines).collect()
}
