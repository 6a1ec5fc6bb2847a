//! The sittings of all panels, how their requests stand, and what one of them hears.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::agenda::agenda_of;
use super::check::{Checking, each_request, keep_newer, mend, sitting_on};
use super::docket::no_sitting;
use super::installation::Installation;
use super::page::no_place;
use super::seen::seen_on;
use super::{Agenda, CheckedRequest, Failure, Page, Paging};
use crate::domain::{PanelName, Verdict};
use crate::ledger::{Booked, Ledger, Selection};
use crate::panel::{Profile, Sitting};
use crate::report;

/// How the requests of a sitting stand by the last checks, one for each child.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Nothing blocks them.
    pub complete: u64,
    /// Something blocks them.
    pub incomplete: u64,
    /// The cutoff has passed.
    pub late: u64,
    /// A fact is not known.
    pub unknown: u64,
}

/// A sitting in a list.
#[derive(Debug, Clone, Serialize)]
pub struct SittingListed {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// The sitting.
    pub sitting: Sitting,
    /// By when a request must be in, in words.
    pub cutoff_in_words: Option<String>,
    /// Whether the cutoff has passed.
    pub is_closed: bool,
    /// How its requests stand.
    pub readiness: Readiness,
    /// How many requests it can hear, where the policy names slots.
    pub slots: Option<usize>,
    /// Requests that were expected when it was held, are expected later since, and have had no outcome.
    pub held: u64,
}

/// A sitting, and a page of what it hears.
#[derive(Debug, Serialize)]
pub struct SittingPage {
    /// The agenda with the requests of this page.
    pub agenda: Agenda,
    /// As in a list.
    pub listed: SittingListed,
    /// Where the next page begins: hand it in as `after`. `None` at the end.
    pub next: Option<String>,
}

impl Readiness {
    /// All of them.
    pub const fn in_all(&self) -> u64 {
        self.complete + self.incomplete + self.late + self.unknown
    }

    const fn add(&mut self, verdict: Verdict, count: u64) {
        match verdict {
            Verdict::Complete => self.complete += count,
            Verdict::Incomplete => self.incomplete += count,
            Verdict::Late => self.late += count,
            Verdict::Unknown => self.unknown += count,
        }
    }
}

impl Installation {
    /// The sittings of one panel, or of all that are served, from one day to another, both included; by date.
    pub fn sittings_listed(&self, panel: Option<&str>, from: Date, to: Date) -> Result<Vec<SittingListed>, Failure> {
        let profiles = served(self, panel)?;
        listed(self, &profiles, from, to)
    }
}

/// One panel, or all that are served.
pub(super) fn served<'i>(installation: &'i Installation, panel: Option<&str>) -> Result<Vec<&'i Profile>, Failure> {
    let (rules, configuration) = (&installation.rules, &installation.configuration);
    if let Some(panel) = panel {
        return Ok(vec![rules.panel(panel, configuration)?]);
    }
    let is_served = |profile: &&Profile| configuration.authority(&profile.name.authority()).is_some();
    Ok(rules.panels.values().filter(is_served).collect())
}

/// The sittings of some panels with how their requests stand. A day on which a panel does not sit is among them where
/// somebody has asked for it.
pub(super) fn listed(
    installation: &Installation,
    profiles: &[&Profile],
    from: Date,
    to: Date,
) -> Result<Vec<SittingListed>, Failure> {
    let mut all = Vec::new();
    for profile in profiles {
        let office = installation.rules.office(&profile.name.authority())?;
        let mut stand = readiness(&installation.ledger, &profile.name, from, to)?;
        let held = installation.ledger.held_without_outcome(&profile.name, from, to)?;
        let held: BTreeMap<Date, u64> = held.into_iter().collect();
        let first = all.len();
        for sitting in profile.sittings(from, to, office) {
            let readiness = stand.remove(&sitting.date).unwrap_or_default();
            all.push(one_listed(installation, profile, sitting, readiness)?);
        }
        for (date, readiness) in stand {
            all.push(one_listed(installation, profile, no_sitting(profile, date, office), readiness)?);
        }
        for one in all.iter_mut().skip(first) {
            one.held = held.get(&one.sitting.date).copied().unwrap_or(0);
        }
    }
    all.sort_by(|one, other| (&one.sitting.starts, &one.panel).cmp(&(&other.sitting.starts, &other.panel)));
    Ok(all)
}

fn readiness(ledger: &Ledger, panel: &PanelName, from: Date, to: Date) -> Result<BTreeMap<Date, Readiness>, Failure> {
    let mut stand: BTreeMap<Date, Readiness> = BTreeMap::new();
    for tallied in ledger.tallied(panel, from, to)? {
        stand.entry(tallied.sitting).or_default().add(tallied.verdict, tallied.count);
    }
    Ok(stand)
}

fn one_listed(
    installation: &Installation,
    profile: &Profile,
    sitting: Sitting,
    readiness: Readiness,
) -> Result<SittingListed, Failure> {
    let office = installation.rules.office(&profile.name.authority())?;
    let cutoff = sitting.cutoff.as_ref().map(|cutoff| &cutoff.at);
    Ok(SittingListed {
        panel: profile.name.clone(),
        title: profile.title.clone(),
        cutoff_in_words: cutoff.map(report::moment),
        is_closed: cutoff.is_some_and(|cutoff| *cutoff < installation.clock.now_in(&office.zone)),
        readiness,
        slots: profile.slots(&sitting),
        held: 0,
        sitting,
    })
}

impl Installation {
    /// A sitting: the requests that the last checks have at it, checked now, a page of them, as its agenda. That somebody
    /// looked at it stands in the audit trail.
    pub fn sitting_page(&mut self, panel: &str, date: Date, paging: &Paging) -> Result<SittingPage, Failure> {
        let profile = self.rules.panel(panel, &self.configuration)?.clone();
        let office = self.rules.office(&profile.name.authority())?.clone();
        let after = paging.after.as_deref().map(|after| after.split_once('/').ok_or_else(no_place)).transpose()?;
        let ledger = &self.ledger;
        let booked = ledger.booked_page(&profile.name, date, after.unwrap_or_default(), paging.rows_and_one())?;
        let before = after.map_or(Ok(0), |after| ledger.booked_before(&profile.name, date, after))?;
        let page: Page<Booked> =
            Page::of(paging, booked, |last| format!("{}/{}", last.place, last.submission), Clone::clone);
        let sitting = match sitting_on(self, &profile, date) {
            // Somebody has asked for a day on which the panel does not sit, or its schedule was another then.
            Err(_) if !page.rows.is_empty() => no_sitting(&profile, date, &office),
            sitting => sitting?,
        };
        let requests = heard(self, &profile, &sitting, &page.rows)?;
        let readiness = readiness(&self.ledger, &profile.name, date, date)?.remove(&date).unwrap_or_default();
        let held = self.ledger.held_without_outcome(&profile.name, date, date)?;
        let held = held.first().map_or(0, |(_, count)| *count);
        let listed = SittingListed { held, ..one_listed(self, &profile, sitting.clone(), readiness)? };
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let agenda = agenda_of(self, &profile, sitting, requests, before)?;
        self.viewed(&format!("agenda {} {date}", profile.name), &seen_on([&agenda]))?;
        Ok(SittingPage { agenda, listed, next: page.next })
    }
}

/// The requests of a page, checked: those that are open as they stand now, those that are decided for the sitting that
/// has decided on them.
fn heard(
    installation: &Installation,
    profile: &Profile,
    sitting: &Sitting,
    booked: &[Booked],
) -> Result<Vec<CheckedRequest>, Failure> {
    let mut checks = Checking::new(installation, &[])?;
    let mut requests = Vec::new();
    for one in booked {
        let Some(row) = installation.ledger.submission(&one.submission)? else { continue };
        if row.submission.panel.as_ref() != Some(&profile.name) {
            // It has gone to another panel since the last check.
            continue;
        }
        if one.is_decided {
            requests.extend(checks.at(&row.submission, Some(sitting))?);
            continue;
        }
        checks.expect_with(&row.submission)?;
        let mut checked = checks.of(&row.submission)?;
        checked.iter_mut().try_for_each(|request| mend(installation, request))?;
        requests.extend(checked);
    }
    Ok(requests)
}

impl Installation {
    /// Checks every open request of a panel now, and keeps what was said. How many were checked, one for each child.
    pub fn sitting_recheck(&mut self, panel: &str) -> Result<usize, Failure> {
        let name = self.rules.panel(panel, &self.configuration)?.name.clone();
        let selection = Selection { panel: Some(name), ..Selection::default() };
        let mut checks = Checking::new(self, &[])?;
        checks.expect_all(selection.clone())?;
        let (mut checked, mut changed, mut renewed) = (0, Vec::new(), Vec::new());
        each_request(self, selection, &mut |submission| {
            for request in checks.of(submission)? {
                checked += 1;
                let stored = request.stored()?;
                let before = self.ledger.last_check(&stored.0, stored.1)?.map(|before| before.inputs);
                changed.extend((before != Some(stored.2.inputs)).then_some((stored, before)));
                renewed.extend(Some(request).filter(|request| !request.renewed.is_empty()));
            }
            Ok(())
        })?;
        drop(checks);
        for batch in renewed.chunks(CHECKS_AT_A_TIME) {
            keep_newer(self, &[], batch)?;
            self.ledger.give_way();
        }
        for batch in changed.chunks(CHECKS_AT_A_TIME) {
            keep_newer(self, batch, &[])?;
            self.ledger.give_way();
        }
        Ok(checked)
    }
}

/// Checks that are kept in one transaction: others may write in between.
const CHECKS_AT_A_TIME: usize = 500;
