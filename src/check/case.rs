//! All that a check looks at.

use std::sync::Arc;

use jiff::ZonedDateTime;
use jiff::civil::{Date, DateTime};

use super::{Finding, KnownFacts, Lapsed, Renewed, Waived};
use crate::calendar::Office;
use crate::domain::{
    Answer, Document, FactValue, FieldRule, FindingSeverity, PersonId, Reading, RecordedWaiver, Submission,
    SubmissionId, Value, Verdict,
};
use crate::panel::{Approval, Condition, Elsewhere, Hearing, Paper, Profile, RequestKind, Route, Sitting};

/// One request for one child at one panel.
#[derive(Debug)]
pub struct Case<'a> {
    /// The request.
    pub submission: &'a Submission,
    /// The child whose pack is looked at.
    pub person: PersonId,
    /// What the form asks of its fields.
    pub fields: &'a [FieldRule],
    /// The documents on the child's record.
    pub documents: &'a [Document],
    /// What is known of the facts.
    pub facts: &'a KnownFacts,
    /// The panel.
    pub profile: &'a Profile,
    /// The sitting that is meant.
    pub sitting: Option<&'a Sitting>,
    /// The office by which deadlines are counted.
    pub office: &'a Office,
    /// The present moment.
    pub now: &'a ZonedDateTime,
    /// Its place at the sitting, where the panel has slots.
    pub slot: Option<Slot>,
    /// Open requests that came before it and ask this panel the same for this child.
    pub twins: &'a [SubmissionId],
    /// What somebody has answered for.
    pub waivers: &'a [RecordedWaiver],
    /// Other open forms about this child, by name: a form may be a paper.
    pub forms: &'a [Arc<str>],
}

/// The place of a request among those that came in for a sitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its place, from 1, in the order in which they came.
    pub place: usize,
    /// How many requests the sitting can hear.
    pub of: usize,
    /// The next sitting that has room.
    pub room_on: Option<Date>,
}

/// What a check has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The verdict.
    pub verdict: Verdict,
    /// The findings, those that block first.
    pub findings: Vec<Finding>,
    /// Those for which somebody has answered.
    pub waived: Vec<Waived>,
    /// What somebody has answered for and does not count.
    pub lapsed: Vec<Lapsed>,
    /// Waivers that are to stand in the ledger otherwise than they do: found again by their sentence, or moved with their
    /// sitting.
    pub renewed: Vec<Renewed>,
}

/// A piece of paperwork that is asked for, and the newest document that is it.
#[derive(Debug, Clone, Copy)]
pub struct PaperFound<'a> {
    /// What is asked for.
    pub paper: &'a Paper,
    /// What is there.
    pub document: Option<&'a Document>,
    /// Whether the request itself is made on the form that is this paper, or another about the child is.
    pub is_the_form: bool,
    /// Whether it is sure that it is needed: a fact it hangs on may not be known.
    pub needed: FactValue,
}

impl<'a> PaperFound<'a> {
    /// The document, if a person can read it.
    pub fn readable(&self) -> Option<&'a Document> {
        self.document.filter(|document| document.is_readable())
    }

    /// Whether something is there that can stand for it.
    pub fn is_there(&self) -> bool {
        self.is_the_form || self.document.is_some()
    }
}

impl<'a> Case<'a> {
    /// Answers to a field that are about this child or about everybody.
    pub fn answers(&self, field: &str) -> impl Iterator<Item = &'a Answer> + use<'a> {
        let (submission, person, field) = (self.submission, self.person, field.to_owned());
        submission
            .answers
            .iter()
            .filter(move |answer| *answer.field == *field && answer.subject.is_none_or(|subject| subject == person))
    }

    /// Whether a field is answered with something.
    pub fn is_answered(&self, field: &str) -> bool {
        let in_table = self.submission.tables.iter().any(|table| *table.field == *field && !table.rows.is_empty());
        in_table || self.answers(field).any(|answer| answer.value != Value::Blank)
    }

    /// The choice made in a field.
    pub fn choices(&self, field: &str) -> impl Iterator<Item = &'a str> {
        self.answers(field).filter_map(|answer| match &answer.value {
            Value::Choice(choice) => Some(&**choice),
            _ => None,
        })
    }

    /// The moment answered in a field.
    pub fn moment(&self, field: &str) -> Option<DateTime> {
        self.answers(field).find_map(|answer| match &answer.value {
            Value::DateTime(moment) => Some(*moment),
            Value::Date(date) => Some(date.at(0, 0, 0, 0)),
            _ => None,
        })
    }

    /// The kinds of request that the form names.
    pub fn kinds(&self) -> Vec<&'a RequestKind> {
        let profile: &'a Profile = self.profile;
        profile.requests.kinds_of(self.submission)
    }

    /// What the form chooses where it names the kind of request, known to the panel or not.
    pub fn kind_choices(&self) -> Vec<&'a str> {
        let profile: &'a Profile = self.profile;
        profile.requests.choices(self.submission)
    }

    /// Every paper that is asked for or may be, with what is there.
    pub fn papers(&self) -> Vec<PaperFound<'a>> {
        let profile: &'a Profile = self.profile;
        let kinds = self.kinds();
        let papers = profile.requests.papers(&kinds).into_iter();
        let found = papers.map(|paper| {
            let fits = |document: &&Document| document.kind.as_ref().is_some_and(|kind| paper.kinds.contains(kind));
            let mine = |document: &&Document| !document.is_anothers();
            // The newest that can be read counts; one without a date counts only where there is no other.
            let fitting = self.documents.iter().filter(fits).filter(mine);
            let document = fitting.max_by_key(|document| (document.is_readable(), document.dated));
            let mut forms = std::iter::once(&self.submission.form).chain(self.forms);
            let is_the_form = forms.any(|form| paper.forms.iter().any(|known| **known == **form));
            PaperFound { paper, document, is_the_form, needed: self.facts.holds(&paper.condition) }
        });
        found.filter(|found| found.needed != FactValue::No).collect()
    }

    /// The documents that were opened, with what that has shown.
    pub fn readings(&self) -> impl Iterator<Item = (&'a Document, &'a Reading)> + use<'a> {
        self.documents.iter().filter_map(|document| Some((document, document.reading.as_ref()?)))
    }

    /// The paper that hangs on a document: nothing better is there for it.
    pub fn paper_of(&self, document: &Document) -> Option<&'a Paper> {
        let mut papers = self.papers().into_iter().filter(|found| !found.is_the_form);
        papers.find(|found| found.document.is_some_and(|found| found == document)).map(|found| found.paper)
    }

    /// How much trouble with a document matters: as much as the paper that hangs on it.
    pub fn severity_of(&self, document: &Document) -> FindingSeverity {
        self.paper_of(document).map_or(FindingSeverity::Warning, |paper| paper.severity)
    }

    /// The clause that asks for a document, or the panel's own.
    pub fn policy_of(&self, document: &Document) -> &'a str {
        let profile: &'a Profile = self.profile;
        self.paper_of(document).map_or(&profile.policy, |paper| &paper.policy)
    }

    /// Whether a condition surely holds.
    pub fn holds(&self, condition: &Condition) -> bool {
        self.facts.holds(condition) == FactValue::Yes
    }

    /// Whose approval is asked for.
    pub fn approval(&self) -> Option<&'a Approval> {
        self.profile.approval.as_ref().filter(|approval| self.holds(&approval.condition))
    }

    /// Why the panel does not have to decide: what a person is shown, the name, the clause.
    pub fn exemption(&self) -> Option<(&'a str, &'a str, &'a str)> {
        let profile: &'a Profile = self.profile;
        let mut exempt = profile.exempt.iter().filter(|exempt| self.holds(&exempt.condition));
        let exempt = exempt.next().map(|exempt| (&*exempt.title, &*exempt.name, &*exempt.policy));
        let not_needed = self.route().filter(|route| route.hearing == Hearing::NotNeeded);
        exempt.or_else(|| not_needed.map(|route| (&*route.title, &*route.name, &*route.policy)))
    }

    /// The way round the panel that the request has come.
    pub fn route(&self) -> Option<&'a Route> {
        let profile: &'a Profile = self.profile;
        profile.routes.iter().find(|route| self.holds(&route.condition))
    }

    /// Panels that are meant instead, or besides.
    pub fn elsewhere(&self) -> impl Iterator<Item = &'a Elsewhere> {
        let profile: &'a Profile = self.profile;
        profile.elsewhere.iter().filter(|other| self.holds(&other.condition))
    }

    /// Whether the request is heard at the longer sittings only.
    pub fn needs_longer(&self) -> bool {
        self.profile.requests.needs_longer(self.submission)
    }

    /// The amount in a field, in pence; `table.column` is the sum of a column.
    pub fn amount(&self, field: &str) -> Option<i64> {
        let money = |answer: &Answer| match &answer.value {
            Value::Money(pence) => Some(*pence),
            _ => None,
        };
        let Some((table, column)) = field.split_once('.') else { return self.answers(field).filter_map(money).max() };
        let rows = self.submission.tables.iter().filter(|known| *known.field == *table).flat_map(|table| &table.rows);
        let cells = rows.flat_map(|row| row.answers.iter().filter(|answer| *answer.field == *column));
        cells.filter_map(money).fold(None, |sum: Option<i64>, pence| Some(sum.unwrap_or(0).saturating_add(pence)))
    }

    /// Whether the request waits for a sitting, and so for its cutoff.
    pub fn has_cutoff(&self) -> bool {
        self.route().is_none_or(|route| route.hearing != Hearing::AtOnce)
    }

    /// Whether the cutoff of the sitting had passed when the request was handed in, or has passed while it has not been.
    pub fn is_late(&self) -> bool {
        if !self.has_cutoff() {
            return false;
        }
        let Some(cutoff) = self.sitting.and_then(|sitting| sitting.cutoff.as_ref()) else { return false };
        let handed_in = self.handed_in();
        *handed_in.as_ref().unwrap_or(self.now) > cutoff.at
    }

    /// When the request was handed in: its step was completed, or its approval is dated later.
    pub fn handed_in(&self) -> Option<ZonedDateTime> {
        let at = self.submission.completed_on?;
        Some(self.office.at(at.date(), at.time()))
    }
}
