//! `panels`: who sits when, and until when a request can still be made.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::panel_profile::{Aspect, aspects, schedule_words};
use super::{Failure, FailureKind, Installation, Workplace};
use crate::calendar::{Clock, Office};
use crate::domain::PanelName;
use crate::panel::{Profile, Sitting};
use crate::report::{self, Appointment};

/// A panel in a list.
#[derive(Debug, Clone, Serialize)]
pub struct PanelListed {
    /// Its name.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// What kind of panel it is: panels of one function are compared.
    pub function: String,
    /// The policy it stands on.
    pub policy: String,
    /// When it sits, in words.
    pub schedule: Option<String>,
    /// The rule of its cutoff.
    pub cutoff: Option<String>,
    /// The roles that may approve a request.
    pub approval: Vec<String>,
    /// Kinds of request.
    pub kinds: Vec<String>,
}

/// A panel's profile, as a person reads it.
#[derive(Debug, Serialize)]
pub struct PanelShown {
    /// As in a list.
    #[serde(flatten)]
    pub listed: PanelListed,
    /// Everything that it says, with the clauses.
    pub aspects: Vec<Aspect>,
}

/// A role of an authority.
#[derive(Debug, Clone, Serialize)]
pub struct RoleShown {
    /// Its name in mapping files.
    pub role: String,
    /// What a person calls it.
    pub title: String,
}

/// When the request for a sitting must be in, in the JSON shape of DESIGN section 11.
#[derive(Debug, Serialize)]
pub struct CutoffShown {
    /// The panel.
    pub panel: PanelName,
    /// The day it sits.
    pub date: Date,
    /// The moment, with offset.
    pub cutoff: Option<String>,
    /// Whether it was moved to the working day before.
    pub moved: bool,
    /// The rule, as the policy says it.
    pub rule: Option<String>,
    /// Why the sitting falls away, if it does.
    pub cancelled: Option<String>,
    #[serde(skip)]
    in_words: Option<String>,
}

impl Installation {
    /// The roles of a panel's authority, in which somebody may answer for a finding.
    pub(super) fn panel_roles(&self, panel: &PanelName) -> Result<Vec<RoleShown>, Failure> {
        let roles = self.rules.authority(&panel.authority())?.roles.iter();
        Ok(roles.map(|(role, title)| RoleShown { role: role.clone(), title: title.clone() }).collect())
    }
}

impl Workplace {
    /// The panels of the configuration's authorities.
    pub fn panels_list(&self) -> Result<Vec<PanelListed>, Failure> {
        let rules = self.rules()?;
        rules.serves(self.configuration())?;
        let served = |name: &PanelName| self.configuration().authority(&name.authority()).is_some();
        Ok(rules.panels.iter().filter(|(name, _)| served(name)).map(|(_, profile)| PanelListed::of(profile)).collect())
    }

    /// One panel.
    pub fn panel_show(&self, panel: &str) -> Result<PanelShown, Failure> {
        let rules = self.rules()?;
        let profile = rules.panel(panel, self.configuration())?;
        let authority = rules.authority(&profile.name.authority())?;
        Ok(PanelShown { listed: PanelListed::of(profile), aspects: aspects(profile, authority) })
    }

    /// A panel's sittings.
    pub fn panel_sittings(&self, panel: &str, from: Date, to: Date) -> Result<Vec<Sitting>, Failure> {
        if from > to {
            let failure = Failure::invalid(format_args!("{from} is after {to}"), "exchange --from and --to");
            return Err(failure.on_page("The first day is after the last one.", "Enter the earlier day first."));
        }
        let rules = self.rules()?;
        let profile = rules.panel(panel, self.configuration())?;
        Ok(profile.sittings(from, to, rules.office(&profile.name.authority())?))
    }

    /// A panel's sittings for Outlook and Google (RFC 5545), with an appointment for each cutoff.
    pub fn sittings_appointments(&self, clock: Clock, panel: &str, sittings: &[Sitting]) -> Result<String, Failure> {
        let rules = self.rules()?;
        let profile = rules.panel(panel, self.configuration())?;
        let office = rules.office(&profile.name.authority())?;
        let appointments: Vec<Appointment> = sittings.iter().map(|sitting| appointment(profile, sitting)).collect();
        Ok(report::calendar_file(&profile.title, &appointments, &clock.now_in(&office.zone)))
    }

    /// Those in a file.
    pub fn sittings_calendar(
        &self,
        clock: Clock,
        panel: &str,
        sittings: &[Sitting],
        file: &Path,
    ) -> Result<(), Failure> {
        let calendar = self.sittings_appointments(clock, panel, sittings)?;
        report::private_file(file, calendar.as_bytes()).map_err(|error| {
            let help = "name a file that ends in .ics, in a folder that you may write to";
            Failure::invalid(format_args!("{} cannot be written: {error}", file.display()), help)
        })
    }
}

/// That a panel does not sit on a day, and when it does instead; `why` is what the profile says of a day that falls
/// away.
pub(super) fn does_not_sit(profile: &Profile, date: Date, office: &Office, why: Option<&str>) -> Failure {
    let because = why.map_or_else(String::new, |why| format!(": {why}"));
    let what = anyhow::anyhow!("{} does not sit on {date}{because}", profile.name);
    let help = format!("`tessera panels sittings {} --from {date} --to …` lists its sittings", profile.name);
    let held = |from: Date, to: Date| {
        let all = profile.sittings(from, to, office).into_iter();
        all.filter(|sitting| sitting.cancelled.is_none()).map(|sitting| sitting.date)
    };
    let day_before = held(date.saturating_sub(NEAR_DAYS.days()), date.saturating_sub(1.day())).next_back();
    let day_after = held(date.saturating_add(1.day()), date.saturating_add(NEAR_DAYS.days())).next();
    let near = match (day_before, day_after) {
        (Some(before), Some(after)) => {
            format!("It sits on {} before that day, and on {} after it.", report::day(before), report::day(after))
        }
        (Some(before), None) => format!("It sat last on {}.", report::day(before)),
        (None, Some(after)) => format!("It sits first on {}.", report::day(after)),
        (None, None) => "It has no sittings near that day.".to_owned(),
    };
    let said = format!("{} does not sit on {}{because}.", profile.title, report::day(date));
    Failure::new(FailureKind::NotFound, what, help)
        .on_page(said, format!("{near} Look for all of its sittings on its page. Nothing was changed."))
        .titled("There is no sitting on this day")
}

/// How far from a day its nearest sittings are looked for.
const NEAR_DAYS: i32 = 400;

fn appointment(profile: &Profile, sitting: &Sitting) -> Appointment {
    let closes = match (&sitting.cancelled, &sitting.cutoff) {
        (Some(reason), _) => format!("This sitting falls away: {reason}"),
        (None, Some(cutoff)) => format!("Requests close {} ({})", report::moment(&cutoff.at), cutoff.rule),
        (None, None) => "The policy sets no cutoff".to_owned(),
    };
    Appointment {
        key: format!("{}/{}", sitting.panel, sitting.date),
        title: profile.title.clone(),
        description: format!("{closes}\n{}", profile.policy),
        starts: sitting.starts.clone(),
        ends: sitting.ends.clone(),
        cutoff: sitting.cutoff.as_ref().map(|cutoff| cutoff.at.clone()),
        is_cancelled: sitting.cancelled.is_some(),
    }
}

impl Workplace {
    /// When the request for a sitting must be in.
    pub fn panel_cutoff(&self, panel: &str, date: Date) -> Result<CutoffShown, Failure> {
        let rules = self.rules()?;
        let profile = rules.panel(panel, self.configuration())?;
        let office = rules.office(&profile.name.authority())?;
        let sitting = profile.sitting_on(date, office).ok_or_else(|| does_not_sit(profile, date, office, None))?;
        let cutoff = sitting.cutoff;
        Ok(CutoffShown {
            panel: sitting.panel,
            date,
            cutoff: cutoff.as_ref().map(crate::panel::Cutoff::with_offset),
            moved: cutoff.as_ref().is_some_and(|cutoff| cutoff.moved),
            in_words: cutoff.as_ref().map(|cutoff| report::moment(&cutoff.at)),
            rule: cutoff.map(|cutoff| cutoff.rule),
            cancelled: sitting.cancelled,
        })
    }
}

impl PanelListed {
    pub(super) fn of(profile: &Profile) -> Self {
        Self {
            panel: profile.name.clone(),
            title: profile.title.clone(),
            purpose: profile.purpose.clone(),
            function: profile.function.clone(),
            policy: profile.policy.clone(),
            schedule: profile.schedule.as_ref().map(schedule_words),
            cutoff: profile.cutoff.as_ref().map(ToString::to_string),
            approval: profile.approval.as_ref().map(|approval| approval.roles.clone()).unwrap_or_default(),
            kinds: profile.requests.kinds.iter().map(|kind| kind.title.clone()).collect(),
        }
    }
}

impl PanelShown {
    /// The profile as a person reads it: each thing it says, and the clause.
    pub fn text(&self) -> String {
        let PanelListed { title, panel, policy, .. } = &self.listed;
        let mut text = format!("{title} ({panel})\n{policy}\n");
        for aspect in &self.aspects {
            text.push_str(&format!("\n{}\n", aspect.about));
            for said in &aspect.said {
                text.push_str(&format!("  {}\n", said.with_clause(policy)));
            }
        }
        text
    }
}

impl CutoffShown {
    /// The cutoff as a person reads it.
    pub fn text(&self) -> String {
        let day = report::day(self.date);
        match (&self.cancelled, &self.in_words, &self.rule) {
            (Some(reason), ..) => format!("{}: the sitting of {day} falls away: {reason}\n", self.panel),
            (None, Some(cutoff), Some(rule)) => {
                let moved = if self.moved { ", moved to the working day before" } else { "" };
                format!("{}, sitting of {day}: closes {cutoff}{moved} ({rule})\n", self.panel)
            }
            _ => format!("{}, sitting of {day}: the policy sets no cutoff\n", self.panel),
        }
    }
}

/// Panels as a table.
pub fn panels_table(panels: &[PanelListed]) -> String {
    let rows: Vec<Vec<String>> = panels
        .iter()
        .map(|one| {
            let schedule = one.schedule.clone().unwrap_or_else(|| "as needed".to_owned());
            vec![one.panel.to_string(), one.title.clone(), schedule, one.cutoff.clone().unwrap_or_default()]
        })
        .collect();
    report::table(&["panel", "title", "sits", "closes"], &rows)
}

/// Sittings as a table.
pub fn sittings_table(sittings: &[Sitting]) -> String {
    let rows: Vec<Vec<String>> = sittings
        .iter()
        .map(|sitting| {
            let hours = format!("{} to {}", sitting.starts.strftime("%H:%M"), sitting.ends.strftime("%H:%M"));
            let moved = |cutoff: &crate::panel::Cutoff| if cutoff.moved { " (moved)" } else { "" };
            let closes =
                sitting.cutoff.as_ref().map(|cutoff| format!("{}{}", report::moment(&cutoff.at), moved(cutoff)));
            let falls_away = sitting.cancelled.as_ref().map(|reason| format!("falls away: {reason}"));
            vec![report::day(sitting.date), hours, falls_away.or(closes).unwrap_or_default()]
        })
        .collect();
    report::table(&["sitting", "hours", "closes"], &rows)
}
