//! Whom a list has shown: what the entry of a look holds.

use super::{Agenda, CheckedRequest, DutyListed, OutcomeListed, SubmissionListed, SubmissionStory, WriteBackListed};
use crate::ledger::Seen;

/// Something that stands on a list and is about children.
pub(super) trait Shows {
    /// Adds whom it shows.
    fn show(&self, seen: &mut Seen);
}

/// Whom a list shows.
pub(super) fn seen_on<'l, T: Shows + 'l>(list: impl IntoIterator<Item = &'l T>) -> Seen {
    let mut seen = Seen::default();
    list.into_iter().for_each(|one| one.show(&mut seen));
    seen
}

impl Shows for SubmissionListed {
    fn show(&self, seen: &mut Seen) {
        seen.id(self.submission.as_str());
        self.people.iter().for_each(|person| seen.person(person));
    }
}

/// Everybody whom it has ever been about: of children who are not on it any more it shows what was decided and written,
/// and from which record it was moved.
impl Shows for SubmissionStory {
    fn show(&self, seen: &mut Seen) {
        self.listed.people.iter().for_each(|person| seen.person(person));
        self.answers.iter().filter_map(|answer| answer.person.as_ref()).for_each(|person| seen.person(person));
        self.kept.iter().flat_map(|paper| &paper.people).for_each(|person| seen.person(person));
        self.checked.iter().for_each(|request| seen.person(&request.person));
        self.outcomes.iter().for_each(|outcome| seen.person(&outcome.person));
        self.write_backs.iter().for_each(|write_back| seen.person(&write_back.person));
        let moved = self.revisions.iter().filter_map(|revision| revision.moved.as_ref());
        for people in moved.flat_map(|(before, after)| [before, after]) {
            people.split([' ', ',']).filter(|person| !person.is_empty()).for_each(|person| seen.person(person));
        }
    }
}

impl Shows for OutcomeListed {
    fn show(&self, seen: &mut Seen) {
        seen.id(self.submission.as_str());
        seen.person(&self.person);
    }
}

impl Shows for WriteBackListed {
    fn show(&self, seen: &mut Seen) {
        seen.id(self.submission.as_str());
        seen.person(&self.person);
    }
}

impl Shows for CheckedRequest {
    fn show(&self, seen: &mut Seen) {
        seen.id(self.submission.as_str());
        seen.person(&self.person);
    }
}

impl Shows for DutyListed {
    fn show(&self, seen: &mut Seen) {
        self.submission.iter().for_each(|submission| seen.id(submission.as_str()));
        self.person.iter().for_each(|person| seen.person(person));
    }
}

impl Shows for Agenda {
    fn show(&self, seen: &mut Seen) {
        self.requests.iter().for_each(|request| request.show(seen));
        self.outstanding.iter().for_each(|duty| duty.show(seen));
        self.invitations.iter().for_each(|invitation| seen.person(&invitation.person));
        for item in &self.items {
            item.tracked.iter().for_each(|tracked| seen.person(&tracked.person));
            for arising in &item.arising {
                seen.id(arising.submission.as_str());
                seen.person(&arising.person);
            }
        }
    }
}
