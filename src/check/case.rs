//! All that a check looks at.

use jiff::ZonedDateTime;
use jiff::civil::DateTime;

use super::KnownFacts;
use crate::calendar::Office;
use crate::domain::{Answer, Document, FactValue, FieldRule, Finding, PersonId, Submission, Value, Verdict};
use crate::panel::{Paper, Profile, RequestKind, Sitting};

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
}

/// What a check has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The verdict.
    pub verdict: Verdict,
    /// The findings, those that block first.
    pub findings: Vec<Finding>,
}

/// A piece of paperwork that is asked for, and the newest document that is it.
#[derive(Debug, Clone, Copy)]
pub struct PaperFound<'a> {
    /// What is asked for.
    pub paper: &'a Paper,
    /// What is there.
    pub document: Option<&'a Document>,
    /// Whether it is sure that it is needed: a fact it hangs on may not be known.
    pub needed: FactValue,
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
        let requests = &self.profile.requests;
        match &requests.field {
            None => requests.kinds.iter().collect(),
            Some(field) => self.choices(field).filter_map(|choice| requests.kind(choice)).collect(),
        }
    }

    /// Every paper that is asked for or may be, with what is there.
    pub fn papers(&self) -> Vec<PaperFound<'a>> {
        let profile: &'a Profile = self.profile;
        let kinds = self.kinds();
        let papers = profile.requests.papers(&kinds).into_iter();
        let found = papers.map(|paper| {
            let fits = |document: &&Document| document.kind.as_ref().is_some_and(|kind| paper.kinds.contains(kind));
            // The newest counts; one without a date counts only where there is no other.
            let document = self.documents.iter().filter(fits).max_by_key(|document| document.dated);
            PaperFound { paper, document, needed: self.needed(paper) }
        });
        found.filter(|found| found.needed != FactValue::No).collect()
    }

    fn needed(&self, paper: &Paper) -> FactValue {
        let any = |facts: &[String]| {
            let values = facts.iter().map(|fact| self.facts.value(fact));
            values.fold(FactValue::No, |so_far, value| match (so_far, value) {
                (FactValue::Yes, _) | (_, FactValue::Yes) => FactValue::Yes,
                (FactValue::Unknown, _) | (_, FactValue::Unknown) => FactValue::Unknown,
                _ => FactValue::No,
            })
        };
        let wanted = if paper.when.is_empty() { FactValue::Yes } else { any(&paper.when) };
        match (wanted, any(&paper.unless)) {
            (FactValue::No, _) | (_, FactValue::Yes) => FactValue::No,
            (FactValue::Unknown, _) | (_, FactValue::Unknown) => FactValue::Unknown,
            (FactValue::Yes, FactValue::No) => FactValue::Yes,
        }
    }

    /// The fact that makes the panel not required, with its clause.
    pub fn exemption(&self) -> Option<(&'a str, &'a str)> {
        let exempt = self.profile.exempt.iter();
        let mut exempt = exempt.filter(|(fact, _)| self.facts.value(fact) == FactValue::Yes);
        exempt.next().map(|(fact, policy)| (fact.as_str(), policy.as_str()))
    }

    /// Whether the cutoff of the sitting had passed when the request was handed in, or has passed while it has not been.
    pub fn is_late(&self) -> bool {
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
