//! What the year teaches: by month or quarter, how requests came and stood, what was decided after how long, how duties
//! were kept. To take away: exact, or with small numbers left out.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Query;
use super::parts::Field;
use super::plot::{self, Bar, Part};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, download, parts};
use crate::domain::SignInRole;
use crate::operation::{
    self, By, COUNTED, Count, Learning, LearningAsked, Month, PanelLearned, PeriodLearned, Wording,
};

/// Which are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    panel: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    share: String,
}

impl Asked {
    /// What is meant, and which months cannot be read: those are as if nothing stood there.
    fn meant(&self) -> (LearningAsked, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut month = |id: &str, text: &str| {
            let read = (!text.is_empty()).then(|| text.parse::<Month>()).transpose();
            read.unwrap_or_else(|_| {
                errors.push(FieldError::new(id, "Enter a month like 2026-12"));
                None
            })
        };
        let (from, to) = (month("from", &self.from), month("to", &self.to));
        let panel = Some(self.panel.clone()).filter(|panel| !panel.is_empty());
        let by = self.by.parse().unwrap_or(By::Quarter);
        (LearningAsked { panel, by, from, to, share: self.share == "yes" }, errors)
    }

    /// The same, behind the question mark of another address.
    fn query(&self) -> String {
        let parts = [("panel", &self.panel), ("by", &self.by), ("from", &self.from), ("to", &self.to)];
        let given = parts.iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", parts::encoded(value))).collect();
        given.join("&")
    }
}

/// The page.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let ((meant, errors), wording, actor) = (asked.meant(), site.wording().await?, visitor.reading());
    let meant = LearningAsked { share: false, ..meant };
    let learned = site.ask(actor, move |installation| installation.learning(&meant)).await?;
    let body = html! {
        p.inset { "For the office: these numbers are exact, and a small one may say who it is. To pass figures on, take those in which small numbers are left out." }
        (choice(&wording, &asked, &learned, &errors))
        @if asked.panel.is_empty() { (each_panel(&wording, &learned, &asked)) }
        @else { @for panel in &learned.panels { (one_panel(panel)) } }
        h2 { "Take them away" }
        ul {
            li { a href={ "/figures/periods.xlsx?share=yes&" (asked.query()) } { "To pass on: small numbers left out (XLSX)" } }
            li { a href={ "/figures/periods.xlsx?" (asked.query()) } { "For the office: exact (XLSX)" } }
            @if visitor.is(SignInRole::Administrator) {
                li { a href="/figures/pre-proceedings.csv" { "Pre-proceedings, a line a child (CSV)" } ": names no child, but its lines are about children. That you took it is in the audit trail." }
            }
        }
        details { summary { "How it is counted" } ul { @for line in COUNTED { li { (line) } } } }
    };
    Ok(Shell::new(&visitor, "What the year teaches", Room::Figures)
        .back("/figures", "Figures")
        .errors(errors)
        .show(&body))
}

fn choice(wording: &Wording, asked: &Asked, learned: &Learning, errors: &[FieldError]) -> Markup {
    let month = |id: &str, label: &str, month: String| {
        let own = Field { id, label: html! { (label) }, hint: "For instance 2026-04", errors };
        own.round(&html! {
            input id=(id) name=(id) type="text" value=(month) size="7" autocomplete="off" spellcheck="false"
                aria-describedby=[own.described()] aria-invalid=[own.is_wrong().then_some("true")];
        })
    };
    html! {
        form.filter action="/figures/periods" method="get" {
            (parts::panel_choice(wording, &asked.panel))
            div.field {
                label for="by" { "By" }
                select #by name="by" {
                    @for (by, title) in [("quarter", "Quarter"), ("month", "Month")] {
                        option value=(by) selected[by == learned.by] { (title) }
                    }
                }
            }
            (month("from", "From", learned.from.to_string()))
            (month("to", "To", learned.to.to_string()))
            button.secondary { "Show" }
        }
    }
}

/// Every panel's whole time, a line each.
fn each_panel(wording: &Wording, learned: &Learning, asked: &Asked) -> Markup {
    let wholes: Vec<(&PanelLearned, &PeriodLearned)> =
        learned.panels.iter().filter_map(|panel| Some((panel, panel.whole()?))).collect();
    let address = |panel: &PanelLearned| {
        let own = Asked {
            panel: panel.panel.to_string(),
            by: learned.by.to_owned(),
            from: asked.from.clone(),
            to: asked.to.clone(),
            share: String::new(),
        };
        format!("/figures/periods?{}", own.query())
    };
    let heard = wholes.iter().filter(|(_, whole)| value(whole.requests) > 0);
    let bars: Vec<Bar> = heard.map(|(panel, whole)| first_look_bar(wording.panel(&panel.panel), whole)).collect();
    let rows: Vec<Vec<Markup>> = wholes
        .iter()
        .map(|(panel, whole)| {
            let mut row = vec![html! { a href=(address(panel)) { (wording.panel(&panel.panel)) } (parts::whose(wording, &panel.panel)) }];
            row.extend(in_short(whole));
            row
        })
        .collect();
    html! {
        @if rows.is_empty() { (parts::empty("Nothing was handed in, decided or due in this time. Figures come with the nightly job.")) }
        @else {
            @if !bars.is_empty() {
                h2 { "Complete at the first look" }
                (plot::bars("Complete at the first look", &bars))
            }
            (parts::table("Each panel, all together", &[&["Panel"], &SHORT[..]].concat(), &rows))
        }
    }
}

const SHORT: [&str; 10] = [
    "Requests",
    "On time",
    "Late",
    "No cutoff",
    "Complete at first look",
    "Not complete",
    "Not known",
    "Decisions",
    "Median days",
    "Duties in time",
];

fn in_short(period: &PeriodLearned) -> Vec<Markup> {
    let mut row: Vec<Markup> = period.in_short().map(number).to_vec();
    row.push(html! { (days(period)) });
    let [due, in_time, ..] = period.duties_in_all();
    row.push(html! { (number(in_time)) " of " (number(due)) });
    row
}

fn days(period: &PeriodLearned) -> String {
    period.waited.median_days.map_or_else(|| "–".to_owned(), |days| days.to_string())
}

fn number(count: Count) -> Markup {
    html! { (operation::count_in_words(count)) }
}

fn value(count: Count) -> u64 {
    count.told().unwrap_or(0)
}

fn first_look_bar(label: String, period: &PeriodLearned) -> Bar {
    let parts = vec![
        Part { value: value(period.complete), class: "good", label: "complete" },
        Part { value: value(period.not_known), class: "wait", label: "not known" },
        Part { value: value(period.incomplete), class: "bad", label: "not complete" },
    ];
    Bar { label, parts }
}

/// A panel, period by period.
fn one_panel(panel: &PanelLearned) -> Markup {
    let periods = || panel.periods.iter().rev().skip(1).rev();
    let looks: Vec<Bar> = periods().map(|period| first_look_bar(period.title.clone(), period)).collect();
    let came: Vec<Bar> = periods()
        .map(|period| Bar {
            label: period.title.clone(),
            parts: vec![
                Part { value: value(period.on_time), class: "good", label: "on time" },
                Part { value: value(period.late), class: "late", label: "late" },
                Part { value: value(period.no_cutoff), class: "plain", label: "no cutoff" },
            ],
        })
        .collect();
    let rows: Vec<Vec<Markup>> = panel
        .periods
        .iter()
        .map(|period| std::iter::once(html! { (period.title) }).chain(in_short(period)).collect())
        .collect();
    html! {
        (parts::table(&panel.title, &[&["Period"], &SHORT[..]].concat(), &rows))
        h2 { "Complete at the first look" }
        (plot::bars("Complete at the first look", &looks))
        h2 { "Handed in on time, and late" }
        (plot::bars("Handed in on time, and late", &came))
        (missing(panel))
        (decisions(panel))
        (duties(panel))
    }
}

/// A table with a line for each thing and a column for each period.
fn by_period(
    panel: &PanelLearned,
    title: &str,
    nothing: &str,
    things: &[String],
    count: impl Fn(&PeriodLearned, usize) -> Option<Count>,
) -> Markup {
    let rows: Vec<Vec<Markup>> = things
        .iter()
        .enumerate()
        .map(|(place, thing)| {
            let counts = panel
                .periods
                .iter()
                .map(|period| html! { @if let Some(count) = count(period, place) { (number(count)) } });
            std::iter::once(html! { (thing) }).chain(counts).collect()
        })
        .collect();
    let columns: Vec<&str> =
        std::iter::once("What").chain(panel.periods.iter().map(|period| period.title.as_str())).collect();
    html! {
        h2 { (title) }
        @if rows.is_empty() { (parts::empty(nothing)) } @else { (parts::table(title, &columns, &rows)) }
    }
}

fn missing(panel: &PanelLearned) -> Markup {
    let whole = panel.whole().map(|whole| whole.missing.as_slice()).unwrap_or_default();
    let things: Vec<String> = whole.iter().take(MISSING).map(|one| one.title.clone()).collect();
    let count = |period: &PeriodLearned, place: usize| period.missing.get(place).map(|one| one.requests);
    by_period(panel, "What was missing at the first look", "Nothing was missing.", &things, count)
}

/// Things that were missing, most often first: the workbook has all.
const MISSING: usize = 20;

fn decisions(panel: &PanelLearned) -> Markup {
    let whole = panel.whole().map(|whole| whole.decisions.as_slice()).unwrap_or_default();
    let things: Vec<String> = whole.iter().map(|one| one.title.clone()).collect();
    let count = |period: &PeriodLearned, place: usize| period.decisions.get(place).map(|one| one.children);
    let rows: Vec<Vec<Markup>> = panel
        .periods
        .iter()
        .map(|period| {
            let longest = period.waited.longest_days.map_or_else(|| "–".to_owned(), |days| days.to_string());
            vec![html! { (period.title) }, html! { (days(period)) }, html! { (longest) }, number(period.waited.known)]
        })
        .collect();
    html! {
        (by_period(panel, "What was decided", "Its file names no decision.", &things, count))
        h2 { "Days from request to decision" }
        (parts::table("Days from request to decision", &["Period", "Half of the children at most", "Longest", "Children of whom it is known"], &rows))
    }
}

fn duties(panel: &PanelLearned) -> Markup {
    let duties = panel.whole().map(|whole| whole.duties.as_slice()).unwrap_or_default();
    let rows: Vec<Vec<Markup>> = duties
        .iter()
        .map(|one| {
            let counts = [one.due, one.in_time, one.late, one.open].map(number);
            std::iter::once(html! { (one.title) }).chain(counts).collect()
        })
        .collect();
    html! {
        h2 { "How duties were kept" }
        @if rows.is_empty() { (parts::empty("No duty was due in this time.")) }
        @else { (parts::table("How duties were kept, all together", &["Duty", "Due", "In time", "Late", "Not done"], &rows)) }
    }
}

/// The workbook, exact or to be passed on.
pub(super) async fn workbook(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    let ((meant, errors), actor) = (asked.meant(), visitor.reading());
    if !errors.is_empty() {
        return Err(PageFailure::Wrong("The month cannot be read.", "Enter a month like 2026-12."));
    }
    let name = if meant.share { "figures-to-pass-on.xlsx" } else { "figures-for-the-office.xlsx" };
    let learned = site.ask(actor, move |installation| installation.learning(&meant)).await?;
    let bytes = learned.sheets().xlsx();
    let bytes = bytes.map_err(|error| operation::Failure::failed(error, "try again"))?;
    Ok(download::answer(name, bytes))
}

/// The pre-proceedings columns, a line a child. That somebody took them stands in the trail.
pub(super) async fn pre_proceedings(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let actor = visitor.acting(SignInRole::Administrator);
    let taken = site.ask(actor, move |installation| installation.pre_proceedings()).await?;
    Ok(download::answer("pre-proceedings.csv", taken.csv().into_bytes()))
}
