//! Today: what needs somebody now.

use axum::response::Response;
use maud::html;

use super::{Room, Shell, Visitor};

/// What needs somebody now.
pub(super) async fn page(visitor: Visitor) -> Response {
    Shell::new(&visitor, "Today", Room::Today).show(&html! { p { "Nothing yet." } })
}
