//! `agenda`: what a sitting hears, in the order of the panel's own agenda, and whom to chase before it.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::check::{checked_panel, sitting_on};
use super::duties::{DutyListed, outstanding};
use super::installation::Installation;
use super::seen::seen_on;
use super::trackers::is_anothers;
use super::{CheckedRequest, Failure};
use crate::calendar::{Deadline, Office, with_offset};
use crate::domain::{DutyState, Event, Outcome, PanelName, SubmissionId, Verdict};
use crate::duty::{Occasion, of_outcome};
use crate::mapping::Authority;
use crate::panel::{AgendaItem, DueBy, Invitation, Profile, Sitting, Track};
use crate::report;

/// The agenda of a sitting.
#[derive(Debug, Serialize)]
pub struct Agenda {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// The sitting.
    pub sitting: Sitting,
    /// By when the papers go to the members, with offset; nothing where the sitting falls away.
    pub circulate_by: Option<String>,
    #[serde(skip)]
    pub(super) circulate_in_words: Option<String>,
    /// How many requests it can hear, where the policy names slots.
    pub slots: Option<usize>,
    /// Its items, in order.
    pub items: Vec<AgendaEntry>,
    /// Who is to be invited by now or by the day of the sitting.
    pub invitations: Vec<InvitationDue>,
    /// What is still to be done of what the panel has somebody do, due by the day of the sitting; with the first page of
    /// a long sitting only.
    pub outstanding: Vec<DutyListed>,
    /// Every request, checked.
    pub requests: Vec<CheckedRequest>,
}

/// One item of an agenda.
#[derive(Debug, Serialize)]
pub struct AgendaEntry {
    /// What a person is shown.
    pub title: String,
    /// The clause.
    pub policy: String,
    /// The requests heard under it.
    pub requests: Vec<Heard>,
    /// Children who are followed under it.
    pub tracked: Vec<Tracked>,
    /// What was decided at an earlier sitting and comes back.
    pub arising: Vec<Arising>,
}

/// A request that is heard.
#[derive(Debug, Serialize)]
pub struct Heard {
    /// When its slot begins, where the policy names slots.
    pub at: Option<String>,
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// What it asks for.
    pub kinds: Vec<String>,
    /// What the check says.
    pub verdict: Verdict,
    /// What still blocks it.
    pub lacks: Vec<String>,
    /// What those who hear it should know besides.
    pub to_know: Vec<String>,
}

/// A child who is followed.
#[derive(Debug, Serialize)]
pub struct Tracked {
    /// The child.
    pub person: String,
    /// What goes on.
    pub event: String,
    /// Since when.
    pub since: Date,
    /// For how many days on the day of the sitting.
    pub days: i64,
}

/// Something that comes back.
#[derive(Debug, Serialize)]
pub struct Arising {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// When it was decided.
    pub decided_on: Date,
    /// What was decided.
    pub decision: String,
    /// When it is due back.
    pub due_on: Date,
}

/// Somebody who is to be invited.
#[derive(Debug, Serialize)]
pub struct InvitationDue {
    /// The child.
    pub person: String,
    /// What it is for.
    pub name: String,
    /// The roles that are invited.
    pub roles: Vec<String>,
    /// Those roles, as a person reads them.
    #[serde(skip)]
    pub(super) titles: Vec<String>,
    /// The day from which it counts.
    pub since: Date,
    /// Until when.
    pub due_on: Date,
    /// The clause.
    pub policy: String,
}

impl Installation {
    /// Makes the agenda of a sitting. That somebody looked at it stands in the audit trail.
    pub fn agenda(&mut self, panel: &str, date: Date) -> Result<Agenda, Failure> {
        let profile = self.rules.panel(panel, &self.configuration)?.clone();
        let sitting = sitting_on(self, &profile, date)?;
        let requests = checked_panel(self, &profile, Some(&sitting), &[])?;
        let agenda = agenda_of(self, &profile, sitting, requests, 0)?;
        self.viewed(&format!("agenda {} {date}", agenda.panel), &seen_on([&agenda]))?;
        Ok(agenda)
    }
}

/// The agenda of a sitting with these requests, before which so many others are heard.
pub(super) fn agenda_of(
    installation: &Installation,
    profile: &Profile,
    sitting: Sitting,
    requests: Vec<CheckedRequest>,
    before: usize,
) -> Result<Agenda, Failure> {
    let name = profile.name.authority();
    let office = installation.rules.office(&name)?;
    let authority = installation.rules.authority(&name)?;
    let date = sitting.date;
    let circulation = profile.circulation.as_ref().filter(|_| sitting.cancelled.is_none());
    let circulate_by = circulation.map(|circulation| circulation.deadline.due(&sitting.starts, office).at);
    let mut events = Vec::new();
    for kind in tracked_kinds(profile) {
        for event in installation.ledger.events_open(&name, kind, date)? {
            if !is_anothers(installation, profile, event.person)? {
                events.push(event);
            }
        }
    }
    let mut items = items(profile, &sitting, &requests, &events, before);
    let arising = arising(installation, profile, date.saturating_sub(MONTHS_BACK.months()), date)?;
    let mut outstanding = if before == 0 { outstanding(installation, profile, date)? } else { Vec::new() };
    // What comes back is an item of its own.
    outstanding.retain(|duty| {
        !arising.iter().any(|one| duty.submission.as_ref() == Some(&one.submission) && duty.is_due_on(one.due_on))
    });
    if let Some(item) =
        items.iter_mut().zip(&profile.agenda).find(|(_, item)| item.matters_arising).map(|(entry, _)| entry)
    {
        item.arising = arising;
    } else if !arising.is_empty() {
        let policy = profile.policy.clone();
        let title = "Matters arising".to_owned();
        items.insert(0, AgendaEntry { title, policy, requests: Vec::new(), tracked: Vec::new(), arising });
    }
    let mut invitations = Vec::new();
    for invitation in &profile.invitations {
        let since = first_that_counts(invitation, date, office);
        let events = installation.ledger.events_since(&name, &invitation.deadline.anchor().name, since, date)?;
        invitations.extend(due(invitation, &events, date, office, authority));
    }
    Ok(Agenda {
        panel: profile.name.clone(),
        title: profile.title.clone(),
        circulate_in_words: circulate_by.as_ref().map(report::moment),
        circulate_by: circulate_by.as_ref().map(with_offset),
        slots: profile.slots(&sitting),
        items,
        invitations,
        outstanding,
        requests,
        sitting,
    })
}

fn tracked_kinds(profile: &Profile) -> BTreeSet<&str> {
    profile.agenda.iter().flat_map(|item| &item.tracks).map(|track| track.event.as_str()).collect()
}

/// The items of the panel's agenda; one for every request where the policy orders none.
fn items(
    profile: &Profile,
    sitting: &Sitting,
    requests: &[CheckedRequest],
    events: &[Event],
    before: usize,
) -> Vec<AgendaEntry> {
    let slot = profile.schedule.as_ref().and_then(|schedule| schedule.slot_minutes);
    let mut order: Vec<&CheckedRequest> = requests.iter().collect();
    order.sort_by_key(|request| (request.handed_in_order(), &request.submission));
    // Brothers and sisters on one form share a slot.
    let mut slots: Vec<&SubmissionId> = Vec::new();
    let mut all: Vec<(&CheckedRequest, Heard)> = Vec::new();
    for request in order {
        if slots.last() != Some(&&request.submission) {
            slots.push(&request.submission);
        }
        let before = i64::try_from(before.saturating_add(slots.len())).unwrap_or(i64::MAX).saturating_sub(1);
        // Nobody is heard after the sitting has ended.
        let fits = profile.slots(sitting).is_none_or(|slots| i64::try_from(slots).is_ok_and(|slots| before < slots));
        let at = slot.filter(|_| fits).map(|minutes| {
            let begins = jiff::SignedDuration::from_mins(i64::from(minutes).saturating_mul(before));
            sitting.starts.saturating_add(begins).strftime("%H:%M").to_string()
        });
        all.push((request, request.heard(at)));
    }
    if profile.agenda.is_empty() {
        let requests = all.into_iter().map(|(_, heard)| heard).collect();
        let (title, policy) = ("Requests".to_owned(), profile.policy.clone());
        return vec![AgendaEntry { title, policy, requests, tracked: Vec::new(), arising: Vec::new() }];
    }
    let titles = |item: &AgendaItem| -> Vec<String> {
        let kinds = item.kinds.iter().filter_map(|kind| profile.requests.kind(kind));
        kinds.map(|kind| kind.title.clone()).collect()
    };
    let mut entries: Vec<AgendaEntry> = Vec::new();
    for item in &profile.agenda {
        let kinds = titles(item);
        let (own, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(request, _)| request.kinds.iter().any(|kind| kinds.contains(kind)));
        all = rest;
        entries.push(AgendaEntry {
            title: item.title.clone(),
            policy: item.policy.clone(),
            requests: own.into_iter().map(|(_, heard)| heard).collect(),
            tracked: item.tracks.iter().flat_map(|track| tracked(track, events, sitting.date)).collect(),
            arising: Vec::new(),
        });
    }
    if !all.is_empty() {
        let requests = all.into_iter().map(|(_, heard)| heard).collect();
        let (title, policy) = ("Other requests".to_owned(), profile.policy.clone());
        entries.push(AgendaEntry { title, policy, requests, tracked: Vec::new(), arising: Vec::new() });
    }
    entries
}

impl Agenda {
    /// By when the papers go to the members, as a person says it.
    pub fn circulated_in_words(&self) -> Option<&str> {
        self.circulate_in_words.as_deref()
    }
}

impl InvitationDue {
    /// The roles that are invited, as a person reads them.
    pub fn titles(&self) -> &[String] {
        &self.titles
    }
}

impl CheckedRequest {
    fn heard(&self, at: Option<String>) -> Heard {
        Heard {
            at,
            submission: self.submission.clone(),
            person: self.person.clone(),
            kinds: self.kinds.clone(),
            verdict: self.verdict,
            lacks: self.lacks(),
            to_know: self.to_know(),
        }
    }
}

pub(super) fn tracked(track: &Track, events: &[Event], on: Date) -> Vec<Tracked> {
    let open = events.iter().filter(|event| {
        let goes_on = event.on <= on && event.until.is_none_or(|until| until >= on);
        let long_enough = track.open_for.is_none_or(|span| event.on.saturating_add(span) <= on);
        *event.kind == *track.event && goes_on && long_enough
    });
    let open = open.map(|event| Tracked {
        person: event.person.to_string(),
        event: event.kind.to_string(),
        since: event.on,
        days: i64::from(event.on.until(on).map_or(0, |span| span.get_days())),
    });
    open.collect()
}

/// What was due back longer ago stands on a year's agendas already.
const MONTHS_BACK: i32 = 12;

/// Outcomes whose own date, after one day, brings them back by another, and which have not come back yet: the duty to
/// bring them is not done.
pub(super) fn arising(
    installation: &Installation,
    profile: &Profile,
    since: Date,
    on: Date,
) -> Result<Vec<Arising>, Failure> {
    let dates: Vec<&str> =
        profile.outcome.fields.iter().filter(|field| field.comes_back).map(|field| field.name.as_str()).collect();
    let mut naming = Vec::new();
    for field in &dates {
        naming.extend(installation.ledger.outcomes_naming(&profile.name, field, since, on)?);
    }
    let key = |one: &Outcome| (one.sitting, one.submission.clone(), one.person, one.revision);
    naming.sort_by_key(|row| key(&row.outcome));
    naming.dedup_by_key(|row| key(&row.outcome));
    let mut arising = Vec::new();
    for row in naming {
        let outcome = row.outcome;
        let due = dates.iter().filter_map(|field| outcome.decision.fields.get(*field)?.expose().parse::<Date>().ok());
        let Some(due_on) = due.min().filter(|due| *due <= on) else { continue };
        if has_come_back(installation, profile, &outcome)? {
            continue;
        }
        let decision = profile.outcome.decision(&outcome.decision.decision);
        arising.push(Arising {
            person: outcome.person.to_string(),
            decided_on: outcome.sitting,
            decision: decision.map_or_else(|| outcome.decision.decision.clone(), |decision| decision.title.clone()),
            submission: outcome.submission,
            due_on,
        });
    }
    Ok(arising)
}

/// Whether the duty that an outcome names the day of is done.
fn has_come_back(installation: &Installation, profile: &Profile, outcome: &Outcome) -> Result<bool, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    for rule in profile.duties.iter().filter(|rule| matches!(rule.due, DueBy::OutcomeField(_))) {
        let occasion = Occasion { profile, rule, office };
        let Some(duty) = of_outcome(&occasion, outcome, || office.at(outcome.sitting, office.close)) else { continue };
        let known = installation.ledger.duty(&duty.id)?;
        if known.is_some_and(|known| known.state == DutyState::Done) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first day from which what happened may still have somebody invited by the day of the sitting.
pub(super) fn first_that_counts(invitation: &Invitation, on: Date, office: &Office) -> Date {
    first_due_from(&invitation.deadline, on, office)
}

/// The first day from which what happened may still be due on a day or later.
pub(super) fn first_due_from(deadline: &Deadline, on: Date, office: &Office) -> Date {
    let mut back = 7;
    loop {
        let since = on.saturating_sub(i64::from(back).days());
        // What happens later is due later, so that one that is over tells that all before it are.
        let is_over = deadline.due(&office.at(since, office.close), office).at.date() < on;
        if is_over || back > DAYS_BACK_MAX {
            return since;
        }
        back *= 2;
    }
}

/// No invitation is due longer after what it is for.
const DAYS_BACK_MAX: i32 = 4_000;

/// Who is to be invited by the day of the sitting: those whose happening lies behind and whose time ends from now on.
pub(super) fn due(
    invitation: &Invitation,
    events: &[Event],
    on: Date,
    office: &Office,
    authority: &Authority,
) -> Vec<InvitationDue> {
    let anchor = invitation.deadline.anchor();
    let ordinal = anchor.ordinal.and_then(|ordinal| usize::try_from(ordinal).ok()).unwrap_or(1).max(1);
    let mut by_person: std::collections::BTreeMap<_, Vec<Date>> = std::collections::BTreeMap::new();
    for event in events.iter().filter(|event| *event.kind == *anchor.name && event.on <= on) {
        by_person.entry(event.person).or_default().push(event.on);
    }
    let due = by_person.into_iter().filter_map(|(person, mut days)| {
        days.sort_unstable();
        let since = *days.get(ordinal - 1)?;
        let due_on = invitation.deadline.due(&office.at(since, office.close), office).at.date();
        (due_on >= on).then(|| InvitationDue {
            person: person.to_string(),
            name: invitation.name.clone(),
            roles: invitation.roles.clone(),
            titles: invitation.roles.iter().map(|role| authority.role_title(role)).collect(),
            since,
            due_on,
            policy: invitation.policy.clone(),
        })
    });
    due.collect()
}
