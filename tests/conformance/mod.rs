//! What every way to Mosaic has to hold, for every kind of write: the same suite over `rest` and `import-file`, and
//! after it the faults that only one of them can have.

mod command;
mod credentials;
mod import_file;
mod model;
mod rest;
mod tls;

use std::path::{Path, PathBuf};

use jiff::civil::date;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tessera::calendar::Clock;
use tessera::diagnostic::{Located, Place};
use tessera::domain::{
    AuthorityName, FormAnswer, FormValue, PanelName, Payload, Person, Private, Receipt, State, SubmissionId, WriteBack,
    WriteBackKind,
};
use tessera::mosaic::{Dialect, ImportFileCarrier, ImportFolders, RestCarrier, RestSettings};
use tessera::writeback::{Carried, Carrier as _, Found, reference_of, write_back_id};

use crate::mosaic::credentials;
use model::{Fault, Item, Served};

const PERSON: u64 = 100_001;

fn clock() -> Clock {
    Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap())
}

/// One write of every kind for a child. `revision` tells one set from another.
fn every_kind(person: u64, revision: u32) -> Vec<WriteBack> {
    let sitting = date(2026, 11, 25);
    let parts = [
        (WriteBackKind::CaseNote, "note"),
        (WriteBackKind::CaseNote, "appendment"),
        (WriteBackKind::FormOutcome, "form"),
        (WriteBackKind::Document, "minutes"),
        (WriteBackKind::WorkflowStep, "step"),
    ];
    let authority = AuthorityName::new("somewhere");
    let submission = SubmissionId::new(format!("somewhere-{person}"));
    let made = parts.into_iter().map(|(kind, part)| {
        let person = person.to_string().parse().unwrap();
        let id = write_back_id(&authority, &submission, person, sitting, (kind, part), revision);
        let reference = reference_of(id);
        let text = Private::new(format!("=Synthetic “text”, with <b>markup</b>;\n\nRef: {reference}"));
        let payload = match part {
            "note" => Payload::CaseNote {
                note_type: "PANEL".into(),
                title: "@ decision".into(),
                contact_date: sitting,
                body: text,
                alert_recipients: vec!["team".into(), "manager".into()],
            },
            "appendment" => Payload::Appendment { note: "4711".into(), contact_date: sitting, body: text },
            "form" => {
                let answer = |question: &str, value| FormAnswer {
                    question: question.into(),
                    label: "Label".into(),
                    value: Private::new(value),
                };
                let answers =
                    vec![answer("Q1", FormValue::Text(text.into_exposed())), answer("Q2", FormValue::YesNo(true))];
                let (step, form) = ("8001".parse().unwrap(), "7001".parse().unwrap());
                Payload::FormOutcome { step, form, contact_date: sitting, answers, corrects: Vec::new() }
            }
            "minutes" => Payload::Document {
                title: "Minutes".into(),
                contact_date: sitting,
                description: text,
                text: "Minutes of a meeting".into(),
            },
            _ => Payload::WorkflowStep { step_type: "SC Step".into(), contact_date: sitting, note: text },
        };
        WriteBack {
            id,
            reference,
            submission: submission.clone(),
            person,
            panel: PanelName::of(&authority, "panel"),
            sitting,
            revision,
            kind,
            payload,
            state: State::Approved,
            attempts: 0,
            fence: 0,
        }
    });
    made.collect()
}

fn is_form(write_back: &WriteBack) -> bool {
    matches!(write_back.payload, Payload::FormOutcome { .. })
}

fn rest_carrier(url: &str) -> RestCarrier {
    let text = include_str!("../../mappings/dialects/rest-default.toml");
    let settings = RestSettings { rate_per_second: 100_000, ..RestSettings::new(url.to_owned(), credentials()) };
    RestCarrier::new(Dialect::read("rest-default.toml", text).0.unwrap(), settings, clock()).unwrap()
}

/// The two folders, and what the import has taken from one of them.
struct Import {
    folder: TempDir,
    taken: std::cell::RefCell<Vec<(String, String)>>,
}

impl Import {
    fn new() -> Self {
        let import = Self { folder: tempfile::tempdir().unwrap(), taken: std::cell::RefCell::default() };
        std::fs::create_dir(import.outbox()).unwrap();
        std::fs::create_dir(import.results()).unwrap();
        import
    }

    fn outbox(&self) -> PathBuf {
        self.folder.path().join("to-mosaic")
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("from-mosaic")
    }

    /// A carrier as a new run makes it.
    fn carrier(&self) -> ImportFileCarrier {
        let person = |id: u64, restricted, merged_into: Option<u64>| Person {
            authority: AuthorityName::new("somewhere"),
            person: id.to_string().parse().unwrap(),
            date_of_birth: Some(Private::new(date(2014, 3, 4))),
            initials: None,
            merged_into: merged_into.map(|id| id.to_string().parse().unwrap()),
            restricted,
            source: Located { file: "persons.csv".into(), place: Place::Whole },
        };
        let people = [
            person(PERSON, false, None),
            person(100_002, false, None),
            person(999, true, None),
            person(998, false, Some(1)),
        ];
        let folders = ImportFolders { outbox: self.outbox(), results: self.results() };
        ImportFileCarrier::new(&folders, people, clock()).unwrap()
    }

    /// The names in the outbox, the journal aside.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = names_in(&self.outbox());
        names.retain(|name| name != ".handed-over");
        names
    }

    /// Mosaic's import takes what has a manifest, proves it, and says `status` of each.
    fn take(&self, results: &str, status: &str) -> usize {
        let mut lines = "reference,person,status,mosaic-id,message,time\r\n".to_owned();
        let manifests: Vec<String> = self.names().into_iter().filter(|name| name.ends_with(".manifest.json")).collect();
        for name in &manifests {
            let path = self.outbox().join(name);
            let manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            for file in manifest["files"].as_array().unwrap() {
                let path = self.outbox().join(file["name"].as_str().unwrap());
                let content = std::fs::read(&path).unwrap();
                let sum: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!((&file["sha256"], &file["bytes"]), (&sum.into(), &content.len().into()));
                let text = String::from_utf8_lossy(&content).into_owned();
                self.taken.borrow_mut().push((manifest["reference"].as_str().unwrap().to_owned(), text));
                std::fs::remove_file(path).unwrap();
            }
            std::fs::remove_file(path).unwrap();
            let id = if status == "done" { "5001" } else { "" };
            let (reference, person) = (&manifest["reference"], &manifest["person"]);
            let (reference, person) = (reference.as_str().unwrap(), person.as_str().unwrap());
            lines.push_str(&format!("{reference},{person},{status},{id},\"a, message\",2026-11-27T10:00:00Z\r\n"));
        }
        self.say(results, &lines);
        manifests.len()
    }

    fn say(&self, name: &str, content: &str) {
        std::fs::write(self.results().join(name), content).unwrap();
    }

    /// How often the import has taken something with the reference of a write-back in its text.
    fn effects(&self, write_back: &WriteBack) -> usize {
        let taken = self.taken.borrow();
        let own = taken.iter().filter(|(reference, _)| *reference == write_back.reference.0);
        own.filter(|(_, text)| text.contains(&format!("Ref: {}", write_back.reference))).count()
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A way to Mosaic, with the Mosaic at its end.
enum Way {
    Rest(Served, Box<RestCarrier>),
    Import(Box<Import>, Box<ImportFileCarrier>),
}

impl Way {
    async fn all() -> [Self; 2] {
        let served = Served::start().await;
        let carrier = rest_carrier(&served.url);
        let import = Import::new();
        let importing = import.carrier();
        [Self::Rest(served, Box::new(carrier)), Self::Import(Box::new(import), Box::new(importing))]
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Rest(..) => "rest",
            Self::Import(..) => "import-file",
        }
    }

    async fn carry(&self, write_back: &WriteBack) -> Carried {
        match self {
            Self::Rest(_, carrier) => carrier.carry(write_back).await,
            Self::Import(_, carrier) => carrier.carry(write_back).await,
        }
    }

    async fn find(&self, write_back: &WriteBack) -> Found {
        match self {
            Self::Rest(_, carrier) => carrier.find(write_back).await,
            Self::Import(_, carrier) => carrier.find(write_back).await,
        }
    }

    fn effects(&self, write_back: &WriteBack) -> usize {
        match self {
            Self::Rest(served, _) => served.effects(write_back),
            Self::Import(import, _) => import.effects(write_back),
        }
    }

    /// Carries, and has Mosaic take it where it takes later.
    async fn write(&self, write_back: &WriteBack) {
        let carried = self.carry(write_back).await;
        match self {
            Self::Rest(..) => assert!(matches!(carried, Carried::Done(_)), "{carried:?}"),
            Self::Import(import, _) => {
                assert!(matches!(carried, Carried::Handed { .. }), "{carried:?}");
                assert_eq!(import.take(&format!("{}.csv", write_back.reference), "done"), 1);
            }
        }
    }
}

#[tokio::test]
async fn what_is_written_arrives_once_with_its_reference_and_is_found_again() {
    for way in Way::all().await {
        for write_back in every_kind(PERSON, 1) {
            let case = format!("{}, {:?}", way.name(), write_back.kind);
            assert_eq!(way.find(&write_back).await, Found::Nowhere, "{case}");
            way.write(&write_back).await;
            assert_eq!(way.effects(&write_back), 1, "{case}");
            let Found::Once(Receipt { mosaic_id, by_reading, .. }) = way.find(&write_back).await else {
                panic!("{case}: not found")
            };
            assert!(!mosaic_id.is_empty() && by_reading, "{case}");
        }
    }
}

#[tokio::test]
async fn nothing_is_found_that_was_not_written() {
    for way in Way::all().await {
        for (written, other) in every_kind(PERSON, 1).iter().zip(&every_kind(PERSON, 2)) {
            way.write(written).await;
            assert_eq!(way.find(other).await, Found::Nowhere, "{}, {:?}", way.name(), other.kind);
        }
    }
}

#[tokio::test]
async fn two_copies_are_doubtful() {
    for way in Way::all().await {
        // A form is one, so that there cannot be two of it.
        let several = every_kind(PERSON, 1).into_iter().filter(|one| !(is_form(one) && way.name() == "rest"));
        for write_back in several {
            if let Way::Rest(served, _) = &way {
                served.fail(Fault::Twice);
            }
            way.write(&write_back).await;
            if let Way::Import(import, _) = &way {
                let copy = format!("{},100001,done,6001,,\n", write_back.reference);
                import.say("copies.csv", &format!("reference,person,status,mosaic-id,message,time\n{copy}"));
            }
            let found = way.find(&write_back).await;
            assert!(matches!(found, Found::Doubtful { .. }), "{}, {:?}: {found:?}", way.name(), write_back.kind);
        }
    }
}

#[tokio::test]
async fn what_is_on_another_persons_record_is_doubtful() {
    for way in Way::all().await {
        for write_back in every_kind(PERSON, 1) {
            way.write(&write_back).await;
            match &way {
                Way::Rest(served, _) => {
                    let mut world = served.world.lock().unwrap();
                    world.form_person = "100002".into();
                    world.items.iter_mut().for_each(|item: &mut Item| item.person = "*100002".into());
                }
                Way::Import(import, _) => {
                    let line = format!("{},100002,done,5001,,\n", write_back.reference);
                    let name = format!("{}.csv", write_back.reference);
                    import.say(&name, &format!("reference,person,status,mosaic-id,message,time\n{line}"));
                }
            }
            let found = way.find(&write_back).await;
            let Found::Doubtful { reason } = &found else { panic!("{}, {:?}: {found:?}", way.name(), write_back.kind) };
            assert!(reason.contains("100001") || reason.contains("another person"), "{reason}");
            if let Way::Rest(served, _) = &way {
                served.world.lock().unwrap().form_person = "100001".into();
            }
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_with_a_reason_and_is_nowhere() {
    for way in Way::all().await {
        for write_back in every_kind(PERSON, 1) {
            let case = format!("{}, {:?}", way.name(), write_back.kind);
            match &way {
                Way::Rest(served, carrier) => {
                    for status in [400, 403, 404, 410, 422] {
                        served.fail(Fault::Status(status, false, None));
                        let carried = carrier.carry(&write_back).await;
                        assert!(matches!(carried, Carried::Refused { .. }), "{case}, {status}: {carried:?}");
                    }
                    assert_eq!(carrier.find(&write_back).await, Found::Nowhere, "{case}");
                    assert_eq!(served.effects(&write_back), 0, "{case}");
                }
                Way::Import(import, carrier) => {
                    assert!(matches!(carrier.carry(&write_back).await, Carried::Handed { .. }), "{case}");
                    let name = format!("{}.csv", write_back.reference);
                    assert_eq!(import.take(&name, "rejected"), 1);
                    let found = carrier.find(&write_back).await;
                    let Found::Refused { reason } = &found else { panic!("{case}: {found:?}") };
                    assert!(reason.contains(&name) && reason.contains("line 2"), "{reason}");
                    assert!(!reason.contains("a, message"), "what Mosaic says may be of the child: {reason}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_people_are_shown_as_they_are_and_strangers_are_not() {
    let import = Import::new();
    let carrier = import.carrier();
    let who = async |id: u64| carrier.identify(id.to_string().parse().unwrap()).await;
    assert_eq!(who(PERSON).await.unwrap().date_of_birth, Some(Private::new(date(2014, 3, 4))));
    assert!(who(999).await.unwrap().restricted);
    assert!(who(998).await.unwrap().merged_into.is_some());
    assert!(who(777).await.is_err());
}
