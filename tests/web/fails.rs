//! What goes wrong while somebody works: what was done is told, what is typed is not lost, and the log says why.

use std::time::{Duration, Instant};

use super::{Pages, SITTING, Somebody};

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
    assert!(pages.log().contains("Something that was asked for on a page was not done."), "{}", pages.log());

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
