//! Duties from the moment they come up until they are closed, by the binary, moment after moment.

use serde_json::Value;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::DutyState;
use tessera::operation::{Actor, DutyFilter, Workplace};

use crate::runner::Tessera;

const EVENTS: &str = "Mosaic ID,Event ID,Event type,Event date,End date\n";
const DOCUMENTS: &str = "Mosaic ID,Document ID,Sub-category,Document name,Document date,Pages\n";

/// What the profile calls the duty to assess the carers.
const VIABILITY: &str = "Viability assessment written, before the placement or within 24 hours";

/// An installation that reads events and documents of one authority and writes nothing back.
fn installed() -> Tessera {
    installed_for("lincolnshire", &["events", "documents"])
}

fn installed_for(authority: &str, extracts: &[&str]) -> Tessera {
    let tessera = Tessera::new(authority);
    let source = |extract: &&str| {
        format!("[[authority.source]]\nextract = \"{extract}\"\npath = \"exports\"\npattern = \"{extract}*\"\n")
    };
    let sources: String = extracts.iter().map(source).collect();
    tessera.write(
        "tessera.toml",
        format!(
            "[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = {{ file = \"state/ledger.key\" }}\n\
             [[authority]]\nname = \"{authority}\"\n{sources}"
        ),
    );
    tessera
}

/// The nightly job at a moment, with everything that has arrived.
fn synced(tessera: &Tessera, at: &str) -> Value {
    for name in ["exports/events.csv", "exports/documents.csv", "exports/forms.csv"] {
        if tessera.path(name).exists() {
            tessera.write(&format!("{name}.done"), "");
        }
    }
    tessera.json(&["--as-at", at, "sync"])
}

/// The same: how many duties it has raised.
fn night(tessera: &Tessera, at: &str) -> u64 {
    synced(tessera, at)["duties"].as_u64().unwrap()
}

fn open(tessera: &Tessera, at: &str, further: &[&str]) -> Vec<Value> {
    let arguments = [&["--as-at", at, "duties", "list"], further].concat();
    tessera.json(&arguments).as_array().unwrap().clone()
}

fn one<'d>(duties: &'d [Value], title: &str) -> &'d Value {
    let is_it = |duty: &&Value| duty["title"] == title;
    let found: Vec<&Value> = duties.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{title}: {duties:#?}");
    found[0]
}

#[test]
fn a_placement_has_its_duties_to_the_hour_and_evidence_closes_them() {
    let tessera = installed();
    tessera.write("exports/events.csv", format!("{EVENTS}100004,60001,Regulation 24,2027-03-26 17:30,\n"));
    let raised = night(&tessera, "2027-03-26T20:00");
    assert!(raised >= 5, "{raised}");
    assert_eq!(night(&tessera, "2027-03-26T21:00"), 0, "each is raised once");

    let duties = open(&tessera, "2027-03-26T21:00", &[]);
    let viability = one(&duties, VIABILITY);
    assert_eq!(viability["due"], "2027-03-27T17:30:00+00:00", "24 hours");
    assert_eq!((&viability["overdue"], &viability["person"]), (&Value::from(false), &Value::from("100004")));
    let authorised = duties.iter().find(|duty| duty["due"] == "2027-03-28T18:30:00+01:00");
    assert!(authorised.is_some(), "48 hours, the clocks going forward between: {duties:#?}");

    let later = open(&tessera, "2027-03-27T17:30:01", &["--due-by", "2027-03-27"]);
    assert_eq!(later.len(), 1, "{later:#?}");
    assert_eq!(later[0]["overdue"], true);

    // The assessment was written the day before: before or within 24 hours.
    let paper = "100004,70001,Viability assessment,Viability assessment,25/03/2027,3\n";
    tessera.write("exports/documents.csv", format!("{DOCUMENTS}{paper}"));
    assert_eq!(night(&tessera, "2027-03-28T02:00"), 0);
    let left = open(&tessera, "2027-03-28T02:00", &[]);
    assert_eq!(left.len() + 1, duties.len(), "the paper closes one duty: {left:#?}");
    assert!(left.iter().all(|duty| duty["id"] != viability["id"]));

    // It is still found on the desk of whoever had to do it, and on no other.
    let workplace = Workplace::new(Configuration::load(&tessera.path("tessera.toml")).unwrap());
    let done = |role: &str| {
        let filter = DutyFilter { role: Some(role.to_owned()), state: Some(DutyState::Done), ..DutyFilter::default() };
        let clock = Clock::Fixed("2027-06-01T09:00:00Z".parse().unwrap());
        let done = workplace.open(clock, &Actor::new("test", None)).unwrap().duties_list(&filter).unwrap();
        done.iter().map(|duty| (duty.id.to_string(), duty.escalated_to.len())).collect::<Vec<_>>()
    };
    let role = viability["role"].as_str().unwrap();
    assert_eq!(done(role), [(viability["id"].as_str().unwrap().to_owned(), 0)]);
    assert_eq!(done("assistant-director"), []);

    let id = left[0]["id"].as_str().unwrap();
    let done = tessera.json(&["--as-at", "2027-03-28T09:00", "duties", "complete", id, "--evidence", "On the record"]);
    assert_eq!(done["state"], "done");
    let again = tessera.run(&["--as-at", "2027-03-28T09:05", "duties", "complete", id, "--evidence", "On the record"]);
    assert_eq!(again.code, 2, "{}", again.all());
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn what_had_a_duty_come_up_may_change_or_be_gone() {
    let tessera = installed();
    let row = |day: &str| format!("{EVENTS}100004,60001,Regulation 24,{day},\n100005,60002,LAC review,2027-01-04,\n");
    tessera.write("exports/events.csv", row("2027-03-26 17:30"));
    night(&tessera, "2027-03-26T20:00");
    let before = open(&tessera, "2027-03-26T21:00", &[]);

    // The report is corrected: the same event, a day earlier.
    tessera.write("exports/events.csv", row("2027-03-25 17:30"));
    assert_eq!(night(&tessera, "2027-03-27T02:00"), 0, "a changed day raises nothing anew");
    let after = open(&tessera, "2027-03-27T03:00", &[]);
    let ids = |duties: &[Value]| {
        let mut ids: Vec<String> = duties.iter().map(|duty| duty["id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(one(&after, VIABILITY)["due"], "2027-03-26T17:30:00+00:00");

    // It was no such placement at all.
    tessera.write("exports/events.csv", row("2027-03-25").replace("Regulation 24", "Hearing"));
    night(&tessera, "2027-03-28T02:00");
    let about_it = open(&tessera, "2027-03-28T03:00", &[]).into_iter().filter(|duty| duty["person"] == "100004");
    assert_eq!(about_it.count(), 0, "withdrawn with the event");
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn an_installation_that_begins_is_not_told_of_years() {
    let tessera = installed();
    tessera.write("exports/events.csv", format!("{EVENTS}100004,60001,Regulation 24,2019-03-26,\n"));
    night(&tessera, "2027-03-26T20:00");
    let about_it = |duty: &&Value| duty["person"] == "100004";
    assert_eq!(open(&tessera, "2027-03-26T21:00", &[]).iter().filter(about_it).count(), 0);
}

#[test]
fn trackers_are_listed_shown_and_written() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    let trackers = tessera.json(&["--rehearsal", "trackers", "list"]);
    let trackers = trackers.as_array().unwrap();
    assert!(trackers.len() > 20, "{trackers:#?}");
    let on = |tracker: &&Value| tracker["children"].as_u64().unwrap() > 0;
    let name = trackers.iter().find(on).unwrap()["tracker"].as_str().unwrap();
    let shown = tessera.json(&["--rehearsal", "trackers", "show", name]);
    let row = &shown["rows"][0];
    assert!(row["person"].as_str().unwrap().len() == 6 && row["days"].as_i64().unwrap() >= 0, "{shown:#?}");
    for file in ["tracker.xlsx", "tracker.html"] {
        let written = tessera.run(&["--rehearsal", "trackers", "show", name, "--out", file]);
        assert!(written.well() && tessera.path(file).exists(), "{}", written.all());
    }
    let slip = tessera.run(&["--rehearsal", "trackers", "show", &format!("{name}x")]);
    assert!(slip.code == 2 && slip.stderr.contains("did you mean"), "{}", slip.all());
}

#[test]
fn an_agenda_has_what_is_outstanding_and_what_comes_back_until_it_has() {
    fn at<'a>(further: &[&'a str]) -> Vec<&'a str> {
        [&["--as-at", "2027-01-06T08:00", "--rehearsal"], further].concat()
    }
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    let panel = "lincolnshire/support-panel";
    let agenda = || tessera.json(&at(&["agenda", panel, "2027-01-06"]));
    let arising = |agenda: &Value| -> Vec<String> {
        let items = agenda["items"].as_array().unwrap().iter();
        let arising = items.flat_map(|item| item["arising"].as_array().unwrap());
        arising.map(|one| one["submission"].as_str().unwrap().to_owned()).collect()
    };
    let first = agenda();
    let listed = tessera.json(&at(&["duties", "list", "--panel", panel, "--due-by", "2027-01-06"]));
    let ids = |duties: &Value| -> Vec<String> {
        duties.as_array().unwrap().iter().map(|duty| duty["id"].as_str().unwrap().to_owned()).collect()
    };
    let (outstanding, all) = (ids(&first["outstanding"]), ids(&listed));
    let comes_back: Vec<&String> = all.iter().filter(|id| !outstanding.contains(id)).collect();
    assert!(outstanding.len() > 3 && outstanding.iter().all(|id| all.contains(id)), "{outstanding:?}");
    assert_eq!((comes_back.len(), arising(&first)), (1, vec!["lincolnshire-700010".to_owned()]), "an item of its own");
    for id in [comes_back[0], &outstanding[0]] {
        let done = tessera.run(&at(&["duties", "complete", id, "--evidence", "On the record"]));
        assert!(done.well(), "{}", done.all());
    }
    let then = agenda();
    assert_eq!((ids(&then["outstanding"]), arising(&then)), (outstanding[1..].to_vec(), Vec::new()));
    let text = tessera.run(&at(&["agenda", panel, "2027-01-06"])).stdout;
    assert!(text.contains("Outstanding from before") && text.contains("overdue"), "{text}");
}

#[test]
fn a_role_hears_once_of_what_it_must_do_and_once_more_when_its_time_is_over() {
    let tessera = installed();
    tessera.write("exports/events.csv", format!("{EVENTS}100004,60001,Regulation 24,2027-03-26 17:30,\n"));
    let run = |at: &str| -> u64 { synced(&tessera, at)["reminders"]["outbox"].as_u64().unwrap() };
    let first = run("2027-03-26T20:00");
    assert!(first >= 1, "{first}");
    assert_eq!(run("2027-03-26T21:00"), 0, "told once");
    // Everything was due within 24 and 48 hours.
    let over = run("2027-03-30T02:00");
    assert!(over >= 1, "{over}");
    assert_eq!(run("2027-03-31T02:00"), 0, "and once more");
    let letters = std::fs::read_dir(tessera.path("state/outbox")).unwrap().count();
    assert_eq!(u64::try_from(letters).unwrap(), first + over, "each is a letter of its own");
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn panels_alike_share_the_children_between_them_and_lose_none() {
    let tessera = installed_for("derbyshire", &["events", "forms"]);
    let event = |person: u32| format!("{person},6{person},Section 20,2025-12-01,\n");
    tessera.write("exports/events.csv", format!("{EVENTS}{}", [130_001, 130_002, 130_003].map(event).concat()));
    let form = |number: u32, person: u32, district: &str| {
        format!(
            "93{number},73{number},{person},5101,1,Care Planning Panel request,completed,16/11/2026 10:00,25/11/2026 12:00,{district}\n"
        )
    };
    let head =
        "workflow_step_id,form_id,person_id,template_id,version,title,status,started_on,completed_on,cppDistrict\n";
    let forms = format!("{head}{}{}", form(1, 130_001, "Bolsover"), form(2, 130_002, "Erewash"));
    tessera.write("exports/forms.csv", forms);
    let ended = synced(&tessera, "2026-11-27T02:00");
    assert_eq!(ended["exit"], 3, "the requests lack everything: {ended:#}");
    let on = |panel: &str| -> Vec<String> {
        let name = format!("derbyshire/{panel}/section-20");
        let shown = tessera.json(&["--as-at", "2026-11-27T09:00", "trackers", "show", &name]);
        let mut people: Vec<String> =
            shown["rows"].as_array().unwrap().iter().map(|row| row["person"].as_str().unwrap().to_owned()).collect();
        people.sort();
        people
    };
    assert_eq!(on("care-planning-panel-bolsover"), ["130001", "130003"]);
    assert_eq!(on("care-planning-panel-erewash"), ["130002", "130003"]);
    assert_eq!(on("care-planning-panel-high-peak"), ["130003"], "about whom nobody was asked: with all");
    assert_eq!(on("care-planning-panel"), ["130001", "130002", "130003"]);
    let panel = "derbyshire/care-planning-panel-bolsover";
    let agenda = tessera.json(&["--as-at", "2026-11-27T09:00", "agenda", panel, "2026-12-03"])["items"].to_string();
    assert!(agenda.contains("130003") && !agenda.contains("130002"), "{agenda}");
}
