//! `tessera stand-in`: the loopback Mosaic.

use std::net::SocketAddr;

use super::{Exit, Out, Session};
use crate::operation::Failure;

/// Serve a stand-in for Mosaic on loopback, for rehearsal and trials
///
/// It knows the people whom the rehearsal knows, and keeps what the rehearsal has written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The address to listen on; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let session = session.rehearsed();
    let workplace = session.workplace()?;
    workplace.stand_in(session.clock(&workplace)?, session.actor(), args.listen, |address, state| {
        out.say(format_args!("The stand-in listens on http://{address} and keeps its state in {}.", state.display()));
        out.say(format_args!("Open the address in a browser to see what is on each record. Ctrl-C stops it."));
    })?;
    Ok(Exit::Well)
}
