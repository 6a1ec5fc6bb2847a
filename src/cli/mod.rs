//! The commands: what can be said, and how the answer is shown.
//!
//! Promise: parses, calls one operation, prints. Holds no rule; standard output is the answer and standard error is
//! the talk.

mod agenda;
mod args;
mod audit;
mod check;
mod completions;
mod duties;
mod exit;
mod explain;
mod figures;
mod import;
mod init;
mod ledger;
mod log;
mod mappings;
mod out;
mod outcomes;
mod panels;
mod progress;
mod quarantine;
mod run;
mod serve;
mod session;
mod stand_in;
mod submissions;
mod sync;
mod trackers;
mod writeback;

use exit::Exit;
use out::Out;
pub use run::main;
use session::Session;
