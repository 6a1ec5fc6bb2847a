//! What the year teaches, by the binary: a small council over some months, night after night, and each number by hand.

use std::collections::BTreeMap;
use std::fs;

use calamine::{Data, Reader as _, Xlsx};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::SubmissionId;
use tessera::operation::{Actor, FilledRow, Workplace};

use crate::runner::Tessera;

const AUTHORITY: &str = "name = \"somewhere\"\ntitle = \"Somewhere\"\ntime-zone = \"Europe/London\"\ncalendar = \"england\"\n\
    [office]\nopen = \"09:00\"\nclose = \"17:00\"\n[roles.team-manager]\ntitle = \"Team manager\"\n\
    [documents.chronology]\ntitle = \"Chronology\"\n[documents.letter]\ntitle = \"Letter before proceedings\"\n\
    [events]\nplacement-start = { title = \"Placement\" }\nvisit = { title = \"Visit\" }\nplo = { title = \"PLO\" }\n\
    plo-meeting = { title = \"PLO meeting\" }\nplo-review = { title = \"PLO review\" }\n";

const FORM: &str = "form = \"REQ\"\nversion = \"1\"\ntitle = \"Request\"\npanel = \"wednesday\"\n[recognise]\ntemplate-ids = [1]\n\
    [fields]\nreason = { question = \"reason\", label = \"Reason\", type = \"text\", required = true }\n\
    panel-date = { question = \"panelDate\", label = \"Sitting\", type = \"date\" }\n";

const PANEL: &str = r#"panel = "wednesday"
title = "Wednesday Panel"
[schedule]
rrule = "FREQ=WEEKLY;BYDAY=WE"
from = 2026-09-02
starts = "10:00"
ends = "12:00"
[cutoff]
deadline = "10:00 on the monday before the sitting"
[request]
sitting-field = "panel-date"
[paperwork.chronology]
title = "Chronology"
chase = "team-manager"
policy = "section 1"
[outcome.decisions]
agreed = "Agreed"
pre-proceedings = "Begin pre-proceedings"
step-down = "Step down"
[duties.visited]
title = "Child visited"
raised-by = "event"
role = "team-manager"
deadline = "3 working days after placement-start"
closed-by = { events = ["visit"] }
policy = "section 2"
[pre-proceedings]
decided-with = ["pre-proceedings"]
events = ["plo"]
first-meeting = ["plo-meeting"]
reviews = ["plo-review"]
letter = ["letter"]
policy = "section 3"
[pre-proceedings.outcome]
step-down = ["step-down"]
"#;

const FORMS: &str = "workflow_step_id,workflow_step_type,step_status,started_on,completed_on,person_id,form_id,template_id,\
    version,title,reason,panelDate\n";
const EVENTS: &str = "person_id,event_id,kind,on,until\n";
const DOCUMENTS: &str = "person_id,document_id,kind,title,dated,pages\n";

/// A council of one panel, and what its reports have said so far.
struct Council {
    tessera: Tessera,
    forms: BTreeMap<u32, String>,
    events: String,
    documents: String,
}

impl Council {
    fn new() -> Self {
        let tessera = Tessera::new("lincolnshire");
        tessera.write("mappings/somewhere/authority.toml", AUTHORITY);
        tessera.write("mappings/somewhere/forms/req/v1.toml", FORM);
        tessera.write("mappings/somewhere/panels/wednesday.toml", PANEL);
        for extract in ["forms", "events", "documents"] {
            tessera.write(&format!("mappings/somewhere/extracts/{extract}.toml"), format!("extract = \"{extract}\"\n"));
        }
        let source = |extract: &str| {
            format!("[[authority.source]]\nextract = \"{extract}\"\npath = \"exports\"\npattern = \"{extract}*\"\n")
        };
        tessera.write(
            "tessera.toml",
            format!(
                "mappings = \"mappings\"\n[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = {{ file = \"state/ledger.key\" }}\n\
                 [[authority]]\nname = \"somewhere\"\n{}{}{}",
                source("forms"),
                source("events"),
                source("documents")
            ),
        );
        let council = Self { tessera, forms: BTreeMap::new(), events: EVENTS.into(), documents: DOCUMENTS.into() };
        let verified = council.tessera.run(&["mappings", "verify"]);
        assert!(verified.well(), "{}", verified.all());
        council
    }

    /// A request of the child with its number, hundreds aside; open until it has a day and time of being handed in.
    fn request(&mut self, number: u32, handed_in: &str, panel_date: &str) {
        let status = if handed_in.is_empty() { "STARTED" } else { "COMPLETED" };
        let row = format!(
            "{number},Request,{status},2026-10-01 09:00,{handed_in},{},{number},1,1,Request,A reason,{panel_date}\n",
            100_000 + number % 100
        );
        self.forms.insert(number, row);
    }

    fn event(&mut self, number: u32, kind: &str, on: &str) {
        let id = self.events.lines().count();
        self.events.push_str(&format!("{},{id},{kind},{on},\n", 100_000 + number));
    }

    fn document(&mut self, number: u32, kind: &str, dated: &str) {
        let id = self.documents.lines().count();
        self.documents.push_str(&format!("{},{id},{kind},{kind},{dated},2\n", 100_000 + number));
    }

    /// The nightly job.
    fn night(&self, at: &str) {
        let forms: String = self.forms.values().cloned().collect();
        for (name, text) in [
            ("forms", format!("{FORMS}{forms}")),
            ("events", self.events.clone()),
            ("documents", self.documents.clone()),
        ] {
            self.tessera.write(&format!("exports/{name}.csv"), text);
            self.tessera.write(&format!("exports/{name}.csv.done"), "");
        }
        let synced = self.tessera.json(&["--as-at", at, "sync"]);
        let quarantined: u64 =
            synced["files"].as_array().unwrap().iter().map(|f| f["quarantined"].as_u64().unwrap()).sum();
        assert_eq!(quarantined, 0, "{synced}");
    }

    /// The panel decides about a child, the administrator records it, and it is approved.
    fn decides(&self, sitting: Date, number: u32, seen_revision: u32, decision: &str) {
        let workplace = Workplace::new(Configuration::load(&self.tessera.path("tessera.toml")).unwrap());
        let clock = Clock::Fixed(sitting.at(15, 0, 0, 0).in_tz("Europe/London").unwrap().timestamp());
        let id = SubmissionId::new(format!("somewhere-{number}"));
        let row = FilledRow {
            submission: id.clone(),
            person: (100_000 + number % 100).to_string(),
            seen_revision,
            decision: Some(decision.to_owned()),
            fields: BTreeMap::new(),
        };
        let actor = Actor::new("administrator", Some("sam"));
        let recorded =
            workplace.open(clock, &actor).unwrap().outcomes_record("wednesday", sitting, &[row], false).unwrap();
        assert_eq!(recorded.loaded.new + recorded.loaded.revised, 1, "{recorded:?}");
        workplace.open(clock, &Actor::new("approver", Some("kim"))).unwrap().outcomes_approve(&[id]).unwrap();
    }

    fn figures(&self, further: &[&str]) -> Value {
        self.tessera.json(&[&["--as-at", "2026-12-31T09:00", "figures"], further].concat())
    }
}

/// Three months of the panel: four requests, three decisions of which one is corrected, three duties.
fn three_months() -> Council {
    let mut council = Council::new();
    // Complete and in time.
    council.request(1, "2026-10-05 09:00", "2026-10-14");
    council.document(1, "Chronology", "2026-10-01");
    // Still being filled in: nothing counts yet.
    council.request(4, "", "2026-12-02");
    council.night("2026-10-06T02:00");
    // An hour after the cutoff, and without the paper, which comes later.
    council.request(2, "2026-10-12 11:00", "2026-10-14");
    council.night("2026-10-13T02:00");
    council.document(2, "Chronology", "2026-10-13");
    council.night("2026-10-14T02:00");
    council.decides(date(2026, 10, 14), 1, 0, "agreed");
    council.decides(date(2026, 10, 14), 2, 0, "pre-proceedings");
    // Both are due on Thursday, 22 October, at 17:00. One visit is of that day, and the report of it comes at night.
    council.event(1, "placement-start", "2026-10-19");
    council.event(2, "placement-start", "2026-10-19");
    council.night("2026-10-20T02:00");
    council.event(1, "visit", "2026-10-22");
    council.night("2026-10-23T02:00");
    council.event(2, "visit", "2026-10-23");
    council.night("2026-10-24T02:00");
    council.event(2, "plo", "2026-10-20");
    council.event(2, "plo-meeting", "2026-10-27");
    council.event(2, "plo-review", "2026-11-24");
    council.document(2, "Letter before proceedings", "2026-10-16");
    council.event(3, "placement-start", "2026-11-02");
    council.night("2026-11-03T02:00");
    // In time; the paper is missing at first.
    council.request(3, "2026-11-04 16:00", "2026-11-11");
    council.night("2026-11-05T02:00");
    council.document(3, "Chronology", "2026-11-05");
    council.night("2026-11-06T02:00");
    council.decides(date(2026, 11, 11), 3, 0, "agreed");
    council.decides(date(2026, 11, 11), 3, 1, "step-down");
    // Handed in at last, a day after the cutoff, with its paper.
    council.request(4, "2026-12-01 12:00", "2026-12-02");
    council.document(4, "Chronology", "2026-11-20");
    council.night("2026-12-02T02:00");
    council
}

/// What is told of a period in numbers: requests with how they came and stood; decisions; days; duties.
fn told(period: &Value) -> Value {
    let keys = ["requests", "on_time", "late", "no_cutoff", "complete", "incomplete", "not_known"];
    let requests: Vec<&Value> = keys.iter().map(|key| &period[*key]).collect();
    let each = |list: &str, key: &str| -> Vec<Value> {
        period[list].as_array().unwrap().iter().map(|one| one[key].clone()).collect()
    };
    let waited = &period["waited"];
    let days = [&waited["known"], &waited["median_days"], &waited["longest_days"]];
    let duties: Vec<Value> = period["duties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["due"], one["in_time"], one["late"], one["open"]]))
        .collect();
    json!([requests, each("missing", "requests"), each("decisions", "children"), days, duties])
}

#[test]
fn three_months_are_counted_as_they_happened() {
    let council = three_months();
    let learned = council.figures(&["--by", "month", "--from", "2026-10", "--to", "2026-12"]);
    let panel = &learned["panels"][0];
    assert_eq!((&panel["panel"], &learned["shared"]), (&json!("somewhere/wednesday"), &json!(false)));
    let periods = panel["periods"].as_array().unwrap();
    let wanted = [
        ("October 2026", json!([[2, 1, 1, 0, 1, 1, 0], [1], [1, 1, 0], [2, 5.5, 9], [[2, 1, 1, 0]]])),
        ("November 2026", json!([[1, 1, 0, 0, 0, 1, 0], [1], [0, 0, 1], [1, 7.0, 7], [[1, 0, 0, 1]]])),
        ("December 2026", json!([[1, 0, 1, 0, 1, 0, 0], [0], [0, 0, 0], [0, null, null], [[0, 0, 0, 0]]])),
        ("All together", json!([[4, 2, 2, 0, 2, 2, 0], [2], [1, 1, 1], [3, 7.0, 9], [[3, 1, 1, 1]]])),
    ];
    for (period, (title, numbers)) in periods.iter().zip(&wanted) {
        assert_eq!((period["title"].as_str(), &told(period)), (Some(*title), numbers), "{period:#}");
    }
    assert_eq!(periods.len(), wanted.len());
    assert_eq!(periods[0]["missing"][0]["title"], "Chronology");
    assert_eq!(periods[0]["decisions"][1]["title"], "Begin pre-proceedings");
    assert_eq!(periods[0]["duties"][0]["title"], "Child visited");

    let quarter = council.figures(&["--panel", "wednesday", "--from", "2026-11", "--to", "2026-12"]);
    assert_eq!((&quarter["from"], &quarter["by"]), (&json!("2026-10"), &json!("quarter")));
    assert_eq!(told(&quarter["panels"][0]["periods"][0]), wanted[3].1, "the whole quarter");
    assert_eq!(quarter["panels"][0]["periods"][0]["title"], "October to December 2026 (Q3 2026-27)");

    let year = council.tessera.json(&["--as-at", "2026-11-30T09:00", "figures"]);
    assert_eq!((&year["from"], &year["to"]), (&json!("2026-01"), &json!("2026-12")), "four quarters");

    let verified = council.tessera.run(&["audit", "verify"]);
    assert!(verified.well(), "{}", verified.all());
    let text = council.tessera.run(&["--as-at", "2026-12-31T09:00", "figures", "--panel", "wednesday"]);
    assert!(text.well() && text.stdout.contains("missing at the first look: Chronology (2)"), "{}", text.all());
}

#[test]
fn figures_that_are_passed_on_hold_no_small_number() {
    let council = three_months();
    let learned = council.figures(&["--by", "month", "--from", "2026-10", "--to", "2026-12", "--share"]);
    let small = |text: &str| text.parse::<u64>().is_ok_and(|number| (1..5).contains(&number));
    let periods = learned["panels"][0]["periods"].as_array().unwrap();
    for period in periods {
        let Value::Array(told) = told(period) else { panic!("{period}") };
        for number in told.iter().flat_map(|part| part.as_array().unwrap()).flat_map(|one| match one {
            Value::Array(own) => own.clone(),
            own => vec![own.clone()],
        }) {
            assert!(!small(&number.to_string()), "{number} is small: {period:#}");
        }
    }
    assert_eq!((&periods[0]["requests"], &periods[0]["no_cutoff"]), (&Value::Null, &json!(0)));
    assert_eq!(periods[0]["waited"]["median_days"], Value::Null);
    for (name, further) in [("office.xlsx", &[][..]), ("others.xlsx", &["--share"][..])] {
        let arguments = [&["--as-at", "2026-12-31T09:00", "figures", "--by", "month", "--out", name], further].concat();
        let written = council.tessera.run(&arguments);
        assert!(written.well(), "{}", written.all());
        let mut book = Xlsx::new(std::io::Cursor::new(fs::read(council.tessera.path(name)).unwrap())).unwrap();
        assert_eq!(book.sheet_names(), ["Requests", "Missing at first look", "Decisions", "Duties"]);
        let mut numbers = Vec::new();
        for sheet in book.sheet_names() {
            let range = book.worksheet_range(&sheet).unwrap();
            numbers.extend(range.used_cells().filter_map(|(_, _, cell)| match cell {
                Data::Float(number) => Some(*number),
                _ => None,
            }));
        }
        let is_small = numbers.iter().any(|number| *number > 0.0 && *number < 5.0);
        assert_eq!(is_small, name == "office.xlsx", "{name}: {numbers:?}");
        assert!(numbers.len() > 20, "{name}: {numbers:?}");
    }
}

#[test]
fn the_pre_proceedings_columns_hold_what_is_known_and_who_took_them_is_in_the_trail() {
    let council = three_months();
    let written =
        council.tessera.run(&["--as-at", "2026-12-31T09:00", "figures", "pre-proceedings", "--out", "prep.csv"]);
    assert!(written.well() && written.stdout.contains("1 child."), "{}", written.all());
    let text = fs::read_to_string(council.tessera.path("prep.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "prep_table_id,prep_person_id,prep_plo_family_id,prep_pre_pro_decision_date,prep_initial_pre_pro_meeting_date,\
             prep_pre_pro_outcome,prep_agree_stepdown_issue_date,prep_cp_plans_referral_period,prep_legal_gateway_outcome,\
             prep_prev_pre_proc_child,prep_prev_care_proc_child,prep_pre_pro_letter_date,prep_care_pro_letter_date,\
             prep_pre_pro_meetings_num,prep_pre_pro_parents_legal_rep,prep_parents_legal_rep_point_of_issue,\
             prep_court_reference,prep_care_proc_court_hearings,prep_care_proc_short_notice,prep_proc_short_notice_reason,\
             prep_la_inital_plan_approved,prep_la_initial_care_plan,prep_la_final_plan_approved,prep_la_final_care_plan",
            "somewhere-100002-2026-10-14,100002,,14/10/2026,27/10/2026,,,,Start pre-proceedings,0,,16/10/2026,,1,,,,,,,,,,",
        ]
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(council.tessera.path("prep.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let trail = council.tessera.json(&["audit", "export"]);
    let taken: Vec<_> =
        trail.as_array().unwrap().iter().filter(|entry| entry["subject"] == "pre-proceedings").collect();
    let [taken] = taken.as_slice() else { panic!("one entry for one look: {trail}") };
    assert_eq!(taken["action"], "viewed");
    assert_eq!(taken["ids"], serde_json::json!(["person 100002"]), "a child that is in none is not shown");
    // The panel steps the child down.
    let mut council = council;
    council.request(102, "2026-12-03 11:00", "2026-12-09");
    council.night("2026-12-04T02:00");
    council.decides(date(2026, 12, 9), 102, 0, "step-down");
    let rows =
        council.tessera.json(&["--as-at", "2026-12-31T09:00", "figures", "pre-proceedings", "--out", "prep.csv"]);
    assert_eq!(rows[0]["prep_pre_pro_outcome"], "Decision to step down");
    assert_eq!(rows[0]["prep_agree_stepdown_issue_date"], "09/12/2026");
}

#[test]
fn a_wrong_question_is_answered_with_what_to_write() {
    let council = Council::new();
    for (arguments, says) in [
        (&["figures", "--from", "2026-12", "--to", "2026-11"][..], "name the earlier month first"),
        (&["figures", "--from", "2010-01"], "60 months at most"),
        (&["figures", "--from", "December"], "write a month like 2026-12"),
        (&["figures", "--by", "week"], "write `month` or `quarter`"),
        (&["figures", "--panel", "wednesdy"], "there is no panel"),
        (&["figures", "--out", "figures.pdf"], ".xlsx or .html"),
    ] {
        let ran = council.tessera.run(&[&["--as-at", "2026-12-31T09:00"], arguments].concat());
        assert!(ran.code != 0 && ran.stderr.contains(says), "{arguments:?}: {}", ran.all());
    }
    let nothing = council.tessera.run(&["figures"]);
    assert!(nothing.well() && nothing.stdout.contains("Nothing was handed in"), "{}", nothing.all());
}
