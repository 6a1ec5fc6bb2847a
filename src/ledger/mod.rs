//! Everything that must not be lost.
