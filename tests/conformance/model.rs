//! A Mosaic in a few lines that spells the default dialect, holds every kind of thing, and fails as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tessera::domain::WriteBack;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How one write goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// The connection is cut; `true`: after it was done.
    Cut(bool),
    /// A status, with a header or a problem type; `true`: after it was done.
    Status(u16, bool, Option<(&'static str, &'static str)>),
    /// It is done, and the answer is none.
    Garbage,
    /// It is done, and the answer never ends.
    Oversized,
    /// It is done, and the answer is about another person.
    OfAnother,
    /// It is done twice.
    Twice,
    /// Somebody else changes the form first.
    Overtaken,
    /// Elsewhere.
    Redirect(String),
}

/// Something on a record.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) list: String,
    pub(crate) person: String,
    pub(crate) id: u64,
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) items: Vec<Item>,
    pub(crate) form_person: String,
    pub(crate) form_status: String,
    pub(crate) form_etag: u64,
    pub(crate) form_answers: Map<String, Value>,
    /// What goes wrong with the writes to come.
    pub(crate) faults: VecDeque<Fault>,
    /// What is answered to the readings to come: a status and a body.
    pub(crate) readings: VecDeque<(u16, Vec<u8>)>,
    /// The requests, in their order: method, path, and what was shown in `Authorization`.
    pub(crate) asked: Vec<(String, String, String)>,
    /// What was shown in `X-Api-Key`.
    pub(crate) keys: Vec<String>,
    pub(crate) tokens: u64,
    /// Seconds that a token is good for.
    pub(crate) expires_in: Option<u64>,
    /// Tokens up to this one are not taken any more.
    pub(crate) refused_tokens: u64,
}

/// A Mosaic that is being served.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) world: Arc<Mutex<World>>,
}

pub(crate) struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

pub(crate) enum Reply {
    Cut,
    Answer(u16, Vec<(String, String)>, Vec<u8>),
}

fn answer(status: u16, body: &Value) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_string().into_bytes())
}

impl Served {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let form_status = "started".to_owned();
        let world = World { form_person: "100001".into(), form_status, form_etag: 1, ..World::default() };
        let served = Self { url, world: Arc::new(Mutex::new(world)) };
        let serving = served.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.converse(stream).await });
            }
        });
        served
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.world.lock().unwrap().faults.push_back(fault);
    }

    /// How often the reference of a write-back stands in Mosaic.
    pub(crate) fn effects(&self, write_back: &WriteBack) -> usize {
        let world = self.world.lock().unwrap();
        let answers = world.form_answers.values().filter_map(Value::as_str);
        let texts = world.items.iter().map(|item| item.text.as_str()).chain(answers);
        texts.map(|text| text.matches(&write_back.reference.0).count()).sum()
    }

    pub(crate) fn asked(&self, method: &str) -> usize {
        self.world
            .lock()
            .unwrap()
            .asked
            .iter()
            .filter(|(asked, path, _)| asked == method && path != "/oauth/token")
            .count()
    }

    async fn converse(&self, mut stream: TcpStream) {
        if let Some(asked) = read(&mut stream).await {
            write(&mut stream, self.reply(&asked)).await;
        }
    }

    pub(crate) fn reply(&self, asked: &Asked) -> Reply {
        let mut world = self.world.lock().unwrap();
        let shown = asked.headers.get("authorization").cloned().unwrap_or_default();
        world.keys.extend(asked.headers.get("x-api-key").cloned());
        world.asked.push((asked.method.clone(), asked.path.clone(), shown.clone()));
        if asked.path == "/oauth/token" {
            world.tokens += 1;
            let token = format!("token-{}", world.tokens);
            return answer(
                200,
                &json!({ "access_token": token, "token_type": "Bearer", "expires_in": world.expires_in }),
            );
        }
        let number = shown.strip_prefix("Bearer token-").and_then(|number| number.parse::<u64>().ok());
        if number.is_some_and(|number| number <= world.refused_tokens) {
            return answer(401, &json!({}));
        }
        if asked.method == "GET" {
            return match world.readings.pop_front() {
                Some((status, body)) => Reply::Answer(status, Vec::new(), body),
                None => world.read(&asked.path),
            };
        }
        match world.faults.pop_front() {
            None => world.write(asked),
            Some(Fault::Cut(done)) => {
                if done {
                    world.write(asked);
                }
                Reply::Cut
            }
            Some(Fault::Status(status, done, extra)) => {
                if done {
                    world.write(asked);
                }
                let problem = extra.filter(|(name, _)| *name == "type").map(|(_, value)| json!({ "type": value }));
                let headers =
                    extra.filter(|(name, _)| *name != "type").map(|(name, value)| (name.into(), value.into()));
                let body = problem.unwrap_or_default().to_string().into_bytes();
                Reply::Answer(status, headers.into_iter().collect(), body)
            }
            Some(Fault::Garbage) => {
                world.write(asked);
                Reply::Answer(201, Vec::new(), b"<html>".to_vec())
            }
            Some(Fault::Oversized) => {
                world.write(asked);
                Reply::Answer(201, Vec::new(), vec![b' '; (16 << 20) + 2])
            }
            Some(Fault::OfAnother) => {
                let Reply::Answer(status, headers, body) = world.write(asked) else { return Reply::Cut };
                let mut body: Value = serde_json::from_slice(&body).unwrap();
                body["personId"] = json!(999_999);
                Reply::Answer(status, headers, body.to_string().into_bytes())
            }
            Some(Fault::Twice) => {
                world.write(asked);
                world.write(asked)
            }
            Some(Fault::Overtaken) => {
                world.form_etag += 1;
                world.write(asked)
            }
            Some(Fault::Redirect(url)) => Reply::Answer(307, vec![("Location".into(), url)], Vec::new()),
        }
    }
}

impl World {
    fn form(&self) -> Value {
        json!({ "formId": 7001, "workflowStepId": 8001, "personId": self.form_person, "status": self.form_status,
                "answers": self.form_answers })
    }

    fn read(&self, path: &str) -> Reply {
        let path = path.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_start_matches("/api/").split('/').collect();
        match parts.as_slice() {
            ["workflow-steps", ..] => {
                let etag = vec![("ETag".to_owned(), format!("\"{}\"", self.form_etag))];
                Reply::Answer(200, etag, self.form().to_string().into_bytes())
            }
            ["persons", person, list] => {
                let items = self.items.iter().filter(|item| item.list == *list && item.asked_for(person));
                let items: Vec<Value> = items.map(Item::shown).collect();
                answer(200, &json!({ "items": items, "next": null }))
            }
            _ => answer(404, &json!({})),
        }
    }

    fn write(&mut self, asked: &Asked) -> Reply {
        let parts: Vec<&str> = asked.path.trim_start_matches("/api/").split('/').collect();
        let body = json_in(&asked.body);
        match parts.as_slice() {
            ["workflow-steps", ..] => {
                if self.form_status == "completed" {
                    return answer(409, &json!({ "type": "https://mosaic.example/problems/form-completed" }));
                }
                if asked.headers.get("if-match").map(String::as_str) != Some(&format!("\"{}\"", self.form_etag)) {
                    return answer(412, &json!({}));
                }
                self.form_etag += 1;
                self.form_answers.extend(body["answers"].as_object().unwrap().clone());
                answer(200, &self.form())
            }
            ["persons", person, list, rest @ ..] => {
                let text =
                    ["body", "description", "note"].iter().find_map(|name| body[name].as_str()).unwrap().to_owned();
                let id = 1_000 + u64::try_from(self.items.len()).unwrap();
                let list = if rest.is_empty() { *list } else { "case-notes" };
                let item = Item { list: list.to_owned(), person: (*person).to_owned(), id, text };
                let shown = item.shown();
                self.items.push(item);
                answer(201, &shown)
            }
            _ => answer(404, &json!({})),
        }
    }
}

impl Item {
    /// What is on another's record and was found by a list all the same begins with a star.
    fn asked_for(&self, person: &str) -> bool {
        self.person == person || self.person.starts_with('*')
    }

    fn shown(&self) -> Value {
        let (id, text, created) = match self.list.as_str() {
            "case-notes" => ("caseNoteId", "body", "createdAt"),
            "documents" => ("documentId", "description", "createdAt"),
            _ => ("workflowStepId", "note", "startedOn"),
        };
        json!({ id: self.id, "personId": self.person.trim_start_matches('*'), text: self.text, created: "2026-11-27T09:00:00" })
    }
}

/// The JSON of a body, or of the first part of one in several.
fn json_in(body: &[u8]) -> Value {
    if let Ok(json) = serde_json::from_slice(body) {
        return json;
    }
    let text = String::from_utf8_lossy(body);
    let first = text.split("\r\n\r\n").nth(1).and_then(|part| part.split("\r\n--").next());
    first.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) {
    let Reply::Answer(status, headers, body) = reply else { return };
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    drop(stream.write_all(format!("{head}\r\n").as_bytes()).await);
    drop(stream.write_all(&body).await);
    drop(stream.shutdown().await);
}

pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_ends = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_ends]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(ToOwned::to_owned);
    let (method, path) = (first.next()?, first.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.into()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head_ends + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked { method, path, headers, body: bytes[head_ends..].to_vec() })
}
