//! The one seam between the ledger and the database that keeps it.
//!
//! Promise: whatever the ledger asks of a database is a verb of `Engine`, in SQL that every engine understands; a folder
//! beside this file holds each engine, and nothing outside that folder names it. One suite holds all of them to what the
//! ledger relies on.

mod address;
mod condition;
#[cfg(test)]
pub(super) mod conformance;
mod database;
mod sqlite;
mod value;
mod verbs;

pub use address::{Address, AddressTrouble};
pub(super) use condition::Conditions;
pub(super) use database::{Database, Transaction};
pub(super) use value::{Row, Value, parameter, params};
