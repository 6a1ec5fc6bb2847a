//! What goes wrong while somebody works: what was done is told, what is typed is not lost, and the log says why.

use std::time::{Duration, Instant};

use super::{PASSWORD, Pages, REQUEST, SITTING, Somebody};

/// Decisions on three children as the form sends them.
fn decisions(step: &str) -> Vec<(String, String)> {
    let children = [("700001", "100001"), ("700002", "100002"), ("700002", "100003")];
    let mut fields = vec![("step".to_owned(), step.to_owned())];
    for (number, (request, person)) in children.into_iter().enumerate() {
        for (name, value) in [
            ("submission", format!("lincolnshire-{request}").as_str()),
            ("person", person),
            ("seen", "0"),
            ("decision", "not-agreed"),
            ("field-worried-about", "Synthetic <worry>"),
            ("field-needs-to-happen", "Synthetic\r\nsecond line"),
            ("field-working-well", "Synthetic"),
            ("field-timescales", "Synthetic"),
        ] {
            fields.push((format!("{name}-{number}"), value.to_owned()));
        }
    }
    fields
}

fn send(somebody: &Somebody, address: &str, fields: &[(String, String)]) -> super::Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    somebody.post(address, &fields)
}

#[test]
fn of_several_that_are_approved_one_goes_wrong_and_the_others_are_told() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let kim = pages.with(&owner, 4, "kim", &["approver"]);
    assert_eq!(send(&sam, &format!("/outcomes/{SITTING}"), &decisions("record")).status, 303);
    let breaks = "CREATE TRIGGER breaks BEFORE UPDATE ON outcome WHEN NEW.person = 100002 \
                  BEGIN SELECT raise(ABORT, 'broken'); END";
    pages.ledger().execute_batch(breaks).unwrap();

    let ran =
        pages.tessera.run(&["--rehearsal", "outcomes", "approve", "lincolnshire-700001", "lincolnshire-700002", "x-1"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.contains("Approved: 1. "), "{}", ran.all());
    for why in ["lincolnshire-700002 is not approved: use the ledger's database", "x-1 is not approved: it has no"] {
        assert!(ran.stdout.contains(why), "{}", ran.all());
    }

    let seen = |person: &str| format!("{person}:2026-12-02:1:lincolnshire-700002");
    let answer = kim.post("/outcomes/approve", &[("seen", &seen("100002")), ("seen", &seen("100003"))]);
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert!(text.contains("Approved: 1 request."), "{text}");
    assert!(text.contains("lincolnshire-700002, person 100002: Something went wrong on our side"), "{text}");
    assert!(!text.contains("broken"), "{text}");
    // The log says what the page does not: here by the number that the database has for a trigger that says no.
    let log = pages.log();
    assert!(log.contains("Something that was asked for on a page was not done."), "{log}");
    assert!(log.contains("ledger-database") && log.contains("1811"), "{log}");

    // Where nothing else is to be said, it is the answer.
    let answer = kim.post("/outcomes/approve", &[("seen", &seen("100002"))]);
    assert_eq!((answer.status, answer.text().contains("There is nothing")), (500, false));
    pages.ledger().execute_batch("DROP TRIGGER breaks").unwrap();
    let answer = kim.post("/outcomes/approve", &[("seen", &seen("100002"))]);
    assert!(answer.text().contains("Approved: 1 request."), "{}", answer.text());
}

#[test]
fn what_is_filled_in_is_not_lost_while_somebody_else_saves_for_long() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let address = format!("/outcomes/{SITTING}");
    let other = pages.ledger();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let answer = send(&sam, &address, &decisions("record"));
    assert!(began.elapsed() < Duration::from_secs(18), "nothing is waited for twice");
    other.execute_batch("ROLLBACK").unwrap();
    let text = answer.text();
    assert_eq!((answer.status, answer.header("retry-after")), (503, "60"), "{text}");
    assert!(text.contains("Somebody else is saving at the moment"), "{text}");
    assert!(
        text.contains("<h2>lincolnshire-700002, person 100003</h2><h3>Decision</h3><pre>not-agreed</pre>"),
        "{text}"
    );
    assert!(text.contains(&format!("<form action=\"{address}\"")), "{text}");

    // What stands in the form that can be sent again is what was sent.
    let (_, form) = text.split_once(&format!("<form action=\"{address}\"")).unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    let fields: Vec<(String, String)> = form
        .split("<textarea")
        .skip(1)
        .map(|area| {
            let (name, rest) = area.split_once("name=\"").unwrap().1.split_once('"').unwrap();
            let value = rest.split_once('>').unwrap().1.split_once("</textarea>").unwrap().0;
            (name.to_owned(), value.replace("&lt;", "<").replace("&gt;", ">"))
        })
        .collect();
    assert_eq!(fields, decisions("record"));
    let before = pages.latest();
    assert_eq!(send(&sam, &address, &fields).status, 303);
    assert_eq!(pages.trail(before).iter().filter(|(_, action, _)| action == "outcome-loaded").count(), 3);
}

#[test]
fn what_is_written_for_a_waiver_is_not_lost_where_it_cannot_be_saved() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let request = "/requests/lincolnshire-700002";
    let text = sam.get(request).text();
    let form = text.split("<select id=\"finding-100003\"").nth(1).unwrap_or_else(|| panic!("{text}"));
    let finding = form.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let role = form.split("<select id=\"role-100003\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let role = role.split('"').next().unwrap();
    let given = [
        ("person", "100003"),
        ("finding", finding),
        ("role", role),
        ("reason", "the chair <has> seen it"),
        ("until", "2026-12-02"),
    ];
    let breaks = "CREATE TRIGGER breaks BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'broken'); END";
    let loses_nothing = |what: &str, fields: &[(&str, &str)]| {
        pages.ledger().execute_batch(breaks).unwrap();
        let answer = sam.post(&format!("{request}/{what}"), fields);
        pages.ledger().execute_batch("DROP TRIGGER breaks").unwrap();
        let text = answer.text();
        assert_eq!(answer.status, 500, "{text}");
        assert!(text.contains("readonly>the chair &lt;has&gt; seen it</textarea>"), "{text}");
        assert!(text.contains(&format!("<form action=\"{request}/{what}\"")), "{text}");
        assert_eq!(sam.post(&format!("{request}/{what}"), fields).status, 303);
    };
    loses_nothing("waive", &given);
    loses_nothing("unwaive", &[("person", "100003"), ("what", "unwaive"), ("finding", finding), given[3]]);
}

#[test]
fn the_log_says_which_file_of_the_installation_has_failed_and_what_was_changed() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    assert_eq!(send(&sam, &format!("/outcomes/{SITTING}"), &decisions("record")).status, 303);
    pages.from(9).sign_in("sam", "some other words that are wrong");
    let text = owner.get("/accounts/sam").text();
    assert!(text.contains("administrator"), "{text}");
    owner.post("/accounts/sam", &[("role", "administrator"), ("role", "reader"), ("open", "yes")]);
    let log = pages.log();
    for (line, times) in [
        ("Somebody was invited to the pages.", 1),
        ("A password was chosen by a link.", 1),
        ("The first account of the pages was made.", 1),
        ("An account of the pages was changed.", 1),
        ("A sign-in to the pages was refused", 1),
        ("An outcome was recorded.", 3),
    ] {
        assert_eq!(log.matches(line).count(), times, "{line}\n{log}");
    }

    let ledger = pages.tessera.path("state/rehearsal/ledger.db");
    std::fs::rename(&ledger, pages.tessera.path("elsewhere.db")).unwrap();
    std::fs::write(&ledger, "no ledger at all, and longer than its first page has to be".repeat(200)).unwrap();
    assert_eq!(sam.get("/requests").status, 500);
    let log = pages.log();
    let line = log.lines().find(|line| line.contains("was not done")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("ledger-key") && line.contains("state/rehearsal/ledger.db"), "{line}");
    assert!(!line.contains(pages.tessera.path("").to_str().unwrap()), "{line}");
}

#[test]
fn what_was_recorded_since_it_was_seen_is_not_turned_down() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let kim = pages.with(&owner, 4, "kim", &["approver"]);
    let address = format!("/outcomes/{SITTING}");
    assert_eq!(send(&sam, &address, &decisions("record")).status, 303);
    let mut again = decisions("record");
    for (name, value) in &mut again {
        match name.as_str() {
            "seen-1" => *value = "1".to_owned(),
            "field-timescales-1" => *value = "By the spring".to_owned(),
            _ => {}
        }
    }
    let own: Vec<_> = again.into_iter().filter(|(name, _)| name == "step" || name.ends_with("-1")).collect();
    let own: Vec<_> = own.into_iter().map(|(name, value)| (name.replace("-1", "-0"), value)).collect();
    assert_eq!(send(&sam, &address, &own).status, 303);

    let reject = |revision: u32| {
        let seen = format!("100002:2026-12-02:{revision}:lincolnshire-700002");
        let fields =
            [("submission", "lincolnshire-700002"), ("person", "100002"), ("seen", &seen), ("reason", "It is wrong")];
        kim.post("/outcomes/reject", &fields)
    };
    let stale = reject(1);
    assert_eq!(stale.status, 409, "{}", stale.text());
    assert!(stale.text().contains("was recorded again since you opened the page"), "{}", stale.text());
    assert!(stale.text().contains(">It is wrong</textarea>"), "{}", stale.text());
    assert_eq!(reject(2).status, 303);
    let waiting = kim.get("/outcomes/waiting").text();
    assert!(!waiting.contains("person 100002,") && waiting.contains("person 100003,"), "{waiting}");
    assert_eq!(reject(2).status, 409, "twice is once");
}

#[test]
fn of_two_who_change_a_password_at_once_one_is_told_that_it_is_another() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let both = [(5, "five plain words for it"), (6, "six other plain words here")].map(|(host, password)| {
        let own = sam.at(&pages, host);
        (
            std::thread::spawn(move || own.post("/account", &[("held", PASSWORD), ("password", password)]).status),
            password,
        )
    });
    let both = both.map(|(thread, password)| (thread.join().unwrap(), password));
    let taken: Vec<&str> = both.iter().filter(|(status, _)| *status == 303).map(|(_, password)| *password).collect();
    assert_eq!(taken.len(), 1, "{both:?}");
    assert!(both.iter().all(|(status, _)| [303, 401, 409, 422].contains(status)), "{both:?}");
    assert_eq!(pages.from(7).sign_in("sam", taken[0]).status, 303);
}

#[test]
fn a_look_at_a_request_names_the_children_whom_it_was_about_before() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let moved = "INSERT INTO moved VALUES ('lincolnshire-700001', 1, '100098 100099', '100001')";
    pages.ledger().execute_batch(moved).unwrap();
    let before = pages.latest();
    let text = owner.get(REQUEST).text();
    assert!(text.contains("100098") && text.contains("100099"), "{text}");
    let ledger = pages.ledger();
    let sql = "SELECT s.id FROM audit_shown s JOIN audit a ON a.sequence = s.entry
        WHERE a.sequence > ?1 AND a.action = 'viewed' ORDER BY s.id";
    let mut shown = ledger.prepare(sql).unwrap();
    let shown: Vec<String> = shown.query_map([before], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(shown, ["person 100001", "person 100098", "person 100099"]);
}

#[test]
fn no_page_tells_anybody_to_run_a_command() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let mut addresses: Vec<String> =
        ["/", "/requests", "/quarantine", "/write-backs", "/duties", "/outcomes"].map(ToOwned::to_owned).into();
    addresses.push(format!("/sittings/{SITTING}"));
    for (list, start) in [("/requests", "/requests/"), ("/quarantine", "/quarantine/")] {
        let text = owner.get(list).text();
        let parts = text.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
        let own: Vec<String> = parts.filter(|address| address.starts_with(start)).map(ToOwned::to_owned).collect();
        assert!(!own.is_empty(), "{list}: {text}");
        addresses.extend(own);
    }
    for address in addresses {
        let text = owner.get(&address).text();
        for word in ["`tessera", "--fact"] {
            assert!(!text.contains(word), "{address} says {word}: {text}");
        }
    }
    assert!(!owner.post("/write-backs/send", &[]).text().contains("`tessera"));
}
