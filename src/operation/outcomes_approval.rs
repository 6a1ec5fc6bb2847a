//! Approving on a page: what waits, with exactly what it writes, and approving what was seen and nothing else.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::installation::{Installation, Writing as _};
use super::outcomes::{approve_one, not_approved_by, shown};
use super::outcomes_workbook::moment;
use super::seen::seen_on;
use super::{Actor, Failure, OutcomeListed, OutcomesApproved};
use crate::domain::SubmissionId;
use crate::ledger::OutcomeRow;

impl Installation {
    /// The outcomes that wait for approval, earliest sitting first, each with exactly what it writes.
    ///
    /// `limit` counts requests, which are there with all of their children. That they were looked at is in the trail.
    pub fn outcomes_waiting(
        &mut self,
        panel: Option<&str>,
        date: Option<Date>,
        limit: u32,
    ) -> Result<Vec<OutcomeListed>, Failure> {
        let panel = panel.map(|panel| self.rules.panel(panel, &self.configuration)).transpose()?;
        let panel = panel.map(|profile| profile.name.clone());
        let rows = self.ledger.outcomes_to_approve(&self.served(), panel.as_ref(), date, limit)?;
        let listed = rows.iter().map(|row| shown(self, &self.actor, row)).collect::<Result<Vec<_>, _>>()?;
        self.viewed("outcomes that wait for approval", &seen_on(&listed))?;
        Ok(listed)
    }

    /// Approves the revisions that somebody has seen: request, child, sitting and revision of each.
    ///
    /// One that is not what waits now is not approved; [`OutcomesApproved::not_approved`] says so under
    /// `REQUEST, person PERSON`.
    pub fn outcomes_approve_seen(
        &mut self,
        seen: &[(SubmissionId, String, Date, u32)],
    ) -> Result<OutcomesApproved, Failure> {
        // What is named twice is approved once.
        let seen: BTreeSet<&(SubmissionId, String, Date, u32)> = seen.iter().collect();
        let its_name = |seen: &&(SubmissionId, String, Date, u32)| name(&seen.0, &seen.1);
        // Whatever is compared is still so when it is approved.
        OutcomesApproved::of_each(seen, its_name, |seen| self.atomically(|all| approve_seen(all, seen)))
    }
}

fn approve_seen(
    all: &mut Installation,
    (id, person, sitting, revision): &(SubmissionId, String, Date, u32),
) -> Result<OutcomesApproved, Failure> {
    let mut report = OutcomesApproved::default();
    let rows = all.ledger.outcomes(Some(id))?;
    let is_its = |row: &&OutcomeRow| row.outcome.person.to_string() == *person && row.outcome.sitting == *sitting;
    let latest = rows.iter().rfind(is_its);
    let why = latest.map_or_else(
        || Some("it has no outcome of that sitting".to_owned()),
        |latest| not_approved_as_seen(all, &all.actor, latest, *revision),
    );
    match (latest, why) {
        (Some(latest), None) => {
            report.write_backs = approve_one(all, &all.actor.clone(), &latest.outcome)?;
            report.approved.push(id.clone());
        }
        (_, why) => drop(report.not_approved.insert(name(id, person), why.unwrap_or_default())),
    }
    Ok(report)
}

fn name(id: &SubmissionId, person: &str) -> String {
    format!("{id}, person {person}")
}

/// Why the latest revision is not approved by somebody who has seen another one, or who may not.
fn not_approved_as_seen(
    installation: &Installation,
    actor: &Actor,
    latest: &OutcomeRow,
    seen_revision: u32,
) -> Option<String> {
    let OutcomeRow { outcome, loaded_by, at, .. } = latest;
    if outcome.revision == seen_revision {
        return not_approved_by(installation, actor, latest);
    }
    let at = moment(&installation.rules, &outcome.panel.authority(), at);
    let revision = outcome.revision;
    Some(format!(
        "{loaded_by} recorded revision {revision} on {at}, and what you have seen is revision {seen_revision}"
    ))
}
