//! `panels diff`: two panels side by side, for whoever compares policies.

use std::path::Path;

use serde::Serialize;

use super::check_matrix::written;
use super::installation::Rulebook;
use super::panel_profile::{Aspect, Said, aspects};
use super::{Failure, Workplace};
use crate::domain::{AuthorityName, PanelName};
use crate::panel::Profile;
use crate::report::{Cell, Matrix, Sheets, Tone};

/// Panels compared.
#[derive(Debug, Serialize)]
pub struct PanelsCompared {
    /// Each pair.
    pub pairs: Vec<PanelPair>,
    /// Panels of two authorities that have no counterpart: no panel of the other has their function.
    pub alone: Vec<PanelName>,
}

/// Two panels, aspect by aspect.
#[derive(Debug, Serialize)]
pub struct PanelPair {
    /// The one.
    pub one: PanelName,
    /// What a person calls it.
    pub one_title: String,
    /// The policy it stands on.
    pub one_policy: String,
    /// The other.
    pub other: PanelName,
    /// What a person calls it.
    pub other_title: String,
    /// The policy it stands on.
    pub other_policy: String,
    /// What they say of each thing.
    pub aspects: Vec<AspectCompared>,
}

/// What two panels say of one thing.
#[derive(Debug, Serialize)]
pub struct AspectCompared {
    /// What it is about.
    pub about: String,
    /// What both say, in the same words.
    pub both: Vec<String>,
    /// What the one says alone.
    pub one: Vec<Said>,
    /// What the other says alone.
    pub other: Vec<Said>,
}

impl Workplace {
    /// Compares two panels, or the panels of two authorities that have the same function.
    pub fn panels_diff(&self, one: &str, other: &str) -> Result<PanelsCompared, Failure> {
        let rules = self.rules()?;
        let of = |name: &str| {
            let name = AuthorityName::new(name);
            let is_authority = rules.authority(&name).is_ok();
            let panels = rules.panels.iter().filter(|(panel, _)| is_authority && panel.authority() == name);
            panels.map(|(_, profile)| profile).collect::<Vec<&Profile>>()
        };
        let (ones, others) = (of(one), of(other));
        if ones.is_empty() || others.is_empty() {
            let configuration = self.configuration();
            let (one, other) = (rules.panel(one, configuration)?, rules.panel(other, configuration)?);
            return Ok(PanelsCompared { pairs: vec![pair(&rules, one, other)?], alone: Vec::new() });
        }
        let alike = |one: &Profile, other: &Profile| !one.function.is_empty() && one.function == other.function;
        let pairs =
            ones.iter().flat_map(|one| others.iter().filter(|other| alike(one, other)).map(|other| (*one, *other)));
        let pairs = pairs.map(|(one, other)| pair(&rules, one, other)).collect::<Result<_, _>>()?;
        let without = |these: &[&Profile], those: &[&Profile]| {
            let alone = these.iter().filter(|one| !those.iter().any(|other| alike(one, other)));
            alone.map(|profile| profile.name.clone()).collect::<Vec<_>>()
        };
        let alone = [without(&ones, &others), without(&others, &ones)].concat();
        Ok(PanelsCompared { pairs, alone })
    }
}

fn pair(rules: &Rulebook, one: &Profile, other: &Profile) -> Result<PanelPair, Failure> {
    let says = |profile: &Profile| Ok::<_, Failure>(aspects(profile, rules.authority(&profile.name.authority())?));
    let (says_one, says_other) = (says(one)?, says(other)?);
    let mut about: Vec<&str> = says_one.iter().map(|aspect| aspect.about.as_str()).collect();
    for (at, aspect) in says_other.iter().enumerate() {
        if about.contains(&aspect.about.as_str()) {
            continue;
        }
        // What only the other speaks of comes where it stands there: after what precedes it.
        let before =
            says_other.iter().take(at).rev().find_map(|before| about.iter().position(|one| *one == before.about));
        about.insert(before.map_or(0, |before| before + 1), &aspect.about);
    }
    let compared = about.into_iter().map(|about| compared(about, &says_one, &says_other));
    Ok(PanelPair {
        one: one.name.clone(),
        one_title: one.title.clone(),
        one_policy: one.policy.clone(),
        other: other.name.clone(),
        other_title: other.title.clone(),
        other_policy: other.policy.clone(),
        aspects: compared.collect(),
    })
}

fn compared(about: &str, one: &[Aspect], other: &[Aspect]) -> AspectCompared {
    let said = |aspects: &[Aspect]| {
        aspects
            .iter()
            .filter(|aspect| aspect.about == about)
            .flat_map(|aspect| aspect.said.clone())
            .collect::<Vec<Said>>()
    };
    let (mut one, mut other) = (said(one), said(other));
    let same =
        |said: &Said, those: &[Said]| those.iter().any(|that| that.text.to_lowercase() == said.text.to_lowercase());
    let both: Vec<Said> = one.iter().filter(|said| same(said, &other)).cloned().collect();
    one.retain(|said| !same(said, &both));
    other.retain(|said| !same(said, &both));
    AspectCompared { about: about.to_owned(), both: both.into_iter().map(|said| said.text).collect(), one, other }
}

impl AspectCompared {
    /// Whether they say the same.
    fn is_same(&self) -> bool {
        self.one.is_empty() && self.other.is_empty()
    }

    /// What one side says alone, or that it says nothing where the other does.
    fn side(&self, own: &[Said], policy: &str) -> Vec<String> {
        if own.is_empty() && self.both.is_empty() {
            return vec!["says nothing".to_owned()];
        }
        own.iter().map(|said| said.with_clause(policy)).collect()
    }
}

impl PanelPair {
    fn text(&self) -> String {
        let Self { one, one_title, one_policy, other, other_title, other_policy, .. } = self;
        let mut text = format!("{one_title} ({one}: {one_policy})\nbeside {other_title} ({other}: {other_policy})\n");
        for aspect in &self.aspects {
            text.push_str(&format!("\n{}\n", aspect.about));
            let mut lines =
                |who: &str, said: &[String]| said.iter().for_each(|said| text.push_str(&format!("  {who}: {said}\n")));
            lines("both", &aspect.both);
            if !aspect.is_same() {
                lines(one.as_str(), &aspect.side(&aspect.one, one_policy));
                lines(other.as_str(), &aspect.side(&aspect.other, other_policy));
            }
        }
        text
    }

    fn matrix(&self) -> Matrix {
        let rows = self.aspects.iter().map(|aspect| {
            let (words, tone) = match (aspect.is_same(), aspect.both.is_empty()) {
                (true, _) => ("the same", Tone::Good),
                (false, false) => ("in part", Tone::Look),
                (false, true) => ("different", Tone::Bad),
            };
            let side = |own: &[Said], policy: &str| {
                if aspect.is_same() { String::new() } else { aspect.side(own, policy).join("\n") }
            };
            vec![
                Cell::plain(aspect.about.clone()),
                Cell { text: words.to_owned(), tone },
                Cell::plain(aspect.both.join("\n")),
                Cell::plain(side(&aspect.one, &self.one_policy)),
                Cell::plain(side(&aspect.other, &self.other_policy)),
            ]
        });
        let rows = rows.collect();
        let columns = ["about", "they say", "both", self.one.as_str(), self.other.as_str()];
        Matrix {
            title: format!("{} and {}", self.one.panel(), self.other.panel()),
            notes: vec![format!("{} ({}) beside {} ({})", self.one_title, self.one, self.other_title, self.other)],
            columns: columns.map(ToOwned::to_owned).to_vec(),
            rows,
        }
    }
}

impl PanelsCompared {
    /// The comparison as a person reads it.
    pub fn text(&self) -> String {
        let mut text = self.pairs.iter().map(PanelPair::text).collect::<Vec<_>>().join("\n\n");
        for alone in &self.alone {
            text.push_str(&format!("\n{alone}: no panel of the other has its function\n"));
        }
        text
    }

    /// Writes the comparison to a `.xlsx` or `.html` file: a table a pair.
    pub fn out(&self, file: &Path) -> Result<(), Failure> {
        let tables = self.pairs.iter().map(PanelPair::matrix).collect();
        written(&Sheets { title: "Panels side by side".to_owned(), tables }, file)
    }
}
