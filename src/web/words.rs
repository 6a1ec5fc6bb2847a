//! Pages that are words only: help, and the accessibility statement.

use axum::response::Response;
use maud::html;

use super::{Room, Shell, Visitor};

/// What to do where.
pub(super) async fn help(visitor: Visitor) -> Response {
    let body = html! {
        h2 { "Before a cutoff" }
        ol {
            li { a href="/" { "Today" } " lists the sittings ahead, and how many requests of each are complete." }
            li { "Open a sitting to see whom to chase and for what. Print it, or take the workbook." }
            li { "Open a request and choose " strong { "Check a pack" } " to see what the papers you were sent are, and what is still missing." }
            li { "Where tessera asks for a fact, answer on the request’s page." }
        }
        h2 { "After a sitting" }
        ol {
            li { "Open " a href="/outcomes" { "Outcomes" } " and fill in what was decided, or send the workbook that you filled in." }
            li { "Check exactly what will be written on each child’s record, then record it." }
            li { "Somebody else approves it. The next job sends it, and " a href="/write-backs" { "Write-backs" } " shows a receipt for each." }
        }
        h2 { "At the end of a quarter" }
        ol {
            li { a href="/figures/periods" { "What the year teaches" } " shows each panel by month and quarter." }
            li { "To pass figures on, take the workbook in which small numbers are left out." }
        }
        h2 { "What the words mean" }
        dl.summary {
            @for (word, meaning) in WORDS { div { dt { (word) } dd { (meaning) } } }
        }
        @if let Some(help) = &visitor.help { h2 { "Ask somebody" } p { (help) } }
    };
    Shell::new(&visitor, "Help", Room::None).show(&body)
}

/// Words of the field.
const WORDS: [(&str, &str); 9] = [
    ("Sitting", "One dated meeting of a panel."),
    ("Cutoff", "Until when a request can be made for a sitting."),
    ("Request", "One filled-in form that asks a panel, about one child or several."),
    ("Pack", "The request and its papers."),
    ("Finding", "One thing the check has to say: what is wrong, what to do, and the clause of the policy."),
    ("Complete", "Nothing is missing that the panel’s policy asks for."),
    ("Not known yet", "A fact is not known and something hangs on it: tessera asks, it does not assume."),
    ("Outcome", "What the panel decided on one request for one child."),
    ("Write-back", "One thing that is written on a child’s record in Mosaic, with a receipt."),
];

/// The accessibility statement.
pub(super) async fn accessibility() -> Response {
    let body = html! {
        p { "These pages are made to meet the Web Content Accessibility Guidelines (WCAG) 2.2 at level AA." }
        h2 { "What you can do" }
        ul {
            li { "zoom to 400 % without scrolling sideways, except within wide tables" }
            li { "use every page with a keyboard only" }
            li { "use every page with a screen reader" }
            li { "use every page without JavaScript" }
        }
        h2 { "How this is checked" }
        p { "Every page is tried in a browser by the project’s tests with axe, at 320 pixels and at 400 % zoom, and each task by keyboard. No test by people who use assistive technology has been made yet." }
        h2 { "What is not accessible" }
        p { "Workbooks and calendars that you download are as accessible as the program that opens them. Every figure has a table beside it." }
        h2 { "If something does not work for you" }
        p { "Tell whoever looks after tessera in your council: the foot of each page says whom to ask, where your council has set it." }
        p { a href="/" { "Go to Today" } }
    };
    Shell::bare("Accessibility", Room::None).show(&body)
}
