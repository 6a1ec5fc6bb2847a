//! How the stand-in misbehaves when it is told to, and at what.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::router::path;
use super::script::{FaultScript, Generator};

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Cut the connection before anything is done.
    CutBefore,
    /// Do it, and cut the connection before anything is answered.
    CutAfter,
    /// Do it, and cut the connection in the middle of the answer.
    CutMidway,
    /// Answer with this status, having done nothing.
    Status(u16),
    /// Do it, and answer with this status.
    StatusAfter(u16),
    /// Answer with this status and a `Retry-After`, having done nothing.
    RetryAfter {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        after: RetryAfter,
    },
    /// Do it, and answer with something that is no answer.
    Garbage,
    /// Do it twice.
    Duplicate,
    /// Do it, and answer late: milliseconds.
    Slow(u64),
    /// Answer first, and do it later.
    Late {
        /// How much later.
        milliseconds: u64,
        /// The status of the answer; none: the connection is cut.
        status: Option<u16>,
    },
    /// Do it, and answer as though it had been done for another person.
    OtherPerson,
    /// Do it, and answer as another operation would.
    OtherRequest,
    /// Do nothing, and send the client to another origin.
    Redirect,
    /// Do nothing, and refuse the token, which stays good.
    TokenRefused,
    /// Do nothing, and let every token that was given expire.
    TokensExpired,
    /// Somebody changes the form just before it is answered; nothing elsewhere.
    ChangedMeanwhile,
}

/// What `Retry-After` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    /// Seconds, nought and negative ones among them.
    Seconds(i64),
    /// A date so many seconds from now, by the stand-in's clock.
    Date(i64),
    /// Neither.
    Garbage,
}

/// Misbehaviour at the requests to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// How.
    pub kind: FaultKind,
    /// At how many requests, from the next one on.
    pub times: u32,
}

/// At what requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultAim {
    /// At everything that writes.
    #[default]
    Writes,
    /// At everything that reads.
    Reads,
    /// At every request, those for a token among them.
    Any,
    /// At one operation.
    #[serde(untagged)]
    Only(FaultOperation),
}

/// An operation of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultOperation {
    /// A token is asked for.
    Token,
    /// A person is read.
    Person,
    /// Notes are read.
    FindNotes,
    /// A note is written.
    #[serde(alias = "notes")]
    AddNote,
    /// A note is appended to.
    #[serde(alias = "appendments")]
    AppendToNote,
    /// A form is read.
    Form,
    /// A form is answered.
    #[serde(alias = "forms")]
    AnswerForm,
    /// Documents are listed.
    FindDocuments,
    /// A document is added.
    #[serde(alias = "documents")]
    AddDocument,
    /// Workflow steps are listed.
    FindSteps,
    /// A workflow step is started.
    #[serde(alias = "steps")]
    StartStep,
}

impl FaultOperation {
    /// What a request asks for.
    pub(super) fn of(method: &Method, route: &str) -> Option<Self> {
        let get = method == Method::GET || method == Method::HEAD;
        let post = method == Method::POST;
        match route {
            path::TOKEN if post => Some(Self::Token),
            path::PERSON if get => Some(Self::Person),
            path::NOTES if get => Some(Self::FindNotes),
            path::NOTES if post => Some(Self::AddNote),
            path::APPENDMENTS if post => Some(Self::AppendToNote),
            path::FORM if get => Some(Self::Form),
            path::FORM if method == Method::PATCH => Some(Self::AnswerForm),
            path::DOCUMENTS if get => Some(Self::FindDocuments),
            path::DOCUMENTS if post => Some(Self::AddDocument),
            path::STEPS if get => Some(Self::FindSteps),
            path::STEPS if post => Some(Self::StartStep),
            _ => None,
        }
    }

    /// Whether it writes on somebody's record.
    pub const fn writes(self) -> bool {
        match self {
            Self::AddNote | Self::AppendToNote | Self::AnswerForm | Self::AddDocument | Self::StartStep => true,
            Self::Token | Self::Person | Self::FindNotes | Self::Form | Self::FindDocuments | Self::FindSteps => false,
        }
    }
}

impl FaultAim {
    /// Whether it is aimed at this.
    pub(super) fn at(self, operation: FaultOperation) -> bool {
        match self {
            Self::Any => true,
            Self::Writes => operation.writes(),
            Self::Reads => !operation.writes() && operation != FaultOperation::Token,
            Self::Only(one) => one == operation,
        }
    }
}

/// The faults to come: those told, and those of a script.
#[derive(Debug, Default)]
pub(super) struct Faults {
    told: Vec<(FaultAim, Fault)>,
    script: Option<Generator>,
}

impl Faults {
    pub(super) fn tell(&mut self, aim: FaultAim, fault: Fault) {
        self.told.extend((fault.times > 0).then_some((aim, fault)));
    }

    pub(super) fn follow(&mut self, script: FaultScript) {
        self.script = Some(Generator::new(script));
    }

    /// Behaves from now on.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// What becomes of the next request. What was told goes before the script, which counts the request all the same,
    /// so that it decides alike about those that follow.
    pub(super) fn next(&mut self, operation: FaultOperation) -> Option<FaultKind> {
        let scripted = self.script.as_mut().and_then(|script| script.next(operation));
        let told = self.told.iter_mut().find(|(aim, _)| aim.at(operation)).map(|(_, fault)| {
            fault.times -= 1;
            fault.kind
        });
        self.told.retain(|(_, fault)| fault.times > 0);
        told.or(scripted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn faults_go_where_they_are_aimed_as_often_as_was_said() {
        let mut faults = Faults::default();
        let fault = |status, times| Fault { kind: FaultKind::Status(status), times };
        faults.tell(FaultAim::Only(FaultOperation::AnswerForm), fault(423, 2));
        faults.tell(FaultAim::Reads, fault(500, 1));
        faults.tell(FaultAim::Writes, fault(503, 1));
        faults.tell(FaultAim::Writes, fault(504, 0));
        assert_eq!(faults.next(FaultOperation::Token), None);
        assert_eq!(faults.next(FaultOperation::AnswerForm), Some(FaultKind::Status(423)));
        assert_eq!(faults.next(FaultOperation::FindNotes), Some(FaultKind::Status(500)));
        assert_eq!(faults.next(FaultOperation::AddNote), Some(FaultKind::Status(503)));
        assert_eq!(faults.next(FaultOperation::AddNote), None);
        assert_eq!(faults.next(FaultOperation::AnswerForm), Some(FaultKind::Status(423)));
        assert_eq!(faults.next(FaultOperation::AnswerForm), None);
        faults.tell(FaultAim::Any, fault(500, 9));
        faults.end();
        assert_eq!(faults.next(FaultOperation::Token), None);
    }

    #[test]
    fn faults_are_spelt_as_they_are_told() {
        let kind = |kind| serde_json::from_value::<FaultKind>(kind).unwrap();
        assert_eq!(kind(json!("cut-before")), FaultKind::CutBefore);
        assert_eq!(kind(json!({ "status-after": 500 })), FaultKind::StatusAfter(500));
        let late = FaultKind::Late { milliseconds: 50, status: None };
        assert_eq!(kind(json!({ "late": { "milliseconds": 50 } })), late);
        let after = FaultKind::RetryAfter { status: 429, after: RetryAfter::Seconds(-3) };
        assert_eq!(kind(json!({ "retry-after": { "status": 429, "after": { "seconds": -3 } } })), after);
        let aim = |aim| serde_json::from_value::<FaultAim>(aim).unwrap();
        assert_eq!(aim(json!("writes")), FaultAim::Writes);
        assert_eq!(aim(json!("forms")), FaultAim::Only(FaultOperation::AnswerForm));
        assert_eq!(aim(json!("find-notes")), FaultAim::Only(FaultOperation::FindNotes));
        assert!(serde_json::from_value::<FaultAim>(json!("elsewhere")).is_err());
    }
}
