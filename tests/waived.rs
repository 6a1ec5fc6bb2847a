//! What somebody answers for, from outside: it survives a label, is given for days that make sense, and is taken back.

use serde_json::Value;

use crate::runner::{Tessera, repository};

const REQUEST: &str = "lincolnshire-700002";
const PANEL: &str = "mappings/lincolnshire/panels/support-panel.toml";

fn waive(tessera: &Tessera, until: &str) -> crate::runner::Ran {
    let finding =
        ["--waive", "document-missing:chronology", "--role", "service-manager", "--reason", "The notes are read"];
    tessera.run(&[&["--rehearsal", "check", REQUEST], &finding[..], &["--until", until]].concat())
}

/// What the check says of the child whose chronology is missing.
fn checked(tessera: &Tessera) -> Value {
    tessera.json(&["--rehearsal", "check", REQUEST])[0].clone()
}

fn actions(tessera: &Tessera) -> Vec<String> {
    let trail = tessera.json(&["--rehearsal", "audit", "export"]);
    let entries = trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned());
    entries.filter(|action| action.contains("waive")).collect()
}

#[test]
fn a_document_that_is_called_otherwise_is_still_answered_for_until_that_is_taken_back() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    waive(&tessera, "2026-12-02");
    let before = checked(&tessera);
    assert_eq!((&before["verdict"], &before["waived"][0]["sitting"]), (&"complete".into(), &"2026-12-02".into()));
    let panel = std::fs::read_to_string(repository().join(PANEL)).unwrap();
    assert!(panel.contains("title = \"Chronology\""));
    tessera.write(PANEL, panel.replace("title = \"Chronology\"", "title = \"A chronology\""));
    let after = checked(&tessera);
    assert_eq!(after["verdict"], "complete", "{after}");
    assert_eq!(after["waived"][0]["message"], "A chronology is not on the child's record");
    assert!(after.get("mended").is_none() && after.get("lapsed").is_none(), "{after}");

    let unwaive = |reason: &[&str]| {
        let finding = ["--rehearsal", "check", REQUEST, "--unwaive", "document-missing:chronology"];
        tessera.run(&[&finding[..], reason].concat())
    };
    assert_eq!(unwaive(&[]).code, 2, "a reason is asked for");
    assert_eq!(unwaive(&["--reason", " "]).code, 2, "and is one");
    assert_eq!(checked(&tessera)["verdict"], "complete", "nothing was changed");
    assert_eq!(unwaive(&["--reason", "It was a mistake"]).code, 3, "it blocks again");
    assert_eq!(checked(&tessera)["verdict"], "incomplete");
    assert_eq!(unwaive(&["--reason", "It was a mistake"]).code, 2, "there is nothing to take back");
    waive(&tessera, "2026-12-01");
    assert_eq!(checked(&tessera)["waived"][0]["until"], "2026-12-01", "it can be answered for again");
    assert_eq!(actions(&tessera), ["finding-waived", "waiver-taken-back", "finding-waived"]);
    let trail = tessera.run(&["--rehearsal", "audit", "export"]);
    assert!(!trail.stdout.contains("mistake") && !trail.stdout.contains("notes are read"), "a reason is in the trail");
    assert!(tessera.run(&["--rehearsal", "audit", "verify"]).well());
}

#[test]
fn a_finding_is_answered_for_from_today_to_its_sitting() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    for (day, what) in [("2026-11-26", "has passed"), ("2026-12-03", "is after the sitting on 2026-12-02")] {
        let ran = waive(&tessera, day);
        assert_eq!(ran.code, 2, "{}", ran.all());
        assert!(ran.stderr.contains(&format!("{day} {what}")), "{}", ran.stderr);
        assert!(ran.stderr.contains("name a day from today to 2026-12-02"), "{}", ran.stderr);
    }
    assert_eq!(checked(&tessera)["verdict"], "incomplete", "nothing was changed");
    assert!(actions(&tessera).is_empty());
}
