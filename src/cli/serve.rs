//! `tessera serve`: the administrators' pages.

use std::net::SocketAddr;

use secrecy::ExposeSecret as _;

use super::{Exit, Out, Session};
use crate::operation::Failure;
use crate::web::{self, ServeRequest};

/// Serve the administrators' pages, for a browser
///
/// On this machine only, unless [web] in the configuration says otherwise. With --rehearsal it serves what the
/// rehearsal has read, as of its morning.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The address to listen on [default: that of the configuration, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Make a link for another account that may do everything, for when nobody can sign in any more
    #[arg(long)]
    sign_in_link: bool,
}

/// Where the pages are, for whoever started them.
#[derive(Debug, serde::Serialize)]
struct Shown {
    url: String,
    first_link: Option<String>,
}

pub(super) fn run(args: &Args, session: &Session, out: &Out) -> Result<Exit, Failure> {
    let workplace = session.workplace()?;
    let clock = session.clock(&workplace)?;
    let is_rehearsal = session.is_rehearsal();
    let request = ServeRequest { listen: args.listen, wants_link: args.sign_in_link, is_rehearsal };
    let mut told = Ok(());
    web::serve(workplace, clock, &request, |serving| {
        out.say(format_args!("The pages are at {}. Ctrl-C stops them.", serving.url));
        let first_link = serving.first_link.as_ref().map(|link| link.expose_secret().to_owned());
        if first_link.is_some() {
            out.say(format_args!("Open this link once, to make your account:"));
        }
        let shown = Shown { url: serving.url.clone(), first_link };
        told = out.answer(&shown, |shown| shown.first_link.clone().unwrap_or_default());
    })?;
    told.map(|()| Exit::Well)
}
