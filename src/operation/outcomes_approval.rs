//! Approving on a page: what waits, with exactly what it writes, and approving what was seen and nothing else.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::installation::{Installation, Writing as _};
use super::outcomes::{Change, approve_one, no_longer_waits, not_approved_by, shown, tell_decided, told};
use super::outcomes_workbook::moment;
use super::seen::seen_on;
use super::{Actor, Failure, OutcomeListed, OutcomesApproved, Thing};
use crate::domain::{Outcome, OutcomeState, SubmissionId};
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
        OutcomesApproved::of_each(seen, its_name, |seen| {
            let (mut report, changes) = self.atomically(|all| approve_seen(all, seen))?;
            report.write_backs = told(&changes);
            Ok(report)
        })
    }
}

impl Installation {
    /// Turns down the revision of one child's outcome that somebody has seen. One that was recorded since waits on.
    ///
    /// # Errors
    ///
    /// Another revision was recorded, or somebody has decided on it already.
    pub fn outcome_reject_seen(
        &mut self,
        (id, person, sitting, revision): &(SubmissionId, String, Date, u32),
        reason: &str,
    ) -> Result<(), Failure> {
        let rejected = self.atomically(|all| {
            let rows = all.ledger.outcomes(Some(id))?;
            let Some(latest) = latest_of(&rows, person, *sitting) else {
                return Err(Failure::not_found(Thing::Outcome, id));
            };
            let Outcome { state, revision: now, .. } = latest.outcome;
            if now != *revision {
                let what =
                    format_args!("revision {now} of the outcome was recorded since revision {revision} was seen");
                return Err(Failure::conflict(what, "look at it again").on_page(
                    "This outcome was recorded again since you opened the page. Nothing was changed.",
                    "Open the list again, read what is recorded now, and decide on that.",
                ));
            }
            if state != OutcomeState::Loaded {
                return Err(no_longer_waits(id));
            }
            all.ledger.decide_outcome(&latest.outcome, OutcomeState::Rejected, Some(reason), &all.actor)?;
            Ok(latest.outcome.clone())
        })?;
        tell_decided(&rejected, OutcomeState::Rejected);
        Ok(())
    }
}

fn latest_of<'r>(rows: &'r [OutcomeRow], person: &str, sitting: Date) -> Option<&'r OutcomeRow> {
    rows.iter().rfind(|row| row.outcome.person.to_string() == person && row.outcome.sitting == sitting)
}

fn approve_seen(
    all: &mut Installation,
    (id, person, sitting, revision): &(SubmissionId, String, Date, u32),
) -> Result<(OutcomesApproved, Vec<Change>), Failure> {
    let mut report = OutcomesApproved::default();
    let rows = all.ledger.outcomes(Some(id))?;
    let latest = latest_of(&rows, person, *sitting);
    let why = latest.map_or_else(
        || Some("it has no outcome of that sitting".to_owned()),
        |latest| not_approved_as_seen(all, &all.actor, latest, *revision),
    );
    if let (Some(latest), None) = (latest, &why) {
        let changes = approve_one(all, &all.actor.clone(), &latest.outcome)?;
        report.approved.push(id.clone());
        return Ok((report, changes));
    }
    report.not_approved.insert(name(id, person), why.unwrap_or_default());
    Ok((report, Vec::new()))
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
