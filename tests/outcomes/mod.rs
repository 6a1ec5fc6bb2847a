//! Outcomes from outside: the workbook goes to an office suite and comes back, and what it says is taken once, for the
//! child whose row it is, or not at all.

mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::runner::{Ran, Tessera, repository};

/// The samples after a rehearsal.
fn rehearsed() -> Tessera {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    tessera
}

/// Has tessera write the workbook of a sitting.
fn workbook(tessera: &Tessera, panel: &str, date: &str, name: &str) {
    let ran = tessera.run(&["--rehearsal", "outcomes", "workbook", panel, date, "--out", name]);
    assert!(ran.well(), "{}", ran.all());
}

fn load(tessera: &Tessera, name: &str) -> Value {
    tessera.json(&["--rehearsal", "outcomes", "load", name])
}

/// New, revised and unchanged outcomes.
fn counts(loaded: &Value) -> [u64; 3] {
    ["new", "revised", "unchanged"].map(|key| loaded[key].as_u64().unwrap_or_else(|| panic!("no {key} in {loaded}")))
}

/// Each trouble as a line.
fn troubles(loaded: &Value) -> Vec<String> {
    let troubles = loaded["troubles"].as_array().unwrap().iter();
    let line = |one: &Value| format!("{}: {}", one["place"].as_str().unwrap(), one["message"].as_str().unwrap());
    troubles.map(line).collect()
}

/// Has LibreOffice open a workbook and save it; the new file lies in a folder of its own.
fn saved_by_libreoffice(tessera: &Tessera, name: &str) -> String {
    let folder = tessera.path("libreoffice");
    let done = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", tessera.path("profile").display()))
        .args(["--headless", "--convert-to", "xlsx", "--outdir"])
        .args([&folder, &tessera.path(name)])
        .output()
        .expect("LibreOffice is there: tests/run.sh installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(folder.join(name).is_file(), "{}", String::from_utf8_lossy(&done.stdout));
    format!("libreoffice/{name}")
}

/// Has openpyxl open a workbook, fill in what is given, and save it under another name.
fn saved_by_openpyxl(tessera: &Tessera, from: &str, to: &str, decisions: &Value) {
    let python = repository().join("target/outcomes-venv/bin/python");
    assert!(
        python.is_file(),
        "no {}: tests/run.sh makes it, or: python3 -m venv target/outcomes-venv && \
         target/outcomes-venv/bin/pip install -r tests/outcomes/requirements.txt",
        python.display()
    );
    let decisions = tessera.write("decisions.json", decisions.to_string());
    let done = Command::new(python)
        .args([&script("openpyxl_save.py"), &tessera.path(from), &tessera.path(to), &decisions])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn script(name: &str) -> PathBuf {
    repository().join("tests/outcomes").join(name)
}

/// Text as nobody should write it, and as somebody will.
const FORMULAS: &str = "=HYPERLINK(\"http://example.invalid\",\"x\")";
const LINES: &str = "+44 is no number\n-nor this\n@home\n=1+1";

/// What a panel decides at the sitting of 2 December: on one child, and on a brother and a sister.
fn decisions() -> Value {
    json!([
        {"submission": "lincolnshire-700001", "person": "100001", "cells": {
            "Decision": "Agreed", "What Needs to Happen": FORMULAS, "What's Working Well": LINES,
            "Timescales": "  by the spring \u{a0}", "Kind of recommendation": "Other work with the family",
            "Family group conference": "yes", "Return to panel on": {"date": "2027-03-03"}}},
        {"submission": "lincolnshire-700002", "person": "100002", "cells": {
            "Decision": "Not agreed", "What Needs to Happen": "Another plan",
            "What Are We Worried About": "Zoë’s naïve “plan” 👩‍👧 <b> & co"}},
        {"submission": "lincolnshire-700002", "person": "100003", "cells": {
            "Decision": "Return to panel", "What Needs to Happen": "Both plans", "Return to panel on": "16/12/2026"}},
    ])
}

/// A rehearsal with those decisions loaded; the workbook is `filled.xlsx`.
fn decided() -> Tessera {
    let tessera = rehearsed();
    workbook(&tessera, "support-panel", "2026-12-02", "made.xlsx");
    saved_by_openpyxl(&tessera, "made.xlsx", "filled.xlsx", &decisions());
    let loaded = load(&tessera, "filled.xlsx");
    assert_eq!((counts(&loaded), troubles(&loaded)), ([3, 0, 0], vec![]), "{loaded}");
    tessera
}

#[test]
fn a_workbook_survives_libreoffice_and_openpyxl_with_nothing_changed() {
    let tessera = decided();
    let before = tessera.json(&["--rehearsal", "outcomes", "list"]);
    workbook(&tessera, "support-panel", "2026-12-02", "again.xlsx");
    saved_by_openpyxl(&tessera, "again.xlsx", "by-openpyxl.xlsx", &json!([]));
    let by_libreoffice = saved_by_libreoffice(&tessera, "again.xlsx");
    saved_by_openpyxl(&tessera, &by_libreoffice, "by-both.xlsx", &json!([]));
    let filled_by_libreoffice = saved_by_libreoffice(&tessera, "filled.xlsx");
    let all =
        ["filled.xlsx", "again.xlsx", "by-openpyxl.xlsx", &by_libreoffice, "by-both.xlsx", &filled_by_libreoffice];
    for name in all {
        let loaded = load(&tessera, name);
        assert_eq!((counts(&loaded), troubles(&loaded)), ([0, 0, 3], vec![]), "{name}: {loaded}");
        let warnings = loaded["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "only that the sitting is still to come: {name}: {warnings:?}");
    }
    assert_eq!(tessera.json(&["--rehearsal", "outcomes", "list"]), before);
    let shown = tessera.json(&["--rehearsal", "outcomes", "show", "lincolnshire-700001"]);
    let written = shown.to_string();
    let as_json = |text: &str| json!(text).to_string().trim_matches('"').to_owned();
    for text in [FORMULAS, LINES, "by the spring", "Other work with the family"] {
        assert!(written.contains(&as_json(text)), "no {text} in {written}");
    }
}

#[test]
fn a_correction_is_a_revision_and_an_old_copy_does_not_undo_it() {
    let tessera = decided();
    workbook(&tessera, "support-panel", "2026-12-02", "again.xlsx");
    let corrected = json!([{"submission": "lincolnshire-700002", "person": "100002", "cells": {
        "What Are We Worried About": "The nights"}}]);
    saved_by_openpyxl(&tessera, "again.xlsx", "corrected.xlsx", &corrected);
    let tried = tessera.json(&["--rehearsal", "outcomes", "load", "corrected.xlsx", "--dry-run"]);
    assert_eq!(counts(&tried), [0, 1, 2], "{tried}");
    let loaded = load(&tessera, "corrected.xlsx");
    assert_eq!(counts(&loaded), [0, 1, 2], "{loaded}");
    assert_eq!(loaded["outcomes"][0]["revision"], 2, "{loaded}");
    assert_eq!(counts(&load(&tessera, "corrected.xlsx")), [0, 0, 3]);
    let old = load(&tessera, "filled.xlsx");
    assert_eq!(counts(&old), [0, 0, 1], "the request of both children is left as it is: {old}");
    let troubles = troubles(&old);
    assert!(troubles[0].ends_with("this is what revision 1 said, and revision 2 has taken its place"), "{troubles:?}");
    assert!(troubles[1].contains("held back because of Outcomes!H"), "{troubles:?}");
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let tessera = rehearsed();
    workbook(&tessera, "support-panel", "2026-12-02", "made.xlsx");
    saved_by_openpyxl(&tessera, "made.xlsx", "filled.xlsx", &decisions());
    let before = tessera.json(&["--rehearsal", "outcomes", "list"]);
    let tried = tessera.json(&["--rehearsal", "outcomes", "load", "filled.xlsx", "--dry-run"]);
    assert_eq!(counts(&tried), [3, 0, 0], "{tried}");
    assert_eq!(tessera.json(&["--rehearsal", "outcomes", "list"]), before);
    let said = tessera.run(&["--rehearsal", "outcomes", "load", "filled.xlsx", "--dry-run"]);
    assert!(said.stdout.starts_with("Nothing was changed. This would be loaded: 3 new"), "{}", said.all());
}

#[test]
fn the_row_of_another_child_is_not_taken() {
    let tessera = rehearsed();
    workbook(&tessera, "support-panel", "2026-12-02", "made.xlsx");
    let before = tessera.json(&["--rehearsal", "outcomes", "list"]);
    let swap = |row: &str, person: &str, to: &str, to_person: &str| {
        json!({"submission": row, "person": person, "cells": {
            "Submission": to, "Person": to_person, "Decision": "Agreed"}})
    };
    let swapped = json!([
        swap("lincolnshire-700001", "100001", "lincolnshire-700003", "100004"),
        swap("lincolnshire-700003", "100004", "lincolnshire-700001", "100001"),
    ]);
    saved_by_openpyxl(&tessera, "made.xlsx", "swapped.xlsx", &swapped);
    let ran = tessera.run(&["--rehearsal", "outcomes", "load", "swapped.xlsx"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stdout.starts_with("Nothing was loaded"), "{}", ran.all());
    assert!(ran.stdout.contains("what to do: "), "{}", ran.all());
    let loaded = load(&tessera, "swapped.xlsx");
    assert_eq!((counts(&loaded), troubles(&loaded).len()), ([0, 0, 0], 2), "{loaded}");
    assert_eq!(tessera.json(&["--rehearsal", "outcomes", "list"]), before);

    // Initials that are another child's are seen by themselves.
    let other = json!([{"submission": "lincolnshire-700001", "person": "100001", "cells": {
        "Initials": "XY", "Decision": "Not agreed"}}]);
    saved_by_openpyxl(&tessera, "made.xlsx", "initials.xlsx", &other);
    let loaded = load(&tessera, "initials.xlsx");
    let troubles = troubles(&loaded);
    assert!(troubles[0].starts_with("Outcomes!C"), "{troubles:?}");
    assert!(troubles[0].contains("the initials are not those of person 100001"), "{troubles:?}");
}

#[test]
fn a_wrong_cell_is_named_and_never_shown() {
    let tessera = rehearsed();
    workbook(&tessera, "support-panel", "2026-12-02", "made.xlsx");
    let secret = "Somebody said so";
    let wrong = json!([
        {"submission": "lincolnshire-700001", "person": "100001", "cells": {"Decision": secret, "Return to panel on": secret}},
        {"submission": "lincolnshire-700003", "person": "100004", "cells": {
            "Decision": {"formula": "=H4"}, "What Needs to Happen": secret}},
        {"submission": "lincolnshire-700002", "person": "100002", "cells": {
            "Decision": "Not agreed", "What Needs to Happen": "Another plan", "What Are We Worried About": "The nights"}},
        {"submission": "lincolnshire-700008", "person": "100009", "cells": {
            "Decision": "Not agreed", "What Needs to Happen": "Another plan", "What Are We Worried About": "The nights"}},
    ]);
    saved_by_openpyxl(&tessera, "made.xlsx", "wrong.xlsx", &wrong);
    let ran = tessera.run(&["--rehearsal", "outcomes", "load", "wrong.xlsx"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(!ran.all().contains(secret), "{}", ran.all());
    let loaded = load(&tessera, "wrong.xlsx");
    assert_eq!(counts(&loaded), [0, 0, 1], "one request is right, and was loaded by the run before: {loaded}");
    let troubles = troubles(&loaded);
    let wanted = [
        "there is no such decision",
        "cannot be read",
        "the cell holds a formula",
        "the request is about person 100003 as well, and nothing is decided for that child",
    ];
    for wanted in wanted {
        let is_placed = |line: &String| line.starts_with("Outcomes!") && line.contains(wanted);
        assert!(troubles.iter().any(is_placed), "no {wanted} in {troubles:?}");
    }
}

#[test]
fn the_workbook_lists_who_is_expected_in_the_order_of_the_agenda() {
    let tessera = rehearsed();
    for (panel, date) in [
        ("support-panel", "2026-12-02"),
        ("support-panel", "2026-12-09"),
        ("lambeth/crp", "2026-12-03"),
        ("derbyshire/care-planning-panel", "2026-12-02"),
    ] {
        let agenda = tessera.json(&["--rehearsal", "agenda", panel, date]);
        let items = agenda["items"].as_array().unwrap().iter();
        let heard = items.flat_map(|item| item["requests"].as_array().unwrap());
        let heard: Vec<String> = heard.map(|one| format!("{} {}", one["submission"], one["person"])).collect();
        assert!(!heard.is_empty(), "{panel} hears nobody on {date}");
        let name = format!("{}-{date}.xlsx", panel.replace('/', "-"));
        workbook(&tessera, panel, date, &name);
        assert_eq!(rows(&tessera.path(&name)), heard, "{panel} on {date}");
    }
    // What was decided at a sitting stays in its workbook, and what could have been heard then.
    workbook(&tessera, "lambeth/crp", "2026-11-26", "past.xlsx");
    let past = rows(&tessera.path("past.xlsx"));
    assert_eq!(past, [r#""lambeth-720001" "120001""#, r#""lambeth-720005" "120005""#]);
    let cancelled =
        tessera.run(&["--rehearsal", "outcomes", "workbook", "lambeth/16-plus", "2026-12-28", "--out", "x.xlsx"]);
    assert_eq!(cancelled.code, 2, "{}", cancelled.all());
    let none =
        tessera.run(&["--rehearsal", "outcomes", "workbook", "lambeth/16-plus", "2026-12-01", "--out", "x.xlsx"]);
    assert!(none.code == 2 && none.stderr.contains("does not sit on 2026-12-01"), "{}", none.all());
}

#[test]
fn a_panel_that_sits_as_needed_has_every_open_request_in_its_workbook() {
    let tessera = rehearsed();
    let profile = fs::read_to_string(repository().join("mappings/lambeth/panels/16-plus.toml")).unwrap();
    let sections = profile.split("\n\n");
    let kept = sections.filter(|section| !section.contains("[schedule]\n") && !section.contains("[cutoff]\n"));
    let unscheduled = kept.collect::<Vec<_>>().join("\n\n");
    tessera.write("mappings/lambeth/panels/16-plus.toml", unscheduled);
    workbook(&tessera, "lambeth/16-plus", "2026-11-26", "made.xlsx");
    // Those that wait, and none that was decided at another sitting.
    assert_eq!(rows(&tessera.path("made.xlsx")).len(), 8);
    let decided = json!([{"submission": "lambeth-710001", "person": "110001", "cells": {
        "Decision": "Agreed", "Recommendation": "The package"}}]);
    saved_by_openpyxl(&tessera, "made.xlsx", "decided.xlsx", &decided);
    assert_eq!(counts(&load(&tessera, "decided.xlsx")), [1, 0, 0]);
}

/// Request and child of each row.
fn rows(path: &Path) -> Vec<String> {
    use calamine::{Reader as _, Xlsx, open_workbook};
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let range = book.worksheet_range("Outcomes").unwrap();
    range.rows().skip(3).map(|row| format!("{:?} {:?}", row[0].to_string(), row[1].to_string())).collect()
}

#[test]
fn a_filled_in_workbook_is_not_written_over() {
    let tessera = rehearsed();
    let write = ["--rehearsal", "outcomes", "workbook", "support-panel", "2026-12-02", "--out", "made.xlsx"];
    assert!(tessera.run(&write).well());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(tessera.path("made.xlsx")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(tessera.run(&write).well(), "an empty one may be made anew");
    saved_by_openpyxl(&tessera, "made.xlsx", "made.xlsx", &decisions());
    let kept = fs::read(tessera.path("made.xlsx")).unwrap();
    let ran = tessera.run(&write);
    assert!(ran.code == 2 && ran.stderr.contains("holds what was not loaded"), "{}", ran.all());
    assert_eq!(fs::read(tessera.path("made.xlsx")).unwrap(), kept);
    assert_eq!(counts(&load(&tessera, "made.xlsx")), [3, 0, 0]);
    assert!(tessera.run(&write).well(), "what was loaded stands in the new one");
}

#[test]
fn a_workbook_of_another_authority_or_sitting_is_refused() {
    let tessera = rehearsed();
    workbook(&tessera, "lambeth/16-plus", "2026-11-30", "made.xlsx");
    let decided = json!([{"submission": "lambeth-710001", "person": "110001", "cells": {
        "Decision": "Agreed", "Sitting": "2026-11-23"}}]);
    saved_by_openpyxl(&tessera, "made.xlsx", "moved.xlsx", &decided);
    let moved = load(&tessera, "moved.xlsx");
    assert!(troubles(&moved)[0].contains("were changed after the workbook was made"), "{moved}");

    let elsewhere = Tessera::new("lincolnshire");
    let decided = json!([{"submission": "lambeth-710001", "person": "110001", "cells": {
        "Decision": "Agreed", "Recommendation": "The package"}}]);
    saved_by_openpyxl(&tessera, "made.xlsx", "decided.xlsx", &decided);
    fs::copy(tessera.path("decided.xlsx"), elsewhere.path("decided.xlsx")).unwrap();
    let foreign = elsewhere.json(&["outcomes", "load", "decided.xlsx"]);
    let wanted = "the workbook is of the panel lambeth/16-plus, which this configuration does not have";
    assert!(troubles(&foreign)[0].ends_with(wanted), "{foreign}");
}

#[test]
fn what_is_no_outcomes_workbook_is_told_for_what_it_is() {
    let tessera = rehearsed();
    let said = |name: &str| -> Ran { tessera.run(&["--rehearsal", "outcomes", "load", name]) };
    tessera.write("large.xlsx", vec![b'x'; 40 << 20]);
    fs::create_dir(tessera.path("folder.xlsx")).unwrap();
    for (name, code, wanted) in [
        ("exports/lambeth/cmr-locked.xlsx", 3, "locked with a password"),
        ("exports/lambeth/arp-referrals.xlsx", 3, "no sheet has the headings"),
        ("exports/lambeth/persons.csv", 3, "no workbook that can be read"),
        ("large.xlsx", 2, "too large for an outcomes workbook"),
        ("folder.xlsx", 2, "read folder.xlsx"),
        ("nowhere.xlsx", 2, "read nowhere.xlsx"),
    ] {
        let ran = said(name);
        assert!(ran.code == code && ran.all().contains(wanted), "{name}: {}", ran.all());
        assert!(ran.all().to_lowercase().contains("what to do"), "{name}: {}", ran.all());
    }
}

#[test]
fn the_samples_are_decisions_on_every_kind_of_form() {
    let tessera = rehearsed();
    let sent = tessera.json(&["--rehearsal", "writeback", "list", "--state", "sent"]);
    let submissions: Vec<&str> =
        sent.as_array().unwrap().iter().map(|one| one["submission"].as_str().unwrap()).collect();
    for wanted in ["lincolnshire-700009", "lincolnshire-700010", "lambeth-710006", "lambeth-720005"] {
        assert!(submissions.contains(&wanted), "{wanted} is not among {submissions:?}");
    }
    for entry in fs::read_dir(tessera.path("outcomes")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let loaded = load(&tessera, &format!("outcomes/{name}"));
        assert_eq!(counts(&loaded)[..2], [0, 0], "{name}: {loaded}");
        assert_eq!((troubles(&loaded), loaded["warnings"].as_array().unwrap().len()), (vec![], 0), "{name}: {loaded}");
    }
}
