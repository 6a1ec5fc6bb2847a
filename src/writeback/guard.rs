//! The identity guard: nothing is written to a record that is not, beyond doubt, the child's.

use super::{Cause, Identity, Unidentified};
use crate::domain::{Person, PersonId};

/// Why a person's record may not be written on: as a code, and in words.
pub(super) type Objection = (Cause, String);

/// Why a person's record may not be written on, or nothing.
pub(super) fn objection(person: PersonId, answer: &Identity, known: Option<&Person>) -> Option<Objection> {
    let objection = |cause, reason| Some((cause, reason));
    if answer.person != person {
        return objection(
            Cause::OtherPerson,
            format!("Mosaic answered for person {} when asked for {person}", answer.person),
        );
    }
    if let Some(into) = answer.merged_into {
        return objection(Cause::Merged, format!("person {person} was merged into {into}"));
    }
    if answer.restricted {
        return objection(Cause::Restricted, format!("the record of person {person} is restricted"));
    }
    if answer.closed {
        return objection(Cause::Closed, format!("the record of person {person} is closed"));
    }
    let named = known.and_then(|known| known.initials.as_ref()).zip(answer.initials.as_ref());
    if named.is_some_and(|(ours, theirs)| letters(ours.expose()) != letters(theirs.expose())) {
        return objection(
            Cause::OtherInitials,
            format!("Mosaic has other initials for person {person} than the persons extract"),
        );
    }
    let born = known.and_then(|known| known.date_of_birth.as_ref()).zip(answer.date_of_birth.as_ref());
    if born.is_some_and(|(ours, theirs)| ours != theirs) {
        return objection(
            Cause::OtherDateOfBirth,
            format!("Mosaic has another date of birth for person {person} than the persons extract"),
        );
    }
    None
}

/// The letters of initials, in order of the alphabet: some systems put the family name first.
fn letters(initials: &str) -> Vec<char> {
    let mut letters: Vec<char> = initials.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase).collect();
    letters.sort_unstable();
    letters
}

/// Why a person's record may not be written on when Mosaic says that it is not there.
pub(super) fn unidentified(person: PersonId, why: &Unidentified) -> Objection {
    let reason = match why {
        Unidentified::Refused { reason } => format!("Mosaic does not show person {person}: {reason}"),
        Unidentified::Unreachable { reason, .. } => {
            format!("Mosaic could not be asked about person {person}: {reason}")
        }
    };
    (Cause::NotShown, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Located, Place};
    use crate::domain::{AuthorityName, Private};
    use jiff::civil::date;

    #[test]
    fn each_reason_holds_the_write_and_none_lets_it_through() {
        let person: PersonId = "100001".parse().unwrap();
        let born = |year| Some(Private::new(date(year, 3, 4)));
        let known = Person {
            authority: AuthorityName::new("a"),
            person,
            date_of_birth: born(2014),
            initials: Some(Private::from("S.C.")),
            merged_into: None,
            restricted: false,
            source: Located { file: "persons.csv".into(), place: Place::Whole },
        };
        let initials = Some(Private::from("cs"));
        let good = Identity {
            person,
            date_of_birth: born(2014),
            initials,
            closed: false,
            restricted: false,
            merged_into: None,
        };
        assert_eq!(objection(person, &good, Some(&known)), None);
        assert_eq!(objection(person, &Identity { date_of_birth: None, ..good.clone() }, Some(&known)), None);
        let other: PersonId = "100002".parse().unwrap();
        let bad = [
            Identity { person: other, ..good.clone() },
            Identity { date_of_birth: born(2015), ..good.clone() },
            Identity { initials: Some(Private::from("SD")), ..good.clone() },
            Identity { closed: true, ..good.clone() },
            Identity { restricted: true, ..good.clone() },
            Identity { merged_into: Some(other), ..good.clone() },
        ];
        for identity in bad {
            let (_, objection) = objection(person, &identity, Some(&known)).expect("an objection");
            assert!(!objection.contains("201"), "a date of birth is never shown: {objection}");
        }
    }
}
