//! What the year teaches, as people take it away: text, workbook, page.

use std::path::Path;

use anyhow::Context as _;

use super::learning::left_out_in_words;
use super::{Failure, Learning, PanelLearned, PeriodLearned};
use crate::learning::Count;
use crate::report::{self, Cell, Matrix, Sheets, Tone};

/// What stands for a number that stays in the office.
const LEFT_OUT: &str = "left out";

/// What is counted, for whoever reads it elsewhere.
pub const COUNTED: [&str; 5] = [
    "Requests are forms, counted in the month in which they were handed in; one that was withdrawn later is among them.",
    "How a request stood is what the first check said after it was handed in, whatever was mended since. One that was handed in before tessera kept that, or of which a fact was not known, is not known.",
    "On time and late are by the cutoff of the sitting for which it was meant then.",
    "Decisions are counted for each child, in the month of the sitting; days run from the day on which the request was handed in to the sitting.",
    "Duties are counted in the month in which they were due. One is in time when what shows it is of that day or before.",
];

impl Learning {
    /// As a person reads it.
    pub fn text(&self) -> String {
        let columns = [
            "panel",
            "period",
            "requests",
            "on time",
            "late",
            "no cutoff",
            "complete",
            "not",
            "not known",
            "decided",
            "median days",
            "longest",
            "duties due",
            "in time",
            "late",
            "open",
        ];
        // Of several panels all periods together: each by itself says more.
        let is_told = |panel: &PanelLearned, period: &PeriodLearned| {
            self.panels.len() == 1 || panel.whole().is_some_and(|whole| std::ptr::eq(whole, period))
        };
        let told = self.each().filter(|(panel, period)| is_told(panel, period));
        let rows: Vec<Vec<String>> = told.map(|(panel, period)| in_short(panel, period)).collect();
        let mut text = if rows.is_empty() {
            "Nothing was handed in, decided or due.\n".to_owned()
        } else {
            report::table(&columns, &rows)
        };
        for panel in &self.panels {
            let whole = panel.whole();
            let missing = whole.into_iter().flat_map(|whole| &whole.missing).take(MISSING_MAX);
            let missing: Vec<String> =
                missing.map(|one| format!("{} ({})", one.title, count_in_words(one.requests))).collect();
            if !missing.is_empty() {
                text.push_str(&format!("\n{}: missing at the first look: {}\n", panel.title, missing.join(", ")));
            }
        }
        if self.shared {
            text.push_str(&format!("\n{}\n", left_out_in_words()));
        }
        text
    }

    fn each(&self) -> impl Iterator<Item = (&PanelLearned, &PeriodLearned)> {
        self.panels.iter().flat_map(|panel| panel.periods.iter().map(move |period| (panel, period)))
    }

    /// As a workbook.
    pub fn sheets(&self) -> Sheets {
        Sheets {
            title: "What the year teaches".to_owned(),
            tables: vec![self.requests(), self.missing(), self.decisions(), self.duties()],
        }
    }

    fn matrix(&self, title: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Matrix {
        let whose = if self.shared { left_out_in_words() } else { EXACT.to_owned() };
        Matrix {
            title: title.to_owned(),
            notes: std::iter::once(whose).chain(COUNTED.map(ToOwned::to_owned)).collect(),
            columns: ["panel", "period"].iter().chain(columns).map(|column| (*column).to_owned()).collect(),
            rows,
        }
    }

    fn requests(&self) -> Matrix {
        let rows = self.each().map(|(panel, period)| {
            let counts = [
                period.requests,
                period.on_time,
                period.late,
                period.no_cutoff,
                period.complete,
                period.incomplete,
                period.not_known,
            ];
            named(panel, period).into_iter().chain(counts.map(cell)).collect()
        });
        let columns =
            ["requests", "on time", "late", "no cutoff", "complete at first look", "not complete", "not known"];
        self.matrix("Requests", &columns, rows.collect())
    }

    fn missing(&self) -> Matrix {
        let rows = self.each().flat_map(|(panel, period)| {
            period.missing.iter().map(move |one| {
                let what = [Cell::plain(&one.title), Cell::plain(&one.code), cell(one.requests)];
                named(panel, period).into_iter().chain(what).collect()
            })
        });
        self.matrix("Missing at first look", &["what", "finding", "requests"], rows.collect())
    }

    fn decisions(&self) -> Matrix {
        let rows = self.each().flat_map(|(panel, period)| {
            let each = period.decisions.iter().map(|one| (one.title.clone(), one.children));
            each.chain([("All decisions".to_owned(), period.decided)]).map(move |(title, children)| {
                let is_all = title == "All decisions";
                let waited = &period.waited;
                let longest = waited.longest_days.map(|days| days.to_string());
                let median = waited.median_days.map(|days| days.to_string());
                let wait = [number(median), number(longest), cell(waited.known)];
                let wait = if is_all { wait } else { [Cell::plain(""), Cell::plain(""), Cell::plain("")] };
                named(panel, period).into_iter().chain([Cell::plain(title), cell(children)]).chain(wait).collect()
            })
        });
        let columns = ["decision", "children", "median days", "longest", "days known of"];
        self.matrix("Decisions", &columns, rows.collect())
    }

    fn duties(&self) -> Matrix {
        let rows = self.each().flat_map(|(panel, period)| {
            period.duties.iter().map(move |one| {
                let counts = [one.due, one.in_time, one.late, one.open].map(cell);
                named(panel, period).into_iter().chain([Cell::plain(&one.title)]).chain(counts).collect()
            })
        });
        self.matrix("Duties", &["duty", "due", "in time", "late", "open"], rows.collect())
    }

    /// Writes it to a file, as a workbook or a page by its name.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let written = self.sheets().write(path).with_context(|| format!("write {}", path.display()));
        written.map_err(|error| Failure::failed(error, "name a file that ends in .xlsx or .html, where you may write"))
    }
}

/// Things that were missing in a list of a few words.
const MISSING_MAX: usize = 5;

/// What is said of exact figures.
const EXACT: &str = "For the office only: these are exact, and a small number may say who it is. To pass figures on, take those in which small numbers are left out.";

impl PanelLearned {
    /// All periods together.
    pub fn whole(&self) -> Option<&PeriodLearned> {
        self.periods.last()
    }
}

impl PeriodLearned {
    /// What is counted of its requests and decisions: requests, on time, late, without a cutoff, complete at the first
    /// look, not complete, not known, decided.
    pub const fn in_short(&self) -> [Count; 8] {
        let Self { requests, on_time, late, no_cutoff, complete, incomplete, not_known, decided, .. } = self;
        [*requests, *on_time, *late, *no_cutoff, *complete, *incomplete, *not_known, *decided]
    }

    /// The duties of all rules together: due, in time, late, open. Where one of them is left out, so is that of all.
    pub fn duties_in_all(&self) -> [Count; 4] {
        let sum = |counts: Vec<Count>| {
            let told: Option<u64> = counts.into_iter().map(Count::told).sum();
            told.map_or(Count::LeftOut, Count::Exact)
        };
        let all = |of: fn(&super::DutyLearned) -> Count| sum(self.duties.iter().map(of).collect());
        [all(|one| one.due), all(|one| one.in_time), all(|one| one.late), all(|one| one.open)]
    }
}

/// A number as a person reads it.
pub fn count_in_words(count: Count) -> String {
    count.told().map_or_else(|| LEFT_OUT.to_owned(), |number| number.to_string())
}

fn in_short(panel: &PanelLearned, period: &PeriodLearned) -> Vec<String> {
    let days = |days: Option<String>| days.unwrap_or_else(|| "-".to_owned());
    let waited = &period.waited;
    let mut row = vec![panel.panel.to_string(), period.title.clone()];
    row.extend(period.in_short().map(count_in_words));
    row.push(days(waited.median_days.map(|days| days.to_string())));
    row.push(days(waited.longest_days.map(|days| days.to_string())));
    row.extend(period.duties_in_all().map(count_in_words));
    row
}

fn named(panel: &PanelLearned, period: &PeriodLearned) -> [Cell; 2] {
    [Cell::plain(panel.panel.as_str()), Cell::plain(&period.title)]
}

fn cell(count: Count) -> Cell {
    match count.told() {
        Some(number) => Cell::number(number),
        None => Cell { text: LEFT_OUT.to_owned(), tone: Tone::Quiet },
    }
}

fn number(number: Option<String>) -> Cell {
    Cell { text: number.unwrap_or_default(), tone: Tone::Number }
}
