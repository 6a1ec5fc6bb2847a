//! What the administrators' pages read, asked of the library on the ledger of a rehearsal.

use jiff::civil::date;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::operation::{
    self, Actor, AuditFilter, OutcomeFilter, Page, Paging, Readiness, SittingPage, SubmissionFilter, Workplace,
};

use crate::runner::Tessera;

/// The samples after a rehearsal, the installation as the rehearsal has it, and its clock.
fn rehearsed() -> (Tessera, Workplace, Clock) {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    let configuration = Configuration::load(&tessera.path("tessera.toml")).unwrap().rehearsed();
    let clock = Clock::Fixed(configuration.rehearsal.as_at.unwrap());
    (tessera, Workplace::new(configuration), clock)
}

fn actor() -> Actor {
    Actor::new("administrator", Some("test"))
}

fn paging(after: Option<String>, limit: u32) -> Paging {
    Paging { after, limit }
}

/// Turns the pages of a list to its end: every row, as `key` names it, and that each page but the last is full.
fn to_the_end<T>(limit: u32, mut read: impl FnMut(&Paging) -> Page<T>, key: impl Fn(&T) -> String) -> Vec<String> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = read(&paging(after, limit));
        assert!(page.next.is_none() || page.rows.len() == usize::try_from(limit).unwrap());
        rows.extend(page.rows.iter().map(&key));
        assert!(rows.len() < 10_000, "the pages have no end");
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

#[test]
fn every_list_is_turned_to_its_end_without_a_gap() {
    let (tessera, workplace, clock) = rehearsed();
    let open = || workplace.open(clock, &actor()).unwrap();
    let ledger = || workplace.open_ledger(clock, &actor()).unwrap();
    let panel = Some("lincolnshire/support-panel".to_owned());
    for filter in [
        SubmissionFilter::default(),
        SubmissionFilter { all: true, ..Default::default() },
        SubmissionFilter { panel: panel.clone(), ..Default::default() },
        SubmissionFilter { panel: panel.clone(), all: true, ..Default::default() },
        SubmissionFilter { authority: Some("lambeth".to_owned()), all: true, ..Default::default() },
    ] {
        let whole = SubmissionFilter { limit: 1_000, ..filter.clone() };
        let whole = open().submissions_list(&whole).unwrap().submissions;
        let whole: Vec<String> = whole.iter().map(|row| row.submission.to_string()).collect();
        let read = |paging: &Paging| open().submissions_page(&filter, paging).unwrap();
        assert_eq!(to_the_end(3, read, |row| row.submission.to_string()), whole, "{filter:?}");
        assert!(whole.len() > 3);
    }
    let of_person = SubmissionFilter { person: Some("100001".to_owned()), ..Default::default() };
    let page = open().submissions_page(&of_person, &paging(None, 50)).unwrap();
    assert!(!page.rows.is_empty() && page.rows.iter().all(|row| row.people.contains(&"100001".to_owned())));
    let nobody = SubmissionFilter { person: Some("Smith".to_owned()), ..Default::default() };
    assert!(open().submissions_page(&nobody, &paging(None, 50)).is_err());

    let mut outcomes = ledger().outcomes_list().unwrap();
    outcomes
        .sort_by_key(|row| (row.sitting, row.submission.clone(), row.person.len(), row.person.clone(), row.revision));
    let key =
        |row: &operation::OutcomeListed| format!("{} {} {} {}", row.sitting, row.submission, row.person, row.revision);
    let whole: Vec<String> = outcomes.iter().rev().map(key).collect();
    let read = |paging: &Paging| open().outcomes_page(&OutcomeFilter::default(), paging).unwrap();
    assert_eq!(to_the_end(2, read, key), whole);
    let own = OutcomeFilter {
        panel,
        state: Some(tessera::domain::OutcomeState::Approved),
        sitting: outcomes.last().map(|row| row.sitting),
    };
    let wanted = |row: &&operation::OutcomeListed| {
        row.panel.as_str() == "lincolnshire/support-panel"
            && Some(row.sitting) == own.sitting
            && Some(row.state) == own.state
    };
    let whole: Vec<String> = outcomes.iter().rev().filter(wanted).map(key).collect();
    let read = |paging: &Paging| open().outcomes_page(&own, paging).unwrap();
    assert_eq!(to_the_end(1, read, key), whole);

    let write_backs = ledger().writeback_list(None).unwrap();
    let whole: Vec<String> = write_backs.iter().rev().map(|row| row.id.clone()).collect();
    let read = |paging: &Paging| ledger().writebacks_page(None, false, paging).unwrap();
    assert_eq!(to_the_end(2, read, |row| row.id.clone()), whole);
    let needed = ledger().writebacks_page(None, true, &paging(None, 50)).unwrap();
    let wanted = write_backs.iter().filter(|row| ["refused", "uncertain", "held"].contains(&row.state)).count();
    assert_eq!(needed.rows.len(), wanted);
    assert!(ledger().writebacks_page(Some("send"), false, &paging(None, 50)).is_err());

    let whole = ledger().quarantine_list(true).unwrap();
    let whole: Vec<String> = whole.iter().map(|row| row.id.to_string()).collect();
    let read = |paging: &Paging| ledger().quarantine_page(true, paging).unwrap();
    assert_eq!(to_the_end(4, read, |row| row.id.to_string()), whole);

    let trail = ledger().audit_export().unwrap();
    let whole: Vec<String> = trail.iter().rev().map(|entry| entry.hash.clone()).collect();
    let read = |paging: &Paging| ledger().audit_page(&AuditFilter::default(), paging).unwrap();
    assert_eq!(to_the_end(7, read, |entry| entry.hash.clone()), whole);
    let filter = AuditFilter { subject: Some("audit trail".to_owned()), actor: Some("administrator:test".to_owned()) };
    let page = ledger().audit_page(&filter, &paging(None, 50)).unwrap();
    assert_eq!(page.rows.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["exported"]);
    assert!(ledger().audit_page(&filter, &paging(Some("x".to_owned()), 1)).is_err());
    drop(tessera);
}

#[test]
fn a_sitting_is_read_page_by_page_as_its_agenda_has_it() {
    let (tessera, workplace, clock) = rehearsed();
    let read = |after: Option<String>, limit: u32| -> SittingPage {
        workplace
            .open(clock, &actor())
            .unwrap()
            .sitting_page("lambeth/crp", date(2026, 12, 3), &paging(after, limit))
            .unwrap()
    };
    let heard = |page: &SittingPage| -> Vec<(String, Option<String>)> {
        let heard = page.agenda.items.iter().flat_map(|item| &item.requests);
        heard.map(|heard| (heard.submission.to_string(), heard.at.clone())).collect()
    };
    let whole = read(None, 200);
    assert_eq!(whole.next, None);
    let (mut turned, mut after) = (Vec::new(), None);
    loop {
        let page = read(after, 1);
        turned.extend(heard(&page));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut sorted = heard(&whole);
    sorted.sort();
    turned.sort();
    assert_eq!(turned, sorted);
    // What is open is what `agenda` hears, with the same verdicts and slots; what was decided there is on it too.
    let agenda = tessera.json(&["--rehearsal", "agenda", "lambeth/crp", "2026-12-03"]);
    let open: Vec<&str> =
        agenda["requests"].as_array().unwrap().iter().map(|one| one["submission"].as_str().unwrap()).collect();
    assert!(!open.is_empty());
    for one in agenda["requests"].as_array().unwrap() {
        let request =
            whole.agenda.requests.iter().find(|request| request.submission.as_str() == one["submission"]).unwrap();
        assert_eq!(serde_json::to_value(request.verdict).unwrap(), one["verdict"]);
    }
    let in_all = whole.listed.readiness.in_all();
    assert_eq!(in_all, u64::try_from(whole.agenda.requests.len()).unwrap());
    assert_eq!(whole.listed.slots, Some(12));
    let filter = AuditFilter { subject: Some("agenda lambeth/crp 2026-12-03".to_owned()), actor: None };
    let seen = workplace.open_ledger(clock, &actor()).unwrap().audit_page(&filter, &paging(None, 50)).unwrap();
    assert!(seen.rows.iter().any(|entry| entry.actor == "administrator:test"));
    let no_sitting =
        workplace.open(clock, &actor()).unwrap().sitting_page("lambeth/crp", date(2026, 12, 4), &paging(None, 5));
    assert!(no_sitting.is_err());
}

/// What the rehearsal has decided stands at the sitting that has decided it.
#[test]
fn a_decided_request_belongs_to_the_sitting_that_has_decided() {
    let (_tessera, workplace, clock) = rehearsed();
    let approved = OutcomeFilter { state: Some(tessera::domain::OutcomeState::Approved), ..Default::default() };
    let outcomes = workplace.open(clock, &actor()).unwrap().outcomes_page(&approved, &paging(None, 50)).unwrap();
    assert!(!outcomes.rows.is_empty());
    let mut found = 0;
    for one in outcomes.rows {
        let panel = one.panel.as_str();
        let page =
            workplace.open(clock, &actor()).unwrap().sitting_page(panel, one.sitting, &paging(None, 200)).unwrap();
        let requests = &page.agenda.requests;
        let own = requests.iter().find(|request| request.submission == one.submission && request.person == one.person);
        assert_eq!(own.unwrap_or_else(|| panic!("{} is not there", one.submission)).sitting, Some(one.sitting));
        found += 1;
    }
    assert!(found > 0, "the rehearsal decides before the nightly check has seen anything");
}

#[test]
fn a_panel_that_is_checked_again_says_the_same_and_keeps_nothing_anew() {
    let (tessera, workplace, clock) = rehearsed();
    let stands = || -> Vec<(String, Readiness)> {
        let listed = workplace
            .open(clock, &actor())
            .unwrap()
            .sittings_listed(None, date(2026, 11, 1), date(2027, 3, 31))
            .unwrap();
        let listed = listed.iter().filter(|one| one.readiness.in_all() > 0);
        listed.map(|one| (format!("{} {}", one.panel, one.sitting.date), one.readiness)).collect()
    };
    let before = stands();
    let checked = workplace.open(clock, &actor()).unwrap().sitting_recheck("lincolnshire/support-panel").unwrap();
    assert_eq!((checked, stands()), (13, before.clone()));
    let all: u64 = before.iter().map(|(_, readiness)| readiness.in_all()).sum();
    let report = tessera.json(&["sync", "--rehearse"]);
    // What is decided stands at its sitting too, and is not checked again.
    assert!(report["checked"].as_u64().unwrap() < all, "{report}");
}

#[test]
fn today_and_the_figures_count_what_there_is() {
    let (tessera, workplace, clock) = rehearsed();
    let today = workplace.open(clock, &actor()).unwrap().today().unwrap();
    assert_eq!(today.now_in_words, "Friday 27 November 2026, 09:00");
    let waiting = workplace.open_ledger(clock, &actor()).unwrap().quarantine_list(false).unwrap().len();
    assert_eq!(today.quarantined, u64::try_from(waiting).unwrap());
    let days = today.sittings.iter().map(|one| one.sitting.date);
    assert!(
        days.clone().is_sorted()
            && days.clone().min() >= Some(date(2026, 11, 27))
            && days.max() <= Some(date(2026, 12, 11))
    );
    assert!(today.last_read.is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()));
    let needed = workplace
        .open_ledger(clock, &actor())
        .unwrap()
        .writebacks_page(None, true, &paging(None, 200))
        .unwrap()
        .rows
        .len();
    assert_eq!(today.write_backs_for_person, u64::try_from(needed).unwrap());
    assert_eq!(today.mistakes, 0);

    let figures = workplace.open(clock, &actor()).unwrap().figures(None).unwrap();
    assert!(figures.readiness.iter().all(|one| one.readiness.in_all() > 0) && !figures.readiness.is_empty());
    assert!(figures.missing.is_sorted_by(|one, next| one.count >= next.count));
    let own = workplace.open(clock, &actor()).unwrap().figures(Some("lincolnshire/support-panel")).unwrap();
    let checked = tessera.json(&["--rehearsal", "check", "--panel", "lincolnshire/support-panel"]);
    let findings = checked.as_array().unwrap().iter().flat_map(|request| request["findings"].as_array().unwrap());
    let chronologies =
        findings.filter(|one| one["code"] == "document-missing" && one["subject"] == "chronology").count();
    let figure = own.missing.iter().find(|one| one.code == "document-missing" && one.subject == "chronology").unwrap();
    assert_eq!((figure.title.as_str(), figure.count), ("Chronology", u64::try_from(chronologies).unwrap()));
    let arrived: u64 = own.arrivals.iter().map(|one| one.on_time + one.late).sum();
    assert!(arrived > 0 && own.arrivals.iter().all(|one| one.title == "Support Panel"));
}

#[test]
fn a_search_finds_what_is_known_by_its_number_and_nothing_by_a_name() {
    let (_tessera, workplace, clock) = rehearsed();
    let search = |text: &str| workplace.open(clock, &actor()).unwrap().search(text, &paging(None, 20)).unwrap();
    let ids =
        |text: &str| search(text).submissions.rows.iter().map(|row| row.submission.to_string()).collect::<Vec<_>>();
    let about = search(" 100001 ");
    assert!(!about.submissions.rows.is_empty());
    assert!(about.submissions.rows.iter().all(|row| row.people.contains(&"100001".to_owned())));
    assert_eq!(ids("lincolnshire-700001"), ["lincolnshire-700001"]);
    assert_eq!(ids("700001"), ["lincolnshire-700001"]);
    assert!(ids("lincolnshire-70000").len() > 3 && ids("lincolnshire").is_empty() && ids("70").is_empty());
    let panels = |text: &str| search(text).panels.iter().map(|panel| panel.panel.to_string()).collect::<Vec<_>>();
    for text in ["support panel", "SC Support Panel", "lincolnshire/support-panel", "Support"] {
        assert!(panels(text).contains(&"lincolnshire/support-panel".to_owned()), "{text}");
    }
    for text in ["2026-12-03", "3/12/2026", "3 December 2026"] {
        let found = search(text);
        assert!(found.sittings.iter().any(|one| one.panel.as_str() == "lambeth/crp"), "{text}");
        assert!(found.submissions.rows.is_empty() && found.panels.is_empty());
    }
    let sent = workplace.open_ledger(clock, &actor()).unwrap().writeback_list(None).unwrap().remove(0);
    for text in [&sent.id, &sent.reference, &sent.reference.to_lowercase()] {
        assert_eq!(search(text).write_backs.iter().map(|row| &row.id).collect::<Vec<_>>(), [&sent.id]);
    }
    let own = AuditFilter { subject: None, actor: Some("administrator:test".to_owned()) };
    let entries = || workplace.open_ledger(clock, &actor()).unwrap().audit_page(&own, &paging(None, 200)).unwrap().rows;
    let before = entries();
    assert!(before.iter().any(|entry| entry.action == "searched" && entry.subject == "person 100001"));
    let mut searched = before.iter().filter(|entry| entry.action == "searched");
    assert!(searched.all(|entry| ["person 100001", "submission", "write-back"].contains(&entry.subject.as_str())));
    // What shows nobody's record is not told, least of all in the words that were typed.
    for text in ["Jane Example", "", "999999999", "%", "support panel", "2026-12-03"] {
        assert!(search(text).submissions.rows.is_empty(), "{text}");
    }
    assert_eq!(entries().len(), before.len());
}
