//! The stand-in by its own command: every route, and every way in which it can misbehave, over HTTP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, IF_MATCH};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};

use crate::runner::Tessera;

mod faults;
mod routes;

const PERSON: u64 = 100_001;
const REFERENCE: &str = "TES-7F3K-2Q9M-4T";
const FORM: &str = "/api/workflow-steps/300001/forms/400001";

/// A stand-in that runs as a process of its own, and somebody who is signed in to it.
struct Mosaic {
    tessera: Tessera,
    process: Child,
    url: String,
    client: Client,
    token: String,
}

/// What was answered; no status where the connection was cut.
#[derive(Debug)]
struct Answer {
    status: Option<StatusCode>,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn status(&self) -> u16 {
        self.status.map_or(0, |status| status.as_u16())
    }

    /// The last part of the problem's type.
    fn kind(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or("")
    }

    fn refused(&self) -> (u16, &str) {
        (self.status(), self.kind())
    }
}

impl Drop for Mosaic {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(tessera: &Tessera) -> (Child, String) {
    let mut command = tessera.command(&["stand-in", "--listen", "127.0.0.1:0"]);
    let mut process = command.stdout(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap());
    let mut all = String::new();
    // It says so in its first line, and before that at most a warning or two.
    for _ in 0..5 {
        if !all.contains("http://") {
            said.read_line(&mut all).unwrap();
        }
    }
    let url = all.split_whitespace().find(|word| word.starts_with("http://")).map(ToOwned::to_owned);
    let Some(url) = url else {
        drop(process.kill());
        drop(process.wait());
        panic!("the stand-in does not say where it listens: {all}");
    };
    // What else it says must not fill the pipe.
    std::thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
    (process, url)
}

impl Mosaic {
    /// A stand-in with one person, who has one form.
    async fn new() -> Self {
        let mosaic = Self::empty().await;
        mosaic.scene("persons", json!({ "personId": PERSON, "dateOfBirth": "2014-03-04", "initials": "AB" })).await;
        let form = json!({ "formId": 400_001, "workflowStepId": 300_001, "personId": PERSON, "template": "C0343",
            "version": "3", "answers": { "Q0": "asked" }, "codes": ["Q0", "Q1", "Q2"] });
        mosaic.scene("forms", form).await;
        mosaic
    }

    async fn empty() -> Self {
        let tessera = Tessera::new("lincolnshire");
        let (process, url) = serve(&tessera);
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(20));
        let client = client.pool_max_idle_per_host(0).build().unwrap();
        let mut mosaic = Self { tessera, process, url, client, token: String::new() };
        mosaic.sign_in().await;
        mosaic
    }

    fn stop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }

    async fn restart(&mut self) {
        self.stop();
        (self.process, self.url) = serve(&self.tessera);
        self.sign_in().await;
    }

    async fn sign_in(&mut self) {
        let answer = self.door("tessera", "secret", "client_credentials").await;
        self.token = answer.body["access_token"].as_str().unwrap_or("").to_owned();
    }

    async fn door(&self, id: &str, secret: &str, grant: &str) -> Answer {
        let request = self.client.post(format!("{}/oauth/token", self.url));
        sent(request.basic_auth(id, Some(secret)).form(&[("grant_type", grant)])).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Answer {
        sent(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        sent(self.request(Method::POST, path).json(&body)).await
    }

    async fn keyed(&self, path: &str, key: &str, body: Value) -> Answer {
        sent(self.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
    }

    async fn scene(&self, what: &str, body: Value) -> Answer {
        let answer = self.post(&format!("/_stand-in/{what}"), body).await;
        assert!(answer.status.is_some_and(|status| status.is_success()), "{what}: {answer:?}");
        answer
    }

    async fn counts(&self) -> Value {
        self.get("/_stand-in/counts").await.body
    }

    async fn writes(&self) -> u64 {
        self.counts().await["totals"]["writes"].as_u64().unwrap()
    }

    async fn log(&self) -> Vec<Value> {
        self.get("/_stand-in/log").await.body["items"].as_array().unwrap().clone()
    }

    async fn tag(&self) -> String {
        self.get(FORM).await.headers[ETAG].to_str().unwrap().to_owned()
    }

    async fn patch(&self, tag: Option<&str>, key: &str, answers: Value) -> Answer {
        let mut request = self.request(Method::PATCH, FORM).header("Idempotency-Key", key);
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        sent(request.json(&json!({ "answers": answers }))).await
    }

    async fn upload(&self, key: &str, metadata: Value, name: &str, bytes: &[u8]) -> Answer {
        let file = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let metadata = Part::text(metadata.to_string()).mime_str("application/json").unwrap();
        let form = Form::new().part("metadata", metadata).part("file", file);
        let request = self.request(Method::POST, &on_person("documents")).header("Idempotency-Key", key);
        sent(request.multipart(form)).await
    }

    /// Writes by one of the five operations.
    async fn write(&self, operation: &str, key: &str) -> Answer {
        let text = format!("Synthetic text\n\nRef: {REFERENCE}");
        match operation {
            "add-note" => self.keyed(&on_person("case-notes"), key, note(&text)).await,
            "append-to-note" => {
                self.keyed(&on_person("case-notes/5001/appendments"), key, json!({ "body": text })).await
            }
            "answer-form" => self.patch(Some(&self.tag().await), key, json!({ "Q1": text })).await,
            "add-document" => {
                self.upload(key, json!({ "title": "Minutes", "description": text }), "minutes.txt", b"text").await
            }
            "start-step" => {
                let body = json!({ "type": "SC Legal Court Process", "startDate": "2026-11-25", "note": text });
                self.keyed(&on_person("workflow-steps"), key, body).await
            }
            other => panic!("{other} writes nothing"),
        }
    }
}

async fn sent(request: RequestBuilder) -> Answer {
    let Ok(response) = request.send().await else {
        return Answer { status: None, headers: HeaderMap::new(), body: Value::Null };
    };
    let (status, headers) = (Some(response.status()), response.headers().clone());
    let body = match response.text().await {
        Ok(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Err(_) => Value::Null,
    };
    Answer { status, headers, body }
}

fn on_person(what: &str) -> String {
    format!("/api/persons/{PERSON}/{what}")
}

fn note(body: &str) -> Value {
    json!({ "type": "PANEL", "title": "A decision", "contactDate": "2026-11-25", "body": body, "finish": true,
        "alertRecipients": [] })
}
