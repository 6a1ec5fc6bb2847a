//! The line to a mail server (RFC 5321), encrypted unless it stays on this machine.

use std::fmt;
use std::io;
use std::time::Duration;

use lettre::Transport as _;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error, SmtpTransport};
use secrecy::{ExposeSecret as _, SecretString};

use super::Letter;
use crate::log;

/// How a certificate begins (RFC 7468).
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A mail server.
#[derive(Debug)]
pub struct MailServer {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub safety: Safety,
    /// A name and a password, where it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// The council's own certificate authority beside those of the machine, PEM.
    pub certificate_authority: Option<Vec<u8>>,
    /// How long it may be silent.
    pub silent_max: Duration,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Before anything is said.
    StartTls,
    /// From the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// A mail server that letters are given to.
pub struct Post {
    transport: SmtpTransport,
}

/// Why a letter was not taken, as far as is known.
#[derive(Debug)]
pub struct MailTrouble {
    /// What kind it is.
    pub kind: MailTroubleKind,
    detail: Option<String>,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTroubleKind {
    /// An address is none.
    Address,
    /// The certificate authority is none.
    Authority,
    /// The server has said no, with this number.
    Refused(u16),
    /// The server was silent for too long.
    Silent,
    /// There is no connection that could be trusted, or it was cut.
    Line,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}

impl Post {
    /// Makes everything ready. Nothing is said to the server yet.
    pub fn new(server: &MailServer) -> Result<Self, MailTrouble> {
        let tls = match server.safety {
            Safety::None => Tls::None,
            Safety::StartTls => Tls::Required(parameters(server)?),
            Safety::Implicit => Tls::Wrapper(parameters(server)?),
        };
        let mut builder = SmtpTransport::builder_dangerous(server.host.as_str())
            .port(server.port)
            .tls(tls)
            .timeout(Some(server.silent_max));
        if let Some((user, password)) = &server.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            builder = builder.credentials(credentials).authentication(vec![Mechanism::Plain, Mechanism::Login]);
        }
        Ok(Self { transport: builder.build() })
    }

    /// Whether the server is there and lets tessera in.
    pub fn reach(&self) -> Result<(), MailTrouble> {
        let is_there = self.transport.test_connection().map_err(|error| MailTrouble::of(&error))?;
        log::debug!("The mail server was asked whether it is there.", answered = is_there);
        if is_there { Ok(()) } else { Err(MailTrouble { kind: MailTroubleKind::Line, detail: None }) }
    }

    /// Gives a letter to the server. Only when the server has said that it has it, it is well; a server that was cut
    /// off may have it all the same, and knows it again by its id.
    pub fn send(&self, letter: &Letter) -> Result<(), MailTrouble> {
        let message = letter.message()?;
        let sent = self.transport.send(&message).map(drop).map_err(|error| MailTrouble::of(&error));
        match &sent {
            Ok(()) => log::debug!("The mail server has taken an e-mail."),
            Err(trouble) => log::debug!(
                "The mail server has not taken an e-mail.",
                cause = trouble.kind.as_str(),
                status = trouble.kind.status()
            ),
        }
        sent
    }
}

fn parameters(server: &MailServer) -> Result<TlsParameters, MailTrouble> {
    let no_authority = || MailTrouble { kind: MailTroubleKind::Authority, detail: None };
    let wrong = |_: Error| no_authority();
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.certificate_authority {
        // What holds none would be taken for none and said of the server.
        if !pem.windows(PEM.len()).any(|part| part == PEM) {
            return Err(no_authority());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}

impl MailTroubleKind {
    /// Its stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Authority => "authority",
            Self::Refused(_) => "refused",
            Self::Silent => "silent",
            Self::Line => "no-connection",
        }
    }

    /// The number by which the server has said no.
    pub const fn status(self) -> Option<u16> {
        if let Self::Refused(status) = self { Some(status) } else { None }
    }
}

impl MailTrouble {
    pub(super) const fn address() -> Self {
        Self { kind: MailTroubleKind::Address, detail: None }
    }

    /// What an error means. What the server has said is left out: it may name addresses.
    fn of(error: &Error) -> Self {
        if let Some(code) = error.status() {
            return Self { kind: MailTroubleKind::Refused(u16::from(code)), detail: None };
        }
        if is_silence(error) {
            return Self { kind: MailTroubleKind::Silent, detail: None };
        }
        let detail = (!error.is_response()).then(|| error.to_string());
        Self { kind: MailTroubleKind::Line, detail }
    }
}

/// Whether somebody waited in vain: a read that takes too long is told either way, by system.
fn is_silence(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(one) = source {
        if let Some(error) = one.downcast_ref::<io::Error>() {
            return matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
        }
        source = one.source();
    }
    false
}

impl fmt::Display for MailTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            MailTroubleKind::Address => f.write_str("an address is none that e-mail knows")?,
            MailTroubleKind::Authority => f.write_str("the certificate authority is no certificate, PEM")?,
            MailTroubleKind::Refused(code) => write!(f, "the mail server answered {code}")?,
            MailTroubleKind::Silent => f.write_str("the mail server did not answer in time")?,
            MailTroubleKind::Line => f.write_str("there is no connection to the mail server that holds")?,
        }
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, " ({detail})"))
    }
}

impl std::error::Error for MailTrouble {}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn letter() -> Letter {
        Letter {
            id: "0f1e".to_owned(),
            from: "tessera@council.example".to_owned(),
            to: "team@council.example".to_owned(),
            subject: "Duties".to_owned(),
            text: "One.\n".to_owned(),
            calendar: String::new(),
            written: "2026-12-04T02:00:00Z".parse().unwrap(),
        }
    }

    /// What becomes of a letter at a server that does with the connection what is given.
    fn sent(serve: impl FnOnce(TcpStream) + Send + 'static) -> MailTrouble {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || serve(listener.accept().unwrap().0));
        let server = MailServer {
            host: "127.0.0.1".to_owned(),
            port,
            safety: Safety::None,
            credentials: None,
            certificate_authority: None,
            silent_max: Duration::from_millis(300),
        };
        let trouble = Post::new(&server).unwrap().send(&letter()).unwrap_err();
        serving.join().unwrap();
        trouble
    }

    #[test]
    fn a_server_that_is_silent_is_not_waited_for() {
        let trouble = sent(|stream| {
            let mut line = String::new();
            // Until the other side gives up.
            drop(BufReader::new(stream).read_line(&mut line));
        });
        assert_eq!(trouble.kind, MailTroubleKind::Silent);
    }

    #[test]
    fn nothing_is_repeated_of_what_a_server_says_but_its_number() {
        let refused = sent(|mut stream| stream.write_all(b"554 team@council.example is nobody\r\n").unwrap());
        assert_eq!(refused.kind, MailTroubleKind::Refused(554));
        let garbage = sent(|mut stream| stream.write_all(b"team@council.example\r\n").unwrap());
        assert_eq!(garbage.kind, MailTroubleKind::Line);
        let gone = sent(drop);
        assert_eq!(gone.kind, MailTroubleKind::Line);
        for trouble in [refused, garbage, gone] {
            assert!(!format!("{trouble} {trouble:?}").contains("team@"), "{trouble:?}");
        }
    }
}
