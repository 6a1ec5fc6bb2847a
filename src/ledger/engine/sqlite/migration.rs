//! Migrations: forward only, each in one transaction, and held to what was applied.

use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::connection::meant;
use crate::ledger::{LedgerTrouble, lock};

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migration/0001_ledger.sql")),
    (2, include_str!("migration/0002_booking.sql")),
    (3, include_str!("migration/0003_waiver.sql")),
    (4, include_str!("migration/0004_epoch.sql")),
    (5, include_str!("migration/0005_settled.sql")),
    (6, include_str!("migration/0006_pages.sql")),
    (7, include_str!("migration/0007_kept_pack.sql")),
    (8, include_str!("migration/0008_account.sql")),
    (9, include_str!("migration/0009_place.sql")),
    (10, include_str!("migration/0010_held.sql")),
    (11, include_str!("migration/0011_unseen.sql")),
    (12, include_str!("migration/0012_duty.sql")),
    (13, include_str!("migration/0013_learning.sql")),
    (14, include_str!("migration/0014_told.sql")),
    (15, include_str!("migration/0015_counted_outside.sql")),
    (16, include_str!("migration/0016_looks.sql")),
];

/// From this migration on what is counted is counted by tessera, and each kind of work has a lock of its own.
const COUNTED_OUTSIDE: usize = 15;

/// Brings the ledger up to date. One that is up to date is only read, so that opening it waits for nobody who writes.
pub(super) fn run(connection: &mut Connection, path: &Path, now: &str) -> Result<(), LedgerTrouble> {
    let failed = |error: rusqlite::Error| meant(path, &error);
    let is_begun = connection.table_exists(None, "migration").map_err(failed)?;
    let known = if is_begun { applied(connection, path)? } else { 0 };
    if known == MIGRATIONS.len() {
        return Ok(());
    }
    // What an earlier tessera changes after this is counted nowhere: the database counted for it.
    let is_earlier = (1..COUNTED_OUTSIDE).contains(&known);
    let _without = is_earlier.then(|| lock::without_earlier(path)).transpose()?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL, at TEXT NOT NULL)")
        .map_err(failed)?;
    // Another process may have applied some in the meantime.
    for (number, text) in MIGRATIONS.iter().skip(applied(&transaction, path)?) {
        transaction.execute_batch(text).map_err(failed)?;
        let checksum = Sha256::digest(text);
        transaction
            .execute("INSERT INTO migration VALUES (?1, ?2, ?3)", (number, checksum.as_slice(), now))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// The number of the last migration that this tessera knows.
fn last_known() -> i64 {
    MIGRATIONS.last().map_or(0, |(number, _)| *number)
}

/// Whether a database is still as this tessera knows it: no later one has brought it up to date since.
pub(super) fn is_known(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT max(number) FROM migration";
    let last: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(last == Some(last_known()))
}

/// How many are applied already, each of them as it is known here.
fn applied(connection: &Connection, path: &Path) -> Result<usize, LedgerTrouble> {
    let failed = |error: rusqlite::Error| meant(path, &error);
    let wrong = |why: String| LedgerTrouble::Migration { path: path.to_owned(), why };
    let mut rows = connection.prepare("SELECT number, checksum FROM migration ORDER BY number").map_err(failed)?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
    let applied: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>().map_err(failed)?;
    for (at, (number, checksum)) in applied.iter().enumerate() {
        let known = MIGRATIONS.get(at).filter(|(known, _)| known == number);
        let Some((_, text)) = known else { return Err(wrong("a later tessera has written it".to_owned())) };
        if Sha256::digest(text).as_slice() != checksum.as_slice() {
            return Err(wrong(format!("its migration {number} is not the one that this tessera knows")));
        }
    }
    Ok(applied.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger as the tessera before the pages has left it, with four requests: one open, one decided at a later sitting
    /// than it was booked for, one cancelled, one that asks no panel any more.
    #[test]
    fn what_a_ledger_holds_already_is_counted_when_the_pages_come() {
        let ledger = Connection::open_in_memory().unwrap();
        for (number, text) in MIGRATIONS {
            if *number == 6 {
                for (id, panel, is_request) in
                    [("a", Some("p"), 1), ("b", Some("p"), 1), ("c", Some("p"), 0), ("d", None, 1)]
                {
                    let submission = "INSERT INTO submission VALUES (?1, 'x', ?2, 'F', '1', ?3, 1, x'')";
                    ledger.execute(submission, (id, panel, is_request)).unwrap();
                    let found = r#"[{"code":"document-missing","severity":"blocking","subject":"chronology"},
                        {"code":"document-missing","severity":"warning","subject":"plan"}]"#;
                    let checked =
                        "INSERT INTO checked VALUES (?1, 1, x'', 'incomplete', ?2, 'at', 'p', '2026-12-02', NULL)";
                    ledger.execute(checked, (id, found)).unwrap();
                }
                let payload = r#"{"decision":{"fields":{"review-on":"2027-01-06","why":"2027"}}}"#;
                let outcome =
                    "INSERT INTO outcome VALUES ('b', 1, 'p', '2026-12-09', 1, 'approved', ?1, 'x', 'y', NULL, 'at')";
                ledger.execute(outcome, [payload]).unwrap();
            }
            ledger.execute_batch(text).unwrap();
        }
        let text = |sql: &str| -> String { ledger.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(text("SELECT group_concat(submission || settled) FROM checked"), "a0,b1,c2,d2");
        let tallies = "SELECT group_concat(sitting || ' ' || settled || ' ' || n, ', ') FROM tally";
        assert_eq!(text(tallies), "2026-12-02 0 1, 2026-12-02 2 2, 2026-12-09 1 1");
        assert_eq!(
            text("SELECT group_concat(code || ' ' || subject || ' ' || n) FROM missing"),
            "document-missing chronology 1"
        );
        assert_eq!(text("SELECT group_concat(field || ' ' || day) FROM outcome_day"), "review-on 2027-01-06");
    }

    /// A ledger as the tessera before has left it: a request that was handed in and decided twice, one handed in at the
    /// end of a month by the office's time, one that is open; duties that were done in time and were closed that night.
    #[test]
    fn what_a_ledger_holds_already_is_learned_from() {
        let ledger = Connection::open_in_memory().unwrap();
        for (number, text) in MIGRATIONS {
            if *number == 13 {
                for (id, person, handed_in, late) in [
                    ("a", 1, Some("2026-11-20T16:40:00Z"), Some(1)),
                    ("a", 2, Some("2026-11-20T16:40:00Z"), Some(1)),
                    ("b", 1, Some("2026-06-30T23:30:00Z"), None),
                    ("c", 1, None, None),
                ] {
                    let checked =
                        "INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, sitting,
                        handed_in, late) VALUES (?1, ?2, x'', 'complete', '[]', 'at', 'p', '2026-12-02', ?3, ?4)";
                    ledger.execute(checked, (id, person, handed_in, late)).unwrap();
                }
                for (revision, decision) in [(1, "agreed"), (2, "deferred")] {
                    let payload = format!(r#"{{"decision":{{"decision":"{decision}","fields":{{}}}}}}"#);
                    let outcome = "INSERT INTO outcome VALUES ('a', 1, 'p', '2026-12-02', ?1, 'approved', ?2, 'x', 'y', NULL, 'at')";
                    ledger.execute(outcome, (revision, payload)).unwrap();
                }
                for (id, evidence, closed_at) in [
                    ("day", Some(r#"{"what":"event x","on":"2026-12-31"}"#), Some("2027-01-01T02:00:00Z")),
                    ("day-late", Some(r#"{"what":"event x","on":"2027-01-01"}"#), Some("2027-01-01T02:00:00Z")),
                    (
                        "receipt",
                        Some(r#"{"what":"written back with a receipt, 2026-12-31T16:59:00Z","on":null}"#),
                        Some("2027-01-01T02:00:00Z"),
                    ),
                    (
                        "receipt-late",
                        Some(r#"{"what":"written back with a receipt, 2026-12-31T17:00:01Z","on":null}"#),
                        Some("2027-01-01T02:00:00Z"),
                    ),
                    ("said", Some(r#"{"what":"administrator: done","on":null}"#), Some("2026-12-31T16:00:00Z")),
                    ("open", None, None),
                ] {
                    let state = if closed_at.is_some() { "done" } else { "open" };
                    let duty = "INSERT INTO duty VALUES (?1, 'p', 'r', NULL, NULL, ?2, '2026-12-31T17:00:00Z', '', ?3, 'at', ?4)";
                    ledger.execute(duty, (id, state, evidence, closed_at)).unwrap();
                }
            }
            ledger.execute_batch(text).unwrap();
        }
        let text = |sql: &str| -> String { ledger.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(
            text(
                "SELECT group_concat(month || ' ' || late || ' ' || complete || ' ' || n, ', ') FROM first_look_tally"
            ),
            "2026-07 -1 -1 1, 2026-11 1 -1 1",
            "one a request; nobody knows whether it was complete"
        );
        assert_eq!(
            text(
                "SELECT group_concat(month || ' ' || decision || ' ' || days || ' ' || n) FROM decision_tally WHERE n > 0"
            ),
            "2026-12 deferred 12 1",
            "the later revision stands"
        );
        assert_eq!(
            text("SELECT group_concat(id || ' ' || was_in_time, ', ') FROM duty ORDER BY id"),
            "day 1, day-late 0, open 0, receipt 1, receipt-late 0, said 1"
        );
        assert_eq!(
            text(
                "SELECT group_concat(month || ' ' || state || ' ' || in_time || ' ' || n, ', ') FROM duty_tally WHERE n > 0"
            ),
            "2026-12 done 0 2, 2026-12 done 1 3, 2026-12 open 0 1"
        );
    }

    /// Duties as the tessera before reminders has left them: one open, one closed, which was on two desks.
    #[test]
    fn what_was_closed_is_back_on_the_desks_that_had_it() {
        let ledger = Connection::open_in_memory().unwrap();
        for (number, text) in MIGRATIONS {
            if *number == 14 {
                let payload = r#"{"role":"worker","escalations":[{"to":"manager","at":"2026-12-02T17:00:00Z"}]}"#;
                for (id, state, closed_at) in [("open", "open", None), ("closed", "done", Some("2026-12-03T02:00:00Z"))]
                {
                    let duty = "INSERT INTO duty VALUES (?1, 'p', 'r', NULL, NULL, ?2, '2026-12-01T17:00:00Z', ?3, NULL, 'at', ?4)";
                    ledger.execute(duty, (id, state, payload, closed_at)).unwrap();
                }
                ledger.execute("INSERT INTO duty_role VALUES ('worker', '', 'open', NULL)", []).unwrap();
            }
            ledger.execute_batch(text).unwrap();
        }
        let desks = "SELECT group_concat(duty || ' ' || role || ' ' || since || ' ' || times, ', ')
            FROM (SELECT * FROM duty_role ORDER BY duty, role)";
        let desks: String = ledger.query_row(desks, [], |row| row.get(0)).unwrap();
        assert_eq!(desks, "closed manager 2026-12-02T17:00:00Z 0, closed worker  0, open worker  0");
    }

    /// Rules are in the code and in the mapping files: the database holds what it is given, and works nothing out.
    #[test]
    fn no_rule_stands_in_the_schema_of_a_ledger() {
        let ledger = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().for_each(|(_, text)| ledger.execute_batch(text).unwrap());
        let all = |sql: &str| -> Vec<(String, String)> {
            let mut rows = ledger.prepare(sql).unwrap();
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(all("SELECT name, type FROM sqlite_schema WHERE type NOT IN ('table', 'index')"), []);
        let computed = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c
            WHERE t.type = 'table' AND c.hidden > 1";
        assert_eq!(all(computed), []);
        // What stands in the words of a comment is looked at, too.
        for (name, sql) in all("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL") {
            let words = sql.split(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '/');
            let is_rule = |word: &&str| {
                let starts = ["document-", "answer-", "approval-", "fact-", "late-", "person-", "Europe/", "julianday"];
                starts.iter().any(|start| word.starts_with(start))
            };
            assert_eq!(words.clone().find(is_rule), None, "{name}: {sql}");
            assert!(!sql.contains("json") && !sql.contains("+1 hour"), "{name}: {sql}");
        }
    }

    /// What was counted by the database until then is carried over, and what it had worked out is in plain columns.
    #[test]
    fn what_the_database_has_counted_is_carried_over() {
        let ledger = Connection::open_in_memory().unwrap();
        for (number, text) in MIGRATIONS {
            if *number == 15 {
                for (id, settled) in [("open", 0), ("decided", 1), ("withdrawn", 2)] {
                    let found = r#"[{"code":"document-missing","severity":"blocking","subject":"chronology"},
                        {"code":"document-missing","severity":"warning","subject":"plan"},
                        {"code":"merged-person","severity":"blocking","subject":""}]"#;
                    let checked = "INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, sitting, settled)
                        VALUES (?1, 1, x'', 'incomplete', ?2, 'at', 'p', '2026-12-02', ?3)";
                    ledger.execute(checked, (id, found, settled)).unwrap();
                }
                ledger
                    .execute_batch(
                        "INSERT INTO file VALUES (1, 'a', 'events', 'f', 'f', 'f', x'', x'', 1, 0, 0, 0, 0, 1, 'at')",
                    )
                    .unwrap();
                for (key, until) in [("goes-on", "null"), ("ended", "\"2026-12-01\"")] {
                    let payload = format!(r#"{{"kind":"review","on":"2026-11-01","until":{until}}}"#);
                    let record =
                        "INSERT INTO record (authority, extract, person, key, content_hash, payload, file, entry)
                        VALUES ('a', 'events', 1, ?1, x'', ?2, 1, 1)";
                    ledger.execute(record, (key, payload)).unwrap();
                }
                let evidence = r#"{"what":"written back with a receipt, 2026-06-30T23:10:00Z","on":null}"#;
                let duty = "INSERT INTO duty (id, panel, rule, state, due, payload, evidence, raised_at, closed_at)
                    VALUES ('d', 'p', 'r', 'done', '2026-06-30T23:30:00Z', '', ?1, 'at', '2026-07-02T02:00:00Z')";
                ledger.execute(duty, [evidence]).unwrap();
            }
            ledger.execute_batch(text).unwrap();
        }
        let text = |sql: &str| -> String { ledger.query_row(sql, [], |row| row.get(0)).unwrap() };
        let lacks = "SELECT group_concat(submission || ' ' || code || ' ' || subject, ', ') FROM lack";
        assert_eq!(text(lacks), "open document-missing chronology, withdrawn document-missing chronology");
        assert_eq!(text("SELECT group_concat(code || ' ' || n) FROM missing"), "document-missing 1");
        let events = "SELECT group_concat(kind || ' ' || starts || ' ' || ends || ' ' || key, ', ') FROM event_day";
        assert_eq!(text(events), "review 2026-11-01 2026-12-01 ended, review 2026-11-01 ~ goes-on");
        assert_eq!(text("SELECT due_day || ' ' || was_in_time FROM duty"), "2026-07-01 1");
        assert_eq!(text("SELECT month || ' ' || in_time || ' ' || n FROM duty_tally"), "2026-07 1 1");
    }
}
