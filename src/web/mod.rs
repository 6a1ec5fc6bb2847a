//! The administrators' pages.
//!
//! Promise: asks one operation and shows what it says, to somebody who is signed in and may see it. Holds no rule: what
//! a page says of a request is what `check --json` says.

mod accounts;
mod assets;
mod failure;
mod guard;
mod limits;
mod parts;
mod posted;
mod router;
mod server;
mod session;
mod shell;
mod sign_in;
mod site;
mod today;

use failure::PageFailure;
pub use server::{ServeRequest, Serving, serve};
use session::Visitor;
use shell::{Room, Shell};
use site::Site;
