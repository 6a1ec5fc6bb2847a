//! Places in files, near misses, and one look for every message about a file.
//!
//! Promise: whatever tessera has to say about a file, it says with a [`Place`], in one form, with the
//! thing to do. Knows no form, no panel and no ledger; reads nothing but the TOML text it is given.

mod place;
mod render;
mod suggest;
mod toml_document;

pub use place::{Located, Place};
pub use render::{Diagnostic, Severity, render};
pub use suggest::nearest;
#[cfg(test)]
pub(crate) use toml_document::documented;
pub use toml_document::{Item, Table, TomlDocument};
