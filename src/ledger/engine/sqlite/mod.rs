//! The ledger in one encrypted SQLite file (SQLCipher) on a local disk.
//!
//! Promise: encrypted or not opened at all; WAL and `synchronous=FULL`, so that what was committed survives a power cut.

mod connection;
mod migration;

pub(super) use connection::SCHEME;
#[cfg(test)]
pub(super) use connection::TESTED;
