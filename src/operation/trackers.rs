//! `trackers`: the standing lists of children whom panels follow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::installation::Installation;
use super::sittings::served;
use super::{Failure, Thing};
use crate::domain::{PanelName, PersonId};
use crate::duty::{Happening, TrackedChild, tracked};
use crate::ledger::Seen;
use crate::mapping::Authority;
use crate::panel::{Profile, TrackerRule};
use crate::report::{self, Cell, Matrix, Sheets, Tone};

/// A tracker in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackerListed {
    /// Its name: `authority/panel/tracker`.
    pub tracker: String,
    /// What a person calls it.
    pub title: String,
    /// The panel that follows it.
    pub panel: PanelName,
    /// What a person calls the panel.
    #[serde(skip)]
    pub panel_title: String,
    /// Children on it.
    pub children: usize,
    /// Those of them whose next milestone is over.
    pub overdue: usize,
    /// The clause.
    pub policy: String,
}

/// A tracker with the children on it, the next milestone first.
#[derive(Debug, Clone, Serialize)]
pub struct TrackerShown {
    /// As in a list.
    #[serde(flatten)]
    pub listed: TrackerListed,
    /// The day it is shown for.
    pub on: Date,
    /// What of the record is shown beside each child, by the name of the detail, and what a person calls it.
    pub columns: Vec<(String, String)>,
    /// Who is on it.
    pub rows: Vec<TrackedRow>,
}

/// A child on a tracker.
#[derive(Debug, Clone, Serialize)]
pub struct TrackedRow {
    /// The child.
    pub person: String,
    /// What goes on.
    pub event: String,
    /// What a person calls it.
    #[serde(skip)]
    pub event_title: String,
    /// Since when.
    pub since: Date,
    /// Until when, where that is known.
    pub until: Option<Date>,
    /// When the child came onto the list.
    pub entered: Date,
    /// For how many days it has gone on.
    pub days: i64,
    /// What is to happen next.
    pub next: Option<NextMilestone>,
    /// What the record says beside it.
    pub details: BTreeMap<String, String>,
}

/// What is to happen next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextMilestone {
    /// What a person calls it.
    pub title: String,
    /// Until when.
    pub due: Date,
    /// Days to go; below nothing where it is over.
    pub days_to_go: i64,
}

impl Installation {
    /// Every tracker of the panels that are served, and how many children are on each: it names none.
    pub fn trackers_list(&self) -> Result<Vec<TrackerListed>, Failure> {
        let mut trackers = Vec::new();
        for profile in served(self, None)? {
            for rule in &profile.trackers {
                trackers.push(shown(self, profile, rule)?.listed);
            }
        }
        Ok(trackers)
    }

    /// One tracker: `authority/panel/tracker`, or less of it where that is enough. That somebody looked stands in the audit
    /// trail.
    pub fn tracker_show(&mut self, name: &str) -> Result<TrackerShown, Failure> {
        let mut known = Vec::new();
        for profile in served(self, None)? {
            known.extend(profile.trackers.iter().map(|rule| (full_name(profile, rule), profile, rule)));
        }
        let is_it = |full: &str| full == name || full.ends_with(&format!("/{name}"));
        let found: Vec<_> = known.iter().filter(|(full, ..)| is_it(full)).collect();
        let shown = match found.as_slice() {
            [(_, profile, rule)] => shown(self, profile, rule)?,
            [] => {
                let near = crate::diagnostic::nearest(name, known.iter().map(|(full, ..)| full.as_str()));
                let help = near.map_or_else(
                    || "`tessera trackers list` shows all".to_owned(),
                    |meant| format!("did you mean `{meant}`? `tessera trackers list` shows all"),
                );
                return Err(Failure::not_found(Thing::Tracker, name).with_help(help));
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(full, ..)| full.as_str()).collect();
                let help = format!("write one of {}", names.join(", "));
                let failure = Failure::invalid(format_args!("`{name}` is several trackers"), help);
                return Err(
                    failure.on_page("Several trackers have this name.", "Choose one from the list of trackers.")
                );
            }
        };
        let mut seen = Seen::default();
        shown.rows.iter().for_each(|row| seen.person(&row.person));
        self.viewed(&format!("tracker {}", shown.listed.tracker), &seen)?;
        Ok(shown)
    }
}

fn full_name(profile: &Profile, rule: &TrackerRule) -> String {
    format!("{}/{}", profile.name, rule.name)
}

/// How far back a panel's last sitting is looked for.
const MONTHS_BACK: i32 = 3;

fn shown(installation: &Installation, profile: &Profile, rule: &TrackerRule) -> Result<TrackerShown, Failure> {
    let authority = profile.name.authority();
    let office = installation.rules.office(&authority)?;
    let today = installation.clock.now_in(&office.zone).date();
    let titles = installation.rules.authority(&authority)?;
    let last = last_sitting(profile, today, office);
    let looks_further = !(rule.while_open.is_empty() && rule.exits.is_empty() && rule.milestones.is_empty());
    let mut rows = Vec::new();
    for kind in &rule.events {
        for event in installation.ledger.events_open(&authority, kind, today)? {
            if rule.entered(event.on) > today {
                continue;
            }
            let others = if looks_further { installation.ledger.events(&authority, event.person)? } else { Vec::new() };
            let happening = Happening { event: &event, others: &others };
            let Some(child) = tracked(rule, happening, today, last, office) else { continue };
            if !is_anothers(installation, profile, child.person)? {
                rows.push(TrackedRow::of(child, titles));
            }
        }
    }
    let key = |row: &TrackedRow| (row.next.as_ref().map_or(Date::MAX, |next| next.due), row.since, row.person.clone());
    rows.sort_by_key(key);
    let overdue = rows.iter().filter(|row| row.next.as_ref().is_some_and(|next| next.days_to_go < 0)).count();
    let columns = rule.columns.iter().map(|column| (column.detail.clone(), column.title.clone()));
    Ok(TrackerShown {
        listed: TrackerListed {
            tracker: full_name(profile, rule),
            title: rule.title.clone(),
            panel: profile.name.clone(),
            panel_title: profile.title.clone(),
            children: rows.len(),
            overdue,
            policy: rule.policy.clone(),
        },
        on: today,
        columns: columns.collect(),
        rows,
    })
}

/// Whether another of several panels alike follows a child: it was asked about the child, and this one was not.
pub(super) fn is_anothers(installation: &Installation, profile: &Profile, person: PersonId) -> Result<bool, Failure> {
    if !profile.follows_own_requests {
        return Ok(false);
    }
    let asked = installation.ledger.panels_asked_about(&profile.name.authority(), person)?;
    let is_alike = |panel| installation.rules.panels.get(panel).is_some_and(|other| other.follows_own_requests);
    Ok(!asked.contains(&profile.name) && asked.iter().any(is_alike))
}

fn last_sitting(profile: &Profile, today: Date, office: &crate::calendar::Office) -> Option<Date> {
    let since = today.saturating_sub(MONTHS_BACK.months());
    let held = profile.sittings(since, today.saturating_sub(1.day()), office);
    held.into_iter().rev().find(|sitting| sitting.cancelled.is_none()).map(|sitting| sitting.date)
}

impl TrackedRow {
    fn of(child: TrackedChild, titles: &Authority) -> Self {
        let TrackedChild { person, event, since, until, entered, days, next, details } = child;
        Self {
            person: person.to_string(),
            event_title: titles.event_title(&event),
            event,
            since,
            until,
            entered,
            days,
            next: next.map(|next| NextMilestone { title: next.title, due: next.due, days_to_go: next.days_to_go }),
            details: details.into_iter().map(|(name, value)| (name, value.into_exposed())).collect(),
        }
    }
}

/// Trackers as a table.
pub fn trackers_table(trackers: &[TrackerListed]) -> String {
    let rows: Vec<Vec<String>> = trackers
        .iter()
        .map(|one| vec![one.tracker.clone(), one.title.clone(), one.children.to_string(), one.overdue.to_string()])
        .collect();
    report::table(&["tracker", "what it follows", "children", "over their time"], &rows)
}

impl TrackerShown {
    /// The tracker as a person reads it on a terminal. What the record says beside each child is in the workbook.
    pub fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let [next, due, days] = row.next_cells();
                let (since, entered) = (row.since.to_string(), row.entered.to_string());
                vec![row.person.clone(), row.event_title.clone(), since, row.days.to_string(), entered, next, due, days]
            })
            .collect();
        let TrackerListed { title, panel_title, policy, .. } = &self.listed;
        let table = report::table(
            &["person", "what goes on", "since", "days", "on the list since", "next", "by", "days to go"],
            &rows,
        );
        format!("{title} ({panel_title}), {}. {policy}.\n{table}", self.on)
    }

    /// The tracker as a workbook, with every column that the panel looks at.
    pub fn sheets(&self) -> Sheets {
        let TrackerListed { title, panel_title, policy, .. } = &self.listed;
        let fixed =
            ["Person", "What goes on", "Since", "Days", "Until", "On the list since", "Next", "By", "Days to go"];
        let columns = fixed.into_iter().map(ToOwned::to_owned);
        let columns = columns.chain(self.columns.iter().map(|(_, title)| title.clone())).collect();
        let rows = self.rows.iter().map(|row| {
            let [next, due, days] = row.next_cells();
            let is_over = row.next.as_ref().is_some_and(|next| next.days_to_go < 0);
            let tone = if is_over { Tone::Bad } else { Tone::Plain };
            let until = row.until.map(|until| until.to_string()).unwrap_or_default();
            let plain =
                [row.person.clone(), row.event_title.clone(), row.since.to_string(), row.days.to_string(), until];
            let mut cells: Vec<Cell> = plain.into_iter().map(Cell::plain).collect();
            cells.push(Cell::plain(row.entered.to_string()));
            cells.extend([next, due, days].into_iter().map(|text| Cell { text, tone }));
            let details = self.columns.iter().map(|(name, _)| row.details.get(name).cloned().unwrap_or_default());
            cells.extend(details.map(Cell::plain));
            cells
        });
        let notes = vec![format!("{panel_title}, {}", self.on), policy.clone()];
        let rows = rows.collect();
        Sheets { title: title.clone(), tables: vec![Matrix { title: title.clone(), notes, columns, rows }] }
    }

    /// Writes it to a file, as a workbook or a page by its name.
    pub fn write(&self, path: &Path) -> Result<PathBuf, Failure> {
        let written = self.sheets().write(path).with_context(|| format!("write {}", path.display()));
        written
            .map_err(|error| Failure::failed(error, "name a file that ends in .xlsx or .html, where you may write"))?;
        Ok(path.to_owned())
    }
}

impl TrackedRow {
    fn next_cells(&self) -> [String; 3] {
        self.next.as_ref().map_or_else(Default::default, |next| {
            [next.title.clone(), next.due.to_string(), next.days_to_go.to_string()]
        })
    }
}
