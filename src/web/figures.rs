//! Figures: how far the next sittings are, what came on time, what is most often missing. A plot, and its table.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Query;
use super::plot::{self, Bar, Part};
use super::{PageFailure, Room, Shell, Site, Visitor, address, download, parts};
use crate::operation::{self, ArrivalFigure, Figures, MissingFigure, SittingListed, Wording};
use crate::report::{self, Cell, Matrix, Sheets};

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    panel: String,
}

impl Asked {
    fn panel(&self) -> Option<String> {
        Some(self.panel.clone()).filter(|panel| !panel.is_empty())
    }
}

/// The plots.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let (panel, wording) = (asked.panel(), site.wording().await?);
    let figures = site.ask(visitor.reading(), move |installation| installation.figures(panel.as_deref())).await?;
    let body = html! {
        form.filter action="/figures" method="get" {
            (parts::panel_choice(&wording, &asked.panel))
            button.secondary { "Show" }
        }
        (readiness(&wording, &figures.readiness))
        (arrivals(&wording, &figures.arrivals))
        (missing(&figures.missing))
        p { a href={ "/figures/periods?panel=" (parts::encoded(&asked.panel)) } { "What the year teaches" } ": by month and quarter, complete at the first look, decisions, waits and duties" }
        p { a href={ "/figures.xlsx?panel=" (parts::encoded(&asked.panel)) } { "Take the figures away (XLSX)" } }
        p.small { "Counted from the last check of each request. Numbers only: no child is named." }
    };
    Ok(Shell::new(&visitor, "Figures", Room::Figures).show(&body))
}

fn readiness(wording: &Wording, sittings: &[SittingListed]) -> Markup {
    let parts_of = |one: &SittingListed| {
        let readiness = &one.readiness;
        vec![
            Part { value: readiness.complete, class: "good", label: "complete" },
            Part { value: readiness.unknown, class: "wait", label: "not known yet" },
            Part { value: readiness.incomplete, class: "bad", label: "incomplete" },
            Part { value: readiness.late, class: "late", label: "late" },
        ]
    };
    let label = |one: &SittingListed| format!("{} {}", one.sitting.date.strftime("%-d %b"), wording.panel(&one.panel));
    let bars: Vec<Bar> = sittings.iter().map(|one| Bar { label: label(one), parts: parts_of(one) }).collect();
    let rows: Vec<Vec<Markup>> = sittings
        .iter()
        .map(|one| {
            let readiness = &one.readiness;
            vec![
                html! { a href=(address::sitting(&one.panel, one.sitting.date)) { (report::day(one.sitting.date)) } },
                html! { (wording.panel(&one.panel)) },
                html! { (readiness.complete) },
                html! { (readiness.unknown) },
                html! { (readiness.incomplete) },
                html! { (readiness.late) },
            ]
        })
        .collect();
    let columns = ["Sitting", "Panel", "Complete", "Not known yet", "Incomplete", "Late"];
    section("How far the next sittings are", "No request is expected at a sitting ahead.", &bars, &columns, &rows)
}

fn arrivals(wording: &Wording, arrivals: &[ArrivalFigure]) -> Markup {
    let bars: Vec<Bar> = arrivals
        .iter()
        .map(|one| Bar {
            label: format!("{} {}", one.month, wording.panel(&one.panel)),
            parts: vec![
                Part { value: one.on_time, class: "good", label: "on time" },
                Part { value: one.late, class: "late", label: "late" },
            ],
        })
        .collect();
    let rows: Vec<Vec<Markup>> = arrivals
        .iter()
        .map(|one| {
            vec![
                html! { (month(&one.month)) },
                html! { (wording.panel(&one.panel)) },
                html! { (one.on_time) },
                html! { (one.late) },
            ]
        })
        .collect();
    let columns = ["Month of the sitting", "Panel", "On time", "Late"];
    section("Handed in on time, and late", "No request that was handed in has a cutoff yet.", &bars, &columns, &rows)
}

/// A month as a person says it: `December 2026`.
fn month(month: &str) -> String {
    let first: Option<jiff::civil::Date> = format!("{month}-01").parse().ok();
    first.map_or_else(|| month.to_owned(), |first| first.strftime("%B %Y").to_string())
}

fn missing(missing: &[MissingFigure]) -> Markup {
    let bars: Vec<Bar> = missing
        .iter()
        .map(|one| Bar {
            label: one.title.clone(),
            parts: vec![Part { value: one.count, class: "plain", label: "requests" }],
        })
        .collect();
    let rows: Vec<Vec<Markup>> = missing
        .iter()
        .map(|one| {
            vec![
                html! { (one.title) },
                html! { a href={ "/explain/" (one.code) } { (one.code) } },
                html! { (one.count) },
            ]
        })
        .collect();
    section("What is most often missing", "Nothing is missing.", &bars, &["What", "Finding", "Requests"], &rows)
}

fn section(title: &str, nothing: &str, bars: &[Bar], columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        h2 { (title) }
        @if bars.is_empty() { (parts::empty(nothing)) } @else {
            (plot::bars(title, bars))
            details {
                summary { "Show the numbers" span.hidden { " of " (title) } }
                div { (parts::table(title, columns, rows)) }
            }
        }
    }
}

/// The figures as a workbook.
pub(super) async fn workbook(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let (panel, wording) = (asked.panel(), site.wording().await?);
    let figures = site.ask(visitor.reading(), move |installation| installation.figures(panel.as_deref())).await?;
    let bytes = sheets(&wording, &figures).xlsx();
    let bytes = bytes.map_err(|error| operation::Failure::failed(error, "try again"))?;
    Ok(download::answer("figures.xlsx", bytes))
}

fn sheets(wording: &Wording, figures: &Figures) -> Sheets {
    let matrix = |title: &str, columns: &[&str], rows: Vec<Vec<String>>| Matrix {
        title: title.to_owned(),
        notes: Vec::new(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: rows.into_iter().map(|row| row.into_iter().map(Cell::plain).collect()).collect(),
    };
    let readiness = figures.readiness.iter().map(|one| {
        let counts = &one.readiness;
        let numbers = [counts.complete, counts.unknown, counts.incomplete, counts.late].map(|count| count.to_string());
        [one.sitting.date.to_string(), wording.panel(&one.panel)].into_iter().chain(numbers).collect()
    });
    let arrivals = figures.arrivals.iter();
    let arrivals = arrivals
        .map(|one| vec![one.month.clone(), wording.panel(&one.panel), one.on_time.to_string(), one.late.to_string()]);
    let missing = figures.missing.iter();
    let missing = missing.map(|one| vec![one.title.clone(), one.code.clone(), one.count.to_string()]);
    let columns = ["sitting", "panel", "complete", "not known yet", "incomplete", "late"];
    Sheets {
        title: "Figures".to_owned(),
        tables: vec![
            matrix("Next sittings", &columns, readiness.collect()),
            matrix("On time and late", &["month", "panel", "on time", "late"], arrivals.collect()),
            matrix("Most often missing", &["what", "finding", "requests"], missing.collect()),
        ],
    }
}
