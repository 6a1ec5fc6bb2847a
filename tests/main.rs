//! What a user can do from outside: the binary run on samples, on hostile files, killed at every moment.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop where it is"
)]

mod beside;
mod calendar;
mod clauses;
mod command;
mod conformance;
mod dirty;
mod duties;
mod earlier;
mod kept;
mod killed;
mod learning;
mod logged;
mod mosaic;
mod office;
mod outcomes;
mod packs;
mod pages;
mod pressed;
mod records;
mod reminders;
mod runner;
mod secrecy;
mod sent;
mod served;
mod stand_in;
mod tampered;
mod tidy;
mod waived;
mod web;
mod web_oidc;
mod web_serve;
