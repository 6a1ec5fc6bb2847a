//! Audit: who saw and did what.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Query;
use super::parts::{self, Line};
use super::posted::Posted;
use super::{PageFailure, Room, Shell, Site, Visitor, address};
use crate::domain::SignInRole;
use crate::operation::{self, AuditFilter, AuditProof, Paging};

const ROWS: u32 = 100;

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    actor: String,
    after: Option<String>,
}

/// The trail, newest first.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFailure> {
    list(&site, &visitor, asked, None).await
}

async fn list(
    site: &Site,
    visitor: &Visitor,
    asked: Asked,
    proof: Option<&AuditProof>,
) -> Result<Response, PageFailure> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter =
        AuditFilter { subject: given(&asked.subject), actor: given(&asked.actor).map(|said| parts::actor(&said)) };
    let paging = Paging { after: asked.after, limit: ROWS };
    let page = site.ask_ledger(visitor.reading(), move |ledger| ledger.audit_page(&filter, &paging)).await?;
    let wording = site.wording().await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|entry| {
            vec![
                html! { (entry.sequence) },
                html! { (wording.moment(&entry.at)) },
                html! { (parts::who(&entry.actor)) },
                html! { (entry.action.replace('-', " ")) },
                html! {
                    (entry.subject)
                    @if !entry.ids.is_empty() { details { summary { "Whom it showed" } (entry.ids.join(", ")) } }
                },
            ]
        })
        .collect();
    let filters = [("subject", asked.subject.as_str()), ("actor", asked.actor.as_str())];
    let next = address::page("/audit", &filters, page.next.as_deref());
    let by = asked.actor.split_once(':').map_or_else(|| asked.actor.clone(), |_| parts::who(&asked.actor));
    let line = |name, label, value| Line { name, label, hint: "", kind: "text", value, autocomplete: "off" }.show(&[]);
    let body = html! {
        @if let Some(proof) = proof { (proved(proof)) }
        form.filter action="/audit" method="get" {
            (line("subject", "About", &asked.subject))
            (line("actor", "By", &by))
            button.secondary { "Show" }
        }
        @if rows.is_empty() { (parts::empty("No entry fits. A request’s id is a good thing to look for.")) } @else {
            (parts::table("Entries, newest first", &["Number", "When", "Who", "What", "About"], &rows))
            (parts::next(next))
        }
        h2 { "Prove and take away" }
        p { "Every entry holds the hash of the one before. The proof compares the chain with everything that the ledger holds; with a large ledger it takes a while." }
        (parts::button(visitor, "/audit/verify", "Prove the trail", &[]))
        (parts::button(visitor, "/audit/export", "Download all of it as CSV", &[]))
    };
    Ok(Shell::new(visitor, "Audit", Room::Audit).show(&body))
}

fn proved(proof: &AuditProof) -> Markup {
    html! {
        div.banner.bad[!proof.whole] role="status" {
            h2 { @if proof.whole { "The trail is whole" } @else { "The trail is broken" } }
            @for line in proof.text().lines() { p { (line) } }
        }
    }
}

/// Proves the trail.
pub(super) async fn verify(State(site): State<Site>, visitor: Visitor, _: Posted) -> Result<Response, PageFailure> {
    let proof = site.ask_ledger(visitor.reading(), |ledger| ledger.audit_verify(None)).await?;
    list(&site, &visitor, Asked::default(), Some(&proof)).await
}

/// The whole trail as CSV.
pub(super) async fn export(State(site): State<Site>, visitor: Visitor, _: Posted) -> Result<Response, PageFailure> {
    let actor = visitor.acting(SignInRole::Systems);
    let entries = site.ask_ledger(actor, move |ledger| ledger.audit_export()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, operation::audit_csv(&entries)).into_response())
}
