//! The matrix an administrator knows: requests down, documents across.

use std::collections::BTreeMap;
use std::path::Path;

use super::{CheckReport, CheckedRequest, Failure};
use crate::check::{Finding, Group, Standing};
use crate::domain::{FindingSeverity, PanelName, Verdict};
use crate::report::{Cell, Matrix, Sheets, Tone};

/// Writes the matrix to a `.xlsx` or `.html` file: a table for each panel, and one of everything that was found.
pub fn check_out(report: &CheckReport, file: &Path) -> Result<(), Failure> {
    written(&check_sheets(report), file)
}

/// The sheets of that file.
pub fn check_sheets(report: &CheckReport) -> Sheets {
    let mut tables = Vec::new();
    let mut by_panel: BTreeMap<&PanelName, Vec<&CheckedRequest>> = BTreeMap::new();
    for request in &report.requests {
        by_panel.entry(&request.panel).or_default().push(request);
    }
    for (panel, requests) in by_panel {
        let title = requests.first().map(|request| request.panel_title.as_str()).unwrap_or_default();
        tables.push(Matrix { title: panel.to_string(), ..matrix(title, &requests) });
    }
    tables.push(findings(&report.requests));
    Sheets { title: "What the requests still lack".to_owned(), tables }
}

/// Writes a report where it was asked for.
pub(super) fn written(sheets: &Sheets, file: &Path) -> Result<(), Failure> {
    sheets.write(file).map_err(|error| {
        let help = "name a file that ends in .xlsx or .html, in a folder that you may write to";
        Failure::invalid(format_args!("{} cannot be written: {error}", file.display()), help)
    })
}

/// Requests down, documents across.
pub(super) fn matrix(title: &str, requests: &[&CheckedRequest]) -> Matrix {
    let mut papers: Vec<&str> = Vec::new();
    for paper in requests.iter().flat_map(|request| &request.papers) {
        if !papers.contains(&paper.title.as_str()) {
            papers.push(&paper.title);
        }
    }
    let columns = ["request", "child", "sitting", "verdict", "kind", "besides documents"]
        .into_iter()
        .chain(papers.iter().copied());
    let rows = requests.iter().map(|request| {
        let sitting = request.sitting.map(|sitting| sitting.to_string()).unwrap_or_default();
        let mut row = vec![
            Cell::plain(request.submission.as_str()),
            Cell::plain(request.person.clone()),
            Cell::plain(sitting),
            Cell { text: request.verdict.to_string(), tone: verdict_tone(request.verdict) },
            Cell::plain(request.kinds.join(", ")),
            besides(request),
        ];
        row.extend(papers.iter().map(|title| paper(request, title)));
        row
    });
    Matrix {
        title: title.to_owned(),
        notes: vec![
            title.to_owned(),
            "Each cell says how a document stands; what is not asked for says so.".to_owned(),
        ],
        columns: columns.map(ToOwned::to_owned).collect(),
        rows: rows.collect(),
    }
}

fn paper(request: &CheckedRequest, title: &str) -> Cell {
    let Some(paper) = request.papers.iter().find(|paper| paper.title == title) else {
        return Cell { text: "not asked for".to_owned(), tone: Tone::Quiet };
    };
    let about =
        |finding: &&Finding| paper.state.code() == Some(finding.code()) && finding.subject.to_string() == paper.kind;
    let tone = match (paper.state.standing(), request.findings.iter().find(about).map(|finding| finding.severity)) {
        (Standing::Well, _) => Tone::Good,
        (Standing::NotAsked, _) => Tone::Quiet,
        (Standing::Wrong, Some(FindingSeverity::Blocking)) => Tone::Bad,
        (Standing::AnsweredFor | Standing::Asks | Standing::Wrong, _) => Tone::Look,
    };
    let dated = paper.dated.map_or_else(String::new, |dated| format!(", {dated}"));
    Cell { text: format!("{}{dated}", paper.state.words()), tone }
}

/// What was found that is not about a document.
fn besides(request: &CheckedRequest) -> Cell {
    let others = || request.findings.iter().filter(|finding| !matches!(finding.code().group(), Group::Document { .. }));
    let tone = match others().map(|finding| finding.severity).min() {
        None => Tone::Good,
        Some(FindingSeverity::Blocking) => Tone::Bad,
        Some(FindingSeverity::Warning) => Tone::Look,
        Some(FindingSeverity::Advice) => Tone::Plain,
    };
    let messages: Vec<String> = others().map(Finding::message).collect();
    Cell { text: if messages.is_empty() { "nothing".to_owned() } else { messages.join("\n") }, tone }
}

const fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Complete => Tone::Good,
        Verdict::Unknown => Tone::Look,
        Verdict::Incomplete | Verdict::Late => Tone::Bad,
    }
}

/// The list of what to chase: a row a finding.
pub(super) fn findings(requests: &[CheckedRequest]) -> Matrix {
    let columns = ["request", "child", "panel", "sitting", "severity", "what is wrong", "what to do", "policy", "code"];
    let rows = requests.iter().flat_map(|request| {
        let sitting = request.sitting.map(|sitting| sitting.to_string()).unwrap_or_default();
        request.findings.iter().map(move |finding| {
            let tone = match finding.severity {
                FindingSeverity::Blocking => Tone::Bad,
                FindingSeverity::Warning => Tone::Look,
                FindingSeverity::Advice => Tone::Plain,
            };
            vec![
                Cell::plain(request.submission.as_str()),
                Cell::plain(request.person.clone()),
                Cell::plain(request.panel.as_str()),
                Cell::plain(sitting.clone()),
                Cell { text: finding.severity.to_string(), tone },
                Cell::plain(finding.message()),
                Cell::plain(finding.help()),
                Cell::plain(finding.policy.clone()),
                Cell::plain(finding.code().as_str()),
            ]
        })
    });
    Matrix {
        title: "To chase".to_owned(),
        notes: Vec::new(),
        columns: columns.map(ToOwned::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
