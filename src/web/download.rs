//! Files to take away: workbooks and calendars, made by the operations that the commands use.

use std::path::Path as FilePath;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::asked::{Path, Query};
use super::{PageFailure, Site, Visitor};
use crate::operation::{self, CheckScope, Failure, Workplace};

/// A file as a browser keeps it.
pub(super) fn answer(name: &str, bytes: Vec<u8>) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("ics") => "text/calendar; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    };
    // Of letters, figures, hyphens and dots only: nothing that could end the header.
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let kept = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\""));
    let kept = kept.unwrap_or(HeaderValue::from_static("attachment"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, kept)], bytes)
        .into_response()
}

/// What an operation writes to a file: the file is gone when the page has it.
async fn written(
    site: &Site,
    name: String,
    kind: &'static str,
    write: impl FnOnce(&Workplace, crate::calendar::Clock, &FilePath) -> Result<(), Failure> + Send + 'static,
) -> Result<Response, PageFailure> {
    let bytes = site
        .ask(move |workplace, clock| {
            let failed = |error: std::io::Error| Failure::failed(error, "is the disk for temporary files full?");
            let folder = tempfile::tempdir().map_err(failed)?;
            // Named by us: what stands in an address never becomes a path.
            let file = folder.path().join(kind);
            write(workplace, clock, &file)?;
            std::fs::read(&file).map_err(failed)
        })
        .await
        .map_err(PageFailure::unknown_is_not_found)?;
    Ok(answer(&name, bytes))
}

/// One of the files of a sitting.
pub(super) async fn of_sitting(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, date, file)): Path<(String, String, Date, String)>,
) -> Result<Response, PageFailure> {
    let (actor, of) = (visitor.reading(), format!("{authority}/{panel}"));
    let name = format!("{authority}-{panel}-{date}-{file}");
    match file.as_str() {
        "agenda.xlsx" => {
            let write = move |workplace: &Workplace, clock, file: &FilePath| {
                operation::agenda(workplace, clock, &actor, &of, date)?.out(file)
            };
            written(&site, name, "written.xlsx", write).await
        }
        "matrix.xlsx" => {
            let scope = CheckScope::Panel { panel: of, sitting: Some(date) };
            let write = move |workplace: &Workplace, clock, file: &FilePath| {
                operation::check_out(&operation::check(workplace, clock, &actor, &scope, &[])?, file)
            };
            written(&site, name, "written.xlsx", write).await
        }
        "outcomes.xlsx" => {
            let write = move |workplace: &Workplace, clock, file: &FilePath| {
                operation::outcomes_workbook(workplace, clock, &actor, &of, date, file).map(|_| ())
            };
            written(&site, name, "written.xlsx", write).await
        }
        "sitting.ics" => calendar(&site, name, of, date, date).await,
        _ => Err(PageFailure::NotFound),
    }
}

/// From when.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    from: Date,
}

/// The sittings of a panel for a year, for a calendar.
pub(super) async fn of_panel(
    State(site): State<Site>,
    _: Visitor,
    Path((authority, panel)): Path<(String, String)>,
    Query(From { from }): Query<From>,
) -> Result<Response, PageFailure> {
    let name = format!("{authority}-{panel}-sittings.ics");
    calendar(&site, name, format!("{authority}/{panel}"), from, from.saturating_add(1.year())).await
}

async fn calendar(site: &Site, name: String, panel: String, from: Date, to: Date) -> Result<Response, PageFailure> {
    let write = move |workplace: &Workplace, clock, file: &FilePath| {
        let sittings = operation::panel_sittings(workplace, &panel, from, to)?;
        operation::sittings_calendar(workplace, clock, &panel, &sittings, file)
    };
    written(site, name, "written.ics", write).await
}
