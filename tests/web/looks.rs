//! What a look costs and leaves: one opening of the ledger, one entry of the trail, no wait for the disk that a commit
//! does not ask for.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Pages, REQUEST, SITTING, Somebody, rehearsed};
use crate::runner::Tessera;

/// Whether a page is about children: it leaves one entry, and any other leaves none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Children,
    Nobody,
}

use About::{Children, Nobody};

/// Every address that can be opened, as the route table has it, with one that is there.
const LOOKS: &[(&str, &str, About)] = &[
    ("/", "/", Nobody),
    ("/sittings", "/sittings", Nobody),
    ("/sittings/{authority}/{panel}/{date}", "/sittings/SITTING", Children),
    ("/sittings/{authority}/{panel}/{date}/{file}", "/sittings/SITTING/agenda.xlsx", Children),
    ("/sittings/{authority}/{panel}/{date}/{file}", "/sittings/SITTING/matrix.xlsx", Children),
    ("/sittings/{authority}/{panel}/{date}/{file}", "/sittings/SITTING/outcomes.xlsx", Children),
    ("/sittings/{authority}/{panel}/{date}/{file}", "/sittings/SITTING/sitting.ics", Nobody),
    ("/panels", "/panels", Nobody),
    ("/panels/{authority}/{panel}", "/panels/lincolnshire/support-panel", Nobody),
    (
        "/panels/{authority}/{panel}/sittings.ics",
        "/panels/lincolnshire/support-panel/sittings.ics?from=2026-12-01",
        Nobody,
    ),
    ("/explain/{code}", "/explain/document-missing", Nobody),
    ("/requests", "/requests", Children),
    ("/requests", "/requests?person=100001", Children),
    ("/search", "/search", Nobody),
    ("/search", "/search?for=lincolnshire-70000", Children),
    ("/search", "/search?for=4+December+2026", Nobody),
    ("/requests/{id}", REQUEST, Children),
    ("/outcomes", "/outcomes", Children),
    ("/outcomes/of/{id}", "/outcomes/of/OUTCOME", Children),
    ("/outcomes/waiting", "/outcomes/waiting", Children),
    ("/outcomes/{authority}/{panel}/{date}", "/outcomes/SITTING", Children),
    ("/write-backs", "/write-backs", Children),
    ("/write-backs/{id}", "/write-backs/WRITE-BACK", Children),
    ("/duties", "/duties", Children),
    ("/duties/{id}", "/duties/DUTY", Children),
    ("/trackers", "/trackers", Nobody),
    ("/trackers/{authority}/{panel}/{tracker}", "/trackers/TRACKER", Children),
    ("/trackers/{authority}/{panel}/{tracker}/tracker.xlsx", "/trackers/TRACKER/tracker.xlsx", Children),
    ("/figures", "/figures", Nobody),
    ("/figures.xlsx", "/figures.xlsx", Nobody),
    ("/figures/periods", "/figures/periods", Nobody),
    ("/figures/periods.xlsx", "/figures/periods.xlsx", Nobody),
    ("/figures/pre-proceedings.csv", "/figures/pre-proceedings.csv", Children),
    ("/mappings", "/mappings", Nobody),
    ("/quarantine", "/quarantine", Nobody),
    ("/quarantine/{id}", "/quarantine/QUARANTINED", Nobody),
    ("/audit", "/audit", Nobody),
    ("/accounts", "/accounts", Nobody),
    ("/accounts/{name}", "/accounts/ada", Nobody),
    ("/account", "/account", Nobody),
    ("/help", "/help", Nobody),
    ("/stay", "/stay", Nobody),
    ("/requests/{id}/pack", "/requests/lincolnshire-700001/pack", Children),
    ("/sign-in", "/sign-in", Nobody),
    ("/invitation/{secret}", "/invitation/none", Nobody),
    ("/accessibility", "/accessibility", Nobody),
    ("/assets/{version}/{name}", "/assets/none/none.css", Nobody),
];

/// Pages of a process whose openings and waits for the disk are written down as they happen.
struct Watched {
    pages: Pages,
    calls: PathBuf,
}

/// What something has cost and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    openings: usize,
    syncs: usize,
    entries: i64,
}

/// `strace` around a command, which stays the child of whoever starts it.
fn watched(tessera: &Tessera, command: &Command) -> (Command, PathBuf) {
    let calls = tessera.path("calls");
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-qq", "-e", "trace=openat,fsync,fdatasync", "-e", "signal=none", "-s", "400", "-o"]);
    strace.arg(&calls).arg("--").arg(command.get_program()).args(command.get_args());
    strace.env_clear().current_dir(tessera.path(""));
    (strace, calls)
}

fn counted(calls: &PathBuf) -> (usize, usize) {
    let text = fs::read_to_string(calls).unwrap_or_default();
    // The database opens the ledger for reading and writing; whatever looks at its first bytes does not.
    let openings = text.lines().filter(|line| line.contains("/ledger.db\", O_RDWR")).count();
    let syncs = text.lines().filter(|line| line.contains("fsync(") || line.contains("fdatasync(")).count();
    (openings, syncs)
}

impl Watched {
    fn serve() -> Self {
        let tessera = rehearsed();
        let mut calls = PathBuf::new();
        let pages = Pages::started(tessera, "", &[], |tessera, command| {
            let (strace, written) = watched(tessera, &command);
            calls = written;
            strace
        });
        Self { pages, calls }
    }

    fn cost(&self, look: impl FnOnce()) -> Cost {
        let (before, entry) = (counted(&self.calls), self.pages.latest());
        look();
        let (openings, syncs) = counted(&self.calls);
        Cost { openings: openings - before.0, syncs: syncs - before.1, entries: self.pages.latest() - entry }
    }
}

/// The first address on a page that begins so, without that beginning.
fn first_on(own: &Somebody, page: &str, beginning: &str) -> String {
    let text = own.get(page).text();
    let link = text.split(&format!("href=\"{beginning}")).nth(1).unwrap_or_else(|| panic!("{page}: {text}"));
    link.split('"').next().unwrap().to_owned()
}

/// The address of a look at what the rehearsal has left.
fn address(own: &Somebody, address: &str) -> String {
    let found = [
        ("SITTING", ""),
        ("OUTCOME", "/outcomes /outcomes/of/"),
        ("WRITE-BACK", "/write-backs /write-backs/"),
        ("DUTY", "/duties /duties/"),
        ("TRACKER", "/trackers /trackers/"),
        ("QUARANTINED", "/quarantine /quarantine/"),
    ];
    let Some((name, place)) = found.iter().find(|(name, _)| address.contains(name)) else { return address.to_owned() };
    let value = match place.split_once(' ') {
        None => SITTING.to_owned(),
        Some((page, beginning)) => first_on(own, page, beginning),
    };
    address.replace(name, &value)
}

#[test]
fn a_look_is_one_opening_and_one_entry_and_waits_for_no_disk_but_for_that() {
    let watched = Watched::serve();
    let owner = watched.pages.owner();
    // What it opens once, it has opened.
    owner.get(REQUEST);
    let one_entry = watched.cost(|| drop(owner.get(REQUEST)));
    assert_eq!((one_entry.entries, one_entry.syncs), (1, 1), "an entry is one commit: {one_entry:?}");
    let mut wrong = Vec::new();
    for (route, look, about) in LOOKS {
        let look = address(&owner, look);
        let mut status = 0;
        let cost = watched.cost(|| status = owner.get(&look).status);
        let (entries, syncs) = if *about == Children { (1, 1) } else { (0, 0) };
        let is_there = status < 400 || ["/invitation/{secret}", "/assets/{version}/{name}"].contains(route);
        if cost.openings > 1 || cost.syncs > syncs || cost.entries != entries || !is_there {
            wrong.push(format!("{status} {look}: {cost:?}, {about:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_form_that_is_checked_is_one_opening_and_one_entry() {
    let watched = Watched::serve();
    let owner = watched.pages.owner();
    owner.get(REQUEST);
    let filled = [
        ("submission-0", "lincolnshire-700001"),
        ("person-0", "100001"),
        ("seen-0", "0"),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", "Synthetic"),
        ("field-needs-to-happen-0", "Synthetic"),
        ("field-working-well-0", "Synthetic"),
        ("field-timescales-0", "Synthetic"),
    ];
    let cost = watched.cost(|| {
        let text = owner.post(&format!("/outcomes/{SITTING}"), &filled).text();
        assert!(text.contains("Check what will be written"), "{text}");
    });
    assert_eq!((cost.openings.min(1), cost.entries, cost.syncs), (cost.openings, 1, 1), "{cost:?}");
    let sought = watched.cost(|| drop(owner.post("/search", &[("for", "lincolnshire-70000")])));
    assert_eq!(sought.entries, 0, "it leads to the search, which has the entry");
}

#[test]
fn every_address_of_the_table_that_can_be_opened_is_looked_at() {
    let lines = include_str!("routes.tsv").lines().filter(|line| !line.starts_with('#'));
    let columns = lines.map(|line| line.split('\t').collect::<Vec<_>>());
    let opened: Vec<&str> =
        columns.filter(|line| line[2].split(' ').any(|one| one == "get")).map(|line| line[1]).collect();
    let looked: std::collections::BTreeSet<&str> = LOOKS.iter().map(|(route, ..)| *route).collect();
    let missing: Vec<&&str> = opened.iter().filter(|route| !looked.contains(**route)).collect();
    assert!(missing.is_empty(), "say in LOOKS whether these are about children: {missing:?}");
    assert!(looked.iter().all(|route| opened.contains(route)), "LOOKS has an address that is no page any more");
}

#[test]
fn the_trail_finds_every_list_that_a_child_was_on() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let before = pages.latest();
    for look in [REQUEST, "/requests", &format!("/sittings/{SITTING}"), "/figures", &format!("/outcomes/{SITTING}")] {
        assert_eq!(owner.get(look).status, 200, "{look}");
    }
    let ledger = pages.ledger();
    let found = |id: &str| -> Vec<String> {
        let sql = "SELECT a.subject FROM audit a WHERE a.sequence > ?1
                   AND (a.subject = ?2 OR a.sequence IN (SELECT entry FROM audit_shown WHERE id = ?2))
                   ORDER BY a.sequence";
        let mut asked = ledger.prepare(sql).unwrap();
        asked.query_map((before, id), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let panel = "lincolnshire/support-panel";
    let lists = ["lincolnshire-700001", "list of requests", &format!("agenda {panel} 2026-12-02"), panel];
    assert_eq!(found("lincolnshire-700001"), lists);
    assert_eq!(found("person 100001"), lists);
    assert_eq!(found("person 999999"), Vec::<String>::new());
    // The page finds them by the child's number alone, and says who was on each.
    for asked in ["100001", "person+100001", "lincolnshire-700001"] {
        let text = owner.get(&format!("/audit?subject={asked}")).text();
        assert!(text.contains("list of requests") && text.contains("Whom it showed"), "{asked}: {text}");
    }
    assert!(owner.post("/audit/verify", &[]).text().contains("whole"));
    let export = pages.tessera.json(&["--rehearsal", "audit", "export"]);
    let entries = export.as_array().unwrap();
    let list = entries.iter().rev().find(|entry| entry["subject"] == "list of requests").unwrap();
    let ids: Vec<&str> = list["ids"].as_array().unwrap().iter().filter_map(|id| id.as_str()).collect();
    assert!(ids.contains(&"lincolnshire-700001") && ids.contains(&"person 100001"), "{ids:?}");
}

#[test]
fn a_role_that_is_taken_away_counts_at_once() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["systems"]);
    assert_eq!(sam.get("/audit").status, 200);
    assert_eq!(owner.post("/accounts/sam", &[("role", "reader"), ("open", "yes")]).status, 303);
    assert_eq!((sam.get("/audit").status, sam.get("/").status), (403, 200));
    assert_eq!(owner.post("/accounts/sam", &[("role", "reader"), ("open", "no")]).status, 303);
    assert_eq!(sam.get("/").status, 303, "the account is closed");
}

#[test]
fn a_ledger_that_is_put_in_its_place_is_the_one_that_is_shown() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    assert_eq!(owner.get(REQUEST).status, 200);
    let copy = pages.tessera.path("copy.db");
    let copied = pages.tessera.run(&["--rehearsal", "ledger", "backup", &copy.display().to_string()]);
    assert!(copied.well(), "{}", copied.all());
    let place = pages.tessera.path("state/rehearsal/ledger.db");
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        drop(fs::remove_file(place.with_file_name(file)));
    }
    fs::rename(&copy, &place).unwrap();
    let before = pages.latest();
    assert_eq!(owner.get(REQUEST).status, 200);
    let entries = pages.trail(before);
    let actions: Vec<&str> = entries.iter().map(|(_, action, _)| action.as_str()).collect();
    assert_eq!(actions, ["restored", "viewed"], "it is written where the next who opens it reads");
}

#[test]
fn a_command_opens_the_ledger_once() {
    let tessera = rehearsed();
    let list = |arguments: &[&str], key: &str| -> String {
        let all = tessera.json(&[&["--rehearsal"], arguments].concat());
        all[0][key].as_str().unwrap_or_else(|| panic!("{arguments:?}: {all}")).to_owned()
    };
    let tracker = list(&["trackers", "list"], "tracker");
    let commands: [&[&str]; 9] = [
        &["check", "lincolnshire-700001"],
        &["submissions", "show", "lincolnshire-700001"],
        &["submissions", "list"],
        &["agenda", "lincolnshire/support-panel", "2026-12-02"],
        &["outcomes", "list"],
        &["outcomes", "show", &list(&["outcomes", "list"], "submission")],
        &["duties", "list"],
        &["writeback", "list"],
        &["trackers", "show", &tracker],
    ];
    let entries = || tessera.json(&["--rehearsal", "audit", "export"]).as_array().unwrap().len();
    for arguments in commands {
        let before = entries();
        let (mut strace, calls) =
            self::watched(&tessera, &tessera.command(&[&["--rehearsal", "--quiet"], arguments].concat()));
        let ran = strace.output().unwrap();
        assert!([Some(0), Some(3)].contains(&ran.status.code()), "{arguments:?}: {ran:?}");
        let (openings, _) = counted(&calls);
        // Taking the trail away is an entry of its own.
        assert_eq!((openings, entries() - before - 1), (1, 1), "{arguments:?}");
        fs::remove_file(calls).unwrap();
    }
}
