//! Approving on a page: what waits, with exactly what it writes, and approving what was seen and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::installation::Installation;
use super::outcomes::{approve_one, not_approved_by, shown};
use super::outcomes_workbook::moment;
use super::{Actor, Failure, OutcomeListed, OutcomesApproved, Workplace};
use crate::calendar::Clock;
use crate::domain::SubmissionId;
use crate::ledger::OutcomeRow;

/// The outcomes that wait for approval, earliest sitting first, each with exactly what it writes.
///
/// `limit` counts requests, which are there with all of their children. That each was looked at is in the trail.
pub fn outcomes_waiting(
    workplace: &Workplace,
    clock: Clock,
    actor: &Actor,
    panel: Option<&str>,
    date: Option<Date>,
    limit: u32,
) -> Result<Vec<OutcomeListed>, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let panel = panel.map(|panel| installation.rules.panel(panel, &installation.configuration)).transpose()?;
    let panel = panel.map(|profile| profile.name.clone());
    let rows = installation.ledger.outcomes_to_approve(&workplace.served(), panel.as_ref(), date, limit)?;
    let listed = rows.iter().map(|row| shown(&installation, actor, row)).collect::<Result<Vec<_>, _>>()?;
    let viewed: BTreeSet<&str> = listed.iter().map(|outcome| outcome.submission.as_str()).collect();
    installation.ledger.audit_views(actor, viewed)?;
    Ok(listed)
}

/// Approves the revisions that somebody has seen: request, child, sitting and revision of each.
///
/// One that is not what waits now is not approved; [`OutcomesApproved::not_approved`] says so under
/// `REQUEST, person PERSON`.
pub fn outcomes_approve_seen(
    workplace: &Workplace,
    clock: Clock,
    actor: &Actor,
    seen: &[(SubmissionId, String, Date, u32)],
) -> Result<OutcomesApproved, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let _lock = installation.ledger.lock()?;
    let mut report = OutcomesApproved { approved: Vec::new(), not_approved: BTreeMap::new(), write_backs: 0 };
    // What is named twice is approved once.
    let seen: BTreeSet<&(SubmissionId, String, Date, u32)> = seen.iter().collect();
    for (id, person, sitting, revision) in seen {
        let rows = installation.ledger.outcomes(Some(id))?;
        let is_its = |row: &&OutcomeRow| row.outcome.person.to_string() == *person && row.outcome.sitting == *sitting;
        let latest = rows.iter().rfind(is_its);
        match latest.ok_or_else(|| "it has no outcome of that sitting".to_owned()) {
            Ok(latest) => match not_approved_as_seen(&installation, actor, latest, *revision) {
                None => {
                    report.write_backs += approve_one(&mut installation, actor, &latest.outcome)?;
                    report.approved.push(id.clone());
                }
                Some(why) => drop(report.not_approved.insert(name(id, person), why)),
            },
            Err(why) => drop(report.not_approved.insert(name(id, person), why)),
        }
    }
    report.approved.dedup();
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
