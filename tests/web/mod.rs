//! The pages attacked, over HTTP, as somebody would who knows how they are made (OWASP ASVS 5, WSTG).

pub(crate) mod failing;
mod fails;
mod forced;
mod guessed;
mod hostile;
mod limits;
mod looks;
mod paged;
mod refused;
mod served;
mod sessions;
mod shown;
mod uploads;

use std::cell::RefCell;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder};
use rusqlite::Connection;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::runner::Tessera;

/// A password that tessera takes.
const PASSWORD: &str = "four plain words here";

/// A request of the samples with everything, and its sitting.
const REQUEST: &str = "/requests/lincolnshire-700001";
const SITTING: &str = "lincolnshire/support-panel/2026-12-02";

fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).block_on(future)
}

/// The samples after a rehearsal.
fn rehearsed() -> Tessera {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    tessera
}

/// Pages that are served.
struct Pages {
    tessera: Tessera,
    child: Child,
    url: String,
    first_link: Option<String>,
}

/// What was answered.
struct Answer {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

/// Somebody at an address of their own.
struct Somebody {
    client: Client,
    url: String,
    cookie: RefCell<Option<String>>,
    csrf: RefCell<String>,
}

impl Pages {
    /// Serves the samples, read as of their morning, with lines of `[web]`.
    fn serve(web: &str) -> Self {
        Self::of(rehearsed(), web, &[])
    }

    fn of(tessera: Tessera, web: &str, arguments: &[&str]) -> Self {
        Self::started(tessera, web, arguments, |_, command| command)
    }

    /// As [`Pages::of`], by another command that runs it.
    fn started(
        tessera: Tessera,
        web: &str,
        arguments: &[&str],
        change: impl FnOnce(&Tessera, Command) -> Command,
    ) -> Self {
        let mut text = fs::read_to_string(tessera.path("tessera.toml")).unwrap();
        if !web.is_empty() {
            text = format!("{}\n[web]\n{web}\n", text.split("\n[web]\n").next().unwrap());
        }
        tessera.write("tessera.toml", text);
        fs::create_dir_all(tessera.path("tmp")).unwrap();
        let log = fs::File::create(tessera.path("log")).unwrap();
        let all = [arguments, &["--rehearsal", "--json", "serve", "--listen", "127.0.0.1:0"]].concat();
        let mut command = change(&tessera, tessera.command(&all));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log));
        command.env("TMPDIR", tessera.path("tmp")).env("TESSERA_LOG", "trace");
        let mut child = command.spawn().unwrap();
        let said = serde_json::Deserializer::from_reader(child.stdout.take().unwrap()).into_iter::<Value>().next();
        let Some(Ok(said)) = said else { panic!("{}", fs::read_to_string(tessera.path("log")).unwrap()) };
        let own = |key: &str| said[key].as_str().map(ToOwned::to_owned);
        Self { tessera, child, url: own("url").unwrap(), first_link: own("first_link") }
    }

    /// Somebody at the address `127.0.0.host`, who is not signed in.
    fn from(&self, host: u8) -> Somebody {
        let address = std::net::IpAddr::from([127, 0, 0, host]);
        let client = Client::builder().local_address(address).redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().pool_max_idle_per_host(0).timeout(Duration::from_secs(60)).build().unwrap();
        Somebody { client, url: self.url.clone(), cookie: RefCell::default(), csrf: RefCell::default() }
    }

    /// Whoever made the first account, which may do everything.
    fn owner(&self) -> Somebody {
        let owner = self.from(2);
        let link = self.first_link.as_ref().unwrap().strip_prefix(&self.url).unwrap().to_owned();
        let answer = owner.post(&link, &[("name", "ada"), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.text());
        owner.sees_forms();
        owner
    }

    /// A link for an account.
    fn invite(owner: &Somebody, name: &str, roles: &[&str]) -> String {
        let mut fields = vec![("name", name)];
        fields.extend(roles.iter().map(|role| ("role", *role)));
        let text = owner.post("/accounts", &fields).text();
        let secret = text.split("/invitation/").nth(1).unwrap_or_else(|| panic!("{text}"));
        format!("/invitation/{}", secret.split('<').next().unwrap())
    }

    /// Somebody with an account of these roles, signed in from an address of their own.
    fn with(&self, owner: &Somebody, host: u8, name: &str, roles: &[&str]) -> Somebody {
        let link = Self::invite(owner, name, roles);
        let own = self.from(host);
        let answer = own.post(&link, &[("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.text());
        own.sees_forms();
        own
    }

    /// The ledger, to look at and to break.
    fn ledger(&self) -> Connection {
        let key = fs::read_to_string(self.tessera.path("state/rehearsal/ledger.key")).unwrap();
        let connection = Connection::open(self.tessera.path("state/rehearsal/ledger.db")).unwrap();
        connection.pragma_update(None, "key", format!("x'{}'", key.trim())).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    /// The trail after an entry: actor, action, subject.
    fn trail(&self, after: i64) -> Vec<(String, String, String)> {
        let ledger = self.ledger();
        let mut asked =
            ledger.prepare("SELECT actor, action, subject FROM audit WHERE sequence > ?1 ORDER BY sequence").unwrap();
        let rows = asked.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The number of the latest entry.
    fn latest(&self) -> i64 {
        self.ledger().query_row("SELECT max(sequence) FROM audit", [], |row| row.get(0)).unwrap()
    }

    /// What was logged, at its most talkative.
    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.tessera.path("log")).unwrap()).into_owned()
    }

    /// What lies in the folder for temporary files.
    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.tessera.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Tells the program to end, and waits until it has.
    fn end(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(15), "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn location(&self) -> &str {
        self.header(LOCATION)
    }

    /// The heading, which says what kind of answer it is.
    fn heading(&self) -> String {
        let text = self.text();
        let heading = text.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
        heading.unwrap_or_default().to_owned()
    }
}

impl Somebody {
    /// A request with the cookie, as a browser would send it.
    fn ask(&self, method: Method, address: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{address}", self.url));
        match &*self.cookie.borrow() {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Sends it, and keeps the cookie.
    fn send(&self, request: RequestBuilder) -> Answer {
        let answer = run(async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let bytes = answer.bytes().await?.to_vec();
            Ok::<_, reqwest::Error>(Answer { status, headers, bytes })
        });
        let answer = answer.unwrap_or_else(|error| panic!("{error:?}"));
        let given = answer.header(SET_COOKIE).split(';').next().unwrap().to_owned();
        if !given.is_empty() {
            *self.cookie.borrow_mut() = Some(given).filter(|cookie| !cookie.ends_with('='));
        }
        answer
    }

    fn get(&self, address: &str) -> Answer {
        self.send(self.ask(Method::GET, address))
    }

    /// Sends a form of our own pages.
    fn post(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.borrow().clone();
        let fields: Vec<(&str, &str)> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.send(self.ask(Method::POST, address).header(ORIGIN, &self.url).form(&fields))
    }

    /// Sends files under names that no client library would.
    fn upload(&self, address: &str, files: &[(&[u8], &[u8])]) -> Answer {
        let body = multipart(Some(&self.csrf.borrow()), files);
        self.send(self.multipart(address).body(body))
    }

    fn multipart(&self, address: &str) -> RequestBuilder {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.ask(Method::POST, address).header(ORIGIN, &self.url).header(CONTENT_TYPE, kind)
    }

    fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("name", name), ("password", password)])
    }

    /// Opens a page with a form, and learns what forms of this session carry.
    fn sees_forms(&self) {
        let text = self.get("/help").text();
        let found = text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        *self.csrf.borrow_mut() = found.unwrap_or_else(|| panic!("{text}")).to_owned();
    }

    /// The same person with the same session at another address.
    fn at(&self, pages: &Pages, host: u8) -> Self {
        Self { cookie: self.cookie.clone(), csrf: self.csrf.clone(), ..pages.from(host) }
    }

    /// Whether they are signed in.
    fn is_in(&self) -> bool {
        self.get("/help").status == 200
    }
}

const BOUNDARY: &str = "a-line-that-is-in-no-file";

fn multipart(csrf: Option<&str>, files: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some(csrf) = csrf {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n");
        body.extend(part.bytes());
    }
    for (name, content) in files {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"papers\"; filename=\"").bytes());
        body.extend(*name);
        body.extend(b"\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

/// A value for an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
