//! A year of five authorities, night by night: every rule of every panel that has somebody do something comes up, and
//! goes each way that it can go.
//!
//! What happens is made from the profiles: for each rule a child, or a sitting, for each kind of evidence that may close
//! its duty, one for which somebody says that it is done, one for which nothing ever happens, and one whose occasion
//! ends. The real nightly work is done on a real ledger. Each night it is held against what the world knows: what came
//! up is new and came up in the first night that could know of it; what closed was closed by what was exported of the
//! same child in that night; whoever hears of a duty does so from the minute on, and not a second before. At the end
//! nothing is open that nobody sees.

mod case;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tempfile::TempDir;

use self::case::{Case, Comes, Course, cases};
pub(super) use self::world::decision;
use self::world::{Known, World};
use crate::calendar::{Clock, Office};
use crate::config::Configuration;
use crate::domain::{Duty, DutyId, DutyState, Evidence};
use crate::ledger::{DutyKey, DutySelection};
use crate::operation::duties::work_through;
use crate::operation::installation::{Installation, Rulebook};
use crate::operation::sync::{SyncMode, check};
use crate::operation::{Actor, Workplace, init};

/// The first night and the last.
const FIRST: Date = date(2026, 12, 1);
const LAST: Date = date(2028, 1, 31);

/// Days after everybody has heard of it when somebody does what is no case of its own.
const PATIENCE: i64 = 3;

/// A duty that is open.
struct Standing {
    duty: Duty,
    case: Option<Case>,
    /// The night in which it must be found done or withdrawn.
    ends: Option<Date>,
    /// The night in which somebody says that it is done.
    said: Option<Date>,
}

/// What has been seen in the year.
#[derive(Default)]
struct Seen {
    raised: BTreeMap<DutyId, Date>,
    done: usize,
    withdrawn: usize,
    /// Rules by how their cases ended.
    ways: BTreeMap<String, BTreeSet<&'static str>>,
    /// Duties whose time was over in a minute that was looked at.
    minutes: usize,
    escalated: usize,
}

struct Year<'r> {
    rules: &'r Rulebook,
    workplace: Workplace,
    world: World<'r>,
    waiting: Vec<Case>,
    open: BTreeMap<DutyId, Standing>,
    seen: Seen,
    _folder: TempDir,
}

fn actor() -> Actor {
    Actor::new("night", None)
}

fn workplace(rules: &Rulebook) -> (TempDir, Workplace) {
    let folder = tempfile::tempdir().unwrap();
    let authorities: BTreeSet<String> = rules.panels.keys().map(|panel| panel.authority().to_string()).collect();
    let first = authorities.first().unwrap();
    let made = init(folder.path(), first, &[first]).unwrap();
    let each = authorities.iter().map(|name| format!("[[authority]]\nname = \"{name}\"\n"));
    let text = "[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = { file = \"state/ledger.key\" }\n";
    std::fs::write(&made.config, format!("{text}{}", each.collect::<String>())).unwrap();
    (folder, Workplace::new(Configuration::load(&made.config).unwrap()))
}

impl<'r> Year<'r> {
    fn new(rules: &'r Rulebook) -> Self {
        let (folder, workplace) = workplace(rules);
        let (world, waiting) = (World::new(rules), Vec::new());
        let mut year =
            Self { rules, workplace, world, waiting, open: BTreeMap::new(), seen: Seen::default(), _folder: folder };
        for (number, (profile, rule)) in case::rules(rules).into_iter().enumerate() {
            for (turn, course) in cases(rules, profile, rule).into_iter().enumerate() {
                let day = FIRST.saturating_add(i64::try_from(5 + (number * 7 + turn * 67) % 330).unwrap().days());
                year.waiting.extend(year.world.begin(profile, rule, course, day));
            }
        }
        year
    }

    fn office(&self, duty: &Duty) -> &'r Office {
        self.rules.office(&duty.authority()).unwrap()
    }

    /// One night, at two o'clock.
    fn night(&mut self, day: Date) {
        let now: Timestamp = format!("{day}T02:00:00Z").parse().unwrap();
        let mut installation = self.workplace.open(Clock::Fixed(now), &actor()).unwrap();
        if self.world.happen(&mut installation, day) || day.weekday() == Weekday::Monday {
            check(&mut installation, SyncMode::Real).unwrap();
        }
        let run = work_through(&mut installation, &actor()).unwrap();
        let duties = open_duties(&installation);
        assert_eq!(run.open, duties.len() as u64, "{day}");
        self.came_up(day, &duties, run.raised);
        self.closed(day, &installation, &duties);
        for (id, duty) in duties {
            self.open.get_mut(&id).unwrap().duty = duty;
        }
        self.minutes(&installation, now);
        self.say(day, &mut installation);
    }

    /// What has come up was never there before.
    fn came_up(&mut self, day: Date, duties: &BTreeMap<DutyId, Duty>, raised: u64) {
        let mut new = 0;
        for (id, duty) in duties.iter().filter(|(id, _)| !self.open.contains_key(*id)).collect::<Vec<_>>() {
            new += 1;
            let before = self.seen.raised.insert(id.clone(), day);
            assert!(before.is_none(), "{day}: {} {} has come up again, after {before:?}", duty.panel, duty.rule);
            let case = self.waiting.iter().position(|case| case.is(duty)).map(|at| self.waiting.remove(at));
            if let Some(Comes::On(night)) = case.as_ref().map(|case| case.comes) {
                assert_eq!(day, night, "{} {} {}", duty.panel, duty.rule, duty.occasion);
            }
            let standing = self.course(day, duty.clone(), case);
            self.open.insert(id.clone(), standing);
        }
        // One that comes up and is closed in the same night has been seen by nobody here: the world makes none.
        assert_eq!(raised, new, "{day}: as many have come up as are new");
    }

    /// What is to become of a duty.
    fn course(&mut self, day: Date, duty: Duty, case: Option<Case>) -> Standing {
        let office = self.office(&duty);
        let heard = duty.escalations.iter().map(|one| one.at).chain([duty.due]).max().unwrap();
        let heard = heard.to_zoned_datetime(office.zone.clone()).date().max(day);
        let (mut ends, mut said) = (None, None);
        match case.as_ref().map(|case| &case.course) {
            None => said = Some(heard.saturating_add(PATIENCE.days())),
            Some(Course::Never) => {}
            Some(Course::Said) => said = Some(heard.saturating_add(1.day())),
            Some(Course::Ends) => ends = Some(self.world.end(&duty, day)),
            Some(Course::Shown(proof)) => {
                let on = day.max(duty.counts_from);
                ends = Some(self.world.show(&duty, proof, on, day));
            }
            Some(Course::ShownLate(proof)) => {
                let on = heard.saturating_add(2.days()).max(duty.counts_from);
                ends = Some(self.world.show(&duty, proof, on, day));
            }
        }
        Standing { duty, case, ends, said }
    }

    /// What is open no more was closed by what was exported in this night, or somebody has said so.
    fn closed(&mut self, day: Date, installation: &Installation, duties: &BTreeMap<DutyId, Duty>) {
        let gone: Vec<DutyId> = self.open.keys().filter(|id| !duties.contains_key(*id)).cloned().collect();
        for id in gone {
            let Standing { duty, case, ends, .. } = self.open.remove(&id).unwrap();
            let what = format!("{day}: {} {}, {}", duty.panel, duty.rule, duty.occasion);
            let now = installation.ledger.duty(&id).unwrap().unwrap();
            let evidence = now.evidence.unwrap_or_else(|| panic!("{what} was closed by nothing"));
            if now.state == DutyState::Withdrawn {
                let is_due = case.as_ref().is_some_and(|case| case.course == Course::Ends) && ends == Some(day);
                assert!(is_due || case.is_none(), "{what} is withdrawn, and goes on");
                self.seen.withdrawn += 1;
            } else {
                self.seen.done += 1;
                let counts = evidence.on.is_none_or(|on| on >= duty.counts_from);
                assert!(counts, "{what} was closed by {evidence:?}, from before it counts");
                let known = Known::by(&duty, &evidence);
                assert!(self.world.knows(&known), "{what} was closed by {evidence:?}, which nobody has exported of it");
            }
            if let Some(case) = case {
                // Whoever asks the panel again does so on a form, which may show it earlier.
                let may_be_earlier = case.course.name() == "heard";
                let is_then = ends == Some(day) || may_be_earlier && ends.is_some_and(|night| night > day);
                assert!(is_then, "{what} was to end in another night, {ends:?}, {:?}", case.course);
                self.went(&duty, case.course.name());
            }
        }
        for standing in self.open.values() {
            let Standing { duty, case, ends, .. } = standing;
            let is_over = ends.is_some_and(|night| night <= day);
            assert!(
                !is_over,
                "{day}: {} {} is still open: {:?}",
                duty.panel,
                duty.rule,
                case.as_ref().map(|c| &c.course)
            );
        }
    }

    fn went(&mut self, duty: &Duty, way: &'static str) {
        self.seen.ways.entry(format!("{} {}", duty.panel, duty.rule)).or_default().insert(way);
    }

    /// Whoever hears of a duty in the coming day hears of it at the minute, and not a second before.
    fn minutes(&mut self, installation: &Installation, now: Timestamp) {
        let (second, until) = (SignedDuration::from_secs(1), now + SignedDuration::from_hours(24));
        for Standing { duty, .. } in self.open.values() {
            assert!(on_desk(installation, duty, &duty.role, now), "{} is on nobody's desk", duty.id);
            if duty.due > now && duty.due <= until {
                let overdue = |at: Timestamp| installation.ledger.duties_open(at).unwrap().1;
                assert!(overdue(duty.due) < overdue(duty.due + second), "{} {}: over its time", duty.panel, duty.rule);
                self.seen.minutes += 1;
            }
            for (place, escalation) in duty.escalations.iter().enumerate() {
                if escalation.at <= now || escalation.at > until {
                    continue;
                }
                let earlier = duty.escalations.iter().take(place).any(|one| one.to == escalation.to);
                if !earlier && duty.role != escalation.to {
                    let before = on_desk(installation, duty, &escalation.to, escalation.at - second);
                    assert!(!before, "{} {}: heard of a second too early", duty.panel, duty.rule);
                }
                assert!(on_desk(installation, duty, &escalation.to, escalation.at), "{} {}", duty.panel, duty.rule);
                self.seen.escalated += 1;
            }
        }
    }

    /// Somebody says of some that they are done.
    fn say(&mut self, day: Date, installation: &mut Installation) {
        let said = self.open.iter().filter(|(_, standing)| standing.said.is_some_and(|on| on <= day));
        for id in said.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let Standing { duty, case, .. } = self.open.remove(&id).unwrap();
            let evidence = Evidence { what: "seen on the record".to_owned(), on: None, at: None };
            assert!(installation.ledger.close_duty(&id, DutyState::Done, &evidence, &actor()).unwrap());
            self.seen.done += 1;
            if let Some(case) = case {
                self.went(&duty, case.course.name());
            }
        }
    }

    /// What is left at the end is what nobody has done: each of it stands on every desk that it was to come onto.
    fn end(&mut self) {
        let now: Timestamp = format!("{LAST}T23:00:00Z").parse().unwrap();
        let installation = self.workplace.open(Clock::Fixed(now), &actor()).unwrap();
        for Standing { duty, case, ends, said } in std::mem::take(&mut self.open).into_values() {
            if let Some(case) = case.filter(|case| case.course == Course::Never) {
                assert!(duty.is_overdue(now), "{} {} is due after the year", duty.panel, duty.rule);
                self.went(&duty, case.course.name());
            } else {
                let is_ahead = ends.or(said).is_some_and(|night| night > LAST);
                assert!(is_ahead, "{} {} was left open", duty.panel, duty.rule);
            }
            for role in duty.roles(now) {
                assert!(on_desk(&installation, &duty, role, now), "{} {} is unseen by {role}", duty.panel, duty.rule);
            }
        }
        let left: Vec<String> = self.waiting.iter().map(|case| format!("{case:?}")).collect();
        assert!(left.is_empty(), "these have not come up:\n{}", left.join("\n"));
        let verdict = installation.ledger.audit_verify(None).unwrap();
        assert!(verdict.whole, "{verdict:?}");
    }
}

fn open_duties(installation: &Installation) -> BTreeMap<DutyId, Duty> {
    let (mut duties, mut after) = (BTreeMap::new(), None);
    loop {
        let page = installation.ledger.duties_page(&DutySelection::open(), after.as_ref(), 500).unwrap();
        let Some(last) = page.last() else { return duties };
        after = Some(DutyKey::of(&last.duty));
        duties.extend(page.into_iter().map(|standing| (standing.duty.id.clone(), standing.duty)));
    }
}

fn on_desk(installation: &Installation, duty: &Duty, role: &str, at: Timestamp) -> bool {
    let selection = DutySelection {
        panel: Some(duty.panel.clone()),
        role: Some((role.to_owned(), at)),
        person: duty.person,
        ..DutySelection::open()
    };
    let page = installation.ledger.duties_page(&selection, None, 500).unwrap();
    page.iter().any(|standing| standing.duty.id == duty.id)
}

#[test]
fn in_a_year_every_duty_comes_up_once_and_is_closed_by_evidence_or_heard_of_to_the_minute() {
    let rules = super::rules();
    let mut year = Year::new(&rules);
    let mut day = FIRST;
    while day <= LAST {
        year.night(day);
        day = day.saturating_add(1.day());
    }
    year.end();
    let Seen { raised, done, withdrawn, ways, minutes, escalated } = &year.seen;
    for (profile, rule) in case::rules(&rules) {
        let name = format!("{} {}", profile.name, rule.name);
        let went = ways.get(&name).cloned().unwrap_or_default();
        let wanted: BTreeSet<&str> = cases(&rules, profile, rule).iter().map(Course::name).collect();
        assert_eq!(went, wanted, "{name}");
    }
    let many = raised.len() > 2_000 && *done > 2_000 && *withdrawn > 20 && *minutes > 1_000 && *escalated > 5;
    assert!(many, "{} raised, {done} done, {withdrawn} withdrawn, {minutes} due, {escalated} heard of", raised.len());
}
