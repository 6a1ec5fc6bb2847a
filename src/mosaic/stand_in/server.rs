//! The stand-in itself: started, told how to be, asked what was done, stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::count::StandInCounts;
use super::fault::{Fault, FaultAim};
use super::forms::{self, StandInForm};
use super::journal::StandInLogged;
use super::office::{Office, locked};
use super::persons::StandInPerson;
use super::record::Records;
use super::router::router;
use super::script::FaultScript;
use crate::calendar::Clock;

/// Why the stand-in does not stand.
#[derive(Debug, thiserror::Error)]
pub enum StandInTrouble {
    /// The address is not on this machine.
    #[error("listen on {0}: the stand-in listens on loopback only")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The file with its records cannot be read or written.
    #[error("use the stand-in's records {}: {source}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a stand-in is to be.
#[derive(Debug)]
pub struct StandIn {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// Where its records are kept.
    pub records: PathBuf,
    /// People whom it knows besides those in its records.
    pub persons: Vec<StandInPerson>,
    /// What time it is for it.
    pub clock: Clock,
}

/// A stand-in that stands.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    office: Arc<Office>,
    task: JoinHandle<()>,
}

impl StandIn {
    /// Starts it on the present runtime.
    pub async fn start(self) -> Result<Running, StandInTrouble> {
        if !self.listen.ip().is_loopback() {
            return Err(StandInTrouble::NotLoopback(self.listen));
        }
        let failed = |source| StandInTrouble::Records { path: self.records.clone(), source };
        let mut records = Records::load(&self.records).map_err(failed)?;
        records.persons.extend(self.persons.iter().map(|person| (person.person_id, person.clone())));
        records.save(&self.records).map_err(failed)?;
        let address = |source| StandInTrouble::Address { address: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(address)?;
        let bound = listener.local_addr().map_err(address)?;
        let office = Arc::new(Office::new(self.records.clone(), bound, self.clock, records));
        let router = router(office.clone());
        let task = tokio::spawn(async move {
            // It ends with the runtime, and nobody waits for its end.
            drop(axum::serve(listener, router).await);
        });
        Ok(Running { address: bound, office, task })
    }
}

impl Running {
    /// The address as tessera's configuration writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has it misbehave at the writes to come.
    pub fn misbehave(&self, fault: Fault) {
        self.misbehave_at(FaultAim::Writes, fault);
    }

    /// Has it misbehave at the requests to come that this is aimed at.
    pub fn misbehave_at(&self, aim: FaultAim, fault: Fault) {
        locked(&self.office.faults).tell(aim, fault);
    }

    /// Has a seed decide about every request to come, in the place of any earlier script.
    pub fn follow(&self, script: FaultScript) {
        locked(&self.office.faults).follow(script);
    }

    /// Has it behave from now on: no fault, no script.
    pub fn behave(&self) {
        locked(&self.office.faults).end();
    }

    /// Lets every token that it has given expire.
    pub fn expire_tokens(&self) {
        locked(&self.office.door).expire();
    }

    /// Has it give tokens that are good for so many seconds, by its clock.
    pub fn give_tokens_for(&self, seconds: u32) {
        locked(&self.office.door).give_for(seconds);
    }

    /// Has it give tokens to nobody else. Without this, anybody with a name and a secret gets one.
    pub fn let_in_only(&self, client_id: &str, secret: SecretString) {
        locked(&self.office.door).let_in_only(client_id.to_owned(), secret);
    }

    /// Has it honour the keys of writes, as it does from the start, or not.
    pub fn honour_keys(&self, honoured: bool) {
        self.office.honour_keys(honoured);
    }

    /// Puts a person there, new or in the place of what was known of them.
    pub fn put_person(&self, person: StandInPerson) -> Result<(), StandInTrouble> {
        self.put(|records| drop(records.persons.insert(person.person_id, person)))
    }

    /// Puts a form there, new or in the place of what was known of it.
    pub fn put_form(&self, form: StandInForm) -> Result<(), StandInTrouble> {
        self.put(|records| forms::put(records, form))
    }

    /// Makes those forms known that are not yet; what is known of the others stays.
    pub fn know_forms(&self, forms: Vec<StandInForm>) -> Result<(), StandInTrouble> {
        self.put(|records| {
            for form in forms {
                if !records.forms.iter().any(|known| known.is(form.workflow_step_id, form.form_id)) {
                    forms::put(records, form);
                }
            }
        })
    }

    fn put(&self, change: impl FnOnce(&mut Records)) -> Result<(), StandInTrouble> {
        let path = self.office.path.clone();
        self.office.keep(change).map_err(|source| StandInTrouble::Records { path, source })
    }

    /// How many notes are on a person's record.
    pub fn notes_on(&self, person: u64) -> usize {
        locked(&self.office.records).notes.iter().filter(|note| note.person_id == person).count()
    }

    /// What was written, by its own count.
    pub fn counts(&self) -> StandInCounts {
        self.office.counts()
    }

    /// What became of the requests that it remembers, the oldest first.
    pub fn log(&self) -> Vec<StandInLogged> {
        locked(&self.office.journal).read().0
    }

    /// Stops it at once: nothing is done any more, not even what was to be done late.
    pub fn stop(&self) {
        self.office.stop();
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::FaultKind;
    use super::super::forms::StandInFormStatus;
    use super::*;
    use reqwest::StatusCode;
    use serde_json::{Value, json};

    async fn started(folder: &tempfile::TempDir) -> Running {
        let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse().unwrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let persons = vec![StandInPerson::new(100_001)];
        StandIn { listen, records: folder.path().join("mosaic.json"), persons, clock }.start().await.unwrap()
    }

    async fn token(running: &Running) -> Option<String> {
        let request = reqwest::Client::new().post(format!("{}/oauth/token", running.url()));
        let request = request.basic_auth("tessera", Some("secret")).form(&[("grant_type", "client_credentials")]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().map(ToOwned::to_owned)
    }

    async fn add_note(running: &Running, client: &reqwest::Client, token: &str) -> Option<StatusCode> {
        let note = json!({ "type": "PANEL", "title": "A decision", "contactDate": "2026-11-25", "finish": true,
            "body": "Text\n\nRef: TES-7F3K-2Q9M-4T" });
        let request = client.post(format!("{}/api/persons/100001/case-notes", running.url()));
        let request = request.bearer_auth(token).header("Idempotency-Key", "k").json(&note);
        request.send().await.ok().map(|answer| answer.status())
    }

    #[tokio::test]
    async fn it_is_told_how_to_be_and_asked_what_was_done() {
        let folder = tempfile::tempdir().unwrap();
        let (running, client) = (started(&folder).await, reqwest::Client::new());
        let first = token(&running).await.unwrap();
        running.misbehave(Fault { kind: FaultKind::StatusAfter(500), times: 1 });
        let status = async |token: &str| add_note(&running, &client, token).await.unwrap().as_u16();
        assert_eq!(status(&first).await, 500);
        assert_eq!(status(&first).await, 409);
        running.honour_keys(false);
        assert_eq!(status(&first).await, 201);
        running.expire_tokens();
        assert_eq!(status(&first).await, 401);
        running.let_in_only("tessera", SecretString::from("another"));
        assert_eq!(token(&running).await, None);
        running.let_in_only("tessera", SecretString::from("secret"));
        running.give_tokens_for(0);
        let expired = token(&running).await.unwrap();
        assert_eq!(status(&expired).await, 401);
        running.give_tokens_for(60);
        let good = token(&running).await.unwrap();
        running.follow(FaultScript { aim: FaultAim::Writes, late_milliseconds: 0, ..FaultScript::new(1, 1.0) });
        running.behave();
        assert_eq!(status(&good).await, 201);
        running.put_person(StandInPerson { restricted: true, ..StandInPerson::new(100_001) }).unwrap();
        assert_eq!(status(&good).await, 403);

        assert_eq!(running.notes_on(100_001), 3);
        let counts = running.counts();
        assert_eq!(counts.references["TES-7F3K-2Q9M-4T"], 3);
        assert_eq!(counts.repeated(), ["TES-7F3K-2Q9M-4T"]);
        let log = running.log();
        let faults: Vec<_> = log.iter().filter_map(|entry| entry.fault).collect();
        assert_eq!(faults, [FaultKind::StatusAfter(500)]);
        assert!(log.iter().all(|entry| entry.host == Some(running.address.to_string())), "{log:?}");
    }

    #[tokio::test]
    async fn what_is_known_of_a_form_stays_known() {
        let folder = tempfile::tempdir().unwrap();
        let running = started(&folder).await;
        let form = StandInForm::new(300_001, 400_001, 100_001);
        running.put_form(StandInForm { status: StandInFormStatus::Completed, ..form.clone() }).unwrap();
        running.stop();
        let running = started(&folder).await;
        running.know_forms(vec![form, StandInForm::new(300_002, 400_002, 100_001)]).unwrap();
        let records = locked(&running.office.records);
        let states: Vec<_> = records.forms.iter().map(|form| form.form.status).collect();
        assert_eq!(states, [StandInFormStatus::Completed, StandInFormStatus::Started]);
    }

    #[tokio::test]
    async fn after_its_end_nothing_is_done_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let (running, client) = (started(&folder).await, reqwest::Client::new());
        let token = token(&running).await.unwrap();
        running.misbehave(Fault { kind: FaultKind::Late { milliseconds: 50, status: Some(500) }, times: 1 });
        assert_eq!(add_note(&running, &client, &token).await, Some(StatusCode::INTERNAL_SERVER_ERROR));
        running.stop();
        assert_eq!(add_note(&running, &client, &token).await, None);
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        assert_eq!((running.counts().totals.writes, running.counts().pending), (0, 0));
    }

    #[tokio::test]
    async fn it_stands_on_loopback_only() {
        let folder = tempfile::tempdir().unwrap();
        let listen = "0.0.0.0:0".parse().unwrap();
        let records = folder.path().join("mosaic.json");
        let stand_in = StandIn { listen, records, persons: Vec::new(), clock: Clock::System };
        assert!(matches!(stand_in.start().await, Err(StandInTrouble::NotLoopback(_))));
    }
}
