//! Migrations: forward only, each in one transaction, and held to what was applied.

use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::{Ledger, LedgerTrouble};

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migration/0001_ledger.sql")),
    (2, include_str!("migration/0002_booking.sql")),
    (3, include_str!("migration/0003_waiver.sql")),
    (4, include_str!("migration/0004_epoch.sql")),
    (5, include_str!("migration/0005_settled.sql")),
    (6, include_str!("migration/0006_pages.sql")),
    (7, include_str!("migration/0007_kept_pack.sql")),
    (8, include_str!("migration/0008_account.sql")),
];

/// Brings the ledger up to date. One that is up to date is only read, so that opening it waits for nobody who writes.
pub(super) fn run(ledger: &mut Ledger) -> Result<(), LedgerTrouble> {
    let path = ledger.path.clone();
    let now = ledger.now();
    let failed = |error: rusqlite::Error| super::store::meant(&path, &error);
    let is_begun = ledger.connection.table_exists(None, "migration").map_err(failed)?;
    if is_begun && applied(&ledger.connection, &path)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction =
        ledger.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL, at TEXT NOT NULL)")
        .map_err(failed)?;
    // Another process may have applied some in the meantime.
    for (number, text) in MIGRATIONS.iter().skip(applied(&transaction, &path)?) {
        transaction.execute_batch(text).map_err(failed)?;
        let checksum = Sha256::digest(text);
        transaction
            .execute("INSERT INTO migration VALUES (?1, ?2, ?3)", (number, checksum.as_slice(), &now))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// How many are applied already, each of them as it is known here.
fn applied(connection: &Connection, path: &Path) -> Result<usize, LedgerTrouble> {
    let failed = |error: rusqlite::Error| super::store::meant(path, &error);
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
