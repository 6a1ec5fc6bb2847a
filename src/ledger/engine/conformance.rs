//! What the ledger relies on, proved of every engine.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretBox;
use tempfile::TempDir;

use super::{Address, Conditions, Database, Value, parameter, params};
use crate::calendar::Clock;
use crate::ledger::{LedgerKey, LedgerTrouble};

/// An engine, by how a test opens a ledger of its own.
pub(in crate::ledger) struct Tested {
    /// The address of the ledger called so in a folder.
    pub(in crate::ledger) address: fn(&Path, &str) -> Address,
}

/// Every engine that there is: the suite below and the ledger's own proofs run on each.
pub(in crate::ledger) const ENGINES: &[Tested] = &[super::sqlite::TESTED];

/// A ledger of one engine in a folder of its own.
pub(in crate::ledger) struct Place {
    folder: TempDir,
    address: fn(&Path, &str) -> Address,
}

impl Place {
    pub(in crate::ledger) fn of(engine: &Tested) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), address: engine.address }
    }

    pub(in crate::ledger) fn address(&self, name: &str) -> Address {
        (self.address)(self.folder.path(), name)
    }

    pub(in crate::ledger) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, key: u8) -> Result<Database, LedgerTrouble> {
        let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
        self.address("ledger").open(LedgerKey(SecretBox::new(Box::new([key; 32]))), clock).map(Database::new)
    }
}

/// Runs a proof on a new ledger of every engine.
fn on_each(proof: impl Fn(&Place)) {
    for engine in ENGINES {
        proof(&Place::of(engine));
    }
}

const PUT: &str = "INSERT INTO account (name, payload) VALUES (?1, ?2)";
const NAMES: &str = "SELECT name FROM account ORDER BY name";

fn names(database: &Database) -> Vec<String> {
    database.rows(NAMES, &[], |row| row.get(0)).unwrap()
}

#[test]
fn every_value_comes_back_as_it_went_in() {
    on_each(|place| {
        let database = place.open(7).unwrap();
        let texts = ["", "a'b\"c", "Zoë \u{10ffff}", "line\r\nline", "\u{0}nul"];
        for (at, text) in texts.iter().enumerate() {
            let sql = "INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, late)
                VALUES (?1, ?2, ?3, '', '', '', ?4, ?5)";
            let number = [i64::MIN, -1, 0, 1, i64::MAX][at];
            let bytes: &[u8] = [&[][..], &[0, 255], b"text", &[0], &[1]][at];
            let late = [None, Some(true), Some(false), None, None][at];
            let panel = late.map(|_| "p");
            assert_eq!(database.execute(sql, params![*text, number, bytes, panel, late]).unwrap(), 1);
            let sql =
                "SELECT submission, person, inputs, panel, late FROM checked WHERE submission = ?1 AND person = ?2";
            type Row = (String, i64, Vec<u8>, Option<String>, Option<bool>);
            let read = |row: &super::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
            let row: Row = database.one(sql, params![*text, number], read).unwrap();
            let wanted = ((*text).to_owned(), number, bytes.to_vec(), panel.map(str::to_owned), late);
            assert_eq!(row, wanted);
        }
        let wrong = database.first("SELECT name FROM account UNION SELECT 'a'", &[], |row| row.get::<i64>(0));
        assert!(matches!(wrong, Err(LedgerTrouble::Damaged { .. })), "a text is no number");
    });
}

#[test]
fn text_sorts_by_its_bytes_and_the_rows_after_what_is_looked_for_are_not_read() {
    on_each(|place| {
        let database = place.open(7).unwrap();
        for name in ["b", "a", "B", "é", "~", "aa", "A"] {
            database.execute(PUT, params![name, ""]).unwrap();
        }
        assert_eq!(names(&database), ["A", "B", "a", "aa", "b", "~", "é"]);
        let mut read = 0;
        let found = database.find(NAMES, &[], |row| {
            read += 1;
            Ok(Some(row.get::<String>(0)?).filter(|name| name == "B"))
        });
        assert_eq!((found.unwrap().as_deref(), read), (Some("B"), 2));
        let mut narrow = Conditions::one("name >", parameter("a"));
        narrow.and_if("name <", Some(parameter("~")));
        narrow.and_if("payload =", None);
        let limit = narrow.with(Value::Integer(9));
        let sql = format!("SELECT name FROM account WHERE {} ORDER BY name LIMIT {limit}", narrow.text());
        let between: Vec<String> = database.rows(&sql, narrow.values(), |row| row.get(0)).unwrap();
        assert_eq!(between, ["aa", "b"]);
        // A statement runs while another's rows are read.
        database
            .each(NAMES, &[], |_| database.one("SELECT count(*) FROM account", &[], |row| row.get::<i64>(0)).map(drop))
            .unwrap();
    });
}

#[test]
fn what_is_there_already_is_met_by_its_key_and_changed_rows_are_counted() {
    on_each(|place| {
        let database = place.open(7).unwrap();
        assert_eq!(database.execute(PUT, params!["a", "1"]).unwrap(), 1);
        assert!(matches!(database.execute(PUT, params!["a", "2"]), Err(LedgerTrouble::Database { .. })));
        let ignored = format!("{PUT} ON CONFLICT (name) DO NOTHING");
        assert_eq!(database.execute(&ignored, params!["a", "2"]).unwrap(), 0);
        let taken = format!("{PUT} ON CONFLICT (name) DO UPDATE SET payload = account.payload || excluded.payload");
        assert_eq!(database.execute(&taken, params!["a", "2"]).unwrap(), 1);
        let compared = "UPDATE account SET payload = ?3 WHERE name = ?1 AND payload = ?2";
        assert_eq!(database.execute(compared, params!["a", "12", "3"]).unwrap(), 1);
        assert_eq!(database.execute(compared, params!["a", "12", "4"]).unwrap(), 0, "somebody else was first");
        let short = database.execute("UPDATE account SET payload = ?2 WHERE name = ?1", params!["a"]);
        assert!(short.is_err(), "a parameter is missing");
    });
}

#[test]
fn a_transaction_that_is_dropped_was_never_there_and_one_that_is_committed_outlives_its_connection() {
    on_each(|place| {
        let mut database = place.open(7).unwrap();
        let transaction = database.begin().unwrap();
        transaction.execute(PUT, params!["dropped", ""]).unwrap();
        assert_eq!(names(&transaction), ["dropped"]);
        drop(transaction);
        let transaction = database.begin().unwrap();
        transaction.execute(PUT, params!["kept", ""]).unwrap();
        transaction.commit().unwrap();
        drop(database);
        assert_eq!(names(&place.open(7).unwrap()), ["kept"]);
    });
}

#[test]
fn a_second_writer_waits_its_turn_and_readers_wait_for_nobody() {
    on_each(|place| {
        let mut database = place.open(7).unwrap();
        let transaction = database.begin().unwrap();
        transaction.execute(PUT, params!["first", "1"]).unwrap();
        std::thread::scope(|scope| {
            let (begun, has_begun) = mpsc::channel();
            let second = scope.spawn(move || {
                let mut other = place.open(7).unwrap();
                assert_eq!(names(&other), Vec::<String>::new(), "what is not committed is seen by nobody");
                begun.send(()).unwrap();
                let asked = Instant::now();
                let transaction = other.begin().unwrap();
                let waited = asked.elapsed();
                // What the first has left is what the second reads.
                let before: String = transaction.one("SELECT payload FROM account", &[], |row| row.get(0)).unwrap();
                transaction.execute("UPDATE account SET payload = ?1", params![format!("{before}2")]).unwrap();
                transaction.commit().unwrap();
                waited
            });
            has_begun.recv().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            transaction.commit().unwrap();
            assert!(second.join().unwrap() >= Duration::from_millis(200));
        });
        let left: String = database.one("SELECT payload FROM account", &[], |row| row.get(0)).unwrap();
        assert_eq!(left, "12");
    });
}

#[test]
fn many_writers_lose_nothing_to_each_other() {
    on_each(|place| {
        drop(place.open(7).unwrap());
        std::thread::scope(|scope| {
            for writer in 0..4_i64 {
                scope.spawn(move || {
                    let mut database = place.open(7).unwrap();
                    for _ in 0..25 {
                        let transaction = database.begin().unwrap();
                        let sql = "SELECT coalesce(max(number), 0) FROM reminder";
                        let last: i64 = transaction.one(sql, &[], |row| row.get(0)).unwrap();
                        let sql = "INSERT INTO reminder (number, id, authority, role, told_at, payload)
                            VALUES (?1, ?2, '', '', '', '')";
                        transaction.execute(sql, params![last + 1, writer.to_string()]).unwrap();
                        transaction.commit().unwrap();
                    }
                });
            }
        });
        let database = place.open(7).unwrap();
        let counted = database
            .one("SELECT count(*), max(number) FROM reminder", &[], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)));
        assert_eq!(counted.unwrap(), (100, 100));
    });
}

#[test]
fn only_its_key_opens_it() {
    on_each(|place| {
        let database = place.open(7).unwrap();
        database.execute(PUT, params!["a", ""]).unwrap();
        drop(database);
        assert!(matches!(place.open(8), Err(LedgerTrouble::WrongKey { .. })));
        assert_eq!(names(&place.open(7).unwrap()), ["a"]);
    });
}

#[test]
fn a_copy_is_whole_while_others_write_and_takes_the_place_of_nothing() {
    on_each(|place| {
        let database = place.open(7).unwrap();
        let (stop, stopped) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut database = place.open(7).unwrap();
                let mut number = 0_i64;
                // Two rows at a time: a copy has both or none.
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    number += 1;
                    let transaction = database.begin().unwrap();
                    for half in ["a", "b"] {
                        transaction.execute(PUT, params![format!("{number:06}{half}"), "x".repeat(2_000)]).unwrap();
                    }
                    transaction.commit().unwrap();
                }
                number
            });
            std::thread::sleep(Duration::from_millis(100));
            let copy = database.backup(&place.path("copy")).unwrap();
            stop.send(()).unwrap();
            assert!(writer.join().unwrap() > 0);
            let copied = names(&copy);
            assert!(!copied.is_empty() && copied.len().is_multiple_of(2), "{}", copied.len());
            assert!(copied.chunks(2).all(|two| two[0].as_bytes()[..6] == two[1].as_bytes()[..6]));
        });
        assert!(database.backup(&place.path("copy")).is_err());
        assert!(database.bytes() > 0);
    });
}
