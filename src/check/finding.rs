//! One thing that the check has to say: data. Its sentence is made where it is shown.

use std::fmt;

use jiff::civil::Date;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::{Code, Detail};
use crate::domain::{DocumentKind, FindingSeverity, PanelName, SubmissionId, Waiver, hexadecimal};

/// Bytes of a fingerprint, two digits each. Those that were made from sentences have half as many, so that none is taken
/// for the other.
const FINGERPRINT_BYTES: usize = 16;

/// One thing the check has to say.
///
/// It is serialised as it is shown, in the JSON shape of DESIGN section 11; `stored` beside it is what the ledger keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What it is about.
    pub subject: Subject,
    /// What was found, which says the code as well.
    pub detail: Detail,
    /// The clause it stands on.
    pub policy: String,
    /// Where it was read: a file and a place in it.
    pub source: Option<String>,
}

impl Finding {
    /// The stable code.
    pub const fn code(&self) -> Code {
        self.detail.code()
    }

    /// What is wrong, in an administrator's words.
    pub fn message(&self) -> String {
        self.detail.found().message(&self.subject)
    }

    /// What to do, and who.
    pub fn help(&self) -> String {
        self.detail.found().help(&self.subject)
    }

    /// What makes two findings of two checks the same: the code, the subject and what was found, in hexadecimal digits.
    ///
    /// Nothing that is worded goes into it, and nothing that is counted from the sitting.
    pub fn fingerprint(&self) -> String {
        let code = self.code().as_str().to_owned();
        let mut parts = vec![code, self.subject.about().to_owned()];
        parts.extend(self.subject.identity());
        parts.extend(self.detail.found().identity());
        digest(&parts, FINGERPRINT_BYTES)
    }

    /// The fingerprint that was made of it before findings were data: of code, subject and sentence.
    ///
    /// Waivers of ledgers that exist hold it.
    pub fn worded_fingerprint(&self) -> String {
        let sentence = self.detail.found().first_message(&self.subject);
        digest(&[self.code().as_str().to_owned(), self.subject.to_string(), sentence], Waiver::WORDED_DIGITS / 2)
    }
}

fn digest(parts: &[String], bytes: usize) -> String {
    use sha2::{Digest as _, Sha256};
    hexadecimal(Sha256::digest(parts.join("\u{1f}")).iter().take(bytes))
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shown = serializer.serialize_struct("Finding", 7)?;
        shown.serialize_field("code", self.code().as_str())?;
        shown.serialize_field("severity", &self.severity)?;
        shown.serialize_field("subject", &self.subject.to_string())?;
        shown.serialize_field("message", &self.message())?;
        shown.serialize_field("help", &self.help())?;
        shown.serialize_field("policy", &self.policy)?;
        shown.serialize_field("source", &self.source)?;
        shown.end()
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StoredSubject", try_from = "StoredSubject")]
pub enum Subject {
    /// A kind of document.
    Document(DocumentKind),
    /// A document of which nobody knows the kind.
    UnknownDocument,
    /// A field of the form, by our name for it.
    Field(String),
    /// A question of the form, by Mosaic's user code.
    Question(String),
    /// The approval of the request.
    Approval,
    /// A fact, by its name.
    Fact(String),
    /// A way round the panel, by its name.
    Route(String),
    /// Why the panel does not have to decide, by its name.
    Exemption(String),
    /// The sitting on a day.
    Sitting(Date),
    /// Another panel of the authority.
    Panel(PanelName),
    /// Somebody else who decides, by what a person calls it.
    Elsewhere(String),
    /// A kind of request, by its name.
    RequestKind(String),
    /// Another request.
    Request(SubmissionId),
}

impl Subject {
    /// What kind of subject it is, by a name that stays: it is stored.
    const fn about(&self) -> &'static str {
        match self {
            Self::Document(_) => "document",
            Self::UnknownDocument => "unknown-document",
            Self::Field(_) => "field",
            Self::Question(_) => "question",
            Self::Approval => "approval",
            Self::Fact(_) => "fact",
            Self::Route(_) => "route",
            Self::Exemption(_) => "exemption",
            Self::Sitting(_) => "sitting",
            Self::Panel(_) => "panel",
            Self::Elsewhere(_) => "elsewhere",
            Self::RequestKind(_) => "request-kind",
            Self::Request(_) => "request",
        }
    }

    /// What of it identifies a finding: never a label, and not the day of the sitting.
    fn identity(&self) -> Option<String> {
        match self {
            Self::UnknownDocument | Self::Approval | Self::Sitting(_) | Self::Elsewhere(_) => None,
            Self::Document(_)
            | Self::Field(_)
            | Self::Question(_)
            | Self::Fact(_)
            | Self::Route(_)
            | Self::Exemption(_)
            | Self::Panel(_)
            | Self::RequestKind(_)
            | Self::Request(_) => Some(self.to_string()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(kind) => kind.fmt(f),
            Self::UnknownDocument => f.write_str("document"),
            Self::Approval => f.write_str("approval"),
            Self::Sitting(day) => day.fmt(f),
            Self::Panel(panel) => panel.fmt(f),
            Self::Request(request) => request.fmt(f),
            Self::Field(name)
            | Self::Question(name)
            | Self::Fact(name)
            | Self::Route(name)
            | Self::Exemption(name)
            | Self::Elsewhere(name)
            | Self::RequestKind(name) => f.write_str(name),
        }
    }
}

/// A subject as the ledger keeps it: what kind it is of, and its text.
#[derive(Serialize, Deserialize)]
struct StoredSubject {
    about: String,
    subject: String,
}

impl From<Subject> for StoredSubject {
    fn from(subject: Subject) -> Self {
        Self { about: subject.about().to_owned(), subject: subject.to_string() }
    }
}

impl TryFrom<StoredSubject> for Subject {
    type Error = String;

    fn try_from(stored: StoredSubject) -> Result<Self, String> {
        let StoredSubject { about, subject } = stored;
        Ok(match about.as_str() {
            "document" => Self::Document(DocumentKind::new(subject)),
            "unknown-document" => Self::UnknownDocument,
            "field" => Self::Field(subject),
            "question" => Self::Question(subject),
            "approval" => Self::Approval,
            "fact" => Self::Fact(subject),
            "route" => Self::Route(subject),
            "exemption" => Self::Exemption(subject),
            "sitting" => Self::Sitting(subject.parse().map_err(|_| "a sitting without a day".to_owned())?),
            "panel" => Self::Panel(PanelName::new(subject)),
            "elsewhere" => Self::Elsewhere(subject),
            "request-kind" => Self::RequestKind(subject),
            "request" => Self::Request(SubmissionId::new(subject)),
            _ => return Err(format!("nothing is about a `{about}`")),
        })
    }
}
