//! Every route, as it is when nothing goes wrong.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::{FORM, Mosaic, PERSON, REFERENCE, note, on_person, sent};

#[tokio::test]
async fn nobody_comes_in_without_a_token_that_is_good() {
    let mut mosaic = Mosaic::new().await;
    assert_eq!(mosaic.door("tessera", "secret", "password").await.refused(), (400, "unsupported-grant-type"));
    assert_eq!(mosaic.door("tessera", "", "client_credentials").await.refused(), (401, "invalid-client"));
    mosaic.scene("settings", json!({ "client": { "id": "tessera", "secret": "the secret" } })).await;
    assert_eq!(mosaic.door("tessera", "secret", "client_credentials").await.refused(), (401, "invalid-client"));
    let answer = mosaic.door("tessera", "the secret", "client_credentials").await;
    assert_eq!((answer.status(), answer.body["token_type"].as_str()), (200, Some("Bearer")));
    assert_eq!(answer.body["expires_in"], 600);

    let path = format!("/api/persons/{PERSON}");
    let unsigned = sent(mosaic.client.get(format!("{}{path}", mosaic.url))).await;
    assert_eq!(unsigned.refused(), (401, "invalid-token"));
    assert!(unsigned.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));

    mosaic.scene("settings", json!({ "tokenSeconds": 2, "client": { "id": "tessera", "secret": "secret" } })).await;
    mosaic.sign_in().await;
    assert_eq!(mosaic.get(&path).await.status(), 200);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(mosaic.get(&path).await.refused(), (401, "invalid-token"));

    mosaic.scene("settings", json!({ "tokenSeconds": 600 })).await;
    mosaic.sign_in().await;
    mosaic.scene("settings", json!({ "expireTokens": true })).await;
    assert_eq!(mosaic.get(&path).await.refused(), (401, "invalid-token"));
    let refused = mosaic.log().await.iter().filter(|entry| entry["status"] == 401 && entry["fault"].is_null()).count();
    assert!(refused >= 3, "{refused}");
}

#[tokio::test]
async fn people_are_shown_as_they_were_put_and_guarded() {
    let mosaic = Mosaic::new().await;
    let shown = mosaic.get(&format!("/api/persons/{PERSON}")).await.body;
    let wanted = json!({ "personId": PERSON, "dateOfBirth": "2014-03-04", "initials": "AB", "status": "open",
        "restricted": false, "mergedInto": null });
    assert_eq!(shown, wanted);
    let people = json!([{ "personId": 2, "restricted": true }, { "personId": 3, "mergedInto": PERSON },
        { "personId": 4, "status": "closed" }]);
    mosaic.scene("persons", people).await;
    let closed = mosaic.get("/api/persons/4").await.body;
    assert_eq!(closed["status"], "closed");
    mosaic.scene("persons", json!({ "personId": 4, "initials": "CD" })).await;
    assert_eq!(mosaic.get("/api/persons/4").await.body["status"], "closed", "what is not named stays");

    let refused = [(2, (403, "restricted")), (3, (410, "merged")), (777, (404, "not-found"))];
    for (person, wanted) in refused {
        for (path, body) in [
            ("case-notes", note("text")),
            ("case-notes/5001/appendments", json!({ "body": "text" })),
            ("workflow-steps", json!({ "type": "T", "startDate": "2026-11-25", "note": "" })),
        ] {
            let answer = mosaic.post(&format!("/api/persons/{person}/{path}"), body).await;
            assert_eq!(answer.refused(), wanted, "{person} {path}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
    for path in ["/api/persons/777", "/api/persons/777/case-notes", "/api/persons/x", "/api/nowhere"] {
        assert_eq!(mosaic.get(path).await.refused(), (404, "not-found"), "{path}");
    }
    assert_eq!(mosaic.post("/api/persons/4", json!({})).await.refused(), (405, "method"));

    for (what, body) in [
        ("persons", json!({ "personId": 5, "stauts": "closed" })),
        ("persons", json!({ "personId": 5, "status": "gone" })),
        ("persons", json!([{ "personId": 5 }, { "status": "open" }])),
        ("forms", json!({ "workflowStepId": 1, "formId": 2, "personId": 777 })),
        ("forms", json!({ "workflowStepId": 1, "formId": 2, "personId": PERSON, "status": "lost" })),
        ("notes", json!({ "personId": 777 })),
        ("faults", json!({ "kind": "sulk" })),
        ("script", json!({ "seed": 1, "rate": 3 })),
        ("settings", json!({ "keys": false })),
    ] {
        let answer = mosaic.post(&format!("/_stand-in/{what}"), body.clone()).await;
        assert_eq!(answer.status(), 422, "{what} {body}: {answer:?}");
    }
    assert_eq!(mosaic.get("/api/persons/5").await.status(), 404, "all of a list is put, or none");
    assert_eq!(mosaic.writes().await, 0);
}

#[tokio::test]
async fn notes_are_kept_as_mosaic_keeps_them() {
    let mosaic = Mosaic::new().await;
    let path = on_person("case-notes");
    let with = |field: &str, value: Value| {
        let mut note = note("text");
        note[field] = value;
        note
    };
    for unfit in [
        with("title", json!("x".repeat(101))),
        with("title", json!(" ")),
        with("type", json!("x".repeat(17))),
        with("body", json!(" <p> </p> ")),
        with("contactDate", json!("yesterday")),
        json!({ "title": "only" }),
    ] {
        let answer = mosaic.post(&path, unfit.clone()).await;
        assert_eq!(answer.refused(), (422, "unfit"), "{unfit}");
    }
    let garbled = mosaic.request(Method::POST, &path).header("Content-Type", "application/json").body("{");
    assert_eq!(sent(garbled).await.refused(), (400, "unfit"));
    assert_eq!(sent(mosaic.request(Method::POST, &path).body("x")).await.refused(), (415, "unfit"));

    let body = format!("<p>5 < 6 and <b>bold</b></p>\n\nRef: <i>{REFERENCE}</i>");
    let added = mosaic.keyed(&path, "k1", note(&body)).await;
    assert_eq!(
        (added.status(), &added.body["caseNoteId"], &added.body["personId"]),
        (201, &json!(5001), &json!(PERSON))
    );
    assert_eq!(mosaic.keyed(&path, "k1", note(&body)).await.refused(), (409, "already-there"));
    mosaic.post(&path, with("finish", json!(false))).await;

    let items = mosaic.get(&path).await.body["items"].clone();
    assert_eq!(items[0]["body"], format!("5 < 6 and bold\n\nRef: {REFERENCE}"));
    assert_eq!((&items[0]["status"], &items[1]["status"]), (&json!("complete"), &json!("draft")));

    let append = |note: u64| format!("{path}/{note}/appendments");
    let appended = mosaic.keyed(&append(5001), "k2", json!({ "body": "More\n\nRef: TES-AAAA-0000-ZZ" })).await;
    assert_eq!((appended.status(), &appended.body["caseNoteId"]), (201, &json!(5001)));
    assert_eq!(mosaic.keyed(&append(5001), "k2", json!({ "body": "x" })).await.refused(), (409, "already-there"));
    assert_eq!(mosaic.post(&append(5001), json!({ "body": " " })).await.refused(), (422, "unfit"));
    assert_eq!(mosaic.post(&append(9999), json!({ "body": "x" })).await.refused(), (404, "not-found"));
    assert_eq!(mosaic.post(&append(5002), json!({ "body": "x" })).await.refused(), (422, "note-not-complete"));
    for (status, wanted) in [("timed-out", 201), ("deleted", 410)] {
        mosaic.scene("notes", json!({ "caseNoteId": 5002, "status": status })).await;
        assert_eq!(mosaic.get(&path).await.body["items"][1]["status"], status);
        assert_eq!(mosaic.post(&append(5002), json!({ "body": "x" })).await.status(), wanted, "{status}");
    }
    let body = mosaic.get(&path).await.body["items"][0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains(REFERENCE) && body.contains("Appended ") && body.ends_with("TES-AAAA-0000-ZZ"), "{body}");
    let counts = mosaic.counts().await;
    assert_eq!(counts["references"], json!({ REFERENCE: 1, "TES-AAAA-0000-ZZ": 1 }));
}

#[tokio::test]
async fn lists_come_in_pages_and_from_a_day_on() {
    let mosaic = Mosaic::new().await;
    let old = |number: u64| {
        json!({ "personId": PERSON, "title": format!("note {number}"),
        "createdAt": "2026-01-31T09:00:00" })
    };
    mosaic.scene("notes", Value::Array((0..120).map(old).collect())).await;
    mosaic.scene("notes", json!({ "personId": PERSON, "createdAt": "2026-02-01T00:00:00" })).await;
    let mut path = format!("{}?from=2026-01-31", on_person("case-notes"));
    let mut seen = Vec::new();
    for _ in 0..5 {
        let page = mosaic.get(&path).await.body;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["caseNoteId"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = next.to_owned();
    }
    assert_eq!(seen, (5001..5122).collect::<Vec<u64>>());
    let later = mosaic.get(&format!("{}?from=2026-02-01", on_person("case-notes"))).await.body;
    assert_eq!((later["items"].as_array().unwrap().len(), &later["next"]), (1, &Value::Null));
    for (from, wanted) in [("soon", 400), ("2026-13-01", 400), ("2999-01-01", 200)] {
        for what in ["case-notes", "documents", "workflow-steps"] {
            let answer = mosaic.get(&format!("{}?from={from}", on_person(what))).await;
            assert_eq!(answer.status(), wanted, "{what} {from}");
            assert!(answer.body["items"].as_array().is_none_or(Vec::is_empty), "{what} {from}");
        }
    }
    assert_eq!(mosaic.get(&format!("{}?page=-1", on_person("documents"))).await.status(), 400);
    let far = mosaic.get(&format!("{}?page={}", on_person("documents"), u64::MAX)).await;
    assert_eq!(far.status(), 200);
    assert_eq!(mosaic.writes().await, 0, "what sets the scene is not written");
}

#[tokio::test]
async fn a_form_is_answered_by_whoever_has_read_it_as_it_is() {
    let mosaic = Mosaic::new().await;
    let shown = mosaic.get(FORM).await;
    let wanted = json!({ "formId": 400_001, "workflowStepId": 300_001, "personId": PERSON, "status": "started",
        "template": "C0343", "version": "3", "answers": { "Q0": "asked" } });
    assert_eq!(shown.body, wanted);
    let first = mosaic.tag().await;
    assert!(first.starts_with('"') && first.ends_with('"'), "{first} is no strong tag");
    assert_eq!(mosaic.tag().await, first);

    let answers = json!({ "Q1": format!("<b>Working</b> well\n\nRef: {REFERENCE}") });
    assert_eq!(mosaic.patch(None, "k1", answers.clone()).await.refused(), (428, "if-match-missing"));
    assert_eq!(mosaic.patch(Some("\"0\""), "k1", answers.clone()).await.refused(), (412, "changed"));
    assert_eq!(mosaic.patch(Some(&first), "k1", json!({ "Q9": "x" })).await.refused(), (422, "unknown-question"));
    assert_eq!(mosaic.patch(Some(&first), "k1", json!({})).await.refused(), (422, "unfit"));
    assert_eq!(mosaic.patch(Some(&first), "k1", json!({ "Q1": { "a": 1 } })).await.refused(), (422, "unfit"));

    let answered = mosaic.patch(Some(&first), "k1", answers.clone()).await;
    assert_eq!(answered.status(), 200);
    assert_eq!(answered.body["answers"], json!({ "Q0": "asked", "Q1": format!("Working well\n\nRef: {REFERENCE}") }));
    let second = answered.headers[ETAG].to_str().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(mosaic.tag().await, second);
    let mut wanted = mosaic.get(FORM).await.body;
    wanted["changedAt"] = answered.body["changedAt"].clone();
    assert!(wanted["changedAt"].is_string());
    assert_eq!(wanted, answered.body);
    assert_eq!(mosaic.patch(Some(&first), "k2", answers.clone()).await.refused(), (412, "changed"));
    assert_eq!(mosaic.patch(Some(&second), "k1", answers.clone()).await.refused(), (409, "already-there"));
    let taken_away = mosaic.patch(Some(&second), "k2", json!({ "Q1": null, "Q2": ["a", "b"] })).await;
    assert_eq!(taken_away.body["answers"], json!({ "Q0": "asked", "Q2": ["a", "b"] }));

    let place = json!({ "workflowStepId": 300_001, "formId": 400_001 });
    let changed = async |field: &str, value: Value| {
        let mut form = place.clone();
        form[field] = value;
        mosaic.scene("forms", form).await;
        mosaic.patch(Some(&mosaic.tag().await), "k3", json!({ "Q1": "x" })).await
    };
    let third = mosaic.tag().await;
    assert_eq!(changed("checkedOutBy", json!("worker 9")).await.refused(), (423, "checked-out"));
    assert_eq!(mosaic.tag().await, third, "checking out changes nothing of the form");
    assert_eq!(changed("status", json!("completed")).await.refused(), (409, "form-completed"));
    assert_ne!(mosaic.tag().await, third);
    assert_eq!(changed("status", json!("cancelled")).await.refused(), (409, "form-completed"));
    assert_eq!(changed("status", json!("started")).await.refused(), (423, "checked-out"));
    assert_eq!(changed("checkedOutBy", Value::Null).await.status(), 200);

    for path in ["/api/workflow-steps/300001/forms/1", "/api/workflow-steps/1/forms/400001"] {
        assert_eq!(mosaic.get(path).await.refused(), (404, "not-found"));
        let request = mosaic.request(Method::PATCH, path).header(IF_MATCH, "*");
        assert_eq!(sent(request.json(&json!({ "answers": { "Q1": "x" } }))).await.refused(), (404, "not-found"));
    }
    mosaic.scene("persons", json!({ "personId": PERSON, "restricted": true })).await;
    assert_eq!(mosaic.patch(Some("*"), "k4", json!({ "Q1": "x" })).await.refused(), (403, "restricted"));
    assert_eq!(mosaic.counts().await["totals"]["formAnswers"], 3);
}

#[tokio::test]
async fn documents_are_kept_with_their_files() {
    let mosaic = Mosaic::new().await;
    let metadata = json!({ "title": "é".repeat(90), "description": format!("Minutes\n\nRef: {REFERENCE}"),
        "category": "PANEL" });
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let added = mosaic.upload("k1", metadata.clone(), "../minutes \"x\".PDF", &bytes).await;
    assert_eq!((added.status(), &added.body["documentId"]), (201, &json!(7001)));
    assert_eq!(added.body["personId"], PERSON);
    assert!(added.body["createdAt"].is_string());
    assert_eq!(mosaic.upload("k1", metadata.clone(), "minutes.pdf", &bytes).await.refused(), (409, "already-there"));
    assert_eq!(mosaic.upload("k2", metadata.clone(), "minutes.pdf", b"").await.refused(), (422, "empty-file"));
    assert_eq!(mosaic.upload("k2", metadata.clone(), "minutes.exe", b"MZ").await.refused(), (422, "extension"));
    assert_eq!(mosaic.upload("k2", json!({ "title": " " }), "minutes.pdf", b"x").await.refused(), (422, "unfit"));
    assert_eq!(mosaic.upload("k2", json!({}), "minutes.pdf", b"x").await.refused(), (422, "unfit"));
    let no_file = mosaic.request(Method::POST, &on_person("documents")).multipart(Form::new().text("metadata", "{}"));
    assert_eq!(sent(no_file).await.status(), 422);
    assert_eq!(mosaic.post(&on_person("documents"), json!({})).await.status(), 400);

    let listed = mosaic.get(&on_person("documents")).await.body;
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["next"]), (1, &Value::Null));
    let item = &listed["items"][0];
    assert_eq!(item["title"].as_str().unwrap().chars().count(), 80);
    assert_eq!((&item["description"], &item["category"]), (&metadata["description"], &json!("PANEL")));
    let response = mosaic.request(Method::GET, "/_stand-in/documents/7001").send().await.unwrap();
    let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\"") && disposition.matches('"').count() == 2);
    assert_eq!(response.bytes().await.unwrap(), bytes);
    assert_eq!(mosaic.get("/_stand-in/documents/7002").await.status(), 404);
    assert_eq!(mosaic.counts().await["persons"][PERSON.to_string()]["references"], json!({ REFERENCE: 1 }));
}

#[tokio::test]
async fn steps_are_started() {
    let mosaic = Mosaic::new().await;
    let path = on_person("workflow-steps");
    let step = |kind: &str, day: &str| json!({ "type": kind, "startDate": day, "note": format!("Ref: {REFERENCE}") });
    for unfit in [step("", "2026-11-25"), step(&"x".repeat(101), "2026-11-25"), step("T", "25/11/2026"), json!({})] {
        assert_eq!(mosaic.post(&path, unfit).await.refused(), (422, "unfit"));
    }
    let started = mosaic.keyed(&path, "k1", step("SC Legal Court Process", "2026-11-25")).await;
    assert_eq!(started.status(), 201);
    assert_eq!(started.body["workflowStepId"], 300_002, "after the step that carries the form");
    assert_eq!(mosaic.keyed(&path, "k1", step("T", "2026-11-25")).await.refused(), (409, "already-there"));
    let listed = mosaic.get(&path).await.body;
    let item = &listed["items"][0];
    assert_eq!((&item["type"], &item["status"]), (&json!("SC Legal Court Process"), &json!("started")));
    assert_eq!((&item["startedOn"], &item["note"]), (&json!("2026-11-25"), &json!(format!("Ref: {REFERENCE}"))));
    assert_eq!(mosaic.counts().await["totals"]["workflowSteps"], 1);
}

#[tokio::test]
async fn the_page_shows_everything_and_escapes_it() {
    let mosaic = Mosaic::new().await;
    let empty = sent(mosaic.client.get(&mosaic.url)).await;
    assert!(empty.body.as_str().unwrap().contains("Answers written: 0"), "{empty:?}");
    let evil = "\"><script>alert(1)</script>'&amp;";
    let mut evil_note = note("the note's text 1 < 2");
    evil_note["title"] = json!(evil);
    mosaic.post(&on_person("case-notes"), evil_note).await;
    mosaic.patch(Some("*"), "k1", json!({ "Q1": "what works", "Q2": [evil] })).await;
    mosaic.upload("k2", json!({ "title": evil, "description": evil, "category": evil }), "<b>.pdf", b"x").await;
    let step = json!({ "type": evil, "startDate": "2026-11-25", "note": "the step's note" });
    mosaic.post(&on_person("workflow-steps"), step).await;
    mosaic.scene("persons", json!({ "personId": PERSON, "status": "closed", "restricted": true })).await;
    mosaic.scene("forms", json!({ "workflowStepId": 300_001, "formId": 400_001, "checkedOutBy": evil })).await;

    let response = mosaic.client.get(&mosaic.url).send().await.unwrap();
    assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = response.text().await.unwrap();
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    for wanted in [
        "Person 100001",
        "closed",
        "restricted",
        "Case notes: 1",
        "1 &lt; 2",
        "Forms: 1",
        "Answers written: 2",
        "what works",
        "Documents: 1",
        "href=\"/_stand-in/documents/7001\"",
        "Workflow steps: 1",
        "the step&#39;s note",
        "notes 1, forms 1, documents 1, workflow steps 1",
    ] {
        let plain = wanted.replace("&#39;", "'");
        assert!(page.contains(wanted) || page.contains(&plain), "{wanted}\n{page}");
    }
    let other = sent(mosaic.client.get(format!("{}/?person=1", mosaic.url))).await;
    assert!(!other.body.as_str().unwrap().contains("Person 100001"));
}

#[tokio::test]
async fn what_was_written_outlives_the_process() {
    let mut mosaic = Mosaic::new().await;
    for operation in ["add-note", "append-to-note", "answer-form", "add-document", "start-step"] {
        mosaic.write(operation, operation).await;
    }
    let (before, tag) = (mosaic.counts().await, mosaic.tag().await);
    let token = mosaic.token.clone();
    mosaic.restart().await;
    assert_eq!(mosaic.counts().await, before);
    assert_eq!(before["persons"][PERSON.to_string()]["references"][REFERENCE], 5);
    assert_eq!(before["totals"]["withoutReference"], 0);
    assert_eq!(mosaic.tag().await, tag);
    assert_eq!(mosaic.write("add-note", "add-note").await.refused(), (409, "already-there"));
    let file = mosaic.request(Method::GET, "/_stand-in/documents/7001").send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"text");
    mosaic.token = token;
    assert_eq!(mosaic.get(FORM).await.refused(), (401, "invalid-token"), "tokens end with the process");
    #[cfg(unix)]
    for (path, wanted) in [("mosaic.json", 0o600), ("mosaic.documents", 0o700), ("mosaic.documents/7001", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let path: PathBuf = mosaic.tessera.path("state/rehearsal").join(path);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, wanted, "{}", path.display());
    }
}
