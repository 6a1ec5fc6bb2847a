//! Who is expected at which sitting, in the order in which they came.

use std::collections::BTreeMap;

use jiff::ZonedDateTime;
use jiff::civil::Date;

use super::Failure;
use super::installation::{Installation, Rulebook};
use crate::calendar::{Clock, Office};
use crate::check::Slot;
use crate::domain::{PanelName, Submission, SubmissionId, Value};
use crate::ledger::Selection;
use crate::panel::{Profile, Sitting};

/// A request in the order in which requests came: those that are not handed in yet come last.
type Place = (bool, String, SubmissionId);

/// The sittings ahead, and who is expected at them.
#[derive(Debug, Default)]
pub(super) struct Docket {
    ahead: BTreeMap<PanelName, Vec<Sitting>>,
    expected: BTreeMap<(PanelName, Date), Vec<Place>>,
}

impl Docket {
    /// The sittings ahead of every panel, with nobody expected yet.
    pub(super) fn new(rules: &Rulebook, clock: Clock) -> Result<Self, Failure> {
        let mut docket = Self::default();
        for (name, profile) in &rules.panels {
            let office = rules.office(&name.authority())?;
            let today = clock.now_in(&office.zone).date();
            docket.ahead.insert(name.clone(), profile.sittings_ahead(today, office));
        }
        Ok(docket)
    }

    /// The sittings ahead of one panel.
    pub(super) fn of(profile: &Profile, office: &Office, clock: Clock) -> Self {
        let ahead = profile.sittings_ahead(clock.now_in(&office.zone).date(), office);
        Self { ahead: BTreeMap::from([(profile.name.clone(), ahead)]), expected: BTreeMap::new() }
    }

    /// Expects every open request of a selection. Only panels with slots remember who comes.
    pub(super) fn expect_all(&mut self, installation: &Installation, mut selection: Selection) -> Result<(), Failure> {
        while let Some(page) = super::check::page(installation, &mut selection)? {
            for submission in &page {
                let Some(profile) = super::check::profile_of(installation, submission) else { continue };
                if profile.schedule.as_ref().is_none_or(|schedule| schedule.slot_minutes.is_none()) {
                    continue;
                }
                let office = installation.rules.office(&submission.authority)?;
                let now = installation.clock.now_in(&office.zone);
                let Some(sitting) = self.sitting(profile, submission, office, &now) else { continue };
                let place = place(&submission.id, handed_in(submission, office).as_ref());
                self.expected.entry((profile.name.clone(), sitting.date)).or_default().push(place);
            }
        }
        self.expected.values_mut().for_each(|places| places.sort());
        Ok(())
    }

    /// Expects whom the last checks expected at a sitting.
    pub(super) fn expect_booked(
        &mut self,
        installation: &Installation,
        panel: &PanelName,
        sitting: Date,
    ) -> Result<(), Failure> {
        if self.expected.contains_key(&(panel.clone(), sitting)) {
            return Ok(());
        }
        let booked = installation.ledger.booked(panel, sitting)?.into_iter();
        let mut places: Vec<Place> =
            booked.map(|(id, handed_in)| (handed_in.is_none(), handed_in.unwrap_or_default(), id)).collect();
        places.sort();
        self.expected.insert((panel.clone(), sitting), places);
        Ok(())
    }

    /// The sitting that a request is meant for: the one that its form names, or the next that it can make.
    pub(super) fn sitting(
        &self,
        profile: &Profile,
        submission: &Submission,
        office: &Office,
        now: &ZonedDateTime,
    ) -> Option<Sitting> {
        let ahead = self.ahead.get(&profile.name).map(Vec::as_slice).unwrap_or_default();
        if let Some(date) = asked_day(submission, profile) {
            let known = ahead.iter().find(|sitting| sitting.date == date).cloned();
            return known
                .or_else(|| profile.sitting_on(date, office))
                .or_else(|| Some(no_sitting(profile, date, office)));
        }
        let handed_in = handed_in(submission, office);
        let needs_longer = profile.requests.needs_longer(submission);
        Sitting::first_possible(ahead, handed_in.as_ref().unwrap_or(now), needs_longer).cloned()
    }

    /// The place of a request at its sitting; `None` where the panel has no slots.
    pub(super) fn slot(
        &self,
        profile: &Profile,
        submission: &Submission,
        sitting: &Sitting,
        office: &Office,
    ) -> Option<Slot> {
        let of = profile.slots(sitting)?;
        let places = self.expected.get(&(profile.name.clone(), sitting.date)).map(Vec::as_slice).unwrap_or_default();
        let own = place(&submission.id, handed_in(submission, office).as_ref());
        let before = places.partition_point(|other| *other < own);
        let is_full = |other: &Sitting| {
            let taken = self.expected.get(&(profile.name.clone(), other.date)).map_or(0, Vec::len);
            profile.slots(other).is_some_and(|slots| taken >= slots)
        };
        let ahead = self.ahead.get(&profile.name).map(Vec::as_slice).unwrap_or_default();
        let mut later = ahead.iter().filter(|other| other.date > sitting.date && other.cancelled.is_none());
        let room_on = if before < of { None } else { later.find(|other| !is_full(other)).map(|other| other.date) };
        Some(Slot { place: before + 1, of, room_on })
    }
}

fn place(id: &SubmissionId, handed_in: Option<&ZonedDateTime>) -> Place {
    (handed_in.is_none(), handed_in.map(in_order).unwrap_or_default(), id.clone())
}

/// A moment as text that sorts by time: what the ledger keeps of when a request was handed in.
pub(super) fn in_order(moment: &ZonedDateTime) -> String {
    moment.timestamp().to_string()
}

/// When a request was handed in: its step was completed.
pub(super) fn handed_in(submission: &Submission, office: &Office) -> Option<ZonedDateTime> {
    submission.completed_on.map(|at| office.at(at.date(), at.time()))
}

/// The day that the form itself names.
fn asked_day(submission: &Submission, profile: &Profile) -> Option<Date> {
    let field = profile.requests.sitting_field.as_ref()?;
    submission.answers(field).find_map(|answer| match &answer.value {
        Value::Date(date) => Some(*date),
        Value::DateTime(moment) => Some(moment.date()),
        _ => None,
    })
}

/// That the panel does not sit on the day that the form names is a finding.
pub(super) fn no_sitting(profile: &Profile, date: Date, office: &Office) -> Sitting {
    let starts = office.at(date, office.close);
    Sitting {
        panel: profile.name.clone(),
        date,
        ends: starts.clone(),
        starts,
        cutoff: None,
        cancelled: Some("the panel does not sit on that day".to_owned()),
        longer: false,
    }
}
