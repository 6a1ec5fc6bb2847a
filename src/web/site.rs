//! What every page has: the workplace, the clock, the settings, and a thread to ask on.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::PageFailure;
use super::issuer::Issuer;
use super::limits::Limits;
use super::uploads::Uploads;
use crate::calendar::Clock;
use crate::config::WebSettings;
use crate::log::Span;
use crate::operation::{self, Actor, Failure, Installation, OpenLedger, Pool, Wording, Workplace};

/// Questions that are worked on at once: each has a connection to the ledger of its own.
const QUESTIONS_MAX: usize = 16;

/// What every page has.
#[derive(Clone)]
pub(super) struct Site(Arc<Inner>);

struct Inner {
    pool: Pool,
    settings: WebSettings,
    url: String,
    issuer: Option<Issuer>,
    is_rehearsal: bool,
    /// By which names browsers may ask for the pages: anything else is another site that leads here.
    hosts: Vec<String>,
    is_secure: bool,
    first_link: Mutex<Option<String>>,
    limits: Limits,
    uploads: Uploads,
    questions: Semaphore,
}

/// What a site is made of.
pub(super) struct SiteMade {
    pub(super) workplace: Workplace,
    pub(super) clock: Clock,
    pub(super) settings: WebSettings,
    pub(super) url: String,
    pub(super) issuer: Option<Issuer>,
    pub(super) is_rehearsal: bool,
    pub(super) hosts: Vec<String>,
    pub(super) is_secure: bool,
}

impl Site {
    pub(super) fn new(made: SiteMade) -> Self {
        let SiteMade { workplace, clock, settings, url, issuer, is_rehearsal, hosts, is_secure } = made;
        Self(Arc::new(Inner {
            pool: Pool::new(workplace, clock, QUESTIONS_MAX),
            settings,
            url,
            issuer,
            is_rehearsal,
            hosts,
            is_secure,
            first_link: Mutex::new(None),
            limits: Limits::default(),
            uploads: Uploads::default(),
            questions: Semaphore::new(QUESTIONS_MAX),
        }))
    }

    /// Asks an installation, opened for whoever asks, on a thread that may wait for the ledger. A page asks one thing.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        actor: Actor,
        question: impl FnOnce(&mut Installation) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PageFailure> {
        self.asked(move |pool| pool.ask(actor, question)).await
    }

    /// Asks its ledger, which needs no mapping file.
    pub(super) async fn ask_ledger<T: Send + 'static>(
        &self,
        actor: Actor,
        question: impl FnOnce(&mut OpenLedger) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PageFailure> {
        self.asked(move |pool| pool.ask_ledger(actor, question)).await
    }

    /// Asks the configuration and the mapping files, on a thread that may read them. No ledger is opened.
    pub(super) async fn look_up<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Workplace, Clock) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PageFailure> {
        self.asked(move |pool| question(pool.workplace(), pool.clock())).await
    }

    /// Closes the ledgers that nobody asks.
    pub(super) fn close_idle(&self) {
        self.0.pool.close_idle();
    }

    async fn asked<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Pool) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PageFailure> {
        let Ok(_turn) = self.0.questions.acquire().await else { return Err(PageFailure::Stopping) };
        let inner = self.0.clone();
        let span = Span::current();
        let answering = move || span.in_scope(|| question(&inner.pool));
        let answered = tokio::task::spawn_blocking(answering).await;
        let folder = self.workplace().configuration().folder();
        answered.map_err(|_| PageFailure::Stopping)?.map_err(|failure| PageFailure::from(failure.below(folder)))
    }

    /// How the people who are served say things.
    pub(super) async fn wording(&self) -> Result<Wording, PageFailure> {
        self.look_up(|workplace, _| workplace.wording()).await
    }

    pub(super) fn settings(&self) -> &WebSettings {
        &self.0.settings
    }

    /// The address by which browsers know the pages, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// The council's own sign-in, where there is one.
    pub(super) fn issuer(&self) -> Option<&Issuer> {
        self.0.issuer.as_ref()
    }

    pub(super) fn clock(&self) -> Clock {
        self.0.pool.clock()
    }

    pub(super) fn workplace(&self) -> &Workplace {
        self.0.pool.workplace()
    }

    pub(super) fn is_rehearsal(&self) -> bool {
        self.0.is_rehearsal
    }

    /// Whether browsers speak TLS with the pages, or with a proxy in front of them.
    pub(super) fn is_secure(&self) -> bool {
        self.0.is_secure
    }

    pub(super) fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Whether the pages are asked for by one of their own names.
    pub(super) fn is_own_host(&self, host: &str) -> bool {
        self.0.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether there are accounts of tessera's own.
    pub(super) fn has_local_accounts(&self) -> bool {
        self.settings().local_accounts.unwrap_or(self.settings().oidc.is_none())
    }

    /// Makes the link by which the first account is made; an earlier one is good no more.
    pub(super) fn make_first_link(&self) -> Result<SecretString, Failure> {
        let (secret, hash) = operation::new_secret()?;
        *self.first_link() = Some(hash);
        Ok(secret)
    }

    /// Whether a secret is that of the first link.
    pub(super) fn is_first_link(&self, secret: &str) -> bool {
        self.first_link().as_ref().is_some_and(|hash| *hash == operation::hash_of(secret))
    }

    /// Uses the first link up; `false` where somebody else has.
    pub(super) fn use_first_link(&self, secret: &str) -> bool {
        let hash = operation::hash_of(secret);
        self.first_link().take_if(|known| *known == hash).is_some()
    }

    fn first_link(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.first_link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
