//! Mapping files: load, verify, recognise, apply.
//!
//! Promise: what a form means stands in files and is never guessed: a record is read by the one mapping whose
//! evidence it carries, or it waits with the reasons. Opens no export itself.

mod apply;
mod authority;
mod extract;
mod form;
mod library;
mod read;
mod recognise;
mod set;
mod text;
mod value;
mod verify;

pub use authority::Authority;
pub use extract::{Extract, document, event, kind_wording, person};
pub use form::{Field, FieldType, FormMapping};
pub use library::Library;
pub use recognise::Recognised;
pub use set::MappingSet;
