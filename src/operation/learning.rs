//! What the year teaches: how requests came and stood, what was decided after how long, how duties were kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Failure;
use super::figures::title as lacking_title;
use super::installation::Installation;
use super::sittings::served;
use crate::domain::{PanelName, limit};
use crate::learning::{By, Calendar, Count, FEWER_THAN, Group, Month, Series, Span, Waits};
use crate::panel::Profile;
use crate::report;

/// Months that are told unless somebody says more: a year.
const MONTHS: i32 = 12;

/// Which figures are asked for.
#[derive(Debug, Clone)]
pub struct LearningAsked {
    /// Of this panel only.
    pub panel: Option<String>,
    /// What they are told by.
    pub by: By,
    /// The first month; a year before the last unless said.
    pub from: Option<Month>,
    /// The last month; this one unless said.
    pub to: Option<Month>,
    /// Whether they leave the office, and small numbers stay there.
    pub share: bool,
}

/// What the year teaches.
#[derive(Debug, Clone, Serialize)]
pub struct Learning {
    /// What it is told by: `month` or `quarter`.
    pub by: &'static str,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// Whether small numbers are left out: they are `null`.
    pub shared: bool,
    /// Each panel that has anything to tell.
    pub panels: Vec<PanelLearned>,
}

/// What a panel's year teaches.
#[derive(Debug, Clone, Serialize)]
pub struct PanelLearned {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// Each period, and all of them together as the last.
    pub periods: Vec<PeriodLearned>,
}

/// What a month or a quarter teaches.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodLearned {
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// What a person calls it.
    pub title: String,
    /// Requests that were handed in.
    pub requests: Count,
    /// Those before the cutoff of the sitting that was meant when they were first looked at.
    pub on_time: Count,
    /// Those after it.
    pub late: Count,
    /// Those to which no cutoff applied.
    pub no_cutoff: Count,
    /// Those against which nothing but the time stood at the first look.
    pub complete: Count,
    /// Those against which something stood.
    pub incomplete: Count,
    /// Those of which nobody knows it.
    pub not_known: Count,
    /// What they lacked then, most often first; the same things in each period.
    pub missing: Vec<MissingLearned>,
    /// Children about whom was decided.
    pub decided: Count,
    /// The same, by decision, in the order of the panel's file.
    pub decisions: Vec<DecisionLearned>,
    /// How long they had waited.
    pub waited: WaitLearned,
    /// How the duties that were due were kept.
    pub duties: Vec<DutyLearned>,
}

/// What requests lacked when they were first looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingLearned {
    /// The code of the finding.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// What a person calls that.
    pub title: String,
    /// How many lacked it.
    pub requests: Count,
}

/// How often something was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionLearned {
    /// The name in the panel's file.
    pub decision: String,
    /// What a person calls it.
    pub title: String,
    /// About how many children.
    pub children: Count,
}

/// How long children waited, from the day on which the request was handed in to the sitting that decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitLearned {
    /// Of how many children it is known.
    pub known: Count,
    /// The days that half of them waited at most.
    pub median_days: Option<f64>,
    /// The days that the last of them waited; not of figures that are passed on.
    pub longest_days: Option<u64>,
}

/// How the duties of a rule were kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DutyLearned {
    /// The rule of the panel's file.
    pub rule: String,
    /// What a person calls it.
    pub title: String,
    /// Those that were due.
    pub due: Count,
    /// Those that were done by then.
    pub in_time: Count,
    /// Those that were done later.
    pub late: Count,
    /// Those that are not done.
    pub open: Count,
}

impl Installation {
    /// What the year teaches at one panel, or at all that are served. Numbers only: no child is named.
    pub fn learning(&self, asked: &LearningAsked) -> Result<Learning, Failure> {
        let profiles = served(self, asked.panel.as_deref())?;
        let zone = self.rules.zone(&self.configuration);
        let calendar = Calendar { span: span(asked, Month::of(self.clock.now_in(&zone).date()))?, by: asked.by };
        let mut panels = Vec::new();
        for profile in profiles {
            let counted = Counted::of(self, profile, calendar.span.in_whole_quarters())?;
            if !counted.is_empty() || asked.panel.is_some() {
                panels.push(counted.told(profile, &calendar, asked.share));
            }
        }
        let Span { from, to } = calendar.told();
        Ok(Learning { by: asked.by.as_str(), from, to, shared: asked.share, panels })
    }
}

/// The months that are asked for.
fn span(asked: &LearningAsked, this: Month) -> Result<Span, Failure> {
    let to = asked.to.unwrap_or_else(|| asked.from.map_or(this, |from| from.max(this)));
    // A year of quarters ends with the one in which the last month lies.
    let end = if asked.by == By::Quarter { to.quarter().to } else { to };
    let from = asked.from.unwrap_or_else(|| end.plus(1 - MONTHS));
    if from > to {
        let failure = Failure::invalid(format_args!("{from} is after {to}"), "name the earlier month first");
        return Err(failure.on_page("The first month is after the last one.", "Enter the earlier month first."));
    }
    let span = Span { from, to };
    if to > from.plus(limit::FIGURES_MONTHS_MAX) {
        let help = format!("ask for {} months at most", limit::FIGURES_MONTHS_MAX);
        let failure = Failure::invalid(format_args!("{} is a long time", span.title()), &*help);
        let help = format!("Choose {} months at most.", limit::FIGURES_MONTHS_MAX);
        return Err(failure.on_page("This is more than can be shown at once.", help));
    }
    Ok(span)
}

/// What is counted of a panel, month by month.
#[derive(Default)]
struct Counted {
    requests: Group,
    missing: Vec<(MissingLearned, Group)>,
    decisions: Group,
    decision_names: Vec<(String, String)>,
    waits: Vec<(Month, u64, u64)>,
    duties: Vec<(String, String, Group)>,
}

const ON_TIME_LATE_NONE: usize = 3;
const COMPLETE_NOT_UNKNOWN: usize = 3;

impl Counted {
    fn of(installation: &Installation, profile: &Profile, months: Span) -> Result<Self, Failure> {
        let mut counted = Self::default();
        counted.count_requests(installation, profile, months)?;
        counted.count_missing(installation, profile, months)?;
        counted.count_decisions(installation, profile, months)?;
        counted.count_duties(installation, profile, months)?;
        Ok(counted)
    }

    fn is_empty(&self) -> bool {
        self.requests.total == Series::default() && self.decisions.total == Series::default() && self.duties.is_empty()
    }

    fn count_requests(&mut self, installation: &Installation, profile: &Profile, months: Span) -> Result<(), Failure> {
        let (from, to) = (months.from.to_string(), months.to.to_string());
        let mut arrived = vec![Series::default(); ON_TIME_LATE_NONE];
        let mut stood = vec![Series::default(); COMPLETE_NOT_UNKNOWN];
        let place = |known: Option<bool>, yes: usize, no: usize| known.map_or(2, |known| if known { yes } else { no });
        for looks in installation.ledger.first_looks(&profile.name, &from, &to)? {
            let month = month(&looks.month)?;
            self.requests.total.add(month, looks.count);
            let (arrived, stood) =
                (arrived.get_mut(place(looks.late, 1, 0)), stood.get_mut(place(looks.complete, 0, 1)));
            arrived.into_iter().chain(stood).for_each(|series| series.add(month, looks.count));
        }
        self.requests.ways = vec![arrived, stood];
        Ok(())
    }

    fn count_missing(&mut self, installation: &Installation, profile: &Profile, months: Span) -> Result<(), Failure> {
        let mut found: BTreeMap<(String, String), Group> = BTreeMap::new();
        for lacks in installation.ledger.first_lacks(&profile.name, &months.from.to_string(), &months.to.to_string())? {
            let month = month(&lacks.month)?;
            found.entry((lacks.code, lacks.subject)).or_default().total.add(month, lacks.count);
        }
        self.missing = found
            .into_iter()
            .map(|((code, subject), group)| {
                let title = lacking_title(installation, profile, &code, &subject);
                (MissingLearned { code, subject, title, requests: Count::Exact(group.total.within(months)) }, group)
            })
            .collect();
        Ok(())
    }

    fn count_decisions(&mut self, installation: &Installation, profile: &Profile, months: Span) -> Result<(), Failure> {
        let decided = installation.ledger.decided(&profile.name, &months.from.to_string(), &months.to.to_string())?;
        let own = profile.outcome.decisions.iter().map(|choice| (choice.name.clone(), choice.title.clone()));
        self.decision_names = own.collect();
        // What the file does not name any more was decided all the same.
        let gone: BTreeSet<&String> =
            decided.iter().map(|one| &one.decision).filter(|name| profile.outcome.decision(name).is_none()).collect();
        self.decision_names.extend(gone.into_iter().map(|name| (name.clone(), report::in_words(name))));
        let mut by_decision = vec![Series::default(); self.decision_names.len()];
        let (mut known, mut unknown) = (Series::default(), Series::default());
        for one in decided {
            let month = month(&one.month)?;
            self.decisions.total.add(month, one.count);
            let place = self.decision_names.iter().position(|(name, _)| *name == one.decision);
            place.and_then(|place| by_decision.get_mut(place)).into_iter().for_each(|own| own.add(month, one.count));
            let Some(days) = one.days else {
                unknown.add(month, one.count);
                continue;
            };
            known.add(month, one.count);
            self.waits.push((month, days, one.count));
        }
        self.decisions.ways = vec![vec![known, unknown], by_decision];
        Ok(())
    }

    fn count_duties(&mut self, installation: &Installation, profile: &Profile, months: Span) -> Result<(), Failure> {
        let mut found: BTreeMap<String, [Series; 3]> = BTreeMap::new();
        let tallied =
            installation.ledger.duties_tallied(&profile.name, &months.from.to_string(), &months.to.to_string())?;
        for one in tallied {
            let month = month(&one.month)?;
            let series = found.entry(one.rule).or_default();
            for (series, count) in series.iter_mut().zip([one.in_time, one.late, one.open]) {
                series.add(month, count);
            }
        }
        let rules = found.into_iter().map(|(rule, parts)| {
            let named = profile.duties.iter().find(|known| known.name == rule);
            let title = named.map_or_else(|| report::in_words(&rule), |known| known.title.clone());
            let mut total = Series::default();
            parts.iter().for_each(|part| total.add_all(part));
            (rule, title, Group { total, ways: vec![parts.to_vec()] })
        });
        self.duties = rules.collect();
        self.duties.sort_by(|one, other| one.1.cmp(&other.1));
        Ok(())
    }

    /// What a reader is told, period by period.
    fn told(&self, profile: &Profile, calendar: &Calendar, share: bool) -> PanelLearned {
        let counts = |group: &Group| if share { group.to_pass_on(calendar) } else { group.exact(calendar) };
        let (requests, decisions) = (counts(&self.requests), counts(&self.decisions));
        let is_told = |group: &Group| group.total.within(calendar.told()) > 0;
        let missing = self.missing.iter().filter(|(_, group)| is_told(group)).map(|(one, group)| (one, counts(group)));
        let mut missing: Vec<_> = missing.collect();
        // By what is told: the order gives away nothing that is left out.
        missing.sort_by_key(|(one, counts)| {
            (
                std::cmp::Reverse(counts.first().and_then(|own| own.last()).and_then(|last| last.told())),
                one.title.clone(),
            )
        });
        let duties = self.duties.iter().filter(|(.., group)| is_told(group));
        let duties: Vec<_> = duties.map(|(rule, title, group)| (rule, title, counts(group))).collect();
        let at = |counts: &[Vec<Count>], series: usize, period: usize| {
            counts.get(series).and_then(|own| own.get(period)).copied().unwrap_or(Count::Exact(0))
        };
        let periods = calendar.periods();
        let last = periods.len().saturating_sub(1);
        let period = |(place, span): (usize, &Span)| PeriodLearned {
            from: span.from,
            to: span.to,
            title: if place == last { "All together".to_owned() } else { span.title() },
            requests: at(&requests, 0, place),
            on_time: at(&requests, 1, place),
            late: at(&requests, 2, place),
            no_cutoff: at(&requests, 3, place),
            complete: at(&requests, 4, place),
            incomplete: at(&requests, 5, place),
            not_known: at(&requests, 6, place),
            missing: missing
                .iter()
                .map(|(one, counts)| MissingLearned { requests: at(counts, 0, place), ..(*one).clone() })
                .collect(),
            decided: at(&decisions, 0, place),
            decisions: (3..)
                .zip(&self.decision_names)
                .map(|(series, (decision, title))| DecisionLearned {
                    decision: decision.clone(),
                    title: title.clone(),
                    children: at(&decisions, series, place),
                })
                .collect(),
            waited: self.waited(*span, at(&decisions, 1, place), share),
            duties: duties
                .iter()
                .map(|(rule, title, counts)| DutyLearned {
                    rule: (*rule).clone(),
                    title: (*title).clone(),
                    due: at(counts, 0, place),
                    in_time: at(counts, 1, place),
                    late: at(counts, 2, place),
                    open: at(counts, 3, place),
                })
                .collect(),
        };
        PanelLearned {
            panel: profile.name.clone(),
            title: profile.title.clone(),
            periods: periods.iter().enumerate().map(period).collect(),
        }
    }

    /// How long children waited. Where it is not said of how many, their days stay in the office too; so do those of the
    /// last, who is a single child.
    fn waited(&self, span: Span, known: Count, share: bool) -> WaitLearned {
        let mut waits = Waits::default();
        if known.told().is_some() {
            let own = self.waits.iter().filter(|(month, ..)| span.holds(*month));
            own.for_each(|(_, days, count)| waits.add(*days, *count));
        }
        WaitLearned { known, median_days: waits.median(), longest_days: waits.longest().filter(|_| !share) }
    }
}

fn month(text: &str) -> Result<Month, Failure> {
    let damaged =
        || Failure::failed(anyhow::anyhow!("a month of the ledger cannot be read"), "`tessera audit verify` says more");
    text.parse().map_err(|_| damaged())
}

/// What a reader is told of numbers that are left out.
pub(super) fn left_out_in_words() -> String {
    format!(
        "“left out” stands for fewer than {FEWER_THAN}, or for a number that would give such a one away. Nothing is shown as 0."
    )
}
