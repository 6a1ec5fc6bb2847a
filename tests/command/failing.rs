//! What goes wrong before anything is done: one line that says what to do, the right exit code, nothing lost.

use crate::runner::{Ran, Tessera};

fn edited(change: impl Fn(String) -> String) -> Tessera {
    let tessera = Tessera::new("lincolnshire");
    let text = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    tessera.write("tessera.toml", change(text));
    tessera
}

fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.all());
    for word in words {
        assert!(ran.stderr.contains(word), "no “{word}” in\n{}", ran.all());
    }
}

#[test]
fn without_a_configuration_it_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let tessera = Tessera::new("lincolnshire");
    let missing = folder.path().join("tessera.toml").display().to_string();
    says(&tessera.run(&["--config", &missing, "sync"]), 2, &["tessera.toml", "tessera init"]);
}

#[test]
fn every_mistake_of_the_configuration_is_said_with_line_and_column() {
    let tessera =
        edited(|text| text.replace("extract = \"persons\"", "extract = \"person\"").replace("key = {", "kay = {"));
    let ran = tessera.run(&["sync"]);
    says(&ran, 2, &["tessera.toml:", "there is no extract `person`", "did you mean `persons`?", "unknown key `kay`"]);
}

#[test]
fn a_missing_key_never_makes_a_new_ledger() {
    let tessera = Tessera::new("lincolnshire");
    assert!(tessera.run(&["sync"]).well());
    std::fs::remove_file(tessera.path("state/ledger.key")).unwrap();
    says(&tessera.run(&["sync"]), 2, &["ledger.key", "What to do"]);
    assert!(!tessera.path("state/ledger.key").exists());
}

#[test]
fn a_wrong_key_is_recognised() {
    let tessera = Tessera::new("lincolnshire");
    assert!(tessera.run(&["sync"]).well());
    let key = tessera.path("state/ledger.key");
    std::fs::write(&key, "ab".repeat(32)).unwrap();
    says(&tessera.run(&["sync"]), 2, &["key", "What to do"]);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let tessera = Tessera::new("lincolnshire");
    std::fs::set_permissions(tessera.path("state/ledger.key"), PermissionsExt::from_mode(0o644)).unwrap();
    says(&tessera.run(&["sync"]), 2, &["ledger.key", "chmod 600"]);
}

#[test]
fn a_ledger_that_cannot_be_made_says_where() {
    let tessera = edited(|text| text.replace("sqlite:state/ledger.db", "sqlite:blocked/ledger.db"));
    tessera.write("blocked", "a file where a folder should be");
    says(&tessera.run(&["sync"]), 1, &["blocked", "What to do"]);
}

#[test]
fn a_ledger_that_is_not_encrypted_is_refused() {
    let tessera = Tessera::new("lincolnshire");
    let mut plain = b"SQLite format 3\0".to_vec();
    plain.resize(4_096, 0);
    tessera.write("state/ledger.db", plain);
    let ran = tessera.run(&["sync"]);
    assert!(ran.code == 1 || ran.code == 2, "{}", ran.all());
    assert!(ran.stderr.contains("encrypted"), "{}", ran.all());
}

#[cfg(unix)]
#[test]
fn a_full_disk_fails_with_what_to_do_and_the_next_run_finishes() {
    use crate::records;
    let tessera = Tessera::new("lincolnshire");
    records::many(&tessera, 3_000);
    // A file-size limit whose signal is ignored is as near to a full disk as a test can come without a disk.
    let binary = env!("CARGO_BIN_EXE_tessera");
    let script = format!("trap '' XFSZ; ulimit -f 600; exec {binary} import exports/forms.csv");
    let output =
        std::process::Command::new("bash").args(["-c", &script]).current_dir(tessera.path("")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("What to do"), "{said}");

    let imported = tessera.json(&["import", "exports/forms.csv"]);
    assert_eq!(imported["files"][0]["records"], 3_000, "{imported}");
    assert_eq!(imported["files"][0]["quarantined"], 0, "{imported}");
}

#[test]
fn two_at_once_are_told_apart_by_the_exit_code() {
    use crate::records;
    for more in 0..5 {
        let tessera = Tessera::new("lincolnshire");
        records::many(&tessera, 20_000 + more);
        let mut first = tessera.start(&["import", "exports/forms.csv"]);
        let refused = (0..200).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let ran = tessera.run(&["import", "exports/forms.csv"]);
            (ran.code == 4).then_some(ran)
        });
        // On a busy machine the second may be the first to take the lock: then it is the other that is refused.
        let first = first.wait().unwrap().code();
        assert!(first == Some(0) || first == Some(4), "{first:?}");
        if let Some(refused) = refused.filter(|_| first == Some(0)) {
            assert!(refused.stderr.contains("What to do"), "{}", refused.all());
            return;
        }
    }
    panic!("the second run never met the first");
}

#[test]
fn a_wrong_word_is_wrong_usage() {
    let tessera = Tessera::new("lincolnshire");
    assert_eq!(tessera.run(&["snyc"]).code, 2);
    assert_eq!(tessera.run(&["check"]).code, 2);
    assert_eq!(tessera.run(&["check", "--all", "--sitting", "2026-12-02"]).code, 2);
    assert_eq!(tessera.run(&["check", "lincolnshire-1", "--sitting", "2026-12-02"]).code, 2);
    assert_eq!(tessera.run(&["submissions", "show", "lincolnshire-1"]).code, 2);
    assert_eq!(tessera.run(&["explain", "documnet-missing"]).code, 2);
}
