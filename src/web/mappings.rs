//! Mappings: which form versions are read, and what is wrong with the files.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::{PageFailure, Room, Shell, Site, Visitor, parts};
use crate::domain::{AuthorityName, PanelName};
use crate::operation::{self, DiagnosticShown};

/// Every form mapping, and every mistake.
pub(super) async fn page(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let (listed, verified) = site
        .look_up(|workplace, _| {
            let listed = operation::mappings_list(Some(workplace))?;
            Ok((listed, operation::mappings_verify(Some(workplace), None)?.report))
        })
        .await?;
    let wording = site.wording().await?;
    let rows: Vec<Vec<Markup>> = listed
        .iter()
        .map(|one| {
            vec![
                html! { (one.form) " " (one.version) },
                html! { (one.title) },
                html! { (wording.authority(&AuthorityName::new(one.authority.as_str()))) },
                html! { @if let Some(panel) = &one.panel { (parts::panel(&wording, &PanelName::new(panel.as_str()))) } @else { "by an answer" } },
                html! { (one.file) },
                html! { (one.from.replace('-', " ")) },
            ]
        })
        .collect();
    let body = html! {
        h2 { "Health" }
        @if verified.diagnostics.is_empty() {
            p { "All " (verified.files) " mapping files are as they should be." }
        } @else {
            p { (verified.errors) " mistakes because of which a file cannot be used, " (verified.warnings) " things to look at." }
            ul.findings { @for one in &verified.diagnostics { (diagnostic(one)) } }
        }
        p { "A form whose questions no version knows is in " a href="/quarantine" { "quarantine" } ", with what it differs by." }
        @if rows.is_empty() { (parts::empty("No form is mapped for the authorities of the configuration.")) } @else {
            (parts::table("Form versions", &["Form", "Title", "Authority", "Panel", "File", "From"], &rows))
        }
        p { a href="/panels" { "Panels and what their policies ask" } }
    };
    Ok(Shell::new(&visitor, "Mappings", Room::Mappings).show(&body))
}

fn diagnostic(one: &DiagnosticShown) -> Markup {
    html! {
        li.finding {
            p { strong { (one.file) ", " (one.place) } }
            p { (super::failure::sentence(&one.message)) }
            @if let Some(help) = &one.help { p { (super::failure::sentence(help)) } }
        }
    }
}
