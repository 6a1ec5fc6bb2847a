//! The pre-proceedings columns that councils report nationally, as far as tessera knows them. Nothing is guessed: what is
//! not known is empty.

use jiff::civil::Date;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::domain::{AuthorityName, Document, Event, PersonId, SubmissionId};
use crate::panel::PreProceedingsRule;

/// The columns of the table `ssd_pre_proceedings` of the standard safeguarding dataset, by its names and in its order. Its
/// `inital` is its own.
pub const COLUMNS: [&str; 24] = [
    "prep_table_id",
    "prep_person_id",
    "prep_plo_family_id",
    "prep_pre_pro_decision_date",
    "prep_initial_pre_pro_meeting_date",
    "prep_pre_pro_outcome",
    "prep_agree_stepdown_issue_date",
    "prep_cp_plans_referral_period",
    "prep_legal_gateway_outcome",
    "prep_prev_pre_proc_child",
    "prep_prev_care_proc_child",
    "prep_pre_pro_letter_date",
    "prep_care_pro_letter_date",
    "prep_pre_pro_meetings_num",
    "prep_pre_pro_parents_legal_rep",
    "prep_parents_legal_rep_point_of_issue",
    "prep_court_reference",
    "prep_care_proc_court_hearings",
    "prep_care_proc_short_notice",
    "prep_proc_short_notice_reason",
    "prep_la_inital_plan_approved",
    "prep_la_initial_care_plan",
    "prep_la_final_plan_approved",
    "prep_la_final_care_plan",
];

/// What a decision does about pre-proceedings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It begins them.
    Begins,
    /// It ends them with an application to the court.
    Issues,
    /// It ends them and steps down.
    StepsDown,
}

/// A decision of a panel about pre-proceedings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The day the panel sat.
    pub sitting: Date,
    /// What it does.
    pub turn: Turn,
    /// The request.
    pub submission: SubmissionId,
    /// Whether the request is about several children.
    pub is_of_several: bool,
}

/// What is known of a child.
#[derive(Debug)]
pub struct Child {
    /// Whose record.
    pub authority: AuthorityName,
    /// The child.
    pub person: PersonId,
    /// What panels have decided about pre-proceedings.
    pub turned: Vec<Turned>,
    /// The child's events.
    pub events: Vec<Event>,
    /// The child's documents.
    pub documents: Vec<Document>,
}

/// A line: one child with pre-proceedings, the latest where there were several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreProceedingsRow {
    /// The child.
    pub person: PersonId,
    /// What stands in each column.
    pub cells: [String; 24],
}

impl Serialize for PreProceedingsRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(COLUMNS.len()))?;
        for (column, cell) in COLUMNS.iter().zip(&self.cells) {
            map.serialize_entry(column, cell)?;
        }
        map.end()
    }
}

/// The latest pre-proceedings of a child: when they began, and what lay before.
struct Latest<'c> {
    began: Option<&'c Turned>,
    event: Option<&'c Event>,
    /// The end of those before.
    after: Option<Date>,
    /// How many were before.
    earlier: usize,
}

impl PreProceedingsRow {
    /// The line of a child; nothing where no pre-proceedings are known.
    pub fn of(rule: &PreProceedingsRule, child: &Child) -> Option<Self> {
        let latest = Latest::of(rule, child);
        let start = latest.start()?;
        let since = latest.began.map(|began| began.sitting).or(latest.after).unwrap_or(Date::MIN);
        let on = |kinds: &[String], from: Date| -> Vec<Date> {
            let mut days: Vec<Date> = child
                .events
                .iter()
                .filter(|event| is_of(event, kinds) && event.on >= from)
                .map(|event| event.on)
                .collect();
            days.sort_unstable();
            days
        };
        let (firsts, reviews) = (on(&rule.first_meeting, since), on(&rule.reviews, since));
        let meetings = match firsts.first() {
            Some(_) => Some(firsts.len() - 1 + reviews.len()),
            None => Some(reviews.len()).filter(|count| *count > 0),
        };
        let issued = on(&rule.proceedings, start).first().copied();
        let ended = child.turned.iter().filter(|one| one.turn != Turn::Begins && one.sitting > start);
        let ended = ended.min_by_key(|one| one.sitting);
        let outcome = ended.map(|one| one.turn).or_else(|| issued.map(|_| Turn::Issues));
        let in_court = (outcome == Some(Turn::Issues)).then(|| ended.map(|one| one.sitting).or(issued)).flatten();
        let hearings = in_court.filter(|_| !rule.hearings.is_empty()).map(|from| on(&rule.hearings, from).len());
        // Events of pre-proceedings show that the report of events reaches this child.
        let is_reported = latest.event.is_some() || latest.earlier > 0;
        let before = child.events.iter().filter(|event| is_of(event, &rule.proceedings) && event.on < start).count();
        let count = |known: Option<usize>| known.map(|count| count.to_string()).unwrap_or_default();
        let mut cells: [String; 24] = Default::default();
        let family = latest.began.filter(|began| began.is_of_several).map(|began| began.submission.to_string());
        let known = [
            (0, format!("{}-{}-{start}", child.authority, child.person)),
            (1, child.person.to_string()),
            (2, family.unwrap_or_default()),
            (3, day(latest.began.map(|began| began.sitting))),
            (4, day(firsts.first().copied())),
            (5, outcome.map(in_words).unwrap_or_default().to_owned()),
            (6, day(ended.map(|one| one.sitting))),
            (8, latest.began.map(|_| "Start pre-proceedings").unwrap_or_default().to_owned()),
            (9, count(is_reported.then_some(latest.earlier))),
            (10, count((is_reported && !rule.proceedings.is_empty()).then_some(before))),
            (11, day(letter(child, &rule.letter, since))),
            (12, day(letter(child, &rule.issue_letter, since))),
            (13, count(meetings)),
            (17, count(hearings)),
        ];
        for (at, cell) in known {
            if let Some(own) = cells.get_mut(at) {
                *own = cell;
            }
        }
        Some(Self { person: child.person, cells })
    }
}

impl<'c> Latest<'c> {
    fn of(rule: &PreProceedingsRule, child: &'c Child) -> Self {
        let mut events: Vec<&Event> = child.events.iter().filter(|event| is_of(event, &rule.events)).collect();
        events.sort_by_key(|event| (event.on, event.until));
        let last_begun = child.turned.iter().filter(|one| one.turn == Turn::Begins).map(|one| one.sitting).max();
        // What was decided when the last on the record had ended is not on the record yet.
        let is_over = |event: &&&Event| event.until.zip(last_begun).is_some_and(|(until, begun)| begun > until);
        let is_new = events.last().as_ref().is_some_and(is_over);
        let event = if is_new { None } else { events.pop() };
        let before = events.last().map(|event| event.until.unwrap_or(event.on));
        let ended = child.turned.iter().filter(|one| one.turn != Turn::Begins);
        let ended = ended.map(|one| one.sitting).filter(|day| last_begun.is_some_and(|begun| begun > *day)).max();
        let after = before.max(ended);
        let begun = child.turned.iter().filter(|one| one.turn == Turn::Begins);
        let began = begun.filter(|one| after.is_none_or(|after| one.sitting > after)).min_by_key(|one| one.sitting);
        Self { began, event, after, earlier: events.len() }
    }

    fn start(&self) -> Option<Date> {
        self.began.map(|began| began.sitting).into_iter().chain(self.event.map(|event| event.on)).min()
    }
}

fn is_of(event: &Event, kinds: &[String]) -> bool {
    kinds.iter().any(|kind| **kind == *event.kind)
}

/// The day of the first letter since another day.
fn letter(child: &Child, kinds: &[String], since: Date) -> Option<Date> {
    let own = child
        .documents
        .iter()
        .filter(|document| document.kind.as_ref().is_some_and(|kind| kinds.iter().any(|one| one == kind.as_str())));
    own.filter_map(|document| document.dated).filter(|dated| *dated >= since).min()
}

/// As the return asks for it.
const fn in_words(turn: Turn) -> &'static str {
    match turn {
        Turn::Issues => "Decision to Issue Care Proceedings",
        Turn::StepsDown => "Decision to step down",
        Turn::Begins => "",
    }
}

/// A day as the return asks for it: `03/12/2026`.
fn day(day: Option<Date>) -> String {
    day.map(|day| day.strftime("%d/%m/%Y").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::DocumentKind;

    fn rule() -> PreProceedingsRule {
        let list = |kind: &str| vec![kind.to_owned()];
        PreProceedingsRule {
            events: list("plo"),
            first_meeting: list("meeting"),
            reviews: list("review"),
            proceedings: list("court"),
            hearings: list("hearing"),
            letter: list("letter"),
            ..PreProceedingsRule::default()
        }
    }

    fn located() -> serde_json::Value {
        serde_json::json!({ "file": "e.csv", "place": { "line": 2 } })
    }

    fn child(turned: &[(Date, Turn)], events: &[(&str, Date, Option<Date>)], letters: &[Date]) -> Child {
        let (authority, person) = (AuthorityName::new("a"), "100001".parse().unwrap());
        let source = || serde_json::from_value(located()).unwrap();
        Child {
            turned: turned
                .iter()
                .map(|(sitting, turn)| Turned {
                    sitting: *sitting,
                    turn: *turn,
                    submission: SubmissionId::new("a-1"),
                    is_of_several: true,
                })
                .collect(),
            events: events
                .iter()
                .map(|(kind, on, until)| Event {
                    authority: authority.clone(),
                    person,
                    event_id: None,
                    kind: (*kind).into(),
                    on: *on,
                    at: None,
                    until: *until,
                    details: Default::default(),
                    source: source(),
                })
                .collect(),
            documents: letters
                .iter()
                .map(|dated| Document {
                    authority: authority.clone(),
                    person,
                    document_id: None,
                    kind: Some(DocumentKind::new("letter")),
                    title: crate::domain::Private::from("Letter"),
                    dated: Some(*dated),
                    pages: None,
                    source: source(),
                    reading: None,
                })
                .collect(),
            authority,
            person,
        }
    }

    fn told(child: &Child) -> Vec<(&'static str, String)> {
        let row = PreProceedingsRow::of(&rule(), child).unwrap();
        COLUMNS.into_iter().zip(row.cells).filter(|(_, cell)| !cell.is_empty()).skip(2).collect()
    }

    #[test]
    fn what_was_decided_and_held_is_told_and_nothing_else() {
        let own = child(
            &[(date(2026, 9, 3), Turn::Begins), (date(2026, 12, 3), Turn::Issues)],
            &[
                ("plo", date(2026, 9, 10), None),
                ("meeting", date(2026, 9, 17), None),
                ("review", date(2026, 10, 22), None),
                ("review", date(2026, 11, 26), None),
                ("court", date(2026, 12, 10), None),
                ("hearing", date(2026, 12, 14), None),
                ("hearing", date(2020, 1, 1), None),
            ],
            &[date(2026, 8, 1), date(2026, 9, 8)],
        );
        let wanted = [
            ("prep_plo_family_id", "a-1"),
            ("prep_pre_pro_decision_date", "03/09/2026"),
            ("prep_initial_pre_pro_meeting_date", "17/09/2026"),
            ("prep_pre_pro_outcome", "Decision to Issue Care Proceedings"),
            ("prep_agree_stepdown_issue_date", "03/12/2026"),
            ("prep_legal_gateway_outcome", "Start pre-proceedings"),
            ("prep_prev_pre_proc_child", "0"),
            ("prep_prev_care_proc_child", "0"),
            ("prep_pre_pro_letter_date", "08/09/2026"),
            ("prep_pre_pro_meetings_num", "2"),
            ("prep_care_proc_court_hearings", "1"),
        ];
        assert_eq!(told(&own), wanted.map(|(column, cell)| (column, cell.to_owned())));
    }

    #[test]
    fn the_latest_of_several_is_told_and_the_others_are_counted() {
        let before =
            [("plo", date(2024, 1, 8), Some(date(2024, 6, 3))), ("court", date(2024, 6, 10), Some(date(2025, 1, 6)))];
        let decided = [
            (date(2024, 1, 4), Turn::Begins),
            (date(2024, 5, 30), Turn::Issues),
            (date(2026, 9, 3), Turn::Begins),
            (date(2026, 10, 1), Turn::Begins),
        ];
        // Decided, and not on the record yet.
        let own = child(&decided, &before, &[]);
        let row = PreProceedingsRow::of(&rule(), &own).unwrap();
        let is = |column: &str, cell: &str| {
            let at = COLUMNS.iter().position(|one| *one == column).unwrap();
            assert_eq!(row.cells[at], cell, "{column}");
        };
        is("prep_table_id", "a-100001-2026-09-03");
        is("prep_pre_pro_decision_date", "03/09/2026");
        is("prep_pre_pro_outcome", "");
        is("prep_prev_pre_proc_child", "1");
        is("prep_prev_care_proc_child", "1");
        is("prep_pre_pro_meetings_num", "");
        // On the record only: when it was decided is not known.
        let own = child(&[], &[("plo", date(2026, 9, 10), None), ("court", date(2026, 12, 10), None)], &[]);
        let wanted = [
            ("prep_pre_pro_outcome", "Decision to Issue Care Proceedings"),
            ("prep_prev_pre_proc_child", "0"),
            ("prep_prev_care_proc_child", "0"),
            ("prep_care_proc_court_hearings", "0"),
        ];
        assert_eq!(told(&own), wanted.map(|(column, cell)| (column, cell.to_owned())));
        // Ended, and stepped down.
        let own = child(&[(date(2026, 9, 3), Turn::Begins), (date(2026, 11, 5), Turn::StepsDown)], &[], &[]);
        assert!(told(&own).contains(&("prep_pre_pro_outcome", "Decision to step down".to_owned())));
        assert!(told(&own).contains(&("prep_agree_stepdown_issue_date", "05/11/2026".to_owned())));
        assert_eq!(PreProceedingsRow::of(&rule(), &child(&[(date(2026, 9, 3), Turn::Issues)], &[], &[])), None);
    }
}
