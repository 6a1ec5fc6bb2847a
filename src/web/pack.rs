//! Check a pack: what the papers are that were handed in, and what is still missing, as each file is read.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use tokio::sync::mpsc;

use super::asked::{Files, Path};
use super::parts::{self, Field};
use super::posted::Posted;
use super::shell::FieldError;
use super::uploads;
use super::{PageFailure, Room, Shell, Site, Visitor, address, request};
use crate::domain::{SignInRole, SubmissionId};
use crate::operation::{PackChecked, PackPaper};
use crate::report;

/// What the script asks for: the parts alone, each ended by a zero byte.
const PARTS: &str = "text/x-pack-parts";

/// The form.
pub(super) async fn page(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    let (actor, asked) = (visitor.reading(), SubmissionId::new(id.clone()));
    site.ask(actor, move |installation| installation.pack_kept(&asked)).await?;
    let body = html! {
        (form(&visitor, &id, &[]))
        section data-pack-told hidden {
            h2 { "What was sent" }
            p role="status" aria-live="polite" {}
            div data-pack-papers {}
        }
    };
    Ok(shell(&visitor, &id).show(&body))
}

fn shell(visitor: &Visitor, id: &str) -> Shell {
    let caption = format!("Request {id}");
    Shell::new(visitor, "Check a pack", Room::Requests).caption(caption).back(address::request(id), "The request")
}

fn form(visitor: &Visitor, id: &str, errors: &[FieldError]) -> Markup {
    let papers =
        Field { id: "papers", label: html! { "Papers" }, hint: "Choose several at once, or drop them here.", errors };
    let choose = html! {
        input #papers type="file" name="papers" multiple required aria-describedby=[papers.described()]
            aria-invalid=[papers.is_wrong().then_some("true")];
    };
    html! {
        p { "Choose the papers that were handed in: PDF, Word, Excel, pictures, e-mails, or a zip of them. They are read here, nothing is sent to Mosaic, and the files are thrown away afterwards." }
        form data-pack action={ (address::request(id)) "/pack" } method="post" enctype="multipart/form-data" {
            (parts::csrf(visitor))
            div.drop { (papers.round(&choose)) }
            button { "Check the papers" }
        }
    }
}

/// Reads what was sent. The page comes in parts, as the files are read: a browser shows each as it comes.
pub(super) async fn check(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Files(multipart): Files,
) -> Result<Response, PageFailure> {
    let sent = uploads::take_in(&visitor, multipart).await?;
    if sent.files.is_empty() {
        let errors = vec![FieldError::new("papers", "Choose one paper or more")];
        let body = form(&visitor, &id, &errors);
        return Ok(shell(&visitor, &id).errors(errors).show(&body));
    }
    // Once the page has begun, its status is said.
    let (actor, of) = (visitor.acting(SignInRole::Administrator), SubmissionId::new(id.clone()));
    site.ask(actor, move |installation| installation.pack_expected(&of)).await?;
    let asked = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let only_parts = asked.is_some_and(|accept| accept == PARTS);
    let (told, heard) = mpsc::channel::<Bytes>(64);
    tokio::spawn(read(site, visitor, id, sent, only_parts, told));
    let body = Body::from_stream(futures::stream::unfold(heard, async |mut heard| {
        heard.recv().await.map(|part| (Ok::<_, std::convert::Infallible>(part), heard))
    }));
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// Reads a pack and tells of it, part by part. Whoever has gone away is told nothing more.
async fn read(
    site: Site,
    visitor: Visitor,
    id: String,
    sent: uploads::Sent,
    only_parts: bool,
    told: mpsc::Sender<Bytes>,
) {
    let part = move |markup: Markup| {
        let mut text = markup.into_string();
        if only_parts {
            text.push('\0');
        }
        Bytes::from(text)
    };
    let shell = shell(&visitor, &id);
    if !only_parts {
        let head = html! { (shell.head()) (maud::PreEscaped("<main id=\"main\" tabindex=\"-1\">")) (shell.top()) h2 { "What was sent" } };
        drop(told.send(part(head)).await);
    }
    let (actor, submission) = (visitor.acting(SignInRole::Administrator), SubmissionId::new(id.clone()));
    let tell = told.clone();
    let outcome = site
        .ask(actor, move |installation| {
            let folder = sent.folder().to_owned();
            let mut paper = |paper: &PackPaper| drop(tell.blocking_send(part(self::paper(paper))));
            let checked = installation.pack_check(&submission, &folder, &mut paper)?;
            Ok((checked, sent))
        })
        .await;
    let end = match outcome {
        Ok((checked, sent)) => match site.uploads().hold(sent, &visitor.name, &about(&id)) {
            Ok(upload) => result(&visitor, &id, &checked, Some(&upload)),
            Err(_) => result(&visitor, &id, &checked, None),
        },
        Err(failure) => {
            failure.log();
            failed(&failure)
        }
    };
    drop(told.send(part(end)).await);
    if !only_parts {
        let foot = html! { (form(&visitor, &id, &[])) (maud::PreEscaped("</main>")) (shell.foot()) };
        drop(told.send(part(foot)).await);
    }
}

fn about(id: &str) -> String {
    format!("pack of {id}")
}

fn failed(failure: &PageFailure) -> Markup {
    let (what, help) = failure.in_words();
    html! {
        div.banner.bad #result tabindex="-1" {
            h2 { "The papers could not be checked" }
            p { (what) }
            @if let Some(help) = help { p { (help) } }
        }
    }
}

/// One paper, as soon as it is read.
fn paper(paper: &PackPaper) -> Markup {
    html! {
        article.finding data-paper {
            h3 {
                (paper.title) " "
                @if paper.refused { span.tag.red { "Another child’s" } }
                @else if !paper.findings.is_empty() { span.tag.red { "Look" } }
                @else if paper.kind.is_some() { span.tag.green { "Read" } }
                @else { span.tag.grey { "Not asked for" } }
            }
            p.small {
                (paper.file)
                @if let Some(dated) = paper.dated { ", dated " (report::day(dated)) }
                @if let Some(pages) = paper.pages { ", " (report::count(pages, "page")) }
                @if let Some(child) = &paper.child { ", person " (child) }
            }
            @if let Some(trouble) = &paper.trouble { p { (super::failure::sentence(trouble)) } }
            @if !paper.findings.is_empty() { ul.findings { @for one in &paper.findings { (parts::finding(one)) } } }
        }
    }
}

/// What the check says of the request with these papers.
fn result(visitor: &Visitor, id: &str, checked: &PackChecked, upload: Option<&str>) -> Markup {
    let refused = checked.papers.iter().filter(|paper| paper.refused).count();
    html! {
        section #result tabindex="-1" aria-labelledby="result-heading" {
            h2 #result-heading { "With these papers" }
            @for one in &checked.requests {
                @let missing = one.findings.iter().filter(|one| one.severity == crate::domain::FindingSeverity::Blocking).count();
                h3 { "Person " (one.person) ": " (parts::verdict(one.verdict, missing)) }
                (request::findings(one))
                (request::papers(one))
            }
            @if refused > 0 {
                p { strong { "Another child’s papers are never kept." } " Take them out of the pack, and tell information governance." }
            }
            @if let Some(upload) = upload {
                p { "Keep what was read with the request, so that it counts in the agenda and in every check from now on. The papers themselves belong on the record in Mosaic." }
                (parts::button(visitor, &format!("{}/pack/{upload}/keep", address::request(id)), "Keep with the request", &[]))
            }
            p { a href=(address::request(id)) { "Back to the request" } }
        }
    }
}

/// Keeps what was read with the request.
pub(super) async fn keep(
    State(site): State<Site>,
    visitor: Visitor,
    Path((id, upload)): Path<(String, String)>,
    _: Posted,
) -> Result<Response, PageFailure> {
    let Some(folder) = site.uploads().take(&upload, &visitor.name, &about(&id)) else {
        let what = "These papers are not there any more: they are held for half an hour.";
        return Err(PageFailure::Wrong(what, "Send them again."));
    };
    let (actor, submission) = (visitor.acting(SignInRole::Administrator), SubmissionId::new(id.clone()));
    site.ask(actor, move |installation| installation.pack_keep(&submission, folder.path())).await?;
    Ok(Redirect::to(&format!("{}?done=kept", address::request(&id))).into_response())
}
