//! What each command does, seen from outside.

mod check;
mod failing;
mod init;
mod panels;
mod replay;
mod sync;
