//! What only a web service can do.

use std::time::Duration;

use serde_json::{Value, json};
use tessera::domain::{Payload, State, WriteBack};
use tessera::writeback::{Carried, Carrier as _, Courier, Found, Settings};

use super::model::{Fault, Served};
use super::{PERSON, clock, every_kind, is_form, rest_carrier};
use crate::mosaic::Memory;

async fn carried(served: &Served, write_back: &WriteBack, fault: Fault) -> Carried {
    served.fail(fault);
    rest_carrier(&served.url).carry(write_back).await
}

fn form() -> WriteBack {
    every_kind(PERSON, 1).into_iter().find(is_form).unwrap()
}

#[tokio::test]
async fn after_a_cut_or_an_answer_that_is_none_nobody_knows_and_reading_tells() {
    let faults = [
        Fault::Cut(false),
        Fault::Cut(true),
        Fault::Status(408, true, None),
        Fault::Status(500, false, None),
        Fault::Status(503, true, None),
        Fault::Status(599, true, None),
        Fault::Garbage,
        Fault::Oversized,
        Fault::OfAnother,
    ];
    for fault in faults {
        for write_back in every_kind(PERSON, 1) {
            let served = Served::start().await;
            let carried = carried(&served, &write_back, fault.clone()).await;
            let case = format!("{fault:?}, {:?}", write_back.kind);
            assert!(matches!(carried, Carried::Unknown { .. }), "{case}: {carried:?}");
            let found = rest_carrier(&served.url).find(&write_back).await;
            match served.effects(&write_back) {
                0 => assert_eq!(found, Found::Nowhere, "{case}"),
                _ => assert!(matches!(found, Found::Once(_)), "{case}: {found:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_surely_never_left_may_be_tried_again() {
    // Nobody listens there: the port was given back.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for write_back in every_kind(PERSON, 1) {
        let carrier = rest_carrier(&gone);
        let carried = carrier.carry(&write_back).await;
        assert!(matches!(carried, Carried::Unsent { .. }), "{carried:?}");
        assert!(matches!(carrier.find(&write_back).await, Found::Unreadable { .. }));
    }
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_mosaic_asks() {
    let waits = [
        ("7", Some(7)),
        ("Fri, 27 Nov 2026 09:01:00 GMT", Some(60)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("Fri, 27 Nov 2026 08:00:00 GMT", None),
        ("99999999999999999999", None),
    ];
    for (said, seconds) in waits {
        for write_back in every_kind(PERSON, 1) {
            let served = Served::start().await;
            let fault = Fault::Status(429, false, Some(("Retry-After", said)));
            let Carried::Unsent { retry_after, .. } = carried(&served, &write_back, fault).await else {
                panic!("{said}, {:?}", write_back.kind)
            };
            assert_eq!(retry_after, seconds.map(Duration::from_secs), "{said}");
            assert_eq!(served.effects(&write_back), 0);
        }
    }
}

#[tokio::test]
async fn a_form_that_is_checked_out_waits_and_the_note_of_the_same_child_does_not() {
    let served = Served::start().await;
    let carrier = rest_carrier(&served.url);
    served.fail(Fault::Status(423, false, None));
    served.world.lock().unwrap().items.clear();
    let (form, note) = (form(), every_kind(PERSON, 1).remove(0));
    let queue = Memory(vec![form.clone(), note.clone()].into());
    let settings = Settings { settling: Duration::ZERO, wait_max: Duration::from_secs(5), ..Settings::default() };
    // The guard asks who the child is.
    let person = json!({ "personId": PERSON, "status": "open", "restricted": false }).to_string().into_bytes();
    served.world.lock().unwrap().readings.push_back((200, person.clone()));
    let delivery = Courier::new(&queue, &carrier, clock(), settings.clone()).run().await.unwrap();
    assert_eq!((delivery.sent, delivery.deferred), (1, 1), "{delivery:?}");
    assert_eq!((served.effects(&form), served.effects(&note)), (0, 1));
    served.world.lock().unwrap().readings.push_back((200, person));
    let delivery = Courier::new(&queue, &carrier, clock(), settings).run().await.unwrap();
    assert_eq!((delivery.sent, delivery.deferred), (1, 0), "{delivery:?}");
    assert!(queue.0.lock().unwrap().iter().all(|one| matches!(one.state, State::Sent { .. })));
    assert_eq!((served.effects(&form), served.effects(&note)), (1, 1));
}

#[tokio::test]
async fn a_form_that_has_changed_is_read_again_and_what_somebody_wrote_there_stands() {
    let (served, form) = (Served::start().await, form());
    let carried_once = carried(&served, &form, Fault::Overtaken).await;
    assert!(matches!(carried_once, Carried::Done(_)), "{carried_once:?}");
    assert_eq!((served.asked("GET"), served.asked("PATCH"), served.effects(&form)), (2, 2, 1));

    let served = Served::start().await;
    for _ in 0..5 {
        served.fail(Fault::Overtaken);
    }
    let Carried::Unsent { retry_after, .. } = rest_carrier(&served.url).carry(&form).await else {
        panic!("not unsent")
    };
    assert!(retry_after.is_some() && served.asked("PATCH") < 5, "it is not read for ever");

    let served = Served::start().await;
    served.world.lock().unwrap().form_answers.insert("Q1".into(), json!("somebody else's"));
    let refused = rest_carrier(&served.url).carry(&form).await;
    assert!(matches!(refused, Carried::Refused { .. }), "{refused:?}");
    assert_eq!(served.asked("PATCH"), 0);
}

#[tokio::test]
async fn a_conflict_is_final_where_the_form_is_completed_and_read_back_where_it_is_there() {
    let form = form();
    for status in ["completed", "cancelled"] {
        let served = Served::start().await;
        served.world.lock().unwrap().form_status = status.into();
        let refused = rest_carrier(&served.url).carry(&form).await;
        assert!(matches!(refused, Carried::Refused { .. }), "{refused:?}");
    }
    let served = Served::start().await;
    let problem = ("type", "https://mosaic.example/problems/form-completed");
    let refused = carried(&served, &form, Fault::Status(409, false, Some(problem))).await;
    assert!(matches!(refused, Carried::Refused { .. }), "{refused:?}");

    for write_back in every_kind(PERSON, 1) {
        for problem in ["already-there", "in-flight"] {
            let served = Served::start().await;
            let carried = carried(&served, &write_back, Fault::Status(409, true, Some(("type", problem)))).await;
            assert!(matches!(carried, Carried::Unknown { .. }), "{problem}, {:?}: {carried:?}", write_back.kind);
            let found = rest_carrier(&served.url).find(&write_back).await;
            assert!(matches!(found, Found::Once(_)), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_elsewhere_takes_nothing_there() {
    for write_back in every_kind(PERSON, 1) {
        let (served, elsewhere) = (Served::start().await, Served::start().await);
        let url = format!("{}/api/elsewhere", elsewhere.url);
        let carried = carried(&served, &write_back, Fault::Redirect(url)).await;
        assert!(matches!(carried, Carried::Unknown { .. }), "{carried:?}");
        assert!(elsewhere.world.lock().unwrap().asked.is_empty(), "it went elsewhere");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_taken_for_nothing() {
    let list = |next: &str| json!({ "items": [], "next": next }).to_string().into_bytes();
    let oversized = vec![b' '; (16 << 20) + 2];
    let answers: [(u16, Vec<u8>); 7] = [
        (500, Vec::new()),
        (403, Vec::new()),
        (200, b"<html>".to_vec()),
        (200, b"[]".to_vec()),
        (200, oversized),
        (200, list("https://elsewhere.example/api/persons")),
        (200, json!({ "items": [{ "body": "nothing" }, 7, null], "next": 5 }).to_string().into_bytes()),
    ];
    for (status, body) in answers {
        for write_back in every_kind(PERSON, 1) {
            let served = Served::start().await;
            let odd = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            served.world.lock().unwrap().readings.push_back((status, body.clone()));
            let found = rest_carrier(&served.url).find(&write_back).await;
            let case = format!("{status} {odd}, {:?}: {found:?}", write_back.kind);
            let is_read = body.starts_with(b"{\"items\":[{");
            match &write_back.payload {
                Payload::FormOutcome { .. } if status == 403 => {
                    assert!(matches!(found, Found::Doubtful { .. }), "{case}");
                }
                Payload::FormOutcome { .. } => assert!(matches!(found, Found::Unreadable { .. }), "{case}"),
                _ if is_read => assert_eq!(found, Found::Nowhere, "{case}"),
                _ => assert!(matches!(found, Found::Unreadable { .. }), "{case}"),
            }
        }
    }
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let served = Served::start().await;
    let page = json!({ "items": [], "next": "/api/persons/100001/case-notes?page=1" }).to_string().into_bytes();
    served.world.lock().unwrap().readings.extend((0..2_000).map(|_| (200, page.clone())));
    let found = rest_carrier(&served.url).find(&every_kind(PERSON, 1)[0]).await;
    assert!(matches!(found, Found::Unreadable { .. }), "{found:?}");
}

#[tokio::test]
async fn no_address_and_no_reason_holds_anything_of_the_child() {
    for write_back in every_kind(PERSON, 1) {
        let served = Served::start().await;
        let carried = carried(&served, &write_back, Fault::Status(422, false, None)).await;
        assert!(!format!("{carried:?}").contains("Synthetic"));
        let world = served.world.lock().unwrap();
        for (_, path, _) in &world.asked {
            assert!(!path.contains("Synthetic") && !path.contains("TES-") && !path.contains("2014"), "{path}");
        }
        assert_eq!(world.form_answers.get("Q1"), None::<&Value>);
    }
}
