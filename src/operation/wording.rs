//! How people say things: the moments of the ledger, in the place where an authority is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Failure, Workplace};
use crate::calendar::Clock;
use crate::domain::AuthorityName;
use crate::report;

/// How the people of the authorities that are served say things.
#[derive(Debug, Clone)]
pub struct Wording {
    zones: BTreeMap<AuthorityName, TimeZone>,
    own: TimeZone,
}

/// How things are said, as the mapping files have it now.
pub fn wording(workplace: &Workplace) -> Result<Wording, Failure> {
    let (rules, configuration) = (workplace.rules()?, workplace.configuration());
    let zones = configuration.authorities.iter().filter_map(|authority| {
        let office = rules.office(&authority.name).ok()?;
        Some((authority.name.clone(), office.zone.clone()))
    });
    Ok(Wording { zones: zones.collect(), own: rules.zone(configuration) })
}

impl Wording {
    /// A moment that is about no authority of its own.
    pub fn moment(&self, at: &str) -> String {
        said(at, &self.own)
    }

    /// A moment as the people of an authority say it.
    pub fn moment_of(&self, authority: &AuthorityName, at: &str) -> String {
        said(at, self.zones.get(authority).unwrap_or(&self.own))
    }

    /// The day that it is.
    pub fn today(&self, clock: Clock) -> Date {
        clock.now_in(&self.own).date()
    }
}

/// What cannot be read is said as it stands there.
fn said(at: &str, zone: &TimeZone) -> String {
    let moment = at.parse::<Timestamp>().map(|moment| moment.to_zoned_datetime(zone.clone()));
    moment.map_or_else(|_| at.to_owned(), |moment| report::short_moment(&moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_in_the_zone_of_the_mapping_file() {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        assert_eq!(said("2026-07-01T12:00:00Z", &zone("Europe/London")), "1 Jul 2026, 13:00");
        assert_eq!(said("2026-12-01T12:00:00Z", &zone("Europe/London")), "1 Dec 2026, 12:00");
        assert_eq!(said("2026-07-01T12:00:00Z", &TimeZone::UTC), "1 Jul 2026, 12:00");
        assert_eq!(said("soon", &TimeZone::UTC), "soon");
    }
}
