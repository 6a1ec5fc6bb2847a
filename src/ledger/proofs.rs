//! What the ledger promises, proved on ledgers of a few rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::date;
use secrecy::SecretBox;
use tempfile::TempDir;

use super::engine::Row;
use super::store::decode;
use super::{
    Actor, Address, Against, Booking, FileBegun, FileStart, Item, Ledger, LedgerKey, LedgerQueue, LedgerTrouble,
    Recorded, StoredCheck, Work,
};
use crate::calendar::Clock;
use crate::diagnostic::Place;
use crate::domain::{
    AuthorityName, Decision, ExtractType, Origin, Outcome, OutcomeState, PanelName, Payload, PersonId, Private, Reason,
    State, StepStatus, Submission, SubmissionId, Trouble, Verdict, Waiver, WriteBack, WriteBackKind,
};
use crate::writeback::{Queue as _, QueueTrouble, reference_of, write_back_id};

fn open(folder: &TempDir, key: u8) -> Result<Ledger, LedgerTrouble> {
    let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
    Ledger::open(&Address::file(folder.path().join("ledger.db")), LedgerKey(SecretBox::new(Box::new([key; 32]))), clock)
}

fn ledger() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder, 7).unwrap();
    (folder, ledger)
}

fn actor() -> Actor {
    Actor::new("test", None)
}

fn submission(number: u64, status: StepStatus) -> Item {
    let authority = AuthorityName::new("a");
    let submission = Submission {
        id: SubmissionId::new(format!("a-{number}")),
        panel: Some(PanelName::of(&authority, "p")),
        authority,
        form: "F".into(),
        version: "1".into(),
        form_id: None,
        step_id: None,
        status,
        started_on: None,
        completed_on: None,
        people: vec!["100001".parse().unwrap()],
        answers: Vec::new(),
        tables: Vec::new(),
        unmapped: Vec::new(),
        origin: Origin { file: "f.csv".into(), place: Place::Line(2), mapping: "m".into() },
    };
    let hash = submission.content_hash();
    Item::Submission(Box::new(submission), hash)
}

fn forms(file: u8) -> FileStart {
    FileStart {
        authority: AuthorityName::new("a"),
        extract: ExtractType::Forms,
        name: format!("f{file}.csv"),
        series: "f#.csv".into(),
        path: "f.csv".into(),
        sha256: [file; 32],
        mappings: [0; 32],
        bytes: 1,
    }
}

fn import(ledger: &mut Ledger, file: u8, items: &[Item]) {
    let FileBegun::Open(mut file) = ledger.begin_file(forms(file)).unwrap() else { panic!("known already") };
    ledger.take(&mut file, items, &actor()).unwrap();
    assert!(ledger.finish_file(&file, &actor()).unwrap().adds_up());
}

fn outcome(decision: &str) -> Outcome {
    Outcome {
        submission: SubmissionId::new("a-1"),
        person: "100001".parse().unwrap(),
        panel: PanelName::of(&AuthorityName::new("a"), "p"),
        sitting: date(2026, 12, 2),
        revision: 0,
        decision: Decision { decision: decision.into(), fields: BTreeMap::new() },
        state: OutcomeState::Loaded,
    }
}

fn write_back(person: u64, day: i8) -> WriteBack {
    let authority = AuthorityName::new("a");
    let submission = SubmissionId::new(format!("a-{person}-{day}"));
    let (sitting, kind) = (date(2026, 12, day), WriteBackKind::CaseNote);
    let person = (100_000 + person).to_string().parse().unwrap();
    let id = write_back_id(&authority, &submission, person, sitting, (kind, ""), 1);
    let payload = Payload::Appendment { note: "1".into(), contact_date: sitting, body: Private::from("text") };
    WriteBack {
        id,
        reference: reference_of(id),
        submission,
        person,
        panel: PanelName::of(&authority, "p"),
        sitting,
        revision: 1,
        kind,
        payload,
        state: State::Approved,
        attempts: 0,
        fence: 0,
    }
}

#[test]
fn only_the_key_that_a_ledger_was_made_with_opens_it() {
    let (folder, ledger) = ledger();
    drop(ledger);
    assert!(matches!(open(&folder, 8), Err(LedgerTrouble::WrongKey { .. })));
    assert!(open(&folder, 7).is_ok());
    std::fs::write(folder.path().join("ledger.db"), b"SQLite format 3\0 and more").unwrap();
    assert!(matches!(open(&folder, 7), Err(LedgerTrouble::NotEncrypted { .. })));
}

#[test]
fn work_of_a_kind_is_done_by_one_at_a_time_and_holds_up_no_other_kind() {
    let (folder, ledger) = ledger();
    let other = open(&folder, 7).unwrap();
    for work in Work::ALL {
        let lease = ledger.lease(work).unwrap();
        assert!(matches!(other.lease(work), Err(LedgerTrouble::Busy { work: Some(busy), .. }) if busy == work));
        assert!(other.lease_within(work, Duration::from_millis(120)).unwrap().is_none());
        let others = Work::ALL.into_iter().filter(|other| *other != work);
        assert!(others.map(|work| other.lease(work)).all(|lease| lease.is_ok()), "{work} holds up other work");
        let freed = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            drop(lease);
        });
        assert!(other.lease_within(work, Duration::from_secs(20)).unwrap().is_some());
        freed.join().unwrap();
        assert!(ledger.lease(work).is_ok());
    }
}

#[test]
fn a_changed_submission_is_a_revision_and_an_unchanged_one_is_none() {
    let (_folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started), submission(2, StepStatus::Started)]);
    import(&mut ledger, 2, &[submission(1, StepStatus::Completed), submission(2, StepStatus::Started)]);
    let revisions = |id: &str| ledger.revisions(&SubmissionId::new(id)).unwrap().len();
    assert_eq!((revisions("a-1"), revisions("a-2")), (2, 1));
    let verdict = ledger.audit_verify(None).unwrap();
    assert!(verdict.whole && verdict.entries > 0, "{verdict:?}");
}

#[test]
fn a_file_that_is_half_read_and_a_submission_that_moved_are_no_tampering() {
    let (_folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started)]);
    let Item::Submission(mut merged, _) = submission(1, StepStatus::Started) else { unreachable!() };
    merged.people = vec!["100002".parse().unwrap(), "100003".parse().unwrap()];
    let hash = merged.content_hash();
    let FileBegun::Open(mut file) = ledger.begin_file(forms(2)).unwrap() else { panic!("known already") };
    let place = Place::Line(3);
    let (message, help) = ("A message".to_owned(), "What to do".to_owned());
    let trouble = Trouble { place, reason: Reason::RecordsDisagree, message, help };
    let unread = Item::Quarantined { trouble, submission: None, record: None };
    ledger.take(&mut file, &[Item::Submission(merged, hash), unread], &actor()).unwrap();
    assert_eq!(ledger.audit_verify(None).unwrap().broken, None, "half read");
    ledger.finish_file(&file, &actor()).unwrap();
    assert_eq!(ledger.audit_verify(None).unwrap().broken, None, "read to its end");
    for sql in ["DELETE FROM moved", "DELETE FROM quarantine"] {
        ledger.database.execute("SAVEPOINT before", &[]).unwrap();
        assert_eq!(ledger.database.execute(sql, &[]).unwrap(), 1);
        assert!(!ledger.audit_verify(None).unwrap().whole, "{sql}");
        ledger.database.execute("ROLLBACK TO before", &[]).unwrap();
    }
}

#[test]
fn two_states_of_a_submission_in_one_file_wait_for_a_person() {
    let (_folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started), submission(1, StepStatus::Completed)]);
    let waiting = ledger.quarantine(false).unwrap();
    assert_eq!(waiting.iter().map(|entry| entry.reason.as_str()).collect::<Vec<_>>(), ["records-disagree"]);
}

#[test]
fn whatever_is_changed_behind_the_trail_is_seen() {
    let tampering = [
        "UPDATE audit SET actor = 'somebody else' WHERE sequence = 1",
        "DELETE FROM audit WHERE sequence = 1",
        "UPDATE revision SET payload = replace(payload, 'STARTED', 'COMPLETED') WHERE submission = 'a-1'",
        "UPDATE revision SET content_hash = zeroblob(32) WHERE submission = 'a-1'",
        "DELETE FROM revision WHERE submission = 'a-2'",
        "UPDATE write_back SET payload = replace(payload, '\"attempts\":0', '\"attempts\":1')",
        "DELETE FROM write_back",
        "UPDATE outcome SET payload = replace(payload, 'agreed', 'refused')",
        "UPDATE outcome SET state = 'loaded'",
        "UPDATE outcome SET state = 'rejected'",
        "UPDATE outcome SET decided_by = 'somebody else'",
        "UPDATE outcome SET loaded_by = 'somebody else'",
        "DELETE FROM outcome",
        "UPDATE stated SET value = 1 - value",
        "DELETE FROM stated",
        "UPDATE waiver SET payload = replace(payload, '2026-12-31', '2027-12-31')",
        "DELETE FROM waiver",
    ];
    for sql in tampering {
        let (_folder, mut ledger) = ledger();
        import(&mut ledger, 1, &[submission(1, StepStatus::Started), submission(2, StepStatus::Started)]);
        ledger.plan(&[write_back(1, 2)], &actor()).unwrap();
        let id = SubmissionId::new("a-1");
        ledger.record_outcome(outcome("agreed"), &actor()).unwrap();
        let loaded = ledger.outcomes(Some(&id)).unwrap().remove(0).outcome;
        ledger.decide_outcome(&loaded, OutcomeState::Approved, None, &actor()).unwrap();
        ledger.state_fact(&id, "urgent", true, &actor()).unwrap();
        let (fingerprint, role, reason) = ("f".into(), "r".into(), Private::from("A reason"));
        let (until, sitting, finding, taken_back) = (date(2026, 12, 31), None, None, None);
        let waiver = Waiver { fingerprint, role, reason, until, sitting, finding, taken_back };
        ledger.waive(&id, "100001".parse().unwrap(), &waiver, &actor()).unwrap();
        assert!(ledger.audit_verify(None).unwrap().whole);
        assert_eq!(ledger.database.execute(sql, &[]).unwrap(), 1, "{sql}");
        assert!(!ledger.audit_verify(None).unwrap().whole, "{sql}");
    }
}

#[test]
fn a_chain_that_was_cut_is_whole_and_lacks_the_entry_that_was_noted() {
    let (_folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started)]);
    ledger.note(&actor(), "viewed", "a-1").unwrap();
    let head = ledger.audit_verify(None).unwrap().head;
    ledger.note(&actor(), "viewed", "a-1").unwrap();
    assert!(ledger.audit_verify(Some(&head)).unwrap().whole, "the chain has grown");
    let trail = ledger.audit_trail().unwrap();
    assert!(trail.windows(2).all(|two| two[1].previous == two[0].hash) && trail.iter().any(|one| one.hash == head));
    ledger.database.execute("DELETE FROM audit WHERE sequence > 1", &[]).unwrap();
    assert!(ledger.audit_verify(None).unwrap().whole);
    assert!(!ledger.audit_verify(Some(&head)).unwrap().whole);
}

#[test]
fn after_a_restore_mosaic_is_asked_about_what_the_backup_does_not_know() {
    let (folder, mut ledger) = ledger();
    ledger.plan(&[write_back(1, 2)], &actor()).unwrap();
    let copy = folder.path().join("copy.db");
    ledger.backup(&copy).unwrap();
    assert_eq!(ledger.may_be_written(&write_back(1, 2)).unwrap(), None, "the ledger itself was not restored");
    for _ in 0..2 {
        let key = LedgerKey(SecretBox::new(Box::new([7; 32])));
        let restored = Ledger::open(&Address::file(copy.clone()), key, ledger.clock).unwrap();
        let since = Some(ledger.clock.now());
        // Whether its panel has sat by then or not: an outcome may be recorded, and sent, before the day.
        assert_eq!(restored.may_be_written(&write_back(1, 2)).unwrap(), since);
        assert_eq!(restored.audit_trail().unwrap().iter().filter(|entry| entry.action == "restored").count(), 1);
    }
}

#[test]
fn what_was_tried_and_let_go_on_by_a_person_is_read_back_first() {
    let (_folder, mut ledger) = ledger();
    let planned = write_back(1, 2);
    ledger.plan(std::slice::from_ref(&planned), &actor()).unwrap();
    let since = ledger.clock.now();
    let mut now = planned;
    for (to, wanted) in [
        (State::Held { reason: "restricted".into() }, None),
        (State::Approved, None),
        (State::Sending { since }, None),
        (State::Uncertain { since, reason: "cut".into() }, None),
        (State::Held { reason: "two".into() }, Some(since)),
        (State::Approved, Some(since)),
        (State::Uncertain { since, reason: "let go on".into() }, None),
        (State::Approved, None),
    ] {
        now = ledger.change_write_back(&now, to, &actor()).unwrap();
        assert_eq!(ledger.may_be_written(&now).unwrap(), wanted, "{}", now.state.as_str());
    }
}

#[test]
fn a_backup_holds_what_the_ledger_holds_and_overwrites_nothing() {
    let (folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started)]);
    let copy = folder.path().join("copy.db");
    ledger.backup(&copy).unwrap();
    assert!(ledger.backup(&copy).is_err());
    let key = LedgerKey(SecretBox::new(Box::new([7; 32])));
    let copied = Ledger::open(&Address::file(copy.clone()), key, Clock::System).unwrap();
    assert_eq!(copied.status(true).unwrap().digest, ledger.status(true).unwrap().digest);
    assert!(copied.audit_verify(None).unwrap().whole);
}

#[test]
fn an_outcome_loaded_twice_is_one_and_a_changed_one_is_its_next_revision() {
    let (_folder, mut ledger) = ledger();
    assert_eq!(ledger.record_outcome(outcome("agreed"), &actor()).unwrap(), Recorded::New);
    assert_eq!(ledger.record_outcome(outcome("agreed"), &actor()).unwrap(), Recorded::Unchanged);
    assert_eq!(ledger.record_outcome(outcome("not-agreed"), &actor()).unwrap(), Recorded::Revised(2));
    let states: Vec<OutcomeState> = ledger.outcomes(None).unwrap().iter().map(|row| row.outcome.state).collect();
    assert_eq!(states, [OutcomeState::Superseded, OutcomeState::Loaded]);
}

#[test]
fn outcomes_that_belong_together_are_recorded_together_or_not_at_all() {
    let (_folder, mut ledger) = ledger();
    let of = |person: &str, decision: &str| Outcome { person: person.parse().unwrap(), ..outcome(decision) };
    ledger.record_outcome(of("100002", "agreed"), &actor()).unwrap();
    let entries = ledger.audit_verify(None).unwrap().entries;
    ledger.database.execute("UPDATE outcome SET payload = 'damaged'", &[]).unwrap();
    let both = vec![of("100001", "agreed"), of("100002", "not-agreed")];
    assert!(matches!(ledger.record_outcomes(both, &actor()), Err(LedgerTrouble::Damaged { .. })));
    let known: u32 = ledger.database.one("SELECT count(*) FROM outcome", &[], |row| row.get(0)).unwrap();
    assert_eq!(known, 1, "the first child's is not recorded without the second's");
    let told: i64 = ledger.database.one("SELECT count(*) FROM audit", &[], |row| row.get(0)).unwrap();
    assert_eq!(told, i64::try_from(entries).unwrap());
}

#[test]
fn what_waits_for_approval_is_listed_by_requests_that_are_whole() {
    let (_folder, mut ledger) = ledger();
    let of = |submission: &str, person: &str, day: i8| Outcome {
        submission: SubmissionId::new(submission),
        person: person.parse().unwrap(),
        sitting: date(2026, 12, day),
        ..outcome("agreed")
    };
    let all = [of("a-2", "100002", 2), of("a-2", "100003", 2), of("a-1", "100001", 9), of("a-3", "100004", 2)];
    for outcome in &all {
        ledger.record_outcome(outcome.clone(), &actor()).unwrap();
    }
    let decided = Outcome { revision: 1, ..all[3].clone() };
    ledger.decide_outcome(&decided, OutcomeState::Approved, None, &actor()).unwrap();
    let listed = |panel: Option<&PanelName>, sitting, most| {
        let rows = ledger.outcomes_to_approve(&[&all[0].panel.authority()], panel, sitting, most).unwrap();
        rows.iter().map(|row| row.outcome.person.number()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None, 9), [100_002, 100_003, 100_001]);
    assert_eq!(listed(None, None, 1), [100_002, 100_003]);
    let other = AuthorityName::new("elsewhere");
    assert!(ledger.outcomes_to_approve(&[&other], None, None, 9).unwrap().is_empty());
    assert_eq!(ledger.outcomes_waiting(&[&other, &all[0].panel.authority()]).unwrap(), 3);
    assert_eq!(listed(None, Some(date(2026, 12, 9)), 9), [100_001]);
    assert_eq!(listed(Some(&all[0].panel), None, 9).len(), 3);
    assert_eq!(listed(Some(&PanelName::of(&AuthorityName::new("a"), "another")), None, 9), [0; 0]);
    assert_eq!(listed(None, None, 0), [0; 0]);
}

#[test]
fn a_key_is_fixed_for_ever_and_a_change_that_comes_second_fails() {
    let (_folder, mut ledger) = ledger();
    let planned = write_back(1, 2);
    ledger.plan(std::slice::from_ref(&planned), &actor()).unwrap();
    ledger.plan(std::slice::from_ref(&planned), &actor()).unwrap();
    assert_eq!(ledger.write_backs(None).unwrap().len(), 1);
    let body = Private::from("another text");
    let other = Payload::Appendment { note: "1".into(), contact_date: planned.sitting, body };
    let conflict = ledger.plan(&[WriteBack { payload: other, ..planned.clone() }], &actor());
    assert!(matches!(conflict, Err(LedgerTrouble::Conflict(_))));

    let queue = LedgerQueue::new(&mut ledger, AuthorityName::new("a"), actor());
    let since = jiff::Timestamp::UNIX_EPOCH;
    let sending = queue.change(&planned, State::Sending { since }).unwrap();
    assert_eq!((sending.fence, sending.attempts), (1, 1));
    assert!(matches!(queue.change(&planned, State::Approved), Err(QueueTrouble::Overtaken(_))));
    assert_eq!(queue.unsettled().unwrap(), [sending]);
}

#[test]
fn a_childs_writes_go_in_order_and_one_that_waits_holds_up_only_its_own_child() {
    let (_folder, mut ledger) = ledger();
    let planned: Vec<WriteBack> = [(1, 2), (1, 9), (2, 2)].map(|(person, day)| write_back(person, day)).into();
    ledger.plan(&planned, &actor()).unwrap();
    let queue = LedgerQueue::new(&mut ledger, AuthorityName::new("a"), actor());
    let ready = |queue: &LedgerQueue<'_>| {
        queue.ready(&[], &[], 9).unwrap().iter().map(|one| (one.person.number(), one.sitting.day())).collect::<Vec<_>>()
    };
    assert_eq!(ready(&queue), [(100_001, 2), (100_002, 2)]);
    queue.change(&planned[0], State::Held { reason: "a person must look".into() }).unwrap();
    assert_eq!(ready(&queue), [(100_002, 2)]);
    assert!(queue.ready(&[planned[2].person], &[], 9).unwrap().is_empty());
}

/// A check of a request at the sitting of a day, which lacks so many papers.
fn check(number: u64, day: i8, lacks: usize) -> (SubmissionId, PersonId, StoredCheck) {
    let papers = || (0..lacks).map(|paper| format!("paper-{paper}"));
    let code = || "document-missing".to_owned();
    let found = papers().map(|paper| format!(r#"{{"code":"{}","severity":"blocking","subject":"{paper}"}}"#, code()));
    let booking = Booking {
        panel: PanelName::of(&AuthorityName::new("a"), "p"),
        sitting: Some(date(2026, 12, day)),
        handed_in: (number > 1).then(|| format!("2026-11-2{number}T09:00:00Z")),
        handed_on: (number > 1).then(|| date(2026, 11, 20 + i8::try_from(number).unwrap())),
        checked_on: date(2026, 11, 27),
        late: (number > 1).then_some(number == 3),
    };
    let Item::Submission(_, content) = submission(number, StepStatus::Started) else { unreachable!() };
    let check = StoredCheck {
        content,
        inputs: [0; 32],
        verdict: if lacks == 0 { Verdict::Complete } else { Verdict::Incomplete },
        findings: format!("[{}]", found.collect::<Vec<_>>().join(",")),
        lacks: papers().map(|paper| (code(), paper)).collect(),
        against: papers().map(|subject| Against { code: code(), subject, is_asked: false }).collect(),
        booking: Some(booking),
    };
    (SubmissionId::new(format!("a-{number}")), "100001".parse().unwrap(), check)
}

/// That what is kept of what requests lack is what their last checks have found.
fn lacks_hold(ledger: &Ledger, after: &str) {
    let sql = "SELECT submission, person, payload, settled FROM checked ORDER BY submission, person";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let checked: Vec<(String, i64, String, i64)> = ledger.database.rows(sql, &[], read).unwrap();
    let mut found = BTreeSet::new();
    for (submission, person, payload, settled) in checked {
        let findings: Vec<BTreeMap<String, String>> = decode("findings", &payload).unwrap();
        let lacks = findings.into_iter().filter(|_| settled != 1);
        let named = |finding: &BTreeMap<String, String>| (finding["code"].clone(), finding["subject"].clone());
        found.extend(
            lacks.map(|finding| named(&finding)).map(|(code, about)| (submission.clone(), person, code, about)),
        );
    }
    let sql = "SELECT submission, person, code, subject FROM lack";
    let kept = ledger.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    assert_eq!(kept.unwrap().into_iter().collect::<BTreeSet<_>>(), found, "{after}");
}

/// That the decisions that stand are counted, and no others.
fn decisions_hold(ledger: &Ledger, after: &str) {
    let sql = "SELECT o.payload, w.days FROM outcome o JOIN waited w ON w.submission = o.submission
        AND w.person = o.person AND w.sitting = o.sitting WHERE o.state = 'approved' AND NOT EXISTS (SELECT 1
            FROM outcome later WHERE later.submission = o.submission AND later.person = o.person
            AND later.sitting = o.sitting AND later.state = 'approved' AND later.revision > o.revision)";
    let rows = ledger.database.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut wanted: BTreeMap<(String, String, String, i64), i64> = BTreeMap::new();
    for (payload, days) in rows.unwrap() {
        let (payload, days): (String, Option<i64>) = (payload, days);
        let Outcome { panel, sitting, decision, .. } = decode("an outcome", &payload).unwrap();
        let month = sitting.strftime("%Y-%m").to_string();
        *wanted.entry((panel.to_string(), month, decision.decision, days.unwrap_or(-1))).or_default() += 1;
    }
    let sql = "SELECT panel, month, decision, days, n FROM decision_tally WHERE n <> 0";
    let counted =
        ledger.database.rows(sql, &[], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), row.get(4)?)));
    assert_eq!(counted.unwrap().into_iter().collect::<BTreeMap<_, _>>(), wanted, "{after}");
}

/// That everything that is counted as it happens is what counting all of it comes to.
fn counts_hold(ledger: &Ledger, after: &str) {
    let compared = [
        "SELECT panel, sitting, settled, verdict, late, n FROM tally WHERE n <> 0",
        "SELECT panel, sitting, settled, verdict, coalesce(late, -1), count(*) FROM checked
         WHERE sitting IS NOT NULL GROUP BY 1, 2, 3, 4, 5",
        "SELECT panel, code, subject, n FROM missing WHERE n <> 0",
        "SELECT c.panel, l.code, l.subject, count(*) FROM lack l JOIN checked c ON c.submission = l.submission
         AND c.person = l.person WHERE c.settled = 0 GROUP BY 1, 2, 3",
        "SELECT panel, month, late, complete, n FROM first_look_tally",
        "SELECT panel, substr(handed_on, 1, 7), coalesce(late, -1), coalesce(complete, -1), count(*) FROM first_look
         GROUP BY 1, 2, 3, 4",
        "SELECT panel, month, code, subject, n FROM first_lack_tally",
        "SELECT panel, substr(handed_on, 1, 7), code, subject, count(*) FROM first_lack JOIN first_look USING (submission)
         GROUP BY 1, 2, 3, 4",
    ];
    lacks_hold(ledger, after);
    decisions_hold(ledger, after);
    for pair in compared.chunks(2) {
        for (one, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let sql = format!("SELECT count(*) FROM ({one} EXCEPT {other})");
            let differ: i64 = ledger.database.one(&sql, &[], |row| row.get(0)).unwrap();
            assert_eq!(differ, 0, "{after}: {one}");
        }
    }
}

#[test]
fn what_is_counted_as_it_happens_is_what_counting_it_comes_to() {
    let (_folder, mut ledger) = ledger();
    let panel = PanelName::of(&AuthorityName::new("a"), "p");
    let all = |status| (1..=4).map(|number| submission(number, status)).collect::<Vec<_>>();
    import(&mut ledger, 1, &all(StepStatus::Started));
    let stands = |ledger: &Ledger| -> Vec<(i8, Verdict, u64)> {
        let tallied = ledger.tallied(&panel, date(2026, 12, 1), date(2026, 12, 31)).unwrap();
        tallied.iter().map(|one| (one.sitting.day(), one.verdict, one.count)).collect()
    };
    let (complete, incomplete) = (Verdict::Complete, Verdict::Incomplete);
    ledger.keep_checks(&[check(1, 2, 0), check(2, 2, 1), check(3, 2, 2), check(4, 9, 2)], &actor()).unwrap();
    counts_hold(&ledger, "the first checks");
    assert_eq!(stands(&ledger), [(2, complete, 1), (2, incomplete, 2), (9, incomplete, 1)]);
    let lacks = |ledger: &Ledger| ledger.lacking(&panel).unwrap().iter().map(|one| one.count).collect::<Vec<_>>();
    assert_eq!(lacks(&ledger), [3, 2]);
    ledger.keep_checks(&[check(1, 2, 0), check(2, 9, 0), check(3, 2, 1), check(4, 9, 2)], &actor()).unwrap();
    counts_hold(&ledger, "some have changed");
    assert_eq!((stands(&ledger)[0], lacks(&ledger)), ((2, complete, 1), vec![2, 1]));
    let arrived = ledger.arrived(&panel, date(2026, 12, 1), date(2026, 12, 31)).unwrap().remove(0);
    assert_eq!((arrived.month.as_str(), arrived.on_time, arrived.late), ("2026-12", 2, 1));

    import(&mut ledger, 2, &[submission(4, StepStatus::Cancelled)]);
    counts_hold(&ledger, "one is withdrawn");
    assert_eq!(stands(&ledger), [(2, complete, 1), (2, incomplete, 1), (9, complete, 1)]);
    import(&mut ledger, 3, &[submission(4, StepStatus::Completed)]);
    counts_hold(&ledger, "and is there again");
    assert_eq!(stands(&ledger)[3], (9, incomplete, 1));
    let Item::Submission(mut moved, _) = submission(3, StepStatus::Completed) else { unreachable!() };
    moved.people = vec!["100002".parse().unwrap()];
    let hash = moved.content_hash();
    import(&mut ledger, 4, &[Item::Submission(moved, hash)]);
    counts_hold(&ledger, "one is about somebody else now");
    assert_eq!(ledger.last_check(&SubmissionId::new("a-3"), "100001".parse().unwrap()).unwrap(), None);
}

/// A night checks what was read before it; an import may go on beside it.
#[test]
fn a_check_of_what_a_request_says_no_longer_is_not_kept() {
    let (_folder, mut ledger) = ledger();
    let open = |ledger: &Ledger| {
        let open = ledger.may_be_open(&PanelName::of(&AuthorityName::new("a"), "p")).unwrap();
        open.into_iter().map(|one| one.submission.to_string()).collect::<Vec<_>>()
    };
    import(&mut ledger, 1, &[1, 2, 3].map(|number| submission(number, StepStatus::Started)));
    let Item::Submission(mut moved, _) = submission(3, StepStatus::Started) else { unreachable!() };
    moved.people = vec!["100002".parse().unwrap()];
    let hash = moved.content_hash();
    let later =
        [submission(1, StepStatus::Completed), submission(2, StepStatus::Cancelled), Item::Submission(moved, hash)];
    import(&mut ledger, 2, &later);
    ledger.keep_checks(&[check(1, 2, 0), check(2, 2, 0), check(3, 2, 0)], &actor()).unwrap();
    for number in 1..=3 {
        let kept = ledger.last_check(&SubmissionId::new(format!("a-{number}")), "100001".parse().unwrap()).unwrap();
        assert_eq!(kept, None, "a-{number}");
    }
    assert_eq!(open(&ledger), ["a-1", "a-3"], "what it says now is still to be seen");
    counts_hold(&ledger, "checks of what was said before");
    // It says again what it said: then it is the same.
    import(&mut ledger, 3, &[submission(1, StepStatus::Started)]);
    ledger.keep_checks(&[check(1, 2, 0)], &actor()).unwrap();
    assert!(ledger.last_check(&SubmissionId::new("a-1"), "100001".parse().unwrap()).unwrap().is_some());
}

#[test]
fn a_request_that_is_decided_stays_at_the_sitting_that_has_decided() {
    let (_folder, mut ledger) = ledger();
    import(&mut ledger, 1, &[submission(1, StepStatus::Started), submission(2, StepStatus::Started)]);
    ledger.keep_checks(&[check(1, 9, 1), check(2, 2, 1)], &actor()).unwrap();
    ledger.record_outcome(outcome("agreed"), &actor()).unwrap();
    let loaded = ledger.outcomes(Some(&SubmissionId::new("a-1"))).unwrap().remove(0).outcome;
    let day = loaded.sitting;
    let booked =
        |ledger: &Ledger| ledger.booked(&loaded.panel, day).unwrap().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    ledger.decide_outcome(&loaded, OutcomeState::Approved, None, &actor()).unwrap();
    ledger.keep_lateness(&loaded, Some(true)).unwrap();
    counts_hold(&ledger, "decided");
    // A later check of it, begun before it was decided, moves it nowhere.
    ledger.keep_checks(&[check(1, 16, 0)], &actor()).unwrap();
    import(&mut ledger, 2, &[submission(1, StepStatus::Cancelled)]);
    counts_hold(&ledger, "checked and cancelled");
    assert_eq!(booked(&ledger), [SubmissionId::new("a-2")]);
    let page = |after: (&str, &str), limit| {
        let page = ledger.booked_page(&loaded.panel, day, after, limit).unwrap();
        page.into_iter().map(|one| (one.submission.to_string(), one.place, one.is_decided)).collect::<Vec<_>>()
    };
    let handed_in = "2026-11-22T09:00:00Z";
    let (first, last) = (("a-2".to_owned(), handed_in.to_owned(), false), ("a-1".to_owned(), "~".to_owned(), true));
    assert_eq!(page(("", ""), 9), [first.clone(), last.clone()]);
    assert_eq!((page(("", ""), 1), page((handed_in, "a-2"), 9)), (vec![first], vec![last]));
    assert_eq!(ledger.booked_before(&loaded.panel, day, (handed_in, "a-2")).unwrap(), 1);
    let arrived = ledger.arrived(&loaded.panel, day, day).unwrap().remove(0);
    assert_eq!((arrived.on_time, arrived.late), (1, 1));
}

#[test]
fn a_ledger_is_opened_and_read_while_another_writes() {
    let (folder, mut ledger) = ledger();
    let writing = ledger.transaction().unwrap();
    let begun = std::time::Instant::now();
    let other = open(&folder, 7).unwrap();
    assert!(other.outcomes(None).unwrap().is_empty() && begun.elapsed() < std::time::Duration::from_secs(5));
    drop(writing);
}

/// A database that plans otherwise reads thousands of rows for one, and nothing but its slowness tells.
#[test]
fn what_a_page_reads_is_found_by_its_index() {
    let (_folder, ledger) = ledger();
    let open = format!("SELECT s.id FROM submission s WHERE s.panel = ?1 AND NOT {}", super::submission::DECIDED);
    for (sql, wanted) in [
        (open.as_str(), "SEARCH o USING COVERING INDEX outcome_standing (submission=? AND state=?)"),
        (super::check::BOOKED, "USING COVERING INDEX checked_booked"),
        (super::page::BOOKED_PAGE, "USING COVERING INDEX checked_booked"),
        (super::outcome::HEARD_BEFORE, "USING COVERING INDEX outcome_child (panel=? AND person=? AND state=?)"),
        (super::outcome::NAMING, "SEARCH o USING INDEX outcome_state (state=? AND sitting=? AND submission=?"),
        (super::outcome::NAMING, "SEARCH d USING PRIMARY KEY (panel=? AND field=? AND day>? AND day<?)"),
        (
            super::outcome::ABOUT,
            "SEARCH o USING INDEX outcome_child (panel=? AND person=? AND state=? AND submission=?)",
        ),
        (super::learning::FIRST_LOOKS, "SEARCH first_look_tally USING PRIMARY KEY (panel=? AND month>? AND month<?)"),
        (super::learning::FIRST_LACKS, "SEARCH first_lack_tally USING PRIMARY KEY (panel=? AND month>? AND month<?)"),
        (super::learning::DECIDED, "SEARCH decision_tally USING PRIMARY KEY (panel=? AND month>? AND month<?)"),
        (super::learning::DUTIES, "SEARCH duty_tally USING PRIMARY KEY (panel=? AND month>? AND month<?)"),
    ] {
        let steps = ledger.database.plan(sql);
        assert!(steps.iter().any(|step| step.contains(wanted)), "{sql}: {steps:?}");
    }
}
