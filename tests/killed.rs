//! `kill -9` at any moment of an import, and the next run gives the ledger of one undisturbed run.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::beside::{Office, REQUESTS};
use crate::records;
use crate::runner::Tessera;

const SUBMISSIONS: u64 = 6_000;
const AS_AT: &str = "2026-11-27T09:00:00Z";
/// Moments at which the process is killed, spread over an import that takes about a second.
const MOMENTS_MILLISECONDS: [u64; 14] = [5, 20, 40, 60, 90, 120, 160, 200, 260, 330, 420, 530, 680, 900];

fn digest(tessera: &Tessera) -> String {
    tessera.json(&["ledger", "status", "--digest"])["digest"].as_str().unwrap().to_owned()
}

#[test]
fn an_import_killed_at_any_moment_ends_as_if_nothing_had_happened() {
    let import = ["--as-at", AS_AT, "import", "exports/forms.csv"];
    let undisturbed = Tessera::new("lincolnshire");
    records::many(&undisturbed, SUBMISSIONS);
    assert!(undisturbed.run(&import).well());
    let wanted = digest(&undisturbed);

    let mut killed_before_the_end = 0;
    for moment in MOMENTS_MILLISECONDS {
        let tessera = Tessera::new("lincolnshire");
        records::many(&tessera, SUBMISSIONS);
        let mut child = tessera.start(&import);
        std::thread::sleep(Duration::from_millis(moment));
        killed_before_the_end += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();

        let again = tessera.run(&import);
        assert!(again.well(), "after {moment} ms: {}", again.all());
        assert_eq!(digest(&tessera), wanted, "killed after {moment} ms");
        assert!(tessera.run(&["audit", "verify"]).well(), "killed after {moment} ms");
    }
    assert!(killed_before_the_end >= 5, "the import is too quick for this test: make it larger");
}

/// The whole thread: reading, checking, sending. Every note is on the record once, whenever the process was killed.
#[test]
fn a_rehearsal_killed_at_any_moment_writes_every_note_once() {
    let sync = ["sync", "--rehearse"];
    let undisturbed = Tessera::on_samples();
    assert!(undisturbed.run(&sync).well());
    let sent = |tessera: &Tessera| {
        let listed = tessera.json(&["--rehearsal", "writeback", "list"]);
        let listed = listed.as_array().unwrap().iter();
        let mut sent: Vec<_> = listed.map(|one| (one["id"].to_string(), one["state"].to_string())).collect();
        sent.sort();
        sent
    };
    let wanted = sent(&undisturbed);
    assert!(!wanted.is_empty());

    for moment in (0..16).map(|step| 20 + step * 60) {
        let tessera = Tessera::on_samples();
        let mut child = tessera.start(&sync);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        let again = tessera.run(&sync);
        assert!(again.well(), "after {moment} ms: {}", again.all());
        assert_eq!(sent(&tessera), wanted, "killed after {moment} ms");
        assert_eq!(notes_on_the_record(&tessera), wanted.len(), "killed after {moment} ms");
    }
}

/// The notes that the stand-in holds, by its own file.
fn notes_on_the_record(tessera: &Tessera) -> usize {
    let state = std::fs::read(tessera.path("state/rehearsal/mosaic.json")).unwrap();
    let state = String::from_utf8(state).unwrap();
    state.matches("Ref: TES-").count()
}

/// Moments of an approval at which it is killed.
const STEPS: u64 = 30;

/// What stands of each request: the state of its outcome, and its write-backs with theirs.
fn stands(office: &Office) -> BTreeMap<String, (String, Vec<(String, String)>)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let outcomes = office.json(&["outcomes", "list"]);
    let write_backs = office.json(&["writeback", "list"]);
    let of = |id: &str| {
        let own = write_backs.as_array().unwrap().iter().filter(|one| one["submission"] == id);
        let mut own: Vec<_> = own.map(|one| (text(one, "id"), text(one, "state"))).collect();
        own.sort();
        own
    };
    let all = outcomes.as_array().unwrap().iter().map(|one| {
        let id = text(one, "submission");
        (id.clone(), (text(one, "state"), of(&id)))
    });
    all.collect()
}

/// What lies in a folder, to be put back as it was.
fn kept(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Approves, and kills it as soon as it has written so much: the most that was seen of what it has written and not yet
/// put into the ledger's file.
fn killed_at(office: &Office, approve: &[&str], bytes: u64) -> u64 {
    let written = office.tessera.path("state/ledger.db-wal");
    let mut process = office.command("approver", approve).spawn().unwrap();
    let mut most = 0;
    while process.try_wait().unwrap().is_none() {
        most = most.max(fs::metadata(&written).map_or(0, |file| file.len()));
        if most >= bytes {
            process.kill().unwrap();
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    most
}

#[test]
fn an_approval_killed_at_any_moment_is_done_whole_or_not_at_all() {
    let office = Office::open();
    office.decide(&REQUESTS);
    let ids: Vec<&str> = REQUESTS.iter().map(|(id, _)| *id).collect();
    let approve = [&["outcomes", "approve"], &ids[..]].concat();
    let state = office.tessera.path("state");
    let files = kept(&state);
    let restored = || {
        kept(&state).iter().for_each(|(path, _)| fs::remove_file(path).unwrap());
        files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    };
    let before = stands(&office);
    assert!(before.values().all(|(state, write_backs)| state == "loaded" && write_backs.is_empty()), "{before:?}");
    restored();
    let size = killed_at(&office, &approve, u64::MAX);
    let wanted = stands(&office);
    assert!(wanted.values().all(|(state, write_backs)| state == "approved" && !write_backs.is_empty()), "{wanted:?}");

    let (mut midway, mut whole) = (0, 0);
    for step in 0..STEPS {
        restored();
        killed_at(&office, &approve, size * step / STEPS);
        let now = stands(&office);
        let mut approved = 0;
        for (id, one) in &now {
            assert!(*one == before[id] || *one == wanted[id], "step {step}, {id}: {one:?}");
            approved += usize::from(*one == wanted[id]);
        }
        midway += usize::from(approved > 0 && approved < ids.len());
        whole += usize::from(approved == ids.len());
        office.ends(0, "governance", &["audit", "verify"]);
        let again = office.run("approver", &approve);
        assert!(matches!(again.code, 0 | 3), "step {step}: {}", again.all());
        assert_eq!(stands(&office), wanted, "step {step}: what was left is approved afterwards");
    }
    eprintln!("{size} bytes; of {STEPS} kills {midway} were between two outcomes, and {whole} after the last");
    assert!(midway >= 5, "the approval is too quick for this test: {midway}, {whole}");
}
