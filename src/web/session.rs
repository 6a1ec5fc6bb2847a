//! Who is signed in.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::{PageFailure, Site};
use crate::domain::{AccountName, SignInRole};
use crate::operation::{self, Actor, Failure};

/// Under which name a session keeps whose it is.
const KEY: &str = "visitor";

/// What a session keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    name: AccountName,
    /// What the council's own sign-in has said; `None` for an account of tessera's own, which is asked each time.
    roles: Option<BTreeSet<SignInRole>>,
    csrf: String,
    since: Timestamp,
    /// The password that held when it began, as its account tells one from another: a new one ends it.
    password: Option<String>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) name: AccountName,
    pub(super) roles: BTreeSet<SignInRole>,
    /// What every form of this session carries.
    pub(super) csrf: String,
    /// Whether the account is tessera's own.
    pub(super) is_local: bool,
    /// After how many seconds without a page the session ends.
    pub(super) time_out_seconds: u64,
    pub(super) is_rehearsal: bool,
    pub(super) help: Option<String>,
}

impl Visitor {
    /// Whether they have a role.
    pub(super) fn is(&self, role: SignInRole) -> bool {
        role == SignInRole::Reader || self.roles.contains(&role)
    }

    /// Who acts, for the audit trail.
    pub(super) fn acting(&self, role: SignInRole) -> Actor {
        Actor::new(role.as_str(), Some(self.name.as_str()))
    }

    /// Who reads, in the widest role that they have.
    pub(super) fn reading(&self) -> Actor {
        self.acting(self.widest_role())
    }

    /// The widest role that they have.
    pub(super) fn widest_role(&self) -> SignInRole {
        self.roles.iter().max().copied().unwrap_or(SignInRole::Reader)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(PageFailure::Forbidden)
    }
}

/// An account itself, for the audit trail: whoever signs in, goes, or looks after its own password.
pub(super) fn own(name: &AccountName) -> Actor {
    Actor::new("account", Some(name.as_str()))
}

/// Whoever holds the first link: there is no account yet.
pub(super) fn first() -> Actor {
    Actor::new("first-link", None)
}

/// Whoever holds a link that was made for an account.
pub(super) fn invited() -> Actor {
    Actor::new("link", None)
}

/// Begins a session, under an id that nobody has seen before.
pub(super) async fn begin(
    session: &Session,
    site: &Site,
    name: AccountName,
    roles: Option<BTreeSet<SignInRole>>,
) -> Result<(), PageFailure> {
    let asked = name.clone();
    let password = match &roles {
        Some(_) => None,
        None => site.ask_ledger(own(&name), move |ledger| ledger.account_now(&asked)).await?,
    };
    let password = password.map(|now| now.password);
    let (csrf, _) = operation::new_secret()?;
    let csrf = secrecy::ExposeSecret::expose_secret(&csrf).to_owned();
    let kept = Kept { name, roles, csrf, since: crate::calendar::Clock::System.now(), password };
    session.flush().await.map_err(broken)?;
    session.insert(KEY, kept).await.map_err(broken)?;
    session.cycle_id().await.map_err(broken)
}

/// Whose session it is, if anybody's.
pub(super) async fn visitor(session: &Session, site: &Site) -> Result<Option<Visitor>, PageFailure> {
    let Some(kept) = session.get::<Kept>(KEY).await.map_err(broken)? else { return Ok(None) };
    let is_over = is_over(kept.since, crate::calendar::Clock::System.now(), site.settings().session);
    let name = kept.name.clone();
    let roles = match &kept.roles {
        Some(roles) => Some(roles.clone()),
        None => {
            let now = site.ask_ledger(own(&name), move |ledger| ledger.account_now(&name)).await?;
            now.filter(|now| kept.password.as_ref() == Some(&now.password)).map(|now| now.roles)
        }
    };
    let Some(roles) = roles.filter(|_| !is_over) else {
        session.flush().await.map_err(broken)?;
        return Ok(None);
    };
    let settings = site.settings();
    Ok(Some(Visitor {
        name: kept.name,
        roles,
        csrf: kept.csrf,
        is_local: kept.roles.is_none(),
        time_out_seconds: settings.time_out.as_secs(),
        is_rehearsal: site.is_rehearsal(),
        help: settings.help.clone(),
    }))
}

/// Whether a session has lasted as long as one may, however much it was used. One from the future is no session.
fn is_over(since: Timestamp, now: Timestamp, longest: std::time::Duration) -> bool {
    now.duration_since(since).unsigned_abs() > longest
}

/// Ends a session.
pub(super) async fn end(session: &Session) -> Result<(), PageFailure> {
    session.flush().await.map_err(broken)
}

pub(super) fn broken(error: tower_sessions::session::Error) -> PageFailure {
    PageFailure::from(Failure::failed(error, "sign in again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_stays_for_ever() {
        let (since, longest) = (Timestamp::UNIX_EPOCH, std::time::Duration::from_secs(12 * 3600));
        let after = |hours: i64, seconds: i64| since + jiff::SignedDuration::new(hours * 3600 + seconds, 0);
        assert!(!is_over(since, after(12, 0), longest));
        assert!(is_over(since, after(12, 1), longest));
        assert!(is_over(since, after(-12, -1), longest));
    }
}
