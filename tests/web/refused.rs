//! Forms that are refused: the same page again, with what is wrong above and beside the field, and what was typed.

use std::fs;

use super::{Answer, Pages, SITTING, Somebody};
use crate::runner::repository;

/// That a form was refused as it should be: 422, a summary that leads to the field, the same words beside it.
fn is_refused(answer: &Answer, field: &str, message: &str) {
    let text = answer.text();
    assert_eq!(answer.status, 422, "{field}: {text}");
    assert!(text.contains("<title>Error: ") && text.contains("There is a problem"), "{text}");
    assert!(text.contains(&format!("<a href=\"#{field}\">{message}")), "{text}");
    let beside = text.split(&format!("id=\"{field}-error\"")).nth(1).unwrap_or_else(|| panic!("{field}: {text}"));
    assert!(beside.split("</p>").next().unwrap().contains(message), "{beside}");
    let own = element(&text, field);
    assert!(own.contains(&format!("{field}-error")) && own.contains("aria-invalid=\"true\""), "{own}");
}

/// The tag with an id, and what stands in it up to the next tag.
fn element(text: &str, id: &str) -> String {
    let (before, after) = text.split_once(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("{id}: {text}"));
    let tag = before.rsplit('<').next().unwrap();
    format!("<{tag} id=\"{id}\"{}", after.split('<').next().unwrap())
}

/// The first form of a page whose address ends so.
fn action(text: &str, end: &str) -> String {
    let mut all = text.split("action=\"").filter_map(|part| part.split('"').next());
    all.find(|one| one.ends_with(end)).unwrap_or_else(|| panic!("{end}: {text}")).to_owned()
}

fn keeps_a_paper(sam: &Somebody, request: &str) -> String {
    let paper =
        fs::read(repository().join("samples/packs/lincolnshire-700002/Child and family assessment.docx")).unwrap();
    let checked = sam.upload(&format!("{request}/pack"), &[(b"Child and family assessment.docx", &paper)]).text();
    assert_eq!(sam.post(&action(&checked, "/keep"), &[]).status, 303, "{checked}");
    let text = sam.get(request).text();
    text.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn waives(sam: &Somebody, request: &str) {
    let address = format!("{request}/waive");
    let text = sam.get(request).text();
    let form = text.split("<select id=\"finding-100003\"").nth(1).unwrap_or_else(|| panic!("{text}"));
    let first = |name: &str| form.split(name).nth(1).unwrap().split("value=\"").nth(1).unwrap().split('"').next();
    let finding = form.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let role = first("<select id=\"role-100003\"").unwrap();
    let fields = |reason, until| {
        [("person", "100003"), ("finding", finding), ("role", role), ("reason", reason), ("until", until)]
    };
    let answer = sam.post(&address, &fields(" ", "2026-12-31"));
    is_refused(&answer, "reason-100003", "Say why it is answered for");
    let text = answer.text();
    assert!(element(&text, "until-100003").contains("value=\"2026-12-31\""));
    assert!(!text.contains("reason-100002-error"), "the other child's form is as it was");

    let answer = sam.post(&address, &fields("the chair <has> seen it", "soon"));
    is_refused(&answer, "until-100003", "Enter the day until which it is answered for");
    let text = answer.text();
    assert!(element(&text, "reason-100003").ends_with(">the chair &lt;has&gt; seen it"), "{text}");
    assert!(!element(&text, "reason-100002").contains("the chair"));
    assert!(text.contains(&format!("value=\"{finding}\" selected")), "{text}");

    for day in ["2026-12-31", "2026-11-26"] {
        let answer = sam.post(&address, &fields("the chair has seen it", day));
        let what = if day.contains("-12-") { "is after the sitting" } else { "has passed" };
        is_refused(
            &answer,
            "until-100003",
            &format!("The day {what}. Enter a day from today to Wednesday 2 December 2026."),
        );
        assert!(element(&answer.text(), "until-100003").contains(day), "what was typed is kept");
    }
    let mut without_role = fields("the chair has seen it", "2026-12-02");
    without_role[2].1 = "";
    is_refused(&sam.post(&address, &without_role), "role-100003", "Choose the role");

    let mut fields = fields("the chair has seen it", "2026-12-31");
    fields[1].1 = "document-wrong-child:x";
    let answer = sam.post(&address, &fields);
    is_refused(&answer, "finding-100003", "You cannot accept another child’s document.");
    assert!(element(&answer.text(), "reason-100003").ends_with(">the chair has seen it"));
}

fn rejects(sam: &Somebody, kim: &Somebody) {
    let fields = [
        ("submission-0", "lincolnshire-700001"),
        ("person-0", "100001"),
        ("seen-0", "0"),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", "Synthetic"),
        ("field-needs-to-happen-0", "Synthetic"),
        ("field-working-well-0", "Synthetic"),
        ("field-timescales-0", "Synthetic"),
        ("step", "record"),
    ];
    assert_eq!(sam.post(&format!("/outcomes/{SITTING}"), &fields).status, 303);
    let own = [("submission", "lincolnshire-700001"), ("person", "100001"), ("reason", "  ")];
    let answer = kim.post("/outcomes/reject", &own);
    is_refused(&answer, "reason-lincolnshire-700001-100001", "Say why it is turned down");
    assert!(answer.text().contains("<details open>"), "the form is open");
    assert!(answer.text().contains("Waits for approval") || answer.text().contains("wait for approval"));
}

#[test]
fn a_refused_form_keeps_what_was_typed_and_names_the_field() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let kim = pages.with(&owner, 4, "kim", &["approver"]);
    let request = "/requests/lincolnshire-700002";

    waives(&sam, request);
    let key = keeps_a_paper(&sam, request);
    let before = pages.latest();
    let answer = sam.post(&format!("{request}/kept/forget"), &[("key", &key), ("reason", " ")]);
    is_refused(&answer, &format!("reason-{key}"), "Say why it is taken away");
    assert!(answer.text().contains("<details open>"), "the form is open");
    rejects(&sam, &kim);

    let list = owner.get("/quarantine").text();
    let entry = list.split("href=\"/quarantine/").nth(1).unwrap().split('"').next().unwrap();
    let answer = owner.post(&format!("/quarantine/{entry}/discard"), &[("reason", "")]);
    is_refused(&answer, "reason", "Say why it is given up");

    let changes = ["waived", "kept-paper-forgotten", "rejected", "discarded"];
    assert!(pages.trail(before).iter().all(|(_, action, _)| !changes.contains(&action.as_str())), "nothing was done");
}

#[test]
fn a_file_that_is_not_chosen_and_a_day_that_cannot_be_read_are_said_beside_the_field() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    is_refused(&sam.upload("/requests/lincolnshire-700002/pack", &[]), "papers", "Choose one paper or more");
    is_refused(&sam.upload("/outcomes/upload", &[]), "workbook", "Choose the workbook that you filled in");
    for (address, field, message) in [
        ("/sittings?from=tomorrow", "from", "Enter a day like 2026-12-04"),
        ("/figures/periods?from=2026-13&to=2027-01", "from", "Enter a month like 2026-12"),
        ("/figures/periods?to=never", "to", "Enter a month like 2026-12"),
    ] {
        is_refused(&sam.get(address), field, message);
    }
    assert_eq!(sam.get("/figures/periods.xlsx?from=2026-13").status, 400, "there is no page to say it on");
}

/// Brothers and sisters on one form lack the same paper: whoever accepts it for one has said nothing about the other.
#[test]
fn what_is_accepted_for_one_child_of_a_form_is_not_accepted_for_another() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let request = "/requests/four-panels-740002";
    let checked = || pages.tessera.json(&["--rehearsal", "check", "four-panels-740002"]);
    let lacking = |person: &str| -> Vec<String> {
        let checked = checked();
        let own = checked.as_array().unwrap().iter().find(|one| one["person"] == person).unwrap().clone();
        let names = own["findings"].as_array().unwrap().iter().filter(|one| one["code"] == "document-missing");
        names.map(|one| one["subject"].as_str().unwrap().to_owned()).collect()
    };
    let (one, other) = (lacking("140002"), lacking("140003"));
    let subject = one.iter().find(|subject| other.contains(subject)).unwrap().clone();
    let (finding, until) =
        (format!("document-missing:{subject}"), checked()[0]["sitting"].as_str().unwrap().to_owned());
    let page = owner.get(request).text();
    let role = page.split("<select").nth(2).unwrap().split("option value=\"").find_map(|option| {
        option
            .split('"')
            .next()
            .filter(|role| !role.is_empty() && role.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
    });
    let role = role.unwrap().to_owned();
    let form = |person: &'static str| {
        [("person", person), ("finding", &*finding), ("role", &*role), ("reason", "seen on paper"), ("until", &*until)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let post = |person: &'static str| {
        let form = form(person);
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        owner.post(&format!("{request}/waive"), &fields)
    };
    assert_eq!(post("999999").status, 422);
    assert_eq!((lacking("140002"), lacking("140003")), (one, other.clone()));
    let answer = post("140002");
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(!lacking("140002").contains(&subject));
    assert_eq!(lacking("140003"), other);
}
