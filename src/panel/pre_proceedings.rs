//! What a panel's decisions, and an authority's events and documents, say of pre-proceedings.

use super::load_outcome::known_decision;
use super::names::{Names, text};
use super::{Choice, OutcomeForm};
use crate::diagnostic::Table;

/// How pre-proceedings are known: where they are decided, and what the record says of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreProceedingsRule {
    /// Decisions of the panel that begin them.
    pub decided_with: Vec<String>,
    /// Decisions that end them with an application to the court.
    pub issue: Vec<String>,
    /// Decisions that end them and step down.
    pub step_down: Vec<String>,
    /// Kinds of event that go on as long as they do.
    pub events: Vec<String>,
    /// Kinds of event of the first meeting with the parents.
    pub first_meeting: Vec<String>,
    /// Kinds of event of the meetings after it.
    pub reviews: Vec<String>,
    /// Kinds of event that go on as long as care proceedings do.
    pub proceedings: Vec<String>,
    /// Kinds of event of a hearing.
    pub hearings: Vec<String>,
    /// Kinds of document that tell the parents of pre-proceedings.
    pub letter: Vec<String>,
    /// Kinds of document that tell the parents of the application.
    pub issue_letter: Vec<String>,
    /// The clause.
    pub policy: String,
}

impl PreProceedingsRule {
    /// What another panel of the authority knows of the record besides. Decisions are each panel's own.
    pub fn and_of_the_record(&mut self, other: &Self) {
        let lists = [
            (&mut self.events, &other.events),
            (&mut self.first_meeting, &other.first_meeting),
            (&mut self.reviews, &other.reviews),
            (&mut self.proceedings, &other.proceedings),
            (&mut self.hearings, &other.hearings),
            (&mut self.letter, &other.letter),
            (&mut self.issue_letter, &other.issue_letter),
        ];
        for (own, theirs) in lists {
            let new: Vec<String> = theirs.iter().filter(|kind| !own.contains(kind)).cloned().collect();
            own.extend(new);
        }
    }
}

/// `[pre-proceedings]`.
pub(super) fn pre_proceedings(
    root: &Table<'_, '_>,
    names: &Names<'_>,
    outcome: &OutcomeForm,
) -> Option<PreProceedingsRule> {
    let table = root.table("pre-proceedings")?;
    let events = |key: &str| -> Vec<String> {
        let kinds = table.texts(key).into_iter().inspect(|kind| names.event(&table, kind));
        kinds.map(|kind| kind.value).collect()
    };
    let documents = |key: &str| -> Vec<String> {
        let kinds = table.texts(key).into_iter().inspect(|kind| names.document(&table, kind));
        kinds.map(|kind| kind.value).collect()
    };
    let ends = table.table("outcome");
    let ended = |key: &str| ends.as_ref().map(|ends| decisions(ends, key, &outcome.decisions)).unwrap_or_default();
    let rule = PreProceedingsRule {
        decided_with: decisions(&table, "decided-with", &outcome.decisions),
        issue: ended("issue"),
        step_down: ended("step-down"),
        events: events("events"),
        first_meeting: events("first-meeting"),
        reviews: events("reviews"),
        proceedings: events("proceedings"),
        hearings: events("hearings"),
        letter: documents("letter"),
        issue_letter: documents("issue-letter"),
        policy: text(&table, "policy"),
    };
    if rule.decided_with.is_empty() && rule.events.is_empty() {
        let help = "name decisions under `decided-with`, or kinds of event under `events`".to_owned();
        table.document().error(table.span(), "nothing says which children are in pre-proceedings", Some(help));
    }
    if let (Some(both), Some(ends)) = (rule.issue.iter().find(|one| rule.step_down.contains(one)), &ends) {
        let help = "take it out of one of the two".to_owned();
        ends.document().error(ends.span(), format!("`{both}` stands under `issue` and under `step-down`"), Some(help));
    }
    table.required("policy");
    ends.into_iter().for_each(Table::finish);
    table.finish();
    Some(rule)
}

fn decisions(table: &Table<'_, '_>, key: &str, known: &[Choice]) -> Vec<String> {
    let given = table.texts(key).into_iter().inspect(|decision| known_decision(table, decision, known));
    given.map(|decision| decision.value).collect()
}
