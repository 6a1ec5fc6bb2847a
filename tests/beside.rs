//! Who works beside whom: while a night sends, and while a big file is read, everybody else goes on.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use crate::records;
use crate::runner::{Ran, Tessera};

pub(crate) const LATER: [&str; 2] = ["--as-at", "2026-12-03T09:00:00Z"];
/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something that is killed when the test ends, however it ends.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What stands between tessera and Mosaic: it can keep back whatever writes on a record.
pub(crate) struct Gate {
    address: SocketAddr,
    is_shut: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
}

impl Gate {
    fn before(mosaic: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self { address: listener.local_addr().unwrap(), is_shut: Arc::default(), waiting: Arc::default() };
        let (is_shut, waiting) = (gate.is_shut.clone(), gate.waiting.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (is_shut, waiting) = (is_shut.clone(), waiting.clone());
                std::thread::spawn(move || pass(client.unwrap(), mosaic, &is_shut, &waiting));
            }
        });
        gate
    }

    pub(crate) fn shut(&self) {
        self.is_shut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.is_shut.store(false, Ordering::SeqCst);
    }

    /// Until something is kept back.
    pub(crate) fn wait(&self) {
        until("nothing is written", || self.waiting.load(Ordering::SeqCst) > 0);
    }
}

/// Passes on what a client says; a request that writes on a record waits while the gate is shut.
fn pass(mut client: TcpStream, mosaic: SocketAddr, is_shut: &AtomicBool, waiting: &AtomicUsize) {
    let Ok(mut server) = TcpStream::connect(mosaic) else { return };
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || drop(std::io::copy(&mut answers, &mut back)));
    let mut bytes = [0_u8; 65_536];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let said = &bytes[..read];
        if said.starts_with(b"POST /api/persons/") {
            waiting.fetch_add(1, Ordering::SeqCst);
            while is_shut.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            waiting.fetch_sub(1, Ordering::SeqCst);
        }
        if server.write_all(said).is_err() {
            return;
        }
    }
    drop(server.shutdown(std::net::Shutdown::Both));
}

pub(crate) fn until(what: &str, mut has_come: impl FnMut() -> bool) {
    let started = Instant::now();
    while !has_come() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The samples of one council, for real, with a Mosaic behind a gate.
pub(crate) struct Office {
    pub(crate) tessera: Tessera,
    pub(crate) gate: Gate,
    _mosaic: Process,
}

impl Office {
    pub(crate) fn open() -> Self {
        let tessera = Tessera::on_samples();
        let text = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
        let rehearsed = tessera.run(&["sync", "--rehearse"]);
        assert!(rehearsed.well(), "{}", rehearsed.all());
        let mosaic = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Process(tessera.start(&["stand-in", "--listen", &mosaic.to_string()]));
        until("the stand-in does not come up", || TcpStream::connect(mosaic).is_ok());
        let gate = Gate::before(mosaic);
        let (start, _) = text.split_once("[authority.mosaic]\n").unwrap();
        let start = start.replace("{ file = \"state/ledger.key\" }", "{ env = \"LEDGER_KEY\" }");
        let mosaic = format!(
            "[authority.mosaic]\ntransport = \"rest\"\nurl = \"http://{}\"\nrate = 2000\nsettling-seconds = 1\n\
             credentials = {{ client-id = \"tessera\", client-secret = {{ env = \"LEDGER_KEY\" }} }}\n\
             [authority.approval]\nsecond-person = true\n",
            gate.address
        );
        tessera.write("tessera.toml", format!("{start}{mosaic}"));
        Self { tessera, gate, _mosaic: process }
    }

    pub(crate) fn command(&self, user: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = self.tessera.command(arguments);
        command.env("USER", user).env("LEDGER_KEY", "ab".repeat(32));
        command
    }

    pub(crate) fn run(&self, user: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(user, arguments))
    }

    pub(crate) fn ends(&self, code: i32, user: &str, arguments: &[&str]) -> Ran {
        let started = Instant::now();
        let ran = self.run(user, arguments);
        assert_eq!(ran.code, code, "{arguments:?} {}", ran.all());
        assert!(started.elapsed() < Duration::from_secs(20), "{arguments:?} took {:?}", started.elapsed());
        ran
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run("somebody", &[arguments, &["--json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{arguments:?}\n{}", ran.all()))
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.command("night", arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        Process(command.spawn().unwrap())
    }

    /// Reads the exports, and loads what the panel decided of these requests. Nothing is approved.
    pub(crate) fn decide(&self, requests: &[(&str, &str)]) {
        let synced = self.run("loader", &[&LATER[..], &["sync"]].concat());
        assert!(matches!(synced.code, 0 | 3), "{}", synced.all());
        self.load(requests, "Synthetic words");
    }

    /// Loads what the panel decided in these words, as another revision where it was loaded before.
    pub(crate) fn load(&self, requests: &[(&str, &str)], words: &str) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let told = ["What's Working Well", "What Are We Worried About", "What Needs to Happen", "Timescales"];
        let headings = [&["Submission", "Person", "Sitting", "Decision"][..], &told].concat();
        for (column, heading) in (0..).zip(headings) {
            sheet.write_string(0, column, heading).unwrap();
        }
        for (row, (id, person)) in (1..).zip(requests) {
            let cells = [*id, *person, "2026-12-02", "Not agreed"].into_iter();
            for (column, cell) in (0..).zip(cells.chain(told.iter().map(|_| words))) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
        workbook.save(self.tessera.path("decided.xlsx")).unwrap();
        self.ends(0, "loader", &[&LATER[..], &["outcomes", "load", "decided.xlsx"]].concat());
    }

    /// The references of the write-backs in a state.
    pub(crate) fn in_state(&self, state: &str) -> Vec<String> {
        let listed = self.json(&["writeback", "list"]);
        let own = listed.as_array().unwrap().iter().filter(|one| one["state"] == state);
        own.map(|one| one["reference"].as_str().unwrap().to_owned()).collect()
    }

    /// How many entries of the trail are of an action about a subject.
    pub(crate) fn entries(&self, action: &str, subject: &str) -> usize {
        let trail = self.json(&["audit", "export"]);
        let own = |one: &&Value| one["action"] == action && one["subject"] == subject;
        trail.as_array().unwrap().iter().filter(own).count()
    }
}

/// Requests of the sample, each about one child.
pub(crate) const REQUESTS: [(&str, &str); 8] = [
    ("lincolnshire-700001", "100001"),
    ("lincolnshire-700003", "100004"),
    ("lincolnshire-700004", "100005"),
    ("lincolnshire-700007", "100008"),
    ("lincolnshire-700008", "100009"),
    ("lincolnshire-700020", "100020"),
    ("lincolnshire-700021", "100021"),
    ("lincolnshire-700022", "100022"),
];

#[test]
fn while_a_night_sends_everybody_else_goes_on() {
    let office = Office::open();
    office.decide(&REQUESTS);
    let (last, first) = REQUESTS.split_last().unwrap();
    let ids: Vec<&str> = first.iter().map(|(id, _)| *id).collect();
    office.ends(0, "approver", &[&["outcomes", "approve"], &ids[..1]].concat());
    // What is sent and decided before raises duties.
    let synced = office.run("night", &[&LATER[..], &["sync"]].concat());
    assert!(matches!(synced.code, 0 | 3), "{}", synced.all());
    let duties = office.json(&["duties", "list"]);
    let duty = duties[0]["id"].as_str().unwrap_or_else(|| panic!("{duties}")).to_owned();
    office.ends(0, "approver", &[&["outcomes", "approve"], &ids[1..]].concat());

    office.gate.shut();
    let mut sending = office.start(&["writeback", "send"]);
    office.gate.wait();
    let (leaving, waiting) = (office.in_state("sending"), office.in_state("approved"));
    assert!(!leaving.is_empty() && !waiting.is_empty(), "{leaving:?} {waiting:?}");

    // What has not left is held at once; what is leaving is told so.
    office.ends(0, "manager", &["writeback", "hold", &waiting[0]]);
    let late = office.ends(2, "manager", &["writeback", "hold", &leaving[0]]);
    assert!(late.stderr.contains("sending"), "{}", late.all());
    assert_eq!(office.in_state("held"), [waiting[0].clone()]);

    office.ends(0, "approver", &["outcomes", "approve", last.0]);
    office.ends(0, "social-worker", &["duties", "complete", &duty, "--evidence", "it is on the record"]);
    let again = office.ends(2, "somebody", &["duties", "complete", &duty, "--evidence", "so it is"]);
    assert!(again.stderr.contains("done already"), "{}", again.all());
    let waive = ["--waive", "document-missing:chronology", "--role", "service-manager", "--reason", "it is on its way"];
    let (before, until) = (["--as-at", "2026-12-01T09:00:00Z"], ["--until", "2026-12-02"]);
    office.ends(3, "manager", &[&before[..], &["check", "lincolnshire-700040"], &waive, &until].concat());
    office.ends(3, "sam", &[&LATER[..], &["check", "lincolnshire-700040", "--fact", "direct-work-done=yes"]].concat());
    let replayed = office.run("systems", &["quarantine", "replay", "7"]);
    assert!(matches!(replayed.code, 0 | 3), "{}", replayed.all());
    office.ends(0, "systems", &["quarantine", "discard", "5", "--reason", "the row is of no use"]);
    let late = office.ends(2, "systems", &["quarantine", "discard", "5", "--reason", "another"]);
    assert!(late.stderr.contains("discarded already"), "{}", late.all());
    office.run("systems", &[&LATER[..], &["import", "exports/lincolnshire/c0343.xml"]].concat());

    // Nobody else sends.
    office.ends(4, "somebody", &["writeback", "send"]);
    office.ends(4, "somebody", &["writeback", "reconcile"]);
    let night = office.ends(4, "night", &[&LATER[..], &["--json", "sync"]].concat());
    let report: Value = serde_json::from_str(&night.stdout).unwrap();
    assert_eq!((&report["left"], &report["exit"]), (&serde_json::json!(["send"]), &4.into()), "{}", night.all());
    assert!(report["checked"].as_u64().unwrap() > 0, "the rest of the night is done: {report}");

    office.gate.open();
    assert!(sending.0.wait().unwrap().success());
    office.ends(0, "night", &["writeback", "send"]);
    assert_eq!((office.in_state("held"), office.in_state("approved")), (vec![waiting[0].clone()], vec![]));
    assert!(office.in_state("sending").is_empty() && office.in_state("uncertain").is_empty());
    office.ends(0, "governance", &["audit", "verify"]);
}

#[test]
fn of_two_nights_one_goes_on_and_a_night_that_is_killed_leaves_nothing_shut() {
    let office = Office::open();
    office.decide(&REQUESTS);
    office.ends(0, "approver", &["outcomes", "approve", REQUESTS[0].0, REQUESTS[1].0]);
    office.gate.shut();
    let night = office.start(&[&LATER[..], &["sync"]].concat());
    office.gate.wait();
    let started = Instant::now();
    let second = office.ends(4, "night", &[&LATER[..], &["sync"]].concat());
    assert!(started.elapsed() < Duration::from_secs(5) && second.stderr.contains("nightly job"), "{}", second.all());
    office.ends(0, "approver", &["outcomes", "approve", REQUESTS[2].0]);
    let reading = office.run("systems", &["quarantine", "replay", "7"]);
    assert!(matches!(reading.code, 0 | 3), "{}", reading.all());
    drop(night);
    office.gate.open();
    std::thread::sleep(Duration::from_millis(1_500));
    let after = office.run("night", &[&LATER[..], &["sync"]].concat());
    assert!(matches!(after.code, 0 | 3), "{}", after.all());
    // What was leaving when it was killed is left alone until it surely has arrived, or surely has not.
    office.ends(3, "night", &["writeback", "send"]);
    assert!(office.in_state("approved").is_empty());
}

/// How often two approve the same in the same instant.
const ROUNDS: usize = 20;

#[test]
fn of_two_who_approve_at_once_both_are_heard_and_each_outcome_is_approved_once() {
    let office = Office::open();
    office.decide(&REQUESTS);
    let (own, shared) = REQUESTS.split_at(4);
    let began = Instant::now();
    for round in 0..ROUNDS {
        let number = round % shared.len();
        if number == 0 && round > 0 {
            office.load(&REQUESTS, &format!("Synthetic words, {round}"));
        }
        let approve = |id: &'static str, user: &str| {
            let mut command = office.command(user, &["outcomes", "approve", id]);
            std::thread::spawn(move || command.output().unwrap().status.code().unwrap())
        };
        let (one, both) = (own[number].0, shared[number].0);
        let alone = approve(one, "first");
        let (first, second) = (approve(both, "first"), approve(both, "second"));
        assert_eq!(alone.join().unwrap(), 0, "round {round}");
        let mut codes = [first.join().unwrap(), second.join().unwrap()];
        codes.sort_unstable();
        assert_eq!(codes, [0, 3], "round {round}: one approves, and the other is told who did");
    }
    eprintln!("{ROUNDS} rounds took {:?}", began.elapsed());
    for (id, _) in REQUESTS {
        assert_eq!(office.entries("outcome-approved", id), ROUNDS / shared.len(), "{id}");
    }
    assert!(office.in_state("planned").is_empty() && office.in_state("approved").len() >= REQUESTS.len());
    office.ends(0, "governance", &["audit", "verify"]);
}

#[test]
fn while_a_big_file_is_read_a_person_waits_for_a_moment() {
    let tessera = Tessera::new("lincolnshire");
    let import = |tessera: &Tessera| tessera.run(&["import", "exports/forms.csv"]);
    records::many(&tessera, 1);
    assert!(import(&tessera).well());
    records::many(&tessera, 30_000);
    let mut reading = Process(tessera.start(&["import", "exports/forms.csv"]));
    let mut waits = Vec::new();
    let told = ["lincolnshire-700000", "--fact", "direct-work-done=yes"];
    while reading.0.try_wait().unwrap().is_none() {
        let started = Instant::now();
        let said = tessera.run(&[&LATER[..], &["check"], &told].concat());
        assert!(matches!(said.code, 0 | 3), "{}", said.all());
        waits.push(started.elapsed());
    }
    let worst = waits.iter().max().copied().unwrap_or_default();
    assert!(waits.len() > 5, "the file was read too soon: {}", waits.len());
    // Without giving way it is ten seconds and more, and then a failure.
    assert!(worst < Duration::from_secs(4), "{waits:?}");
    eprintln!("{} at a median of {:?}, the longest {worst:?}", waits.len(), {
        waits.sort();
        waits[waits.len() / 2]
    });
}

/// Records of the file beside which a person works: tens of seconds of reading in a build without optimisation.
const RECORDS: u64 = 40_000;

#[test]
fn beside_an_import_a_duty_is_done_within_seconds() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    let duties = tessera.json(&["--rehearsal", "duties", "list"]);
    let duties: Vec<&str> = duties.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let rows = (0..RECORDS).map(|number| {
        records::row(2_000_000 + number, 200_000 + number % 9_000, records::REASON, "Synthetic reason, long enough")
    });
    tessera.write("exports/lincolnshire/c0343-many.csv", records::long(&rows.collect::<Vec<_>>()));
    let mut reading = Process(tessera.start(&["--rehearsal", "import", "exports/lincolnshire/c0343-many.csv"]));
    std::thread::sleep(Duration::from_secs(1));
    let mut waits = Vec::new();
    for duty in duties.iter().take(10) {
        assert!(reading.0.try_wait().unwrap().is_none(), "the file was read too soon: {}", waits.len());
        let started = Instant::now();
        let done = tessera.run(&["--rehearsal", "duties", "complete", duty, "--evidence", "it is on the record"]);
        assert!(done.well(), "{}", done.all());
        waits.push(started.elapsed());
    }
    waits.sort();
    eprintln!("{} at a median of {:?}, the longest {:?}", waits.len(), waits[waits.len() / 2], waits.last());
    assert!(waits.len() == 10 && waits.iter().all(|wait| *wait < Duration::from_secs(5)), "{waits:?}");
    assert!(reading.0.wait().unwrap().success());
    assert!(tessera.run(&["--rehearsal", "audit", "verify"]).well());
}
