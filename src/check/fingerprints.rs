//! What keeps the fingerprint of a finding, what changes it, and what those were that ledgers of before hold.

use jiff::civil::date;

use super::cases::{CASES, Change, PROFILE, World, answer, checked, complete, document, opened, set, state};
use super::{Detail, Finding, Lapse, Slot, StoredFinding, Subject, from_json, to_json};
use crate::diagnostic::Place;
use crate::domain::{
    AnswerTable, DocumentTrouble, FactSource, FindingSeverity, Reading, SubmissionId, TableRow, Unmapped, Value,
    Verdict, Whose,
};

/// The finding of a code in a changed request.
fn found(code: &str, change: impl FnOnce(&mut World)) -> Finding {
    let mut world = complete();
    change(&mut world);
    let found = checked(&world).findings.into_iter().find(|finding| finding.code().as_str() == code);
    found.unwrap_or_else(|| panic!("no {code}"))
}

/// The same panel, with another label wherever a file of the authority or the panel can give one.
fn relabelled() -> String {
    let labelled = |text: String, table: &str, title: &str| {
        text.replace(&format!("[{table}]\n"), &format!("[{table}]\ntitle = \"{title}\"\n"))
    };
    let mut text = PROFILE.replace("question = \"Is ", "question = \"Reworded: is ");
    for table in [
        "exempt.exempted",
        "routes.urgent",
        "routes.retrospective",
        "elsewhere.legal",
        "thresholds.package",
        "paperwork.chronology",
        "paperwork.assessment",
    ] {
        text = labelled(text, table, "Another label");
    }
    text
}

/// A contradiction needs two sources of a fact: it is no case of one request.
fn contradicted(question: &str, other: FactSource) -> Finding {
    let detail = serde_json::json!({
        "code": "fact-contradicted",
        "detail": { "question": question, "first": FactSource::Answer, "other": other },
    });
    let detail: Detail = serde_json::from_value(detail).unwrap();
    let (subject, policy) = (Subject::Fact("assessed".to_owned()), String::new());
    Finding { severity: FindingSeverity::Warning, subject, detail, policy, source: None }
}

#[test]
fn a_label_changes_sentences_and_no_fingerprint() {
    let mut reworded = Vec::new();
    for (code, _, change) in CASES {
        let before = found(code, change);
        let after = found(code, |world| {
            world.profile = relabelled();
            world.fields.iter_mut().for_each(|field| field.label = "Another label".into());
            change(world);
        });
        assert_eq!(before.fingerprint(), after.fingerprint(), "{code}");
        reworded.extend((before.message() != after.message()).then_some(*code));
    }
    let labelled = [
        "answer-missing",
        "below-threshold",
        "document-missing",
        "document-stale",
        "document-undated",
        "document-too-long",
        "fact-unknown",
        "not-required",
        "outside-sittings",
        "retrospective-due",
        "retrospective-overdue",
        "wrong-panel",
    ];
    assert_eq!(reworded, labelled, "the labels of these stand in their sentences");
    let (before, after) = (contradicted("Is it?", FactSource::Stated), contradicted("Was it?", FactSource::Stated));
    assert!(before.fingerprint() == after.fingerprint() && before.message() != after.message());
}

#[test]
fn what_is_counted_from_the_sitting_changes_no_fingerprint() {
    let stale = |world: &mut World| world.documents[0].dated = Some(date(2026, 8, 1));
    let late = |world: &mut World| world.submission.completed_on = Some(date(2026, 12, 15).at(13, 1, 0, 0));
    let urgent = |world: &mut World| {
        state(world, "retrospective");
        set(world, "decided-on", Value::Date(date(2026, 11, 18)));
    };
    let full = |world: &mut World| {
        let place = if world.sitting == date(2026, 12, 3) { 3 } else { 7 };
        world.slot = Some(Slot { place, of: 2, room_on: None });
    };
    let changes: [(&str, Change); 5] = [
        ("document-stale", stale),
        ("late-submission", late),
        ("retrospective-overdue", urgent),
        ("slot-unavailable", full),
        ("document-missing", |world| world.documents.clear()),
    ];
    for (code, change) in changes {
        let on = |sitting, now| {
            found(code, |world| {
                (world.sitting, world.now) = (sitting, now);
                change(world);
            })
        };
        let before = on(date(2026, 12, 3), "2026-11-27T09:00:00Z");
        let after = on(date(2026, 12, 17), "2026-12-01T09:00:00Z");
        assert_eq!(before.fingerprint(), after.fingerprint(), "{code}");
        let says_otherwise = before.message() != after.message() || before.help() != after.help();
        assert!(says_otherwise || code == "retrospective-overdue", "{code} would prove nothing");
    }
    let cancelled = |day: &str| {
        found("sitting-cancelled", |world| {
            world.profile = PROFILE.replace("2026-12-10", day);
            world.sitting = day.parse().unwrap();
        })
    };
    assert_eq!(cancelled("2026-12-10").fingerprint(), cancelled("2026-12-17").fingerprint());
}

/// Two findings of one code that are not the same one.
const UNLIKE: &[(&str, Change, Change)] = &[
    (
        "document-stale",
        |world| world.documents[0].dated = Some(date(2026, 9, 2)),
        |world| {
            world.documents[0].dated = Some(date(2026, 9, 1));
        },
    ),
    (
        "document-undated",
        |world| (world.documents[0].dated, world.documents[0].document_id) = (None, Some("1".into())),
        |world| {
            (world.documents[0].dated, world.documents[0].document_id) = (None, Some("2".into()));
        },
    ),
    ("document-too-long", |world| world.documents[0].pages = Some(6), |world| world.documents[0].pages = Some(60)),
    (
        "document-missing",
        |world| world.documents.clear(),
        |world| {
            world.stated.clear();
            state(world, "assessed");
        },
    ),
    ("document-empty", |world| world.documents = vec![empty("1")], |world| world.documents = vec![empty("2")]),
    (
        "document-wrong-child",
        |world| world.documents.push(of_person("100002")),
        |world| {
            world.documents.push(of_person("100003"));
        },
    ),
    (
        "answer-missing",
        |world| set(world, "reason", Value::Blank),
        |world| {
            world.fields[0].field = "other".into();
        },
    ),
    (
        "answer-invalid",
        |world| world.submission.answers.push(unread("one")),
        |world| {
            world.submission.answers.push(unread("two"));
        },
    ),
    (
        "answer-invalid",
        |world| world.submission.tables.push(unread_row("1")),
        |world| {
            world.submission.tables.push(unread_row("2"));
        },
    ),
    (
        "unmapped-question",
        |world| world.submission.unmapped.push(unmapped("one")),
        |world| {
            world.submission.unmapped.push(unmapped("two"));
        },
    ),
    (
        "approval-wrong-role",
        |world| set(world, "role", Value::Choice("worker".into())),
        |world| {
            set(world, "role", Value::Choice("clerk".into()));
        },
    ),
    (
        "duplicate-request",
        |world| world.twins.push(SubmissionId::new("a-0")),
        |world| {
            world.twins.push(SubmissionId::new("a-9"));
        },
    ),
    (
        "wrong-panel",
        |world| state(world, "legal"),
        |world| {
            world.profile = PROFILE.replace("elsewhere.legal", "elsewhere.other");
            state(world, "legal");
        },
    ),
];

#[test]
fn another_document_child_question_or_name_is_another_finding() {
    for (code, one, other) in UNLIKE {
        assert_ne!(found(code, one).fingerprint(), found(code, other).fingerprint(), "{code}");
    }
    let (stated, seen) = (contradicted("Is it?", FactSource::Stated), contradicted("Is it?", FactSource::Ledger));
    assert_ne!(stated.fingerprint(), seen.fingerprint());
}

fn empty(sha256: &str) -> crate::domain::Document {
    let trouble = Some(DocumentTrouble::Empty);
    opened(Some("chronology"), Reading { trouble, sha256: sha256.to_owned(), ..Reading::default() })
}

fn of_person(person: &str) -> crate::domain::Document {
    let whose = Whose::Other(person.parse().unwrap());
    opened(Some("chronology"), Reading { whose, ..Reading::default() })
}

fn unread(question: &str) -> crate::domain::Answer {
    let why = "it is not a date".to_owned();
    let mut answer = answer("when", Value::Unread { raw: "?".into(), why });
    answer.question = question.into();
    answer
}

fn unread_row(row: &str) -> AnswerTable {
    let row = TableRow { row: row.into(), subject: None, answers: vec![unread("one")] };
    AnswerTable { field: "table".into(), rows: vec![row] }
}

fn unmapped(question: &str) -> Unmapped {
    Unmapped { question: question.into(), place: Place::Line(2) }
}

/// The fingerprints that version e57cbe3 made of the same findings. Where the message of a rule is reworded, the old wording
/// goes into its `first_message`, and nothing here changes.
const WORDED: &[(&str, &str)] = &[
    ("answer-invalid", "f3adfbc3b553ad60"),
    ("answer-missing", "ea3d5e0d1d118bd9"),
    ("answer-truncated", "bbb21731fb1ab560"),
    ("approval-after-cutoff", "b82bd7b260a2f873"),
    ("approval-missing", "b41c5875fb98f8b7"),
    ("approval-wrong-role", "64ee25ee3bbbf854"),
    ("below-threshold", "f29c2ae168687d33"),
    ("document-duplicate", "85459ba1b2970621"),
    ("document-empty", "32c1eb5d248360ba"),
    ("document-encrypted", "7113f9f2fe6ff9da"),
    ("document-kind-unclear", "d4341d5a1f7b08bf"),
    ("document-missing", "5bd0ec965c83867c"),
    ("document-stale", "2ed97f092d5766e5"),
    ("document-too-long", "923d3666ee6799bf"),
    ("document-undated", "f200c93e605a84f2"),
    ("document-unreadable", "432865a8fb6d337f"),
    ("document-wrong-child", "87081154de89d4a1"),
    ("duplicate-request", "b0da9119878d0528"),
    ("fact-contradicted", "36da05c4ee05b075"),
    ("fact-unknown", "25054a837e7d4f5f"),
    ("late-submission", "5615e76ea95e190a"),
    ("not-required", "29882f0641c6806c"),
    ("outside-sittings", "513f2d81b8d772a8"),
    ("request-kind-unknown", "0c40a8e5c59bb18f"),
    ("retrospective-due", "6d246a2d67ec37c6"),
    ("retrospective-overdue", "2e39531d615b273a"),
    ("sitting-cancelled", "2c617c12cb2bc754"),
    ("slot-unavailable", "0e15ab5c076bfae9"),
    ("unmapped-question", "3bab5c5df8dfc3ea"),
    ("wrong-panel", "d8808ac3cf2021fd"),
];

#[test]
fn waivers_of_before_findings_were_data_are_found_again() {
    let mut found_again = 1;
    for (code, _, change) in CASES {
        // A rule that came later was never worded so.
        let Some((_, worded)) = WORDED.iter().find(|(own, _)| own == code) else { continue };
        assert_eq!(found(code, change).worded_fingerprint(), *worded, "{code}");
        found_again += 1;
    }
    assert_eq!(found_again, WORDED.len(), "no rule of that time is gone");
    let contradicted = contradicted("Is there an assessment?", FactSource::Stated);
    assert!(WORDED.contains(&("fact-contradicted", &contradicted.worded_fingerprint())));
}

#[test]
fn what_the_ledger_keeps_is_read_again_as_data_and_as_sentences() {
    for (code, _, change) in CASES {
        let mut world = complete();
        change(&mut world);
        let findings = checked(&world).findings;
        let all: Vec<&Finding> = findings.iter().collect();
        let kept = from_json(&to_json(&findings).unwrap()).unwrap();
        assert!(
            kept.iter().zip(&findings).all(|(kept, own)| *kept == StoredFinding::Known(Box::new(own.clone()))),
            "{code}"
        );
        assert!(kept.iter().all(|kept| kept.is_among(&all)), "{code}");
        // As it was kept before: what is shown.
        let worded = from_json(&serde_json::to_string(&findings).unwrap()).unwrap();
        assert!(
            worded.iter().all(|worded| matches!(worded, StoredFinding::Worded(_)) && worded.is_among(&all)),
            "{code}"
        );
        assert!(worded.iter().zip(&kept).all(|(worded, kept)| worded.text() == kept.text()), "{code}");
        assert!(worded.iter().chain(&kept).all(|kept| !kept.is_among(&[])), "{code}");
        // What a later version says otherwise is still told by its code and its subject.
        let foreign = r#"[{"code":"gone","severity":"blocking","about":"planet","subject":"x","detail":{}}]"#;
        assert_eq!(from_json(foreign).unwrap()[0].text(), "gone: x");
    }
}

/// Waives the stale chronology for a sitting until a day, and what the check says of it then.
fn waived(change: impl FnOnce(&mut World)) -> super::Checked {
    let mut world = complete();
    world.documents[0].dated = Some(date(2026, 8, 1));
    let fingerprint = checked(&world).findings[0].fingerprint();
    let mut given = super::cases::recorded(&fingerprint, date(2026, 12, 3));
    given.waiver.sitting = Some(date(2026, 12, 3));
    world.waivers = vec![given];
    change(&mut world);
    checked(&world)
}

#[test]
fn a_waiver_is_for_a_sitting_and_goes_with_it_to_another_day() {
    assert_eq!(waived(|_| {}).verdict, Verdict::Complete);
    let elsewhere = waived(|world| world.sitting = date(2026, 12, 17));
    assert_eq!((elsewhere.verdict, elsewhere.lapsed[0].why), (Verdict::Incomplete, Lapse::AnotherSitting));
    assert_eq!(
        (elsewhere.lapsed[0].by.as_str(), elsewhere.lapsed[0].sitting),
        ("administrator:a.person", Some(date(2026, 12, 3)))
    );
    assert!(elsewhere.renewed.is_empty());
    // The panel cancels one day and sits on another: that one stands for it.
    let moved_to_friday = |world: &mut World| {
        let cancelled = r#"cancelled = { "2026-12-03" = "moved", "2026-12-10" = "no chair" }"#;
        world.profile = PROFILE
            .replace(r#"cancelled = { "2026-12-10" = "no chair" }"#, &format!("{cancelled}\nextra = [2026-12-04]"));
        world.sitting = date(2026, 12, 4);
    };
    let moved = waived(moved_to_friday);
    assert_eq!((moved.verdict, moved.waived[0].until), (Verdict::Complete, date(2026, 12, 4)));
    assert_eq!(
        (moved.renewed[0].waiver.until, moved.renewed[0].waiver.sitting),
        (date(2026, 12, 4), Some(date(2026, 12, 4)))
    );
    // The next ordinary sitting is another one, however the first has fallen away.
    let next = waived(|world| {
        moved_to_friday(world);
        world.sitting = date(2026, 12, 17);
    });
    assert_eq!((next.verdict, next.lapsed[0].why), (Verdict::Incomplete, Lapse::AnotherSitting));
    // The panel sits on Wednesdays from now on.
    let wednesdays = waived(|world| {
        let cancelled = "cancelled = { \"2026-12-10\" = \"no chair\" }\n";
        world.profile = PROFILE.replace("BYDAY=TH", "BYDAY=WE").replace(cancelled, "");
        world.sitting = date(2026, 12, 2);
    });
    assert_eq!((wednesdays.verdict, wednesdays.waived[0].until), (Verdict::Complete, date(2026, 12, 2)));
    let over = waived(|world| world.waivers[0].waiver.until = date(2026, 11, 26));
    assert_eq!((over.verdict, over.lapsed[0].why), (Verdict::Incomplete, Lapse::Over));
}

#[test]
fn a_waiver_of_before_is_found_by_its_sentence_once_and_then_by_what_was_found() {
    let mut world = complete();
    world.documents[0].dated = Some(date(2026, 8, 1));
    let stale = checked(&world).findings.remove(0);
    world.waivers = vec![super::cases::recorded(&stale.worded_fingerprint(), date(2026, 12, 31))];
    let checked_once = checked(&world);
    assert_eq!((checked_once.verdict, checked_once.waived[0].until), (Verdict::Complete, date(2026, 12, 31)));
    let renewed = checked_once.renewed[0].waiver.clone();
    // The oldest day of its sentence was that of this sitting.
    let sitting = Some(date(2026, 12, 3));
    assert_eq!((renewed.fingerprint.as_str(), renewed.sitting), (stale.fingerprint().as_str(), sitting));
    let before = world.waivers[0].clone();
    world.profile = relabelled();
    let lost = checked(&world);
    assert_eq!((lost.verdict, lost.lapsed[0].why), (Verdict::Incomplete, Lapse::NoFinding));
    world.waivers[0].waiver = renewed;
    assert_eq!(checked(&world).verdict, Verdict::Complete, "a label undoes nothing");
    assert!(checked(&world).renewed.is_empty(), "and it is not written again");
    // Both stand where it was waived again in the meantime: one holds, and neither takes the place of the other.
    world.profile = PROFILE.to_owned();
    world.waivers.push(before);
    let both = checked(&world);
    assert_eq!((both.waived.len(), both.renewed.len(), both.lapsed.len()), (1, 0, 0));
    // Whoever takes that back takes both back: else the other would count.
    assert_eq!(both.waived[0].others.len(), 1);
    // A waiver of data that fits nothing was for what is mended.
    world.waivers.truncate(1);
    world.documents = vec![document("chronology")];
    assert!(checked(&world).lapsed.is_empty());
}

/// Sentences of before named the cutoff, the place or the day of a sitting; what is found names none of them any more.
#[test]
fn a_waiver_of_before_for_something_of_its_sitting_holds_at_no_other() {
    let late = |world: &mut World| world.submission.completed_on = Some(date(2026, 12, 15).at(13, 1, 0, 0));
    let missing = |world: &mut World| world.documents.clear();
    let changes: [(&str, Change, Option<Lapse>); 2] =
        [("late-submission", late, Some(Lapse::AnotherSitting)), ("document-missing", missing, None)];
    for (code, change, why) in changes {
        let mut world = complete();
        change(&mut world);
        let of_code =
            |world: &World| checked(world).findings.into_iter().find(|finding| finding.code().as_str() == code);
        let worded = of_code(&world).unwrap().worded_fingerprint();
        world.waivers = vec![super::cases::recorded(&worded, date(2026, 12, 31))];
        let renewed = checked(&world).renewed.remove(0).waiver;
        assert!(of_code(&world).is_none(), "{code} is answered for");
        world.waivers[0].waiver = renewed;
        world.sitting = date(2026, 12, 17);
        assert_eq!(checked(&world).lapsed.first().map(|lapsed| lapsed.why), why, "{code}");
        assert_eq!(of_code(&world).is_some(), why.is_some(), "{code}");
    }
}

#[test]
fn what_is_taken_back_holds_no_longer() {
    let back = waived(|world| {
        let (by, reason) = ("administrator:b.person".to_owned(), "It came".into());
        world.waivers[0].waiver.taken_back = Some(crate::domain::TakenBack { by, reason });
    });
    assert_eq!((back.verdict, back.waived.len(), back.lapsed.len()), (Verdict::Incomplete, 0, 0));
}
