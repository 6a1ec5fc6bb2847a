//! The log: what happened, in sentences, with ids as fields.
//!
//! Promise: a sentence is fixed text, and a field is of a type in the closed list of [`Loggable`]: an id, a code, a
//! count, a state, a time. So no name, date of birth, answer, title, note, reason that a person typed, e-mail or file
//! content can be logged. Nothing but this room writes to the log; where it goes is decided by whoever starts the
//! program.
//!
//! Levels: `error`, a person must act now; `warn`, a person should look; `info`, the story; `debug`, why; `trace`,
//! sizes. What fails is logged once, where it is handled.

mod event;
mod loggable;

pub(crate) use event::{debug, error, event, info, span, trace, warn};
pub use loggable::{FileId, FileName, Loggable, OwnFile, Shaped, milliseconds};
pub use tracing::field::Empty;
pub use tracing::{Instrument, Level, Span, Value};

/// Whether anybody reads lines of `debug`: what only they would need is not worked out otherwise.
pub(crate) fn is_debug() -> bool {
    tracing::enabled!(target: "tessera", Level::DEBUG)
}
