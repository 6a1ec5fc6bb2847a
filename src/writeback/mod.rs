//! Plan, key, transitions, courier, reconciliation.
//!
//! Promise: from an approved outcome to a receipt, once in effect, whatever breaks on the way. Declares the two
//! traits it needs, [`Queue`] and [`Carrier`]; knows no HTTP and no SQL.

mod carrier;
mod change;
mod courier;
mod guard;
mod key;
mod plan;
mod queue;
#[cfg(test)]
mod simulation;
mod transition;

pub use carrier::{Carried, Carrier, Found, Identity, Unidentified};
pub use change::{Cause, changed, planned};
pub use courier::{Courier, Delivery, Settings};
pub use key::{beginning_of_id, is_in, reference_of, squeezed, times_in, write_back_id};
pub use plan::{FormQuestion, FormTarget, Plan, Planning, plan};
pub use queue::{Queue, QueueTrouble};
pub use transition::{Event, NotAllowed};
