//! What stands over from panel to panel, as far as profiles tell it today: children who are followed, invitations that
//! are due, decisions that come back.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use serde::Serialize;

use super::agenda::{arising, due, first_that_counts, tracked};
use super::installation::Installation;
use super::sittings::served;
use super::{Actor, Arising, Failure, InvitationDue, Tracked, Workplace};
use crate::calendar::Clock;
use crate::domain::PanelName;

/// How far ahead decisions are shown that come back.
const WEEKS_AHEAD: i64 = 4;

/// What stands over.
#[derive(Debug, Default, Serialize)]
pub struct Standing {
    /// Lists of children who are followed.
    pub trackers: Vec<TrackerShown>,
    /// What is due.
    pub duties: Vec<PanelDuties>,
}

/// A list of children who are followed.
#[derive(Debug, Serialize)]
pub struct TrackerShown {
    /// The panel that follows them.
    pub panel: PanelName,
    /// What a person calls the panel.
    pub panel_title: String,
    /// What a person calls the list.
    pub title: String,
    /// The clause.
    pub policy: String,
    /// The children, those who are followed for longest first.
    pub children: Vec<Tracked>,
}

/// What is due for a panel.
#[derive(Debug, Serialize)]
pub struct PanelDuties {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// Who is to be invited.
    pub invitations: Vec<InvitationDue>,
    /// What comes back within the next weeks.
    pub arising: Vec<Arising>,
}

/// What stands over at every panel. That somebody looked stands in the audit trail.
pub fn standing(workplace: &Workplace, clock: Clock, actor: &Actor) -> Result<Standing, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let mut standing = Standing::default();
    for profile in served(&installation, None)? {
        let authority = profile.name.authority();
        let office = installation.rules.office(&authority)?;
        let today = clock.now_in(&office.zone).date();
        let followed = profile.agenda.iter().filter(|item| !item.tracks.is_empty());
        for item in followed {
            let kinds: BTreeSet<&str> = item.tracks.iter().map(|track| track.event.as_str()).collect();
            let mut events = Vec::new();
            for kind in kinds {
                events.extend(installation.ledger.events_open(&authority, kind, today)?);
            }
            let mut children: Vec<Tracked> =
                item.tracks.iter().flat_map(|track| tracked(track, &events, today)).collect();
            children.sort_by(|one, other| (one.since, &one.person).cmp(&(other.since, &other.person)));
            standing.trackers.push(TrackerShown {
                panel: profile.name.clone(),
                panel_title: profile.title.clone(),
                title: item.title.clone(),
                policy: item.policy.clone(),
                children,
            });
        }
        let mut invitations = Vec::new();
        for invitation in &profile.invitations {
            let since = first_that_counts(invitation, today, office);
            let kind = &invitation.deadline.anchor().name;
            let events = installation.ledger.events_since(&authority, kind, since, today)?;
            invitations.extend(due(invitation, &events, today, office, installation.rules.authority(&authority)?));
        }
        let arising = arising(&installation, profile, today.saturating_add(WEEKS_AHEAD.weeks()))?;
        if !invitations.is_empty() || !arising.is_empty() {
            let (panel, title) = (profile.name.clone(), profile.title.clone());
            standing.duties.push(PanelDuties { panel, title, invitations, arising });
        }
    }
    installation.ledger.audit_view(actor, "duties and trackers")?;
    Ok(standing)
}
