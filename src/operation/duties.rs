//! `duties`: what somebody must do by a time, from the moment it comes up until it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use super::duties_raised::{again, raised};
use super::installation::{Installation, Rulebook};
use super::page::no_place;
use super::seen::seen_on;
use super::{Actor, Failure, Page, Paging, Thing};
use crate::calendar::with_offset;
use crate::domain::{
    AuthorityName, Duty, DutyId, DutyStanding, DutyState, Evidence, PanelName, PersonId, SubmissionId, WriteBack,
};
use crate::duty::{Occasion, Seen, closed_by};
use crate::ledger::{DutyKey, DutySelection};
use crate::mapping::Authority;
use crate::panel::{EvidenceRule, Profile};
use crate::report;

/// What became of the duties in one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DutiesRun {
    /// Those that have come up.
    pub raised: u64,
    /// Those that are due at another time now.
    pub changed: u64,
    /// Those that were found done.
    pub done: u64,
    /// Those of which what had them come up is no more.
    pub withdrawn: u64,
    /// Those that are open.
    pub open: u64,
    /// Those of them that are over their time.
    pub overdue: u64,
}

/// A duty in a list.
#[derive(Debug, Clone, Serialize)]
pub struct DutyListed {
    /// Its id.
    pub id: DutyId,
    /// The panel.
    pub panel: PanelName,
    /// What a person calls the panel.
    #[serde(skip)]
    pub panel_title: String,
    /// What is to be done.
    pub title: String,
    /// The role that must do it.
    pub role: RoleNamed,
    /// The child; nothing where it is about a sitting or the calendar.
    pub person: Option<String>,
    /// The request, where there is one.
    pub submission: Option<SubmissionId>,
    /// What has it come up.
    pub occasion: String,
    /// Until when, with offset (RFC 3339).
    pub due: String,
    /// The same, as a person says it.
    #[serde(skip)]
    pub due_in_words: String,
    /// Whether that is over.
    pub overdue: bool,
    /// Who has come to hear of it.
    pub escalated_to: Vec<RoleNamed>,
    /// Who hears of it next, and when, with offset.
    pub escalates: Option<Escalates>,
    /// Where it stands.
    pub state: DutyState,
    /// What shows that it is done, or why it was withdrawn.
    pub evidence: Option<String>,
    /// The clause.
    pub policy: String,
    #[serde(skip)]
    key: String,
}

/// A role: its name, and what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct RoleNamed {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
}

impl From<RoleNamed> for String {
    fn from(role: RoleNamed) -> Self {
        role.name
    }
}

impl fmt::Display for RoleNamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title.fmt(f)
    }
}

impl DutyListed {
    /// Whether it is due on a day.
    pub(super) fn is_due_on(&self, day: Date) -> bool {
        self.due.starts_with(&day.to_string())
    }
}

impl RoleNamed {
    pub(super) fn of(authority: &Authority, name: &str) -> Self {
        Self { name: name.to_owned(), title: authority.role_title(name) }
    }

    /// What people call some roles.
    pub fn titles(roles: &[Self]) -> String {
        roles.iter().map(|role| role.title.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Who hears of a duty next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalates {
    /// The role.
    pub to: RoleNamed,
    /// When, with offset.
    pub at: String,
    /// The same, as a person says it.
    #[serde(skip)]
    pub at_in_words: String,
}

/// One duty by itself.
#[derive(Debug, Clone, Serialize)]
pub struct DutyShown {
    /// As in a list.
    #[serde(flatten)]
    pub listed: DutyListed,
    /// Who was reminded of it: by e-mail, or with one in the outbox.
    pub reminded: Vec<RoleReminded>,
}

/// That a role was reminded of a duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleReminded {
    /// The role.
    pub role: RoleNamed,
    /// When last, with offset.
    pub at: String,
    /// The same, as a person says it.
    #[serde(skip)]
    pub at_in_words: String,
    /// How often: again where it was due at another time, or had come up again.
    pub times: u64,
}

/// Which duties are meant.
#[derive(Debug, Clone, Default)]
pub struct DutyFilter {
    /// Of this panel only.
    pub panel: Option<String>,
    /// On the desk of this role only.
    pub role: Option<String>,
    /// About this child only.
    pub person: Option<PersonId>,
    /// About this request only.
    pub submission: Option<SubmissionId>,
    /// Due by the end of this day only.
    pub due_by: Option<Date>,
    /// In this state; open unless said.
    pub state: Option<DutyState>,
}

/// Duties that are worked through at a time.
const AT_A_TIME: u32 = 500;

/// Raises what has come up, changes what is due at another time, closes what is done and withdraws what is no more.
pub(super) fn work_through(installation: &mut Installation, actor: &Actor) -> Result<DutiesRun, Failure> {
    let mut run = DutiesRun::default();
    let raised = raised(installation)?;
    for duties in raised.chunks(usize::try_from(AT_A_TIME).unwrap_or(1)) {
        let rules = &installation.rules;
        let due_on = |duty: &Duty| rules.day_at(&duty.authority(), duty.due);
        let kept = installation.ledger.keep_duties(duties, due_on, actor)?;
        run.raised += kept.raised;
        run.changed += kept.changed;
        installation.ledger.give_way();
    }
    let (open, mut after) = (DutySelection::open(), None);
    while let Some(page) = next_page(installation, &open, &mut after)? {
        for standing in &page {
            if look_at(installation, &standing.duty, actor, &mut run)? {
                installation.ledger.give_way();
            }
        }
    }
    (run.open, run.overdue) = installation.ledger.duties_open(installation.clock.now())?;
    Ok(run)
}

/// The next duties of a selection; `None` after the last. Memory holds one page at a time.
fn next_page(
    installation: &Installation,
    selection: &DutySelection,
    after: &mut Option<DutyKey>,
) -> Result<Option<Vec<DutyStanding>>, Failure> {
    let page = installation.ledger.duties_page(selection, after.as_ref(), AT_A_TIME)?;
    let Some(last) = page.last() else { return Ok(None) };
    *after = Some(DutyKey::of(&last.duty));
    Ok(Some(page))
}

/// Looks at an open duty: whether it is still one, and whether it is done. Whether that was written down.
fn look_at(installation: &mut Installation, duty: &Duty, actor: &Actor, run: &mut DutiesRun) -> Result<bool, Failure> {
    if installation.configuration.authority(&duty.authority()).is_none() {
        // What is not served is left alone.
        return Ok(false);
    }
    let Some((now, evidence)) = as_it_stands(installation, duty)? else {
        let evidence = Evidence { what: "what had it come up is no more".to_owned(), on: None, at: None };
        let closed = installation.ledger.close_duty(&duty.id, DutyState::Withdrawn, &evidence, actor)?;
        run.withdrawn += u64::from(closed);
        return Ok(true);
    };
    if now != *duty {
        let rules = &installation.rules;
        let due_on = |duty: &Duty| rules.day_at(&duty.authority(), duty.due);
        run.changed += installation.ledger.keep_duties(std::slice::from_ref(&now), due_on, actor)?.changed;
    }
    if let Some(evidence) = &evidence {
        let closed = installation.ledger.close_duty(&duty.id, DutyState::Done, evidence, actor)?;
        run.done += u64::from(closed);
    }
    Ok(evidence.is_some() || now != *duty)
}

/// What an open duty is now, and what shows that it is done; nothing where what had it come up is no more.
fn as_it_stands(installation: &Installation, duty: &Duty) -> Result<Option<(Duty, Option<Evidence>)>, Failure> {
    let Some(profile) = installation.rules.panels.get(&duty.panel) else { return Ok(None) };
    let Some(rule) = profile.duties.iter().find(|rule| rule.name == duty.rule) else { return Ok(None) };
    let occasion = Occasion { profile, rule, office: installation.rules.office(&duty.authority())? };
    let seen = seen(installation, duty, &rule.evidence)?;
    let now = again(installation, &occasion, duty, &seen.events)?;
    Ok(now.map(|now| {
        let evidence = closed_by(&rule.evidence, &now, &seen);
        (now, evidence)
    }))
}

/// What is known about what a duty is about, as far as it may close it.
fn seen(installation: &Installation, duty: &Duty, rule: &EvidenceRule) -> Result<Seen, Failure> {
    let ledger = &installation.ledger;
    let authority = duty.authority();
    let mut seen = Seen::default();
    if let Some(person) = duty.person {
        seen.events = ledger.events(&authority, person)?;
        if !rule.documents.is_empty() {
            seen.documents = ledger.documents(&authority, person)?;
        }
        if !rule.forms.is_empty() {
            for id in ledger.submissions_about(&authority, person)? {
                seen.submissions.extend(ledger.submission(&id)?.map(|row| row.submission));
            }
        }
        if rule.heard {
            seen.outcomes = ledger.outcomes_about(&duty.panel, person)?;
        }
    }
    if !rule.write_backs.is_empty() {
        seen.write_backs = written(installation, duty)?;
    }
    Ok(seen)
}

/// What tessera has to write of an outcome, or of all outcomes of a sitting.
fn written(installation: &Installation, duty: &Duty) -> Result<Vec<WriteBack>, Failure> {
    let ledger = &installation.ledger;
    let mut requests: BTreeSet<SubmissionId> = duty.submission.iter().cloned().collect();
    if let (None, Some(sitting)) = (duty.person, duty.sitting) {
        requests.extend(ledger.outcomes_at(&duty.panel, sitting)?.into_iter().map(|row| row.outcome.submission));
    }
    let mut written = Vec::new();
    for request in requests {
        written.extend(ledger.write_backs_of(&request)?);
    }
    written.retain(|one| duty.person.is_none_or(|person| one.person == person));
    Ok(written)
}

impl Installation {
    /// A page of duties, the first due first. That somebody looked stands in the audit trail.
    pub fn duties_page(&mut self, filter: &DutyFilter, paging: &Paging) -> Result<Page<DutyListed>, Failure> {
        let selection = selection(self, filter)?;
        let after = paging.after.as_deref().map(|after| after.split_once('/').ok_or_else(no_place)).transpose()?;
        let after = after.map(|(due, id)| DutyKey { due: due.to_owned(), id: id.to_owned() });
        let rows = self.ledger.duties_page(&selection, after.as_ref(), paging.rows_and_one())?;
        let listed: Vec<DutyListed> = rows.iter().map(|row| listed(self, row)).collect::<Result<_, _>>()?;
        let page = Page::of(paging, listed, |last| last.key.clone(), Clone::clone);
        self.viewed("duties", &seen_on(&page.rows))?;
        Ok(page)
    }

    /// Every duty that a filter lets through. That somebody looked stands in the audit trail.
    pub fn duties_list(&mut self, filter: &DutyFilter) -> Result<Vec<DutyListed>, Failure> {
        let selection = selection(self, filter)?;
        let mut duties = Vec::new();
        let mut after = None;
        while let Some(page) = next_page(self, &selection, &mut after)? {
            for row in &page {
                duties.push(listed(self, row)?);
            }
        }
        self.viewed("duties", &seen_on(&duties))?;
        Ok(duties)
    }
}

/// Duties of a panel that stand on the agenda of one sitting.
const OUTSTANDING_MAX: u32 = 200;

/// The open duties of a panel that are due by the end of a day, the first due first.
pub(super) fn outstanding(
    installation: &Installation,
    profile: &Profile,
    by: Date,
) -> Result<Vec<DutyListed>, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    let until = office.at(by.saturating_add(1.day()), jiff::civil::Time::midnight()).timestamp();
    let selection = DutySelection { panel: Some(profile.name.clone()), due_by: Some(until), ..DutySelection::open() };
    let rows = installation.ledger.duties_page(&selection, None, OUTSTANDING_MAX)?;
    rows.iter().map(|row| listed(installation, row)).collect()
}

impl Installation {
    /// One duty, and who was reminded of it. That somebody looked stands in the audit trail.
    pub fn duty_show(&mut self, id: &DutyId) -> Result<DutyShown, Failure> {
        let known = known(self, id)?;
        let about = listed(self, &known)?;
        self.viewed(id.as_str(), &seen_on([&about]))?;
        let authority = self.rules.authority(&known.duty.authority())?;
        let office = self.rules.office(&known.duty.authority())?;
        let reminded = self.ledger.told_of(id)?.into_iter().map(|told| {
            let at = told.at.to_zoned_datetime(office.zone.clone());
            let role = RoleNamed::of(authority, &told.role);
            RoleReminded { role, at: with_offset(&at), at_in_words: report::moment(&at), times: told.times }
        });
        Ok(DutyShown { reminded: reminded.collect(), listed: about })
    }
}

/// A duty of an authority that is served.
fn known(installation: &Installation, id: &DutyId) -> Result<DutyStanding, Failure> {
    let known = installation.ledger.duty(id)?;
    let is_served = |known: &DutyStanding| installation.configuration.authority(&known.duty.authority()).is_some();
    known.filter(is_served).ok_or_else(|| Failure::not_found(Thing::Duty, id))
}

/// The roles of an authority on whose desks duties come: who must do one, and who hears of it when it is not done.
pub(super) fn roles_of(rules: &Rulebook, name: &AuthorityName) -> BTreeMap<String, String> {
    let Ok(authority) = rules.authority(name) else { return BTreeMap::new() };
    let profiles = rules.panels.iter().filter(|(panel, _)| panel.authority() == *name);
    let duties = profiles.flat_map(|(_, profile)| &profile.duties);
    let named = duties
        .flat_map(|rule| std::iter::once(&rule.role).chain(rule.escalations.iter().map(|escalation| &escalation.to)));
    named.map(|role| (role.clone(), authority.role_title(role))).collect()
}

impl Installation {
    /// Somebody says that a duty is done, and what shows it.
    pub fn duty_complete(&mut self, id: &DutyId, evidence: &str) -> Result<DutyListed, Failure> {
        if evidence.trim().is_empty() {
            let failure =
                Failure::invalid("nothing was said that shows it", "say what was done and where it can be seen");
            return Err(failure.on_page("The evidence is missing.", "Enter what was done and where it can be seen."));
        }
        known(self, id)?;
        let said = Evidence { what: format!("{}: {}", self.actor.as_str(), evidence.trim()), on: None, at: None };
        if !self.ledger.close_duty(id, DutyState::Done, &said, &self.actor)? {
            let now = known(self, id)?;
            let what = format_args!("{id} is {} already", now.state);
            return Err(Failure::conflict(what, "`tessera duties list` shows what is open").on_page(
                "This duty is closed already: somebody else was first, or what was awaited has come. Nothing was changed.",
                "Open it again to see who closed it and with what evidence.",
            ));
        }
        let known = known(self, id)?;
        listed(self, &known)
    }
}

fn selection(installation: &Installation, filter: &DutyFilter) -> Result<DutySelection, Failure> {
    let panel = filter.panel.as_ref().map(|name| installation.rules.panel(name, &installation.configuration));
    let panel = panel.transpose()?.map(|profile| profile.name.clone());
    let now = installation.clock.now();
    let first = installation.configuration.authorities.first();
    let office = first.map(|authority| installation.rules.office(&authority.name)).transpose()?;
    let end_of = |day: Date| {
        let next = day.saturating_add(1.day());
        office.map_or(Timestamp::MAX, |office| office.at(next, jiff::civil::Time::midnight()).timestamp())
    };
    Ok(DutySelection {
        state: filter.state.unwrap_or(DutyState::Open),
        panel,
        role: filter.role.clone().map(|role| (role, now)),
        person: filter.person,
        submission: filter.submission.clone(),
        due_by: filter.due_by.map(end_of),
    })
}

fn listed(installation: &Installation, standing: &DutyStanding) -> Result<DutyListed, Failure> {
    let DutyStanding { duty, state, evidence, closed_at, .. } = standing;
    let authority = installation.rules.authority(&duty.authority())?;
    let office = installation.rules.office(&duty.authority())?;
    let now = installation.clock.now();
    let here = |at: Timestamp| at.to_zoned_datetime(office.zone.clone());
    let offset = |at: Timestamp| with_offset(&here(at));
    let role = |name: &str| RoleNamed::of(authority, name);
    // Nobody hears any more of what is closed.
    let until = closed_at.map_or(now, |closed| closed.min(now));
    let (reached, ahead): (Vec<_>, Vec<_>) = duty.escalations.iter().partition(|one| one.at <= until);
    let next = ahead.first().filter(|_| *state == DutyState::Open);
    let profile = installation.rules.panels.get(&duty.panel);
    let key = DutyKey::of(duty);
    Ok(DutyListed {
        id: duty.id.clone(),
        panel: duty.panel.clone(),
        panel_title: profile.map_or_else(|| duty.panel.to_string(), |profile| profile.title.clone()),
        title: duty.title.clone(),
        role: role(&duty.role),
        person: duty.person.map(|person| person.to_string()),
        submission: duty.submission.clone(),
        occasion: duty.occasion.clone(),
        due: offset(duty.due),
        due_in_words: report::moment(&here(duty.due)),
        overdue: *state == DutyState::Open && duty.is_overdue(now),
        escalated_to: reached.iter().map(|one| role(&one.to)).collect(),
        escalates: next.map(|one| Escalates {
            to: role(&one.to),
            at: offset(one.at),
            at_in_words: report::moment(&here(one.at)),
        }),
        state: *state,
        evidence: evidence.as_ref().map(|evidence| {
            evidence.on.map_or_else(|| evidence.what.clone(), |on| format!("{} of {on}", evidence.what))
        }),
        policy: duty.policy.clone(),
        key: format!("{}/{}", key.due, key.id),
    })
}

impl DutyShown {
    /// The duty as a person reads it.
    pub fn text(&self) -> String {
        let duty = &self.listed;
        let overdue = if duty.overdue { " (overdue)" } else { "" };
        let mut text = format!("{} ({})\n  due: {}{overdue}\n", duty.title, duty.id, duty.due_in_words);
        let mut say = |what: &str, said: &str| {
            if !said.is_empty() {
                text.push_str(&format!("  {what}: {said}\n"));
            }
        };
        say("who", &duty.role.title);
        say("child", duty.person.as_deref().unwrap_or_default());
        say("request", duty.submission.as_ref().map_or("", SubmissionId::as_str));
        say("panel", &format!("{} ({})", duty.panel_title, duty.panel));
        say("why", &duty.occasion);
        say("escalated to", &RoleNamed::titles(&duty.escalated_to));
        if let Some(next) = &duty.escalates {
            say("escalates to", &format!("{}, {}", next.to, next.at_in_words));
        }
        for RoleReminded { role, at_in_words, .. } in &self.reminded {
            say("reminded", &format!("{role}, {at_in_words}"));
        }
        say("policy", &duty.policy);
        say("state", duty.state.as_str());
        say("what shows it", duty.evidence.as_deref().unwrap_or_default());
        text
    }
}

/// Duties as a table.
pub fn duties_table(duties: &[DutyListed]) -> String {
    let rows: Vec<Vec<String>> = duties
        .iter()
        .map(|duty| {
            let overdue = if duty.overdue { " (overdue)" } else { "" };
            vec![
                duty.id.to_string(),
                format!("{}{overdue}", duty.due_in_words),
                duty.person.clone().unwrap_or_default(),
                duty.title.clone(),
                duty.role.title.clone(),
                RoleNamed::titles(&duty.escalated_to),
                duty.panel.to_string(),
            ]
        })
        .collect();
    report::table(&["duty", "due", "person", "what", "role", "escalated to", "panel"], &rows)
}

impl DutiesRun {
    /// What has become of them, in words.
    pub fn text(&self) -> String {
        let Self { raised, changed, done, withdrawn, open, overdue } = self;
        format!(
            "{raised} raised, {done} found done, {withdrawn} withdrawn, {changed} due at another time; {open} open, {overdue} of them over their time"
        )
    }
}
