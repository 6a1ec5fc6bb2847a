//! The administrators' pages.
//!
//! Promise: asks one operation and shows what it says, to somebody who is signed in and may see it. Holds no rule: what
//! a page says of a request is what `check --json` says.

mod accounts;
mod address;
mod asked;
mod assets;
mod audit;
mod download;
mod duties;
mod failure;
mod figures;
mod guard;
mod issuer;
mod issuer_http;
mod learning;
mod limits;
mod mappings;
mod oidc;
mod outcome_form;
mod outcomes;
mod pace;
mod pack;
mod panels;
mod parts;
mod plot;
mod posted;
mod quarantine;
mod request;
mod requests;
mod router;
mod server;
mod session;
mod shell;
mod sign_in;
mod site;
mod sitting;
mod sittings;
mod today;
mod trackers;
mod uploads;
mod visit;
mod words;
mod write_backs;

use failure::PageFailure;
pub use server::{ServeRequest, Serving, serve};
use session::Visitor;
use shell::{Room, Shell};
use site::Site;
