//! What a page says of what was not done: the right status, whether anything was changed, what to do, and nothing that
//! only whoever runs the program can use.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Answer, Pages, REQUEST, SITTING, Somebody};

/// Words by which a page says what to do.
const ADVICE: &[&str] = &[
    "go back",
    "open ",
    "check the",
    "choose ",
    "enter ",
    "tell ",
    "ask ",
    "wait ",
    "try again",
    "send ",
    "look ",
    "give the",
    "remove ",
    "use the",
    "say why",
    "begin with",
    "search",
];
/// Words by which it says that nothing was changed, or what may have been.
const CHANGED: &[&str] = &[
    "nothing was changed",
    "nothing was saved",
    "nothing of yours was saved",
    "was not saved",
    "nothing was recorded",
    "this was not done",
];
/// The first words of commands.
const COMMANDS: &[&str] = &[
    "agenda",
    "audit",
    "check",
    "duties",
    "explain",
    "figures",
    "import",
    "init",
    "ledger",
    "mappings",
    "outcomes",
    "panels",
    "quarantine",
    "serve",
    "stand-in",
    "submissions",
    "sync",
    "writeback",
];

/// What a page says of a failure, without its tags: the summary of a form that is shown again, or all of it.
fn said(page: &str) -> String {
    let told = match page.split_once("There is a problem") {
        Some((_, after)) => after.split("</ul>").next().unwrap_or_default(),
        None => page.split("<main").nth(1).and_then(|main| main.split("</main>").next()).unwrap_or(page),
    };
    let parts = told.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// That a page says what it should of something that was not done. `folder` is that of the installation; where something
/// was to be done, it says whether it was.
pub(crate) fn is_well_said(what: &str, page: &str, folder: &Path, to_be_done: bool) {
    let text = said(page);
    let lower = text.to_lowercase();
    let about = || format!("{what}: {text}");
    assert!(!lower.contains('`') && !text.contains(&folder.display().to_string()), "{}", about());
    for leak in [".db", ".toml", ".lock", ".key", "state/", "sqlite", "os error", "(os ", "error:"] {
        assert!(!lower.contains(leak), "{leak}: {}", about());
    }
    for command in COMMANDS {
        assert!(!lower.contains(&format!("tessera {command}")), "{command}: {}", about());
    }
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    assert!(!words.any(|word| ["lock", "locks", "locked", "lease", "mutex"].contains(&word)), "{}", about());
    assert!(ADVICE.iter().any(|advice| lower.contains(advice)), "what to do? {}", about());
    // A form that is shown again with what was typed says by that, that it is not saved.
    let is_form = page.contains("There is a problem");
    assert!(
        !to_be_done || is_form || CHANGED.iter().any(|changed| lower.contains(changed)),
        "is it changed? {}",
        about()
    );
}

impl Pages {
    fn says(&self, what: &str, answer: &Answer, status: u16) {
        let page = answer.text();
        assert_eq!(answer.status, status, "{what}: {}", said(&page));
        assert_eq!(answer.header("retry-after").is_empty(), status != 503, "{what}");
        is_well_said(what, &page, &self.tessera.path(""), !what.starts_with("GET "));
    }

    fn get_says(&self, own: &Somebody, address: &str, status: u16) {
        self.says(&format!("GET {address}"), &own.get(address), status);
    }

    fn post_says(&self, own: &Somebody, address: &str, fields: &[(&str, &str)], status: u16) {
        self.says(&format!("POST {address} {fields:?}"), &own.post(address, fields), status);
    }
}

const REASON: (&str, &str) = ("reason", "synthetic words");
const CHILD: (&str, &str) = ("person", "100002");
const CHRONOLOGY: (&str, &str) = ("finding", "document-missing:chronology");
const ROLE: (&str, &str) = ("role", "service-manager");
const UNTIL: (&str, &str) = ("until", "2026-12-02");
/// An outcome that the samples have approved.
const DECIDED: (&str, &str) = ("seen", "100010:2026-11-25:1:lincolnshire-700009");
const SIBLINGS: &str = "/requests/lincolnshire-700002";

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let before = pages.latest();
    for address in [
        "/nowhere",
        "/requests/none",
        "/requests/none/pack",
        "/outcomes/of/none",
        "/write-backs/1",
        "/write-backs/TES-AAAA-AAAA-AA",
        "/write-backs?state=none",
        "/duties/1",
        "/quarantine/999999",
        "/quarantine/none",
        "/accounts/none",
        "/trackers/lincolnshire/support-panel/none",
        "/trackers/lincolnshire/support-panel/none/tracker.xlsx",
        "/panels/lincolnshire/none",
        "/panels/none/none/sittings.ics?from=2026-12-01",
        "/explain/none",
        "/sittings/lincolnshire/support-panel/2026-12-03",
        "/sittings/lincolnshire/support-panel/none",
        "/sittings/lincolnshire/none/2026-12-02",
        "/sittings/lincolnshire/support-panel/2026-12-02/none.xlsx",
        "/sittings/lincolnshire/support-panel/2026-12-03/agenda.xlsx",
        "/outcomes/lincolnshire/none/2026-12-02",
        "/outcomes/lincolnshire/support-panel/2026-12-03",
        "/outcomes?after=none",
        "/requests?panel=none",
    ] {
        pages.get_says(&owner, address, 404);
    }
    let waived = [CHILD, CHRONOLOGY, ROLE, REASON, UNTIL];
    for (address, fields) in [
        ("/requests/none/facts", &[("fact-direct-work-done", "yes")][..]),
        ("/requests/none/waive", &waived),
        ("/requests/none/unwaive", &[CHRONOLOGY, REASON]),
        ("/requests/none/kept/forget", &[("key", "none"), REASON]),
        (&format!("{SIBLINGS}/kept/forget"), &[("key", "none"), REASON]),
        ("/outcomes/lincolnshire/none/2026-12-02", &[("step", "record")]),
        ("/outcomes/lincolnshire/support-panel/2026-12-03", &[("step", "record")]),
        ("/sittings/lincolnshire/none/2026-12-02/check", &[]),
        ("/write-backs/1/hold", &[]),
        ("/write-backs/1/none", &[]),
        ("/duties/1/done", &[REASON]),
        ("/quarantine/replay", &[("id", "999999")]),
        ("/quarantine/999999/discard", &[REASON]),
        ("/outcomes/reject", &[("submission", "none"), ("seen", "100001:2026-12-02:1:none"), REASON]),
        ("/accounts/none", &[("role", "reader")]),
    ] {
        pages.post_says(&owner, address, fields, 404);
    }
    let answer = owner.upload("/requests/none/pack", &[(b"a.pdf", b"%PDF-1.4")]);
    pages.says("a pack of a request that is not there", &answer, 404);
    let reads = ["viewed", "outcome-form-shown"];
    let changed: Vec<_> =
        pages.trail(before).into_iter().filter(|(_, action, _)| !reads.contains(&&**action)).collect();
    assert_eq!(changed, []);
}

#[test]
fn what_is_wrong_or_has_changed_is_said_with_what_to_do() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    // What the page itself should have sent.
    for (address, fields) in [
        ("/outcomes/approve", &[][..]),
        ("/outcomes/reject", &[]),
        ("/outcomes/upload/none", &[]),
        (&format!("{SIBLINGS}/pack/none/keep"), &[]),
        (&format!("{SIBLINGS}/waive"), &[]),
        (&format!("{SIBLINGS}/unwaive"), &[]),
        ("/invitation/none", &[("password", "x")]),
        ("/write-backs/send", &[]),
        ("/write-backs/reconcile", &[]),
    ] {
        pages.post_says(&owner, address, fields, 400);
    }
    pages.get_says(&owner, "/panels/lincolnshire/support-panel/sittings.ics", 400);
    pages.get_says(&owner, "/figures/periods.xlsx?from=2026-13", 400);

    // What somebody has chosen.
    for (address, fields) in [
        (format!("{REQUEST}/facts"), vec![("fact-none", "yes")]),
        (format!("{SIBLINGS}/waive"), vec![CHILD, ("finding", "none:none"), ROLE, REASON, UNTIL]),
        (format!("{SIBLINGS}/waive"), vec![CHILD, ("finding", "document-wrong-child:x"), ROLE, REASON, UNTIL]),
        (format!("{SIBLINGS}/waive"), vec![CHILD, ("finding", "document-missing:none"), ROLE, REASON, UNTIL]),
        (format!("{SIBLINGS}/waive"), vec![CHILD, CHRONOLOGY, ("role", "none"), REASON, UNTIL]),
        (format!("{SIBLINGS}/waive"), vec![CHILD, CHRONOLOGY, ROLE, REASON, ("until", "2026-12-03")]),
        (format!("{SIBLINGS}/unwaive"), vec![CHILD, ("finding", "none:none"), REASON]),
        ("/accounts/ada".to_owned(), vec![("role", "reader")]),
        ("/accounts".to_owned(), vec![("name", "a b"), ("role", "reader")]),
    ] {
        pages.post_says(&owner, &address, &fields, 422);
    }
    pages.says("no workbook", &owner.upload("/outcomes/upload", &[]), 422);
    let answer = pages.with(&owner, 3, "only-reads", &["reader"]).post("/quarantine/5/discard", &[REASON]);
    pages.says("without the role", &answer, 403);

    // What somebody else was quicker with.
    let sent = pages.tessera.json(&["--rehearsal", "writeback", "list"])[0]["reference"].as_str().unwrap().to_owned();
    let duty = pages.tessera.json(&["--rehearsal", "duties", "list"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.post(&format!("/duties/{duty}/done"), &[REASON]).status, 303);
    assert_eq!(owner.post("/quarantine/5/discard", &[REASON]).status, 303);
    for (address, fields) in [
        (format!("/write-backs/{sent}/hold"), vec![]),
        (format!("/write-backs/{sent}/retry"), vec![]),
        (format!("/duties/{duty}/done"), vec![REASON]),
        ("/quarantine/5/discard".to_owned(), vec![REASON]),
        ("/outcomes/reject".to_owned(), vec![("submission", "lincolnshire-700009"), DECIDED, REASON]),
        (format!("{SIBLINGS}/unwaive"), vec![CHILD, CHRONOLOGY, REASON]),
    ] {
        pages.post_says(&owner, &address, &fields, 409);
        if fields.contains(&REASON) {
            assert!(owner.post(&address, &fields).text().contains("synthetic words"), "{address}: it is lost");
        }
    }
}

/// Records what the panel decided on the first request.
fn records(own: &Somebody) {
    let fields = [
        ("submission-0", "lincolnshire-700001"),
        ("person-0", "100001"),
        ("seen-0", "0"),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", "Synthetic"),
        ("field-needs-to-happen-0", "Synthetic"),
        ("field-working-well-0", "Synthetic"),
        ("field-timescales-0", "Synthetic"),
        ("step", "record"),
    ];
    assert_eq!(own.post(&format!("/outcomes/{SITTING}"), &fields).status, 303);
}

/// What the list of what waits puts into its first button.
fn seen(own: &Somebody) -> String {
    let text = own.get("/outcomes/waiting").text();
    let value = text.split("name=\"seen\" value=\"").nth(1).unwrap_or_else(|| panic!("{text}"));
    value.split('"').next().unwrap().to_owned()
}

#[test]
fn what_another_has_approved_is_approved_once_and_the_second_is_told() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let kim = pages.with(&owner, 4, "kim", &["approver"]);
    records(&sam);
    let seen = seen(&kim);
    let before = pages.latest();
    assert!(kim.post("/outcomes/approve", &[("seen", &seen)]).text().contains("Approved: 1 request"));
    let second = owner.post("/outcomes/approve", &[("seen", &seen)]);
    let text = said(&second.text());
    assert!(second.status == 200 && text.contains("Not approved"), "{text}");
    assert!(text.contains("lincolnshire-700001, person 100001: It is approved already."), "{text}");
    let approved = pages.trail(before).into_iter().filter(|(_, action, _)| action == "outcome-approved");
    assert_eq!(approved.map(|(actor, ..)| actor).collect::<Vec<_>>(), ["approver:kim"]);
}

#[test]
fn who_has_to_wait_is_told_for_whom_and_keeps_what_was_written() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let reading = fs::File::create(pages.tessera.path("state/rehearsal/ledger.import.lock")).unwrap();
    reading.lock().unwrap();
    let answer = owner.post("/quarantine/replay", &[]);
    assert!(said(&answer.text()).contains("exports from Mosaic are being read"));
    pages.says("another reads exports", &answer, 503);
    reading.unlock().unwrap();
    assert_eq!(owner.post("/quarantine/replay", &[]).status, 303);

    let writing = pages.ledger();
    writing.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = owner.post(&format!("{SIBLINGS}/waive"), &[CHILD, CHRONOLOGY, ROLE, REASON, UNTIL]);
    pages.says("another writes", &answer, 503);
    assert!(answer.text().contains("synthetic words"), "what was written is lost");
    writing.execute_batch("ROLLBACK").unwrap();
    assert_eq!(owner.post(&format!("{SIBLINGS}/waive"), &[CHILD, CHRONOLOGY, ROLE, REASON, UNTIL]).status, 303);
}

#[test]
fn a_ledger_that_cannot_be_opened_is_said_without_its_place() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let (key, ledger) =
        (pages.tessera.path("state/rehearsal/ledger.key"), pages.tessera.path("state/rehearsal/ledger.db"));
    let (own_key, away) = (fs::read(&key).unwrap(), pages.tessera.path("state/rehearsal/away"));
    let fails = |what: &str| {
        for address in ["/", REQUEST, "/write-backs", "/duties", "/requests/none", "/quarantine"] {
            pages.says(&format!("GET {address}, {what}"), &owner.get(address), 500);
        }
        for (address, fields) in [
            (format!("{REQUEST}/facts"), vec![("fact-direct-work-done", "yes")]),
            (format!("{SIBLINGS}/waive"), vec![CHILD, CHRONOLOGY, ROLE, REASON, UNTIL]),
            ("/outcomes/reject".to_owned(), vec![("submission", "lincolnshire-700001"), REASON]),
            ("/quarantine/replay".to_owned(), vec![]),
        ] {
            let answer = owner.post(&address, &fields);
            pages.says(&format!("{what}: {address}"), &answer, 500);
        }
    };
    // All of it is in the one file that is put away.
    pages.ledger().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::rename(&ledger, &away).unwrap();
    fs::copy(&away, &ledger).unwrap();
    fs::write(&key, "cd".repeat(32)).unwrap();
    fails("another key");
    fs::remove_file(&key).unwrap();
    fails("no key");
    fs::write(&key, own_key).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&ledger, "no ledger ".repeat(4_096)).unwrap();
    fails("no ledger");
    fs::remove_file(&ledger).unwrap();
    fs::create_dir(&ledger).unwrap();
    fails("a folder");
    fs::remove_dir(&ledger).unwrap();
    fs::rename(&away, &ledger).unwrap();
    assert_eq!(owner.get(REQUEST).status, 200, "it is as it was");
}

/// A limit of the size of files is as near to a full disk as a test can come without a disk.
#[test]
fn a_disk_that_is_full_is_said_and_what_was_written_before_stays() {
    let pages = Pages::started(super::rehearsed(), "", &[], |tessera, command| {
        let arguments: Vec<_> = command.get_args().map(|one| one.to_str().unwrap().to_owned()).collect();
        let program = command.get_program().to_str().unwrap().to_owned();
        let script = "trap '' XFSZ; exec 2>/dev/null; ulimit -f 1000; exec \"$@\"";
        let mut limited = Command::new("bash");
        limited.args(["-c", script, "limited", &program]).args(arguments).current_dir(tessera.path(""));
        limited.stdout(Stdio::piped());
        limited
    });
    let owner = pages.owner();
    let states = |value| owner.post(&format!("{REQUEST}/facts"), &[("fact-direct-work-done", value)]);
    let full = (0..400).find_map(|number| {
        let answer = states(if number % 2 == 0 { "yes" } else { "no" });
        (answer.status != 303).then_some(answer)
    });
    pages.says("a full disk", &full.unwrap_or_else(|| panic!("it is never full")), 500);
    let whole = pages.tessera.run(&["--rehearsal", "audit", "verify"]);
    assert!(whole.well(), "{}", whole.all());
}

#[test]
fn what_came_to_nothing_is_not_in_the_log() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let kim = pages.with(&owner, 4, "kim", &["approver"]);
    records(&owner);
    let seen = seen(&kim);
    let lines = [
        "An outcome was decided on.",
        "A write-back is planned.",
        "A write-back may be sent.",
        "A finding was waived.",
    ];
    let count = || {
        let log = pages.log();
        lines.map(|line| log.matches(line).count())
    };
    let before = count();
    let stop = |what: &str| pages.ledger().execute_batch(what).unwrap();

    // The last thing that each of them writes fails.
    stop("CREATE TRIGGER stop BEFORE INSERT ON audit WHEN new.action = 'approved' BEGIN SELECT RAISE(ABORT, 'x'); END");
    stop("CREATE TRIGGER halt BEFORE INSERT ON checked BEGIN SELECT RAISE(ABORT, 'x'); END");
    let waived = [CHILD, CHRONOLOGY, ROLE, REASON, UNTIL];
    pages.post_says(&kim, "/outcomes/approve", &[("seen", &seen)], 500);
    pages.post_says(&owner, &format!("{SIBLINGS}/waive"), &waived, 500);
    assert_eq!(count(), before);
    let trail = pages.tessera.json(&["--rehearsal", "outcomes", "list"]).to_string();
    assert!(trail.contains("\"loaded\""), "nothing was approved: {trail}");

    stop("DROP TRIGGER stop; DROP TRIGGER halt");
    assert!(kim.post("/outcomes/approve", &[("seen", &seen)]).text().contains("Approved: 1 request"));
    assert_eq!(owner.post(&format!("{SIBLINGS}/waive"), &waived).status, 303);
    let after = count();
    assert!(after.iter().zip(before).all(|(after, before)| *after == before + 1), "{before:?} {after:?}");
}
