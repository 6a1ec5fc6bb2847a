//! The mail server, started and stopped.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::runner::repository;

pub(super) const USER: &str = "tessera";
pub(super) const PASSWORD: &str = "a-password-that-nobody-says";

/// A mail server that keeps what it takes.
pub(super) struct MailServer {
    folder: TempDir,
    process: Child,
    pub(super) port: u16,
}

impl MailServer {
    /// One that speaks in the clear and asks for nothing.
    pub(super) fn plain() -> Self {
        Self::start(&["--tls", "none"], tempfile::tempdir().unwrap())
    }

    /// One that asks for TLS, a name and a password; its certificate for `localhost` is of an authority of its own.
    pub(super) fn safe(tls: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        write("ca.pem", authority.pem());
        let (certificate, key) = (write("server.pem", certificate.pem()), write("server.key", key.serialize_pem()));
        let login = ["--user", USER, "--password", PASSWORD];
        Self::start(&[["--tls", tls, "--certificate", &certificate, "--key", &key].as_slice(), &login].concat(), folder)
    }

    fn start(arguments: &[&str], folder: TempDir) -> Self {
        let python = repository().join("target/reminders-venv/bin/python");
        assert!(
            python.is_file(),
            "no {}: tests/run.sh makes it, or: python3 -m venv target/reminders-venv && \
             target/reminders-venv/bin/pip install -r tests/reminders/requirements.txt",
            python.display()
        );
        let mut process = Command::new(python)
            .arg(repository().join("tests/reminders/server.py"))
            .arg(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { folder, process, port: port.trim().parse().expect("the mail server says its port") }
    }

    /// The folder in which it keeps what it has taken.
    pub(super) fn taken(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Its own certificate authority.
    pub(super) fn authority(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// How it behaves from now on.
    pub(super) fn behave(&self, how: &str) {
        fs::write(self.folder.path().join("behaviour"), how).unwrap();
    }

    /// The recipients that it was given, e-mail by e-mail.
    pub(super) fn recipients(&self) -> Vec<String> {
        let mut recipients: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "to"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        recipients.sort();
        recipients
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
