//! What stands round every page: the head, the way back, errors and banners, the foot.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::{Visitor, assets};
use crate::domain::SignInRole;

/// Which part of the pages one belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    None,
    Today,
    Sittings,
    Requests,
    Outcomes,
    WriteBacks,
    Figures,
    Duties,
    Trackers,
    Mappings,
    Quarantine,
    Audit,
    Accounts,
}

/// One of them: the room, its address, its name, and the role that it is for.
type Way = (Room, &'static str, &'static str, SignInRole);

/// The way through the pages that is used day by day.
const ROOMS: [Way; 8] = [
    (Room::Today, "/", "Today", SignInRole::Reader),
    (Room::Sittings, "/sittings", "Sittings", SignInRole::Reader),
    (Room::Requests, "/requests", "Requests", SignInRole::Reader),
    (Room::Outcomes, "/outcomes", "Outcomes", SignInRole::Reader),
    (Room::WriteBacks, "/write-backs", "Write-backs", SignInRole::Reader),
    (Room::Duties, "/duties", "Duties", SignInRole::Reader),
    (Room::Trackers, "/trackers", "Trackers", SignInRole::Reader),
    (Room::Figures, "/figures", "Figures", SignInRole::Reader),
];

/// What is seldom used, behind “More”.
const MORE: [Way; 4] = [
    (Room::Mappings, "/mappings", "Mappings", SignInRole::Systems),
    (Room::Quarantine, "/quarantine", "Quarantine", SignInRole::Systems),
    (Room::Audit, "/audit", "Audit", SignInRole::Systems),
    (Room::Accounts, "/accounts", "Accounts", SignInRole::Systems),
];

/// Something that is wrong with what was sent.
#[derive(Debug, Clone)]
pub(super) struct FieldError {
    /// The id of the field.
    pub(super) field: String,
    /// What is wrong and what to do, in the same words as beside the field.
    pub(super) message: String,
}

impl FieldError {
    /// What is wrong with a field.
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A page in the making.
#[derive(Debug)]
pub(super) struct Shell {
    title: String,
    room: Room,
    visitor: Option<Visitor>,
    back: Option<(String, String)>,
    caption: Option<String>,
    errors: Vec<FieldError>,
    done: Option<String>,
}

impl Shell {
    /// A page for somebody who is signed in.
    pub(super) fn new(visitor: &Visitor, title: &str, room: Room) -> Self {
        Self { visitor: Some(visitor.clone()), ..Self::bare(title, room) }
    }

    /// A page for anybody.
    pub(super) fn bare(title: &str, room: Room) -> Self {
        let title = title.to_owned();
        Self { title, room, visitor: None, back: None, caption: None, errors: Vec::new(), done: None }
    }

    /// The page that this one hangs on.
    pub(super) fn back(self, address: impl Into<String>, name: &str) -> Self {
        Self { back: Some((address.into(), name.to_owned())), ..self }
    }

    /// What stands above the heading.
    pub(super) fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }

    /// What is wrong with what was sent: nothing was done, and the page is answered with 422.
    pub(super) fn errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// What was done, in a banner.
    pub(super) fn done(self, done: Option<String>) -> Self {
        Self { done, ..self }
    }

    /// The page.
    pub(super) fn show(&self, body: &Markup) -> Response {
        let status = if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        (status, Html(self.whole(body).into_string())).into_response()
    }

    fn whole(&self, body: &Markup) -> Markup {
        html! {
            (self.head())
            main #main tabindex="-1" { (self.top()) (body) }
            (self.foot())
        }
    }

    /// Everything before the page's own words: what a page begins with whose rest comes in parts.
    pub(super) fn head(&self) -> Markup {
        let error = if self.errors.is_empty() { "" } else { "Error: " };
        let time_out = self.visitor.as_ref().map(|visitor| visitor.time_out_seconds);
        html! {
            (DOCTYPE)
            // A document that comes in parts is closed by the browser.
            (maud::PreEscaped("<html lang=\"en-GB\">"))
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (error) (self.title) " – tessera" }
                link rel="stylesheet" href=(assets::address("tessera.css"));
                link rel="icon" href=(assets::address("icon.svg")) type="image/svg+xml";
                script src=(assets::address("tessera.js")) defer {}
            }
            (maud::PreEscaped("<body"))
            @if let Some(seconds) = time_out { (maud::PreEscaped(format!(" data-time-out=\"{seconds}\""))) }
            (maud::PreEscaped(">"))
            a.skip href="#main" { "Skip to main content" }
            header.top {
                div.inner {
                    a.name href="/" { "tessera" }
                    @if let Some(visitor) = &self.visitor { (signed_in(visitor)) }
                }
            }
            @if let Some(visitor) = &self.visitor { (self.way(visitor)) }
            @if self.visitor.as_ref().is_some_and(|visitor| visitor.is_rehearsal) {
                aside.rehearsal aria-label="Rehearsal" { div.inner { strong { "Rehearsal. " } "Made-up children; nothing reaches Mosaic." } }
            }
            @if let Some((address, name)) = &self.back {
                nav.inner aria-label="Back" { a.back href=(address) { (name) } }
            }
        }
    }

    /// The heading, with what stands above it.
    pub(super) fn top(&self) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div.errors role="alert" tabindex="-1" data-focus {
                    h2 { "There is a problem" }
                    ul { @for error in &self.errors { li { a href={ "#" (error.field) } { (error.message) } } } }
                }
            }
            @if let Some(done) = &self.done {
                div.banner role="status" { h2 { "Done" } p { (done) } }
            }
            h1 {
                @if let Some(caption) = &self.caption { span.caption { (caption) " " } }
                (self.title)
            }
        }
    }

    fn way(&self, visitor: &Visitor) -> Markup {
        let more: Vec<&Way> = MORE.iter().filter(|(.., role)| visitor.is(*role)).collect();
        let is_in_more = more.iter().any(|(room, ..)| *room == self.room);
        html! {
            nav.way aria-label="Pages" {
                div.inner {
                    ul {
                        @for one in ROOMS.iter().filter(|(.., role)| visitor.is(*role)) { (self.leads_to(one)) }
                        @if !more.is_empty() {
                            li.more {
                                details data-closes {
                                    summary aria-current=[is_in_more.then_some("true")] { "More" span.hidden { " pages" } }
                                    ul { @for one in more { (self.leads_to(one)) } }
                                }
                            }
                        }
                    }
                    form.search action="/search" method="post" role="search" {
                        (super::parts::csrf(visitor))
                        label.hidden for="search" { "Search by Mosaic id, request, panel, date or reference" }
                        input #search name="for" type="search" maxlength="100" autocomplete="off";
                        button.small { "Search" }
                    }
                }
            }
        }
    }

    fn leads_to(&self, (room, address, name, _): &Way) -> Markup {
        html! { li { a href=(address) aria-current=[(*room == self.room).then_some("page")] { (name) } } }
    }

    /// The foot: the same on each page, so that help is always in the same place.
    pub(super) fn foot(&self) -> Markup {
        let visitor = self.visitor.as_ref();
        html! {
            footer {
                div.inner {
                    ul {
                        li { a href="/help" { "Help" } }
                        li { a href="/accessibility" { "Accessibility" } }
                    }
                    @if let Some(help) = visitor.and_then(|visitor| visitor.help.as_ref()) { p { "Need help? " (help) } }
                    @if let Some(visitor) = visitor {
                        @let minutes = visitor.time_out_seconds / 60;
                        p {
                            "You are signed out after " (minutes) @if minutes == 1 { " minute" } @else { " minutes" }
                            " without opening a page."
                        }
                    }
                }
            }
        }
    }
}

fn signed_in(visitor: &Visitor) -> Markup {
    html! {
        div.who {
            @if visitor.is_local { a href="/account" { (visitor.name) } } @else { span { (visitor.name) } }
            form action="/sign-out" method="post" {
                (super::parts::csrf(visitor))
                button.link { "Sign out" }
            }
        }
    }
}
