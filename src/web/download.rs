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
use crate::operation::{self, Actor, CheckScope, Failure, Installation};

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
    actor: Actor,
    write: impl FnOnce(&mut Installation, &FilePath) -> Result<(), Failure> + Send + 'static,
) -> Result<Response, PageFailure> {
    let written = site.ask(actor, move |installation| by_file("written.xlsx", |file| write(installation, file))).await;
    Ok(answer(&name, written?))
}

/// What is written to a file. It is named by us: what stands in an address never becomes a path.
fn by_file(named: &str, write: impl FnOnce(&FilePath) -> Result<(), Failure>) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::failed(error, "is the disk for temporary files full?");
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join(named);
    write(&file)?;
    std::fs::read(&file).map_err(failed)
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
            let write =
                move |installation: &mut Installation, file: &FilePath| installation.agenda(&of, date)?.out(file);
            written(&site, name, actor, write).await
        }
        "matrix.xlsx" => {
            let scope = CheckScope::Panel { panel: of, sitting: Some(date) };
            let write = move |installation: &mut Installation, file: &FilePath| {
                operation::check_out(&installation.check(&scope, &[])?, file)
            };
            written(&site, name, actor, write).await
        }
        "outcomes.xlsx" => {
            let write = move |installation: &mut Installation, file: &FilePath| {
                installation.outcomes_workbook(&of, date, file).map(|_| ())
            };
            written(&site, name, actor, write).await
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
    let written = site.look_up(move |workplace, clock| {
        let sittings = workplace.panel_sittings(&panel, from, to)?;
        by_file("written.ics", |file| workplace.sittings_calendar(clock, &panel, &sittings, file))
    });
    Ok(answer(&name, written.await?))
}
