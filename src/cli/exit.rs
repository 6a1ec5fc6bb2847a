//! Exit codes: what a scheduler can act on.

use std::process::ExitCode;

use crate::operation::FailureKind;

/// How a command ended (DESIGN section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All well.
    Well,
    /// Failed.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// Done, and a person must look: blocking findings, quarantined records, refused or uncertain write-backs.
    NeedsPerson,
    /// Somebody else is at the same work.
    Busy,
}

impl Exit {
    /// [`Exit::NeedsPerson`] where somebody is needed.
    pub(super) const fn needs_person(needed: bool) -> Self {
        if needed { Self::NeedsPerson } else { Self::Well }
    }

    /// The number.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NeedsPerson => 3,
            Self::Busy => 4,
        }
    }
}

impl From<FailureKind> for Exit {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Failed => Self::Failed,
            FailureKind::NotFound | FailureKind::Invalid | FailureKind::Conflict | FailureKind::Configuration => {
                Self::Usage
            }
            FailureKind::Busy => Self::Busy,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
