//! What a document is, from when, and whose: by its own words, with the evidence.

use jiff::civil::Date;

use super::vocabulary::Found;
use super::{Contents, Vocabulary, date};
use crate::diagnostic::{Located, Place};
use crate::domain::{AuthorityName, Document, DocumentKind, DocumentTrouble, PersonId, Private, Reading, Whose};

/// Lines at the beginning of a document that may name it.
const HEADING_LINES: usize = 6;

/// Characters of a line that may name a document: a longer one is a sentence.
const HEADING_CHARS_MAX: usize = 120;

/// Lines in which a labelled date counts.
const LABELLED_LINES: usize = 400;

/// Lines at the beginning of a document in which a date without a label counts.
const DATE_LINES: usize = 15;

/// Dates at the beginning of a document from which on they are entries of a list and none is its own.
const LIST_DATES: usize = 3;

/// Digits of an id from which on it is one and not a page or a count.
const ID_DIGITS_MIN: usize = 4;

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
            words_sha256: contents.words_sha256.clone(),
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
    // “Please find the chronology attached” is no chronology.
    if contents.is_note {
        return (None, Vec::new());
    }
    let name = contents.name.expose().as_str();
    let own = name.rsplit('/').next().unwrap_or(name);
    let stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
    let heading = heading(contents.lines(), vocabulary).or_else(|| heading(contents.running_lines(), vocabulary));
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

/// What the first of the first lines names that names something.
fn heading<'v>(lines: impl Iterator<Item = impl AsRef<str>>, vocabulary: &'v Vocabulary) -> Option<Found<'v>> {
    let mut short = lines.take(HEADING_LINES).filter(|line| line.as_ref().chars().count() <= HEADING_CHARS_MAX);
    short.find_map(|line| vocabulary.find(line.as_ref()))
}

/// Words that stand before the date of a document itself.
const OWN_DATE: [&str; 18] = [
    "date of report",
    "report date",
    "date completed",
    "completed on",
    "date of assessment",
    "date of meeting",
    "date of plan",
    "date of review",
    "date of advice",
    "date prepared",
    "prepared on",
    "date written",
    "dated",
    "updated on",
    "date updated",
    "last updated",
    "as at",
    "date:",
];

/// Words that say that a date is somebody's or something else's.
const OTHERS_DATE: [&str; 10] =
    ["birth", "dob", "d.o.b", "born", "next review", "panel date", "date of panel", "due", "expires", "printed"];

fn dated(contents: &Contents, today: Date, evidence: &mut Vec<String>) -> Option<Date> {
    let lowercase = |line: &str| line.to_lowercase();
    let body: Vec<String> = contents.lines().map(lowercase).take(LABELLED_LINES).collect();
    let running: Vec<String> = contents.running_lines().map(lowercase).take(LABELLED_LINES).collect();
    if let Some(date) = labelled(&body, today).or_else(|| labelled(&running, today)) {
        evidence.push(format!("its text dates it {date}"));
        return Some(date);
    }
    let mut first = unlabelled(body.iter().take(DATE_LINES), today);
    if first.is_empty() {
        first = unlabelled(running.iter(), today);
    }
    // A scan was made on the day it was scanned, which says nothing about what is on it.
    let is_scan = contents.trouble == Some(DocumentTrouble::Scanned);
    let changed = contents.changed.filter(|date| *date <= today && !is_scan);
    if first.len() >= LIST_DATES && !(contents.is_beginning && changed.is_some()) {
        let all: Vec<String> = contents.lines().map(lowercase).collect();
        let latest = unlabelled(all.iter(), today).into_iter().max()?;
        evidence.push(format!("{latest} is the latest of its dates"));
        return Some(latest);
    }
    if let Some(date) = first.iter().max().filter(|_| first.len() < LIST_DATES) {
        evidence.push(format!("{date} stands at its beginning"));
        return Some(*date);
    }
    let changed = changed?;
    evidence.push(format!("its properties say that it was changed on {changed}"));
    Some(changed)
}

/// The first date that stands behind a word for the document's own. The word may stand in one line and the date in the
/// next, as in the cells of a table.
fn labelled(lines: &[String], today: Date) -> Option<Date> {
    let past = |text: &str| date::first(text).filter(|date| *date <= today);
    lines.iter().enumerate().find_map(|(at, line)| {
        own_dates(line).find_map(|rest| {
            let is_alone = !rest.contains(char::is_alphanumeric);
            past(rest).or_else(|| past(lines.get(at + 1).filter(|_| is_alone)?))
        })
    })
}

/// What stands behind each word for the document's own date, up to the word for another's.
fn own_dates(line: &str) -> impl Iterator<Item = &str> {
    let labels = OWN_DATE.iter().flat_map(|label| line.match_indices(label));
    labels.filter_map(|(at, label)| {
        let end = at + label.len();
        // “Panel date: ” is another's, but not where a number ends what stands before.
        let begin = line.get(..at)?.rfind(|c: char| c.is_ascii_digit()).map_or(0, |digit| digit + 1);
        let phrase = line.get(begin..end)?;
        if OTHERS_DATE.iter().any(|other| phrase.contains(other)) {
            return None;
        }
        let rest = line.get(end..)?;
        let other = OTHERS_DATE.iter().filter_map(|other| rest.find(other)).min();
        rest.get(..other.unwrap_or(rest.len()))
    })
}

/// The different dates of lines that do not say whose they are.
fn unlabelled<'l>(lines: impl Iterator<Item = &'l String>, today: Date) -> Vec<Date> {
    let is_others = |line: &str| OTHERS_DATE.iter().any(|label| line.contains(label));
    let mut dates = Vec::new();
    let mut was_others = false;
    for line in lines {
        let is_others = is_others(line);
        let found = date::first(line).filter(|date| *date <= today && !is_others && !was_others);
        // A label may stand in one line, and what it labels in the next.
        was_others = is_others && date::first(line).is_none();
        if let Some(date) = found.filter(|date| !dates.contains(date)) {
            dates.push(date);
        }
    }
    dates
}

/// Words that stand before a person's id.
const ID_LABELS: [&str; 9] = [
    "mosaic id",
    "mosaic no",
    "mosaic number",
    "mosaic person",
    "person id",
    "person reference",
    "child id",
    "case number",
    "client id",
];

/// Words that stand before a date of birth.
const BIRTH_LABELS: [&str; 4] = ["date of birth", "dob", "d.o.b", "born"];

/// Words that stand before a child's name.
const NAME_LABELS: [&str; 5] =
    ["name of child", "child's name", "child’s name", "name of young person", "young person's name"];

fn whose(contents: &Contents, child: &Subject, evidence: &mut Vec<String>) -> Whose {
    if contents.trouble.is_some_and(|trouble| trouble != DocumentTrouble::Scanned) {
        return Whose::Unsaid;
    }
    let text = format!("{}\n{}", contents.running.expose(), contents.text.expose()).to_lowercase();
    let own = child.person.to_string();
    if numbers(&text).any(|number| number == own) {
        evidence.push(format!("it names person {own}"));
        return Whose::Child;
    }
    let labelled = ID_LABELS.iter().flat_map(|label| after(&text, label)).find_map(id);
    if let Some(other) = labelled {
        return Whose::Other(other);
    }
    let births: Vec<Date> = BIRTH_LABELS.iter().flat_map(|label| after(&text, label)).filter_map(date::first).collect();
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
    let named = NAME_LABELS.iter().flat_map(|label| after(&text, label)).find_map(initials);
    match named.zip(own_initials) {
        Some((named, own)) if !own.is_empty() && !fits(&named, &own) => {
            Whose::Doubtful("a child's name whose initials are not the child's".to_owned())
        }
        _ => Whose::Unsaid,
    }
}

/// The initials of the name that a line begins with.
fn initials(rest: &str) -> Option<String> {
    let name = rest.lines().next()?.trim_start_matches(|c: char| !c.is_alphabetic());
    let words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphabetic()));
    Some(letters(&words.collect::<String>())).filter(|letters| !letters.is_empty())
}

/// Whether one has all the letters of the other: names come in either order, with and without those in the middle.
fn fits(one: &str, other: &str) -> bool {
    let holds = |long: &str, short: &str| {
        let mut left: Vec<char> = long.chars().collect();
        short.chars().all(|c| left.iter().position(|other| *other == c).map(|at| left.swap_remove(at)).is_some())
    };
    holds(one, other) || holds(other, one)
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Runs of digits, thousands separators and leading zeros taken away.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    let runs = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    runs.map(|run| run.replace(',', "").trim_start_matches('0').to_owned()).filter(|run| !run.is_empty())
}

/// The id that stands next: nothing but marks before it, and no date and no number of a court.
fn id(rest: &str) -> Option<PersonId> {
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let rest =
        ["number", "reference", "no", "id", "is"].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let rest = rest.strip_prefix('p').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let mut behind = behind.chars();
    let is_more = match behind.next() {
        Some('/' | '-' | '.') => behind.next().is_some_and(|c| c.is_ascii_digit()),
        next => next.is_some_and(char::is_alphanumeric),
    };
    let digits = digits.replace(',', "");
    if is_more || digits.len() < ID_DIGITS_MIN { None } else { digits.parse().ok() }
}

/// What follows each place where a label stands as a word of its own: to the end of the line after it.
fn after<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    let is_word = |at: usize, end: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(end..).and_then(|behind| behind.chars().next());
        ![before, behind].into_iter().flatten().any(char::is_alphabetic)
    };
    let places = text.match_indices(label).filter(|(at, label)| is_word(*at, at + label.len()));
    let two_lines = |rest: &'t str| {
        let end = rest.match_indices('\n').nth(1).map_or(rest.len(), |(end, _)| end);
        rest.get(..end).unwrap_or(rest)
    };
    places.filter_map(|(at, label)| text.get(at + label.len()..)).map(two_lines).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    fn text(text: &str) -> Contents {
        Contents::of("paper.pdf", b"").with_text(text.to_owned())
    }

    fn child() -> Subject {
        let initials = Some(Private::from("SC"));
        Subject { person: "100002".parse().unwrap(), date_of_birth: Some(Private::new(day(2010, 4, 15))), initials }
    }

    fn read(contents: &Contents) -> Document {
        let kinds = ["chronology", "genogram", "legal-advice", "signs-of-safety-mapping"].map(DocumentKind::new);
        let names = ["Chronology", "Genogram", "Legal advice", "Signs of Safety mapping"];
        let others = [("Mapping", &kinds[3]), ("Legal planning advice", &kinds[2])];
        let vocabulary = Vocabulary::new(names.into_iter().zip(&kinds).chain(others));
        let authority = AuthorityName::new("somewhere");
        recognise(contents, &authority, &vocabulary, &child(), day(2026, 11, 27))
    }

    fn kind_of(contents: &Contents) -> (Option<String>, Vec<String>) {
        let document = read(contents);
        let rivals = document.reading.unwrap().rivals;
        (document.kind.map(|kind| kind.to_string()), rivals.iter().map(ToString::to_string).collect())
    }

    fn whose_is(said: &str) -> Whose {
        read(&text(said)).reading.unwrap().whose
    }

    #[test]
    fn the_first_line_that_names_a_kind_decides_and_the_longest_name_in_it() {
        let is = |said: &str, kind: &str| assert_eq!(kind_of(&text(said)).0.as_deref(), Some(kind), "{said}");
        is("Chronology\nGenogram attached: yes", "chronology");
        is("Council\n\nCHRONOLOGIES of significant events\nLegal planning advice: none", "chronology");
        is("Signs of Safety mapping", "signs-of-safety-mapping");
        let sentence = format!("The genogram is {}", "very ".repeat(30));
        assert_eq!(kind_of(&text(&sentence)).0, None, "a sentence is no heading");
        assert_eq!(kind_of(&text("One\nTwo\nThree\nFour\nFive\nSix\nGenogram")).0, None, "too far down");
    }

    #[test]
    fn headers_titles_and_file_names_speak_where_the_heading_does_not_and_against_it() {
        let header = Contents { running: Private::from("Council\nGenogram"), ..text("For the panel") };
        assert_eq!(kind_of(&header).0.as_deref(), Some("genogram"));
        let titled = Contents { title: Private::from("legal advice"), ..text("Chronology") };
        assert_eq!(kind_of(&titled), (Some("chronology".to_owned()), vec!["legal-advice".to_owned()]));
        let named = Contents { name: Private::from("in/Genogram 2.pdf"), ..text("") };
        assert_eq!(kind_of(&named).0.as_deref(), Some("genogram"));
        let note = Contents { is_note: true, name: Private::from("Chronology.msg"), ..text("Chronology to follow") };
        assert_eq!(kind_of(&note).0, None);
    }

    #[test]
    fn a_document_is_dated_by_its_own_date_and_not_by_anothers() {
        let is = |said: &str, date| assert_eq!(read(&text(said)).dated, Some(date), "{said}");
        is("Date of birth: 15/04/2010 Date of report: 12/11/2026", day(2026, 11, 12));
        is("Date of report: 12/11/2026 DOB 15/04/2010", day(2026, 11, 12));
        is("Date of birth\n15/04/2010\nDate completed\n12/11/2026", day(2026, 11, 12));
        is("Panel date: 18/11/2026\nDated: 12/11/2026", day(2026, 11, 12));
        is("Next review date: 1/11/2026\nReport\n12 November 2026", day(2026, 11, 12));
        is("Born 15/04/2010\nReport of 12/11/2026", day(2026, 11, 12));
        // What lies ahead is not when it was written.
        is("Dated 12/11/2026\nDate of meeting: 12/12/2026", day(2026, 11, 12));
        let born = read(&text("Date of birth: 15/04/2010\nDate of panel: 2/11/2026"));
        assert_eq!(born.dated, None, "{:?}", born.reading);
    }

    #[test]
    fn a_list_of_dates_is_as_old_as_its_last_entry() {
        let entries = "Chronology\n3/2/2020 Moved\n4/5/2021 Moved\n6/7/2022 Moved\n";
        let later = format!("{entries}{}9/11/2026 Visited\n1/12/2026 Visit planned\n", "And so on\n".repeat(30));
        assert_eq!(read(&text(&later)).dated, Some(day(2026, 11, 9)));
        // Where only its beginning was read, its last entry is not known, and its properties count.
        let changed = Some(day(2026, 11, 20));
        let beginning = Contents { changed, is_beginning: true, ..text(entries) };
        assert_eq!(read(&beginning).dated, changed);
    }

    #[test]
    fn properties_date_what_its_text_does_not_but_never_a_scan_and_never_ahead() {
        let changed = Some(day(2026, 11, 20));
        let undated = Contents { changed, ..text("Genogram") };
        assert_eq!(read(&undated).dated, changed);
        let scan = Contents { trouble: Some(DocumentTrouble::Scanned), ..undated.clone() };
        assert_eq!(read(&scan).dated, None);
        assert_eq!(read(&Contents { changed: Some(day(2027, 1, 1)), ..undated }).dated, None);
    }

    #[test]
    fn a_document_is_whose_id_it_names() {
        let other = |id: &str| Whose::Other(id.parse().unwrap());
        for said in ["Mosaic ID: 100002", "Mosaic ID: 100,002", "Person P100002", "Mosaic ID\n000100002", "see 100002."]
        {
            assert_eq!(whose_is(said), Whose::Child, "{said}");
        }
        assert_eq!(whose_is("Mosaic ID: 100009\nSibling: 100002"), Whose::Child);
        for said in [
            "Mosaic ID: 100009",
            "Mosaic ID\n\t100009",
            "Mosaic No. 100009",
            "Child ID is P100009",
            "Client ID (100,009)",
        ] {
            assert_eq!(whose_is(said), other("100009"), "{said}");
        }
        // What stands behind the word may be no id at all.
        for said in [
            "Mosaic ID:\nDate: 12/11/2026",
            "Case number: LN26C00123",
            "Case number 2026/00123",
            "Person ID: (see below)\n12 pages",
            "Mosaic notes 123456",
            "Case number: 2 of 3",
        ] {
            assert_eq!(whose_is(said), Whose::Unsaid, "{said}");
        }
    }

    #[test]
    fn a_date_of_birth_and_a_name_may_fit_or_not() {
        assert_eq!(whose_is("DOB: 15/04/2010"), Whose::Child);
        assert_eq!(whose_is("Mother, born 1/2/1985\nDate of birth 15th April 2010"), Whose::Child);
        let doubtful = |said: &str| matches!(whose_is(said), Whose::Doubtful(_));
        assert!(doubtful("Date of birth: 15/04/2011"));
        assert!(!doubtful("He has been stubborn since 3/4/2025"));
        for said in [
            "Name of child: Sample Child",
            "Child's name: CHILD, Sample",
            "Child’s name: Sample A. Child",
            "Name of child:",
        ] {
            assert!(!doubtful(said), "{said}");
        }
        assert!(doubtful("Name of child: Another Person"));
        assert!(doubtful("Name of child: Sample Person"));
    }
}
