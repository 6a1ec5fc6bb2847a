//! What is known of the facts that conditions hang on, and who says so.

use std::collections::BTreeMap;

use crate::domain::{Event, Fact, FactSource, FactValue};
use crate::panel::Profile;

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
    /// precedence).
    pub fn gather(
        profile: &Profile,
        answers: Vec<Fact>,
        events: &[Event],
        heard_before: bool,
        stated: &[Stated],
    ) -> Self {
        let mut known = Self::default();
        answers.into_iter().for_each(|fact| known.add(fact));
        for (name, question) in &profile.facts {
            known.facts.entry(name.clone()).or_default();
            let event = events.iter().find(|event| question.events.iter().any(|kind| **kind == *event.kind));
            if let Some(event) = event {
                let read_at = Some(event.source.clone());
                known.add(Fact { name: name.clone(), value: FactValue::Yes, source: FactSource::Event, read_at });
            }
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

    fn add(&mut self, fact: Fact) {
        let known = self.facts.entry(fact.name.clone()).or_default();
        known.push(fact);
        known.sort_by(|one, other| one.source.cmp(&other.source));
    }

    /// What is known of a fact: the word of whoever stands first among those who know.
    pub fn value(&self, name: &str) -> FactValue {
        let facts = self.facts.get(name).into_iter().flatten();
        facts.map(|fact| fact.value).find(|value| *value != FactValue::Unknown).unwrap_or(FactValue::Unknown)
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
