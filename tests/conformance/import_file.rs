//! What only files can do: be taken away, be half there, come twice, come broken.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tessera::domain::{State, WriteBack};
use tessera::mosaic::ImportTrouble;
use tessera::writeback::{Carried, Carrier as _, Courier, Delivery, Found, Settings};

use super::{Import, PERSON, clock, every_kind, names_in};
use crate::mosaic::Memory;

const HEADING: &str = "reference,person,status,mosaic-id,message,time\n";

async fn hand_over(import: &Import, write_back: &WriteBack) {
    let carried = import.carrier().carry(write_back).await;
    assert!(matches!(carried, Carried::Handed { .. }), "{carried:?}");
}

fn note() -> WriteBack {
    every_kind(PERSON, 1).remove(0)
}

async fn run(import: &Import, queue: &Memory) -> (Delivery, Vec<ImportTrouble>) {
    let carrier = import.carrier();
    let settings = Settings { settling: Duration::ZERO, wait_max: Duration::from_millis(1), ..Settings::default() };
    let delivery = Courier::new(queue, &carrier, clock(), settings).run().await.unwrap();
    (delivery, carrier.troubles())
}

#[tokio::test]
async fn each_kind_has_its_own_columns_and_a_manifest() {
    let import = Import::new();
    let wanted = [
        ("case-note", 1, "reference,key,person,type,title,contact-date,body,alert-recipients"),
        ("appendment", 1, "reference,key,person,note,contact-date,body"),
        ("form-outcome", 2, "reference,key,person,step,form,contact-date,question,answer,answer-type,replaces"),
        ("document", 1, "reference,key,person,title,contact-date,description,file"),
        ("workflow-step", 1, "reference,key,person,type,start-date,note"),
    ];
    for (write_back, (kind, records, columns)) in every_kind(PERSON, 1).iter().zip(wanted) {
        hand_over(&import, write_back).await;
        let path = |ending: &str| import.outbox().join(format!("{}{ending}", write_back.reference));
        let manifest: Value = serde_json::from_slice(&fs::read(path(".manifest.json")).unwrap()).unwrap();
        assert_eq!((&manifest["kind"], &manifest["records"]), (&kind.into(), &records.into()));
        assert_eq!((&manifest["person"], &manifest["key"]), (&"100001".into(), &write_back.id.to_string().into()));
        let mut reader = csv::Reader::from_path(path(".csv")).unwrap();
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), columns);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), records);
        for cell in rows.iter().flat_map(csv::StringRecord::iter) {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell} would be calculated");
        }
        assert_eq!(path(".docx").exists(), kind == "document");
    }
    #[cfg(unix)]
    for name in import.names() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(import.outbox().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn handing_over_twice_is_one_file_and_what_was_taken_is_never_handed_over_again() {
    for write_back in every_kind(PERSON, 1) {
        let import = Import::new();
        hand_over(&import, &write_back).await;
        let names = import.names();
        hand_over(&import, &write_back).await;
        assert_eq!(import.names(), names);
        assert_eq!(import.carrier().find(&write_back).await, Found::Waiting);

        import.take("late.txt", "done");
        assert!(import.names().is_empty());
        hand_over(&import, &write_back).await;
        assert!(import.names().is_empty(), "it was handed over again, unread");
        assert_eq!(import.carrier().find(&write_back).await, Found::Waiting);
        assert_eq!(import.effects(&write_back), 1);
    }
}

/// Every state in which a machine that lost its power could have left the outbox.
#[tokio::test]
async fn wherever_the_power_went_it_is_handed_over_once() {
    for write_back in every_kind(PERSON, 1) {
        let whole = Import::new();
        hand_over(&whole, &write_back).await;
        let names = whole.names();
        for (shown, journalled) in (0..=names.len()).flat_map(|shown| [(shown, true), (shown, false)]) {
            // Nothing is shown before the line of the journal is on the disk.
            if !journalled && shown > 0 {
                continue;
            }
            let import = Import::new();
            let carrier = import.carrier();
            // The manifest is the last to be shown.
            let mut order = names.clone();
            order.sort_by_key(|name| name.ends_with(".manifest.json"));
            for (at, name) in order.iter().enumerate() {
                let target = if at < shown { name.clone() } else { format!(".{name}.part") };
                fs::copy(whole.outbox().join(name), import.outbox().join(target)).unwrap();
            }
            if journalled {
                let entry = format!(".handed-over/{}.json", write_back.reference);
                fs::copy(whole.outbox().join(&entry), import.outbox().join(&entry)).unwrap();
            }
            let found = carrier.find(&write_back).await;
            let case = format!("{shown} shown, journalled: {journalled}, {:?}: {found:?}", write_back.kind);
            let was_there_to_be_taken = shown == names.len();
            assert_eq!(found, if was_there_to_be_taken { Found::Waiting } else { Found::Nowhere }, "{case}");
            hand_over(&import, &write_back).await;
            assert_eq!(import.names(), names, "{case}");
            assert_eq!(import.take("result.csv", "done"), 1);
            assert!(matches!(carrier.find(&write_back).await, Found::Once(_)), "{case}");
        }
    }
}

#[tokio::test]
async fn the_same_result_twice_is_one_whatever_the_file_and_its_shape() {
    let (import, note) = (Import::new(), note());
    hand_over(&import, &note).await;
    import.take("one.csv", "done");
    let reference = note.reference.0.to_lowercase().replace('-', " ");
    import.say("two.csv", &format!("Status;Mosaic ID;Reference;Person\r\ndone;5001;{reference};100001\r\n"));
    let json = format!(
        r#"{{"results":[{{"reference":"{}","person":100001,"status":"done","mosaic-id":5001}}]}}"#,
        note.reference
    );
    import.say("three.json", &json);
    let Found::Once(receipt) = import.carrier().find(&note).await else { panic!("not found") };
    assert_eq!((receipt.mosaic_id.as_str(), receipt.mosaic_time.as_deref()), ("5001", Some("2026-11-27T10:00:00Z")));
    assert!(import.carrier().troubles().is_empty());

    import.say("four.csv", &format!("{HEADING}{},100001,rejected,,,\n", note.reference));
    assert!(matches!(import.carrier().find(&note).await, Found::Doubtful { .. }));
}

#[tokio::test]
async fn a_result_of_another_key_or_kind_is_doubtful_and_one_of_nothing_is_told() {
    for (column, value) in [("key", "00000000-0000-0000-0000-000000000000"), ("kind", "document")] {
        let (import, note) = (Import::new(), note());
        hand_over(&import, &note).await;
        import.say(
            "r.csv",
            &format!("reference,person,status,mosaic-id,{column}\n{},100001,done,1,{value}\n", note.reference),
        );
        assert!(matches!(import.carrier().find(&note).await, Found::Doubtful { .. }));
    }
    // A result of what never left is no receipt, and is not written over either.
    let (import, note) = (Import::new(), note());
    import.say("r.csv", &format!("{HEADING}{},100001,done,1,,\n", note.reference));
    let carrier = import.carrier();
    assert!(matches!(carrier.find(&note).await, Found::Doubtful { .. }));
    assert!(matches!(carrier.carry(&note).await, Carried::Unknown { .. }));
    assert!(import.names().is_empty());
    let told: Vec<String> = carrier.troubles().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("r.csv, line 2"), "{told:?}");
}

#[tokio::test]
async fn broken_results_are_told_with_their_place_and_the_rest_is_read() {
    let (import, write_backs) = (Import::new(), every_kind(PERSON, 1));
    for write_back in &write_backs {
        hand_over(&import, write_back).await;
    }
    let line = |at: usize, rest: &str| format!("{},{rest}\n", write_backs[at].reference);
    let broken = [
        HEADING.to_owned(),
        line(0, "100001,done,5001,,"),
        line(1, "100001,done,\"5002,,"),
        line(2, "somebody,done,5003,,"),
        line(3, "100001,perhaps,5004,,"),
        "TES-0000-0000-00,100001,done,5005,,\n".to_owned(),
        format!("{},100001,done,50", write_backs[4].reference),
    ];
    import.say("broken.csv", &broken.concat());
    import.say("no-heading.csv", "1,2,3\n");
    import.say("cut.json", "{\"results\":[");
    import.say("half.csv.part", "reference");
    import.say("whole.csv", &format!("{HEADING}{}", line(3, "100001,rejected,,,")));
    let carrier = import.carrier();
    let mut found = Vec::new();
    for write_back in &write_backs {
        found.push(carrier.find(write_back).await);
    }
    assert!(matches!(found[0], Found::Once(_)), "{found:?}");
    assert!([1, 2, 4].iter().all(|at| found[*at] == Found::Waiting), "{found:?}");
    assert!(matches!(found[3], Found::Refused { .. }), "{found:?}");
    let told: Vec<String> = carrier.troubles().iter().map(ToString::to_string).collect();
    for place in ["line 3", "line 4", "line 5", "line 6", "line 7"] {
        assert!(told.iter().any(|one| one.contains(&format!("broken.csv, {place}:"))), "{place}: {told:#?}");
    }
    for file in ["no-heading.csv, line 1", "cut.json, line 1"] {
        assert!(told.iter().any(|one| one.contains(file)), "{file}: {told:#?}");
    }
    assert_eq!(told.len(), 7, "{told:#?}");
    assert!(!told.concat().contains("somebody") && !told.concat().contains("perhaps"), "{told:#?}");
}

#[tokio::test]
async fn a_file_that_is_still_being_written_waits_for_the_next_run_or_for_its_marker() {
    let (import, note) = (Import::new(), note());
    hand_over(&import, &note).await;
    import.take("result.csv", "done");
    let folders = tessera::mosaic::ImportFolders { outbox: import.outbox(), results: import.results() };
    let now = tessera::mosaic::ImportFileCarrier::new(&folders, [], tessera::calendar::Clock::System).unwrap();
    assert_eq!(now.find(&note).await, Found::Waiting);
    assert!(now.troubles().iter().all(|trouble| !trouble.needs_person) && now.troubles().len() == 1);
    import.say("result.csv.done", "");
    assert!(matches!(now.find(&note).await, Found::Once(_)));
    assert!(now.troubles().is_empty());
}

#[tokio::test]
async fn what_was_rejected_is_handed_over_again_only_when_somebody_lets_it_go_on() {
    let (import, note) = (Import::new(), note());
    let queue = Memory(vec![note.clone()].into());
    let state = || queue.0.lock().unwrap()[0].state.clone();
    assert_eq!(run(&import, &queue).await.0.deferred, 1);
    import.take("monday.csv", "rejected");
    for _ in 0..3 {
        let refused = run(&import, &queue).await.0.refused;
        assert!(refused <= 1 && matches!(state(), State::Refused { .. }));
        assert!(import.names().is_empty(), "it was handed over again by itself");
    }
    queue.0.lock().unwrap()[0].state = State::Approved;
    assert_eq!(run(&import, &queue).await.0.deferred, 1);
    assert!(!import.names().is_empty(), "it was not handed over again");
    assert_eq!(run(&import, &queue).await.0.deferred, 1, "the old rejection says nothing any more");
    // The import tells the old rejection once more, and the new result.
    let again = "2026-11-27T10:00:00Z";
    import.say("again.csv", &format!("{HEADING}{},100001,rejected,,,{again}\n", note.reference));
    assert_eq!(import.take("tuesday.csv", "done"), 1);
    assert_eq!(run(&import, &queue).await.0.sent, 1);
    assert!(matches!(state(), State::Sent { .. }));
}

#[tokio::test]
async fn an_outbox_that_has_lost_its_journal_hands_nothing_over_again() {
    let (import, note) = (Import::new(), note());
    let queue = Memory(vec![note.clone()].into());
    run(&import, &queue).await;
    fs::remove_dir_all(import.outbox()).unwrap();
    fs::create_dir(import.outbox()).unwrap();
    for _ in 0..2 {
        let (delivery, troubles) = run(&import, &queue).await;
        assert_eq!(delivery.deferred, 1, "{delivery:?}");
        assert_eq!(troubles.len(), 1, "{troubles:?}");
        assert!(import.names().is_empty(), "it was handed over again, unread");
    }
    // While the files or their manifest are there, they are known by themselves.
    let import = Import::new();
    hand_over(&import, &note).await;
    fs::remove_dir_all(import.outbox().join(".handed-over")).unwrap();
    assert_eq!(import.carrier().find(&note).await, Found::Waiting);
}

#[tokio::test]
async fn a_reference_of_another_write_back_is_not_taken_for_this_one() {
    let (import, note) = (Import::new(), note());
    hand_over(&import, &note).await;
    let other = WriteBack { id: every_kind(PERSON, 2)[0].id, ..note };
    assert!(matches!(import.carrier().carry(&other).await, Carried::Unknown { .. }));
    assert!(matches!(import.carrier().find(&other).await, Found::Doubtful { .. }));
    assert_eq!(import.names().len(), 2);
}

#[tokio::test]
async fn folders_that_are_away_hold_everything_up_and_lose_nothing() {
    let (import, note) = (Import::new(), note());
    let carrier = import.carrier();
    let away = import.folder.path().join("away");
    fs::rename(import.outbox(), &away).unwrap();
    assert!(matches!(carrier.carry(&note).await, Carried::Unsent { .. }));
    assert_eq!(carrier.troubles().len(), 2, "{:?}", carrier.troubles());
    fs::rename(&away, import.outbox()).unwrap();
    hand_over(&import, &note).await;
    fs::rename(import.results(), &away).unwrap();
    assert!(matches!(carrier.find(&note).await, Found::Unreadable { .. }));
    let folders = tessera::mosaic::ImportFolders { outbox: import.outbox(), results: import.results() };
    assert!(tessera::mosaic::ImportFileCarrier::new(&folders, [], clock()).is_err());
}

#[tokio::test]
async fn many_children_and_results_in_any_order_come_to_one_receipt_each() {
    let import = Import::new();
    let all: Vec<WriteBack> =
        (0..40).flat_map(|at| every_kind(PERSON + at % 2, 10 + u32::try_from(at).unwrap())).collect();
    let queue = Memory(all.clone().into());
    let (delivery, _) = run(&import, &queue).await;
    assert_eq!(delivery.deferred, 200, "{delivery:?}");
    assert_eq!(import.take("z.csv", "done"), 200);
    let text = fs::read_to_string(import.results().join("z.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.reverse();
    for (at, part) in lines.chunks(33).enumerate() {
        import.say(&format!("part-{at}.csv"), &format!("{HEADING}{}\n", part.join("\n")));
    }
    let (delivery, troubles) = run(&import, &queue).await;
    assert_eq!((delivery.sent, delivery.deferred, troubles.len()), (200, 0, 0));
    assert!(all.iter().all(|one| import.effects(one) == 1));
    assert_eq!(names_in(&import.outbox()), [".handed-over"]);
    let known_at = |one: &WriteBack| matches!(&one.state, State::Sent { receipt } if receipt.known_at > Timestamp::MIN);
    assert!(queue.0.lock().unwrap().iter().all(known_at));
}

/// After `retry` the courier reads before it sends: the rejection that the ledger knows holds nothing up, and one that a
/// restored ledger does not know is told to a person first.
#[tokio::test]
async fn a_rejection_that_the_ledger_knows_is_no_news() {
    let (import, mut note) = (Import::new(), note());
    hand_over(&import, &note).await;
    import.take("monday.csv", "rejected");
    note.state = State::Uncertain { since: Timestamp::MIN, reason: "a person has let it go on".into() };
    assert!(matches!(import.carrier().find(&note).await, Found::Refused { .. }));
    note.attempts = 1;
    assert_eq!(import.carrier().find(&note).await, Found::Nowhere);
    hand_over(&import, &note).await;
    assert_eq!(import.carrier().find(&note).await, Found::Waiting);
    let say = |name: &str, handover: u32| {
        let line = format!("{},100001,rejected,2026-11-27T10:00:00Z,{handover}\n", note.reference);
        import.say(name, &format!("reference,person,status,time,handover\n{line}"));
    };
    say("again.csv", 1);
    assert_eq!(import.carrier().find(&note).await, Found::Waiting);
    say("tuesday.csv", 2);
    note.attempts = 1;
    assert!(matches!(import.carrier().find(&note).await, Found::Refused { .. }));
}
