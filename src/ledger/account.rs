//! The local accounts of the pages.

use super::audit::{self, Said};
use super::engine::params;
use super::store::{decode, encode};
use super::{Actor, Ledger, LedgerTrouble};
use crate::domain::{AccountName, SignInAccount};

/// What the trail calls a change of an account.
pub(super) const CHANGED: &str = "account-changed";

impl Ledger {
    /// Every account, by name.
    pub fn accounts(&self) -> Result<Vec<SignInAccount>, LedgerTrouble> {
        let rows: Vec<String> =
            self.database.rows("SELECT payload FROM account ORDER BY name", &[], |row| row.get(0))?;
        rows.iter().map(|payload| decode("an account", payload)).collect()
    }

    /// The account of a name.
    pub fn account(&self, name: &AccountName) -> Result<Option<SignInAccount>, LedgerTrouble> {
        let row: Option<String> =
            self.database
                .first("SELECT payload FROM account WHERE name = ?1", params![name.as_str()], |row| row.get(0))?;
        row.map(|payload| decode("an account", &payload)).transpose()
    }

    /// Puts an account there as `change` makes it of the one that is known, in one transaction. Nothing is done where
    /// `change` makes nothing of it.
    pub fn change_account(
        &mut self,
        name: &AccountName,
        change: impl FnOnce(Option<SignInAccount>) -> Option<SignInAccount>,
        actor: &Actor,
    ) -> Result<Option<SignInAccount>, LedgerTrouble> {
        let at = self.now();
        let transaction = self.transaction()?;
        let before: Option<String> =
            transaction
                .first("SELECT payload FROM account WHERE name = ?1", params![name.as_str()], |row| row.get(0))?;
        let known = before.as_deref().map(|payload| decode("an account", payload)).transpose()?;
        let Some(account) = change(known) else { return Ok(None) };
        let payload = encode(&account)?;
        transaction.execute(
            "INSERT INTO account (name, payload) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET payload = ?2",
            params![account.name.as_str(), payload],
        )?;
        let before = before.as_deref().map(audit::fingerprint).unwrap_or_default();
        let after = audit::fingerprint(&payload);
        let said = Said { actor, action: CHANGED, subject: account.name.as_str(), before: &before, after: &after };
        audit::append(&transaction, &at, &said)?;
        transaction.commit()?;
        Ok(Some(account))
    }

    /// The first account that is not as the trail says: whoever adds one by hand could approve outcomes.
    pub(super) fn first_wrong_account(&self) -> Result<Option<String>, LedgerTrouble> {
        let sql = "SELECT name, payload, (SELECT after FROM audit WHERE subject = name AND action = ?1
                   ORDER BY sequence DESC LIMIT 1) FROM account
                   UNION ALL SELECT subject, '', NULL FROM audit WHERE action = ?1
                   AND NOT EXISTS (SELECT 1 FROM account WHERE name = subject)";
        self.database.find(sql, params![CHANGED], |row| {
            let (name, payload): (String, String) = (row.get(0)?, row.get(1)?);
            let after: Option<Vec<u8>> = row.get(2)?;
            let is_named = decode::<SignInAccount>("an account", &payload).is_ok_and(|one| one.name.as_str() == name);
            let is_as_told = is_named && after.as_deref() == Some(audit::fingerprint(&payload).as_slice());
            Ok((!is_as_told).then(|| format!("the account {name} is not as the trail says")))
        })
    }
}
