//! The pages as the binary serves them, and a browser without a screen.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, ClientBuilder, StatusCode, redirect};
use serde_json::Value;

use crate::runner::Tessera;

/// A certificate authority of a test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name or an address, and its key, PEM.
    pub(crate) fn signed(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// As a browser trusts it.
    pub(crate) fn trusted(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_pem(self.pem().as_bytes()).unwrap()
    }
}

/// The pages of an installation, until the test ends.
pub(crate) struct Served {
    pub(crate) tessera: Tessera,
    pub(crate) url: String,
    pub(crate) first_link: Option<String>,
    listen: String,
    process: Child,
}

impl Served {
    /// Serves the pages of an installation, at a port that is free.
    pub(crate) fn start(tessera: Tessera) -> Self {
        Self::start_as(tessera, |_| {})
    }

    /// As [`Served::start`], with something else about the command.
    pub(crate) fn start_as(tessera: Tessera, change: impl FnOnce(&mut Command)) -> Self {
        let listen = free();
        let mut command = tessera.command(&["serve", "--listen", &listen, "--json"]);
        command.stderr(std::fs::File::create(tessera.path("log")).unwrap());
        change(&mut command);
        let mut process = command.spawn().unwrap();
        let (mut said, mut told) = (String::new(), BufReader::new(process.stdout.take().unwrap()));
        let shown: Value = loop {
            let read = told.read_line(&mut said).unwrap();
            assert_ne!(read, 0, "the pages are not served: {}", log(&tessera));
            if let Ok(shown) = serde_json::from_str(&said) {
                break shown;
            }
        };
        let text = |key: &str| shown[key].as_str().map(ToOwned::to_owned);
        Self { url: text("url").unwrap(), first_link: text("first_link"), tessera, listen, process }
    }

    /// Where the program itself listens, whatever stands before it.
    pub(crate) fn listens(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// What was logged and said up to now.
    pub(crate) fn log(&self) -> String {
        log(&self.tessera)
    }

    /// Who did what in the audit trail, one a line; what says what was read is left out.
    pub(crate) fn trail(&self) -> Vec<String> {
        let trail = self.tessera.json(&["audit", "export"]);
        let entries = trail.as_array().unwrap().iter();
        let line =
            |entry: &Value| format!("{} {}", entry["actor"].as_str().unwrap(), entry["action"].as_str().unwrap());
        entries.map(line).filter(|line| line.contains("sign")).collect()
    }
}

/// An address of this machine that is free.
fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn log(tessera: &Tessera) -> String {
    std::fs::read_to_string(tessera.path("log")).unwrap()
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A page as a browser has it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Shown {
    /// Where it leads to.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).unwrap_or_else(|| panic!("leads nowhere: {self:?}")).to_str().unwrap()
    }

    /// The heading of the page.
    pub(crate) fn heading(&self) -> &str {
        let after = self.text.split("<h1>").nth(1).unwrap_or_else(|| panic!("no heading: {self:?}"));
        after.split("</h1>").next().unwrap().trim()
    }

    /// The value of the first field of a name.
    pub(crate) fn field(&self, name: &str) -> &str {
        let after = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        after.unwrap_or_else(|| panic!("no field {name}: {self:?}")).split('"').next().unwrap()
    }
}

/// A browser that keeps the cookie of the pages and follows nothing by itself.
pub(crate) struct Browser {
    client: Client,
    /// The pages, without a slash at the end.
    pub(crate) url: String,
    cookie: Option<String>,
    /// Headers that something in between adds.
    pub(crate) added: HeaderMap,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        Self::with(url, |builder| builder)
    }

    /// A browser with something else about its connections.
    pub(crate) fn with(url: &str, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        Self { client: change(builder).build().unwrap(), url: url.to_owned(), cookie: None, added: HeaderMap::new() }
    }

    /// The cookie that it keeps, name and value.
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Opens a page of ours by its path, or any other by its address.
    pub(crate) async fn open(&mut self, page: &str) -> Shown {
        let address = if page.starts_with('/') { format!("{}{page}", self.url) } else { page.to_owned() };
        let request = self.client.get(&address);
        self.ask(request, address.starts_with(&self.url)).await
    }

    /// Sends a form of ours.
    pub(crate) async fn send(&mut self, page: &str, fields: &[(&str, &str)]) -> Shown {
        let request = self.client.post(format!("{}{page}", self.url)).header("origin", &self.url).form(fields);
        self.ask(request, true).await
    }

    async fn ask(&mut self, mut request: reqwest::RequestBuilder, is_ours: bool) -> Shown {
        if let Some(cookie) = self.cookie.as_ref().filter(|_| is_ours) {
            request = request.header(COOKIE, cookie);
        }
        let answer = request.headers(self.added.clone()).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        if let Some(set) = headers.get(SET_COOKIE).filter(|_| is_ours) {
            let set = set.to_str().unwrap();
            let kept = set.split(';').next().unwrap().to_owned();
            self.cookie = Some(kept).filter(|kept| !kept.ends_with('=') && !set.contains("Max-Age=0"));
        }
        Shown { status, headers, text: answer.text().await.unwrap() }
    }
}
