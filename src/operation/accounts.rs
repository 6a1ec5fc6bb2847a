//! The local accounts of the pages: who may sign in, and what they may do there.

use std::collections::BTreeSet;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::installation::Writing as _;
use super::{Failure, OpenLedger, Thing};
use crate::domain::{AccountName, Invitation, SignInAccount, SignInRole, hexadecimal};
use crate::ledger::Ledger;
use crate::log;

/// How long a link is good by which somebody chooses a password.
const INVITATION_TIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Characters of a password: NIST SP 800-63B-4 asks for 15 where there is no second factor, and lets nobody be asked for
/// signs and figures. The most that is hashed keeps a request from costing minutes.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 15..=256;

/// What is compared with where there is no such account, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Pdh+VsEDd8eAvpQzz4xmcXVM7kZBUXjuQI4qsSUmZns";

/// An account in a list.
#[derive(Debug, Clone, Serialize)]
pub struct AccountListed {
    /// Its name.
    pub name: AccountName,
    /// What it may do.
    pub roles: BTreeSet<SignInRole>,
    /// Whether it may sign in.
    pub is_open: bool,
    /// Whether its owner has chosen a password.
    pub has_password: bool,
    /// Until when the link is good by which its owner chooses one.
    pub invited_until: Option<Timestamp>,
}

/// What an open account may do, and which password it has.
#[derive(Debug, Clone)]
pub struct AccountNow {
    /// What it may do.
    pub roles: BTreeSet<SignInRole>,
    /// What is another for another password, and tells nothing of either.
    pub password: String,
}

/// A link that was made for somebody.
#[derive(Debug)]
pub struct InvitationMade {
    /// For whom.
    pub name: AccountName,
    /// What the link ends with. It is shown once and kept nowhere.
    pub secret: SecretString,
    /// Until when it is good.
    pub until: Timestamp,
}

impl OpenLedger {
    /// Every account.
    pub fn accounts_list(&self) -> Result<Vec<AccountListed>, Failure> {
        let listed = self.ledger.accounts()?.into_iter().map(|account| AccountListed {
            has_password: account.password.is_some(),
            invited_until: account
                .invitation
                .map(|invitation| invitation.until)
                .filter(|until| *until > self.clock.now()),
            name: account.name,
            roles: account.roles,
            is_open: account.is_open,
        });
        Ok(listed.collect())
    }

    /// Invites somebody: makes an account, or lets the owner of one choose a new password.
    pub fn account_invite(
        &mut self,
        name: &AccountName,
        roles: &BTreeSet<SignInRole>,
    ) -> Result<InvitationMade, Failure> {
        let (secret, hash) = new_secret()?;
        let until = self.clock.now() + INVITATION_TIME;
        let invited = |known: Option<SignInAccount>| SignInAccount {
            name: name.clone(),
            roles: roles.clone(),
            password: known.and_then(|known| known.password),
            invitation: Some(Invitation { hash, until }),
            is_open: true,
        };
        self.atomically(|all| {
            refuse_nobody_left(&all.ledger, name, roles.contains(&SignInRole::Systems))?;
            Ok(all.ledger.change_account(name, |known| Some(invited(known)), &all.actor)?)
        })?;
        log::info!("Somebody was invited to the pages.", roles = roles.len());
        Ok(InvitationMade { name: name.clone(), secret, until })
    }

    /// Changes what an account may do, and whether it may sign in. The last open account that looks after the accounts
    /// stays.
    pub fn account_change(
        &mut self,
        name: &AccountName,
        roles: &BTreeSet<SignInRole>,
        is_open: bool,
    ) -> Result<(), Failure> {
        let change =
            |known: Option<SignInAccount>| known.map(|known| SignInAccount { roles: roles.clone(), is_open, ..known });
        self.atomically(|all| {
            refuse_nobody_left(&all.ledger, name, is_open && roles.contains(&SignInRole::Systems))?;
            let changed = all.ledger.change_account(name, change, &all.actor)?;
            changed.map(drop).ok_or_else(|| Failure::not_found(Thing::Account, name))
        })?;
        log::info!("An account of the pages was changed.", is_open = is_open, roles = roles.len());
        Ok(())
    }
}

/// Refuses a change after which nobody could look after the accounts.
fn refuse_nobody_left(ledger: &Ledger, changed: &AccountName, keeps: bool) -> Result<(), Failure> {
    let may = |one: &SignInAccount| one.is_open && one.password.is_some() && one.roles.contains(&SignInRole::Systems);
    let accounts = ledger.accounts()?;
    let (own, others): (Vec<_>, Vec<_>) = accounts.iter().filter(|one| may(one)).partition(|one| one.name == *changed);
    if !keeps && !own.is_empty() && others.is_empty() {
        let help = "give the role to somebody else first";
        return Err(Failure::invalid("nobody would be left who looks after the accounts", help).on_page(
            "Nobody would be left who looks after the accounts. Nothing was changed.",
            "Give the role to somebody else first.",
        ));
    }
    Ok(())
}

impl OpenLedger {
    /// Makes an account that may do everything, for whoever holds the first link and asks.
    pub fn account_first(&mut self, name: &AccountName, password: &SecretString) -> Result<(), Failure> {
        let hash = hashed(name, password)?;
        let first = |_| {
            let roles = SignInRole::ALL.into_iter().collect();
            Some(SignInAccount { name: name.clone(), roles, password: Some(hash), invitation: None, is_open: true })
        };
        self.ledger.change_account(name, first, &self.actor)?;
        log::info!("The first account of the pages was made.");
        Ok(())
    }

    /// For whom a link was made that is still good.
    pub fn account_invited(&self, secret: &str) -> Result<Option<AccountName>, Failure> {
        let hash = hash_of(secret);
        let is_good = |account: &SignInAccount| {
            let invitation = account.invitation.as_ref();
            account.is_open && invitation.is_some_and(|one| one.hash == hash && one.until > self.clock.now())
        };
        Ok(self.ledger.accounts()?.into_iter().find(is_good).map(|account| account.name))
    }

    /// The owner of an account, who asks, chooses a password by a link, which is good no more afterwards.
    pub fn account_accept(&mut self, secret: &str, password: &SecretString) -> Result<AccountName, Failure> {
        let gone = || {
            let help = "ask whoever looks after the accounts for a new one";
            Failure::invalid("this link is not good any more", help).on_page(
                "This link is not good any more. Nothing was changed.",
                "Ask whoever looks after the accounts for a new one.",
            )
        };

        let name = self.account_invited(secret)?.ok_or_else(gone)?;
        let (hash, wanted) = (hashed(&name, password)?, hash_of(secret));
        let accepted = |known: Option<SignInAccount>| {
            // Two that follow the link at once: the second finds it used.
            let known = known.filter(|known| known.invitation.as_ref().is_some_and(|one| one.hash == wanted))?;
            Some(SignInAccount { password: Some(hash), invitation: None, ..known })
        };
        self.ledger.change_account(&name, accepted, &self.actor)?.ok_or_else(gone)?;
        log::info!("A password was chosen by a link.");
        Ok(name)
    }

    /// The owner of an account, who asks, chooses another password, knowing the one that holds.
    pub fn account_password(
        &mut self,
        name: &AccountName,
        held: &SecretString,
        password: &SecretString,
    ) -> Result<(), Failure> {
        let known = self.ledger.account(name)?;
        if !verified(known.as_ref().and_then(|account| account.password.as_deref()), held) {
            let help = "enter the password you signed in with";
            return Err(Failure::invalid("this is not your present password", help)
                .on_page("This is not your present password.", "Enter the password you signed in with."));
        }
        let hash = hashed(name, password)?;
        // Whoever has chosen another in the meantime has not been asked for that one.
        let changed = |now: Option<SignInAccount>| {
            let now = now.filter(|now| Some(&now.password) == known.as_ref().map(|known| &known.password))?;
            Some(SignInAccount { password: Some(hash), ..now })
        };
        self.ledger.change_account(name, changed, &self.actor)?.ok_or_else(|| {
            let help = "sign in again, and choose one then";
            Failure::conflict("the password was changed at the same time", help).on_page(
                "Your password was changed at the same time from somewhere else. It is not the one that you have just entered.",
                "If that was not you, tell whoever looks after the accounts at once.",
            )
        })?;
        log::info!("A password was changed.");
        Ok(())
    }

    /// Whether whoever asks is who they say, and what they may do. Either way it stands in the audit trail.
    pub fn sign_in(
        &mut self,
        name: &AccountName,
        password: &SecretString,
    ) -> Result<Option<BTreeSet<SignInRole>>, Failure> {
        let known = self.ledger.account(name)?;
        let is_right = verified(known.as_ref().and_then(|account| account.password.as_deref()), password);
        let roles = known.filter(|account| is_right && account.is_open).map(|account| account.roles);
        let action = if roles.is_some() { "signed-in" } else { "sign-in-refused" };
        self.ledger.note(&self.actor, action, "pages")?;
        if roles.is_none() {
            log::warn!(
                "A sign-in to the pages was refused: the account or its password is not known, or it is closed."
            );
        }
        Ok(roles)
    }

    /// An account as it is now; nothing where it is closed or was never there.
    pub fn account_now(&self, name: &AccountName) -> Result<Option<AccountNow>, Failure> {
        Ok(self.ledger.account(name)?.filter(|account| account.is_open).map(|account| AccountNow {
            roles: account.roles,
            // A hash of the hash: it tells one password from another, and nobody can sign in with it.
            password: hash_of(&account.password.unwrap_or_default()),
        }))
    }

    /// Writes into the trail that whoever asks came by the council's own sign-in, or went.
    pub fn sign_in_noted(&mut self, action: &'static str) -> Result<(), Failure> {
        Ok(self.ledger.note(&self.actor, action, "pages")?)
    }
}

/// A secret that cannot be guessed, and what is kept of it.
pub fn new_secret() -> Result<(SecretString, String), Failure> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::failed(error, "this machine gives no random numbers"))?;
    let secret = hexadecimal(&bytes);
    let hash = hash_of(&secret);
    Ok((SecretString::from(secret), hash))
}

/// What is kept of a secret.
pub fn hash_of(secret: &str) -> String {
    hexadecimal(&Sha256::digest(secret))
}

/// What is wrong with a password, in words; nothing where it is good.
pub fn password_trouble(name: &AccountName, password: &SecretString) -> Option<String> {
    let (text, least, most) = (password.expose_secret(), PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    let count = text.chars().count();
    let distinct: BTreeSet<char> = text.chars().collect();
    if count < *least {
        Some(format!("Enter {least} characters or more: three or four words are easy to remember"))
    } else if count > *most {
        Some(format!("Enter {most} characters or fewer"))
    } else if distinct.len() < 5 || text.to_lowercase().contains(name.as_str()) {
        Some("Enter a password that nobody can guess who knows your name".to_owned())
    } else {
        None
    }
}

fn hashed(name: &AccountName, password: &SecretString) -> Result<String, Failure> {
    if let Some(trouble) = password_trouble(name, password) {
        let said = format!("{trouble}.");
        return Err(Failure::invalid(trouble, "choose another password").on_page(said, "Choose another password."));
    }
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|error| Failure::failed(error, "try again"))?.to_string())
}

/// Takes as long where there is no hash to compare with.
fn verified(hash: Option<&str>, password: &SecretString) -> bool {
    let is_there = hash.is_some();
    let Ok(hash) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let is_right = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
    is_there && is_right
}
