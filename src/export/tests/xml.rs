//! The `xml` layout.

use super::*;

fn step(id: u32, inner: &str) -> String {
    format!("<WorkflowStep workflowStepId=\"{id}\"><Form formId=\"{id}\">{inner}</Form></WorkflowStep>\n")
}

/// An answer to the question `a`.
fn answer(text: &str) -> String {
    format!("<Answer questionUserCode=\"a\">{text}</Answer>")
}

/// An export with something between two good submissions, on line 3.
fn between(middle: &str) -> Vec<u8> {
    format!("<MosaicForms>\n{}{middle}{}</MosaicForms>", step(1, &answer("x")), step(3, &answer("x"))).into_bytes()
}

const NEIGHBOURS: &[&str] = &["1 [] a=x", "3 [] a=x"];

#[test]
fn a_bad_submission_does_not_stop_the_xml_behind_it() {
    let deep = format!("{}{}", "<x>".repeat(100), "</x>".repeat(100));
    let cases = [
        ("an entity", answer("&x;"), "xml-forbidden", "/Form/Answer"),
        ("an entity in an attribute", "<Answer questionUserCode=\"&x;\"/>".to_owned(), "xml-forbidden", "/Form/Answer"),
        ("a processing instruction", "<?php x?>".to_owned(), "xml-forbidden", "/Form"),
        ("too long", answer(&"y".repeat(limit::CELL_BYTES_MAX + 1)), "too-large", "/Form"),
        ("too many", answer("x").repeat(limit::ANSWERS_MAX + 1), "too-large", "/Form"),
        ("too deep", deep, "too-large", &format!("/Form{}", "/x".repeat(62))),
        ("an answer to nothing", "<Answer>x</Answer>".to_owned(), "value-unreadable", "/Form/Answer"),
        ("a lone ampersand", answer("x & y"), "xml-broken", "/Form/Answer"),
        ("an element never closed", "<Answer questionUserCode=\"a\">x".to_owned(), "xml-broken", "/Form/Answer"),
        (
            "an element closed as another",
            "<Answer questionUserCode=\"a\">x</Answr>".to_owned(),
            "xml-broken",
            "/Form/Answer",
        ),
        (
            "an attribute without quotes",
            "<Answer questionUserCode=a>x</Answer>".to_owned(),
            "xml-broken",
            "/Form/Answer",
        ),
    ];
    for (what, inner, reason, path) in &cases {
        let trouble = format!("{reason} at line 3, WorkflowStep{path}");
        check(vec![Bad { what, bytes: between(&step(2, inner)), trouble: &[&trouble], records: NEIGHBOURS }]);
    }
    let unclosed = "<WorkflowStep workflowStepId=\"2\"><Form formId=\"2\">\n";
    let disagrees = "<WorkflowStep stepStatus=\"STARTED\"><StepStatus>COMPLETED</StepStatus></WorkflowStep>";
    check(vec![
        Bad {
            what: "a step never closed",
            bytes: between(unclosed),
            trouble: &["xml-broken at line 4, WorkflowStep/Form/WorkflowStep"],
            records: NEIGHBOURS,
        },
        Bad {
            what: "two statuses",
            bytes: between(disagrees),
            trouble: &["records-disagree at line 3, WorkflowStep"],
            records: NEIGHBOURS,
        },
    ]);
}

#[test]
fn broken_bytes_cost_the_submission_they_stand_in() {
    let cases = [
        ("<WorkflowStep id=\"@\" title=\"éé\"></WorkflowStep>".to_owned(), ""),
        (step(2, &answer("é€é€@")), "/Form"),
        (step(2, "<Answer questionUserCode=\"éé@\"/>"), "/Form"),
    ];
    for (text, path) in cases {
        let bytes = between(&text).into_iter().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
        let trouble = format!("encoding-broken at line 3, WorkflowStep{path}");
        check(vec![Bad { what: &text, bytes, trouble: &[&trouble], records: NEIGHBOURS }]);
    }
}

#[test]
fn a_large_export_is_cut_into_pieces_that_nobody_notices() {
    let count = 20_000;
    let inner = |id: u32| match id % 3 {
        0 => answer("<![CDATA[</Form></WorkflowStep>\n<WorkflowStep>]]>"),
        1 => format!("<!-- </WorkflowStep> -->{}", answer("é\nz")),
        _ => answer("x"),
    };
    let mut text = "<MosaicForms>\n".to_owned();
    (0..count).for_each(|id| text.push_str(&step(id, &inner(id))));
    text.push_str("</MosaicForms>");
    let dir = TempDir::new().unwrap();
    let path = file(&dir, "a.xml", &text);
    let places: Vec<String> = places(&path).into_iter().filter(|place| place.ends_with("/Form")).collect();
    let mut line = 2;
    for (id, place) in (0..count).zip(&places) {
        assert_eq!(*place, format!("line {line}, WorkflowStep/Form"), "{id}");
        line += 1 + inner(id).matches('\n').count();
    }
    assert_eq!(forms_of(&path, &Headings::default()).records.len(), places.len());
    // The same with three submissions spoilt, one in each way, far from each other.
    let spoilt = text
        .replace(&step(5_000, &answer("x")), &step(5_000, "<Answer>"))
        .replace(&step(11_000, &answer("x")), &step(11_000, &answer("@")))
        .replace(&step(17_000, &answer("x")), &step(17_000, &answer("&x;")));
    let bytes: Vec<u8> = spoilt.bytes().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
    let outcome = forms("a.xml", bytes);
    let reasons: Vec<&str> = outcome.troubles.iter().filter_map(|trouble| trouble.split(' ').next()).collect();
    assert_eq!(reasons, ["xml-broken", "encoding-broken", "xml-forbidden"]);
    assert_eq!(outcome.records.len(), places.len() - 3);
    assert!(outcome.records.iter().any(|record| record.starts_with("5001 ")));
    let cut = forms("a.xml", &text.as_bytes()[..text.len() - 20]);
    assert_eq!((cut.records.len(), cut.troubles.len()), (places.len() - 1, 1), "{:?}", cut.troubles);
}

#[test]
fn a_submission_too_large_to_be_held_costs_itself() {
    let huge = step(2, &answer(&"y".repeat(limit::RECORD_BYTES_MAX + (4 << 20))));
    check(vec![Bad { what: "huge", bytes: between(&huge), trouble: &["too-large at line 3"], records: NEIGHBOURS }]);
}

#[test]
fn cut_xml_yields_what_came_before_and_says_where_it_ends() {
    let whole = format!(
        "<MosaicForms>\n{}",
        "<WorkflowStep id=\"1\">\n<Form id=\"7\"><Answer code=\"a\">x</Answer></Form>\n</WorkflowStep>\n".repeat(3)
    );
    let records: &[&str] = &["7 [] a=x", "7 [] a=x"];
    let cut = |what, until: &str, trouble| {
        let at = whole.rfind(until).unwrap() + until.len();
        Bad { what, bytes: whole.as_bytes()[..at].to_vec(), trouble, records }
    };
    check(vec![
        cut("in an answer", "<Answer code=\"a\">x", &["file-truncated at line 9, WorkflowStep/Form"]),
        cut("in a tag", "<Answer code", &["file-truncated at line 9, WorkflowStep/Form"]),
        cut("between forms", "</Form>", &["file-truncated at line 8, WorkflowStep"]),
    ]);
    let outcome = forms("a.xml", &whole);
    assert_eq!(
        (outcome.records.len(), outcome.troubles.as_slice()),
        (3, ["file-truncated at line 11".to_owned()].as_slice())
    );
}

#[test]
fn unknown_elements_are_passed_over_and_named() {
    let xml = XML.replace("<Context>", "<Colour>blue</Colour><Context>");
    let outcome = forms("a.xml", xml);
    assert_eq!(outcome.records, XML_RECORDS);
    assert_eq!(
        outcome.remarks.elements_unknown,
        BTreeMap::from([("WorkflowStep/Form/TemplateMetaData/Colour".to_owned(), 1)])
    );
}

#[test]
fn the_head_of_an_xml_submission_is_read() {
    let dir = TempDir::new().unwrap();
    let (parts, _) = parts(&file(&dir, "a.xml", XML));
    let record = parts[0].forms(&Headings::default(), dir.path()).unwrap().next().unwrap().unwrap();
    let heads: Vec<(Column, &str)> =
        Column::ALL.iter().flat_map(|column| record.heads(*column).map(move |value| (*column, value))).collect();
    assert_eq!(
        heads,
        [
            (Column::WorkflowStepId, "900001"),
            (Column::StepStatus, "COMPLETED"),
            (Column::StartedOn, "2026-11-02T09:14:00"),
            (Column::PersonId, "123456"),
            (Column::FormId, "700001"),
            (Column::TemplateId, "2401"),
            (Column::TemplateUserCode, "tpl"),
            (Column::Version, "3"),
            (Column::Title, "A form"),
        ]
    );
    let said = record.answers().find(|answer| answer.code == "said").unwrap();
    assert_eq!((said.wording, said.datatype), (Some("What was said"), None));
    let cost = record.answers().find(|answer| answer.code == "cost").unwrap();
    assert_eq!((cost.collection, cost.row), (Some("31"), Some("88001")));
}
