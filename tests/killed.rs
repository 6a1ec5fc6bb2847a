//! `kill -9` at any moment of an import, and the next run gives the ledger of one undisturbed run.

use std::time::Duration;

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
