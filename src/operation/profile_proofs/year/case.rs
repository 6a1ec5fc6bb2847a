//! What is to happen in the year, rule by rule, and how it is to end.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{FIRST, LAST};
use crate::domain::{Duty, PanelName, PersonId};
use crate::operation::installation::Rulebook;
use crate::panel::{DutyRule, Profile, RaisedBy};

/// What may show that a duty is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    Event(String),
    Document(String),
    Form(String),
    WriteBack(String),
    Heard,
}

/// How it goes with a duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// What shows it appears in the night after, or on the first day that counts.
    Shown(Proof),
    /// What shows it appears when everybody has heard of it.
    ShownLate(Proof),
    /// Somebody says that it is done.
    Said,
    /// What had it come up ends before it is due.
    Ends,
    /// Nobody ever does it.
    Never,
}

/// When a duty is to come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comes {
    /// In this night, which is the first that can know of it.
    On(Date),
    /// Some time: it is due before what it is for.
    Ahead,
}

/// One duty that is to come up.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) panel: PanelName,
    pub(super) rule: String,
    /// The child; `None` where the next that comes up is meant, whomever it is about.
    pub(super) person: Option<PersonId>,
    pub(super) course: Course,
    pub(super) comes: Comes,
}

impl Course {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Shown(Proof::Event(_)) | Self::ShownLate(Proof::Event(_)) => "event",
            Self::Shown(Proof::Document(_)) | Self::ShownLate(Proof::Document(_)) => "document",
            Self::Shown(Proof::Form(_)) | Self::ShownLate(Proof::Form(_)) => "form",
            Self::Shown(Proof::WriteBack(_)) | Self::ShownLate(Proof::WriteBack(_)) => "write-back",
            Self::Shown(Proof::Heard) | Self::ShownLate(Proof::Heard) => "heard",
            Self::Said => "said",
            Self::Ends => "ended",
            Self::Never => "never",
        }
    }
}

impl Case {
    pub(super) fn is(&self, duty: &Duty) -> bool {
        let is_its = self.person.is_none() || self.person == duty.person;
        self.panel == duty.panel && self.rule == duty.rule && is_its
    }
}

/// Every rule of every panel.
pub(super) fn rules(rules: &Rulebook) -> Vec<(&Profile, &DutyRule)> {
    rules.panels.values().flat_map(|profile| profile.duties.iter().map(move |rule| (profile, rule))).collect()
}

/// Each way in which a duty can go.
pub(super) fn cases(rules: &Rulebook, profile: &Profile, rule: &DutyRule) -> Vec<Course> {
    let proofs = proofs(rules, profile, rule);
    let mut courses: Vec<Course> = Vec::new();
    for (turn, proof) in proofs.iter().enumerate() {
        courses.push(if turn % 2 == 0 { Course::Shown(proof.clone()) } else { Course::ShownLate(proof.clone()) });
    }
    courses.extend(proofs.first().filter(|_| proofs.len() == 1).map(|proof| Course::ShownLate(proof.clone())));
    courses.push(Course::Said);
    courses.extend(matches!(rule.raised_by, RaisedBy::Event { while_open: true }).then_some(Course::Ends));
    courses.push(Course::Never);
    if let RaisedBy::Calendar(recurrence) = &rule.raised_by {
        // What comes once a year goes one way in a year.
        courses.truncate(recurrence.days(FIRST, LAST.saturating_sub(40.days())).len());
    }
    courses
}

/// What can show that a duty is done. Only what is written back can show it of a sitting; nothing of a day.
fn proofs(rules: &Rulebook, profile: &Profile, rule: &DutyRule) -> Vec<Proof> {
    let evidence = &rule.evidence;
    let authority = profile.name.authority();
    let has_form = rules.mappings.forms(&authority).any(|form| form.panels().any(|panel| *panel == profile.name));
    let of = |names: &[String], proof: fn(String) -> Proof| names.iter().cloned().map(proof).collect::<Vec<_>>();
    let about_child = match rule.raised_by {
        RaisedBy::Calendar(_) => return Vec::new(),
        RaisedBy::Sitting => false,
        _ => true,
    };
    let mut proofs = Vec::new();
    if about_child {
        proofs.extend(of(&evidence.events, Proof::Event));
        proofs.extend(of(&evidence.documents, Proof::Document));
        proofs.extend(of(&evidence.forms, Proof::Form));
        proofs.extend(evidence.heard.then_some(Proof::Heard));
    }
    let has_outcome = matches!(rule.raised_by, RaisedBy::Outcome { .. } | RaisedBy::Sitting) && has_form;
    if has_outcome {
        proofs.extend(of(&evidence.write_backs, Proof::WriteBack));
    }
    proofs
}
