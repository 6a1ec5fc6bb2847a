//! A ledger that somebody has changed who has its key: `audit verify` finds it, and says what.

use std::fs;

use rusqlite::Connection;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::SubmissionId;
use tessera::operation::{Actor, Workplace};

use crate::runner::{Tessera, repository};

/// What is done to the ledger of a rehearsal, and what `audit verify` must name.
const TAMPERINGS: &[(&str, &str)] = &[
    // The trail itself.
    ("UPDATE audit SET actor = 'somebody else' WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET at = '2020-01-01T00:00:00Z' WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET action = 'viewed' WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET subject = 'another' WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET before = zeroblob(32) WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET after = zeroblob(32) WHERE sequence = 3", "entry 3 is not"),
    ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3", "entry 3 is not"),
    ("DELETE FROM audit WHERE sequence = 1", "entry 1 is not"),
    ("DELETE FROM audit WHERE sequence = 5", "entry 5 is not"),
    (
        "DELETE FROM audit WHERE sequence = 5; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5",
        "entry 5 is not",
    ),
    (
        "INSERT INTO audit SELECT max(sequence) + 1, at, actor, action, subject, before, after, previous, hash FROM audit",
        "is not",
    ),
    (
        "UPDATE audit SET sequence = -1 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 5;
      UPDATE audit SET sequence = 5 WHERE sequence = -1",
        "entry 4 is not",
    ),
    // Whom a look has shown.
    ("DELETE FROM audit_shown", "has shown was changed"),
    ("DELETE FROM audit_shown WHERE id = 'lincolnshire-700002'", "has shown was changed"),
    ("UPDATE audit_shown SET id = 'person 999999' WHERE id = 'person 100002'", "has shown was changed"),
    ("INSERT INTO audit_shown VALUES (1, 'person 100002')", "whom entry 1 has shown was changed"),
    ("INSERT INTO audit_shown VALUES (1000000, 'person 100002')", "entry 1000000 has shown somebody"),
    // What was written on records.
    ("UPDATE write_back SET payload = replace(payload, 'Decision', 'Decisiom') WHERE sequence = 1", "write-back"),
    (
        "UPDATE write_back SET payload = (SELECT payload FROM write_back WHERE sequence = 2) WHERE sequence = 1",
        "write-back",
    ),
    ("UPDATE write_back SET state = 'approved' WHERE sequence = 1", "write-back"),
    ("UPDATE write_back SET person = 999999 WHERE sequence = 1", "write-back"),
    ("UPDATE write_back SET fence = fence + 1 WHERE sequence = 1", "write-back"),
    ("UPDATE write_back SET submission = 'another' WHERE sequence = 1", "write-back"),
    ("UPDATE write_back SET authority = 'another' WHERE sequence = 1", "write-back"),
    ("UPDATE write_back SET sequence = 1000 WHERE sequence = 1", "write-back"),
    ("DELETE FROM write_back WHERE sequence = 1", "is gone"),
    (
        "INSERT INTO write_back (id, authority, submission, person, sitting, state, fence, payload)
      SELECT 'another', authority, submission, person, sitting, 'approved', fence, payload FROM write_back LIMIT 1",
        "write-back",
    ),
    // What was decided.
    ("UPDATE outcome SET payload = replace(payload, 'agreed', 'agreeed') WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET state = 'rejected' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET state = 'superseded' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET decided_by = 'somebody else' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET loaded_by = 'somebody else' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET person = 999999 WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET sitting = '2020-01-01' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET panel = 'another' WHERE rowid = 1", "outcome"),
    ("UPDATE outcome SET revision = 7 WHERE rowid = 1", "outcome"),
    ("DELETE FROM outcome WHERE rowid = 1", "outcome"),
    (
        "INSERT INTO outcome SELECT 'another', person, panel, sitting, revision, state, payload, loaded_by, decided_by,
      reason, at FROM outcome LIMIT 1",
        "outcome",
    ),
    // What the first look has said.
    ("UPDATE first_look SET complete = 1 - complete", "the first look of entry"),
    ("UPDATE first_look SET late = 1", "the first look of entry"),
    ("UPDATE first_look SET handed_on = '2020-01-01'", "the first look of entry"),
    ("UPDATE first_look SET panel = 'another' WHERE submission = 'lincolnshire-700001'", "the first look of entry"),
    ("UPDATE first_look SET entry = NULL", "the first look of entry"),
    ("DELETE FROM first_look WHERE submission = 'lincolnshire-700001'", "the first look of entry"),
    ("DELETE FROM first_lack", "the first look of entry"),
    ("UPDATE first_lack SET subject = subject || 'x'", "the first look of entry"),
    ("INSERT INTO first_lack VALUES ('lincolnshire-700001', 'document-missing', 'another')", "the first look of entry"),
    (
        "INSERT INTO first_look SELECT 'another', panel, handed_on, late, 1, at, NULL FROM first_look LIMIT 1",
        "the first look at another",
    ),
    (
        "INSERT INTO first_look SELECT 'another', panel, handed_on, late, 1, at, 1 FROM first_look LIMIT 1",
        "the first look at another",
    ),
    ("INSERT INTO first_lack VALUES ('another', 'document-missing', 'chronology')", "the first look at another"),
    // What was read.
    (
        "UPDATE revision SET payload = replace(payload, 'Synthetic', 'Synthetik') WHERE submission = 'lincolnshire-700001'",
        "lincolnshire-700001",
    ),
    ("UPDATE revision SET content_hash = zeroblob(32) WHERE submission = 'lincolnshire-700001'", "was changed"),
    ("UPDATE revision SET number = 2 WHERE submission = 'lincolnshire-700001'", "was changed"),
    ("DELETE FROM revision WHERE submission = 'lincolnshire-700001'", "was changed"),
    (
        "INSERT INTO revision SELECT submission, 2, content_hash, payload, file, entry, at FROM revision
      WHERE submission = 'lincolnshire-700001'",
        "was changed",
    ),
    (
        "INSERT INTO revision SELECT submission, 2, content_hash, payload, file, 100000, at FROM revision
      WHERE submission = 'lincolnshire-700001'",
        "lincolnshire-700001",
    ),
    ("UPDATE submission SET content_hash = zeroblob(32) WHERE id = 'lincolnshire-700001'", "lincolnshire-700001"),
    ("UPDATE submission SET panel = 'another' WHERE id = 'lincolnshire-700001'", "lincolnshire-700001"),
    ("UPDATE submission SET latest = 7 WHERE id = 'lincolnshire-700001'", "lincolnshire-700001"),
    ("DELETE FROM submission WHERE id = 'lincolnshire-700001'", "lincolnshire-700001"),
    // What people have said.
    ("UPDATE stated SET value = 1 - value", "stated"),
    ("UPDATE stated SET by = 'somebody else'", "stated"),
    ("UPDATE stated SET name = 'another'", "stated"),
    ("DELETE FROM stated", "is gone"),
    ("INSERT INTO stated SELECT submission, 'another', value, by, at FROM stated", "stated"),
    ("UPDATE waiver SET payload = replace(payload, '2026-12-02', '2027-12-02')", "stated"),
    ("UPDATE waiver SET by = 'somebody else'", "stated"),
    ("UPDATE waiver SET person = 999999", "stated"),
    ("UPDATE waiver SET fingerprint = 'another'", "stated"),
    ("DELETE FROM waiver", "is gone"),
    // What was kept with requests.
    ("UPDATE kept_paper SET payload = replace(payload, '2026-11', '2026-12')", "kept with"),
    ("UPDATE kept_paper SET by = 'somebody else'", "kept with"),
    ("UPDATE kept_paper SET at = '2020-01-01T00:00:00Z'", "kept with"),
    ("UPDATE kept_paper SET person = person + 900000", "kept with"),
    ("UPDATE kept_paper SET key = key || 'x'", "kept with"),
    ("UPDATE kept_paper SET submission = 'another'", "kept with"),
    ("DELETE FROM kept_paper WHERE key = (SELECT min(key) FROM kept_paper)", "kept with"),
    (
        "INSERT INTO kept_paper SELECT submission, person, 'another', payload, by, at FROM kept_paper LIMIT 1",
        "kept with",
    ),
    ("UPDATE forgotten_paper SET reason = 'another'", "kept with"),
    ("UPDATE forgotten_paper SET by = 'somebody else'", "kept with"),
    ("UPDATE forgotten_paper SET key = 'another'", "kept with"),
    ("DELETE FROM forgotten_paper", "kept with"),
    (
        "INSERT INTO forgotten_paper (submission, person, key, reason, by, at)
      SELECT submission, person, key, reason, by, at FROM forgotten_paper",
        "kept with",
    ),
    ("UPDATE subject SET person = 999999 WHERE submission = 'lincolnshire-700001'", "lincolnshire-700001"),
    ("DELETE FROM subject WHERE submission = 'lincolnshire-700001'", "lincolnshire-700001"),
    ("INSERT INTO subject SELECT authority, 999999, id FROM submission WHERE id = 'lincolnshire-700001'", "about"),
    ("INSERT INTO moved VALUES ('lincolnshire-700001', 1, '1', '2')", "has moved"),
    // What the latest extracts say.
    ("UPDATE record SET payload = replace(payload, '100001', '100002') WHERE extract = 'documents'", "/documents"),
    ("UPDATE record SET content_hash = zeroblob(32) WHERE extract = 'events'", "/events"),
    ("UPDATE record SET key = key || 'x' WHERE extract = 'documents'", "/documents"),
    ("UPDATE record SET person = person + 900000 WHERE extract = 'persons'", "/persons"),
    ("UPDATE record SET entry = 100000 WHERE extract = 'persons'", "/persons"),
    ("DELETE FROM record WHERE extract = 'persons'", "/persons"),
    (
        "INSERT INTO record SELECT authority, extract, 999999, key, content_hash, payload, file, entry FROM record
      WHERE extract = 'documents' LIMIT 1",
        "/documents",
    ),
    (
        "INSERT INTO record SELECT 'another', extract, person, key, content_hash, payload, file, entry FROM record LIMIT 1",
        "another/",
    ),
    // What could not be read of them.
    ("UPDATE quarantine SET message = 'another' WHERE id = 1", "have left"),
    ("UPDATE quarantine SET reason = 'records-disagree' WHERE id = 1", "have left"),
    ("UPDATE quarantine SET record = '{}' WHERE record IS NOT NULL", "have left"),
    ("UPDATE quarantine SET file = 'another.csv' WHERE id = 1", "have left"),
    ("DELETE FROM quarantine WHERE id = 1", "have left"),
    ("UPDATE quarantine SET state = 'discarded' WHERE state = 'waiting'", "of the quarantine"),
    ("UPDATE quarantine SET state = 'taken-later' WHERE state = 'waiting'", "of the quarantine"),
    ("UPDATE quarantine SET state = 'taken-later', settled = 1 WHERE state = 'waiting'", "was changed"),
    ("UPDATE quarantine SET why = 'another' WHERE state = 'discarded'", "of the quarantine"),
    ("UPDATE quarantine SET state = 'waiting', why = NULL WHERE state = 'discarded'", "of the quarantine"),
    // That it was restored.
    ("DELETE FROM epoch", "restored"),
    ("UPDATE epoch SET since = '2020-01-01T00:00:00Z'", "restored"),
];

/// A rehearsal's ledger with something in every table, restored once from a backup.
fn ledger() -> Tessera {
    let tessera = Tessera::on_samples();
    let well = |arguments: &[&str]| {
        let ran = tessera.run(arguments);
        assert!(ran.code == 0 || ran.code == 3, "{arguments:?}: {}", ran.all());
    };
    well(&["sync", "--rehearse"]);
    let id = "lincolnshire-700002";
    well(&["--rehearsal", "check", id, "--fact", "seeking-extension=yes"]);
    let waived = ["--waive", "document-missing:chronology", "--role", "team-manager", "--reason", "Synthetic"];
    well(&[&["--rehearsal", "check", id], &waived[..], &["--until", "2026-12-02"]].concat());
    let pack = repository().join("samples/packs").join(id);
    well(&["--rehearsal", "check", id, "--pack", pack.to_str().unwrap(), "--keep"]);
    forget_one(&tessera, id);
    well(&["--rehearsal", "quarantine", "discard", "2", "--reason", "Synthetic"]);
    well(&["--rehearsal", "ledger", "backup", "state/rehearsal/backup.db"]);
    put(&tessera, "backup.db");
    well(&["--rehearsal", "audit", "verify"]);
    fs::copy(tessera.path("state/rehearsal/ledger.db"), tessera.path("state/rehearsal/untouched.db")).unwrap();
    tessera
}

/// Takes one of the papers that are kept with a request away.
fn forget_one(tessera: &Tessera, id: &str) {
    let workplace = Workplace::new(Configuration::load(&tessera.path("tessera.toml")).unwrap().rehearsed());
    let clock = Clock::Fixed(workplace.configuration().rehearsal.as_at.unwrap());
    let (actor, id) = (Actor::new("administrator", None), SubmissionId::new(id));
    let kept = workplace.open(clock, &actor).unwrap().pack_kept(&id).unwrap();
    workplace.open(clock, &actor).unwrap().pack_forget(&id, &kept[0].key, "Synthetic").unwrap();
}

/// Puts a copy in the place of the ledger.
fn put(tessera: &Tessera, copy: &str) {
    for journal in ["ledger.db-wal", "ledger.db-shm"] {
        drop(fs::remove_file(tessera.path("state/rehearsal").join(journal)));
    }
    fs::copy(tessera.path("state/rehearsal").join(copy), tessera.path("state/rehearsal/ledger.db")).unwrap();
}

/// Does something to the ledger that tessera does not know of. How many rows it touched.
fn tamper(tessera: &Tessera, sql: &str) -> u64 {
    let key = fs::read(tessera.path("state/rehearsal/ledger.key")).unwrap();
    let key = String::from_utf8(key).unwrap();
    let connection = Connection::open(tessera.path("state/rehearsal/ledger.db")).unwrap();
    connection.pragma_update(None, "key", format!("x'{}'", key.trim())).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(sql).unwrap();
    connection.total_changes()
}

#[test]
fn every_tampering_is_found_and_named() {
    let tessera = ledger();
    let mut unseen = Vec::new();
    for (sql, named) in TAMPERINGS {
        put(&tessera, "untouched.db");
        assert!(tamper(&tessera, sql) > 0, "it changes nothing: {sql}");
        let ran = tessera.run(&["--rehearsal", "audit", "verify"]);
        if ran.code != 1 || !ran.stdout.contains(named) {
            unseen.push(format!("{sql}\n  exit {}: {}{}", ran.code, ran.stdout, ran.stderr));
        }
    }
    assert!(unseen.is_empty(), "{} of {} unseen:\n{}", unseen.len(), TAMPERINGS.len(), unseen.join("\n"));
}

/// A chain that was cut at its end is whole; that its last hash was noted elsewhere shows it.
#[test]
fn a_cut_end_is_found_by_the_hash_that_was_noted() {
    let tessera = ledger();
    let head = tessera.json(&["--rehearsal", "audit", "verify"])["head"].as_str().unwrap().to_owned();
    let noted = ["--rehearsal", "audit", "verify", "--noted", &head];
    assert!(tessera.run(&noted).well());
    // The last entry tells of a view or a restore, so that nothing else in the ledger shows that it is gone.
    tessera.run(&["--rehearsal", "writeback", "show", "nobody"]);
    tamper(&tessera, "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit); DELETE FROM epoch");
    let ran = tessera.run(&noted);
    assert!(ran.code == 1 && ran.stdout.contains("noted"), "{}", ran.all());
}
