//! What has become of what somebody has answered for: whether it still holds, and for which finding.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use super::{Case, Finding};
use crate::domain::{FindingName, Private, RecordedWaiver, Waiver};
use crate::panel::Sitting;

/// How long somebody can answer for a finding of a request without a sitting, in days.
const DAYS_WITHOUT_SITTING: i32 = 28;
/// How far from a day that falls away the sitting that stands for it is looked for, in days.
const MOVED_DAYS_MAX: i32 = 31;

/// A finding for which somebody has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// In which role.
    pub role: String,
    /// Who has entered it.
    pub by: String,
    /// Why.
    pub reason: Private<String>,
    /// The sitting for which it was given; `None` where there was none, and where it was given before that was kept.
    pub sitting: Option<Date>,
    /// The last day on which that holds.
    pub until: Date,
    /// The fingerprint under which the ledger has it.
    #[serde(skip)]
    pub fingerprint: String,
    /// The fingerprints of others that were given for the same finding: they would count if this one did not.
    #[serde(skip)]
    pub others: Vec<String>,
}

/// What somebody has answered for and counts no longer, or was given for a finding that is not found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lapsed {
    /// The code and the subject of the finding; `None` where it fits none, and was given before they were kept.
    pub finding: Option<FindingName>,
    /// In which role.
    pub role: String,
    /// Who has entered it.
    pub by: String,
    /// Why.
    pub reason: Private<String>,
    /// The sitting for which it was given; `None` where there was none, and where it was given before that was kept.
    pub sitting: Option<Date>,
    /// The last day on which it was to hold.
    pub until: Date,
    /// Why it does not count.
    pub why: Lapse,
    /// The fingerprint under which the ledger has it.
    #[serde(skip)]
    pub fingerprint: String,
}

/// Why what somebody has answered for does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapse {
    /// Its last day has passed.
    Over,
    /// It was given for another sitting than the one the request goes to now.
    AnotherSitting,
    /// Nothing that is found now is what it was given for, as that was worded.
    NoFinding,
}

/// A waiver as it is to stand in the ledger from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The waiver as it was when it was looked at.
    pub seen: Waiver,
    /// The waiver as it is to stand.
    pub waiver: Waiver,
}

/// What has become of the waivers of a request.
#[derive(Debug, Default)]
pub(super) struct Waivers {
    pub(super) waived: Vec<Waived>,
    pub(super) lapsed: Vec<Lapsed>,
    pub(super) renewed: Vec<Renewed>,
}

/// The days until which somebody can answer for a finding: the first and the last.
pub fn waiver_days(today: Date, sitting: Option<Date>) -> (Date, Date) {
    (today, sitting.unwrap_or_else(|| today.saturating_add(DAYS_WITHOUT_SITTING.days())))
}

/// Takes the findings that are answered for out of all that were found.
pub(super) fn apply(case: &Case<'_>, findings: &mut Vec<Finding>) -> Waivers {
    let mut waivers = Waivers::default();
    let standing: Vec<&RecordedWaiver> = case.waivers.iter().filter(|one| one.waiver.taken_back.is_none()).collect();
    if standing.is_empty() {
        return waivers;
    }
    let mut fits = vec![false; standing.len()];
    findings.retain(|finding| {
        if !finding.code().may_be_waived() {
            return true;
        }
        let (fingerprint, worded) = (finding.fingerprint(), finding.worded_fingerprint());
        let mut is_waived = false;
        for (given, fits) in standing.iter().zip(&mut fits) {
            if ![&fingerprint, &worded].contains(&&given.waiver.fingerprint) {
                continue;
            }
            *fits = true;
            is_waived |= waivers.take(case, finding, given, &fingerprint, is_waived);
        }
        !is_waived
    });
    for (given, _) in standing.iter().zip(&fits).filter(|(given, fits)| !**fits && given.waiver.is_worded()) {
        if case.now.date() <= given.waiver.until {
            waivers.lapsed.push(lapsed(given, given.waiver.finding.clone(), Lapse::NoFinding));
        }
    }
    waivers
}

impl Waivers {
    /// Takes a waiver that was given for a finding. Whether the finding is answered for by it.
    fn take(
        &mut self,
        case: &Case<'_>,
        finding: &Finding,
        given: &RecordedWaiver,
        fingerprint: &str,
        is_waived: bool,
    ) -> bool {
        let name = FindingName { code: finding.code().as_str().to_owned(), subject: finding.subject.to_string() };
        let mut waiver = Waiver { finding: Some(name.clone()), ..moved(case, &given.waiver) };
        if given.waiver.is_worded() && finding.detail.found().was_worded_for_sitting() {
            // Its sentence is that of this sitting, so that it was given for this one.
            waiver.sitting = waiver.sitting.or(case.sitting.map(|sitting| sitting.date));
        }
        let why = match (waiver.sitting, case.sitting) {
            _ if case.now.date() > waiver.until => Some(Lapse::Over),
            (Some(given), Some(meant)) if given != meant.date => Some(Lapse::AnotherSitting),
            _ => None,
        };
        if let Some(why) = why {
            self.lapsed.push(lapsed(given, Some(name), why));
            return false;
        }
        if is_waived {
            // One is enough; the other stays as it is.
            self.waived.last_mut().into_iter().for_each(|one| one.others.push(given.waiver.fingerprint.clone()));
            return false;
        }
        self.waived.push(Waived {
            finding: finding.clone(),
            role: waiver.role.clone(),
            by: given.by.clone(),
            reason: waiver.reason.clone(),
            sitting: waiver.sitting,
            until: waiver.until,
            fingerprint: given.waiver.fingerprint.clone(),
            others: Vec::new(),
        });
        let renewed = Waiver { fingerprint: fingerprint.to_owned(), ..waiver };
        let is_taken = |other: &RecordedWaiver| {
            other.waiver.fingerprint == fingerprint && other.waiver.fingerprint != given.waiver.fingerprint
        };
        let is_renewed = self.renewed.iter().any(|other| other.waiver.fingerprint == fingerprint);
        if renewed != given.waiver && !is_renewed && !case.waivers.iter().any(is_taken) {
            self.renewed.push(Renewed { seen: given.waiver.clone(), waiver: renewed });
        }
        true
    }
}

fn lapsed(given: &RecordedWaiver, finding: Option<FindingName>, why: Lapse) -> Lapsed {
    let RecordedWaiver { waiver, by } = given;
    Lapsed {
        finding,
        role: waiver.role.clone(),
        by: by.clone(),
        reason: waiver.reason.clone(),
        sitting: waiver.sitting,
        until: waiver.until,
        why,
        fingerprint: waiver.fingerprint.clone(),
    }
}

/// A waiver whose sitting was put on the day on which the request is heard now goes with it, by as many days. One that is
/// over stays over.
fn moved(case: &Case<'_>, waiver: &Waiver) -> Waiver {
    let mut waiver = waiver.clone();
    let (Some(given), Some(meant)) = (waiver.sitting, case.sitting) else { return waiver };
    if given == meant.date || case.now.date() > waiver.until || !stands_for(case, given, meant) {
        return waiver;
    }
    waiver.until = waiver.until.saturating_add(meant.date - given).min(meant.date);
    waiver.sitting = Some(meant.date);
    waiver
}

/// Whether a sitting was put in the place of one on another day, which no longer takes place.
///
/// Where the rule of the schedule still has that day, it was moved to a day that the rule does not have; else the rule
/// itself was changed, and the nearest sitting is it.
fn stands_for(case: &Case<'_>, day: Date, meant: &Sitting) -> bool {
    let Some(schedule) = &case.profile.schedule else { return false };
    if meant.cancelled.is_some() {
        return false;
    }
    let (first, last) = (day.saturating_sub(MOVED_DAYS_MAX.days()), day.saturating_add(MOVED_DAYS_MAX.days()));
    let mut sittings = case.profile.sittings(first, last, case.office);
    sittings.retain(|sitting| sitting.cancelled.is_none());
    if sittings.iter().any(|sitting| sitting.date == day) {
        return false;
    }
    let is_regular = |day: Date| schedule.recurrence.days(day, day).contains(&day);
    if is_regular(day) {
        sittings.retain(|sitting| !is_regular(sitting.date));
    }
    let distance = |sitting: &&Sitting| (sitting.date - day).get_days().abs();
    sittings.iter().min_by_key(distance).is_some_and(|nearest| nearest.date == meant.date)
}
