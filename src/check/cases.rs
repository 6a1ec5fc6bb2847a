//! Every rule once as it fires and once as it keeps quiet: one request that is complete, and what is changed in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Time, date};
use jiff::tz::TimeZone;

use super::{Case, Checked, Code, KnownFacts, Slot, Stated, check};
use crate::calendar::Office;
use crate::diagnostic::{Located, Place};
use crate::domain::{
    Answer, AnswerNote, AuthorityName, Document, DocumentKind, DocumentTrouble, FieldRule, Origin, PanelName, Private,
    Reading, RecordedWaiver, StepStatus, Submission, SubmissionId, Unmapped, Value, Verdict, Waiver, Whose,
};
use crate::panel::{Known, Profile};

pub(super) const PROFILE: &str = r#"
panel = "p"
title = "The Panel"
policy = "Procedure"
[schedule]
rrule = "FREQ=WEEKLY;BYDAY=TH"
from = 2026-01-08
starts = "13:00"
ends = "16:00"
slot-minutes = 90
cancelled = { "2026-12-10" = "no chair" }
[cutoff]
deadline = "13:00 on the monday before the sitting"
policy = "section 5"
[approval]
field = "approved"
role-field = "role"
on-field = "approved-on"
roles = ["team-manager"]
policy = "section 6"
[exempt.exempted]
policy = "section 8"
[routes.urgent]
heard = "at-once"
when = ["urgent"]
policy = "section 9"
[routes.retrospective]
heard = "next-sitting"
when = ["retrospective"]
decided-on = "decided-on"
role-field = "decided-as"
decided-by = ["team-manager"]
policy = "section 9"
[elsewhere.legal]
when = ["legal"]
policy = "section 10"
[thresholds.package]
fields = ["amount"]
over = 2000
policy = "section 2"
[facts]
exempted = { question = "Is the child exempt?" }
urgent = { question = "Is it urgent?" }
retrospective = { question = "Was it decided before the panel could?" }
legal = { question = "Is it about legal planning?" }
[facts.assessed]
question = "Is there an assessment?"
[request]
field = "kind"
[kinds.one]
[paperwork.chronology]
fresh-for = "3 months"
pages-max = 5
policy = "section 5"
[paperwork.assessment]
when = ["assessed"]
policy = "section 5"
"#;

/// All that a check looks at, for a test to change.
pub(super) struct World {
    pub(super) profile: String,
    pub(super) submission: Submission,
    pub(super) documents: Vec<Document>,
    pub(super) fields: Vec<FieldRule>,
    pub(super) stated: Vec<Stated>,
    pub(super) sitting: jiff::civil::Date,
    pub(super) now: &'static str,
    pub(super) slot: Option<Slot>,
    pub(super) twins: Vec<SubmissionId>,
    pub(super) waivers: Vec<RecordedWaiver>,
}

pub(super) fn answer(field: &str, value: Value) -> Answer {
    let place = Place::Line(2);
    Answer { field: field.into(), value, subject: None, question: field.into(), place, note: None }
}

pub(super) fn document(kind: &str) -> Document {
    Document {
        authority: AuthorityName::new("a"),
        person: "100001".parse().unwrap(),
        document_id: None,
        kind: Some(DocumentKind::new(kind)),
        title: Private::from("A title"),
        dated: Some(date(2026, 11, 20)),
        pages: Some(4),
        source: Located { file: "documents.csv".into(), place: Place::Line(2) },
        reading: None,
    }
}

pub(super) fn complete() -> World {
    let authority = AuthorityName::new("a");
    let choice = |name: &str| Value::Choice(name.into());
    let answers = vec![
        answer("reason", Value::Text(Private::from("A reason"))),
        answer("kind", choice("one")),
        answer("approved", Value::YesNo(true)),
        answer("role", choice("team-manager")),
        answer("approved-on", Value::DateTime(date(2026, 11, 25).at(9, 0, 0, 0))),
    ];
    let submission = Submission {
        id: SubmissionId::new("a-1"),
        authority: authority.clone(),
        form: "F".into(),
        version: "1".into(),
        panel: Some(PanelName::of(&authority, "p")),
        form_id: None,
        step_id: None,
        status: StepStatus::Completed,
        started_on: None,
        completed_on: Some(date(2026, 11, 25).at(16, 0, 0, 0)),
        people: vec!["100001".parse().unwrap()],
        answers,
        tables: Vec::new(),
        unmapped: Vec::new(),
        origin: Origin { file: "f.csv".into(), place: Place::Line(2), mapping: "a/forms/f/v1.toml".into() },
    };
    let field = |name: &str| FieldRule {
        field: name.into(),
        label: name.into(),
        question: name.into(),
        required: true,
        required_when: Vec::new(),
    };
    World {
        profile: PROFILE.to_owned(),
        submission,
        documents: vec![document("chronology")],
        fields: vec![field("reason")],
        stated: vec![Stated { name: "assessed".into(), value: false }],
        sitting: date(2026, 12, 3),
        now: "2026-11-27T09:00:00Z",
        slot: Some(Slot { place: 2, of: 2, room_on: None }),
        twins: Vec::new(),
        waivers: Vec::new(),
    }
}

/// What the profile may refer to.
fn known() -> Known {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Known { documents: names(&["chronology", "assessment"]), roles: names(&["team-manager"]), ..Known::default() }
}

fn profile(text: &str) -> Profile {
    let name = PanelName::of(&AuthorityName::new("a"), "p");
    let (profile, mistakes) = Profile::read(name, "p.toml", text, &known(), None);
    profile.unwrap_or_else(|| panic!("{mistakes:?}"))
}

/// A document that was opened.
pub(super) fn opened(kind: Option<&str>, reading: Reading) -> Document {
    Document { kind: kind.map(DocumentKind::new), reading: Some(reading), ..document("chronology") }
}

pub(super) fn troubled(trouble: DocumentTrouble) -> Document {
    opened(Some("chronology"), Reading { trouble: Some(trouble), ..Reading::default() })
}

pub(super) fn state(world: &mut World, name: &str) {
    world.stated.push(Stated { name: name.into(), value: true });
}

/// The verdict and the codes of what was found.
fn said(world: &World) -> (Verdict, BTreeSet<&'static str>) {
    let checked = checked(world);
    (checked.verdict, checked.findings.iter().map(|finding| finding.code().as_str()).collect())
}

pub(super) fn checked(world: &World) -> Checked {
    let profile = profile(&world.profile);
    let zone = TimeZone::get("Europe/London").unwrap();
    let office = Office { zone: zone.clone(), close: Time::constant(17, 0, 0, 0), holidays: Arc::default() };
    let facts = KnownFacts::gather(&profile, Vec::new(), &[], false, &world.stated, world.sitting);
    let sitting = profile.sitting_on(world.sitting, &office);
    let now = world.now.parse::<jiff::Timestamp>().unwrap().to_zoned_datetime(zone);
    let case = Case {
        submission: &world.submission,
        person: "100001".parse().unwrap(),
        fields: &world.fields,
        documents: &world.documents,
        facts: &facts,
        profile: &profile,
        sitting: sitting.as_ref(),
        office: &office,
        now: &now,
        slot: world.slot,
        twins: &world.twins,
        waivers: &world.waivers,
        forms: &[],
    };
    check(&case)
}

/// A waiver as ledgers of before hold it: for no sitting.
pub(super) fn recorded(fingerprint: &str, until: jiff::civil::Date) -> RecordedWaiver {
    let waiver = Waiver {
        fingerprint: fingerprint.to_owned(),
        role: "team-manager".into(),
        reason: Private::from("It is being written"),
        until,
        sitting: None,
        finding: None,
        taken_back: None,
    };
    RecordedWaiver { waiver, by: "administrator:a.person".to_owned() }
}

pub(super) fn set(world: &mut World, field: &str, value: Value) {
    world.submission.answers.retain(|answer| *answer.field != *field);
    world.submission.answers.push(answer(field, value));
}

pub(super) type Change = fn(&mut World);

/// What is changed in the complete request, the code that it gives, and what the request then comes to.
pub(super) const CASES: &[(&str, Verdict, Change)] = &[
    ("answer-missing", Verdict::Incomplete, |world| set(world, "reason", Value::Blank)),
    ("answer-invalid", Verdict::Incomplete, |world| {
        set(world, "reason", Value::Unread { raw: Private::from("?"), why: "it is not a date".into() });
    }),
    ("answer-truncated", Verdict::Complete, |world| {
        world.submission.answers.iter_mut().for_each(|answer| answer.note = Some(AnswerNote::CutAt(255)));
    }),
    ("unmapped-question", Verdict::Complete, |world| {
        world.submission.unmapped.push(Unmapped { question: "new".into(), place: Place::Line(2) });
    }),
    ("approval-missing", Verdict::Incomplete, |world| set(world, "approved", Value::YesNo(false))),
    ("approval-wrong-role", Verdict::Incomplete, |world| set(world, "role", Value::Choice("worker".into()))),
    ("approval-after-cutoff", Verdict::Complete, |world| {
        set(world, "approved-on", Value::DateTime(date(2026, 11, 30).at(13, 1, 0, 0)));
    }),
    ("below-threshold", Verdict::Complete, |world| set(world, "amount", Value::Money(200_000))),
    ("document-duplicate", Verdict::Complete, |world| {
        let same = || opened(Some("chronology"), Reading { sha256: "1".into(), ..Reading::default() });
        world.documents = vec![same(), same()];
    }),
    ("document-empty", Verdict::Incomplete, |world| world.documents = vec![troubled(DocumentTrouble::Empty)]),
    ("document-encrypted", Verdict::Incomplete, |world| world.documents = vec![troubled(DocumentTrouble::Encrypted)]),
    ("document-kind-unclear", Verdict::Complete, |world| world.documents.push(opened(None, Reading::default()))),
    ("document-missing", Verdict::Incomplete, |world| world.documents.clear()),
    ("document-stale", Verdict::Incomplete, |world| world.documents[0].dated = Some(date(2026, 9, 2))),
    ("document-undated", Verdict::Complete, |world| world.documents[0].dated = None),
    ("document-too-long", Verdict::Incomplete, |world| world.documents[0].pages = Some(6)),
    ("document-unreadable", Verdict::Incomplete, |world| world.documents = vec![troubled(DocumentTrouble::Broken)]),
    ("document-wrong-child", Verdict::Incomplete, |world| {
        let whose = Whose::Other("100002".parse().unwrap());
        world.documents.push(opened(Some("chronology"), Reading { whose, ..Reading::default() }));
    }),
    ("duplicate-request", Verdict::Complete, |world| world.twins.push(SubmissionId::new("a-0"))),
    ("fact-unknown", Verdict::Unknown, |world| world.stated.clear()),
    ("late-submission", Verdict::Late, |world| {
        world.submission.completed_on = Some(date(2026, 11, 30).at(13, 1, 0, 0));
    }),
    ("request-kind-unknown", Verdict::Incomplete, |world| {
        world.submission.answers.retain(|answer| *answer.field != *"kind");
    }),
    ("not-required", Verdict::Complete, |world| {
        state(world, "exempted");
        world.documents.clear();
    }),
    ("outside-sittings", Verdict::Complete, |world| {
        state(world, "urgent");
        // No cutoff and no slot holds for it.
        world.submission.completed_on = None;
        world.now = "2026-12-01T09:00:00Z";
        world.slot = Some(Slot { place: 3, of: 2, room_on: None });
    }),
    ("retrospective-due", Verdict::Complete, |world| {
        state(world, "retrospective");
        set(world, "decided-on", Value::Date(date(2026, 11, 26)));
    }),
    ("retrospective-overdue", Verdict::Incomplete, |world| {
        state(world, "retrospective");
        set(world, "decided-on", Value::Date(date(2026, 11, 18)));
    }),
    ("sitting-cancelled", Verdict::Incomplete, |world| world.sitting = date(2026, 12, 10)),
    ("slot-unavailable", Verdict::Incomplete, |world| world.slot = Some(Slot { place: 3, of: 2, room_on: None })),
    ("wrong-panel", Verdict::Incomplete, |world| state(world, "legal")),
];

#[test]
fn a_complete_request_gives_no_finding() {
    assert_eq!(said(&complete()), (Verdict::Complete, BTreeSet::new()));
}

#[test]
fn every_rule_fires_on_what_it_is_for_and_on_nothing_else() {
    for (code, verdict, change) in CASES {
        let mut world = complete();
        change(&mut world);
        let (found, said) = said(&world);
        assert_eq!(said.into_iter().collect::<Vec<_>>(), [*code], "{code}");
        assert_eq!(found, *verdict, "{code}");
    }
}

#[test]
fn every_rule_has_its_case() {
    let mut cases: Vec<&str> = CASES.iter().map(|(code, ..)| *code).collect();
    // Two sources of a fact are needed for a contradiction: below.
    cases.push("fact-contradicted");
    cases.sort_unstable();
    assert_eq!(cases, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
}

#[test]
fn a_document_is_stale_the_day_after_its_last_good_day() {
    for (dated, stale) in [(date(2026, 9, 3), false), (date(2026, 9, 2), true)] {
        let mut world = complete();
        world.documents[0].dated = Some(dated);
        assert_eq!(said(&world).1.contains("document-stale"), stale, "{dated}");
    }
}

#[test]
fn a_request_is_late_the_minute_after_the_cutoff() {
    for (minute, late) in [(0, false), (1, true)] {
        let mut world = complete();
        world.submission.completed_on = Some(date(2026, 11, 30).at(13, minute, 0, 0));
        assert_eq!(said(&world).0 == Verdict::Late, late, "13:{minute:02}");
        let mut open = complete();
        open.submission.completed_on = None;
        open.now = if late { "2026-11-30T13:01:00Z" } else { "2026-11-30T13:00:00Z" };
        assert_eq!(said(&open).0 == Verdict::Late, late, "open at 13:{minute:02}");
    }
}

#[test]
fn what_is_sure_outweighs_what_is_not_known_and_the_form_outweighs_a_person() {
    let mut world = complete();
    world.stated.clear();
    world.documents.clear();
    assert_eq!(said(&world).0, Verdict::Incomplete);

    let profile_facts = |answer: bool, stated: bool| {
        use crate::domain::{Fact, FactSource, FactValue};
        let value = if answer { FactValue::Yes } else { FactValue::No };
        let fact = Fact { name: "assessed".into(), value, source: FactSource::Answer, read_at: None };
        let stated = [Stated { name: "assessed".into(), value: stated }];
        let facts = KnownFacts::gather(&profile(PROFILE), vec![fact], &[], false, &stated, date(2026, 12, 3));
        (facts.value("assessed"), facts.contradictions().count())
    };
    assert_eq!(profile_facts(true, false), (crate::domain::FactValue::Yes, 1));
    assert_eq!(profile_facts(true, true), (crate::domain::FactValue::Yes, 0));
}

#[test]
fn what_somebody_answers_for_blocks_until_its_day_and_comes_back_when_it_says_something_else() {
    let mut world = complete();
    world.documents[0].dated = Some(date(2026, 9, 2));
    let found = checked(&world).findings;
    let waiver = |until| recorded(&found[0].fingerprint(), until);
    world.waivers = vec![waiver(date(2026, 11, 27))];
    let answered_for = checked(&world);
    assert_eq!((answered_for.verdict, answered_for.findings.len()), (Verdict::Complete, 0));
    assert_eq!(answered_for.waived[0].finding, found[0]);
    world.waivers = vec![waiver(date(2026, 11, 26))];
    assert_eq!(checked(&world).verdict, Verdict::Incomplete, "its day is over");
    world.waivers = vec![waiver(date(2026, 12, 31))];
    world.documents[0].dated = Some(date(2026, 9, 1));
    assert_eq!(checked(&world).verdict, Verdict::Incomplete, "it is another document");
}

#[test]
fn nobody_answers_for_another_childs_papers() {
    let mut world = complete();
    let whose = Whose::Other("100002".parse().unwrap());
    world.documents.push(opened(Some("chronology"), Reading { whose, ..Reading::default() }));
    let fingerprint = checked(&world).findings[0].fingerprint();
    world.waivers = vec![recorded(&fingerprint, date(2026, 12, 31))];
    assert_eq!(checked(&world).verdict, Verdict::Incomplete);
}

#[test]
fn who_may_decide_before_the_panel_can_is_looked_at_too() {
    for (decided_as, code) in [("team-manager", "retrospective-due"), ("worker", "approval-wrong-role")] {
        let mut world = complete();
        state(&mut world, "retrospective");
        set(&mut world, "decided-on", Value::Date(date(2026, 11, 26)));
        set(&mut world, "decided-as", Value::Choice(decided_as.into()));
        assert!(said(&world).1.contains(code), "{decided_as}");
        assert_eq!(said(&world).1.len(), if decided_as == "worker" { 2 } else { 1 });
    }
}
