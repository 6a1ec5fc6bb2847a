//! `figures pre-proceedings`: what councils report of pre-proceedings and look up by hand.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::{Date, date};
use serde::Serialize;

use super::Failure;
use super::installation::Installation;
use super::ledger::as_text;
use super::sittings::served;
use crate::domain::{AuthorityName, Outcome, PersonId, SubmissionId};
use crate::learning::{COLUMNS, Child, PreProceedingsRow, Turn, Turned};
use crate::ledger::Seen;
use crate::panel::{PreProceedingsRule, Profile};
use crate::report;

/// What is older than anything that tessera reads.
const EVER: Date = date(1900, 1, 1);

/// Each child with pre-proceedings, by authority and person.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct PreProceedings {
    /// A line a child.
    pub rows: Vec<PreProceedingsRow>,
}

/// What is known of an authority's pre-proceedings.
#[derive(Default)]
struct Authority {
    rule: PreProceedingsRule,
    turned: BTreeMap<PersonId, Vec<Turned>>,
}

impl Installation {
    /// The pre-proceedings columns of every child who is or was in them. That somebody took them away stands in the audit
    /// trail, with each child.
    pub fn pre_proceedings(&mut self) -> Result<PreProceedings, Failure> {
        let mut rows = Vec::new();
        for (name, authority) in &authorities(self)? {
            rows.extend(of_authority(self, name, authority)?);
        }
        let mut seen = Seen::default();
        rows.iter().for_each(|row: &PreProceedingsRow| seen.person(row.person));
        self.viewed("pre-proceedings", &seen)?;
        Ok(PreProceedings { rows })
    }
}

/// What the panels of each authority say and have decided.
fn authorities(installation: &Installation) -> Result<BTreeMap<AuthorityName, Authority>, Failure> {
    let mut authorities: BTreeMap<AuthorityName, Authority> = BTreeMap::new();
    for profile in served(installation, None)? {
        let Some(rule) = &profile.pre_proceedings else { continue };
        let authority = authorities.entry(profile.name.authority()).or_default();
        authority.rule.and_of_the_record(rule);
        for (person, turned) in turned(installation, profile, rule)? {
            authority.turned.entry(person).or_default().push(turned);
        }
    }
    Ok(authorities)
}

/// What a panel has decided about pre-proceedings: the last word on each request and child.
fn turned(
    installation: &Installation,
    profile: &Profile,
    rule: &PreProceedingsRule,
) -> Result<Vec<(PersonId, Turned)>, Failure> {
    let mut last: BTreeMap<(SubmissionId, PersonId, Date), Outcome> = BTreeMap::new();
    for outcome in installation.ledger.outcomes_approved_since(&profile.name, EVER)? {
        last.insert((outcome.submission.clone(), outcome.person, outcome.sitting), outcome);
    }
    let mut turned = Vec::new();
    for ((submission, person, sitting), outcome) in last {
        let is = |decisions: &[String]| decisions.contains(&outcome.decision.decision);
        let turns =
            [(&rule.decided_with, Turn::Begins), (&rule.issue, Turn::Issues), (&rule.step_down, Turn::StepsDown)];
        let Some((_, turn)) = turns.into_iter().find(|(decisions, _)| is(decisions)) else { continue };
        let row = installation.ledger.submission(&submission)?;
        let is_of_several = row.is_some_and(|row| row.submission.people.len() > 1);
        turned.push((person, Turned { sitting, turn, submission, is_of_several }));
    }
    Ok(turned)
}

fn of_authority(
    installation: &Installation,
    name: &AuthorityName,
    authority: &Authority,
) -> Result<Vec<PreProceedingsRow>, Failure> {
    let ledger = &installation.ledger;
    let today = installation.clock.now_in(&installation.rules.office(name)?.zone).date();
    let mut people: std::collections::BTreeSet<PersonId> = authority.turned.keys().copied().collect();
    for kind in &authority.rule.events {
        people.extend(ledger.events_since(name, kind, EVER, today)?.into_iter().map(|event| event.person));
    }
    let mut rows = Vec::new();
    for person in people {
        let mut events = ledger.events(name, person)?;
        events.retain(|event| event.on <= today);
        let child = Child {
            authority: name.clone(),
            person,
            turned: authority.turned.get(&person).cloned().unwrap_or_default(),
            events,
            documents: ledger.documents(name, person)?,
        };
        rows.extend(PreProceedingsRow::of(&authority.rule, &child));
    }
    Ok(rows)
}

impl PreProceedings {
    /// As CSV (RFC 4180), with the names of the columns.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut written = writer.write_record(COLUMNS);
        for row in &self.rows {
            written = written.and_then(|()| writer.write_record(row.cells.iter().map(|cell| as_text(cell))));
        }
        // Writing to memory does not fail.
        drop(written);
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// Writes it to a file that only its owner may read.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let written = report::private_file(path, self.csv().as_bytes());
        let written = written.with_context(|| format!("write {}", path.display()));
        written.map_err(|error| Failure::failed(error, "name a file where you may write"))
    }
}
