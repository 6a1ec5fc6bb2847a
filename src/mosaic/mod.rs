//! Ways to Mosaic: carriers, dialects, the stand-in.
//!
//! Promise: carries and finds exactly what it is given, and says honestly when it does not know what became of it.
//! Decides nothing. Nothing outside `mappings/dialects/` and the stand-in depends on how an interface is spelt.

mod answer;
mod dialect;
mod import_file;
mod import_file_outbox;
mod import_file_results;
mod import_file_shape;
mod minutes;
mod rest;
mod rest_credentials;
mod rest_find;
mod rest_write;
mod stand_in;

pub use dialect::Dialect;
pub use import_file::{ImportFileCarrier, ImportFileTrouble, ImportFolders, ImportTrouble};
pub use rest::{RestCarrier, RestSettings, RestTrouble};
pub use rest_credentials::RestCredentials;
pub use stand_in::{
    Fault, FaultAim, FaultKind, FaultOperation, FaultScript, RetryAfter, Running, StandIn, StandInCounts, StandInForm,
    StandInFormStatus, StandInLogged, StandInPerson, StandInPersonCounts, StandInTrouble, StandInWrites,
};
