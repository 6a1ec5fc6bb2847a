//! How people say things: what they call panels, authorities and roles, and when something was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::duties::roles_of;
use super::{Failure, Workplace};
use crate::calendar::Clock;
use crate::domain::{AuthorityName, PanelName};
use crate::report;

/// How the people of the authorities that are served say things.
#[derive(Debug, Clone)]
pub struct Wording {
    authorities: BTreeMap<AuthorityName, Said>,
    panels: BTreeMap<PanelName, String>,
    desks: BTreeMap<String, String>,
    own: TimeZone,
}

/// How the people of one authority say things.
#[derive(Debug, Clone)]
struct Said {
    title: String,
    roles: BTreeMap<String, String>,
    zone: TimeZone,
}

impl Workplace {
    /// How things are said, as the mapping files have it now.
    pub fn wording(&self) -> Result<Wording, Failure> {
        let (rules, configuration) = (self.rules()?, self.configuration());
        let authorities = configuration.authorities.iter().filter_map(|authority| {
            let own = rules.authority(&authority.name).ok()?;
            let said = Said { title: own.title.clone(), roles: own.roles.clone(), zone: own.zone.clone() };
            Some((authority.name.clone(), said))
        });
        let desks = configuration.authorities.iter().flat_map(|authority| roles_of(&rules, &authority.name));
        let panels = rules.panels.iter().filter(|(name, _)| configuration.authority(&name.authority()).is_some());
        Ok(Wording {
            authorities: authorities.collect(),
            panels: panels.map(|(name, profile)| (name.clone(), profile.title.clone())).collect(),
            desks: desks.collect(),
            own: rules.zone(configuration),
        })
    }
}

impl Wording {
    /// What people call a panel, with the authority where another one's panel is called alike.
    pub fn panel(&self, panel: &PanelName) -> String {
        let Some(title) = self.panels.get(panel) else { return report::in_words(panel.panel()) };
        let is_alike = self.panels.iter().any(|(other, own)| own == title && other.authority() != panel.authority());
        if is_alike { format!("{title}, {}", self.authority(&panel.authority())) } else { title.clone() }
    }

    /// The panels of the authorities that are served, by name, and what people call each.
    pub fn panels(&self) -> impl Iterator<Item = (&PanelName, &str)> {
        self.panels.iter().map(|(name, title)| (name, title.as_str()))
    }

    /// The roles on whose desks duties come, and what people call them.
    pub const fn desks(&self) -> &BTreeMap<String, String> {
        &self.desks
    }

    /// Which authority a panel is of, where that is a question: where more than one is served.
    pub fn whose(&self, panel: &PanelName) -> Option<String> {
        (self.authorities.len() > 1).then(|| self.authority(&panel.authority()))
    }

    /// What people call an authority.
    pub fn authority(&self, name: &AuthorityName) -> String {
        self.authorities.get(name).map_or_else(|| report::in_words(name.as_str()), |said| said.title.clone())
    }

    /// What the people of an authority call a role.
    pub fn role(&self, authority: &AuthorityName, role: &str) -> String {
        let title = self.authorities.get(authority).and_then(|said| said.roles.get(role));
        title.cloned().unwrap_or_else(|| report::in_words(role))
    }

    /// A moment that is about no authority of its own.
    pub fn moment(&self, at: &str) -> String {
        said(at, &self.own)
    }

    /// A moment as the people of an authority say it.
    pub fn moment_of(&self, authority: &AuthorityName, at: &str) -> String {
        said(at, self.authorities.get(authority).map_or(&self.own, |own| &own.zone))
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

    fn own(title: &str, zone: &str) -> Said {
        let roles = BTreeMap::from([("chair".to_owned(), "Chair of the panel".to_owned())]);
        Said { title: title.to_owned(), roles, zone: TimeZone::get(zone).unwrap() }
    }

    fn served() -> Wording {
        let authorities = [("north", own("North", "Europe/London")), ("south", own("South", "Etc/UTC"))];
        let panels = [("north/a", "Resource Panel"), ("south/a", "Resource Panel"), ("south/b", "Support Panel")];
        Wording {
            authorities: authorities.map(|(name, said)| (AuthorityName::new(name), said)).into(),
            panels: panels.map(|(name, title)| (PanelName::new(name), title.to_owned())).into(),
            desks: BTreeMap::new(),
            own: TimeZone::UTC,
        }
    }

    #[test]
    fn panels_that_are_called_alike_are_told_apart() {
        let said = served();
        let panel = |name: &str| said.panel(&PanelName::new(name));
        assert_eq!(panel("north/a"), "Resource Panel, North");
        assert_eq!(panel("south/b"), "Support Panel");
        assert_eq!(panel("west/not-there"), "Not there");
        assert_eq!(said.whose(&PanelName::new("south/b")).as_deref(), Some("South"));
        let mut alone = served();
        alone.authorities.retain(|name, _| name.as_str() == "north");
        assert_eq!(alone.whose(&PanelName::new("north/a")), None, "with one authority there is no question");
    }

    #[test]
    fn roles_and_moments_are_said_as_the_authority_says_them() {
        let (said, north) = (served(), AuthorityName::new("north"));
        assert_eq!(said.role(&north, "chair"), "Chair of the panel");
        assert_eq!(said.role(&north, "head-of-service"), "Head of service");
        assert_eq!(said.moment_of(&north, "2026-07-01T12:00:00Z"), "1 Jul 2026, 13:00");
        assert_eq!(said.moment("2026-07-01T12:00:00Z"), "1 Jul 2026, 12:00");
        assert_eq!(said.moment("soon"), "soon");
    }
}
