//! The whole thread with `import-file`: a workbook of outcomes, approval, the files, Mosaic's results, the receipts.

use std::path::Path;

use serde_json::Value;

use super::model::Served;
use super::names_in;
use crate::runner::{Ran, Tessera};

const AS_AT: [&str; 2] = ["--as-at", "2026-11-27T09:00:00Z"];

/// The samples of one council, written back by files.
fn by_files() -> Tessera {
    let tessera = Tessera::on_samples();
    let text = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let (start, rest) = text.split_once("[authority.mosaic]\n").unwrap();
    let (_, rest) = rest.split_once("[authority.approval]").unwrap();
    let (approval, _) = rest.split_once("[[authority]]").unwrap();
    let mosaic = "[authority.mosaic]\ntransport = \"import-file\"\noutbox = \"to-mosaic\"\nresults = \"from-mosaic\"\n";
    let start = start.replace("{ file = \"state/ledger.key\" }", "{ env = \"LEDGER_KEY\" }");
    tessera.write("tessera.toml", format!("{start}{mosaic}[authority.approval]{approval}"));
    tessera
}

fn run(tessera: &Tessera, user: &str, arguments: &[&str]) -> Ran {
    let mut command = tessera.command(&[&AS_AT, arguments].concat());
    command.env("USER", user).env("LEDGER_KEY", "ab".repeat(32)).env("TESSERA_LOG", "trace");
    Ran::of(command)
}

fn json(tessera: &Tessera, arguments: &[&str]) -> Value {
    let ran = run(tessera, "somebody", &[arguments, &["--json"]].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{}", ran.all()))
}

fn manifests(outbox: &Path) -> Vec<Value> {
    let names = names_in(outbox).into_iter().filter(|name| name.ends_with(".manifest.json"));
    names.map(|name| serde_json::from_slice(&std::fs::read(outbox.join(name)).unwrap()).unwrap()).collect()
}

/// Reads the exports, loads the sample outcomes and approves them.
fn approve(tessera: &Tessera) {
    let synced = run(tessera, "loader", &["sync"]);
    assert!(synced.code == 0 || synced.code == 3, "{}", synced.all());
    let loaded = run(tessera, "loader", &["outcomes", "load", "outcomes/support-panel-2026-11-25.xlsx"]);
    assert!(loaded.well() || loaded.code == 3, "{}", loaded.all());
    let outcomes = json(tessera, &["outcomes", "list"]);
    let ids: Vec<&str> = outcomes.as_array().unwrap().iter().map(|one| one["submission"].as_str().unwrap()).collect();
    let approved = run(tessera, "approver", &[&["outcomes", "approve"], ids.as_slice()].concat());
    assert!(approved.well(), "{}", approved.all());
}

#[test]
fn what_is_approved_is_handed_over_and_its_receipt_comes_back() {
    let tessera = by_files();
    let outbox = tessera.path("to-mosaic");
    approve(&tessera);

    // The folders are somebody's to make: they may lie on a share that is away for now.
    let missing = run(&tessera, "approver", &["writeback", "send"]);
    assert_eq!(missing.code, 2, "{}", missing.all());
    assert!(missing.stderr.contains("to-mosaic") && missing.stderr.contains("What to do"), "{}", missing.all());
    for folder in ["to-mosaic", "from-mosaic"] {
        std::fs::create_dir(tessera.path(folder)).unwrap();
    }

    let sent = run(&tessera, "approver", &["writeback", "send"]);
    assert!(sent.well(), "what waits for a result is no failure: {}", sent.all());
    let handed = manifests(&outbox);
    assert!(!handed.is_empty());
    let waiting = format!("{} handed over, waiting for Mosaic's result", handed.len());
    assert!(sent.stdout.contains(&waiting), "{}", sent.all());
    assert!(!sent.stderr.contains("Synthetic") && sent.stderr.contains("written back"), "{}", sent.all());
    let listed = json(&tessera, &["writeback", "list"]);
    let references: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["reference"].as_str().unwrap()).collect();
    assert!(handed.iter().all(|one| references.contains(&one["reference"].as_str().unwrap())));
    let shown = run(&tessera, "somebody", &["writeback", "show", references[0]]);
    assert!(shown.stdout.contains("handed over"), "{}", shown.all());

    // Again, by every command that sends: nothing new is in the outbox.
    let before = names_in(&outbox);
    assert!(run(&tessera, "somebody", &["writeback", "reconcile"]).well());
    assert!(run(&tessera, "somebody", &["writeback", "send"]).well());
    let synced = run(&tessera, "somebody", &["sync"]);
    assert!(synced.stdout.contains(&waiting), "{}", synced.all());
    assert_eq!(json(&tessera, &["sync"])["handed_over"], handed.len());
    assert_eq!(names_in(&outbox), before);

    // The import takes everything away and says what became of it: one is rejected, one line is broken.
    let mut results = "reference,person,status,mosaic-id,message,time\n".to_owned();
    for (at, manifest) in handed.iter().enumerate() {
        let (reference, person) = (manifest["reference"].as_str().unwrap(), manifest["person"].as_str().unwrap());
        let status = if at == 0 { "rejected,,Synthetic reason of a child," } else { "done,5001,,2026-11-27T10:00:00Z" };
        results.push_str(&format!("{reference},{person},{status}\n"));
    }
    for name in names_in(&outbox).iter().filter(|name| name.starts_with("TES-")) {
        std::fs::remove_file(outbox.join(name)).unwrap();
    }
    tessera.write("from-mosaic/results.csv", results);
    tessera.write("from-mosaic/broken.csv", "reference,person,status,mosaic-id\nnonsense,Synthetic,done,\n");
    let settled = run(&tessera, "somebody", &["writeback", "reconcile"]);
    assert_eq!(settled.code, 3, "{}", settled.all());
    assert!(settled.stdout.contains("from-mosaic/broken.csv, line 2: "), "{}", settled.all());
    assert!(!settled.all().contains("Synthetic"), "{}", settled.all());
    let listed = json(&tessera, &["writeback", "list"]);
    let of = |reference: &Value| {
        let mut listed = listed.as_array().unwrap().iter();
        listed.find(|one| one["reference"] == *reference).unwrap()
    };
    assert_eq!(of(&handed[0]["reference"])["state"], "refused");
    assert!(of(&handed[0]["reference"])["reason"].as_str().unwrap().contains("results.csv, line 2"));
    for one in &handed[1..] {
        assert_eq!(
            (&of(&one["reference"])["state"], &of(&one["reference"])["receipt"]["mosaic_id"]),
            (&"sent".into(), &"5001".into())
        );
    }

    let again = run(&tessera, "somebody", &["writeback", "send"]);
    assert!(again.code == 0 || again.code == 3, "{}", again.all());
    assert_eq!(names_in(&outbox), [".handed-over"], "{}", again.all());
    let retried = run(&tessera, "somebody", &["writeback", "retry", handed[0]["reference"].as_str().unwrap()]);
    assert!(retried.well(), "{}", retried.all());
    assert!(run(&tessera, "somebody", &["writeback", "send"]).stdout.contains("1 handed over"));
    assert_eq!(manifests(&outbox)[0]["handover"], 2);
    assert!(run(&tessera, "somebody", &["audit", "verify"]).well());
}

#[test]
fn a_rehearsal_hands_nothing_over_to_the_real_import() {
    let tessera = by_files();
    for folder in ["to-mosaic", "from-mosaic"] {
        std::fs::create_dir(tessera.path(folder)).unwrap();
    }
    let ran = run(&tessera, "somebody", &["sync", "--rehearse"]);
    assert!(ran.well() && ran.stdout.contains("handed over"), "{}", ran.all());
    assert!(names_in(&tessera.path("to-mosaic")).is_empty());
    let rehearsed = tessera.path("state/rehearsal/lincolnshire/to-mosaic");
    assert!(!manifests(&rehearsed).is_empty());
}

/// The environment is no place from which a child's record may be led elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_used() {
    let (mosaic, elsewhere) = (Served::start().await, Served::start().await);
    let tessera = by_files();
    approve(&tessera);
    let text = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let files = "transport = \"import-file\"\noutbox = \"to-mosaic\"\nresults = \"from-mosaic\"\n";
    let rest = format!("transport = \"rest\"\nurl = \"{}\"\n", mosaic.url);
    let credentials = "credentials = { api-key = { env = \"LEDGER_KEY\" } }\n";
    tessera.write("tessera.toml", text.replace(files, &format!("{rest}{credentials}")));
    let mut command = tessera.command(&[&AS_AT[..], &["writeback", "send"]].concat());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
        command.env(name, &elsewhere.url);
    }
    let ran = Ran::of({
        command.env("USER", "approver").env("LEDGER_KEY", "ab".repeat(32));
        command
    });
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.all());
    assert!(!mosaic.world.lock().unwrap().keys.is_empty(), "Mosaic was not asked: {}", ran.all());
    assert!(elsewhere.world.lock().unwrap().asked.is_empty(), "the environment led it elsewhere");
}
