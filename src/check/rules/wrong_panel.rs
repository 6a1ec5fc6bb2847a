//! `wrong-panel`.

use serde::{Deserialize, Serialize};

use crate::check::rule::{Effect, Found, Group, rule};
use crate::check::rules::wording::role;
use crate::check::{Case, Finding, Subject};
use crate::domain::FindingSeverity;

rule! {
    /// The request belongs to another panel, or to another one as well.
    ///
    /// The form names a kind of request that this panel does not hear, or a fact that the policy sends elsewhere.
    ///
    /// What to do: send it to the panel named. Where it is named as well, book it there besides.
    group: Group::Request,
    effect: Effect::Lacks,
    is_counted: false,
    may_be_waived: true,
    outlasts_exemption: false,
    find: find,
}

/// Why the panel is not the right one, or not the only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// Another is meant, by its name in the panel's file.
    Instead {
        /// The name of the entry in the panel's file.
        name: String,
        /// What a person calls the other panel.
        title: String,
    },
    /// Another is meant as well.
    Besides {
        /// The name of the entry in the panel's file.
        name: String,
        /// What a person calls the other panel.
        title: String,
    },
    /// The panel does not hear the kind of request, which the subject names.
    KindNotHeard,
}

impl Found for Detail {
    fn identity(&self) -> Vec<String> {
        match self {
            Self::Instead { name, .. } => vec!["instead".to_owned(), name.clone()],
            Self::Besides { name, .. } => vec!["besides".to_owned(), name.clone()],
            Self::KindNotHeard => Vec::new(),
        }
    }

    fn message(&self, subject: &Subject) -> String {
        match self {
            Self::Instead { title, .. } => format!("it belongs to another panel: {title}"),
            Self::Besides { title, .. } => format!("it goes to another panel as well: {title}"),
            Self::KindNotHeard => {
                format!("this panel does not hear requests of the kind “{}”", role(&subject.to_string()))
            }
        }
    }

    fn help(&self, subject: &Subject) -> String {
        match self {
            Self::Instead { .. } => format!("send it to {subject}"),
            Self::Besides { .. } => format!("book it with {subject} besides"),
            Self::KindNotHeard => "send it to the panel that does, or correct the kind on the form".to_owned(),
        }
    }
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut say = |severity, subject, detail: Detail, policy: &str| {
        let (policy, source) = (policy.to_owned(), None);
        findings.push(Finding { severity, subject, detail: detail.into(), policy, source });
    };
    for other in case.elsewhere() {
        let (name, title) = (other.name.clone(), other.title.clone());
        let subject = other.panel.clone().map_or_else(|| Subject::Elsewhere(title.clone()), Subject::Panel);
        let (severity, detail) = if other.also {
            (FindingSeverity::Advice, Detail::Besides { name, title })
        } else {
            (FindingSeverity::Blocking, Detail::Instead { name, title })
        };
        say(severity, subject, detail, &other.policy);
    }
    let requests = &case.profile.requests;
    if requests.kinds.is_empty() {
        return;
    }
    for choice in case.kind_choices().into_iter().filter(|choice| requests.kind(choice).is_none()) {
        let subject = Subject::RequestKind(choice.to_owned());
        say(FindingSeverity::Blocking, subject, Detail::KindNotHeard, &case.profile.policy);
    }
}
