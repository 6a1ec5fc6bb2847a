//! Whom a list has shown: what the entry of a look holds.

use super::{Agenda, CheckedRequest, DutyListed, OutcomeListed, SubmissionListed, WriteBackListed};
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
