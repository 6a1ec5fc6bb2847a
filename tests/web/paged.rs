//! The outcomes of a sitting with more requests than one page of the form has.

use std::collections::BTreeSet;
use std::fs;

use super::{Pages, SITTING, rehearsed};
use crate::runner::Tessera;

/// Requests of one sitting that are added to the samples.
const REQUESTS: usize = 60;

/// The samples with many requests alike at one sitting, after a rehearsal.
fn with_many() -> Tessera {
    let tessera = Tessera::on_samples();
    let whole = fs::read_to_string(tessera.path("exports/lincolnshire/c0343.xml")).unwrap();
    let (head, rest) = whole.split_once("  <WorkflowStep ").unwrap();
    let (step, _) = rest.split_once("</WorkflowStep>").unwrap();
    let steps = (0..REQUESTS).map(|at| {
        let own = step.replace("\"900001\"", &format!("\"{}\"", 910_000 + at));
        let own = own.replace("\"700001\"", &format!("\"{}\"", 710_000 + at));
        format!("  <WorkflowStep {}</WorkflowStep>\n", own.replace("\"100001\"", &format!("\"{}\"", 120_000 + at)))
    });
    let many = format!("{head}{}</MosaicForms>\n", steps.collect::<String>());
    tessera.write("exports/lincolnshire/c0343-many.xml", many);
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    tessera
}

/// The values of the hidden fields that begin so.
fn hidden<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let begins = format!("name=\"{name}-");
    let own = text.split(&begins).skip(1);
    own.map(|part| part.split_once("value=\"").unwrap().1.split_once('"').unwrap().0).collect()
}

fn next(text: &str) -> Option<String> {
    let next = text.split("href=\"").filter_map(|part| part.split_once("\" rel=\"next\"")).next();
    next.map(|(next, _)| next.replace("&amp;", "&"))
}

#[test]
fn a_long_sitting_is_filled_in_page_by_page_and_every_request_once() {
    let pages = Pages::of(with_many(), "", &[]);
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let (mut address, mut seen, mut turned) = (Some(format!("/outcomes/{SITTING}")), BTreeSet::new(), 0);
    while let Some(asked) = address {
        let text = sam.get(&asked).text();
        // Each child has a row; a request is on one page with all of its children.
        let submissions: BTreeSet<&str> = hidden(&text, "submission").into_iter().collect();
        assert!(!submissions.is_empty() && submissions.len() <= 25, "{asked}: {}", submissions.len());
        assert!(text.contains("more requests than one page"), "{asked}");
        for submission in submissions {
            assert!(seen.insert(submission.to_owned()), "{submission} is on two pages");
        }
        address = next(&text);
        turned += 1;
    }
    assert!(turned > 2 && seen.len() > REQUESTS, "{turned} pages, {} requests", seen.len());

    // The first page: one decided without what it needs, then whole; the page stays the same until it is recorded.
    let first = format!("/outcomes/{SITTING}");
    let second = next(&sam.get(&first).text()).unwrap();
    let shown = sam.get(&second).text();
    let (submission, person) = (hidden(&shown, "submission")[0].to_owned(), hidden(&shown, "person")[0].to_owned());
    let mut fields = vec![
        ("submission-0", submission.as_str()),
        ("person-0", person.as_str()),
        ("seen-0", "0"),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", "Synthetic"),
    ];
    let refused = sam.post(&second, &[fields.as_slice(), &[("step", "record")]].concat());
    assert_eq!(refused.status, 422);
    assert!(hidden(&refused.text(), "submission").contains(&submission.as_str()), "the same page again");
    for name in ["field-needs-to-happen-0", "field-working-well-0", "field-timescales-0"] {
        fields.push((name, "Synthetic"));
    }
    let preview = sam.post(&second, &[fields.as_slice(), &[("step", "check")]].concat());
    assert!(preview.text().contains(&format!("action=\"{}\"", second.replace('&', "&amp;"))), "it is sent back there");
    let recorded = sam.post(&second, &[fields.as_slice(), &[("step", "record")]].concat());
    let onwards = recorded.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(recorded.status, 303);
    let third = sam.get(&onwards).text();
    assert!(third.contains("is recorded. These are the next requests"), "{onwards}");
    assert!(!hidden(&third, "submission").contains(&submission.as_str()));
    assert!(sam.get(&second).text().contains("Recorded by sam"), "and it stands where it stood");

    // A page that no page has named.
    assert_eq!(sam.get(&format!("{first}?after=nothing-like-it")).status, 404);
}

#[test]
fn a_sitting_of_one_page_says_nothing_of_pages() {
    let pages = Pages::of(rehearsed(), "", &[]);
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["administrator"]);
    let text = sam.get(&format!("/outcomes/{SITTING}")).text();
    assert!(next(&text).is_none() && !text.contains("more requests than one page"));
}
