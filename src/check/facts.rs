//! What is known of the facts that conditions hang on, and who says so.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{Event, Fact, FactSource, FactValue};
use crate::panel::{Condition, FactQuestion, Profile};

/// A fact as a person states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Its name.
    pub name: String,
    /// Whether it is so.
    pub value: bool,
}

/// The facts of a request: what each is, and who says otherwise.
#[derive(Debug, Clone, Default)]
pub struct KnownFacts {
    facts: BTreeMap<String, Vec<Fact>>,
}

impl KnownFacts {
    /// Puts together what the form, the record, the ledger and people say (DESIGN section 7, in that order of falling
    /// precedence), as it will be on a day: that of the sitting.
    pub fn gather(
        profile: &Profile,
        answers: Vec<Fact>,
        events: &[Event],
        heard_before: bool,
        stated: &[Stated],
        on: Date,
    ) -> Self {
        let mut known = Self::default();
        answers.into_iter().for_each(|fact| known.add(fact));
        for (name, question) in &profile.facts {
            known.facts.entry(name.clone()).or_default();
            known.facts.get_mut(name).into_iter().for_each(|facts| facts.extend(by_events(name, question, events, on)));
            if question.heard_before {
                // That tessera has seen nothing is no proof that there was nothing before it came.
                let value = if heard_before { FactValue::Yes } else { FactValue::Unknown };
                known.add(Fact { name: name.clone(), value, source: FactSource::Ledger, read_at: None });
            }
        }
        for fact in stated {
            let value = if fact.value { FactValue::Yes } else { FactValue::No };
            known.add(Fact { name: fact.name.clone(), value, source: FactSource::Stated, read_at: None });
        }
        known
    }

    /// Whether a condition holds.
    pub fn holds(&self, condition: &Condition) -> FactValue {
        let any = |facts: &[String]| {
            let values = facts.iter().map(|fact| self.value(fact));
            values.fold(FactValue::No, |so_far, value| match (so_far, value) {
                (FactValue::Yes, _) | (_, FactValue::Yes) => FactValue::Yes,
                (FactValue::Unknown, _) | (_, FactValue::Unknown) => FactValue::Unknown,
                _ => FactValue::No,
            })
        };
        let wanted = if condition.when.is_empty() { FactValue::Yes } else { any(&condition.when) };
        match (wanted, any(&condition.unless)) {
            (FactValue::No, _) | (_, FactValue::Yes) => FactValue::No,
            (FactValue::Unknown, _) | (_, FactValue::Unknown) => FactValue::Unknown,
            (FactValue::Yes, FactValue::No) => FactValue::Yes,
        }
    }

    fn add(&mut self, fact: Fact) {
        let known = self.facts.entry(fact.name.clone()).or_default();
        known.push(fact);
        known.sort_by(|one, other| one.source.cmp(&other.source));
    }

    /// What is known of a fact: the word of whoever stands first among those who know.
    pub fn value(&self, name: &str) -> FactValue {
        self.known(name).map_or(FactValue::Unknown, |fact| fact.value)
    }

    /// The word of whoever stands first among those who know a fact; `None` where nobody does.
    pub fn known(&self, name: &str) -> Option<&Fact> {
        self.facts.get(name)?.iter().find(|fact| fact.value != FactValue::Unknown)
    }

    /// Facts about which two sources disagree.
    pub fn contradictions(&self) -> impl Iterator<Item = (&Fact, &Fact)> {
        self.facts.values().filter_map(|facts| {
            let known: Vec<&Fact> = facts.iter().filter(|fact| fact.value != FactValue::Unknown).collect();
            let (first, rest) = known.split_first()?;
            rest.iter().find(|fact| fact.value != first.value).map(|other| (*first, *other))
        })
    }

    /// Every fact with what is known of it, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, FactValue)> {
        self.facts.keys().map(|name| (name.as_str(), self.value(name)))
    }
}

/// What the happenings on the record say of a fact. That none is there says nothing.
fn by_events(name: &str, question: &FactQuestion, events: &[Event], on: Date) -> Option<Fact> {
    let of_kind = || events.iter().filter(|event| question.events.iter().any(|kind| **kind == *event.kind));
    let fact = |value, event: &Event| Fact {
        name: name.to_owned(),
        value,
        source: FactSource::Event,
        read_at: Some(event.source.clone()),
    };
    let Some(open_for) = question.open_for else { return of_kind().next().map(|event| fact(FactValue::Yes, event)) };
    let goes_on = |event: &&Event| event.on <= on && event.until.is_none_or(|until| until >= on);
    let long_enough = |event: &&Event| event.on.saturating_add(open_for) <= on;
    let open = || of_kind().filter(goes_on);
    let long = open().find(long_enough).map(|event| fact(FactValue::Yes, event));
    long.or_else(|| open().next().map(|event| fact(FactValue::No, event)))
}
