//! What the room promises of a page that was filled in: the checks of the workbook, and nobody overtaken unseen.

use std::collections::BTreeMap;

use rust_xlsxwriter::Workbook;

use super::proofs::{SITTING, form, held_against, lines, outcome, panel, requests};
use super::{FilledIn, Loaded, Page, PageRow, RecordedBy, RequestKnown};
use crate::domain::{Decision, Outcome, OutcomeState, SubmissionId};
use crate::panel::OutcomeFieldKind;

/// A row as a browser sends it.
#[derive(Clone)]
struct Row {
    submission: SubmissionId,
    person: &'static str,
    seen: u32,
    decision: Option<String>,
    fields: BTreeMap<String, String>,
}

fn row(submission: &str, person: &'static str, decision: &str, fields: &[(&str, &str)]) -> Row {
    Row {
        submission: SubmissionId::new(submission),
        person,
        seen: 0,
        decision: Some(decision.to_owned()).filter(|decision| !decision.is_empty()),
        fields: fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    }
}

fn good() -> Row {
    let fields = [("next", "A referral"), ("by", "09/12/2026"), ("kind", "support"), ("conference", "yes")];
    row("a-1", "100001", "agreed", &fields)
}

/// The good row with one field changed.
fn with(name: &str, text: &str) -> Row {
    let mut row = good();
    row.fields.insert(name.to_owned(), text.to_owned());
    row
}

fn filled(rows: &[Row]) -> FilledIn {
    let form = form();
    let rows: Vec<PageRow<'_>> = rows
        .iter()
        .map(|row| PageRow {
            submission: &row.submission,
            person: row.person,
            seen_revision: row.seen,
            decision: row.decision.as_deref(),
            fields: &row.fields,
        })
        .collect();
    FilledIn::of_rows(Page { panel: &panel(), sitting: SITTING, form: &form }, &rows)
}

fn saved(rows: &[Row]) -> Loaded {
    held_against(&filled(rows), &requests())
}

/// The same rows in a workbook that a person made, with the titles that its lists show.
fn in_a_workbook(rows: &[Row]) -> Loaded {
    let form = form();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let headings = ["Submission", "Person", "Sitting", "Decision"].into_iter();
    for (column, heading) in (0_u16..).zip(headings.chain(form.fields.iter().map(|field| field.title.as_str()))) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for (number, row) in (1_u32..).zip(rows) {
        let title = |choices: &[crate::panel::Choice], name: &str| {
            choices.iter().find(|choice| choice.name == name).map_or(name.to_owned(), |choice| choice.title.clone())
        };
        let decision = title(&form.decisions, row.decision.as_deref().unwrap_or_default());
        let mut cells = vec![row.submission.to_string(), row.person.to_owned(), SITTING.to_string(), decision];
        for field in &form.fields {
            let text = row.fields.get(&field.name).cloned().unwrap_or_default();
            cells.push(match &field.kind {
                OutcomeFieldKind::Choice(choices) => title(choices, &text),
                _ => text,
            });
        }
        for (column, cell) in (0_u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(number, column, cell).unwrap();
        }
    }
    held_against(&FilledIn::open(&workbook.save_to_buffer().unwrap()), &requests())
}

/// What was read, without the places.
fn read(loaded: &Loaded) -> Vec<(String, String, Decision)> {
    let outcomes = loaded.outcomes.iter();
    outcomes
        .map(|one| {
            (one.submission.to_string(), format!("{} {} {}", one.person, one.panel, one.sitting), one.decision.clone())
        })
        .collect()
}

fn messages(loaded: &Loaded) -> Vec<String> {
    loaded.troubles.iter().map(|trouble| trouble.message.clone()).collect()
}

#[test]
fn every_wrong_field_is_named_and_its_request_is_left_out() {
    let place = "a-1, person 100001,";
    let rows = [
        (with("next", " \r\n\t"), format!("{place} Needs to Happen: “Needs to Happen” is empty, and this decision needs it")),
        (with("by", "12/31/2026"), format!("{place} By: what stands under “By” cannot be read")),
        (with("kind", "Suport"), format!("{place} Kind: what stands under “Kind” cannot be read")),
        (with("conference", "perhaps"), format!("{place} Family conference: what stands under “Family conference” cannot be read")),
        (with("no-such-field", "x"), format!("{place} Decision: something is filled in that this panel does not record")),
        (Row { decision: None, ..good() }, format!("{place} Decision: something is filled in, and no decision is chosen")),
        (Row { decision: Some("x".into()), ..good() }, format!("{place} Decision: there is no such decision")),
        (with("next", &"x".repeat(32_767)), format!("{place} Needs to Happen: what stands under “Needs to Happen” is too long: at most 32766 characters")),
        (Row { submission: SubmissionId::new("a-9"), ..good() }, "a-9, person 100001, Decision: the request a-9 is not on the list of this sitting".to_owned()),
        (Row { person: "100003", ..good() }, "a-1, person 100003, Decision: the request a-1 is not about person 100003".to_owned()),
        (Row { person: "1e5", ..good() }, "a-1, person 1e5, Decision: the person id cannot be read: the id is in scientific notation, so its last digits are lost".to_owned()),
        (Row { seen: 3, ..good() }, format!("{place} Decision: the page showed revision 3, and nothing is recorded")),
    ];
    for (row, wanted) in rows {
        let loaded = saved(&[row]);
        assert!(loaded.outcomes.is_empty(), "{wanted}");
        assert_eq!(lines(&loaded.troubles), [wanted]);
        let help = &loaded.troubles[0].help;
        assert!(!help.is_empty() && !help.contains("workbook") && !help.contains("cell"), "{help}");
        assert_eq!(loaded.troubles[0].field().unwrap().0, 0);
    }
    assert_eq!(saved(&[with("no-such-field", " ")]).outcomes.len(), 1, "what is empty is lost by nobody");
    let all = saved(&[row("a-1", "100001", "agreed", &[("by", "soon"), ("kind", "x"), ("conference", "x")])]);
    let fields: Vec<_> = all.troubles.iter().map(|trouble| trouble.field().unwrap()).collect();
    assert_eq!(fields, [(0, "next"), (0, "by"), (0, "kind"), (0, "conference")]);
}

#[test]
fn a_request_is_taken_with_all_of_its_children_or_not_at_all() {
    let (one, other) = (row("a-2", "100002", "not-agreed", &[]), row("a-2", "100003", "not-agreed", &[("by", "soon")]));
    let wrong = saved(&[one.clone(), other, good()]);
    assert_eq!(wrong.outcomes.len(), 1, "the other request is taken");
    assert_eq!(
        lines(&wrong.troubles),
        [
            "a-2, person 100002, Decision: this is right, and is held back because of a-2, person 100003, By: a request is taken as a whole",
            "a-2, person 100003, By: what stands under “By” cannot be read",
        ]
    );
    assert_eq!(wrong.troubles[0].help, "correct a-2, person 100003, By and save again");
    let left_out = "the request is about person 100003 as well, and nothing is decided for that child";
    for rows in [vec![one.clone()], vec![one.clone(), row("a-2", "100003", "", &[])]] {
        let loaded = saved(&rows);
        assert!(loaded.outcomes.is_empty());
        assert!(messages(&loaded).contains(&left_out.to_owned()), "{:?}", loaded.troubles);
    }
    let twice = saved(&[good(), with("next", "Another")]);
    assert!(twice.outcomes.is_empty());
    assert!(messages(&twice).contains(&"the request and the child stand on the page twice".to_owned()));
}

#[test]
fn nobody_is_overtaken_unseen() {
    let mut known = requests();
    let request: &mut RequestKnown = known.get_mut(&SubmissionId::new("a-1")).unwrap();
    request.outcomes = vec![outcome(1, "first"), outcome(2, "second")];
    let by = RecordedBy { actor: "administrator:sam".into(), at: "Wednesday 2 December 2026, 10:42".into() };
    request.recorded_by.insert((outcome(2, "").person, SITTING, 2), by);
    let save = |seen: u32, fields: &[(&str, &str)]| {
        held_against(&filled(&[Row { seen, ..row("a-1", "100001", "agreed", fields) }]), &known)
    };
    let said = "a-1, person 100001, Decision: administrator:sam recorded revision 2 on Wednesday 2 December 2026, \
                10:42, after this page was shown";
    for seen in [0, 1, 3] {
        let overtaken = save(seen, &[("next", "third")]);
        assert!(overtaken.outcomes.is_empty());
        assert_eq!(lines(&overtaken.troubles), [said], "revision {seen} was seen");
    }
    let wrong_besides = save(1, &[("next", "third"), ("by", "soon")]);
    assert_eq!(messages(&wrong_besides).len(), 2, "both are said at once: {:?}", wrong_besides.troubles);
    assert_eq!(save(2, &[("next", "third")]).outcomes.len(), 1);
    assert_eq!(save(2, &[("next", "first")]).outcomes.len(), 1, "whoever has seen the latest may go back");
    assert_eq!(save(1, &[("next", "second")]).outcomes.len(), 1, "to save the same twice is to save it once");
    let undecided = save(1, &[]);
    assert_eq!(messages(&undecided).len(), 2, "a decision without what it needs");
    let emptied = held_against(&filled(&[row("a-1", "100001", "", &[])]), &known);
    assert_eq!((emptied.undecided, emptied.outcomes.len(), emptied.troubles.len()), (1, 0, 0));
    assert!(emptied.warnings[0].message.starts_with("nothing is filled in, and revision 2"), "{:?}", emptied.warnings);
}

#[test]
fn a_field_of_old_stays_and_one_that_is_not_sent_is_empty() {
    let mut recorded = outcome(1, "first");
    let more = [("by", "2026-12-09"), ("of-old", "a field that is no more")];
    recorded.decision.fields.extend(more.map(|(name, text)| (name.to_owned(), text.into())));
    let mut known = requests();
    known.get_mut(&SubmissionId::new("a-1")).unwrap().outcomes =
        vec![Outcome { state: OutcomeState::Approved, ..recorded }];
    let saved =
        held_against(&filled(&[Row { seen: 1, ..row("a-1", "100001", "agreed", &[("next", "x\r\ny ")]) }]), &known);
    let fields: Vec<String> =
        saved.outcomes[0].decision.fields.iter().map(|(name, text)| format!("{name}={}", text.expose())).collect();
    assert_eq!(fields, ["next=x\ny", "of-old=a field that is no more"]);
}

#[test]
fn more_than_a_sitting_needs_is_not_read() {
    let many = vec![row("a-1", "100001", "", &[]); 40_000];
    let loaded = saved(&many);
    assert_eq!(messages(&loaded), ["more than 200000 fields are filled in, which no sitting needs"]);
}

#[test]
fn a_page_and_a_workbook_with_the_same_in_them_are_read_alike() {
    for row in [
        good(),
        with("by", "46365"),
        with("by", " 9th December 2026\r\n"),
        with("conference", " TRUE "),
        with("kind", "care"),
        with("next", "=SUM(A1)\r\n+44 \u{202e}x\u{a0}y"),
        with("by", "09/12/26"),
        with("next", ""),
        row("a-3", "100004", "", &[]),
        row("a-3", "100004", "Not  AGREED", &[]),
    ] {
        let (page, workbook) = (saved(std::slice::from_ref(&row)), in_a_workbook(&[row]));
        assert_eq!(read(&page), read(&workbook));
        assert_eq!((messages(&page), page.undecided), (messages(&workbook), workbook.undecided));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    /// Whatever is filled in, a page and a workbook come to the same outcome, or to the same troubles.
    #[test]
    fn any_row_is_read_alike(
        decision in "agreed|not-agreed|Agreed|nonsense|",
        next in "[ =+@\\-\\r\\n\\t\\PC]{0,40}",
        by in "|09/12/2026|2026-12-09|9 Dec 2026|2026-02-31|46365|[ -~]{1,12}",
        kind in "|care|support|Support|care, and how long|other",
        conference in "|yes|No|y|TRUE|perhaps",
    ) {
        let fields = [("next", &next), ("by", &by), ("kind", &kind), ("conference", &conference)];
        let row = row("a-1", "100001", &decision, &fields.map(|(name, text)| (name, text.as_str())));
        let (page, workbook) = (saved(std::slice::from_ref(&row)), in_a_workbook(&[row]));
        proptest::prop_assert_eq!(read(&page), read(&workbook));
        proptest::prop_assert_eq!(messages(&page), messages(&workbook));
        proptest::prop_assert_eq!(page.undecided, workbook.undecided);
    }
}
