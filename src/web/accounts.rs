//! Accounts: who may sign in, links by which people choose a password, and one's own password.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tower_sessions::Session;

use super::asked::{Path, Query};
use super::guard::Asking;
use super::parts::{self, Line};
use super::posted::{Posted, PostedByAnybody};
use super::shell::FieldError;
use super::{PageFailure, Room, Shell, Site, Visitor, session, sign_in};
use crate::domain::{AccountName, SignInRole};
use crate::operation::{self, AccountListed, FailureKind, InvitationMade};

/// What each role may do, in words.
const fn role_words(role: SignInRole) -> &'static str {
    match role {
        SignInRole::Reader => "Reads everything but the systems pages",
        SignInRole::Administrator => "Checks packs, states facts, answers for findings, records outcomes",
        SignInRole::Approver => "Approves outcomes and turns them down",
        SignInRole::Systems => "Looks after mappings, quarantine, write-backs that wait, the audit trail and accounts",
    }
}

/// Every account.
pub(super) async fn page(State(site): State<Site>, visitor: Visitor) -> Result<Response, PageFailure> {
    list(&site, &visitor, Vec::new(), None).await
}

async fn list(
    site: &Site,
    visitor: &Visitor,
    errors: Vec<FieldError>,
    made: Option<&InvitationMade>,
) -> Result<Response, PageFailure> {
    let accounts = site.ask_ledger(visitor.reading(), |ledger| ledger.accounts_list()).await?;
    let name = Line {
        name: "name",
        label: "Name",
        hint: "What they sign in with, for instance their e-mail address. It stands in the audit trail.",
        kind: "text",
        value: "",
        autocomplete: "off",
    };
    let rows: Vec<Vec<Markup>> = accounts.iter().map(row).collect();
    let body = html! {
        @if let Some(made) = made { (invitation(site, made)) }
        @if !site.has_local_accounts() {
            p { "People sign in with their council account; these accounts are not used." }
        }
        (parts::table("Accounts", &["Name", "Roles", "State", ""], &rows))
        h2 { "Add an account" }
        form action="/accounts" method="post" {
            (parts::csrf(visitor))
            (name.show(&errors))
            (roles(&BTreeSet::from([SignInRole::Reader]), &errors))
            button { "Make a link for them" }
        }
    };
    Ok(Shell::new(visitor, "Accounts", Room::Accounts).errors(errors).show(&body))
}

fn row(account: &AccountListed) -> Vec<Markup> {
    let state = match (account.is_open, account.has_password, account.invited_until) {
        (false, ..) => "Closed",
        (true, _, Some(_)) => "Has a link that is not used yet",
        (true, true, None) => "In use",
        (true, false, None) => "Its link is no longer good: make a new one",
    };
    let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
    vec![
        html! { (account.name) },
        html! { (roles.join(", ")) },
        html! { (state) },
        html! { a href={ "/accounts/" (parts::encoded(account.name.as_str())) } { "Change" span.hidden { " " (account.name) } } },
    ]
}

fn invitation(site: &Site, made: &InvitationMade) -> Markup {
    html! {
        div.banner role="status" {
            h2 { "A link for " (made.name) }
            p { "Give it to them yourself: it is shown once, and whoever follows it first chooses the password." }
            p.link { code { (site.url()) "/invitation/" (made.secret.expose_secret()) } }
            p { "It is good until " (made.until.strftime("%-d %B %Y")) "." }
        }
    }
}

fn roles(chosen: &BTreeSet<SignInRole>, errors: &[FieldError]) -> Markup {
    html! {
        fieldset.field #roles {
            legend { "What they may do" }
            (parts::error(errors, "roles"))
            @for role in SignInRole::ALL {
                div.choice {
                    input type="checkbox" id={ "role-" (role) } name="role" value=(role) checked[chosen.contains(&role)];
                    label for={ "role-" (role) } { (capital(role.as_str())) span.hint { (role_words(role)) } }
                }
            }
        }
    }
}

fn capital(text: &str) -> String {
    super::failure::sentence(text).trim_end_matches('.').to_owned()
}

fn chosen(posted: &Posted) -> BTreeSet<SignInRole> {
    posted.all("role").filter_map(SignInRole::parse).collect()
}

/// Makes an account and the link for its owner.
pub(super) async fn post(State(site): State<Site>, visitor: Visitor, posted: Posted) -> Result<Response, PageFailure> {
    let (name, roles) = (posted.text("name").and_then(AccountName::parse), chosen(&posted));
    let mut errors = Vec::new();
    if name.is_none() {
        errors.push(FieldError::new("name", "Enter a name of letters, figures and . - _ @ without spaces"));
    }
    if roles.is_empty() {
        errors.push(FieldError::new("roles", "Choose what they may do"));
    }
    let (Some(name), true) = (name, errors.is_empty()) else {
        return list(&site, &visitor, errors, None).await;
    };
    let actor = visitor.acting(SignInRole::Systems);
    let made = site.ask_ledger(actor, move |ledger| ledger.account_invite(&name, &roles)).await?;
    list(&site, &visitor, Vec::new(), Some(&made)).await
}

/// One account.
pub(super) async fn one(
    State(site): State<Site>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Response, PageFailure> {
    let accounts = site.ask_ledger(visitor.reading(), |ledger| ledger.accounts_list()).await?;
    let account = accounts.into_iter().find(|account| account.name.as_str() == name).ok_or(PageFailure::NotFound)?;
    let address = format!("/accounts/{}", parts::encoded(&name));
    let body = html! {
        form action=(address) method="post" {
            (parts::csrf(&visitor))
            (roles(&account.roles, &[]))
            fieldset.field {
                legend { "May they sign in?" }
                @for (value, label, is_so) in [("yes", "Yes", account.is_open), ("no", "No, close the account", !account.is_open)] {
                    div.choice {
                        input type="radio" id={ "open-" (value) } name="open" value=(value) checked[is_so];
                        label for={ "open-" (value) } { (label) }
                    }
                }
            }
            button { "Save" }
        }
        h2 { "A new password" }
        p { "Make a link by which they choose one. The password they have holds until then." }
        form action="/accounts" method="post" {
            (parts::csrf(&visitor))
            input type="hidden" name="name" value=(name);
            @for role in &account.roles { input type="hidden" name="role" value=(role); }
            button.secondary { "Make a link for them" }
        }
    };
    Ok(Shell::new(&visitor, &name, Room::Accounts).back("/accounts", "Accounts").show(&body))
}

/// Changes an account.
pub(super) async fn change(
    State(site): State<Site>,
    visitor: Visitor,
    Path(name): Path<String>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    let name = AccountName::parse(&name).ok_or(PageFailure::NotFound)?;
    let (roles, is_open) = (chosen(&posted), posted.text("open") == Some("yes"));
    let actor = visitor.acting(SignInRole::Systems);
    site.ask_ledger(actor, move |ledger| ledger.account_change(&name, &roles, is_open)).await?;
    Ok(Redirect::to("/accounts").into_response())
}

/// Where somebody chooses a password: by the first link, with a name of their own, or by a link made for them.
pub(super) async fn invited(State(site): State<Site>, Path(secret): Path<String>) -> Result<Response, PageFailure> {
    let whose = whose(&site, &secret).await?;
    Ok(choose(&secret, whose.as_ref(), "", Vec::new()))
}

const LINK_IS_USED: PageFailure = PageFailure::Wrong(
    "This link was used already, or is no longer good.",
    "Ask whoever looks after the accounts for a new one.",
);

/// For whom a link is; `None` for the first link, whose holder chooses a name.
async fn whose(site: &Site, secret: &str) -> Result<Option<AccountName>, PageFailure> {
    if site.is_first_link(secret) {
        return Ok(None);
    }
    let asked = secret.to_owned();
    let invited = site.ask_ledger(session::invited(), move |ledger| ledger.account_invited(&asked)).await?;
    invited.map(Some).ok_or(LINK_IS_USED)
}

fn choose(secret: &str, whose: Option<&AccountName>, name: &str, errors: Vec<FieldError>) -> Response {
    let name = Line {
        name: "name",
        label: "Your name to sign in with",
        hint: "For instance your e-mail address. It stands in the audit trail.",
        kind: "text",
        value: name,
        autocomplete: "username",
    };
    let body = html! {
        form action={ "/invitation/" (secret) } method="post" {
            @match whose {
                // A password manager wants to know for whom it is.
                Some(whose) => { input.hidden type="text" name="username" value=(whose) autocomplete="username" readonly
                    tabindex="-1" aria-hidden="true"; p { "For the account " strong { (whose) } "." } }
                None => (name.show(&errors)),
            }
            (new_password().show(&errors))
            button { "Choose this password" }
        }
    };
    Shell::bare("Choose a password", Room::None).errors(errors).show(&body)
}

const fn new_password<'l>() -> Line<'l> {
    Line {
        name: "password",
        label: "New password",
        hint: "15 characters or more. Three or four words are easy to remember.",
        kind: "password",
        value: "",
        autocomplete: "new-password",
    }
}

/// Sets the password, and signs its owner in.
pub(super) async fn accept(
    State(site): State<Site>,
    session: Session,
    Path(secret): Path<String>,
    PostedByAnybody(posted): PostedByAnybody,
) -> Result<Response, PageFailure> {
    let whose = whose(&site, &secret).await?;
    let given = posted.text("name").unwrap_or_default().to_owned();
    let password = SecretString::from(posted.all("password").next().unwrap_or_default());
    let refused = |error: FieldError| choose(&secret, whose.as_ref(), &given, vec![error]);
    let Some(name) = whose.clone().or_else(|| AccountName::parse(&given)) else {
        let what = "Enter a name of letters, figures and . - _ @ without spaces";
        return Ok(refused(FieldError::new("name", what)));
    };
    if let Some(trouble) = operation::password_trouble(&name, &password) {
        return Ok(refused(FieldError::new("password", trouble)));
    }
    if whose.is_none() && !site.use_first_link(&secret) {
        return Err(LINK_IS_USED);
    }
    let own = name.clone();
    if whose.is_none() {
        site.ask_ledger(session::first(), move |ledger| ledger.account_first(&own, &password)).await?;
    } else {
        site.ask_ledger(session::own(&own), move |ledger| ledger.account_accept(&secret, &password)).await?;
    }
    session::begin(&session, &site, name, None).await?;
    Ok(Redirect::to("/").into_response())
}

/// One's own account.
pub(super) async fn own(visitor: Visitor, Query(done): Query<Done>) -> Response {
    let changed = "Your password is changed. Wherever else you were signed in, you are signed out.";
    own_form(&visitor, Vec::new(), (done.done == "password").then(|| changed.to_owned()))
}

/// What was done just before.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

fn own_form(visitor: &Visitor, errors: Vec<FieldError>, done: Option<String>) -> Response {
    let held = Line {
        name: "held",
        label: "Present password",
        hint: "",
        kind: "password",
        value: "",
        autocomplete: "current-password",
    };
    let roles = visitor.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    let body = html! {
        (parts::summary(&[("Name", html! { (visitor.name) }), ("Roles", html! { (roles) })]))
        h2 { "Change your password" }
        form action="/account" method="post" {
            (parts::csrf(visitor))
            input.hidden type="text" name="username" value=(visitor.name) autocomplete="username" readonly tabindex="-1"
                aria-hidden="true";
            (held.show(&errors))
            (new_password().show(&errors))
            button { "Change the password" }
        }
    };
    Shell::new(visitor, "Your account", Room::None).errors(errors).done(done).show(&body)
}

/// Changes one's own password.
pub(super) async fn own_post(
    State(site): State<Site>,
    session: Session,
    visitor: Visitor,
    Extension(Asking(asking)): Extension<Asking>,
    posted: Posted,
) -> Result<Response, PageFailure> {
    if !visitor.is_local {
        return Err(PageFailure::NotFound);
    }
    let secret = |field: &str| SecretString::from(posted.all(field).next().unwrap_or_default());
    let (name, held, password) = (visitor.name.clone(), secret("held"), secret("password"));
    let refused = |error: FieldError| own_form(&visitor, vec![error], None);
    if let Some(trouble) = operation::password_trouble(&name, &password) {
        return Ok(refused(FieldError::new("password", trouble)));
    }
    // Whoever has found somebody's session does not guess the password by it.
    if !site.limits().allows_try(&name, asking) {
        return Err(PageFailure::TooMuch(StatusCode::TOO_MANY_REQUESTS, sign_in::TOO_OFTEN));
    }
    let own = name.clone();
    let changed =
        site.ask_ledger(session::own(&own), move |ledger| ledger.account_password(&name, &held, &password)).await;
    match changed {
        Ok(()) => {
            site.limits().was_right(&own);
            // Every session that began with the old one is over; this one goes on under another id.
            session::begin(&session, &site, own, None).await?;
            Ok(Redirect::to("/account?done=password").into_response())
        }
        Err(PageFailure::Operation(failure)) if failure.kind == FailureKind::Invalid => {
            Ok(refused(FieldError::new("held", "Enter the password you signed in with")))
        }
        Err(failure) => Err(failure),
    }
}
