//! A request with all that is known of it, ready to be checked with one set of papers after another.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::ZonedDateTime;

use super::CheckedRequest;
use super::checked_request::shown;
use crate::calendar::Office;
use crate::check::{Case, KnownFacts, Slot};
use crate::domain::{Document, FieldRule, PersonId, RecordedWaiver, Submission, SubmissionId};
use crate::panel::{Profile, Sitting};

/// A request with all that is known of it.
#[derive(Debug)]
pub(super) struct Prepared<'c> {
    pub(super) submission: &'c Submission,
    pub(super) profile: &'c Profile,
    pub(super) office: &'c Office,
    pub(super) fields: Vec<FieldRule>,
    pub(super) now: ZonedDateTime,
    pub(super) sitting: Option<Sitting>,
    pub(super) slot: Option<Slot>,
    pub(super) children: Vec<Child>,
}

/// What is known of one child of a request.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) person: PersonId,
    /// The documents on the record, and those that were kept with the request.
    pub(super) documents: Vec<Document>,
    pub(super) facts: KnownFacts,
    pub(super) others: Others,
    pub(super) waivers: Vec<RecordedWaiver>,
}

/// What else is open about a child.
#[derive(Debug, Default)]
pub(super) struct Others {
    pub(super) twins: Vec<SubmissionId>,
    pub(super) forms: Vec<Arc<str>>,
}

impl Prepared<'_> {
    /// Checks it for each child, with what was handed in besides.
    pub(super) fn checked(&self, further: impl Fn(PersonId) -> Vec<Document>) -> Vec<CheckedRequest> {
        let checked = self.children.iter().map(|child| {
            let further = further(child.person);
            let documents: Cow<'_, [Document]> = if further.is_empty() {
                Cow::Borrowed(&child.documents)
            } else {
                child.documents.iter().cloned().chain(further).collect()
            };
            shown(&Case {
                submission: self.submission,
                person: child.person,
                fields: &self.fields,
                documents: &documents,
                facts: &child.facts,
                profile: self.profile,
                sitting: self.sitting.as_ref(),
                office: self.office,
                now: &self.now,
                slot: self.slot,
                twins: &child.others.twins,
                waivers: &child.waivers,
                forms: &child.others.forms,
            })
        });
        checked.collect()
    }
}
