//! A form that no mapping knows: quarantined with the reasons, tried, mapped, replayed, without a rebuild.

use serde_json::Value;

use crate::records::{self, LONG};
use crate::runner::Tessera;

const NEW_VERSION: &str = r#"
form = "C0343"
version = "99"
title = "C0343 SC Support Panel Request and Outcome"
panel = "support-panel"
policy = "Support Panel procedure, section 3"
extends = "v2"

[recognise]
versions = ["99"]
"#;

fn waiting(tessera: &Tessera) -> Vec<Value> {
    tessera.json(&["quarantine", "list"]).as_array().unwrap().clone()
}

#[test]
fn a_form_that_no_mapping_knows_is_brought_in_by_adding_one() {
    let tessera = Tessera::new("lincolnshire");
    let known = records::row(700_001, 100_001, records::REASON, "A reason");
    let unknown = records::row(700_002, 100_002, records::REASON, "Another reason")
        .replace("scSupportPanel,2,", "scSupportPanel,99,");
    tessera.write("exports/forms.csv", format!("{LONG}\n{known}{unknown}"));

    let imported = tessera.run(&["import", "exports/forms.csv"]);
    assert_eq!(imported.code, 3, "{}", imported.all());
    let entries = waiting(&tessera);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let entry = &entries[0];
    assert_eq!(entry["reason"], "form-unknown");
    assert_eq!(entry["place"], "line 3");
    assert!(entry["message"].as_str().unwrap().contains("99"), "{entry}");

    let mapping = tessera.write("mappings/lincolnshire/forms/c0343/v99.toml", NEW_VERSION);
    let tried = tessera.json(&["mappings", "try", &mapping.display().to_string(), "exports/forms.csv"]);
    assert_eq!(tried["read"], 1, "{tried}");
    assert_eq!(waiting(&tessera).len(), 1, "trying changes nothing");

    let replayed = tessera.run(&["quarantine", "replay"]);
    assert!(replayed.well(), "{}", replayed.all());
    assert!(waiting(&tessera).is_empty());
    let submissions = tessera.json(&["submissions", "list"]);
    let ids: Vec<_> = submissions.as_array().unwrap().iter().map(|one| one["submission"].as_str().unwrap()).collect();
    assert_eq!(ids, ["lincolnshire-700001", "lincolnshire-700002"]);

    // The file has not changed, but the mapping files have: it is read again and says nothing new.
    let again = tessera.json(&["import", "exports/forms.csv"]);
    assert_eq!(again["files"][0]["unchanged"], 2, "{again}");
}

#[test]
fn a_form_that_two_mappings_know_waits_with_both_named() {
    let tessera = Tessera::new("lincolnshire");
    let twin = NEW_VERSION
        .replace("\"99\"", "\"98\"")
        .replace("versions = [\"98\"]", "versions = [\"99\"]\nquestions = [\"reasonForRequest\"]");
    tessera.write("mappings/lincolnshire/forms/c0343/v99.toml", NEW_VERSION);
    tessera.write("mappings/lincolnshire/forms/c0343/v98.toml", twin);
    let row =
        records::row(700_002, 100_002, records::REASON, "A reason").replace("scSupportPanel,2,", "scSupportPanel,99,");
    tessera.write("exports/forms.csv", records::long(&[row]));
    assert_eq!(tessera.run(&["import", "exports/forms.csv"]).code, 3);
    let entries = waiting(&tessera);
    assert_eq!(entries[0]["reason"], "form-ambiguous", "{entries:?}");
    let message = entries[0]["message"].as_str().unwrap();
    assert!(message.contains("v98") && message.contains("v99"), "{message}");
}

#[test]
fn what_is_given_up_is_remembered() {
    let tessera = Tessera::new("lincolnshire");
    let row =
        records::row(700_002, 100_002, records::REASON, "A reason").replace("scSupportPanel,2,", "scSupportPanel,97,");
    tessera.write("exports/forms.csv", records::long(&[row]));
    assert_eq!(tessera.run(&["import", "exports/forms.csv"]).code, 3);
    let id = waiting(&tessera)[0]["id"].to_string();
    assert_eq!(tessera.run(&["quarantine", "discard", &id]).code, 2, "a reason must be given");
    assert!(tessera.run(&["quarantine", "discard", &id, "--reason", "a test form"]).well());
    assert!(waiting(&tessera).is_empty());
    let all = tessera.json(&["quarantine", "list", "--all"]);
    assert_eq!(all[0]["state"], "discarded", "{all}");
    assert!(tessera.run(&["audit", "verify"]).well());
}
