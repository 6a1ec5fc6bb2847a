//! What the room promises of a workbook that comes in, proved on small ones.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use jiff::civil::{Date, date};
use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};

use super::{
    CellTrouble, FilledIn, Known, Loaded, PersonKnown, RequestKnown, RequestLine, Sheet, SittingKnown, row_key, write,
};
use crate::domain::{AuthorityName, Decision, Outcome, OutcomeState, PanelName, Private, SubmissionId};
use crate::panel::{Choice, OutcomeField, OutcomeFieldKind, OutcomeForm};

pub(super) const SITTING: Date = date(2026, 12, 2);

/// Two decisions and a field of each kind.
pub(super) fn form() -> OutcomeForm {
    let choice = |name: &str, title: &str| Choice { name: name.into(), title: title.into() };
    let field = |name: &str, title: &str, kind, needed: &[&str]| OutcomeField {
        name: name.into(),
        title: title.into(),
        help: "Help".into(),
        comes_back: kind == OutcomeFieldKind::Date,
        kind,
        required_with: needed.iter().map(ToString::to_string).collect(),
        policy: "section 7".into(),
    };
    let recommended = vec![choice("care", "Care, and how long"), choice("support", "Support")];
    OutcomeForm {
        decisions: vec![choice("agreed", "Agreed"), choice("not-agreed", "Not agreed")],
        fields: vec![
            field("next", "Needs to Happen", OutcomeFieldKind::Text, &["agreed"]),
            field("by", "By", OutcomeFieldKind::Date, &[]),
            field("kind", "Kind", OutcomeFieldKind::Choice(recommended), &[]),
            field("conference", "Family conference", OutcomeFieldKind::YesNo, &[]),
        ],
        ..OutcomeForm::default()
    }
}

/// What is recorded of the request `a-1` for its first child.
pub(super) fn outcome(revision: u32, next: &str) -> Outcome {
    Outcome {
        submission: SubmissionId::new("a-1"),
        person: "100001".parse().unwrap(),
        panel: panel(),
        sitting: SITTING,
        revision,
        decision: Decision {
            decision: "agreed".into(),
            fields: BTreeMap::from([("next".to_owned(), Private::from(next))]),
        },
        state: OutcomeState::Loaded,
    }
}

pub(super) fn panel() -> PanelName {
    PanelName::of(&AuthorityName::new("a"), "p")
}

fn request(people: &[(&str, &str)]) -> RequestKnown {
    let people = people.iter().map(|(person, initials)| PersonKnown {
        person: person.parse().unwrap(),
        initials: Some(Private::from(*initials)).filter(|initials| !initials.expose().is_empty()),
    });
    RequestKnown { people: people.collect(), panel: Some(panel()), outcomes: Vec::new(), recorded_by: BTreeMap::new() }
}

/// `a-1` about one child, `a-2` about a brother and a sister, `a-3` about a child whose initials nobody knows.
pub(super) fn requests() -> BTreeMap<SubmissionId, RequestKnown> {
    BTreeMap::from([
        (SubmissionId::new("a-1"), request(&[("100001", "S.C.")])),
        (SubmissionId::new("a-2"), request(&[("100002", "AB"), ("100003", "CB")])),
        (SubmissionId::new("a-3"), request(&[("100004", "")])),
    ])
}

fn checked(bytes: &[u8], requests: &BTreeMap<SubmissionId, RequestKnown>) -> Loaded {
    held_against(&FilledIn::open(bytes), requests)
}

/// Checks what was filled in against those requests and the one panel.
pub(super) fn held_against(filled_in: &FilledIn, requests: &BTreeMap<SubmissionId, RequestKnown>) -> Loaded {
    let form = form();
    let forms = BTreeMap::from([(panel(), &form)]);
    let sitting = |_: &PanelName, day: Date| match day.day() {
        2 => SittingKnown::Held,
        9 => SittingKnown::Ahead,
        25 => SittingKnown::No(Some("Christmas Day".to_owned())),
        _ => SittingKnown::No(None),
    };
    filled_in.check(&Known { requests, forms: &forms, sitting: &sitting })
}

const HEADINGS: [&str; 8] =
    ["Submission", "Person", "Sitting", "Decision", "Needs to happen", "BY", "Kind", "Family conference"];
type Row = [&'static str; 8];
const GOOD: Row = ["a-1", "100001", "02/12/2026", "agreed", "A referral", "09/12/2026", "support", "yes"];

/// The good row with one cell changed.
fn with(column: usize, cell: &'static str) -> Row {
    let mut row = GOOD;
    row[column] = cell;
    row
}

/// A sheet as a person makes one, changed by `more`.
fn sheet(rows: &[Row], more: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0_u32..).zip(std::iter::once(&HEADINGS).chain(rows)) {
        for (column, cell) in (0_u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    more(sheet);
    workbook.save_to_buffer().unwrap()
}

fn loaded(rows: &[Row]) -> Loaded {
    checked(&sheet(rows, |_| {}), &requests())
}

fn changed(rows: &[Row], more: impl FnOnce(&mut Worksheet)) -> Loaded {
    checked(&sheet(rows, more), &requests())
}

/// Each trouble as a line.
pub(super) fn lines(troubles: &[CellTrouble]) -> Vec<String> {
    troubles.iter().map(|trouble| format!("{}: {}", trouble.place, trouble.message)).collect()
}

/// The workbook that tessera makes for its three requests.
fn made(recorded: Option<Outcome>) -> Vec<u8> {
    let (form, panel) = (form(), panel());
    let line = |submission: &str, person: &str, initials: &str| RequestLine {
        submission: SubmissionId::new(submission),
        person: person.parse().unwrap(),
        initials: Some(Private::from(initials)),
        recorded: recorded.clone().filter(|recorded| recorded.submission.as_str() == submission),
    };
    let requests = vec![
        line("a-1", "100001", "SC"),
        line("a-2", "100002", "AB"),
        line("a-2", "100003", "CB"),
        line("a-3", "100004", ""),
    ];
    write(&Sheet { panel: &panel, panel_title: "The Panel", sitting: SITTING, form: &form, requests }).unwrap()
}

/// A workbook with the text of one of its parts changed.
fn rewritten(bytes: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let own = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if own == name {
            content = change(String::from_utf8(content).unwrap()).into_bytes();
        }
        writer.start_file(own, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The text of a sheet with one of its cells put in the place of another.
fn with_cell(text: &str, name: &str, cell: &str) -> String {
    let (before, own) = text.split_once(&format!("<c r=\"{name}\"")).unwrap();
    let (begins, behind) = own.split_once('>').unwrap();
    let after = if begins.ends_with('/') { behind } else { behind.split_once("</c>").unwrap().1 };
    format!("{before}<c r=\"{name}\" {cell}</c>{after}")
}

#[test]
fn a_row_is_an_outcome_when_every_cell_is_right() {
    let loaded = loaded(&[
        GOOD,
        ["a-2", "100002", "2026-12-02", "Not  Agreed", "", "", "", ""],
        ["a-2", "100003", "2 December 2026", "not agreed", "=SUM(A1)", "", "Care, and how long", "N"],
        ["a-3", "100004", "2026-12-02", "", "", "", "", ""],
    ]);
    assert_eq!((loaded.troubles, loaded.warnings), (vec![], vec![]));
    assert_eq!((loaded.outcomes.len(), loaded.undecided), (3, 1));
    let fields = |at: usize| {
        let fields = loaded.outcomes[at].decision.fields.iter();
        fields.map(|(name, value)| format!("{name}={}", value.expose())).collect::<Vec<_>>()
    };
    assert_eq!(fields(0), ["by=2026-12-09", "conference=yes", "kind=support", "next=A referral"]);
    assert_eq!(fields(2), ["conference=no", "kind=care", "next==SUM(A1)"]);
    assert_eq!(loaded.outcomes[1].decision.decision, "not-agreed");
}

#[test]
fn every_wrong_cell_is_named_and_its_request_is_left_out() {
    let rows = [
        (with(0, "a-9"), "Sheet1!A2: there is no request a-9"),
        (with(0, ""), "Sheet1!A2: “Submission” is empty"),
        (with(1, "100003"), "Sheet1!B2: the request a-1 is not about person 100003"),
        (
            with(1, "1e5"),
            "Sheet1!B2: the person id cannot be read: the id is in scientific notation, so its last digits are lost",
        ),
        (with(2, "soon"), "Sheet1!C2: the sitting is no date"),
        (with(2, ""), "Sheet1!C2: “Sitting” is empty"),
        (with(2, "03/12/2026"), "Sheet1!C2: a/p does not sit on 2026-12-03"),
        (with(2, "25/12/2026"), "Sheet1!C2: a/p does not sit on 2026-12-25: Christmas Day"),
        (with(3, "Agred"), "Sheet1!D2: there is no such decision"),
        (with(3, ""), "Sheet1!D2: something is filled in, and no decision is chosen"),
        (with(4, ""), "Sheet1!E2: “Needs to Happen” is empty, and this decision needs it"),
        (with(5, "12/31/2026"), "Sheet1!F2: what stands under “By” cannot be read"),
        (with(5, "09/12/26"), "Sheet1!F2: what stands under “By” cannot be read"),
        (with(6, "Suport"), "Sheet1!G2: what stands under “Kind” cannot be read"),
        (with(7, "perhaps"), "Sheet1!H2: what stands under “Family conference” cannot be read"),
    ];
    for (row, wanted) in rows {
        let loaded = loaded(&[row]);
        assert!(loaded.outcomes.is_empty(), "{row:?}");
        assert_eq!(lines(&loaded.troubles), [wanted]);
        assert!(!loaded.troubles[0].help.is_empty());
    }
    let all_at_once = loaded(&[["a-1", "100001", "02/12/2026", "no", "", "soon", "x", "x"]]);
    let places: Vec<String> = all_at_once.troubles.iter().map(|trouble| trouble.place.to_string()).collect();
    assert_eq!(places, ["Sheet1!D2", "Sheet1!F2", "Sheet1!G2", "Sheet1!H2"]);
    assert_eq!(loaded(&[with(3, "Agred")]).troubles[0].help, "did you mean “Agreed”?");
}

#[test]
fn formulas_and_their_errors_are_refused_wherever_they_stand() {
    let good = changed(&[GOOD], |_| {});
    assert_eq!(good.outcomes.len(), 1);
    for (column, wanted) in [
        (0, "Sheet1!A2: the cell holds a formula where an id belongs"),
        (3, "Sheet1!D2: the cell holds a formula"),
        (4, "Sheet1!E2: the cell holds a formula"),
        (5, "Sheet1!F2: the cell holds a formula"),
    ] {
        let formula = Formula::new("=A1").set_result(GOOD[usize::from(column)]);
        let loaded = changed(&[GOOD], |sheet| {
            sheet.write_formula(1, column, formula).unwrap();
        });
        assert!(loaded.outcomes.is_empty());
        assert_eq!(lines(&loaded.troubles), [wanted]);
    }
    let broken = rewritten(&sheet(&[GOOD], |_| {}), "xl/worksheets/sheet1.xml", |text| {
        with_cell(&text, "E2", "t=\"e\"><v>#REF!</v>")
    });
    let loaded = checked(&broken, &requests());
    assert_eq!(lines(&loaded.troubles), ["Sheet1!E2: the cell holds an error of a formula"]);
}

#[test]
fn a_day_may_be_a_date_its_number_or_text() {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for write in [
        |sheet: &mut Worksheet, day: &Format| {
            sheet.write_number_with_format(1, 5, 46_365, day).unwrap();
        },
        |sheet: &mut Worksheet, _: &Format| {
            sheet.write_number(1, 5, 46_365).unwrap();
        },
        |sheet: &mut Worksheet, _: &Format| {
            sheet.write_string(1, 5, "46365").unwrap();
        },
        |sheet: &mut Worksheet, _: &Format| {
            sheet.write_string(1, 5, " 9th December 2026\r\n").unwrap();
        },
    ] {
        let loaded = changed(&[GOOD], |sheet| write(sheet, &day));
        assert_eq!(lines(&loaded.troubles), [""; 0]);
        assert_eq!(loaded.outcomes[0].decision.fields["by"].expose(), "2026-12-09");
    }
    let early = loaded(&[with(5, "09/12/2025")]);
    assert_eq!(lines(&early.warnings), ["Sheet1!F2: “By” is not after the sitting"]);
    assert_eq!(early.outcomes.len(), 1);
}

#[test]
fn the_row_of_another_child_is_refused() {
    let good = made(None);
    let decide = |bytes: &[u8], rows: &[u32]| {
        rows.iter().fold(bytes.to_vec(), |bytes, row| {
            rewritten(&bytes, "xl/worksheets/sheet1.xml", |text| {
                with_cell(&text, &format!("H{row}"), "t=\"inlineStr\"><is><t>Not agreed</t></is>")
            })
        })
    };
    let taken = checked(&decide(&good, &[4, 5, 6, 7]), &requests());
    assert_eq!((lines(&taken.troubles), taken.outcomes.len()), (vec![], 4));

    // Submission, person and key of two rows change places; the initials that people see stay.
    let swapped = rewritten(&decide(&good, &[4, 5, 6]), "xl/sharedStrings.xml", |text| {
        let key = |id: &str, person: &str, initials: &str| row_key(id, person, initials, "a/p", "2026-12-02");
        let (one, other) = (key("a-1", "100001", "SC"), key("a-2", "100002", "AB"));
        let swap = |text: String, one: &str, other: &str| {
            text.replace(one, "\u{1}").replace(other, one).replace('\u{1}', other)
        };
        let text = swap(text, "<t>a-1</t>", "<t>a-2</t>");
        let text = swap(text, "<t>100001</t>", "<t>100002</t>");
        swap(text, &one, &other)
    });
    let refused = checked(&swapped, &requests());
    assert!(refused.outcomes.is_empty());
    let wanted = [
        "Outcomes!C4: the initials are not those of person 100002: the row is of two children",
        "Outcomes!C5: the initials are not those of person 100001: the row is of two children",
    ];
    for wanted in wanted {
        assert!(lines(&refused.troubles).contains(&wanted.to_owned()), "{:?}", refused.troubles);
    }

    // Where nobody knows the initials, the key tells.
    let moved =
        rewritten(&decide(&good, &[7]), "xl/sharedStrings.xml", |text| text.replace("2026-12-02", "2026-12-09"));
    let refused = checked(&moved, &requests());
    assert!(refused.outcomes.is_empty());
    assert!(refused.troubles[0].message.contains("were changed after the workbook was made"), "{:?}", refused.troubles);
    let unkeyed = rewritten(&decide(&good, &[4]), "xl/sharedStrings.xml", |text| {
        text.replace(&row_key("a-1", "100001", "SC", "a/p", "2026-12-02"), "")
    });
    let refused = checked(&unkeyed, &requests());
    assert_eq!(lines(&refused.troubles), ["Outcomes!A4: the row was added to the workbook: it has no key"]);
}

#[test]
fn a_workbook_of_another_panel_or_authority_is_told_apart() {
    let foreign = |panel: &str| {
        let headings = |sheet: &mut Worksheet| {
            sheet.write_string(0, 8, "Panel").unwrap();
            sheet.write_string(1, 8, panel).unwrap();
        };
        lines(&changed(&[GOOD], headings).troubles)
    };
    assert_eq!(foreign("a/p"), [""; 0]);
    assert_eq!(foreign("p"), [""; 0]);
    let other = "the workbook is of the panel b/p, which this configuration does not have";
    assert_eq!(foreign("b/p"), [format!("Sheet1!I2: {other}")]);
    let mut requests = requests();
    requests.get_mut(&SubmissionId::new("a-1")).unwrap().panel = Some(PanelName::of(&AuthorityName::new("a"), "q"));
    let headings = |sheet: &mut Worksheet| {
        sheet.write_string(0, 8, "Panel").unwrap();
        sheet.write_string(1, 8, "a/p").unwrap();
    };
    let loaded = checked(&sheet(&[GOOD], headings), &requests);
    assert_eq!(lines(&loaded.troubles), ["Sheet1!I2: the request asks another panel than a/p"]);
}

#[test]
fn a_request_is_taken_with_all_of_its_children_or_not_at_all() {
    let one: Row = ["a-2", "100002", "2026-12-02", "Not agreed", "", "", "", ""];
    let other: Row = ["a-2", "100003", "2026-12-02", "Not agred", "", "", "", ""];
    let wrong = loaded(&[one, other, GOOD]);
    assert_eq!(wrong.outcomes.len(), 1, "the other request is taken");
    assert_eq!(
        lines(&wrong.troubles),
        [
            "Sheet1!D2: this row is right, and is held back because of Sheet1!D3: a request is taken as a whole",
            "Sheet1!D3: there is no such decision",
        ]
    );
    let empty: Row = ["a-2", "100003", "2026-12-02", "", "", "", "", ""];
    let left_out = "the request is about person 100003 as well, and nothing is decided for that child";
    for (rows, place) in [(vec![one, empty], "Sheet1!D3"), (vec![one], "Sheet1!D2")] {
        let loaded = loaded(&rows);
        assert!(loaded.outcomes.is_empty());
        assert!(lines(&loaded.troubles).contains(&format!("{place}: {left_out}")), "{:?}", loaded.troubles);
    }
    // Where the other child was decided on before, one row is enough to correct the first.
    let mut known = requests();
    let decided = Outcome { person: "100003".parse().unwrap(), ..outcome(1, "x") };
    known.get_mut(&SubmissionId::new("a-2")).unwrap().outcomes.push(decided);
    assert_eq!(checked(&sheet(&[one], |_| {}), &known).outcomes.len(), 1);

    let twice = loaded(&[GOOD, with(4, "Something else")]);
    assert!(twice.outcomes.is_empty());
    assert!(lines(&twice.troubles)[1].starts_with("Sheet1!D3: the request stands in the workbook twice"));
}

#[test]
fn a_correction_is_taken_and_an_old_copy_is_not() {
    let known = |outcomes: Vec<Outcome>| {
        let mut requests = requests();
        requests.get_mut(&SubmissionId::new("a-1")).unwrap().outcomes = outcomes;
        requests
    };
    let row: Row = ["a-1", "100001", "02/12/2026", "agreed", "first", "", "", ""];
    let text = |text: &'static str| {
        let mut row = row;
        row[4] = text;
        sheet(&[row], |_| {})
    };
    let one = known(vec![outcome(1, "first")]);
    assert_eq!(checked(&text("first"), &one).outcomes.len(), 1);
    assert_eq!(checked(&text("second"), &one).outcomes.len(), 1);
    let two = known(vec![outcome(1, "first"), outcome(2, "second")]);
    let old = checked(&text("first"), &two);
    assert!(old.outcomes.is_empty());
    assert_eq!(lines(&old.troubles), ["Sheet1!D2: this is what revision 1 said, and revision 2 has taken its place"]);
    // Made after the second revision, a workbook may go back to the first.
    let made_after = sheet(&[row], |sheet| {
        sheet.write_string(0, 8, "Recorded").unwrap();
        sheet.write_string(1, 8, "revision 2, approved").unwrap();
    });
    assert_eq!(checked(&made_after, &two).outcomes.len(), 1);

    let mut rejected = outcome(1, "first");
    rejected.state = OutcomeState::Rejected;
    let same = checked(&text("first"), &known(vec![rejected]));
    assert_eq!(lines(&same.warnings), ["Sheet1!D2: revision 1 says the same, and was turned down"]);
    let empty: Row = ["a-1", "100001", "02/12/2026", "", "", "", "", ""];
    let emptied = checked(&sheet(&[empty], |_| {}), &one);
    assert_eq!((emptied.undecided, emptied.outcomes.len()), (1, 0));
    assert!(emptied.warnings[0].message.contains("revision 1 of its outcome stands"), "{:?}", emptied.warnings);
}

#[test]
fn what_is_recorded_is_read_back_as_it_was() {
    let mut recorded = outcome(1, "+44 is no number\n=and this no formula\n\n-nor this");
    let more = [("by", "2026-12-09"), ("kind", "care"), ("conference", "no"), ("of-old", "a field that is no more")];
    recorded.decision.fields.extend(more.map(|(name, value)| (name.to_owned(), Private::from(value))));
    let mut requests = requests();
    requests.get_mut(&SubmissionId::new("a-1")).unwrap().outcomes = vec![recorded.clone()];
    let loaded = checked(&made(Some(recorded.clone())), &requests);
    assert_eq!((lines(&loaded.troubles), loaded.undecided), (vec![], 3));
    assert_eq!(loaded.outcomes[0].decision, recorded.decision);
}

#[test]
fn headings_are_found_below_a_title_and_slips_in_them_are_said() {
    let renamed = changed(&[GOOD], |sheet| {
        sheet.write_string(0, 4, "Needs to hapen").unwrap();
    });
    assert_eq!(lines(&renamed.troubles), ["Sheet1!E1: there is no column of this name"]);
    assert_eq!(renamed.troubles[0].help, "did you mean “Needs to Happen”?");
    assert!(renamed.outcomes.is_empty(), "nothing is taken from a sheet whose columns are in doubt");

    let required = changed(&[GOOD], |sheet| {
        sheet.write_string(0, 3, "Desicion").unwrap();
    });
    assert_eq!(lines(&required.troubles), ["Sheet1!D1: there is no column “Decision”"]);
    assert_eq!(required.troubles[0].help, "did you mean “Decision”?");

    let doubled = changed(&[GOOD], |sheet| {
        sheet.write_string(0, 8, "decision").unwrap();
    });
    assert_eq!(lines(&doubled.troubles), ["Sheet1!I1: the heading “decision” stands twice"]);

    let missing = changed(&[with(3, "not agreed")], |sheet| {
        sheet.write_string(0, 6, " ").unwrap();
    });
    assert_eq!(missing.outcomes.len(), 1);
    assert_eq!(
        lines(&missing.warnings),
        [
            "Sheet1!A1: there is no column “Kind”: what is recorded of it stays as it is",
            "Sheet1!G1: what stands in this column has no heading, and is not read",
        ]
    );
    let extra = changed(&[GOOD], |sheet| {
        sheet.write_string(0, 9, "Minutes").unwrap();
        sheet.write_string(1, 9, "x").unwrap();
    });
    assert_eq!(lines(&extra.warnings), ["Sheet1!J1: “Minutes” is no column of the panel's outcomes, and is not read"]);
}

#[test]
fn merged_cells_are_refused_and_hidden_rows_are_read_and_said() {
    let rows = [
        ["a-2", "100002", "2026-12-02", "Not agreed", "", "", "", ""],
        ["a-2", "100003", "2026-12-02", "", "", "", "", ""],
        GOOD,
    ];
    let merged = changed(&rows, |sheet| {
        sheet.merge_range(1, 3, 2, 3, "Not agreed", &Format::new()).unwrap();
    });
    assert_eq!(merged.outcomes.len(), 1, "the row that is not merged is taken");
    assert_eq!(
        lines(&merged.troubles),
        ["Sheet1!D2: cells are merged, so that nobody can tell what belongs to which request"]
    );
    let hidden = changed(&[GOOD], |sheet| {
        sheet.set_row_hidden(1).unwrap();
    });
    assert_eq!(hidden.outcomes.len(), 1);
    assert_eq!(lines(&hidden.warnings), ["Sheet1!D2: row 2 is hidden or filtered away, and was read all the same"]);
    let ahead = loaded(&[with(2, "09/12/2026"), ["a-3", "100004", "09/12/2026", "not agreed", "", "", "", ""]]);
    assert_eq!(ahead.outcomes.len(), 2);
    assert_eq!(
        lines(&ahead.warnings),
        ["Sheet1!F2: “By” is not after the sitting", "Sheet1!D2: the sitting on 9 December 2026 is still to come",]
            .map(ToOwned::to_owned)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
}

#[test]
fn text_that_fills_a_cell_may_have_been_cut() {
    let long = |chars: usize| "x".repeat(chars);
    let full = changed(&[GOOD], |sheet| {
        sheet.write_string(1, 4, long(32_767)).unwrap();
    });
    assert!(
        full.troubles[0].message.ends_with("fills the cell, so that its end may be missing"),
        "{:?}",
        full.troubles
    );
    let nearly = changed(&[GOOD], |sheet| {
        sheet.write_string(1, 4, long(32_766)).unwrap();
    });
    assert_eq!(nearly.outcomes.len(), 1);
}

#[test]
fn what_is_no_workbook_is_said() {
    let said = |bytes: &[u8]| lines(&checked(bytes, &requests()).troubles).join("\n");
    assert_eq!(said(b"not a workbook"), "the whole file: the file is no workbook that can be read");
    assert_eq!(said(b""), "the whole file: the file is no workbook that can be read");
    let good = sheet(&[GOOD], |_| {});
    assert_eq!(said(&good[..good.len() / 2]), "the whole file: the workbook is cut off or damaged");
    let mut ole = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    ole.resize(4_096, 0);
    assert_eq!(said(&ole), "the whole file: the file is a workbook of the older kind (.xls)");
    let mut locked = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    locked.create_stream("/EncryptedPackage").unwrap().write_all(&[0; 64]).unwrap();
    locked.flush().unwrap();
    let locked = locked.into_inner().into_inner();
    assert_eq!(said(&locked), "the whole file: the workbook is locked with a password");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("mimetype", stored).unwrap();
    zip.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    let ods = zip.finish().unwrap().into_inner();
    assert_eq!(said(&ods), "the whole file: the file is a workbook of OpenDocument (.ods)");
    let nothing = Workbook::new().save_to_buffer().unwrap();
    assert_eq!(said(&nothing), "the whole file: no sheet has the headings Submission, Person, Sitting and Decision");
    let broken = rewritten(&good, "xl/worksheets/sheet1.xml", |text| text.replace("</sheetData>", "<row r=\"3\"><c"));
    assert!(said(&broken).contains("cannot be read from about here on"), "{}", said(&broken));
}

#[test]
fn a_workbook_that_grows_beyond_all_measure_is_not_opened() {
    let good = sheet(&[GOOD], |_| {});
    let bomb = rewritten(&good, "xl/worksheets/sheet1.xml", |text| {
        text.replace("<sheetData>", &format!("<sheetData>{}", " ".repeat(65 << 20)))
    });
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert!(lines(&checked(&bomb, &requests()).troubles)[0].contains("grows beyond all measure"));
    let claims = rewritten(&good, "xl/sharedStrings.xml", |text| {
        text.replacen("uniqueCount=\"", "uniqueCount=\"99999999999", 1)
    });
    assert!(lines(&checked(&claims, &requests()).troubles)[0].contains("claims more texts than it can hold"));
    let far = rewritten(&good, "xl/worksheets/sheet1.xml", |text| {
        text.replace("</sheetData>", "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>")
    });
    assert_eq!(checked(&far, &requests()).outcomes.len(), 1, "an empty sheet costs nothing, however large");
    let many = rewritten(&good, "xl/worksheets/sheet1.xml", |text| {
        let rows = (3..200_010).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>"));
        text.replace("</sheetData>", &format!("{}</sheetData>", rows.collect::<String>()))
    });
    assert!(lines(&checked(&many, &requests()).troubles)[0].contains("which no sitting needs"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    /// Whatever was recorded stands in the next workbook and is read back as it was.
    #[test]
    fn any_text_goes_out_and_comes_back_unchanged(text in "[ =+@_x0-9A-F\\-\\n\\PC]{1,80}") {
        let Some(text) = super::cell::Cell::Text(text).text() else { return Ok(()) };
        let mut requests = requests();
        requests.get_mut(&SubmissionId::new("a-1")).unwrap().outcomes = vec![outcome(1, &text)];
        let loaded = checked(&made(Some(outcome(1, &text))), &requests);
        proptest::prop_assert_eq!(lines(&loaded.troubles), Vec::<String>::new());
        proptest::prop_assert_eq!(loaded.outcomes[0].decision.fields["next"].expose(), &text);
    }
}

#[test]
fn what_looks_like_an_escape_of_the_file_format_is_text() {
    for text in ["_x0041_", "_x000D_", "_x005F_", "&lt;b&gt;", "a\n\n  b"] {
        let mut requests = requests();
        requests.get_mut(&SubmissionId::new("a-1")).unwrap().outcomes = vec![outcome(1, text)];
        let loaded = checked(&made(Some(outcome(1, text))), &requests);
        assert_eq!(loaded.outcomes[0].decision.fields["next"].expose(), text);
    }
}
