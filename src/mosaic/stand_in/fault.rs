//! How the stand-in misbehaves when it is told to.

use serde::{Deserialize, Serialize};

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Cut the connection before anything is done.
    CutBefore,
    /// Do it, and cut the connection.
    CutAfter,
    /// Answer with this status, having done nothing.
    Status(u16),
    /// Do it, and answer with this status.
    StatusAfter(u16),
    /// Do it, and answer with something that is no answer.
    Garbage,
    /// Do it twice.
    Duplicate,
    /// Do it, and answer late: milliseconds.
    Slow(u64),
}

/// Misbehaviour at the writes to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// How.
    pub kind: FaultKind,
    /// At how many writes, from the next one on.
    pub times: u32,
}
