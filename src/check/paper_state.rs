//! How each paper that is asked for stands, after the findings about it.

use serde::{Serialize, Serializer};

use super::{Checked, Code, Effect, Finding, Group, PaperFound, Subject};

/// How a paper that is asked for stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperState {
    /// It is a form in Mosaic that is there.
    TheForm,
    /// It is there.
    There,
    /// It is not there, and nobody asks for it.
    NotAsked,
    /// Something is the matter, and somebody has answered for it.
    Waived,
    /// It is not known whether it is needed.
    Asked(Code),
    /// Something is the matter with it.
    Found(Code, &'static str),
}

/// What a state asks of whoever looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Well,
    /// Nothing: it is not asked for.
    NotAsked,
    /// Nothing for as long as somebody answers for it.
    AnsweredFor,
    /// An answer.
    Asks,
    /// That it is put right.
    Wrong,
}

impl PaperState {
    /// What JSON calls it: the code of the finding, where there is one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TheForm => "the-form",
            Self::There => "there",
            Self::NotAsked => "not-asked",
            Self::Waived => "waived",
            Self::Asked(code) | Self::Found(code, _) => code.as_str(),
        }
    }

    /// In words: `there`, `missing`, `too old`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TheForm => "a form in Mosaic",
            Self::There => "there",
            Self::NotAsked => "not asked for",
            Self::Waived => "not there, and somebody has answered for it",
            Self::Asked(_) => "ask",
            Self::Found(_, words) => words,
        }
    }

    /// What it asks of whoever looks.
    pub const fn standing(self) -> Standing {
        match self {
            Self::TheForm | Self::There => Standing::Well,
            Self::NotAsked => Standing::NotAsked,
            Self::Waived => Standing::AnsweredFor,
            Self::Asked(_) => Standing::Asks,
            Self::Found(..) => Standing::Wrong,
        }
    }

    /// The code of the finding, where something was found about the paper itself.
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Found(code, _) => Some(code),
            Self::TheForm | Self::There | Self::NotAsked | Self::Waived | Self::Asked(_) => None,
        }
    }
}

impl Serialize for PaperState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Checked {
    /// How a paper stands.
    pub fn paper_state(&self, found: &PaperFound<'_>) -> PaperState {
        if let Some(state) = self.findings.iter().find_map(|finding| about(finding, found)) {
            return state;
        }
        let asked = self.findings.iter().find(|finding| asks(finding, found)).filter(|_| !found.is_there());
        if let Some(finding) = asked {
            return PaperState::Asked(finding.code());
        }
        if self.waived.iter().any(|waived| about(&waived.finding, found).is_some()) {
            return PaperState::Waived;
        }
        match (found.is_the_form, found.document) {
            (true, _) => PaperState::TheForm,
            (false, Some(_)) => PaperState::There,
            (false, None) => PaperState::NotAsked,
        }
    }
}

/// What a finding says of a paper. What is found about another document of the kind says nothing about the one that
/// counts.
fn about(finding: &Finding, found: &PaperFound<'_>) -> Option<PaperState> {
    let Group::Document { state } = finding.code().group() else { return None };
    let Subject::Document(kind) = &finding.subject else { return None };
    let read_at = found.document.map(|document| document.source.to_string());
    let is_here = finding.source.is_none() || finding.source == read_at;
    let is_it = found.paper.kinds.first() == Some(kind) && is_here;
    is_it.then(|| PaperState::Found(finding.code(), state))
}

fn asks(finding: &Finding, found: &PaperFound<'_>) -> bool {
    let Subject::Fact(asked) = &finding.subject else { return false };
    finding.code().effect() == Effect::Asks && found.paper.condition.facts().any(|fact| fact == asked)
}
