//! What each command does, seen from outside.

mod failing;
mod init;
mod replay;
mod sync;
