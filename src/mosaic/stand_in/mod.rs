//! The stand-in: a Mosaic on loopback for rehearsal and trials, which serves the default dialect and can be told to
//! misbehave.

mod fault;
mod record;
mod server;

pub use fault::{Fault, FaultKind};
pub use record::StandInPerson;
pub use server::{Running, StandIn, StandInTrouble};
