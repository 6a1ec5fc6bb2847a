//! `ledger` and `audit`: state, backup, proof.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Failure, OpenLedger, Page, Paging};
use crate::ledger::{AuditEntry, AuditSelection, AuditVerdict, Status};
use crate::report;

/// The ledger at a glance.
#[derive(Debug, Serialize)]
pub struct LedgerStatus {
    /// Where it is.
    pub ledger: PathBuf,
    /// What it holds.
    #[serde(flatten)]
    pub status: Status,
}

/// A copy that was made.
#[derive(Debug, Serialize)]
pub struct BackedUp {
    /// The copy.
    pub file: PathBuf,
}

/// What `audit verify` has found.
#[derive(Debug, Serialize)]
pub struct AuditProof {
    /// Whether the trail is whole.
    pub whole: bool,
    /// What was found.
    #[serde(flatten)]
    pub verdict: AuditVerdictShown,
}

/// The rest of what was found.
#[derive(Debug, Serialize)]
pub struct AuditVerdictShown {
    /// Entries of the trail.
    pub entries: u64,
    /// The hash of the last one.
    pub head: String,
    /// What is wrong.
    pub broken: Option<String>,
}

impl OpenLedger {
    /// The ledger at a glance.
    pub fn ledger_status(&self, with_digest: bool) -> Result<LedgerStatus, Failure> {
        Ok(LedgerStatus { ledger: self.ledger.path().to_owned(), status: self.ledger.status(with_digest)? })
    }

    /// Copies the ledger.
    pub fn ledger_backup(&mut self, file: &Path) -> Result<BackedUp, Failure> {
        self.ledger.note(&self.actor, "backed-up", "ledger")?;
        self.ledger.backup(file)?;
        Ok(BackedUp { file: file.to_owned() })
    }

    /// Proves the audit trail.
    pub fn audit_verify(&self, noted: Option<&str>) -> Result<AuditProof, Failure> {
        let AuditVerdict { whole, entries, head, broken } = self.ledger.audit_verify(noted)?;
        Ok(AuditProof { whole, verdict: AuditVerdictShown { entries, head, broken } })
    }
}

/// Which entries of the trail are meant.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// About this only: a request, a write-back, a file.
    pub subject: Option<String>,
    /// By whom only.
    pub actor: Option<String>,
}

impl OpenLedger {
    /// A page of the trail, newest first.
    pub fn audit_page(&self, filter: &AuditFilter, paging: &Paging) -> Result<Page<AuditEntry>, Failure> {
        let selection = AuditSelection { subject: filter.subject.clone(), actor: filter.actor.clone() };
        let rows = self.ledger.audit_page(&selection, paging.number()?, paging.rows_and_one())?;
        Ok(Page::of(paging, rows, |last| last.sequence.to_string(), Clone::clone))
    }

    /// The whole trail. That somebody took it away stands in it.
    pub fn audit_export(&mut self) -> Result<Vec<AuditEntry>, Failure> {
        self.ledger.note(&self.actor, "exported", "audit trail")?;
        Ok(self.ledger.audit_trail()?)
    }
}

/// The trail as CSV (RFC 4180).
pub fn audit_csv(entries: &[AuditEntry]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head =
        ["sequence", "at", "actor", "action", "subject", "before", "after", "previous", "hash", "receipt", "ids"];
    let mut written = writer.write_record(head);
    for entry in entries {
        let AuditEntry { sequence, at, actor, action, subject, before, after, previous, hash, receipt, ids } = entry;
        let number = sequence.to_string();
        let receipt = receipt.as_deref().unwrap_or_default();
        // Account names stand in it, and nobody's name is a formula.
        let ids = ids.join(" ; ");
        let row: [&str; 11] = [&number, at, actor, action, subject, before, after, previous, hash, receipt, &ids];
        written = written.and_then(|()| writer.write_record(row.map(as_text)));
    }
    // Writing to memory does not fail.
    drop(written);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula.
pub(super) fn as_text(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

impl LedgerStatus {
    /// The ledger as a person reads it.
    pub fn text(&self) -> String {
        let Status { submissions, revisions, documents, events, persons, quarantined, outcomes, .. } = self.status;
        let states = self.status.write_backs.iter().map(|(state, count)| format!("{count} {state}"));
        let states = states.collect::<Vec<_>>().join(", ");
        format!(
            "{}\n{} in {}, {documents} documents, {events} events, {persons} persons\n{} in quarantine, {}\nwrite-backs: {}\naudit trail: {}\n{} bytes on disk\n",
            self.ledger.display(),
            report::count(submissions, "submission"),
            report::count(revisions, "revision"),
            report::count(quarantined, "record"),
            report::count(outcomes, "outcome"),
            if states.is_empty() { "none" } else { &states },
            report::count(self.status.audit_entries, "entry").replace("entrys", "entries"),
            self.status.bytes
        ) + &self.status.digest.as_ref().map_or_else(String::new, |digest| format!("digest {digest}\n"))
    }
}

impl AuditProof {
    /// What was found, in words.
    pub fn text(&self) -> String {
        let AuditVerdictShown { entries, head, broken } = &self.verdict;
        match broken {
            None => format!("The audit trail is whole: {entries} entries, the last {head}.\n"),
            Some(what) => format!(
                "The audit trail is broken: {what}.\nKeep this ledger as it is and restore a backup beside it.\n"
            ),
        }
    }
}
