//! Mapping files: load, verify, recognise, apply.
