//! The carrier and the courier against the stand-in, with every fault that it knows.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use secrecy::SecretString;
use tessera::calendar::Clock;
use tessera::domain::{
    AuthorityName, PanelName, Payload, Person, PersonId, Private, State, SubmissionId, WriteBack, WriteBackId,
    WriteBackKind,
};
use tessera::mosaic::{
    Dialect, Fault, FaultKind, RestCarrier, RestCredentials, RestSettings, Running, StandIn, StandInPerson,
};
use tessera::writeback::{Courier, Delivery, Queue, QueueTrouble, Settings, reference_of, write_back_id};

/// A queue in memory.
pub(crate) struct Memory(pub(crate) Mutex<Vec<WriteBack>>);

impl Queue for Memory {
    fn may_be_written(&self, _: &WriteBack) -> Result<Option<Timestamp>, QueueTrouble> {
        Ok(None)
    }

    fn again(&self, id: WriteBackId) -> Result<Option<WriteBack>, QueueTrouble> {
        Ok(self.0.lock().unwrap().iter().find(|one| one.id == id).cloned())
    }

    fn ready(&self, busy: &[PersonId], put_off: &[WriteBackId], wanted: usize) -> Result<Vec<WriteBack>, QueueTrouble> {
        let all = self.0.lock().unwrap();
        let free = |one: &&WriteBack| !busy.contains(&one.person) && !put_off.contains(&one.id);
        let ready = all.iter().filter(|one| one.state == State::Approved).filter(free);
        let mut people = Vec::new();
        let firsts = ready.filter(|one| {
            !people.contains(&one.person) && {
                people.push(one.person);
                true
            }
        });
        Ok(firsts.take(wanted).cloned().collect())
    }

    fn unsettled(&self) -> Result<Vec<WriteBack>, QueueTrouble> {
        let all = self.0.lock().unwrap();
        let unsettled = all.iter().filter(|one| matches!(one.state, State::Sending { .. } | State::Uncertain { .. }));
        Ok(unsettled.cloned().collect())
    }

    fn change(&self, seen: &WriteBack, to: State) -> Result<WriteBack, QueueTrouble> {
        let mut all = self.0.lock().unwrap();
        let one = all.iter_mut().find(|one| one.id == seen.id).unwrap();
        assert_eq!(one.fence, seen.fence);
        one.fence += 1;
        one.state = to;
        Ok(one.clone())
    }

    fn known_person(&self, _: PersonId) -> Result<Option<Person>, QueueTrouble> {
        Ok(None)
    }
}

fn write_back(person: u64) -> WriteBack {
    let authority = AuthorityName::new("somewhere");
    let submission = SubmissionId::new(format!("somewhere-{person}"));
    let person: PersonId = person.to_string().parse().unwrap();
    let sitting = date(2026, 11, 25);
    let id = write_back_id(&authority, &submission, person, sitting, (WriteBackKind::CaseNote, ""), 1);
    let reference = reference_of(id);
    let body = Private::new(format!("Synthetic text with <b>markup</b>\n\nRef: {reference}"));
    let payload = Payload::CaseNote {
        note_type: "PANEL".into(),
        title: "A decision".into(),
        contact_date: sitting,
        body,
        alert_recipients: Vec::new(),
    };
    let panel = PanelName::of(&authority, "panel");
    let (kind, state) = (WriteBackKind::CaseNote, State::Approved);
    WriteBack {
        id,
        reference,
        submission,
        person,
        panel,
        sitting,
        revision: 1,
        kind,
        payload,
        state,
        attempts: 0,
        fence: 0,
    }
}

/// What the stand-in and the models take.
pub(crate) fn credentials() -> RestCredentials {
    RestCredentials::Client { id: "tessera".into(), secret: SecretString::from("secret") }
}

struct World {
    stand_in: Running,
    carrier: RestCarrier,
    _folder: tempfile::TempDir,
}

async fn world(people: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
    let person = |person_id| StandInPerson {
        person_id,
        date_of_birth: Some("2014-03-04".into()),
        initials: None,
        status: "open".into(),
        restricted: person_id == 999,
        merged_into: (person_id == 998).then_some(100_001),
    };
    let persons = (100_001..=100_000 + people).chain([998, 999]).map(person).collect();
    let listen = "127.0.0.1:0".parse().unwrap();
    let stand_in = StandIn { listen, records: folder.path().join("mosaic.json"), persons, clock };
    let stand_in = stand_in.start().await.unwrap();
    let text = include_str!("../mappings/dialects/rest-default.toml");
    let settings = RestSettings { rate_per_second: 10_000, ..RestSettings::new(stand_in.url(), credentials()) };
    let carrier = RestCarrier::new(Dialect::read("rest-default.toml", text).0.unwrap(), settings, clock).unwrap();
    World { stand_in, carrier, _folder: folder }
}

async fn run(world: &World, queue: &Memory) -> Delivery {
    let settings = Settings { settling: Duration::ZERO, wait_max: Duration::from_millis(1), ..Settings::default() };
    let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
    Courier::new(queue, &world.carrier, clock, settings).run().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_the_note_is_on_the_record_once() {
    let faults = [
        FaultKind::CutBefore,
        FaultKind::CutAfter,
        FaultKind::Status(429),
        FaultKind::Status(503),
        FaultKind::StatusAfter(500),
        FaultKind::StatusAfter(408),
        FaultKind::StatusAfter(409),
        FaultKind::Status(423),
        FaultKind::Garbage,
        FaultKind::Slow(5),
    ];
    for kind in faults {
        let world = world(1).await;
        let queue = Memory(Mutex::new(vec![write_back(100_001)]));
        world.stand_in.misbehave(Fault { kind, times: 1 });
        for _ in 0..4 {
            run(&world, &queue).await;
        }
        let state = queue.0.lock().unwrap()[0].state.clone();
        assert!(matches!(state, State::Sent { .. }), "{kind:?}: {}", state.as_str());
        assert_eq!(world.stand_in.notes_on(100_001), 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_wait_for_a_person() {
    let world = world(1).await;
    let queue = Memory(Mutex::new(vec![write_back(100_001)]));
    world.stand_in.misbehave(Fault { kind: FaultKind::Duplicate, times: 1 });
    // The answer to a doubled write is lost, so that it has to be read back.
    let delivery = run(&world, &queue).await;
    assert_eq!(delivery.sent, 1);
    let found = tessera::writeback::Carrier::find(&world.carrier, &write_back(100_001)).await;
    assert!(matches!(found, tessera::writeback::Found::Doubtful { .. }), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_may_not_be_written_on_is_held_and_holds_up_nobody_else() {
    let world = world(2).await;
    let queue = Memory(Mutex::new(vec![write_back(998), write_back(999), write_back(777), write_back(100_001)]));
    let delivery = run(&world, &queue).await;
    assert_eq!((delivery.sent, delivery.held), (1, 3), "{delivery:?}");
    assert_eq!(world.stand_in.notes_on(100_001), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_without_tls_but_to_this_machine() {
    let dialect = || Dialect::read("x", include_str!("../mappings/dialects/rest-default.toml")).0.unwrap();
    for (url, well) in
        [("http://mosaic.example", false), ("https://mosaic.example", true), ("http://127.0.0.1:1", true)]
    {
        let settings = RestSettings { rate_per_second: 1, ..RestSettings::new(url, credentials()) };
        assert_eq!(RestCarrier::new(dialect(), settings, Clock::System).is_ok(), well, "{url}");
    }
}

/// What leaves is what the dialect spells: headers, path and body, held to by a Mosaic that takes nothing else.
#[tokio::test]
async fn a_note_leaves_just_as_the_dialect_spells_it_and_an_old_token_is_renewed_once() {
    use serde_json::json;
    use wiremock::matchers::{body_partial_json, header, header_exists, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};
    let mosaic = MockServer::start().await;
    let token = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 600 });
    let tokens = Mock::given(method("POST")).and(path("/oauth/token"));
    tokens.respond_with(ResponseTemplate::new(200).set_body_json(token)).expect(2).mount(&mosaic).await;
    let notes = "/api/persons/100001/case-notes";
    let refused = Mock::given(method("POST")).and(path(notes)).respond_with(ResponseTemplate::new(401));
    refused.up_to_n_times(1).expect(1).mount(&mosaic).await;
    let write_back = write_back(100_001);
    let note = Payload::CaseNote {
        note_type: "PANEL".into(),
        title: "A decision".into(),
        contact_date: write_back.sitting,
        body: Private::from("Words"),
        alert_recipients: Vec::new(),
    };
    let write_back = WriteBack { payload: note, ..write_back };
    let sent =
        json!({ "type": "PANEL", "title": "A decision", "body": "Words", "finish": true, "alertRecipients": [] });
    let answer = json!({ "caseNoteId": 5001, "personId": 100_001, "createdAt": "2026-11-27T09:00:00" });
    let taken = Mock::given(method("POST")).and(path(notes)).and(header("Authorization", "Bearer t"));
    let taken = taken.and(header("Idempotency-Key", write_back.id.to_string().as_str()));
    let taken = taken.and(header_exists("content-type")).and(body_partial_json(sent));
    taken.respond_with(ResponseTemplate::new(201).set_body_json(answer)).expect(1).mount(&mosaic).await;
    let text = include_str!("../mappings/dialects/rest-default.toml");
    let settings = RestSettings { rate_per_second: 10_000, ..RestSettings::new(mosaic.uri(), credentials()) };
    let carrier =
        RestCarrier::new(Dialect::read("rest-default.toml", text).0.unwrap(), settings, Clock::System).unwrap();
    let carried = tessera::writeback::Carrier::carry(&carrier, &write_back).await;
    assert!(
        matches!(&carried, tessera::writeback::Carried::Done(receipt) if receipt.mosaic_id == "5001"),
        "{carried:?}"
    );
}
