//! Files to take away: workbooks and calendars, made by the operations that the commands use.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::asked::{Path, Query};
use super::{PageFailure, Site, Visitor};
use crate::operation::{self, CheckScope, Failure, Installation};
use crate::report::Sheets;

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

/// One of the files of a sitting.
pub(super) async fn of_sitting(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel, date, file)): Path<(String, String, Date, String)>,
) -> Result<Response, PageFailure> {
    let (actor, of) = (visitor.reading(), format!("{authority}/{panel}"));
    let name = format!("{authority}-{panel}-{date}-{file}");
    let bytes = match file.as_str() {
        "agenda.xlsx" => site.ask(actor, move |installation| xlsx(&installation.agenda(&of, date)?.sheets())).await,
        "matrix.xlsx" => {
            let scope = CheckScope::Panel { panel: of, sitting: Some(date) };
            let matrix = move |installation: &mut Installation| installation.check(&scope, &[]);
            site.ask(actor, move |installation| xlsx(&operation::check_sheets(&matrix(installation)?))).await
        }
        "outcomes.xlsx" => site.ask(actor, move |installation| installation.outcomes_workbook_bytes(&of, date)).await,
        "sitting.ics" => return calendar(&site, name, of, date, date).await,
        _ => return Err(PageFailure::NotFound),
    };
    Ok(answer(&name, bytes?))
}

fn xlsx(sheets: &Sheets) -> Result<Vec<u8>, Failure> {
    sheets.xlsx().map_err(|error| Failure::failed(error, "try again"))
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
    let appointments = site.look_up(move |workplace, clock| {
        let sittings = workplace.panel_sittings(&panel, from, to)?;
        workplace.sittings_appointments(clock, &panel, &sittings)
    });
    Ok(answer(&name, appointments.await?.into_bytes()))
}
