//! Ledgers that earlier versions have made: each is opened, says what it said, and its trail is whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::runner::{Tessera, repository};

/// What is asked of a ledger: the file of the answer, and the command.
const ASKED: [(&str, &[&str]); 9] = [
    ("ledger-status", &["ledger", "status"]),
    ("figures", &["figures"]),
    ("figures-by-month", &["figures", "--by", "month"]),
    ("duties-list", &["duties", "list"]),
    ("trackers-list", &["trackers", "list"]),
    ("outcomes-list", &["outcomes", "list"]),
    ("writeback-list", &["writeback", "list"]),
    ("quarantine-list", &["quarantine", "list"]),
    ("submissions-list", &["submissions", "list"]),
];

/// What grows as the ledger is looked at and its tables change.
const GROWS: [&str; 2] = ["bytes", "audit_entries"];

/// The samples with a ledger that an earlier version has made in the place of the rehearsal's.
fn with_ledger(made: &Path) -> Tessera {
    let tessera = Tessera::on_samples();
    for name in ["ledger.db", "ledger.key"] {
        let to = tessera.write(&format!("state/rehearsal/{name}"), fs::read(made.join(name)).unwrap());
        fs::set_permissions(to, fs::Permissions::from_mode(0o600)).unwrap();
    }
    tessera
}

fn ask(tessera: &Tessera, command: &[&str]) -> Value {
    let mut answer = tessera.json(&[&["--rehearsal", "--as-at", "2026-12-05T12:00"], command].concat());
    if let Some(status) = answer.as_object_mut() {
        for grows in GROWS {
            status.remove(grows);
        }
    }
    answer
}

#[test]
fn a_ledger_of_an_earlier_version_says_what_it_said_and_its_trail_is_whole() {
    let mut tried = 0;
    for made in fs::read_dir(repository().join("tests/ledgers")).unwrap() {
        let made = made.unwrap().path();
        let expected = |name: &str| -> Value {
            let text = fs::read_to_string(made.join("expected").join(format!("{name}.json"))).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        let tessera = with_ledger(&made);
        assert_eq!(ask(&tessera, &["audit", "verify"])["broken"], Value::Null);
        // The answers were noted when some of them were in the trail already.
        let (trail, noted) = (ask(&tessera, &["audit", "export"]), expected("audit-export"));
        let (trail, noted) = (trail.as_array().unwrap(), noted.as_array().unwrap());
        let (asked, before) = trail.split_last().unwrap();
        assert!(before.len() > 200 && noted.starts_with(before), "{}", made.display());
        assert_eq!(asked["action"], "exported");
        for (name, command) in ASKED {
            let mut expected = expected(name);
            if let Some(status) = expected.as_object_mut() {
                GROWS.iter().for_each(|grows| drop(status.remove(*grows)));
            }
            assert_eq!(ask(&tessera, command), expected, "{name} of {}", made.display());
        }
        assert_eq!(ask(&tessera, &["audit", "verify"])["whole"], true);
        tried += 1;
    }
    assert!(tried > 0);
}

/// An earlier version had one lock for all work, and what it changes in a ledger of now is counted nowhere.
#[test]
fn a_ledger_is_brought_up_to_date_when_no_earlier_version_is_at_work() {
    let made = fs::read_dir(repository().join("tests/ledgers")).unwrap().next().unwrap().unwrap().path();
    let tessera = with_ledger(&made);
    let lock = fs::File::create(tessera.path("state/rehearsal/ledger.lock")).unwrap();
    lock.try_lock().unwrap();
    let status = ["--rehearsal", "--as-at", "2026-12-05T12:00", "ledger", "status"];
    assert_eq!(tessera.run(&status).code, 4);
    drop(lock);
    assert_eq!(tessera.run(&status).code, 0);
    // And whoever of them has it open still is kept out while anything of now is at work.
    let lock = fs::File::create(tessera.path("state/rehearsal/ledger.lock")).unwrap();
    lock.try_lock().unwrap();
    assert_eq!(tessera.run(&status).code, 0, "it is only read");
    let import = ["--rehearsal", "--as-at", "2026-12-05T12:00", "import", "exports/lincolnshire/persons.csv"];
    assert_eq!(tessera.run(&import).code, 4);
}

/// Each hangs on a sentence until it is looked at once, and on what was found from then on.
#[test]
fn what_was_answered_for_before_holds_and_is_renewed_when_it_is_looked_at() {
    let made = fs::read_dir(repository().join("tests/ledgers")).unwrap().next().unwrap().unwrap().path();
    let tessera = with_ledger(&made);
    let waived = [
        ("derbyshire-730002", "document-missing"),
        ("lambeth-710003", "approval-wrong-role"),
        ("lambeth-720003", "document-stale"),
    ];
    for _ in 0..2 {
        for (id, code) in waived {
            let checked = ask(&tessera, &["check", id]);
            let codes: Vec<&Value> = checked[0]["waived"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
            assert_eq!(codes, [code], "{checked}");
        }
    }
    let trail = ask(&tessera, &["audit", "export"]);
    let renewed = trail.as_array().unwrap().iter().filter(|entry| entry["action"] == "waiver-renewed");
    let renewed: Vec<&str> = renewed.map(|entry| entry["subject"].as_str().unwrap()).collect();
    assert_eq!(renewed, waived.map(|(id, _)| id));
    assert_eq!(ask(&tessera, &["audit", "verify"])["whole"], true);
}
