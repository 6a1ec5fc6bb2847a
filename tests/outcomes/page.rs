//! Outcomes from a page, as the pages ask for them: filled in, previewed, recorded, approved by somebody who has seen
//! them; and what nobody should send.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use jiff::civil::{Date, date};
use rust_xlsxwriter::Workbook;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::SubmissionId;
use tessera::operation::{
    self, Actor, FailureKind, FilledRow, OutcomeFormShown, OutcomeListed, OutcomesRecorded, Paging, Workplace,
};

use super::rehearsed;
use crate::runner::Tessera;

const PANEL: &str = "lincolnshire/support-panel";
const SITTING: Date = date(2026, 12, 2);
/// The first page of the form, as long as it may be.
const FIRST: Paging = Paging { after: None, limit: 200 };

/// A rehearsal, asked as the pages ask it.
struct Office {
    tessera: Tessera,
    workplace: Workplace,
    clock: Clock,
}

/// A row that the form shows, filled in.
fn filled(submission: &str, person: &str, seen_revision: u32, decision: &str, fields: &[(&str, &str)]) -> FilledRow {
    FilledRow {
        submission: SubmissionId::new(submission),
        person: person.to_owned(),
        seen_revision,
        decision: Some(decision.to_owned()).filter(|decision| !decision.is_empty()),
        fields: fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    }
}

/// What the panel decides on one child, and on a brother and a sister.
fn decisions() -> Vec<FilledRow> {
    vec![
        filled(
            "lincolnshire-700001",
            "100001",
            0,
            "agreed",
            &[
                ("needs-to-happen", " A referral,\r\nby the team \r\n\r\n=1+1 "),
                ("timescales", "By the spring"),
                ("recommendation", "care-proceedings"),
                ("family-group-conference", "yes"),
                ("return-on", "03/03/2027"),
            ],
        ),
        filled(
            "lincolnshire-700002",
            "100002",
            0,
            "not-agreed",
            &[("worried-about", "Zoë’s “plan” <b> & co"), ("needs-to-happen", "Another plan")],
        ),
        filled(
            "lincolnshire-700002",
            "100003",
            0,
            "return-to-panel",
            &[("needs-to-happen", "Both plans"), ("return-on", "2026-12-16")],
        ),
    ]
}

fn sam() -> Actor {
    Actor::new("administrator", Some("sam"))
}

fn alex() -> Actor {
    Actor::new("administrator", Some("alex"))
}

impl Office {
    fn new() -> Self {
        let tessera = rehearsed();
        let configuration = Configuration::load(&tessera.path("tessera.toml")).unwrap().rehearsed();
        let clock = Clock::Fixed(configuration.rehearsal.as_at.unwrap());
        Self { tessera, workplace: Workplace::new(configuration), clock }
    }

    fn form(&self) -> OutcomeFormShown {
        self.workplace.open(self.clock, &sam()).unwrap().outcome_form(PANEL, SITTING, &FIRST).unwrap()
    }

    fn record(&self, actor: &Actor, rows: &[FilledRow]) -> OutcomesRecorded {
        self.workplace.open(self.clock, actor).unwrap().outcomes_record(PANEL, SITTING, rows, false).unwrap()
    }

    fn preview(&self, rows: &[FilledRow]) -> Vec<OutcomeListed> {
        self.workplace.open(self.clock, &sam()).unwrap().outcomes_preview(PANEL, SITTING, rows).unwrap()
    }

    fn show(&self, id: &str) -> Vec<OutcomeListed> {
        self.workplace.open(self.clock, &sam()).unwrap().outcome_show(&SubmissionId::new(id)).unwrap()
    }

    fn waiting(&self, limit: u32) -> Vec<OutcomeListed> {
        let (actor, date) = (Actor::new("approver", Some("kim")), Some(SITTING));
        self.workplace.open(self.clock, &actor).unwrap().outcomes_waiting(Some(PANEL), date, limit).unwrap()
    }

    /// What the outcomes and the trail come to.
    fn outcomes(&self) -> String {
        self.tessera.json(&["--rehearsal", "outcomes", "list"]).to_string()
    }

    /// Action and subject of what the trail tells of an actor.
    fn told_of(&self, actor: &str) -> Vec<(String, String)> {
        let trail = self.tessera.json(&["--rehearsal", "audit", "export"]);
        let of = trail.as_array().unwrap().iter().filter(|entry| entry["actor"] == actor);
        let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
        of.map(|entry| (text(entry, "action"), text(entry, "subject"))).collect()
    }

    /// Whom each look of an actor has shown.
    fn shown_to(&self, actor: &str) -> Vec<Vec<String>> {
        let trail = self.tessera.json(&["--rehearsal", "audit", "export"]);
        let of = trail.as_array().unwrap().iter().filter(|entry| entry["actor"] == actor);
        let ids = |entry: &serde_json::Value| {
            let ids = entry["ids"].as_array().cloned().unwrap_or_default();
            ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        of.map(ids).collect()
    }
}

fn counts(recorded: &OutcomesRecorded) -> [usize; 4] {
    let loaded = &recorded.loaded;
    [loaded.new, loaded.revised, loaded.unchanged, recorded.troubles.len()]
}

fn as_json(outcomes: &[OutcomeListed]) -> String {
    serde_json::to_string(outcomes).unwrap()
}

/// The rows as a workbook with the titles of what is chosen.
fn workbook(form: &OutcomeFormShown, rows: &[FilledRow]) -> Vec<u8> {
    let title = |choices: &[operation::ChoiceShown], name: &str| {
        choices.iter().find(|choice| choice.name == name).map_or(name.to_owned(), |choice| choice.title.clone())
    };
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let headings = ["Submission", "Person", "Sitting", "Decision"].into_iter();
    for (column, heading) in (0_u16..).zip(headings.chain(form.fields.iter().map(|field| field.title.as_str()))) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for (number, row) in (1_u32..).zip(rows) {
        let decision = title(&form.decisions, row.decision.as_deref().unwrap());
        let mut cells = vec![row.submission.to_string(), row.person.clone(), SITTING.to_string(), decision];
        for field in &form.fields {
            cells.push(title(&field.choices, row.fields.get(&field.name).map_or("", String::as_str)));
        }
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string(number, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_page_has_the_rows_of_the_workbook_and_what_is_recorded_of_them() {
    let office = Office::new();
    let form = office.form();
    super::workbook(&office.tessera, "support-panel", "2026-12-02", "made.xlsx");
    let rows: Vec<String> =
        form.rows.iter().map(|row| format!("{:?} {:?}", row.submission.as_str(), row.person)).collect();
    assert_eq!(rows, super::rows(&office.tessera.path("made.xlsx")));
    assert!(form.rows.iter().all(|row| row.revision == 0 && row.decision.is_none() && row.recorded_by.is_none()));
    assert!(form.rows.iter().any(|row| !row.kinds.is_empty()) && form.rows.iter().any(|row| row.initials.is_some()));
    let kinds: BTreeSet<&str> = form.fields.iter().map(|field| field.kind).collect();
    assert_eq!(kinds, BTreeSet::from(["choice", "date", "text", "yes-no"]));

    office.record(&sam(), &decisions());
    let form = office.form();
    let row = form.rows.iter().find(|row| row.person == "100001").unwrap();
    assert_eq!((row.revision, row.decision.as_deref()), (1, Some("agreed")));
    assert_eq!(row.recorded_by.as_deref(), Some("administrator:sam"));
    assert_eq!(row.recorded_at.as_deref(), Some("2026-11-27T09:00:00Z"));
    assert_eq!(row.fields["needs-to-happen"], "A referral,\nby the team\n\n=1+1");
    assert_eq!(row.fields["return-on"], "2027-03-03");
    // What the page shows is what it sends back, and changes nothing.
    let same: Vec<FilledRow> = form
        .rows
        .into_iter()
        .filter(|row| row.revision > 0)
        .map(|row| FilledRow {
            submission: row.submission,
            person: row.person,
            seen_revision: row.revision,
            decision: row.decision,
            fields: row.fields,
        })
        .collect();
    assert_eq!(counts(&office.record(&alex(), &same)), [0, 0, 3, 0]);
    let shown = office.told_of("administrator:sam").into_iter().filter(|(action, _)| action == "outcome-form-shown");
    assert_eq!(shown.map(|(_, subject)| subject).collect::<Vec<_>>(), [PANEL, PANEL]);
}

#[test]
fn what_a_page_records_is_what_a_workbook_records_and_what_the_preview_shows() {
    let office = Office::new();
    let before = office.outcomes();
    let tried =
        office.workplace.open(office.clock, &sam()).unwrap().outcomes_record(PANEL, SITTING, &decisions(), true);
    assert_eq!(counts(&tried.unwrap()), [3, 0, 0, 0]);
    let preview = office.preview(&decisions());
    assert_eq!(office.outcomes(), before, "neither has changed anything");

    assert_eq!(counts(&office.record(&sam(), &decisions())), [3, 0, 0, 0]);
    assert_eq!(counts(&office.record(&sam(), &decisions())), [0, 0, 3, 0], "twice is once");
    let shown = both(office.show("lincolnshire-700001"), office.show("lincolnshire-700002"));
    assert_eq!(as_json(&preview), as_json(&shown), "exactly what is written was shown before");
    assert!(preview.iter().all(|outcome| !outcome.writes.is_empty() && outcome.may_approve.is_some()));
    assert!(office.preview(&decisions()).is_empty(), "nothing would be new or revised");

    let file = office.tessera.write("filled.xlsx", workbook(&office.form(), &decisions()));
    let loaded = office.workplace.open(office.clock, &alex()).unwrap().outcomes_load(&file, false).unwrap();
    assert_eq!((loaded.new, loaded.revised, loaded.unchanged, loaded.troubles.len()), (0, 0, 3, 0));

    // The other way round: the workbook first, the page says the same.
    let other = Office::new();
    let file = other.tessera.write("filled.xlsx", workbook(&other.form(), &decisions()));
    let loaded = other.workplace.open(other.clock, &sam()).unwrap().outcomes_load(&file, false).unwrap();
    assert_eq!((loaded.new, loaded.troubles.len()), (3, 0));
    let by_workbook = both(other.show("lincolnshire-700001"), other.show("lincolnshire-700002"));
    assert_eq!(as_json(&by_workbook), as_json(&shown));
    assert_eq!(counts(&other.record(&alex(), &decisions())), [0, 0, 3, 0]);
}

fn both(one: Vec<OutcomeListed>, other: Vec<OutcomeListed>) -> Vec<OutcomeListed> {
    one.into_iter().chain(other).collect()
}

#[test]
fn whoever_comes_second_is_told_who_was_first() {
    let office = Office::new();
    office.record(&sam(), &decisions());
    let change = |seen: u32, text: &str| {
        let fields = [("needs-to-happen", text), ("timescales", "Soon")];
        [filled("lincolnshire-700001", "100001", seen, "agreed", &fields)]
    };
    assert_eq!(counts(&office.record(&alex(), &change(1, "The first change"))), [0, 1, 0, 0]);
    let second = office.record(&sam(), &change(1, "The second change"));
    assert_eq!(counts(&second), [0, 0, 0, 1]);
    let trouble = &second.troubles[0];
    assert_eq!((trouble.person.as_str(), trouble.field.as_str()), ("100001", "decision"));
    assert_eq!(
        trouble.message,
        "administrator:alex recorded revision 2 on Friday 27 November 2026, 09:00, after this page was shown"
    );
    assert_eq!(second.loaded.troubles[0].place, "lincolnshire-700001, person 100001, Decision");
    assert_eq!(counts(&office.record(&sam(), &change(2, "The second change"))), [0, 1, 0, 0]);

    // A brother's row is held back with his sister's.
    let siblings = [
        filled("lincolnshire-700002", "100002", 1, "not-agreed", &[("worried-about", "x"), ("needs-to-happen", "y")]),
        filled("lincolnshire-700002", "100003", 7, "not-agreed", &[("worried-about", "x"), ("needs-to-happen", "y")]),
    ];
    let before = office.outcomes();
    assert_eq!(counts(&office.record(&sam(), &siblings)), [0, 0, 0, 2]);
    assert_eq!(office.outcomes(), before);
}

#[test]
fn of_many_who_save_at_once_one_is_first() {
    let office = Office::new();
    let save = |number: usize| {
        let text = format!("The change of number {number}");
        let row = filled(
            "lincolnshire-700003",
            "100004",
            0,
            "not-agreed",
            &[("worried-about", &text), ("needs-to-happen", "x")],
        );
        loop {
            let actor = Actor::new("administrator", Some(&format!("number-{number}")));
            let rows = std::slice::from_ref(&row);
            match office.workplace.open(office.clock, &actor).unwrap().outcomes_record(PANEL, SITTING, rows, false) {
                Ok(recorded) => return counts(&recorded),
                Err(failure) => assert_eq!(failure.kind, FailureKind::Busy, "{failure}"),
            }
        }
    };
    let mut said: Vec<[usize; 4]> = thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|number| scope.spawn(move || save(number))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    said.sort_unstable();
    assert_eq!(said, [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]);
    assert_eq!(office.show("lincolnshire-700003").len(), 1);
}

#[test]
fn rows_that_the_page_never_had_are_refused() {
    let office = Office::new();
    let before = office.outcomes();
    let secret = "Somebody said so";
    let fields = [("worried-about", secret), ("needs-to-happen", secret)];
    let later =
        office.workplace.open(office.clock, &sam()).unwrap().outcome_form(PANEL, date(2026, 12, 9), &FIRST).unwrap();
    let later = later.rows.first().unwrap();
    for (submission, person) in [
        ("lambeth-720001", "120001"),
        (later.submission.as_str(), later.person.as_str()),
        ("lincolnshire-700001", "100002"),
        ("lincolnshire-700001", "' OR 1=1 --"),
        ("lincolnshire-700001", ""),
        ("no-such-request", "100001"),
        ("", ""),
    ] {
        let recorded = office.record(&sam(), &[filled(submission, person, 0, "not-agreed", &fields)]);
        assert_eq!(counts(&recorded), [0, 0, 0, 1], "{submission} {person}");
        assert!(!format!("{recorded:?}").contains(secret), "{recorded:?}");
        assert!(office.preview(&[filled(submission, person, 0, "not-agreed", &fields)]).is_empty());
    }
    let mut forged = decisions();
    forged[0].fields.insert("state".to_owned(), "approved".to_owned());
    forged[1].decision = Some("approved".to_owned());
    forged[2].fields.insert("return-on".to_owned(), secret.to_owned());
    let recorded = office.record(&sam(), &forged);
    assert_eq!(recorded.loaded.new, 0);
    let fields: BTreeMap<&str, &str> =
        recorded.troubles.iter().map(|trouble| (trouble.person.as_str(), trouble.field.as_str())).collect();
    assert_eq!(fields, BTreeMap::from([("100001", "decision"), ("100002", "decision"), ("100003", "return-on")]));
    assert!(!format!("{recorded:?}").contains(secret));
    assert_eq!(office.outcomes(), before);
    for (panel, day) in [("no-such-panel", SITTING), (PANEL, date(2026, 12, 3))] {
        let asked =
            office.workplace.open(office.clock, &sam()).unwrap().outcomes_record(panel, day, &decisions(), false);
        assert_eq!(asked.unwrap_err().kind, FailureKind::NotFound);
    }
    assert_eq!(office.outcomes(), before);
}

#[test]
fn what_was_seen_is_approved_and_nothing_else() {
    let office = Office::new();
    office.record(&sam(), &decisions());
    let approver = Actor::new("approver", Some("kim"));
    let approve = |actor: &Actor, seen: &[OutcomeListed]| {
        let seen: Vec<_> =
            seen.iter().map(|one| (one.submission.clone(), one.person.clone(), one.sitting, one.revision)).collect();
        office.workplace.open(office.clock, actor).unwrap().outcomes_approve_seen(&seen).unwrap()
    };
    let first = office.waiting(1);
    assert_eq!(first.len(), 1);
    let seen = office.waiting(10);
    let people: Vec<&str> = seen.iter().map(|one| one.person.as_str()).collect();
    assert_eq!(people, ["100001", "100002", "100003"]);
    assert!(seen.iter().all(|one| !one.writes.is_empty() && one.may_approve.is_none()));
    assert!(seen.iter().all(|one| one.loaded_at == "2026-11-27T09:00:00Z"));
    let told = office.told_of("approver:kim");
    let viewed = ("viewed".to_owned(), "outcomes that wait for approval".to_owned());
    assert_eq!(told, [viewed.clone(), viewed], "one entry for each look");
    let shown = office.shown_to("approver:kim");
    let first = ["lincolnshire-700001", "person 100001"];
    let all = ["lincolnshire-700001", "lincolnshire-700002", "person 100001", "person 100002", "person 100003"];
    assert_eq!(shown, [first.as_slice(), all.as_slice()], "with whom it has shown");

    // The account that recorded it does not approve it, whatever its role.
    let same = approve(&Actor::new("approver", Some("sam")), &seen);
    assert!(same.approved.is_empty() && same.not_approved.len() == 3 && same.write_backs == 0, "{same:?}");

    let fields = [("needs-to-happen", "Changed meanwhile"), ("timescales", "Soon")];
    office.record(&alex(), &[filled("lincolnshire-700001", "100001", 1, "agreed", &fields)]);
    let approved = approve(&approver, &seen);
    assert_eq!(approved.approved, [SubmissionId::new("lincolnshire-700002")]);
    assert_eq!(
        approved.not_approved,
        BTreeMap::from([(
            "lincolnshire-700001, person 100001".to_owned(),
            "administrator:alex recorded revision 2 on Friday 27 November 2026, 09:00, and what you have seen is \
             revision 1"
                .to_owned()
        )])
    );
    assert!(approved.write_backs > 0);
    let states: Vec<String> = office.show("lincolnshire-700001").iter().map(|one| one.state.to_string()).collect();
    assert_eq!(states, ["superseded", "loaded"], "what nobody has seen is not approved");

    let again = approve(&approver, &seen);
    assert!(again.approved.is_empty() && again.write_backs == 0, "{again:?}");
    assert_eq!(again.not_approved["lincolnshire-700002, person 100003"], "it is approved already");
    let now = office.waiting(10);
    assert_eq!(now.len(), 1);
    assert_eq!(approve(&approver, &both(now, office.waiting(10))).approved.len(), 1, "named twice is once");
    let unknown = (SubmissionId::new("lincolnshire-700001"), "999999".to_owned(), SITTING, 1);
    let unknown = office.workplace.open(office.clock, &approver).unwrap().outcomes_approve_seen(&[unknown]).unwrap();
    assert_eq!(unknown.not_approved["lincolnshire-700001, person 999999"], "it has no outcome of that sitting");
    let ran = office.tessera.run(&["--rehearsal", "audit", "verify"]);
    assert!(ran.well(), "{}", ran.all());
}
