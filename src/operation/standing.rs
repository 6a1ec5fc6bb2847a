//! What stands over from panel to panel, as far as profiles tell it today: children who are followed, invitations that
//! are due, decisions that come back.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::agenda::{arising, due, first_that_counts, tracked};
use super::installation::Installation;
use super::sittings::served;
use super::{Actor, Arising, Failure, InvitationDue, Tracked, Workplace};
use crate::calendar::Clock;
use crate::domain::PanelName;
use crate::panel::{AgendaItem, Profile};

/// How far ahead decisions are shown that come back.
const WEEKS_AHEAD: i64 = 4;
/// How far back: what was due before has stood on an agenda since.
const WEEKS_BACK: i64 = 4;

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
    /// Those who are followed for longest.
    pub children: Vec<Tracked>,
    /// How many are followed in all.
    pub in_all: u64,
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

/// The children whom each panel follows, of each list so many. That somebody looked stands in the audit trail.
pub fn trackers(
    workplace: &Workplace,
    clock: Clock,
    actor: &Actor,
    children_max: u32,
) -> Result<Vec<TrackerShown>, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let mut trackers = Vec::new();
    for profile in served(&installation, None)? {
        for item in profile.agenda.iter().filter(|item| !item.tracks.is_empty()) {
            trackers.push(tracker(&installation, profile, item, children_max)?);
        }
    }
    installation.ledger.audit_view(actor, "trackers")?;
    Ok(trackers)
}

fn tracker(
    installation: &Installation,
    profile: &Profile,
    item: &AgendaItem,
    children_max: u32,
) -> Result<TrackerShown, Failure> {
    let authority = profile.name.authority();
    let today = today(installation, profile)?;
    let (mut children, mut in_all) = (Vec::new(), 0);
    for track in &item.tracks {
        let began_by = track.began_by(today);
        in_all += installation.ledger.events_going_on(&authority, &track.event, today, began_by)?;
        let longest = installation.ledger.events_longest(&authority, &track.event, today, began_by, children_max)?;
        children.extend(tracked(track, &longest, today));
    }
    children.sort_by(|one, other| (one.since, &one.person).cmp(&(other.since, &other.person)));
    children.truncate(usize::try_from(children_max).unwrap_or(usize::MAX));
    Ok(TrackerShown {
        panel: profile.name.clone(),
        panel_title: profile.title.clone(),
        title: item.title.clone(),
        policy: item.policy.clone(),
        children,
        in_all,
    })
}

fn today(installation: &Installation, profile: &Profile) -> Result<Date, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    Ok(installation.clock.now_in(&office.zone).date())
}

/// What is due at every panel. That somebody looked stands in the audit trail.
pub fn duties(workplace: &Workplace, clock: Clock, actor: &Actor) -> Result<Vec<PanelDuties>, Failure> {
    let mut installation = Installation::open(workplace, clock, actor)?;
    let mut duties = Vec::new();
    for profile in served(&installation, None)? {
        let of_panel = of_panel(&installation, profile)?;
        duties.extend((!of_panel.invitations.is_empty() || !of_panel.arising.is_empty()).then_some(of_panel));
    }
    installation.ledger.audit_view(actor, "duties")?;
    Ok(duties)
}

fn of_panel(installation: &Installation, profile: &Profile) -> Result<PanelDuties, Failure> {
    let authority = profile.name.authority();
    let office = installation.rules.office(&authority)?;
    let today = today(installation, profile)?;
    let mut invitations = Vec::new();
    for invitation in &profile.invitations {
        let since = first_that_counts(invitation, today, office);
        let kind = &invitation.deadline.anchor().name;
        let events = installation.ledger.events_since(&authority, kind, since, today)?;
        invitations.extend(due(invitation, &events, today, office, installation.rules.authority(&authority)?));
    }
    let (since, until) = (today.saturating_sub(WEEKS_BACK.weeks()), today.saturating_add(WEEKS_AHEAD.weeks()));
    let arising = arising(installation, profile, since, until)?;
    Ok(PanelDuties { panel: profile.name.clone(), title: profile.title.clone(), invitations, arising })
}
