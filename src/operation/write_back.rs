//! `writeback`: what is written on the record, the sending, the receipts.

#[cfg(test)]
mod simulation;

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::installation::{Installation, Writing as _};
use super::outcomes::release;
use super::seen::seen_on;
use super::{Failure, FailureKind, OpenLedger, Page, Paging, Thing};
use crate::config::{ClientCertificate, Credentials, ImportFiles, MosaicSettings, Transport};
use crate::domain::{AuthorityName, PanelName, Receipt, State, WriteBack, WriteBackId};
use crate::ledger::{Ledger, LedgerQueue};
use crate::log::{self, Instrument as _};
use crate::mosaic::{Dialect, ImportFileCarrier, ImportFolders, RestCarrier, RestCredentials, RestSettings};
use crate::report;
use crate::writeback::{self, Carrier, Cause, Courier, Delivery, Event, QueueTrouble, Settings};

/// A write-back in a list, in the JSON shape of DESIGN section 11.
#[derive(Debug, Clone, Serialize)]
pub struct WriteBackListed {
    /// Its id: the idempotency key.
    pub id: String,
    /// The request.
    pub submission: String,
    /// The panel that has decided.
    #[serde(skip)]
    pub panel: PanelName,
    /// The child.
    pub person: String,
    /// What kind it is.
    pub kind: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// The reference in its text.
    pub reference: String,
    /// The proof, once Mosaic holds it.
    pub receipt: Option<Receipt>,
    /// Why it waits for a person or nobody knows.
    pub reason: Option<String>,
}

/// A write-back with its text.
#[derive(Debug, Serialize)]
pub struct WriteBackShown {
    /// As in a list.
    #[serde(flatten)]
    pub listed: WriteBackListed,
    /// The title of the note.
    pub title: String,
    /// The text as it is written.
    pub body: String,
}

/// What became of the write-backs of one run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sending {
    /// All of them.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Authorities whose Mosaic is not to be written to, with write-backs that wait for it.
    pub without_transport: Vec<String>,
    /// Those that were handed over to Mosaic's import and wait for its result.
    pub handed_over: u64,
    /// What is not as it should be with Mosaic's import: the file, the place, and what.
    pub troubles: Vec<String>,
    /// Whether a person must look at one of them.
    #[serde(skip)]
    troubled: bool,
}

impl OpenLedger {
    /// The write-backs. That somebody looked stands in the audit trail.
    pub fn writeback_list(&mut self, state: Option<&str>) -> Result<Vec<WriteBackListed>, Failure> {
        let listed: Vec<WriteBackListed> = self.ledger.write_backs(state)?.iter().map(WriteBackListed::of).collect();
        self.viewed("list of write-backs", &seen_on(&listed))?;
        Ok(listed)
    }

    /// A page of the write-backs, newest first: all, those in one state, or those that wait for a person. That somebody
    /// looked stands in the audit trail.
    pub fn writebacks_page(
        &mut self,
        state: Option<&str>,
        needs_person: bool,
        paging: &Paging,
    ) -> Result<Page<WriteBackListed>, Failure> {
        if let Some(state) = state.filter(|state| !State::NAMES.contains(state)) {
            let help = format!("the states are: {}", State::NAMES.join(", "));
            let failure = Failure::invalid(format_args!("no write-back is ever `{state}`"), help);
            return Err(failure.on_page("No note to Mosaic is ever in this state.", "Choose a state from the list."));
        }
        let page = |paging: &Paging| {
            let rows = self.ledger.write_backs_page(state, needs_person, paging.number()?, paging.rows_and_one())?;
            Ok(Page::of(paging, rows, |(sequence, _)| sequence.to_string(), |(_, one)| WriteBackListed::of(one)))
        };
        let page = Page::of_wanted(paging, page, |one| self.serves(&one.panel))?;
        self.viewed("list of write-backs", &seen_on(&page.rows))?;
        Ok(page)
    }

    /// One write-back with its exact text.
    pub fn writeback_show(&mut self, id: &str) -> Result<WriteBackShown, Failure> {
        let found = find(&self.ledger, id)?;
        if !self.serves(&found.panel) {
            return Err(Failure::not_found(Thing::WriteBack, id));
        }
        let shown = WriteBackShown::of(&found);
        self.viewed(&format!("write-back {id}"), &seen_on([&shown.listed]))?;
        Ok(shown)
    }
}

impl Installation {
    /// Sends what was approved.
    pub fn writeback_send(&mut self) -> Result<Sending, Failure> {
        self.writes_to_mosaic()?;
        let _lease = self.ledger.lease(crate::ledger::Work::Send)?;
        let actor = self.actor.clone();
        release(self, &actor)?;
        runtime()?.block_on(send(self, &as_configured, Task::Send))
    }

    /// Reads Mosaic for what nobody knows the fate of.
    pub fn writeback_reconcile(&mut self) -> Result<Sending, Failure> {
        self.writes_to_mosaic()?;
        let _lease = self.ledger.lease(crate::ledger::Work::Send)?;
        runtime()?.block_on(send(self, &as_configured, Task::Reconcile))
    }

    /// What was decided in a rehearsal reaches no authority's Mosaic.
    fn writes_to_mosaic(&self) -> Result<(), Failure> {
        if !self.configuration.is_rehearsed {
            return Ok(());
        }
        let message = "this is the rehearsal's ledger, and what it writes goes to the stand-in only; nothing was sent";
        let on_page = "This is a rehearsal: nothing of it goes to Mosaic. Nothing was sent.";
        let help = "run `tessera sync --rehearse`: it sends to the stand-in";
        Err(Failure::invalid(message, help).on_page(on_page, "The next rehearsal sends it to the stand-in."))
    }
}

impl OpenLedger {
    /// A person lets a write-back go on that was refused or held. One of which nobody knows the fate is read back and not
    /// sent again.
    pub fn writeback_retry(&mut self, id: &str) -> Result<WriteBackShown, Failure> {
        change(self, id, |state| match state {
            State::Held { .. } | State::Refused { .. } => Ok(Event::Release),
            State::Uncertain { .. } | State::Sending { .. } => Err((
                "nobody knows whether Mosaic has it: `tessera writeback reconcile` finds out",
                "It is not known yet whether Mosaic has this note: it is being sent, or will be looked for there.",
            )),
            State::Sent { .. } => Err(("Mosaic has it already", "This note is in Mosaic already.")),
            State::Approved => {
                Err(("it is waiting to be sent: `tessera writeback send`", "This note is waiting to be sent."))
            }
            State::Planned => Err((
                "its outcome is not approved: `tessera outcomes approve`",
                "The outcome of this note is not approved.",
            )),
        })
    }

    /// A person holds a write-back back that has not been sent.
    pub fn writeback_hold(&mut self, id: &str) -> Result<WriteBackShown, Failure> {
        let reason = format!("held back by {}", self.actor.as_str());
        change(self, id, |state| match state {
            State::Approved => Ok(Event::Hold { reason }),
            State::Sent { .. } => Err((
                "Mosaic has it already: correct the outcome instead",
                "This note is in Mosaic already: correct the outcome instead.",
            )),
            State::Uncertain { .. } | State::Sending { .. } => Err((
                "it may be on the record already: `tessera writeback reconcile` finds out",
                "This note is being sent, or may be in Mosaic already: it is too late to hold it.",
            )),
            State::Planned | State::Refused { .. } | State::Held { .. } => {
                Err(("it does not leave as it is", "This note is not going to be sent as it is."))
            }
        })
    }
}

fn change(
    opened: &mut OpenLedger,
    id: &str,
    event: impl FnOnce(&State) -> Result<Event, (&'static str, &'static str)>,
) -> Result<WriteBackShown, Failure> {
    let (before, now, cause) = opened.atomically(|OpenLedger { ledger, actor, .. }| {
        let found = find(ledger, id)?;
        let event = event(&found.state).map_err(|(why, on_page)| {
            let help = format!("`tessera writeback show {id}` shows it");
            let failure = Failure::conflict(format_args!("{id} is {}: {why}", found.state.as_str()), help);
            failure.on_page(format!("{on_page} Nothing was changed."), "Open it again to see how it stands now.")
        })?;
        let cause = if matches!(event, Event::Release) { Cause::LetGoOn } else { Cause::HeldByPerson };
        let next = found.state.next(event).map_err(|error| Failure::conflict(error, "look at it first"))?;
        let now = ledger.change_write_back(&found, next, actor)?;
        Ok((found.state, now, cause))
    })?;
    writeback::changed(&before, &now, Some(cause));
    Ok(WriteBackShown::of(&now))
}

/// A write-back by its id or its reference.
fn find(ledger: &Ledger, id: &str) -> Result<WriteBack, Failure> {
    let found = found_in(ledger, id)?.pop();
    found.ok_or_else(|| Failure::not_found(Thing::WriteBack, id))
}

/// The write-backs of an id, which is one, or of a reference.
pub(super) fn found_in(ledger: &Ledger, id: &str) -> Result<Vec<WriteBack>, Failure> {
    if let Ok(id) = id.parse() {
        return Ok(ledger.write_back(WriteBackId(id))?.into_iter().collect());
    }
    let Some(beginning) = writeback::beginning_of_id(id) else { return Ok(Vec::new()) };
    let mut found = ledger.write_backs_beginning(&beginning)?;
    found.retain(|one| one.reference.0.eq_ignore_ascii_case(id));
    Ok(found)
}

/// What is to be done at Mosaic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Reconcile, and send.
    Send,
    /// Reconcile only.
    Reconcile,
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::failed(error, "look at the limits of this machine"))
}

/// Which Mosaic is really written to: a rehearsal's is the stand-in.
pub(super) type Meant = dyn Fn(&AuthorityName, &MosaicSettings) -> Result<MosaicSettings, Failure> + Sync;

/// The one of the configuration.
pub(super) fn as_configured(_: &AuthorityName, mosaic: &MosaicSettings) -> Result<MosaicSettings, Failure> {
    Ok(mosaic.clone())
}

/// Sends the write-backs of every authority, to the Mosaic that is meant.
pub(super) async fn send(installation: &mut Installation, meant: &Meant, work: Task) -> Result<Sending, Failure> {
    let mut sending = Sending::default();
    for authority in installation.configuration.authorities.clone() {
        let name = &authority.name;
        if matches!(authority.mosaic, MosaicSettings::None) {
            if installation.ledger.write_backs_in(name, "approved")? > 0 {
                log::debug!(
                    "Approved write-backs wait: the configuration says that nothing is sent.",
                    authority = name
                );
                sending.without_transport.push(name.to_string());
            }
            continue;
        }
        let waiting = ["approved", "sending", "uncertain"];
        let counted = waiting.map(|state| installation.ledger.write_backs_in(name, state));
        if counted.into_iter().collect::<Result<Vec<_>, _>>()?.iter().all(|count| *count == 0) {
            continue;
        }
        match meant(name, &authority.mosaic)? {
            MosaicSettings::None => {}
            MosaicSettings::Rest(transport) => {
                let carrier = carrier(installation, &transport)?;
                let delivery = deliver(installation, name, &carrier, transport.settling, work).await?;
                log::info!("Mosaic was spoken to.", authority = name, requests = carrier.requests());
                sending.add(&delivery);
            }
            MosaicSettings::ImportFile(files) => {
                let carrier = import_carrier(installation, name, &files)?;
                // Nobody else writes to the folders, so that nothing need settle.
                let delivery = deliver(installation, name, &carrier, Duration::ZERO, work).await?;
                sending.add(&delivery);
                sending.add_import(installation, &carrier);
            }
        }
    }
    Ok(sending)
}

async fn deliver<C: Carrier>(
    installation: &mut Installation,
    authority: &AuthorityName,
    carrier: &C,
    settling: Duration,
    work: Task,
) -> Result<Delivery, Failure> {
    let settings = Settings { settling, ..Settings::default() };
    let (clock, actor) = (installation.clock, installation.actor.clone());
    let queue = LedgerQueue::new(&mut installation.ledger, authority.clone(), actor);
    let courier = Courier::new(&queue, carrier, clock, settings);
    let span = log::span!("sending", authority = authority);
    let delivery = match work {
        Task::Send => courier.run().instrument(span).await,
        Task::Reconcile => courier.reconcile().instrument(span).await,
    };
    let delivery = delivery.map_err(|error| {
        let help = "nothing that was begun is lost: run it again";
        match error {
            QueueTrouble::Busy(_) => Failure::new(FailureKind::Busy, error, help),
            error => Failure::failed(error, help),
        }
    })?;
    log::info!(
        "What could be written back to this authority’s Mosaic was written back.",
        authority = authority,
        sent = delivery.sent,
        refused = delivery.refused,
        uncertain = delivery.uncertain,
        held = delivery.held,
        deferred = delivery.deferred
    );
    Ok(delivery)
}

fn import_carrier(
    installation: &Installation,
    authority: &AuthorityName,
    files: &ImportFiles,
) -> Result<ImportFileCarrier, Failure> {
    let people = installation.ledger.persons(authority)?;
    let folders = ImportFolders { outbox: files.outbox.clone(), results: files.results.clone() };
    ImportFileCarrier::new(&folders, people, installation.clock).map_err(|error| {
        Failure::configuration(error, "make the folder, for its owner only, or correct [authority.mosaic]")
    })
}

fn carrier(installation: &Installation, transport: &Transport) -> Result<RestCarrier, Failure> {
    let path = format!("dialects/{}.toml", transport.dialect);
    let Some(text) = installation.rules.library.text(&path) else {
        let what = anyhow::anyhow!("there is no dialect `{}`", transport.dialect);
        return Err(Failure::configuration(what, format!("add mappings/{path}")));
    };
    let (dialect, diagnostics) = Dialect::read(&path, text);
    let mistakes = diagnostics
        .into_iter()
        .map(|diagnostic| super::Mistake { diagnostic, source: Some(text.clone()) })
        .collect::<Vec<_>>();
    let Some(dialect) = dialect.filter(|_| mistakes.is_empty()) else {
        let what = anyhow::anyhow!("the dialect `{}` has mistakes", transport.dialect);
        return Err(Failure::configuration(what, "mend them").with_mistakes(mistakes));
    };
    let settings = RestSettings {
        rate_per_second: transport.rate_per_second,
        certificate_authority: transport.certificate_authority.as_deref().map(certificate).transpose()?,
        client_certificate: transport.client_certificate.as_ref().map(client_certificate).transpose()?,
        proxy: transport.proxy.clone(),
        connect_time: transport.connect_time,
        answer_time: transport.answer_time,
        ..RestSettings::new(&transport.url, credentials(&transport.credentials)?)
    };
    RestCarrier::new(dialect, settings, installation.clock)
        .map_err(|error| Failure::configuration(error, "correct [authority.mosaic] in the configuration"))
}

fn credentials(given: &Credentials) -> Result<RestCredentials, Failure> {
    Ok(match given {
        Credentials::Client { id, secret } => RestCredentials::Client { id: id.clone(), secret: secret.text()? },
        Credentials::ApiKey { header, key } => RestCredentials::ApiKey { header: header.clone(), key: key.text()? },
        Credentials::Basic { user, password } => {
            RestCredentials::Basic { user: user.clone(), password: password.text()? }
        }
        Credentials::Certificate => RestCredentials::Certificate,
    })
}

/// A certificate, PEM.
fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("read the certificate {}", path.display()));
        Failure::configuration(error, "name a certificate, PEM, in [authority.mosaic]")
    })
}

/// A certificate and its key, PEM.
fn client_certificate(given: &ClientCertificate) -> Result<SecretString, Failure> {
    let certificate = certificate(&given.certificate)?;
    let key = given.key.pem()?;
    Ok(SecretString::from(format!("{}\n{}\n", String::from_utf8_lossy(&certificate), key.expose_secret())))
}

impl Sending {
    fn add(&mut self, delivery: &Delivery) {
        let Delivery { sent, refused, uncertain, held, deferred } = delivery;
        let sum = &mut self.delivery;
        sum.sent += sent;
        sum.refused += refused;
        sum.uncertain += uncertain;
        sum.held += held;
        sum.deferred += deferred;
    }

    /// What waits for the import's result was not put off.
    fn add_import(&mut self, installation: &Installation, carrier: &ImportFileCarrier) {
        self.handed_over += carrier.waiting();
        self.delivery.deferred = self.delivery.deferred.saturating_sub(carrier.waiting());
        for trouble in carrier.troubles() {
            let file = installation.shown(&trouble.file);
            let at = trouble.at.as_ref().map_or_else(String::new, |at| format!(", {at}"));
            log::warn!(
                "Something is not as it should be with Mosaic’s import: `tessera writeback send` says what.",
                needs_person = trouble.needs_person
            );
            self.troubles.push(format!("{file}{at}: {}", trouble.message));
            self.troubled |= trouble.needs_person;
        }
    }

    /// Whether a person must look.
    pub fn needs_person(&self) -> bool {
        self.troubled || self.delivery.refused + self.delivery.uncertain + self.delivery.held > 0
    }

    /// What became of them, in words.
    pub fn text(&self) -> String {
        let Delivery { sent, refused, uncertain, held, deferred } = &self.delivery;
        let mut text = format!(
            "Written to Mosaic: {sent} sent, {refused} refused, {uncertain} not known yet, {held} held for a person, {deferred} put off.\n"
        );
        if self.handed_over > 0 {
            text.push_str(&format!("{}.\n", handed_over(self.handed_over)));
        }
        for trouble in &self.troubles {
            text.push_str(&format!("{trouble}\n"));
        }
        for authority in &self.without_transport {
            text.push_str(&format!(
                "{authority}: approved write-backs wait, and the configuration says transport = \"none\".\n"
            ));
        }
        if self.needs_person() {
            text.push_str("`tessera writeback list` says which and why.\n");
        }
        text
    }
}

/// What waits for the import, in words.
pub(super) fn handed_over(count: u64) -> String {
    format!("{count} handed over, waiting for Mosaic's result")
}

impl WriteBackListed {
    pub(super) fn of(write_back: &WriteBack) -> Self {
        let (receipt, reason) = match &write_back.state {
            State::Sent { receipt } => (Some(receipt.clone()), None),
            State::Refused { reason } | State::Uncertain { reason, .. } | State::Held { reason } => {
                (None, Some(reason.clone()))
            }
            State::Planned | State::Approved | State::Sending { .. } => (None, None),
        };
        Self {
            id: write_back.id.to_string(),
            submission: write_back.submission.to_string(),
            panel: write_back.panel.clone(),
            person: write_back.person.to_string(),
            kind: write_back.kind.as_str(),
            state: write_back.state.as_str(),
            attempts: write_back.attempts,
            reference: write_back.reference.to_string(),
            receipt,
            reason,
        }
    }
}

impl WriteBackShown {
    fn of(write_back: &WriteBack) -> Self {
        Self {
            listed: WriteBackListed::of(write_back),
            title: write_back.payload.heading(),
            body: write_back.payload.text().into_exposed(),
        }
    }

    /// The write-back as a person reads it.
    pub fn text(&self) -> String {
        let WriteBackListed { submission, person, state, reference, .. } = &self.listed;
        let reason = self.listed.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        format!("{reference}, {state}{reason}\n{submission}, person {person}\n{}\n\n{}\n", self.title, self.body)
    }
}

/// Write-backs as a table.
pub fn writeback_table(listed: &[WriteBackListed]) -> String {
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|one| {
            let receipt = one.receipt.as_ref().map(|receipt| receipt.mosaic_id.clone());
            let last = receipt.or_else(|| one.reason.clone()).unwrap_or_default();
            let first = [&one.reference, &one.submission, &one.person].map(Clone::clone);
            first
                .into_iter()
                .chain([one.kind.to_owned(), one.state.to_owned(), one.attempts.to_string(), last])
                .collect()
        })
        .collect();
    report::table(&["reference", "request", "person", "kind", "state", "attempts", "receipt or reason"], &rows)
}
