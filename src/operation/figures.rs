//! How things go: readiness ahead, when requests come in, what they lack most often.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::installation::Installation;
use super::sittings::{listed, served};
use super::{Failure, SittingListed};
use crate::domain::PanelName;
use crate::panel::{Paper, Profile};

/// Sittings whose readiness is told.
const SITTINGS: usize = 12;
/// What is lacking, most often first.
const MISSING: usize = 20;

/// How things go.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// The next sittings that have requests.
    pub readiness: Vec<SittingListed>,
    /// When requests came in, for the sittings of the last 12 months and those ahead.
    pub arrivals: Vec<ArrivalFigure>,
    /// What open requests lack, most often first.
    pub missing: Vec<MissingFigure>,
}

/// When requests for a month's sittings of a panel came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrivalFigure {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// The month of the sittings: `2026-12`.
    pub month: String,
    /// Before the cutoff.
    pub on_time: u64,
    /// After it.
    pub late: u64,
}

/// Something that open requests lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingFigure {
    /// The code of the finding.
    pub code: String,
    /// What it is about: a kind of document, a field, a fact.
    pub subject: String,
    /// What a person calls the paper or the question.
    pub title: String,
    /// How many lack it.
    pub count: u64,
}

impl Installation {
    /// How things go at one panel, or at all that are served.
    pub fn figures(&self, panel: Option<&str>) -> Result<Figures, Failure> {
        let profiles = served(self, panel)?;
        let today = self.clock.now_in(&self.rules.zone(&self.configuration)).date();
        let (from, to) = (today.saturating_sub(12.months()).first_of_month(), today.saturating_add(13.months()));
        let mut readiness = listed(self, &profiles, today, to)?;
        readiness.retain(|one| one.readiness.in_all() > 0);
        readiness.truncate(SITTINGS);
        Ok(Figures { readiness, arrivals: arrivals(self, &profiles, from, to)?, missing: missing(self, &profiles)? })
    }
}

fn arrivals(
    installation: &Installation,
    profiles: &[&Profile],
    from: Date,
    to: Date,
) -> Result<Vec<ArrivalFigure>, Failure> {
    let mut arrivals = Vec::new();
    for profile in profiles {
        let months = installation.ledger.arrived(&profile.name, from, to)?.into_iter();
        arrivals.extend(months.map(|arrived| ArrivalFigure {
            panel: profile.name.clone(),
            title: profile.title.clone(),
            month: arrived.month,
            on_time: arrived.on_time,
            late: arrived.late,
        }));
    }
    Ok(arrivals)
}

/// Panels that call a thing by the same name lack it together.
fn missing(installation: &Installation, profiles: &[&Profile]) -> Result<Vec<MissingFigure>, Failure> {
    let mut counted: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for profile in profiles {
        for lacking in installation.ledger.lacking(&profile.name)? {
            let title = title(installation, profile, &lacking.code, &lacking.subject);
            *counted.entry((lacking.code, lacking.subject, title)).or_default() += lacking.count;
        }
    }
    let figures = counted.into_iter();
    let mut missing: Vec<MissingFigure> =
        figures.map(|((code, subject, title), count)| MissingFigure { code, subject, title, count }).collect();
    missing.sort_by_key(|figure| std::cmp::Reverse(figure.count));
    missing.truncate(MISSING);
    Ok(missing)
}

/// What a person calls what a finding is about.
pub(super) fn title(installation: &Installation, profile: &Profile, code: &str, subject: &str) -> String {
    let named = if code.starts_with("document-") {
        let papers = profile.requests.kinds.iter().flat_map(|kind| &kind.paperwork);
        let is_it = |paper: &&Paper| paper.kinds.first().is_some_and(|kind| kind.to_string() == subject);
        profile.requests.paperwork.iter().chain(papers).find(is_it).map(|paper| paper.title.clone())
    } else if code.starts_with("fact-") {
        profile.facts.get(subject).map(|fact| fact.question.clone())
    } else {
        let authority = profile.name.authority();
        let forms = installation.rules.mappings.forms(&authority);
        let fields =
            forms.filter(|form| form.panels().any(|panel| *panel == profile.name)).flat_map(|form| &form.fields);
        fields.into_iter().find(|field| *field.name == *subject).map(|field| field.label.clone())
    };
    named.unwrap_or_else(|| {
        let words = subject.replace('-', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    })
}
