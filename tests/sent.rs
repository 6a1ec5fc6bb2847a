//! `kill -9` at any moment of a real send to a real server: afterwards the server itself holds everything once.
//!
//! The stand-in is a process of its own, is killed as well, and comes back with what it had kept.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use crate::records;
use crate::runner::Tessera;

const CHILDREN: u64 = 260;
const KILLS: u32 = 48;
pub(crate) const AS_AT: &str = "2026-11-27T09:00:00Z";
const SITTING: &str = "2026-11-25";
/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What shows that the moment has come.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the start.
    Elapsed(Duration),
    /// The ledger has committed so many times: its write-ahead log has grown.
    Committed(u32),
    /// The server has kept something so many times.
    Kept(u32),
}

/// Something that is killed when the test ends, however it ends.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// An installation that sends to a stand-in of its own.
pub(crate) struct Office {
    pub(crate) tessera: Tessera,
    pub(crate) mosaic: SocketAddr,
    server: Option<Process>,
}

impl Office {
    /// With the exports that are written.
    pub(crate) fn open(write: impl FnOnce(&Tessera)) -> Self {
        let tessera = Tessera::new("lincolnshire");
        let mosaic = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        tessera.write("tessera.toml", configuration(mosaic));
        write(&tessera);
        let mut office = Self { tessera, mosaic, server: None };
        // The stand-in makes what a rehearsal needs, and then knows whom the rehearsal knows.
        office.serve();
        office.stop();
        for flags in [&["--rehearsal"][..], &[]] {
            office.well(&[flags, &["--as-at", AS_AT, "import", "exports/forms.csv"]].concat());
        }
        office.serve();
        office
    }

    fn serve(&mut self) {
        let address = self.mosaic.to_string();
        self.server = Some(Process(self.tessera.start(&["stand-in", "--listen", &address])));
        let started = Instant::now();
        while TcpStream::connect(self.mosaic).is_err() {
            assert!(started.elapsed() < PATIENCE, "the stand-in does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn stop(&mut self) {
        self.server.take().unwrap().kill();
    }

    pub(crate) fn well(&self, arguments: &[&str]) {
        let ran = self.tessera.run(arguments);
        assert!(ran.well(), "{arguments:?}: {}", ran.all());
    }

    /// Everybody's outcome is loaded from a workbook and approved: of how many requests. `words` are what is told.
    pub(crate) fn decide(&self, words: &str) -> u64 {
        let ids = self.fill_in(words);
        self.well(&["--as-at", AS_AT, "outcomes", "load", "outcomes.xlsx"]);
        let approve: Vec<&str> = ["outcomes", "approve"].into_iter().chain(ids.iter().map(String::as_str)).collect();
        self.well(&approve);
        u64::try_from(ids.len()).unwrap()
    }

    /// Writes everybody's outcome into `outcomes.xlsx`, with these words: of which requests.
    pub(crate) fn fill_in(&self, words: &str) -> Vec<String> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let told = ["What's Working Well", "What Are We Worried About", "What Needs to Happen", "Timescales"];
        let headings = [&["Submission", "Person", "Sitting", "Decision"][..], &told].concat();
        for (column, heading) in (0..).zip(headings) {
            sheet.write_string(0, column, heading).unwrap();
        }
        let listed = self.tessera.json(&["submissions", "list", "--limit", "10000"]);
        let listed = listed.as_array().unwrap();
        let mut ids = Vec::new();
        for (row, one) in (1..).zip(listed) {
            let (id, person) = (one["submission"].as_str().unwrap(), one["people"][0].to_string());
            let decided = [id, person.trim_matches('"'), SITTING, "Not agreed"];
            let cells = decided.into_iter().chain(told.iter().map(|_| words));
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
            ids.push(id.to_owned());
        }
        workbook.save(self.tessera.path("outcomes.xlsx")).unwrap();
        ids
    }

    /// Sends, and is killed when the moment comes. Whether it was.
    fn send_until(&mut self, moment: Moment) -> bool {
        let mut process = Process(self.tessera.start(&["writeback", "send"]));
        let started = Instant::now();
        let (log, kept) = (self.tessera.path("state/ledger.db-wal"), self.kept());
        let (mut committed, mut keeps, mut log_before) = (0, 0, None);
        let mut kept_before = changed(&kept);
        while process.0.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "it does not come to an end");
            let now = fs::metadata(&log).ok().map(|about| about.len());
            committed += u32::from(log_before.is_some() && now > log_before);
            log_before = now.or(log_before);
            let now = changed(&kept);
            keeps += u32::from(now != kept_before);
            kept_before = now;
            let has_come = match moment {
                Moment::Elapsed(after) => started.elapsed() >= after,
                Moment::Committed(times) => committed >= times,
                Moment::Kept(times) => keeps >= times,
            };
            if has_come {
                process.kill();
                return true;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        false
    }

    /// The file in which the server keeps what it holds.
    fn kept(&self) -> PathBuf {
        self.tessera.path("state/rehearsal/mosaic.json")
    }

    /// The write-backs, by state.
    fn states(&self) -> BTreeMap<String, Vec<Value>> {
        let mut states: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for one in self.tessera.json(&["writeback", "list"]).as_array().unwrap() {
            states.entry(one["state"].as_str().unwrap().to_owned()).or_default().push(one.clone());
        }
        states
    }
}

fn changed(path: &PathBuf) -> Option<(u64, std::time::SystemTime)> {
    let about = fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

fn configuration(mosaic: SocketAddr) -> String {
    format!(
        r#"
[ledger]
url = "sqlite:state/ledger.db"
key = {{ file = "state/ledger.key" }}

[[authority]]
name = "lincolnshire"
[[authority.source]]
extract = "forms"
path = "exports"
pattern = "forms*"
[authority.mosaic]
transport = "rest"
url = "http://{mosaic}"
credentials = {{ client-id = "tessera", client-secret = {{ file = "state/ledger.key" }} }}
rate = 2000
settling-seconds = 1
[authority.approval]
second-person = false
"#
    )
}

/// Moments of every sort, from before the first commit to well into the sending.
fn moments() -> impl Iterator<Item = Moment> {
    (0..KILLS).map(|number| match number % 4 {
        0 => Moment::Elapsed(Duration::from_millis(u64::from(number) * 5)),
        1 => Moment::Committed(1 + number / 4),
        2 => Moment::Kept(1 + number % 3),
        _ => Moment::Committed(1 + number % 7),
    })
}

#[test]
fn whenever_it_is_killed_the_server_holds_everything_once() {
    let mut office = Office::open(|tessera| records::many(tessera, CHILDREN));
    assert_eq!(office.decide("Synthetic words"), CHILDREN);
    let (mut killed, mut left_behind) = (0, 0);
    for (number, moment) in moments().enumerate() {
        if number % 12 == 7 {
            // Mosaic itself goes away in the middle, and comes back with what it had kept.
            let server = office.server.take().unwrap();
            let going = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(150));
                drop(server);
            });
            killed += u32::from(office.send_until(Moment::Elapsed(Duration::from_millis(400))));
            going.join().unwrap();
            office.serve();
        } else {
            killed += u32::from(office.send_until(moment));
        }
        left_behind += office.states().get("sending").map_or(0, Vec::len);
    }
    assert!(killed >= 40, "only {killed} runs were killed: make the list of children longer");
    assert!(left_behind >= 20, "only {left_behind} were left in the middle of being sent");

    let waiting = |states: &BTreeMap<String, Vec<Value>>| {
        ["approved", "sending", "uncertain"].iter().any(|state| states.contains_key(*state))
    };
    let mut rounds = 0;
    while waiting(&office.states()) && rounds < 12 {
        // Longer than the settling time.
        std::thread::sleep(Duration::from_millis(1_200));
        office.tessera.run(&["writeback", "send"]);
        rounds += 1;
    }
    let states = office.states();
    assert!(!waiting(&states), "{:?}", states.keys());
    let kept = String::from_utf8(fs::read(office.kept()).unwrap()).unwrap();
    let mut notes = 0;
    for (state, all) in &states {
        for one in all {
            let (reference, kind) = (one["reference"].as_str().unwrap(), one["kind"].as_str().unwrap());
            let copies = kept.matches(&format!("Ref: {reference}")).count();
            assert_eq!(copies, usize::from(state == "sent"), "{reference} {kind} is {state}: {}", one["reason"]);
            notes += u64::from(kind == "case-note" && state == "sent");
        }
    }
    assert_eq!(notes, CHILDREN);
    assert_eq!(kept.matches("Ref: TES-").count(), states["sent"].len(), "the server holds what no ledger knows");
    office.well(&["audit", "verify"]);
}
