//! What happens in the year, and what of it is exported in which night.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::FIRST;
use super::case::{Case, Comes, Course, Proof};
use crate::calendar::Office;
use crate::diagnostic::{Located, Place};
use crate::domain::{
    AuthorityName, Decision, Document, DocumentKind, Duty, Event, Evidence, ExtractType, Outcome, OutcomeState,
    PanelName, Payload, PersonId, Private, Receipt, Reference, State, Submission, SubmissionId, Value, WriteBack,
    WriteBackId, WriteBackKind,
};
use crate::ledger::{Actor, FileBegun, FileStart, Item, Ledger};
use crate::mapping::FieldType;
use crate::operation::installation::{Installation, Rulebook};
use crate::operation::profile_proofs::each_way;
use crate::operation::profile_proofs::trial::Trial;
use crate::panel::{Condition, DueBy, DutyRule, Profile, RaisedBy};

/// Something that is known of a child, or of a sitting where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    authority: AuthorityName,
    person: Option<PersonId>,
    what: String,
    on: Option<Date>,
}

/// What the ledger comes to know in a night.
enum Happening {
    Exported(AuthorityName, Box<Item>),
    Stated(SubmissionId, String, bool),
    Decided(Box<Outcome>),
    Written { panel: PanelName, kind: WriteBackKind, submission: SubmissionId, person: PersonId, sitting: Date },
}

pub(super) struct World<'r> {
    rules: &'r Rulebook,
    nights: BTreeMap<Date, Vec<Happening>>,
    known: BTreeSet<Known>,
    /// The event that has a child's duty come up.
    causes: BTreeMap<PersonId, Event>,
    decided: BTreeMap<(PanelName, Date), Vec<(SubmissionId, PersonId)>>,
    counter: u64,
}

const WRITTEN: &str = "written back with a receipt";

impl Known {
    /// What a duty was closed by, as the world knows it.
    pub(super) fn by(duty: &Duty, evidence: &Evidence) -> Self {
        let what = if evidence.what.starts_with(WRITTEN) { WRITTEN.to_owned() } else { evidence.what.clone() };
        Self { authority: duty.authority(), person: duty.person, what, on: evidence.on }
    }
}

fn located() -> Located {
    Located { file: "year.csv".into(), place: Place::Whole }
}

impl<'r> World<'r> {
    pub(super) fn new(rules: &'r Rulebook) -> Self {
        let (nights, known, causes, decided) = Default::default();
        Self { rules, nights, known, causes, decided, counter: 0 }
    }

    pub(super) fn knows(&self, known: &Known) -> bool {
        self.known.contains(known)
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A child of its own. The next number is nobody's case.
    fn person(&mut self) -> PersonId {
        let number = 300_000 + 2 * self.count();
        number.to_string().parse().unwrap()
    }

    fn at(&mut self, night: Date, happening: Happening) {
        self.nights.entry(night).or_default().push(happening);
    }

    fn office(&self, panel: &PanelName) -> &'r Office {
        self.rules.office(&panel.authority()).unwrap()
    }

    /// What has a duty of a rule come up at about a day; the case of it.
    pub(super) fn begin(&mut self, profile: &Profile, rule: &DutyRule, course: Course, day: Date) -> Option<Case> {
        let case = |person, comes| Case {
            panel: profile.name.clone(),
            rule: rule.name.clone(),
            person,
            course: course.clone(),
            comes,
        };
        Some(match &rule.raised_by {
            RaisedBy::Calendar(_) => case(None, Comes::Ahead),
            RaisedBy::Sitting => {
                let person = self.person();
                self.decide(profile, person, day, |_| any_decision(profile));
                case(None, Comes::Ahead)
            }
            RaisedBy::Followed { events } => {
                let person = self.person();
                let mut event = self.event(&profile.name.authority(), person, events.first()?, day);
                self.export_event(day.saturating_add(1.day()), &event);
                event.until = Some(day.saturating_add(50.days()));
                self.export_event(day.saturating_add(51.days()), &event);
                case(Some(person), Comes::Ahead)
            }
            RaisedBy::Event { .. } => {
                let (person, comes) = self.happens(profile, rule, day);
                case(Some(person), comes)
            }
            RaisedBy::Outcome { .. } => {
                let person = self.person();
                let named = |sitting: Date| sitting.saturating_add(40.days());
                let sitting = self.decide(profile, person, day, |sitting| decision(profile, rule, named(sitting)));
                case(Some(person), Comes::On(sitting.saturating_add(1.day())))
            }
            RaisedBy::Request { condition, field } => {
                let person = self.person();
                let night = self.request(profile, person, day, Some((condition, field)));
                case(Some(person), Comes::On(night.1))
            }
        })
    }

    /// An event, or the second of two, from which the deadline of a rule is counted.
    fn happens(&mut self, profile: &Profile, rule: &DutyRule, day: Date) -> (PersonId, Comes) {
        let DueBy::Deadline(deadline) = &rule.due else { panic!("{}: an event has a deadline", rule.name) };
        let (person, authority) = (self.person(), profile.name.authority());
        let (anchor, ahead) = (deadline.anchor(), deadline.is_before());
        let day = if ahead { day.max(FIRST.saturating_add(100.days())) } else { day };
        let night = if ahead { day.saturating_sub(99.days()) } else { day.saturating_add(1.day()) };
        let ordinal = anchor.ordinal.unwrap_or(1);
        for before in (0..ordinal).rev() {
            let on = day.saturating_sub((i64::from(before) * 20).days());
            let mut event = self.event(&authority, person, &anchor.name, on);
            event.at = self.counter.is_multiple_of(2).then(|| jiff::civil::time(17, 30, 0, 0));
            self.export_event(night, &event);
            self.causes.insert(person, event);
        }
        (person, if ahead { Comes::Ahead } else { Comes::On(night) })
    }

    fn event(&mut self, authority: &AuthorityName, person: PersonId, kind: &str, on: Date) -> Event {
        Event { person, event_id: Some(self.count().to_string()), ..Event::of_test(authority, kind, on) }
    }

    fn export_event(&mut self, night: Date, event: &Event) {
        self.at(night, Happening::Exported(event.authority.clone(), Box::new(Item::Event(event.clone()))));
    }

    /// A request that is handed in on a day: its id, and the night in which it is exported.
    fn request(
        &mut self,
        profile: &Profile,
        person: PersonId,
        day: Date,
        comes: Option<(&Condition, &str)>,
    ) -> (SubmissionId, Date) {
        let moment = self.office(&profile.name).at(day, jiff::civil::time(9, 0, 0, 0));
        let mut found: Option<Trial<'_>> = None;
        each_way(self.rules, profile, |asked| {
            if found.is_some() {
                return;
            }
            let mut trial = Trial::new(asked, &moment);
            trial.completed_on = Some(day.at(9, 0, 0, 0));
            if let Some((condition, field)) = comes {
                let known = asked.form.fields.iter().find(|known| *known.name == *field);
                let value = match known.map(|known| known.kind) {
                    Some(FieldType::Date) => Value::Date(day),
                    Some(FieldType::DateTime) => Value::DateTime(day.at(8, 30, 0, 0)),
                    _ => return,
                };
                if !trial.make(condition) {
                    return;
                }
                trial.answers.insert(field.into(), value);
                if trial.holds(condition) != crate::domain::FactValue::Yes {
                    return;
                }
            }
            found = Some(trial);
        });
        let trial = found.unwrap_or_else(|| panic!("{} cannot be asked in this way", profile.name));
        let id = SubmissionId::new(format!("year-{}", self.count()));
        let submission = Submission { id: id.clone(), people: vec![person], ..trial.submission() };
        let night = day.saturating_add(1.day());
        for (fact, so) in trial.stated {
            self.at(night, Happening::Stated(id.clone(), fact, so));
        }
        self.export_form(night, submission);
        (id, night)
    }

    fn export_form(&mut self, night: Date, submission: Submission) {
        let hash = submission.content_hash();
        let authority = submission.authority.clone();
        self.at(night, Happening::Exported(authority, Box::new(Item::Submission(Box::new(submission), hash))));
    }

    /// A request that is decided at the panel's first sitting from a day on, which is known in the night after; the day.
    fn decide(
        &mut self,
        profile: &Profile,
        person: PersonId,
        day: Date,
        decision: impl FnOnce(Date) -> Decision,
    ) -> Date {
        let handed_in = day.saturating_sub(3.days());
        let sittings = profile.sittings(day, day.saturating_add(70.days()), self.office(&profile.name));
        let sitting = sittings.iter().find(|sitting| sitting.cancelled.is_none()).map_or(day, |sitting| sitting.date);
        let asks = self
            .rules
            .mappings
            .forms(&profile.name.authority())
            .any(|form| form.panels().any(|panel| *panel == profile.name));
        if !asks {
            return sitting;
        }
        let (submission, _) = self.request(profile, person, handed_in, None);
        let decided = self.decided.entry((profile.name.clone(), sitting)).or_default();
        decided.push((submission.clone(), person));
        let outcome = Outcome {
            submission,
            person,
            panel: profile.name.clone(),
            sitting,
            revision: 1,
            decision: decision(sitting),
            state: OutcomeState::Loaded,
        };
        self.at(sitting.saturating_add(1.day()), Happening::Decided(Box::new(outcome)));
        sitting
    }

    /// Has what shows that a duty is done appear, dated a day or the first after it that can be; the night in which it
    /// is exported. Another child, and the child of that number elsewhere, have the same on their records; this child has
    /// it once more, from before it counts.
    pub(super) fn show(&mut self, duty: &Duty, proof: &Proof, on: Date, today: Date) -> Date {
        let night = on.max(today).saturating_add(1.day());
        let authority = duty.authority();
        match proof {
            Proof::Event(kind) => {
                let mut alike = self.alike(duty, on).to_vec();
                // What has duties come up itself is not made to happen too early.
                alike.retain(|(_, _, day)| *day == on || !self.raises(&authority, kind));
                for (authority, person, day) in alike {
                    let event = self.event(&authority, person, kind, day);
                    self.export_event(night, &event);
                }
            }
            Proof::Document(kind) => {
                for (authority, person, day) in self.alike(duty, on) {
                    let document = Document {
                        authority: authority.clone(),
                        person,
                        document_id: Some(self.count().to_string()),
                        kind: Some(DocumentKind::new(kind.as_str())),
                        title: Private::from("Synthetic paper"),
                        dated: Some(day),
                        pages: None,
                        source: located(),
                        reading: None,
                    };
                    self.at(night, Happening::Exported(authority, Box::new(Item::Document(document))));
                }
            }
            Proof::Form(name) => self.hand_in(&authority, duty.person.unwrap(), name, on, night),
            Proof::WriteBack(kind) => self.write(duty, kind, night),
            Proof::Heard => {
                let profile = &self.rules.panels[&duty.panel];
                let first = duty.sitting.unwrap_or(duty.counts_from).saturating_add(1.day());
                let day = first.max(on).max(today.saturating_add(4.days()));
                let sitting = self.decide(profile, duty.person.unwrap(), day, |_| any_decision(profile));
                return sitting.saturating_add(1.day());
            }
        }
        night
    }

    /// Whether a kind of event has duties of an authority come up.
    fn raises(&self, authority: &AuthorityName, kind: &str) -> bool {
        let own = self.rules.panels.values().filter(|profile| profile.name.authority() == *authority);
        let mut counted = own.flat_map(|profile| &profile.duties);
        counted.any(|rule| matches!(&rule.due, DueBy::Deadline(deadline) if deadline.anchor().name == kind))
    }

    /// The child of a duty, the same child too early to count, another child, and the child of that number elsewhere.
    fn alike(&self, duty: &Duty, on: Date) -> [(AuthorityName, PersonId, Date); 4] {
        let (own, person) = (duty.authority(), duty.person.unwrap());
        let other = self.rules.panels.keys().map(PanelName::authority).find(|name| *name != own).unwrap();
        let neighbour = (person.number() + 1).to_string().parse().unwrap();
        let early = duty.counts_from.saturating_sub(1.day());
        [(own.clone(), person, on), (own.clone(), person, early), (own, neighbour, on), (other, person, on)]
    }

    /// A form about a child that is no request of the panel that asked for it.
    fn hand_in(&mut self, authority: &AuthorityName, person: PersonId, name: &str, on: Date, night: Date) {
        let form = self.rules.mappings.forms(authority).find(|form| *form.form == *name);
        let form = form.unwrap_or_else(|| panic!("{authority} has no form {name}"));
        let panel = form.panels().next().unwrap_or_else(|| panic!("{name} asks no panel"));
        let moment = self.office(panel).at(on, jiff::civil::time(9, 0, 0, 0));
        let mut made = None;
        each_way(self.rules, &self.rules.panels[panel], |asked| {
            if asked.form.form == form.form && made.is_none() {
                made = Some(Trial::new(asked, &moment).submission());
            }
        });
        let id = SubmissionId::new(format!("year-{}", self.count()));
        let (started_on, completed_on) = (None, Some(on.at(9, 0, 0, 0)));
        let submission = Submission { id, people: vec![person], started_on, completed_on, ..made.unwrap() };
        self.export_form(night, submission);
    }

    /// What is decided is written back with a receipt: of the child's outcome, or of all of a sitting.
    fn write(&mut self, duty: &Duty, kind: &str, night: Date) {
        let kind = WriteBackKind::parse(kind).unwrap();
        let mut requests: Vec<(SubmissionId, PersonId, Date)> = Vec::new();
        let fallback = duty.sitting.unwrap_or(duty.counts_from);
        match (&duty.submission, duty.person) {
            (Some(submission), Some(person)) => requests.push((submission.clone(), person, fallback)),
            _ => {
                let decided = self.decided.get(&(duty.panel.clone(), fallback)).cloned().unwrap_or_default();
                requests.extend(decided.into_iter().map(|(submission, person)| (submission, person, fallback)));
            }
        }
        assert!(!requests.is_empty(), "{} {}: nothing was decided on {fallback}", duty.panel, duty.rule);
        for (submission, person, sitting) in requests {
            let panel = duty.panel.clone();
            self.at(night, Happening::Written { panel, kind, submission, person, sitting });
        }
        self.known.insert(Known {
            authority: duty.authority(),
            person: duty.person,
            what: WRITTEN.to_owned(),
            on: None,
        });
    }

    /// What had a duty come up is over at once, as the next export says.
    pub(super) fn end(&mut self, duty: &Duty, today: Date) -> Date {
        let mut event = self.causes[&duty.person.unwrap()].clone();
        event.until = Some(event.on);
        let night = today.saturating_add(1.day());
        self.export_event(night, &event);
        night
    }

    /// The ledger comes to know what a night brings. Whether there is a form or an outcome among it.
    pub(super) fn happen(&mut self, installation: &mut Installation, night: Date) -> bool {
        let happenings = self.nights.remove(&night).unwrap_or_default();
        let earlier = self.nights.keys().next().is_none_or(|next| *next > night);
        assert!(earlier, "something was to happen before {night}");
        let mut files: BTreeMap<(AuthorityName, ExtractType), Vec<Item>> = BTreeMap::new();
        let ledger = &mut installation.ledger;
        let mut then = Vec::new();
        for happening in happenings {
            match happening {
                Happening::Exported(authority, item) => {
                    let extract = self.comes_to_be_known(&authority, &item);
                    files.entry((authority, extract)).or_default().push(*item);
                }
                other => then.push(other),
            }
        }
        let asks = !then.is_empty() || files.keys().any(|(_, extract)| *extract == ExtractType::Forms);
        for ((authority, extract), items) in files {
            take(ledger, authority, extract, night, &items);
        }
        for happening in then {
            self.follow(ledger, happening, night);
        }
        asks
    }

    fn comes_to_be_known(&mut self, authority: &AuthorityName, item: &Item) -> ExtractType {
        let (extract, person, what, on) = match item {
            Item::Event(event) => (ExtractType::Events, event.person, format!("event {}", event.kind), event.on),
            Item::Document(document) => {
                let kind = document.kind.as_ref().unwrap();
                (ExtractType::Documents, document.person, format!("document {kind}"), document.dated.unwrap())
            }
            Item::Submission(submission, _) => {
                let on = submission.completed_on.unwrap().date();
                (ExtractType::Forms, submission.people[0], format!("form {}", submission.form), on)
            }
            Item::Person(_) | Item::Quarantined { .. } => panic!("nothing of this kind happens"),
        };
        self.known.insert(Known { authority: authority.clone(), person: Some(person), what, on: Some(on) });
        extract
    }

    fn follow(&mut self, ledger: &mut Ledger, happening: Happening, night: Date) {
        let actor = super::actor();
        match happening {
            Happening::Exported(..) => {}
            Happening::Stated(submission, fact, so) => ledger.state_fact(&submission, &fact, so, &actor).unwrap(),
            Happening::Decided(outcome) => {
                ledger.record_outcome((*outcome).clone(), &actor).unwrap();
                ledger.decide_outcome(&outcome, OutcomeState::Approved, None, &Actor::new("approver", None)).unwrap();
                let (authority, what) = (outcome.panel.authority(), format!("heard by {}", outcome.panel));
                self.known.insert(Known { authority, person: Some(outcome.person), what, on: Some(outcome.sitting) });
            }
            Happening::Written { panel, kind, submission, person, sitting } => {
                let id = WriteBackId(Uuid::from_u128(u128::from(self.count())));
                let payload = Payload::CaseNote {
                    note_type: "NOTE".to_owned(),
                    title: "Synthetic".to_owned(),
                    contact_date: sitting,
                    body: Private::from("Synthetic"),
                    alert_recipients: Vec::new(),
                };
                let reference = Reference(format!("T-{id}"));
                let (state, attempts, fence, revision) = (State::Approved, 0, 0, 1);
                let planned = WriteBack {
                    id,
                    reference,
                    submission,
                    person,
                    panel,
                    sitting,
                    revision,
                    kind,
                    payload,
                    state,
                    attempts,
                    fence,
                };
                ledger.plan(std::slice::from_ref(&planned), &actor).unwrap();
                let known_at: Timestamp = format!("{night}T01:00:00Z").parse().unwrap();
                let receipt = Receipt { mosaic_id: id.to_string(), mosaic_time: None, known_at, by_reading: false };
                let sending = ledger.change_write_back(&planned, State::Sending { since: known_at }, &actor).unwrap();
                ledger.change_write_back(&sending, State::Sent { receipt }, &actor).unwrap();
            }
        }
    }
}

/// The first decision that a panel can come to, with nothing filled in.
fn any_decision(profile: &Profile) -> Decision {
    let decision = profile.outcome.decisions.first().map(|choice| choice.name.clone()).unwrap_or_default();
    Decision { decision, fields: BTreeMap::new() }
}

/// A decision that has the duty of a rule come up; where its day is named, this one.
pub(in super::super) fn decision(profile: &Profile, rule: &DutyRule, named: Date) -> Decision {
    let mut decision = any_decision(profile);
    let RaisedBy::Outcome { with, field } = &rule.raised_by else { return decision };
    decision.decision = with.first().unwrap_or(&decision.decision).clone();
    if let Some((name, is)) = field {
        let said = is.first().map_or("Synthetic", String::as_str);
        decision.fields.insert(name.clone(), Private::from(said));
    }
    if let DueBy::OutcomeField(name) = &rule.due {
        decision.fields.insert(name.clone(), Private::new(named.to_string()));
    }
    decision
}

fn sha(text: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).into()
}

fn take(ledger: &mut Ledger, authority: AuthorityName, extract: ExtractType, night: Date, items: &[Item]) {
    let name = format!("{extract}-{night}.csv");
    let start = FileStart {
        sha256: sha(&format!("{authority} {name}")),
        authority,
        extract,
        series: extract.to_string(),
        path: name.clone(),
        name,
        mappings: [0; 32],
        bytes: 1,
    };
    let FileBegun::Open(mut file) = ledger.begin_file(start).unwrap() else { panic!("a file comes once") };
    ledger.take(&mut file, items, &super::actor()).unwrap();
    let account = ledger.finish_file(&file, &super::actor()).unwrap();
    assert_eq!(account.quarantined, 0);
}
