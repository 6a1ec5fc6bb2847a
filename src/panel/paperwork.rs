//! What a request must bring, by its kind.

use jiff::Span;

use crate::domain::{DocumentKind, FindingSeverity};

/// One piece of paperwork that a panel asks for.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The kinds of document that will do; the first gives the name.
    pub kinds: Vec<DocumentKind>,
    /// What a person is shown.
    pub title: String,
    /// How much it matters when it is not there.
    pub severity: FindingSeverity,
    /// Facts, any of which makes it needed; none means always.
    pub when: Vec<String>,
    /// Facts, any of which makes it not needed.
    pub unless: Vec<String>,
    /// How old it may be on the day of the sitting.
    pub fresh_for: Option<Span>,
    /// How many pages it may have.
    pub pages_max: Option<u32>,
    /// The role that brings it.
    pub chase: String,
    /// The clause that asks for it.
    pub policy: String,
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

    /// Everything that requests of these kinds bring; a paper asked for twice is there once.
    pub fn papers<'a>(&'a self, kinds: &[&'a RequestKind]) -> Vec<&'a Paper> {
        let mut papers: Vec<&Paper> = Vec::new();
        for paper in self.paperwork.iter().chain(kinds.iter().flat_map(|kind| &kind.paperwork)) {
            if !papers.iter().any(|known| known.kinds == paper.kinds && known.when == paper.when) {
                papers.push(paper);
            }
        }
        papers
    }
}
