//! What a request must bring, by its kind.

use jiff::Span;

use super::Condition;
use crate::domain::{DocumentKind, FindingSeverity, Submission, Value};

/// One piece of paperwork that a panel asks for.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The kinds of document that will do; the first gives the name.
    pub kinds: Vec<DocumentKind>,
    /// What a person is shown.
    pub title: String,
    /// How much it matters when it is not there.
    pub severity: FindingSeverity,
    /// When it is needed.
    pub condition: Condition,
    /// The forms in Mosaic, any of which is this paper.
    pub forms: Vec<String>,
    /// How old it may be on the day of the sitting.
    pub fresh_for: Option<Span>,
    /// How many pages it may have.
    pub pages_max: Option<u32>,
    /// The role that brings it.
    pub chase: String,
    /// The clause that asks for it.
    pub policy: String,
}

impl Paper {
    /// Whether it is welcome and never missed: it only helps, and nothing says that this request should have it.
    pub fn is_only_welcome(&self) -> bool {
        self.severity == FindingSeverity::Advice && self.condition.facts().next().is_none()
    }
}

/// One kind of request.
#[derive(Debug, Clone)]
pub struct RequestKind {
    /// Its name.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// The clause that names it.
    pub policy: String,
    /// What it asks for besides what every request of the panel brings.
    pub paperwork: Vec<Paper>,
    /// Whether it is heard at the longer sittings only.
    pub longer_sitting: bool,
}

/// How kinds of request are told apart, and what they ask for.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// The field of the form that names the kind; none where a panel knows one kind only.
    pub field: Option<String>,
    /// The field of the form that names the sitting that is asked for.
    pub sitting_field: Option<String>,
    /// The kinds.
    pub kinds: Vec<RequestKind>,
    /// What every request brings.
    pub paperwork: Vec<Paper>,
}

impl Requests {
    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<&RequestKind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// The kinds that a form chooses, known to the panel or not.
    pub fn choices<'s>(&self, submission: &'s Submission) -> Vec<&'s str> {
        let mut choices = Vec::new();
        for answer in &submission.answers {
            if let Value::Choice(choice) = &answer.value
                && self.field.as_deref() == Some(&*answer.field)
            {
                choices.push(&**choice);
            }
        }
        choices
    }

    /// The kinds of request that a form makes: all of them where the panel does not ask.
    pub fn kinds_of(&self, submission: &Submission) -> Vec<&RequestKind> {
        match &self.field {
            None => self.kinds.iter().collect(),
            Some(_) => self.choices(submission).into_iter().filter_map(|choice| self.kind(choice)).collect(),
        }
    }

    /// Whether a form's request is heard at the longer sittings only.
    pub fn needs_longer(&self, submission: &Submission) -> bool {
        self.field.is_some() && self.kinds_of(submission).iter().any(|kind| kind.longer_sitting)
    }

    /// Everything that requests of these kinds bring; a paper asked for twice is there once.
    pub fn papers<'a>(&'a self, kinds: &[&'a RequestKind]) -> Vec<&'a Paper> {
        let mut papers: Vec<&Paper> = Vec::new();
        for paper in self.paperwork.iter().chain(kinds.iter().flat_map(|kind| &kind.paperwork)) {
            if !papers.iter().any(|known| known.kinds == paper.kinds && known.condition == paper.condition) {
                papers.push(paper);
            }
        }
        papers
    }
}
