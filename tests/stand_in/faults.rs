//! Every way in which it can misbehave.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{LOCATION, RETRY_AFTER};
use serde_json::{Value, json};

use super::{Answer, FORM, Mosaic, PERSON, REFERENCE, on_person, sent};

/// How often a write is done, and the status that is answered, for each way to misbehave. Status 0: it was cut.
#[tokio::test]
async fn every_write_goes_wrong_in_every_way() {
    let faults = [
        (json!("cut-before"), 0, 0),
        (json!("cut-after"), 1, 0),
        (json!({ "status": 429 }), 0, 429),
        (json!({ "status": 412 }), 0, 412),
        (json!({ "status": 423 }), 0, 423),
        (json!({ "status": 503 }), 0, 503),
        (json!({ "status-after": 500 }), 1, 500),
        (json!({ "status-after": 408 }), 1, 408),
        (json!({ "status-after": 409 }), 1, 409),
        (json!({ "slow": 5 }), 1, 2),
        (json!({ "late": { "milliseconds": 300, "status": 500 } }), 1, 500),
        (json!({ "late": { "milliseconds": 300 } }), 1, 0),
        (json!("garbage"), 1, 2),
        (json!("duplicate"), 2, 2),
        (json!("other-person"), 1, 2),
        (json!("other-request"), 1, 2),
        (json!("cut-midway"), 1, 2),
        (json!("redirect"), 0, 307),
        (json!("token-refused"), 0, 401),
    ];
    let mosaic = Mosaic::new().await;
    mosaic.write("add-note", "the note that is appended to").await;
    let mut written = mosaic.writes().await;
    for operation in ["add-note", "append-to-note", "answer-form", "add-document", "start-step"] {
        for (number, (kind, times, status)) in faults.iter().enumerate() {
            let what = format!("{operation} {kind}");
            mosaic.scene("faults", json!({ "kind": kind, "times": 1, "aim": operation })).await;
            let answer = mosaic.write(operation, &format!("{operation} {number}")).await;
            let good = if operation == "answer-form" { 200 } else { 201 };
            let wanted = if *status == 2 { good } else { *status };
            assert_eq!(answer.status(), wanted, "{what}: {answer:?}");
            told_apart(kind, &answer, &what);
            if kind["late"].is_object() {
                let counts = mosaic.counts().await;
                assert_eq!((&counts["totals"]["writes"], &counts["pending"]), (&json!(written), &json!(1)), "{what}");
                settled(&mosaic).await;
            }
            written += times;
            assert_eq!(mosaic.writes().await, written, "{what}");
            let entry = mosaic.log().await.into_iter().rfind(|entry| entry["fault"] == *kind).unwrap_or_default();
            if !kind["late"].is_object() {
                assert_eq!(entry["operation"], operation, "{what}");
            }
        }
    }
    // The same five writes once more, and nothing goes wrong any longer.
    for operation in ["add-note", "append-to-note", "answer-form", "add-document", "start-step"] {
        assert!((200..=201).contains(&mosaic.write(operation, &format!("{operation} at last")).await.status()));
    }
    assert_eq!(mosaic.writes().await, written + 5);
}

fn told_apart(kind: &Value, answer: &Answer, what: &str) {
    let id = |name: &str| answer.body[name].is_u64();
    match kind.as_str() {
        Some("garbage") => assert_eq!(answer.body, json!("<html>"), "{what}"),
        Some("cut-midway") => assert_eq!(answer.body, Value::Null, "{what}"),
        Some("other-person") => assert_eq!(answer.body["personId"], PERSON + 1, "{what}"),
        Some("other-request") => {
            assert!(id("caseNoteId") != what.contains("note") && id("documentId") == what.contains("note"), "{what}");
        }
        Some("redirect") => {
            let place = answer.headers[LOCATION].to_str().unwrap();
            assert!(place.starts_with("http://localhost:"), "{place}");
        }
        Some("token-refused") => assert_eq!(answer.kind(), "invalid-token", "{what}"),
        _ => {}
    }
}

/// Waits until nothing is left to be done late.
async fn settled(mosaic: &Mosaic) {
    for _ in 0..200 {
        if mosaic.counts().await["pending"] == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("something is late for ever");
}

#[tokio::test]
async fn every_read_goes_wrong_too() {
    let mut mosaic = Mosaic::new().await;
    for operation in ["add-note", "add-document", "start-step"] {
        mosaic.write(operation, operation).await;
    }
    let person = format!("/api/persons/{PERSON}");
    let reads = [
        ("person", person.clone()),
        ("find-notes", on_person("case-notes")),
        ("form", FORM.to_owned()),
        ("find-documents", on_person("documents")),
        ("find-steps", on_person("workflow-steps")),
    ];
    for (operation, path) in &reads {
        let wrong = async |kind: Value| {
            mosaic.scene("faults", json!({ "kind": kind, "aim": operation })).await;
            mosaic.get(path).await
        };
        for kind in ["cut-before", "cut-after"] {
            assert_eq!(wrong(json!(kind)).await.status(), 0, "{operation} {kind}");
        }
        assert_eq!(wrong(json!({ "late": { "milliseconds": 1, "status": 500 } })).await.status(), 500);
        assert_eq!(wrong(json!({ "status": 503 })).await.status(), 503);
        assert_eq!(wrong(json!("garbage")).await.body, json!("<html>"));
        let other = wrong(json!("other-person")).await.body;
        let id = if other["items"].is_array() { &other["items"][0]["personId"] } else { &other["personId"] };
        assert_eq!(*id, PERSON + 1, "{operation}");
        let other = wrong(json!("other-request")).await.body;
        assert!(other["items"].is_null() && other["answers"].is_null() && other["status"].is_null(), "{operation}");
        assert_eq!(wrong(json!("cut-midway")).await.body, Value::Null);
        assert_eq!(wrong(json!("redirect")).await.status(), 307);
        assert_eq!(wrong(json!("token-refused")).await.status(), 401);
        assert_eq!(mosaic.get(path).await.status(), 200);
    }
    mosaic.scene("faults", json!([{ "kind": "cut-before", "aim": "reads" }, { "kind": { "status": 500 } }])).await;
    assert_eq!(mosaic.write("add-note", "aimed at writes").await.status(), 500);
    assert_eq!(mosaic.get(&person).await.status(), 0);

    mosaic.scene("faults", json!({ "kind": "tokens-expired", "aim": "any" })).await;
    assert_eq!(mosaic.get(&person).await.refused(), (401, "invalid-token"));
    assert_eq!(mosaic.get(&person).await.refused(), (401, "invalid-token"));
    mosaic.scene("faults", json!({ "kind": { "status": 503 }, "aim": "token" })).await;
    assert_eq!(mosaic.door("tessera", "secret", "client_credentials").await.status(), 503);
    mosaic.sign_in().await;
    assert_eq!(mosaic.get(&person).await.status(), 200);
}

#[tokio::test]
async fn what_retry_after_says_may_be_anything() {
    let mosaic = Mosaic::new().await;
    for (after, wanted) in [
        (json!({ "seconds": 7 }), "7"),
        (json!({ "seconds": 0 }), "0"),
        (json!({ "seconds": -3 }), "-3"),
        (json!({ "date": 60 }), " GMT"),
        (json!({ "date": -60 }), " GMT"),
        (json!("garbage"), "soon"),
    ] {
        let kind = json!({ "retry-after": { "status": 429, "after": after } });
        mosaic.scene("faults", json!({ "kind": kind, "aim": "notes" })).await;
        let answer = mosaic.write("add-note", "k").await;
        assert_eq!(answer.refused(), (429, "too-many-requests"));
        let said = answer.headers[RETRY_AFTER].to_str().unwrap();
        assert!(said.ends_with(wanted), "{after}: {said}");
    }
    assert_eq!(mosaic.writes().await, 0);
}

#[tokio::test]
async fn a_form_is_changed_or_checked_out_for_a_while() {
    let mosaic = Mosaic::new().await;
    let tag = mosaic.tag().await;
    mosaic.scene("faults", json!({ "kind": "changed-meanwhile", "aim": "forms" })).await;
    assert_eq!(mosaic.patch(Some(&tag), "k", json!({ "Q1": "x" })).await.refused(), (412, "changed"));
    assert_eq!(mosaic.patch(Some(&tag), "k", json!({ "Q1": "x" })).await.refused(), (412, "changed"));
    mosaic.scene("faults", json!({ "kind": { "status": 423 }, "times": 3, "aim": "forms" })).await;
    for _ in 0..3 {
        assert_eq!(mosaic.write("answer-form", "k").await.refused(), (423, "checked-out"));
    }
    assert_eq!(mosaic.write("answer-form", "k").await.status(), 200);
    mosaic.scene("faults", json!({ "kind": { "status": 500 }, "times": 9 })).await;
    let ended = sent(mosaic.request(Method::DELETE, "/_stand-in/faults")).await;
    assert_eq!(ended.status(), 204);
    assert_eq!(mosaic.write("answer-form", "k2").await.status(), 200);
}

#[tokio::test]
async fn keys_are_honoured_unless_they_are_not() {
    let mosaic = Mosaic::new().await;
    mosaic.scene("settings", json!({ "keysHonoured": false })).await;
    for operation in ["add-note", "append-to-note", "answer-form", "add-document", "start-step"] {
        for _ in 0..2 {
            let answer = mosaic.write(operation, "the same").await;
            assert!((200..=201).contains(&answer.status()), "{operation}: {answer:?}");
        }
    }
    assert_eq!(mosaic.counts().await["references"][REFERENCE], 10);
    mosaic.scene("settings", json!({ "keysHonoured": true })).await;
    assert_eq!(mosaic.write("add-note", "the same").await.status(), 201, "it was ignored when it was given");
    assert_eq!(mosaic.write("add-note", "the same").await.refused(), (409, "already-there"));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let mut told = Vec::new();
    for seed in [7, 7, 8] {
        let mosaic = Mosaic::new().await;
        let script = json!({ "seed": seed, "rate": 0.4, "aim": "writes", "lateMilliseconds": 20 });
        mosaic.scene("script", script).await;
        let mut accepted = 0;
        for number in 0..60 {
            let operation = ["add-note", "add-document", "start-step"][number % 3];
            let tokens_expired = mosaic.write(operation, &number.to_string()).await.refused() == (401, "invalid-token");
            accepted += u32::from(!tokens_expired);
        }
        settled(&mosaic).await;
        let log = mosaic.log().await;
        let faults: Vec<Value> = log.iter().map(|entry| entry["fault"].clone()).collect();
        let numbers: Vec<u64> = log.iter().map(|entry| entry["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert!(faults.iter().any(|fault| !fault.is_null()) && accepted > 0);
        told.push(faults);
    }
    assert_eq!(told[0], told[1]);
    assert_ne!(told[0], told[2]);
}

#[tokio::test]
async fn it_is_for_this_machine_only_and_cuts_without_a_word() {
    let mosaic = Mosaic::new().await;
    let ran = mosaic.tessera.run(&["stand-in", "--listen", "0.0.0.0:0"]);
    assert!(!ran.well() && ran.stderr.contains("loopback"), "{}", ran.all());

    let raw = |request: String| {
        let mut stream = TcpStream::connect(mosaic.url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut said = Vec::new();
        drop(stream.read_to_end(&mut said));
        String::from_utf8(said).unwrap()
    };
    let get = |host: &str, path: &str| {
        raw(format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            mosaic.token
        ))
    };
    for (host, wanted) in [("127.0.0.1:1", "200"), ("localhost", "200"), ("[::1]:80", "200"), ("mosaic.example", "421")]
    {
        let said = get(host, "/");
        assert!(said.starts_with(&format!("HTTP/1.1 {wanted}")), "{host}: {said}");
    }
    for kind in ["cut-before", "cut-after"] {
        mosaic.scene("faults", json!({ "kind": kind, "aim": "reads" })).await;
        assert_eq!(get("127.0.0.1", FORM), "", "{kind}");
    }
    mosaic.scene("faults", json!({ "kind": "cut-midway", "aim": "reads" })).await;
    let half = get("127.0.0.1", FORM);
    assert!(half.starts_with("HTTP/1.1 200") && half.contains("formId") != half.contains("workflowStepId"), "{half}");
}
