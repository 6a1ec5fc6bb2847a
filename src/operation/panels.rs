//! `panels`: who sits when, and until when a request can still be made.

use jiff::civil::Date;
use serde::Serialize;

use super::Failure;
use super::installation::Rulebook;
use crate::config::Configuration;
use crate::domain::PanelName;
use crate::panel::{Profile, Sitting};
use crate::report;

/// A panel's profile, as a person reads it.
#[derive(Debug, Serialize)]
pub struct PanelShown {
    /// Its name.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// The policy it stands on.
    pub policy: String,
    /// The rule by which it sits.
    pub schedule: Option<String>,
    /// The rule of its cutoff.
    pub cutoff: Option<String>,
    /// The roles that may approve a request.
    pub approval: Vec<String>,
    /// Kinds of request.
    pub kinds: Vec<String>,
    /// What every request brings, with its clause.
    pub paperwork: Vec<(String, String)>,
    /// What it can decide.
    pub decisions: Vec<String>,
    /// What the policy leaves open and the profile assumes.
    pub assumed: Vec<String>,
    /// Where the policy contradicts itself.
    pub ambiguity: Vec<String>,
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

/// The panels of the configuration's authorities.
pub fn panels_list(configuration: &Configuration) -> Result<Vec<PanelShown>, Failure> {
    let rules = Rulebook::of(Some(configuration))?;
    let served = |name: &PanelName| configuration.authority(&name.authority()).is_some();
    Ok(rules.panels.iter().filter(|(name, _)| served(name)).map(|(_, profile)| PanelShown::of(profile)).collect())
}

/// One panel.
pub fn panel_show(configuration: &Configuration, panel: &str) -> Result<PanelShown, Failure> {
    let rules = Rulebook::of(Some(configuration))?;
    Ok(PanelShown::of(rules.panel(panel, configuration)?))
}

/// A panel's sittings.
pub fn panel_sittings(
    configuration: &Configuration,
    panel: &str,
    from: Date,
    to: Date,
) -> Result<Vec<Sitting>, Failure> {
    if from > to {
        return Err(Failure::usage(format_args!("{from} is after {to}"), "exchange --from and --to"));
    }
    let rules = Rulebook::of(Some(configuration))?;
    let profile = rules.panel(panel, configuration)?;
    Ok(profile.sittings(from, to, rules.office(&profile.name.authority())?))
}

/// When the request for a sitting must be in.
pub fn panel_cutoff(configuration: &Configuration, panel: &str, date: Date) -> Result<CutoffShown, Failure> {
    let rules = Rulebook::of(Some(configuration))?;
    let profile = rules.panel(panel, configuration)?;
    let sitting = profile.sitting_on(date, rules.office(&profile.name.authority())?).ok_or_else(|| {
        let help = format!("`tessera panels sittings {} --from {date} --to …` lists its sittings", profile.name);
        Failure::usage(format_args!("{} does not sit on {date}", profile.name), help)
    })?;
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

impl PanelShown {
    fn of(profile: &Profile) -> Self {
        Self {
            panel: profile.name.clone(),
            title: profile.title.clone(),
            purpose: profile.purpose.clone(),
            policy: profile.policy.clone(),
            schedule: profile.schedule.as_ref().map(|schedule| {
                let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
                format!("{} from {} to {}", schedule.recurrence.rule(), time(schedule.starts), time(schedule.ends))
            }),
            cutoff: profile.cutoff.as_ref().map(ToString::to_string),
            approval: profile.approval.as_ref().map(|approval| approval.roles.clone()).unwrap_or_default(),
            kinds: profile.requests.kinds.iter().map(|kind| kind.title.clone()).collect(),
            paperwork: profile
                .requests
                .paperwork
                .iter()
                .map(|paper| (paper.title.clone(), paper.policy.clone()))
                .collect(),
            decisions: profile.outcome.decisions.iter().map(|choice| choice.title.clone()).collect(),
            assumed: profile.assumed.clone(),
            ambiguity: profile.ambiguity.clone(),
        }
    }

    /// The profile as a person reads it.
    pub fn text(&self) -> String {
        let mut text = format!("{} ({})\n{}\n[{}]\n", self.title, self.panel, self.purpose, self.policy);
        let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
        line("sits", self.schedule.as_deref().unwrap_or("as needed"));
        line("closes", self.cutoff.as_deref().unwrap_or("no cutoff"));
        line("approved by", &self.approval.join(" or "));
        line("kinds of request", &self.kinds.join("; "));
        line("decides", &self.decisions.join("; "));
        for (paper, policy) in &self.paperwork {
            text.push_str(&format!("paper: {paper} [{policy}]\n"));
        }
        for assumed in &self.assumed {
            text.push_str(&format!("assumed: {assumed}\n"));
        }
        for ambiguity in &self.ambiguity {
            text.push_str(&format!("ambiguity: {ambiguity}\n"));
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
pub fn panels_table(panels: &[PanelShown]) -> String {
    let rows: Vec<Vec<String>> = panels
        .iter()
        .map(|one| vec![one.panel.to_string(), one.title.clone(), one.cutoff.clone().unwrap_or_default()])
        .collect();
    report::table(&["panel", "title", "closes"], &rows)
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
