//! `document-too-long`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::document_found::DocumentFound;
use crate::check::rules::wording::{role, subject_of};
use crate::check::{Case, Finding, Subject};

rule! {
    /// A document has more pages than the panel accepts.
    ///
    /// What to do: ask its author for a shorter one.
    group: Group::Document { state: "too long" },
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// A document that is too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    document: DocumentFound,
    /// What the panel calls it.
    title: String,
    pages: u32,
    /// The most that the panel accepts.
    pages_max: u32,
    /// The role that brings it.
    chase: String,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        vec![self.document.identity(), self.pages.to_string()]
    }

    fn message(&self, _: &Subject) -> String {
        let Self { title, pages, pages_max, .. } = self;
        format!("{title} has {pages} pages; this panel accepts {pages_max}")
    }

    fn help(&self, _: &Subject) -> String {
        format!("ask the {} to shorten it", role(&self.chase))
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for found in case.papers() {
        let (paper, Some(document)) = (found.paper, found.readable()) else { continue };
        let (Some(pages_max), Some(pages)) = (paper.pages_max, document.pages) else { continue };
        if pages <= pages_max {
            continue;
        }
        let (title, chase) = (paper.title.clone(), paper.chase.clone());
        findings.push(Finding {
            severity: paper.severity,
            subject: subject_of(paper),
            detail: Detail { document: DocumentFound::of(document), title, pages, pages_max, chase }.into(),
            policy: paper.policy.clone(),
            source: Some(document.source.to_string()),
        });
    }
}
