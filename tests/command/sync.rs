//! `tessera sync --rehearse` on the samples: the whole thread.

use std::time::Instant;

use serde_json::Value;

use crate::runner::{Ran, Tessera, repository};

fn accounts(synced: &Value) -> Vec<(String, [u64; 4])> {
    let number = |file: &Value, key: &str| file[key].as_u64().unwrap_or_else(|| panic!("no {key} in {file}"));
    let files = synced["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            let name = file["file"].as_str().unwrap().to_owned();
            (name, ["records", "taken", "unchanged", "quarantined"].map(|key| number(file, key)))
        })
        .collect()
}

#[test]
fn the_rehearsal_reads_what_the_samples_promise() {
    let tessera = Tessera::on_samples();
    let synced = tessera.json(&["--config", "tessera.toml", "sync", "--rehearse"]);
    let expected = std::fs::read(repository().join("samples/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    for (file, [records, taken, unchanged, quarantined]) in accounts(&synced) {
        assert_eq!(records, taken + unchanged + quarantined, "{file} does not add up");
        let wanted = &expected["files"][&file];
        assert_eq!(wanted["records"], records, "records of {file}: {wanted}");
        assert_eq!(wanted["quarantined"], quarantined, "quarantined of {file}: {wanted}");
        assert_eq!(wanted["taken"], taken, "taken of {file}: {wanted}");
    }
    let waiting = tessera.json(&["--rehearsal", "quarantine", "list"]);
    for (file, wanted) in expected["files"].as_object().unwrap() {
        let entries = waiting.as_array().unwrap().iter().filter(|entry| entry["file"] == **file);
        let mut found: Vec<&str> = entries.map(|entry| entry["reason"].as_str().unwrap()).collect();
        let mut reasons: Vec<&str> =
            wanted["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect();
        found.sort_unstable();
        reasons.sort_unstable();
        assert_eq!(found, reasons, "{file}");
    }
    assert_eq!(synced["files"].as_array().unwrap().len(), expected["files"].as_object().unwrap().len());
    assert!(synced["sent"].as_u64().unwrap() > 0, "{synced}");
    assert_eq!((&synced["refused"], &synced["uncertain"]), (&Value::from(0), &Value::from(0)));
}

#[test]
fn a_second_rehearsal_changes_nothing_and_sends_nothing() {
    let tessera = Tessera::on_samples();
    let began = Instant::now();
    let first = tessera.run(&["--config", "tessera.toml", "sync", "--rehearse"]);
    let first_took = began.elapsed();
    assert!(first.well(), "{}", first.all());
    let notes = tessera.json(&["--rehearsal", "writeback", "list", "--state", "sent"]);

    let began = Instant::now();
    let second = tessera.json(&["--config", "tessera.toml", "sync", "--rehearse"]);
    let second_took = began.elapsed();
    for (file, [_, taken, ..]) in accounts(&second) {
        assert_eq!(taken, 0, "{file} was taken again");
    }
    assert_eq!(second["sent"], 0, "{second}");
    let notes_after = tessera.json(&["--rehearsal", "writeback", "list", "--state", "sent"]);
    assert_eq!(notes, notes_after);
    assert!(second_took < first_took, "{second_took:?} is not less than {first_took:?}");
}

/// The samples name an address for each Mosaic: what was decided in a rehearsal does not go there.
#[test]
fn what_a_rehearsal_has_decided_is_sent_by_a_rehearsal_only() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    for verb in ["send", "reconcile"] {
        let mut command = tessera.command(&["--rehearsal", "writeback", verb]);
        command.env("MOSAIC_SECRET", "x");
        let refused = Ran::of(command);
        assert_eq!(refused.code, 2, "{}", refused.all());
        assert!(refused.stderr.contains("nothing was sent"), "{}", refused.all());
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&[
        "--config",
        "tessera.toml",
        "--as-at",
        "2026-11-27T09:00",
        "init",
        "made",
        "--authority",
        "lambeth",
    ]);
    assert!(ran.well());
    assert!(tessera.run(&["--config", "made/tessera.toml", "sync"]).well());
    let digest = || tessera.json(&["--config", "made/tessera.toml", "ledger", "status", "--digest"])["digest"].clone();
    let before = digest();
    std::fs::copy(tessera.path("exports/lambeth/persons.csv"), tessera.path("made/exports/persons.csv")).unwrap();
    let ran = tessera.run(&["--config", "made/tessera.toml", "--as-at", "2026-11-27T09:00", "sync", "--dry-run"]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.all());
    assert_eq!(digest(), before);
}
