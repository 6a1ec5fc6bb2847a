//! Who is expected at a sitting or was decided at it, for its workbook and the pages of its form.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Failure;
use super::check::sitting_on;
use super::docket::{Docket, handed_in, in_order};
use super::installation::Installation;
use super::page::{Paging, no_place};
use super::panels::does_not_sit;
use crate::calendar::Clock;
use crate::domain::{PersonId, Submission, SubmissionId};
use crate::ledger::{Candidate, OutcomeRow};
use crate::outcome::RequestLine;
use crate::panel::{AgendaItem, Profile};

/// Days that the last checks may lie back: a request that they had at an earlier sitting has moved on since.
const STALE: i64 = 31;

/// Who may be at a sitting. A request is read, and held against the rules, only when it is asked for: long sittings are
/// shown page by page.
pub(super) struct AtSitting<'i> {
    installation: &'i Installation,
    profile: &'i Profile,
    date: Date,
    /// The moment as of which it is known who is expected: of a sitting that was held, its beginning.
    clock: Clock,
    docket: Docket,
    /// Those whom the last checks before it had at a sitting that was held.
    booked: BTreeSet<SubmissionId>,
    /// Those of which anything is recorded for the sitting.
    decided: BTreeSet<SubmissionId>,
    /// In the order in which they came.
    candidates: Vec<Candidate>,
}

/// One request for one child at a sitting.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) line: RequestLine,
    /// What it asks for, as a person reads it.
    pub(super) kinds: Vec<String>,
    /// Who recorded what is recorded of it, and when.
    pub(super) recorded: Option<(String, String)>,
}

impl<'i> AtSitting<'i> {
    /// A sitting of a panel; of a panel that sits as needed, any day, as nobody knows beforehand what it hears when.
    pub(super) fn open(installation: &'i Installation, profile: &'i Profile, date: Date) -> Result<Self, Failure> {
        let ledger = &installation.ledger;
        let office = installation.rules.office(&profile.name.authority())?;
        let today = installation.clock.now_in(&office.zone).date();
        let (mut clock, mut booked) = (installation.clock, BTreeSet::new());
        let expected = if profile.schedule.is_none() {
            ledger.may_be_open(&profile.name)?
        } else {
            let sitting = sitting_on(installation, profile, date)?;
            if let Some(why) = &sitting.cancelled {
                return Err(does_not_sit(profile, date, office, Some(why)));
            }
            let is_past = date < today;
            if is_past {
                clock = Clock::Fixed(sitting.starts.timestamp());
                booked.extend(ledger.booked(&profile.name, date)?.into_iter().map(|(id, _)| id));
            }
            let from = if is_past { date } else { today.saturating_sub(STALE.days()) };
            ledger.may_be_expected(&profile.name, from, date, is_past)?
        };
        let recorded = ledger.decided_at(&profile.name, date)?;
        let decided: BTreeSet<SubmissionId> = recorded.iter().map(|candidate| candidate.submission.clone()).collect();
        let open = expected.into_iter().filter(|candidate| !decided.contains(&candidate.submission));
        let mut candidates: Vec<Candidate> = open.chain(recorded).collect();
        candidates.sort_by(|one, other| (&one.place, &one.submission).cmp(&(&other.place, &other.submission)));
        let docket = Docket::of(profile, office, clock);
        Ok(Self { installation, profile, date, clock, docket, booked, decided, candidates })
    }

    /// The panel and the day.
    pub(super) const fn meant(&self) -> (&Profile, Date) {
        (self.profile, self.date)
    }

    /// A request, where it belongs to the sitting: what was decided at it does, whatever else is said of it.
    fn request(&self, candidate: &Candidate) -> Result<Option<Submission>, Failure> {
        let ledger = &self.installation.ledger;
        let id = &candidate.submission;
        let asks = |submission: &Submission| submission.panel.as_ref() == Some(&self.profile.name);
        let row = ledger.submission(id)?.filter(|row| asks(&row.submission));
        let Some(submission) = row.map(|row| row.submission) else { return Ok(None) };
        if self.decided.contains(id) {
            return Ok(Some(submission));
        }
        if !ledger.is_open(id)? {
            return Ok(None);
        }
        if self.profile.schedule.is_none() || self.booked.contains(id) {
            return Ok(Some(submission));
        }
        let office = self.installation.rules.office(&self.profile.name.authority())?;
        let meant = self.docket.sitting(self.profile, &submission, office, &self.clock.now_in(&office.zone));
        Ok(meant.is_some_and(|meant| meant.date == self.date).then_some(submission))
    }

    /// Those of some requests that belong to the sitting.
    pub(super) fn among(&self, asked: &BTreeSet<SubmissionId>) -> Result<BTreeSet<SubmissionId>, Failure> {
        let mut belong = BTreeSet::new();
        for candidate in self.candidates.iter().filter(|candidate| asked.contains(&candidate.submission)) {
            belong.extend(self.request(candidate)?.map(|submission| submission.id));
        }
        Ok(belong)
    }

    /// The rows of all of its requests, in the order of the agenda.
    pub(super) fn lines(&self) -> Result<Vec<Listed>, Failure> {
        let mut submissions = Vec::new();
        for candidate in &self.candidates {
            submissions.extend(self.request(candidate)?);
        }
        self.listed(submissions)
    }

    /// The rows of as many requests as a page has, and where the next page begins. Pages follow one another in the
    /// order in which requests came; a page is in the order of the agenda.
    pub(super) fn page(&self, paging: &Paging) -> Result<(Vec<Listed>, Option<String>), Failure> {
        let first = match &paging.after {
            None => 0,
            Some(after) => {
                let last = self.candidates.iter().position(|candidate| candidate.submission.as_str() == after);
                last.ok_or_else(no_place)? + 1
            }
        };
        let limit = usize::try_from(paging.rows()).unwrap_or(usize::MAX);
        let mut submissions: Vec<Submission> = Vec::new();
        for candidate in self.candidates.iter().skip(first) {
            let Some(submission) = self.request(candidate)? else { continue };
            if submissions.len() == limit {
                let next = submissions.last().map(|last| last.id.to_string());
                return Ok((self.listed(submissions)?, next));
            }
            submissions.push(submission);
        }
        Ok((self.listed(submissions)?, None))
    }

    /// A row for each request and child, in the order of the agenda.
    fn listed(&self, mut submissions: Vec<Submission>) -> Result<Vec<Listed>, Failure> {
        let Self { installation, profile, .. } = self;
        let office = installation.rules.office(&profile.name.authority())?;
        submissions.sort_by_cached_key(|submission| {
            let kinds = profile.requests.choices(submission);
            let is_its_item = |item: &AgendaItem| item.kinds.iter().any(|kind| kinds.contains(&kind.as_str()));
            let item = profile.agenda.iter().position(is_its_item).unwrap_or(profile.agenda.len());
            let at = handed_in(submission, office).map(|at| in_order(&at));
            (item, at.is_none(), at, submission.id.clone())
        });
        let mut lines = Vec::new();
        for submission in submissions {
            let mut recorded = self.recorded(&submission.id)?;
            for person in &submission.people {
                let known = installation.ledger.person(&submission.authority, *person)?;
                let initials = known.and_then(|person| person.initials);
                let row = recorded.remove(person);
                let by = row.as_ref().map(|row| (row.loaded_by.clone(), row.at.clone()));
                let recorded = row.map(|row| row.outcome);
                let kinds = profile.requests.kinds_of(&submission).iter().map(|kind| kind.title.clone()).collect();
                let line = RequestLine { submission: submission.id.clone(), person: *person, initials, recorded };
                lines.push(Listed { line, kinds, recorded: by });
            }
        }
        Ok(lines)
    }

    /// What is recorded of a request for this sitting, its latest revision for each child.
    fn recorded(&self, id: &SubmissionId) -> Result<BTreeMap<PersonId, OutcomeRow>, Failure> {
        let rows = self.installation.ledger.outcomes(Some(id))?.into_iter();
        let own = rows.filter(|row| row.outcome.panel == self.profile.name && row.outcome.sitting == self.date);
        // Later revisions come last.
        Ok(own.map(|row| (row.outcome.person, row)).collect())
    }
}
