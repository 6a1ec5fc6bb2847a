//! The stand-in: a Mosaic on loopback for rehearsal and trials, which serves the default dialect and can be told to
//! misbehave.
//!
//! What it serves is in [`router`], one file a noun beside it; what it keeps in [`record`]; how it misbehaves in
//! [`fault`], [`script`] and [`misbehave`]; what was written, by its own count, in [`count`].

mod asked;
mod count;
mod documents;
mod fault;
mod forms;
mod journal;
mod misbehave;
mod notes;
mod office;
mod page;
mod persons;
mod problem;
mod record;
mod router;
mod scene;
mod script;
mod server;
mod steps;
mod token;

pub use count::{StandInCounts, StandInPersonCounts, StandInWrites};
pub use fault::{Fault, FaultAim, FaultKind, FaultOperation, RetryAfter};
pub use forms::{StandInForm, StandInFormStatus};
pub use journal::StandInLogged;
pub use persons::StandInPerson;
pub use script::FaultScript;
pub use server::{Running, StandIn, StandInTrouble};
