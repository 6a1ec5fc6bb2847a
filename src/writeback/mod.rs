//! Plan, key, transitions, courier, reconciliation.
//!
//! Promise: from an approved outcome to a receipt, once in effect, whatever breaks on the way. Declares the two
//! traits it needs, [`Queue`] and [`Carrier`]; knows no HTTP and no SQL.

mod carrier;
mod queue;

pub use carrier::{Carried, Carrier, Found, Identity, Unidentified};
pub use queue::{Queue, QueueTrouble};
