//! Findings as the ledger keeps them: data, and of ledgers of before sentences.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Detail, Finding, Subject};
use crate::domain::FindingSeverity;

/// A finding of an earlier check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredFinding {
    /// Data.
    Known(Box<Finding>),
    /// A sentence, as ledgers held it before findings were data, or what an earlier version found and this one does not
    /// understand.
    Worded(WordedFinding),
}

/// What is left of a finding whose data is not there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WordedFinding {
    code: String,
    subject: String,
    message: Option<String>,
}

/// The shape in which data is kept: `code` and `subject` are texts, as they were when findings were sentences.
#[derive(Serialize, Deserialize)]
struct Data {
    severity: FindingSeverity,
    #[serde(flatten)]
    subject: Subject,
    #[serde(flatten)]
    detail: Detail,
    policy: String,
    source: Option<String>,
}

/// What the ledger keeps of the findings of a check: a JSON array.
///
/// # Errors
///
/// Never for findings of a check: only a map without text keys cannot be written.
pub fn to_json(findings: &[Finding]) -> Result<String, serde_json::Error> {
    let data = findings.iter().cloned().map(|finding| {
        let Finding { severity, subject, detail, policy, source } = finding;
        Data { severity, subject, detail, policy, source }
    });
    serde_json::to_string(&data.collect::<Vec<_>>())
}

/// Reads what the ledger has kept of a check, in the shape of this version or of an earlier one.
///
/// # Errors
///
/// When it is no array of objects with a code and a subject.
pub fn from_json(kept: &str) -> Result<Vec<StoredFinding>, serde_json::Error> {
    serde_json::from_str::<Vec<Value>>(kept)?.into_iter().map(one).collect()
}

fn one(value: Value) -> Result<StoredFinding, serde_json::Error> {
    let Ok(data) = Data::deserialize(&value) else {
        return Ok(StoredFinding::Worded(WordedFinding::deserialize(&value)?));
    };
    let Data { severity, subject, detail, policy, source } = data;
    Ok(StoredFinding::Known(Box::new(Finding { severity, subject, detail, policy, source })))
}

impl StoredFinding {
    /// Whether a check of now says the same.
    pub fn is_among(&self, findings: &[&Finding]) -> bool {
        match self {
            Self::Known(known) => {
                let fingerprint = known.fingerprint();
                findings.iter().any(|finding| finding.code() == known.code() && finding.fingerprint() == fingerprint)
            }
            Self::Worded(worded) => findings.iter().any(|finding| worded.is(finding)),
        }
    }

    /// Code and sentence, for a person to read.
    pub fn text(&self) -> String {
        match self {
            Self::Known(known) => format!("{}: {}", known.code(), known.message()),
            Self::Worded(WordedFinding { code, subject, message }) => {
                format!("{code}: {}", message.as_ref().unwrap_or(subject))
            }
        }
    }
}

impl WordedFinding {
    /// A sentence is not compared: a label that was changed in the meantime mends nothing.
    fn is(&self, finding: &Finding) -> bool {
        self.code == finding.code().as_str() && self.subject == finding.subject.to_string()
    }
}
