//! Looking for something by what it is known by: never by a name.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use super::installation::Installation;
use super::seen::{Shows as _, seen_on};
use super::sittings::{listed, served};
use super::submissions::listed_page;
use super::write_back::found_in;
use super::{Failure, Page, Paging, PanelListed, SittingListed, SubmissionListed, WriteBackListed};
use crate::domain::{PersonId, SubmissionId};
use crate::ledger::Span;
use crate::panel::Profile;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// What was looked for.
    pub text: String,
    /// Submissions about that person, or whose id is that or begins so.
    pub submissions: Page<SubmissionListed>,
    /// Sittings on that day.
    pub sittings: Vec<SittingListed>,
    /// Panels of that name.
    pub panels: Vec<PanelListed>,
    /// Write-backs of that id or reference.
    pub write_backs: Vec<WriteBackListed>,
}

/// Fewer letters begin too many ids to be looked for.
const LETTERS_MIN: usize = 3;

impl Installation {
    /// Looks for a person, a submission, a panel, a day or a write-back.
    ///
    /// By Mosaic's id of a person, the id of a submission or the beginning of it, the name of a panel, a day on which panels sit,
    /// or a write-back by its id or reference. That somebody was shown children's records stands in the audit trail.
    pub fn search(&mut self, text: &str, paging: &Paging) -> Result<Found, Failure> {
        let text = text.trim();
        let profiles = served(self, None)?;
        let (sittings, panels) = match day(text) {
            Some(day) => (listed(self, &profiles, day, day)?, Vec::new()),
            None => (
                Vec::new(),
                profiles.iter().filter(|profile| is_called(profile, text)).map(|one| PanelListed::of(one)).collect(),
            ),
        };
        let submissions = submissions(self, text, paging)?;
        let write_backs: Vec<WriteBackListed> = found_in(&self.ledger, text)?
            .iter()
            .filter(|one| self.serves(&one.panel))
            .map(WriteBackListed::of)
            .collect();
        let person =
            person(text).filter(|person| submissions.rows.iter().any(|row| row.people.contains(&person.to_string())));
        let what = match person {
            Some(person) => Some(format!("person {person}")),
            None if !submissions.rows.is_empty() => Some("submission".to_owned()),
            None => (!write_backs.is_empty()).then(|| "write-back".to_owned()),
        };
        if let Some(what) = what {
            let mut seen = seen_on(&submissions.rows);
            write_backs.iter().for_each(|one| one.show(&mut seen));
            self.ledger.audit_look(&self.actor, "searched", &what, &seen)?;
        }
        Ok(Found { text: text.to_owned(), submissions, sittings, panels, write_backs })
    }
}

fn person(text: &str) -> Option<PersonId> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// A day as people write it: `2026-12-04`, `4/12/2026`, `4 December 2026`.
fn day(text: &str) -> Option<Date> {
    let formats = ["%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%d %b %Y", "%A %d %B %Y"];
    formats.iter().find_map(|format| Date::strptime(format, text).ok())
}

/// Whether a panel is called so: by its name, another name, or words of its title.
fn is_called(profile: &Profile, text: &str) -> bool {
    let text = text.to_lowercase();
    let names = [profile.name.as_str(), profile.name.panel()].into_iter().map(str::to_lowercase);
    let aliases = profile.aliases.iter().map(|alias| alias.to_lowercase());
    let title = format!("{} {}", profile.title, profile.aliases.join(" ")).to_lowercase();
    let words: Vec<&str> = title.split(|letter: char| !letter.is_alphanumeric()).collect();
    let wanted: Vec<&str> = text.split_whitespace().collect();
    let by_words = !wanted.is_empty()
        && wanted.iter().all(|wanted| wanted.chars().count() >= 2 && words.iter().any(|word| word.starts_with(wanted)));
    names.chain(aliases).any(|name| name == text) || by_words
}

/// Submissions about a person, and those whose id is that or begins so, with the authority before it or without.
fn submissions(installation: &Installation, text: &str, paging: &Paging) -> Result<Page<SubmissionListed>, Failure> {
    let after = paging.after.as_deref().unwrap_or_default();
    let mut ids: BTreeSet<SubmissionId> = BTreeSet::new();
    for authority in &installation.configuration.authorities {
        if let Some(person) = person(text) {
            let about = installation.ledger.submissions_about(&authority.name, person)?;
            ids.extend(about.into_iter().filter(|id| id.as_str() > after));
        }
        if text.chars().count() < LETTERS_MIN {
            continue;
        }
        // A whole authority is no submission.
        let begins = format!("{}-", authority.name);
        let is_whole = text.len() > begins.len() && text.starts_with(&begins);
        let own = [format!("{begins}{text}"), format!("{begins}step-{text}")];
        for beginning in is_whole.then(|| text.to_owned()).iter().chain(own.iter().filter(|_| !is_whole)) {
            for is_request in [true, false] {
                let span = Span::Beginning(beginning, is_request);
                ids.extend(installation.ledger.ids(span, after, paging.rows_and_one())?);
            }
        }
    }
    listed_page(&installation.ledger, ids, paging, |_| true)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_read_as_people_write_it() {
        for text in ["2026-12-04", "4/12/2026", "04/12/2026", "4 December 2026", "4 Dec 2026", "Friday 4 December 2026"]
        {
            assert_eq!(day(text), Some(date(2026, 12, 4)), "{text}");
        }
        for text in ["", "100001", "31/2/2026", "TES-7F3K", "December"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_person_is_a_number_and_nothing_else() {
        assert_eq!(person("100001").map(PersonId::number), Some(100_001));
        for text in ["", "100,001", "1e5", "A1", "100001 Smith"] {
            assert_eq!(person(text), None, "{text}");
        }
    }
}
