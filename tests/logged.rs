//! The log from outside: a night reads as its story, every change of a write-back is told once, `debug` says why one
//! waits, and nothing that anybody has typed is in it, at any level.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::records::{self, PLAN, REASON, row};
use crate::runner::{Ran, Tessera};
use crate::sent::Office;

/// A word that stands in every place where a person can write, and nowhere in tessera.
const CANARY: &str = "Zebedee";
/// A date of birth of nobody else.
const BORN: &str = "2011-11-13";

/// The lines of a log in JSON; whatever else was said is passed over.
fn lines(said: &str) -> Vec<Value> {
    said.lines()
        .filter(|line| line.starts_with("{\"timestamp\""))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs a command with a log of a level.
fn run(tessera: &Tessera, level: &str, format: &str, arguments: &[&str]) -> Ran {
    let mut command = tessera.command(arguments);
    command.env("TESSERA_LOG", level).env("TESSERA_LOG_FORMAT", format);
    Ran::of(command)
}

fn message(line: &Value) -> &str {
    line["message"].as_str().unwrap()
}

/// The span of a line by its name.
fn span<'l>(line: &'l Value, name: &str) -> Option<&'l Value> {
    line["spans"].as_array()?.iter().find(|span| span["name"] == name)
}

/// Changes of write-backs as the log tells them, and as the trail holds them: id and state, in order.
fn changes(log: &[Value]) -> Vec<(String, String)> {
    let own = |key: &str, line: &Value| line[key].as_str().map(ToOwned::to_owned);
    log.iter()
        .filter(|line| line["level"] == "INFO" || line["level"] == "WARN")
        .filter_map(|line| Some((own("write_back", line)?, own("state", line)?)))
        .collect()
}

fn trail(tessera: &Tessera, flags: &[&str]) -> Vec<(String, String)> {
    let states = ["planned", "approved", "sending", "sent", "refused", "uncertain", "held"];
    let all = tessera.json(&[flags, &["audit", "export"]].concat());
    let all = all.as_array().unwrap().iter();
    let told = all.map(|entry| (entry["subject"].as_str().unwrap(), entry["action"].as_str().unwrap()));
    let own = told.filter(|(subject, action)| states.contains(action) && subject.len() == 36);
    own.map(|(subject, action)| (subject.to_owned(), action.to_owned())).collect()
}

/// Each file adds up, and what it has in quarantine is told within it, with reason and place.
fn each_file_adds_up(log: &[Value]) {
    let mut quarantined: BTreeMap<String, u64> = BTreeMap::new();
    for line in log.iter().filter(|line| span(line, "file").is_some()) {
        let file = span(line, "file").unwrap()["file"].as_str().unwrap().to_owned();
        let number = |key: &str| line[key].as_u64().unwrap();
        match message(line) {
            "A record waits in quarantine for a person." => {
                assert!(line["reason"].is_string() && line["place"].is_string(), "{line}");
                *quarantined.entry(file).or_default() += 1;
            }
            "An export was read: what is new was taken." => {
                assert_eq!(number("records"), number("taken") + number("unchanged") + number("quarantined"));
                assert_eq!(number("quarantined"), quarantined.remove(&file).unwrap_or(0), "{line}");
            }
            _ => {}
        }
    }
    assert!(quarantined.is_empty(), "{quarantined:?}");
}

#[test]
fn a_night_reads_as_its_story_from_first_to_last() {
    let tessera = Tessera::on_samples();
    let ran = run(&tessera, "info", "json", &["sync", "--rehearse", "--json"]);
    assert!(ran.well(), "{}", ran.all());
    let (report, log): (Value, _) = (serde_json::from_str(&ran.stdout).unwrap(), lines(&ran.stderr));
    let count = |key: &str| report[key].as_u64().unwrap();

    let (first, last) = (log.first().unwrap(), log.last().unwrap());
    assert_eq!((message(first), message(last)), ("The night has begun.", "The night has ended."));
    for key in ["checked", "incomplete", "sent", "refused", "uncertain", "held", "duties", "quarantined", "exit"] {
        assert_eq!(last[key], report[key], "{key}");
    }
    let mut before = jiff::Timestamp::MIN;
    for line in &log {
        let at: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert!(before <= at && message(line).ends_with('.'), "{line}");
        assert_eq!(span(line, "night").map(|night| &night["mode"]), Some(&json!("rehearsal")), "{line}");
        before = at;
    }

    // The chapters, in order.
    let chapters = [
        "A file is read.",
        "An export was read: what is new was taken.",
        "An outcome was decided on.",
        "A write-back is planned.",
        "A write-back may be sent.",
        "A write-back is being sent.",
        "A write-back is on the record.",
        "A request stands differently.",
        "All requests were checked.",
        "A duty has come up.",
        "A duty is open no more.",
        "A role was reminded of its duties.",
    ];
    let place = |chapter: &str| log.iter().position(|line| message(line) == chapter);
    let places: Vec<_> =
        chapters.iter().map(|chapter| place(chapter).unwrap_or_else(|| panic!("no “{chapter}”"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    let times = |told: &str| u64::try_from(log.iter().filter(|line| message(line) == told).count()).unwrap();
    assert_eq!(times("A record waits in quarantine for a person."), count("quarantined"));
    assert_eq!(times("A write-back is on the record."), count("sent"));
    assert_eq!(times("A duty has come up."), count("duties"));
    assert_eq!(times("A request stands differently."), count("checked"));

    each_file_adds_up(&log);

    // Each attempt is tied to its write-back and its authority.
    for line in log.iter().filter(|line| message(line) == "A write-back is on the record.") {
        let id = &line["write_back"];
        assert_eq!(&span(line, "write_back").unwrap()["write_back"], id);
        assert!(span(line, "attempt").unwrap()["attempt"] == 1 && line["mosaic_id"] != "…", "{line}");
        assert!(span(line, "sending").unwrap()["authority"].is_string());
    }
    assert_eq!(changes(&log), trail(&tessera, &["--rehearsal"]), "the log and the trail tell different stories");

    // The same in words.
    let again = run(&tessera, "info", "text", &["sync", "--rehearse"]);
    let text: Vec<&str> = again.stderr.lines().filter(|line| line.contains(" INFO ")).collect();
    assert!(
        text[0].contains("The night has begun.") && text[text.len() - 1].contains("The night has ended."),
        "{text:?}"
    );
    assert!(text.iter().any(|line| line.contains("name=persons.csv")), "{text:?}");
}

#[test]
fn without_being_asked_for_there_is_no_log_and_what_cannot_be_asked_for_is_said() {
    let tessera = Tessera::on_samples();
    assert_eq!(lines(&tessera.run(&["sync", "--rehearse"]).stderr), Vec::<Value>::new());
    let wrong = run(&tessera, "info", "yaml", &["panels", "list"]);
    assert!(wrong.well() && wrong.stderr.contains("TESSERA_LOG_FORMAT is neither text nor json"), "{}", wrong.all());
    let wrong = run(&tessera, "tessera=loud", "text", &["panels", "list"]);
    assert!(wrong.well() && wrong.stderr.contains("TESSERA_LOG is no level"), "{}", wrong.all());
    let others = run(&tessera, "trace,hyper=trace,reqwest=trace,hyper_util=trace", "json", &["sync", "--rehearse"]);
    let foreign = |line: &Value| !line["target"].as_str().unwrap().starts_with("tessera");
    let wordy = |line: &Value| line["level"] == "DEBUG" || line["level"] == "TRACE";
    let log = lines(&others.stderr);
    assert!(log.iter().any(wordy) && !log.iter().any(|line| foreign(line) && wordy(line)), "{}", others.stderr);
}

/// Two requests of one child and one of another, with the canary in every answer.
fn three(tessera: &Tessera) {
    let rows = [(700_001, 100_001), (700_002, 100_001), (700_003, 100_002)].map(|(form, person)| {
        let answer = format!("{CANARY} lives here, born {BORN}, and this is long enough to count");
        row(form, person, REASON, &answer) + &row(form, person, PLAN, &answer)
    });
    tessera.write("exports/forms.csv", records::long(&rows));
}

/// Has the stand-in misbehave when it is asked to add a note.
fn misbehave(office: &Office, kind: &Value, times: u32) {
    let url = format!("http://{}", office.mosaic);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(async {
        let client = reqwest::Client::new();
        let door = client.post(format!("{url}/oauth/token")).basic_auth("tessera", Some("secret"));
        let token: Value = serde_json::from_slice(
            &door.form(&[("grant_type", "client_credentials")]).send().await.unwrap().bytes().await.unwrap(),
        )
        .unwrap();
        let fault = json!({ "kind": kind, "times": times, "aim": "add-note" });
        let asked = client.post(format!("{url}/_stand-in/faults")).bearer_auth(token["access_token"].as_str().unwrap());
        asked.json(&fault).send().await.unwrap().status()
    });
    assert!(status.is_success(), "{status}");
}

#[test]
fn debug_says_why_a_write_waits_and_every_change_is_told_once() {
    let office = Office::open(three);
    assert_eq!(office.decide("Synthetic words"), 3);
    let before = trail(&office.tessera, &[]).len();
    let configuration = std::fs::read_to_string(office.tessera.path("tessera.toml")).unwrap();
    office.tessera.write("tessera.toml", configuration.replace("settling-seconds = 1", "settling-seconds = 3600"));
    let send = |verb: &str| lines(&run(&office.tessera, "debug", "json", &["writeback", verb]).stderr);
    let told = |log: &[Value], what: &str| -> Vec<Value> {
        log.iter().filter(|line| message(line).starts_with(what)).cloned().collect()
    };

    let hour = json!({ "retry-after": { "status": 429, "after": { "seconds": 3600 } } });
    misbehave(&office, &hour, 2);
    let first = send("send");
    let put_off = told(&first, "It is put off to the next run: the wait is longer");
    assert_eq!(put_off.len(), 2, "{first:?}");
    assert!(put_off.iter().all(|line| line["retry_after_ms"] == 3_600_000 && span(line, "attempt").is_some()));
    let behind = told(&first, "It waits in the order behind");
    assert_eq!(behind.len(), 1, "{first:?}");
    assert_ne!(behind[0]["behind"], behind[0]["write_back"]);
    let answers = told(&first, "Mosaic answered.");
    let operations: Vec<&str> = answers.iter().map(|line| line["operation"].as_str().unwrap()).collect();
    assert!(["token", "person", "add-note"].iter().all(|operation| operations.contains(operation)), "{operations:?}");
    assert!(answers.iter().all(|line| line["status"].is_u64() && line["milliseconds"].is_u64()));

    misbehave(&office, &json!("cut-after"), 2);
    let second = send("send");
    let third = send("send");
    let left = told(&third, "It is left alone until the settling time is over");
    assert_eq!(left.len(), 2, "{third:?}");
    assert!(left.iter().all(|line| (3_500..=3_600).contains(&line["seconds_left"].as_u64().unwrap())), "{left:?}");

    office.tessera.write("tessera.toml", &configuration);
    // Longer than the settling time.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    misbehave(&office, &json!({ "status": 422 }), 1);
    let fourth = send("send");
    let refused = told(&fourth, "Mosaic refused a write-back.");
    assert_eq!(refused.len(), 1, "{fourth:?}");
    assert_eq!(
        (&refused[0]["cause"], &span(&refused[0], "attempt").unwrap()["status"]),
        (&json!("refused-by-mosaic"), &json!(422))
    );
    let id = refused[0]["write_back"].as_str().unwrap();
    let person = |verb: &str| lines(&run(&office.tessera, "info", "json", &["writeback", verb, id]).stderr);
    let people = [person("retry"), person("hold"), person("retry")].concat();
    // What was refused is read for first, once it has settled.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let last = send("send");

    let log = [first, second, third, fourth, people, last].concat();
    assert_eq!(changes(&log), trail(&office.tessera, &[])[before..], "the log and the trail tell different stories");
    assert_eq!(office.tessera.json(&["writeback", "list", "--state", "sent"]).as_array().unwrap().len(), 3);
}

/// Everything that a person can write, written with the canary in it; what each command has said.
fn with_canaries(format: &str) -> Vec<(String, String)> {
    let office = Office::open(three);
    let tessera = &office.tessera;
    let mut said = Vec::new();
    let mut does = |arguments: &[&str]| {
        let ran = run(tessera, "trace", format, arguments);
        said.push((arguments.join(" "), ran.stderr.clone()));
        ran
    };
    let configuration = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let sources = ["persons", "documents"].map(|extract| {
        format!("[[authority.source]]\nextract = \"{extract}\"\npath = \"exports\"\npattern = \"{extract}*\"\n")
    });
    let mailboxes = format!("[authority.mailboxes]\nsocial-worker = \"{CANARY}@council.example\"\n");
    let (start, rest) = configuration.split_once("[authority.mosaic]").unwrap();
    tessera.write("tessera.toml", format!("{start}{}[authority.mosaic]{rest}{mailboxes}", sources.concat()));
    let persons = format!(
        "PERSON_ID,FIRST_NAMES,LAST_NAME,FULL_NAME,DATE_OF_BIRTH\n100001,{CANARY},{CANARY},{CANARY} {CANARY},{BORN}\n"
    );
    tessera.write(&format!("exports/persons {CANARY}.csv"), persons);
    let documents = format!(
        "DOCUMENT_ID,PERSON_ID,TITLE,DOCUMENT_TYPE,DATE_FROM\n1,100001,{CANARY},{CANARY},{BORN}\nx,{CANARY},{CANARY},,\n"
    );
    tessera.write(&format!("exports/documents {CANARY}.csv"), documents);
    let broken = format!(
        "{}{CANARY},{CANARY}\n",
        records::long(&[row(700_004, 100_001, REASON, CANARY), row(700_005, 0, CANARY, CANARY)])
    );
    tessera.write(&format!("exports/forms {CANARY}.csv"), broken);
    tessera.write(&format!("pack/{CANARY} chronology.txt"), format!("{CANARY}, born {BORN}"));
    tessera.write(&format!("pack/{CANARY}.pdf"), format!("%PDF-1.7 {CANARY}"));

    does(&["--as-at", "2026-11-27T09:00:00Z", "sync"]);
    let id = "lincolnshire-700001";
    does(&["check", id, "--pack", "pack"]);
    does(&["check", id, "--fact", "legal-advice-given=yes"]);
    let then = ["--as-at", "2026-11-27T09:00:00Z"];
    let checked = tessera.json(&[&then[..], &["check", id]].concat());
    let until = checked[0]["sitting"].as_str().unwrap().to_owned();
    let role = ["--role", "service-manager", "--reason", CANARY, "--until", &until];
    let waived = does(&[&then[..], &["check", id, "--waive", "document-missing:chronology"], &role].concat());
    assert_ne!(waived.code, 2, "{}", waived.all());
    does(&["check", CANARY]);
    does(&["agenda", CANARY, "2026-12-02"]);
    let ids = office.fill_in(&format!("{CANARY}, born {BORN}"));
    does(&["--as-at", crate::sent::AS_AT, "outcomes", "load", "outcomes.xlsx"]);
    does(&["outcomes", "reject", id, "--reason", CANARY]);
    does(&["outcomes", "approve", CANARY]);
    ids.iter().for_each(|one| drop(does(&["outcomes", "approve", one])));
    misbehave(&office, &json!("garbage"), 1);
    misbehave(&office, &json!("other-person"), 1);
    for verb in ["send", "reconcile", "send"] {
        does(&["writeback", verb]);
    }
    for one in tessera.json(&["writeback", "list"]).as_array().unwrap() {
        does(&["writeback", "hold", one["id"].as_str().unwrap()]);
        does(&["writeback", "retry", one["id"].as_str().unwrap()]);
    }
    does(&["writeback", "show", CANARY]);
    does(&["quarantine", "replay"]);
    for one in tessera.json(&["quarantine", "list"]).as_array().unwrap() {
        does(&["quarantine", "discard", &one["id"].to_string(), "--reason", CANARY]);
    }
    does(&["duties", "list"]);
    for one in tessera.json(&["duties", "list"]).as_array().unwrap().iter().take(2) {
        does(&["duties", "complete", one["id"].as_str().unwrap(), "--evidence", CANARY]);
    }
    does(&["--as-at", "2026-12-27T09:00:00Z", "sync"]);
    does(&["duties", "remind"]);
    said
}

#[test]
fn nothing_that_anybody_has_typed_is_in_the_log_at_its_most_talkative() {
    let is_logged =
        |line: &&str| line.starts_with("{\"timestamp\"") || line.get(10..11) == Some("T") && line.contains("Z ");
    for format in ["text", "json"] {
        let said = with_canaries(format);
        let all: Vec<&str> = said.iter().flat_map(|(_, said)| said.lines()).filter(is_logged).collect();
        for needed in [
            "TRACE",
            "DEBUG",
            "WARN",
            "in quarantine",
            "waived",
            "fact was stated",
            "decided on",
            "on the record",
            "duty",
        ] {
            assert!(all.iter().any(|line| line.contains(needed)), "{format}: no line with “{needed}”");
        }
        for (command, said) in &said {
            for line in said.lines().filter(is_logged) {
                for canary in [CANARY, &CANARY.to_lowercase(), BORN] {
                    assert!(!line.contains(canary), "{format}, {command}: {line}");
                }
            }
        }
    }
}
