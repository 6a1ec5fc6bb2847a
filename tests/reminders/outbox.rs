//! Without a mail server: what lies in the outbox, whom it tells what, and that it says nothing of a child.

use serde_json::Value;

use super::{EVENING, EVENTS, MORNING, configure, events, installed, letters, night, told};
use crate::runner::Tessera;

#[test]
fn each_role_is_told_once_and_the_e_mail_lies_in_the_outbox() {
    let tessera = installed("", "");
    let [sent, outbox, failed, without] = told(&tessera, EVENING);
    assert!(sent == 0 && outbox >= 2 && failed == 0 && without == 0, "{outbox}");
    let folder = tessera.path("state/outbox");
    let first = letters(&folder);
    assert_eq!(first.len() as u64, outbox);
    let worker = first.iter().find(|letter| letter.to == "social-worker@lincolnshire.invalid").unwrap();
    assert!(worker.text.contains("Due Saturday 27 March 2027, 17:30\n"), "{}", worker.text);
    assert_eq!(worker.calendar.matches("BEGIN:VEVENT").count(), worker.duties().len());
    assert!(worker.calendar.contains("DTEND;TZID=Europe/London:20270327T173000"), "{}", worker.calendar);
    let open = tessera.json(&["--as-at", EVENING, "duties", "list", "--role", "social-worker"]);
    let mut open: Vec<String> =
        open.as_array().unwrap().iter().map(|duty| duty["id"].as_str().unwrap().to_owned()).collect();
    let mut named = worker.duties();
    open.sort();
    named.sort();
    assert_eq!(named, open, "each duty on the desk, and no other");
    let shown = tessera.run(&["duties", "show", &named[0]]);
    assert!(shown.well() && shown.stdout.contains("100004"), "{}", shown.all());
    assert!(shown.stdout.contains("reminded: Social worker, Friday 26 March 2027, 20:00"), "{}", shown.all());

    assert_eq!(told(&tessera, EVENING), [0; 4], "told once");
    assert_eq!(letters(&folder).len(), first.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in std::fs::read_dir(&folder).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn who_hears_of_it_later_is_told_later_and_what_moves_is_told_again() {
    let tessera = installed("", "");
    told(&tessera, EVENING);
    let folder = tessera.path("state/outbox");
    let first: Vec<String> = letters(&folder).into_iter().map(|letter| letter.id).collect();

    // The report is corrected: the same event, a day earlier.
    events(&tessera, &format!("{EVENTS}100004,60001,Regulation 24,2027-03-25 17:30,\n"));
    let ran = night(&tessera, MORNING);
    assert!(ran.well(), "{}", ran.all());
    let second = letters(&folder);
    let again = second.iter().find(|letter| !first.contains(&letter.id) && letter.to.starts_with("social-worker"));
    let again = again.unwrap();
    assert!(again.text.contains("Due Friday 26 March 2027, 17:30 (over time)"), "{}", again.text);
    assert!(again.text.contains("You were told of it before"), "{}", again.text);
    assert!(again.calendar.contains("SEQUENCE:1"), "{}", again.calendar);
    let uid = |calendar: &str, day: &str| {
        let events = calendar.split("BEGIN:VEVENT").find(|event| event.contains(day)).unwrap().to_owned();
        events.lines().find(|line| line.starts_with("UID")).unwrap().to_owned()
    };
    let before = second.iter().find(|letter| first.contains(&letter.id) && letter.to.starts_with("social-worker"));
    let (before, after) = (uid(&before.unwrap().calendar, "20270327T173000"), uid(&again.calendar, "20270326T173000"));
    assert_eq!(before, after, "the entry in the calendar is the same one, moved");

    // It was no such placement at all: nobody is told that.
    events(&tessera, &format!("{EVENTS}100004,60001,Hearing,2027-03-25,\n"));
    assert_eq!(told(&tessera, "2027-03-28T02:00"), [0; 4]);
    assert!(tessera.run(&["audit", "verify"]).well());
}

/// Words that stand in the samples' names, answers and dates of birth.
const SECRETS: [&str; 3] = ["Sample Child", "Synthetic reason", "2012-0"];

#[test]
fn no_reminder_of_the_samples_says_whom_it_is_about() {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    assert!(!tessera.path("state/outbox").exists(), "a rehearsal has an outbox of its own");
    let letters = letters(&tessera.path("state/rehearsal/outbox"));
    assert!(letters.len() >= 3, "{}", letters.len());
    let duties = tessera.json(&["--rehearsal", "duties", "list"]);
    let duties = duties.as_array().unwrap();
    let given = |key: &str| duties.iter().filter_map(|duty| duty[key].as_str()).collect::<Vec<_>>();
    let (persons, submissions) = (given("person"), given("submission"));
    assert!(!persons.is_empty() && !submissions.is_empty(), "{duties:#?}");
    let about_somebody = |duty: &&Value| duty["person"].is_string();
    let named: Vec<String> = letters.iter().flat_map(|letter| letter.duties()).collect();
    for duty in duties.iter().filter(about_somebody) {
        assert!(named.iter().any(|id| *id == duty["id"]), "nobody is told of {}", duty["id"]);
    }
    for letter in &letters {
        let all = letter.all();
        for word in persons.iter().chain(&submissions).chain(&SECRETS) {
            assert!(!all.contains(word), "“{word}” stands in an e-mail:\n{all}");
        }
    }
}

#[test]
fn what_would_be_told_can_be_seen_first_and_a_slip_in_a_role_is_said() {
    let tessera = installed("", "[authority.mailboxes]\nsocial-wroker = \"workers@council.example\"\n");
    let ran = tessera.run(&["--as-at", EVENING, "sync", "--dry-run"]);
    assert!(ran.well() && !ran.stdout.contains("Reminders"), "{}", ran.all());

    // With the outbox where nobody can write, what has come up is still untold.
    tessera.write("blocked", "");
    configure(&tessera, "[reminders]\noutbox = \"blocked/outbox\"\n", "");
    let ran = night(&tessera, EVENING);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("a reminder could not be put into blocked/outbox"), "{}", ran.all());

    configure(&tessera, "", "[authority.mailboxes]\nsocial-wroker = \"workers@council.example\"\n");
    let dry = tessera.run(&["--as-at", EVENING, "duties", "remind", "--dry-run"]);
    assert_eq!(dry.code, 3, "{}", dry.all());
    assert!(dry.stderr.contains("line 12:1: no duty of `lincolnshire` is ever for `social-wroker`"), "{}", dry.all());
    assert!(dry.stderr.contains("did you mean `social-worker`?"), "{}", dry.all());
    assert!(dry.stdout.starts_with("Nothing was sent; this would be: "), "{}", dry.all());
    assert!(dry.stdout.contains("D-") && !dry.all().contains("100004"), "{}", dry.all());
    assert!(!tessera.path("state/outbox").exists());

    configure(&tessera, "", "[authority.mailboxes]\nsocial-worker = \"workers@council.example\"\n");
    let ran = tessera.run(&["--as-at", EVENING, "duties", "remind"]);
    assert!(ran.well(), "{}", ran.all());
    let letters = letters(&tessera.path("state/outbox"));
    assert!(letters.iter().any(|letter| letter.to == "workers@council.example"));
    let again = tessera.json(&["--as-at", EVENING, "duties", "remind"]);
    assert_eq!((&again["outbox"], &again["reminders"]), (&Value::from(0), &Value::Array(Vec::new())));
}
