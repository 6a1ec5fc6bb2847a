//! One request with its pack, for a proof to change.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime};

use super::paper::{Sheet, docx};
use crate::calendar::Office;
use crate::check::{Case, Checked, KnownFacts, Stated, check};
use crate::diagnostic::Place;
use crate::domain::{
    Answer, AnswerTable, Document, DocumentKind, FactValue, Origin, PersonId, Private, StepStatus, Submission,
    SubmissionId, TableRow, Value,
};
use crate::mapping::{Authority, Field, FieldType, FormMapping};
use crate::pack::{Subject, Vocabulary, open, recognise};
use crate::panel::{Condition, Hearing, Paper, Profile, RequestKind, Sitting};

const PERSON: &str = "100001";

/// A form, a panel and a kind of request.
#[derive(Clone, Copy)]
pub(super) struct Asked<'w> {
    pub(super) profile: &'w Profile,
    pub(super) form: &'w FormMapping,
    pub(super) kind: Option<&'w RequestKind>,
    pub(super) authority: &'w Authority,
    pub(super) office: &'w Office,
}

/// A file of a pack, and what it was made as.
#[derive(Clone)]
pub(super) struct File {
    pub(super) kind: DocumentKind,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// A request: what the form answers, what a person states, what is in the pack.
#[derive(Clone)]
pub(super) struct Trial<'w> {
    pub(super) asked: Asked<'w>,
    pub(super) now: ZonedDateTime,
    pub(super) completed_on: Option<DateTime>,
    pub(super) sitting: Option<Sitting>,
    pub(super) answers: BTreeMap<Arc<str>, Value>,
    pub(super) stated: BTreeMap<String, bool>,
    pub(super) files: Vec<File>,
    money: i64,
}

impl<'w> Trial<'w> {
    /// A request that is handed in in time, with every answer, every fact said to be not so, and no paper yet.
    pub(super) fn new(asked: Asked<'w>, now: &ZonedDateTime) -> Self {
        let is_longer = asked.kind.is_some_and(|kind| kind.longer_sitting);
        let sitting = asked.profile.next_sitting(now.date(), now, is_longer, asked.office);
        let completed_on = now.saturating_sub(SignedDuration::from_hours(20)).datetime();
        let mut trial = Self {
            asked,
            now: now.clone(),
            completed_on: Some(completed_on),
            sitting,
            answers: BTreeMap::new(),
            stated: BTreeMap::new(),
            files: Vec::new(),
            money: 100_000_000,
        };
        for field in asked.form.fields.iter().filter(|field| !field.is_outcome) {
            if let Some(value) = trial.value(field) {
                trial.answers.insert(field.name.clone(), value);
            }
        }
        let by_form: Vec<&str> = asked.form.fact_names().collect();
        let all = asked.profile.facts.keys().map(String::as_str).chain(by_form);
        for fact in all.collect::<Vec<_>>() {
            trial.say(fact, false);
        }
        trial
    }

    /// What a form that is in order answers; nothing for tables, which have rows.
    fn value(&self, field: &Field) -> Option<Value> {
        let Asked { profile, form, kind, .. } = self.asked;
        let name = &*field.name;
        let choice = |choice: &str| Some(Value::Choice(choice.into()));
        let first = || field.choices.first().map(|(_, choice)| Value::Choice(choice.clone()));
        if profile.requests.field.as_deref() == Some(name) {
            return kind.and_then(|kind| choice(&kind.name));
        }
        if let Some((by, panels)) = form.panel_by.as_ref().filter(|(by, _)| by == name) {
            let own = panels.iter().find(|(_, panel)| *panel == profile.name).map(|(choice, _)| &**choice);
            let other = || field.choices.iter().find(|(_, known)| panels.iter().all(|(choice, _)| **choice != **known));
            assert!(!by.is_empty());
            return own.and_then(choice).or_else(|| other().map(|(_, known)| Value::Choice(known.clone())));
        }
        if profile.requests.sitting_field.as_deref() == Some(name) {
            return self.sitting.as_ref().map(|sitting| Value::Date(sitting.date));
        }
        if let Some(approval) = profile.approval.as_ref() {
            let may = |known: &str| approval.roles.iter().any(|role| role == known);
            if approval.field == name {
                return Some(Value::YesNo(true));
            }
            if approval.role_field.as_deref() == Some(name) && !field.choices.is_empty() {
                let role = field.choices.iter().find(|(_, known)| may(known));
                let (_, role) =
                    role.unwrap_or_else(|| panic!("{}: {name} cannot name a role that may approve", form.path));
                return Some(Value::Choice(role.clone()));
            }
        }
        let before = self.completed_on.map(|at| at.saturating_sub(1.hours()));
        match field.kind {
            FieldType::Choice => first(),
            FieldType::YesNo => Some(Value::YesNo(false)),
            FieldType::Date => before.map(|at| Value::Date(at.date())),
            FieldType::DateTime => before.map(Value::DateTime),
            FieldType::Money => Some(Value::Money(self.money)),
            FieldType::Number => Some(Value::Number(1.0)),
            FieldType::Person => PERSON.parse().ok().map(Value::Person),
            FieldType::Text => Some(Value::Text(Private::from("Synthetic words"))),
            FieldType::Worker => Some(Value::Worker(Private::from("W1001"))),
            FieldType::Table => None,
        }
    }

    /// Says that a fact is so or not: on the form where it asks, else as a person. The kind of request stays.
    pub(super) fn say(&mut self, fact: &str, so: bool) {
        let Asked { profile, form, .. } = self.asked;
        let Some((field, is)) = form.fact_source(fact) else {
            self.stated.insert(fact.to_owned(), so);
            return;
        };
        let is_fixed = profile.requests.field.as_deref() == Some(field)
            || form.panel_by.as_ref().is_some_and(|(by, _)| by == field)
            || profile.approval.as_ref().is_some_and(|approval| approval.field == field);
        let Some(asked) = form.fields.iter().find(|known| *known.name == *field).filter(|_| !is_fixed) else { return };
        let fits = |choice: &str| is.iter().any(|wanted| wanted == choice) == so;
        let value = match asked.kind {
            FieldType::YesNo => Some(Value::YesNo(is.iter().any(|wanted| wanted == "yes") == so)),
            _ => asked.choices.iter().find(|(_, choice)| fits(choice)).map(|(_, choice)| Value::Choice(choice.clone())),
        };
        // A form that has no choice to say no leaves the question open.
        self.answers.insert(asked.name.clone(), value.unwrap_or(Value::Blank));
    }

    /// Nobody says anything about a fact. Whether that is possible: the kind of request may say it.
    pub(super) fn leave_open(&mut self, fact: &str) -> bool {
        self.stated.remove(fact);
        if let Some((field, _)) = self.asked.form.fact_source(fact) {
            if self.asked.profile.requests.field.as_deref() == Some(field) {
                return false;
            }
            self.answers.remove(field);
        }
        self.fact(fact) == FactValue::Unknown
    }

    /// Makes a condition hold, if it can; whether it does.
    pub(super) fn make(&mut self, condition: &Condition) -> bool {
        condition.unless.iter().for_each(|fact| self.say(fact, false));
        if self.holds(condition) != FactValue::Yes
            && let Some(fact) = condition.when.iter().find(|fact| self.could_be(fact))
        {
            self.say(fact, true);
        }
        self.holds(condition) == FactValue::Yes
    }

    fn could_be(&self, fact: &str) -> bool {
        let mut other = self.clone();
        other.say(fact, true);
        other.fact(fact) == FactValue::Yes
    }

    /// Takes the ordinary way: nothing makes the panel the wrong one, or not needed. Whether there is one.
    pub(super) fn settle(&mut self) -> bool {
        let profile = self.asked.profile;
        for _ in 0..8 {
            let exempt = profile.exempt.iter().map(|one| &one.condition);
            let elsewhere = profile.elsewhere.iter().filter(|other| !other.also).map(|one| &one.condition);
            let round = profile.routes.iter().filter(|route| route.hearing == Hearing::NotNeeded);
            let routes = round.map(|one| &one.condition);
            let Some(holds) = exempt.chain(elsewhere).chain(routes).find(|one| self.holds(one) == FactValue::Yes)
            else {
                // What was decided before the panel could is brought in time.
                let routes = profile.routes.iter().filter(|route| self.holds(&route.condition) == FactValue::Yes);
                routes.collect::<Vec<_>>().into_iter().for_each(|route| self.decide_outside(route, self.now.date()));
                return true;
            };
            let Some(fact) = holds.unless.iter().find(|fact| self.could_be(fact)) else { return false };
            self.say(&fact.clone(), true);
        }
        false
    }

    pub(super) fn holds(&self, condition: &Condition) -> FactValue {
        self.facts(&self.submission()).holds(condition)
    }

    fn fact(&self, name: &str) -> FactValue {
        self.facts(&self.submission()).value(name)
    }

    fn facts(&self, submission: &Submission) -> KnownFacts {
        let stated: Vec<Stated> =
            self.stated.iter().map(|(name, value)| Stated { name: name.clone(), value: *value }).collect();
        let on = self.sitting.as_ref().map_or_else(|| self.now.date(), |sitting| sitting.date);
        KnownFacts::gather(self.asked.profile, self.asked.form.facts(submission), &[], false, &stated, on)
    }

    pub(super) fn submission(&self) -> Submission {
        let Asked { profile, form, authority, .. } = self.asked;
        let place = Place::Line(2);
        let answer = |field: &Arc<str>, value: Value| Answer {
            field: field.clone(),
            value,
            subject: None,
            question: field.clone(),
            place: place.clone(),
            note: None,
        };
        let tables = form.fields.iter().filter(|field| field.kind == FieldType::Table).map(|field| {
            let cells = field.columns.iter().filter_map(|column| Some(answer(&column.name, self.value(column)?)));
            let rows = vec![TableRow { row: "1".into(), subject: None, answers: cells.collect() }];
            AnswerTable { field: field.name.clone(), rows }
        });
        Submission {
            id: SubmissionId::new("proof-1"),
            authority: authority.name.clone(),
            form: form.form.clone(),
            version: form.version.clone(),
            panel: Some(profile.name.clone()),
            form_id: None,
            step_id: None,
            status: StepStatus::Completed,
            started_on: None,
            completed_on: self.completed_on,
            people: vec![person()],
            answers: self.answers.iter().map(|(field, value)| answer(field, value.clone())).collect(),
            tables: tables.collect(),
            unmapped: Vec::new(),
            origin: Origin { file: "proof.csv".into(), place, mapping: form.path.clone() },
        }
    }

    /// The papers that are surely asked for and that the request itself is not.
    pub(super) fn papers(&self) -> Vec<&'w Paper> {
        let submission = self.submission();
        let facts = self.facts(&submission);
        let requests = &self.asked.profile.requests;
        let kinds: Vec<&RequestKind> = requests.kinds_of(&submission);
        let asked = requests.papers(&kinds).into_iter();
        let is_the_form = |paper: &&Paper| paper.forms.iter().any(|form| **form == *submission.form);
        asked.filter(|paper| facts.holds(&paper.condition) == FactValue::Yes && !is_the_form(paper)).collect()
    }

    /// Every paper that this kind of request may bring, needed or not.
    pub(super) fn all_papers(&self) -> Vec<&'w Paper> {
        let requests = &self.asked.profile.requests;
        requests.papers(&requests.kinds_of(&self.submission()))
    }

    /// The paper as it should be.
    pub(super) fn sheet(&self, kind: &DocumentKind) -> Sheet {
        let titles = &self.asked.authority.documents;
        let heading = titles.get(kind.as_str()).unwrap_or_else(|| panic!("no document {kind}")).clone();
        Sheet { heading: Some(heading), person: PERSON.to_owned(), dated: Some(self.now.date()), pages: 1 }
    }

    /// Puts the papers that are asked for into the pack.
    pub(super) fn bring_all(&mut self) {
        for paper in self.papers() {
            if self.files.iter().any(|file| paper.kinds.contains(&file.kind)) {
                continue;
            }
            let Some(kind) = paper.kinds.first() else { continue };
            let sheet = self.sheet(kind);
            let name = format!("{}.docx", sheet.heading.as_deref().unwrap_or_default().replace('/', " "));
            self.files.push(File { kind: kind.clone(), name, bytes: docx(&sheet) });
        }
    }

    /// The kind of the file that stands for a paper.
    pub(super) fn kind_of(&self, paper: &Paper) -> Option<DocumentKind> {
        self.files.iter().find(|file| paper.kinds.contains(&file.kind)).map(|file| file.kind.clone())
    }

    /// The same request with other bytes in a file; without the file where there are none.
    pub(super) fn with(&self, kind: &DocumentKind, bytes: Option<Vec<u8>>) -> Self {
        let mut other = self.clone();
        match bytes {
            Some(bytes) => {
                other.files.iter_mut().filter(|file| file.kind == *kind).for_each(|file| file.bytes.clone_from(&bytes));
            }
            None => other.files.retain(|file| file.kind != *kind),
        }
        other
    }

    fn documents(&self) -> Vec<Document> {
        let vocabulary = Vocabulary::new(self.asked.authority.document_names());
        let subject = Subject { person: person(), date_of_birth: None, initials: None };
        let contents = self.files.iter().flat_map(|file| open(&file.name, &file.bytes));
        let recognised = contents
            .map(|contents| recognise(&contents, &self.asked.authority.name, &vocabulary, &subject, self.now.date()));
        recognised.collect()
    }

    /// What the check says.
    pub(super) fn check(&self) -> Checked {
        let Asked { profile, form, office, .. } = self.asked;
        let submission = self.submission();
        let facts = self.facts(&submission);
        let case = Case {
            submission: &submission,
            person: person(),
            fields: &form.field_rules(),
            documents: &self.documents(),
            facts: &facts,
            profile,
            sitting: self.sitting.as_ref(),
            office,
            now: &self.now,
            slot: None,
            twins: &[],
            waivers: &[],
            forms: &[],
        };
        check(&case)
    }

    /// Every amount on the form is this one, in pence; tables have one row.
    pub(super) fn amounts(&mut self, pence: i64) {
        self.money = pence;
        let money = self.asked.form.fields.iter().filter(|field| field.kind == FieldType::Money);
        for field in money {
            self.answers.insert(field.name.clone(), Value::Money(pence));
        }
    }

    /// The request comes a way round the panel: decided as the policy lets it be, and on the day.
    pub(super) fn decide_outside(&mut self, route: &crate::panel::Route, on: Date) {
        if let Some(field) = &route.decided_on {
            self.answers.insert(field.as_str().into(), Value::Date(on));
        }
        if let (Some(field), Some(role)) = (&route.role_field, route.decided_by.first()) {
            self.answers.insert(field.as_str().into(), Value::Choice(role.as_str().into()));
        }
    }
}

fn person() -> PersonId {
    PERSON.parse().unwrap()
}
