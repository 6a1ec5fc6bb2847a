//! Panels: what each is for, when it sits, and what its policy asks.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::asked::Path;
use super::{PageFailure, Room, Shell, Site, Visitor, address, parts};
use crate::operation;

/// Every panel.
pub(super) async fn page(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    let panels = site.look_up(|workplace, _| workplace.panels_list()).await?;
    let wording = site.wording().await?;
    let rows: Vec<Vec<Markup>> = panels
        .iter()
        .map(|one| {
            vec![
                html! { a href=(address::panel(&one.panel)) { (one.title) } },
                html! { (wording.authority(&one.panel.authority())) },
                html! { @match &one.schedule { Some(schedule) => (schedule), None => "as needed" } },
                html! { @match &one.cutoff { Some(cutoff) => (cutoff), None => "no cutoff" } },
            ]
        })
        .collect();
    let body = html! { (parts::table("Panels", &["Panel", "Authority", "Sits", "Closes"], &rows)) };
    Ok(Shell::new(&visitor, "Panels", Room::Sittings).back("/sittings", "Sittings").show(&body))
}

/// One panel.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path((authority, panel)): Path<(String, String)>,
) -> Result<Response, PageFailure> {
    let name = format!("{authority}/{panel}");
    let shown = site.look_up(move |workplace, _| workplace.panel_show(&name)).await?;
    let wording = site.wording().await?;
    let listed = &shown.listed;
    let body = html! {
        p { (listed.purpose) }
        p.small { (listed.policy) }
        p { a href={ "/sittings?panel=" (parts::encoded(listed.panel.as_str())) } { "Its sittings" } }
        p { a href={ "/requests?panel=" (parts::encoded(listed.panel.as_str())) } { "Its requests" } }
        dl.summary {
            @for aspect in &shown.aspects {
                div {
                    dt { (super::failure::sentence(&aspect.about).trim_end_matches('.')) }
                    dd {
                        @for said in &aspect.said {
                            p {
                                (said.text)
                                @if !said.policy.is_empty() && said.policy != listed.policy { br; span.small { (said.policy) } }
                            }
                        }
                    }
                }
            }
        }
    };
    let shell = Shell::new(&visitor, &listed.title, Room::Sittings).back("/panels", "Panels");
    let shell = match wording.whose(&listed.panel) {
        Some(whose) => shell.caption(whose),
        None => shell,
    };
    Ok(shell.show(&body))
}

/// What the code of a finding means.
pub(super) async fn explain(visitor: Visitor, Path(code): Path<String>) -> Result<Response, PageFailure> {
    let explanation = operation::explain(&code).map_err(|_| PageFailure::NotFound)?;
    let paragraphs = explanation.text.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
    let body = html! { @for paragraph in paragraphs { p { (paragraph) } } };
    let title = format!("What {} means", explanation.code);
    Ok(Shell::new(&visitor, &title, Room::Requests).back("/requests", "Requests").show(&body))
}
