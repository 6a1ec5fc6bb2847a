//! Sessions: taken over, guessed, kept too long.

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};

use super::{PASSWORD, Pages, Somebody};

const OTHER: &str = "other plain words there";

/// Somebody with the cookie of somebody else.
fn with_cookie_of(pages: &Pages, host: u8, other: &Somebody) -> Somebody {
    let thief = pages.from(host);
    thief.cookie.borrow_mut().clone_from(&other.cookie.borrow());
    thief.csrf.borrow_mut().clone_from(&other.csrf.borrow());
    thief
}

#[test]
fn a_session_is_its_owners_and_ends() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["reader"]);

    // The cookie that somebody has before they sign in is not the one after.
    let own = pages.from(4);
    let planted = "tessera=cGxhbnRlZHBsYW50ZWRwbA";
    *own.cookie.borrow_mut() = Some(planted.to_owned());
    let answer = own.sign_in("sam", PASSWORD);
    assert_eq!(answer.status, 303);
    let given = answer.header(SET_COOKIE).to_owned();
    assert!(!given.starts_with(planted) && own.is_in(), "{given}");
    let flags: Vec<&str> = given.split("; ").skip(1).collect();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(flags.contains(&flag), "{given}");
    }
    assert!(!given.contains("Domain"), "{given}");
    let first = with_cookie_of(&pages, 5, &own);
    assert_eq!(own.sign_in("sam", PASSWORD).status, 303);
    assert_ne!(*first.cookie.borrow(), *own.cookie.borrow());
    assert!(!first.is_in(), "the cookie before another sign-in");

    // A new password gives a new cookie, and ends every other session of the account.
    own.sees_forms();
    let (thief, copy) = (with_cookie_of(&pages, 6, &sam), with_cookie_of(&pages, 7, &own));
    assert!(thief.is_in() && copy.is_in());
    let fields = [("held", PASSWORD), ("password", OTHER)];
    let answer = own.post("/account", &fields);
    assert_eq!(answer.location(), "/account?done=password", "{}", answer.text());
    assert!(own.get("/account?done=password").text().contains("Your password is changed."));
    for (who, gone) in [("another session", &sam), ("a copy of it", &thief), ("the old cookie", &copy)] {
        assert!(!gone.is_in(), "{who} goes on after the password was changed");
    }

    // Signing out ends it for whoever has copied it.
    own.sees_forms();
    let copy = with_cookie_of(&pages, 8, &own);
    assert_eq!(own.post("/sign-out", &[]).location(), "/sign-in");
    assert!(!copy.is_in() && !own.is_in());

    // What an account may do changes at once.
    let kim = pages.with(&owner, 9, "kim", &["systems"]);
    assert_eq!(kim.get("/audit").status, 200);
    assert_eq!(owner.post("/accounts/kim", &[("role", "reader"), ("open", "yes")]).status, 303);
    assert_eq!((kim.get("/audit").status, kim.get("/").status), (403, 200));
    assert_eq!(owner.post("/accounts/kim", &[("role", "reader"), ("open", "no")]).status, 303);
    assert_eq!(kim.get("/").status, 303);
    assert_eq!(kim.sign_in("kim", PASSWORD).status, 422);

    // The last account that looks after the accounts is not taken away, by neither form.
    assert_eq!(owner.post("/accounts/ada", &[("role", "reader"), ("open", "yes")]).status, 422);
    assert_eq!(owner.post("/accounts", &[("name", "ada"), ("role", "reader")]).status, 422);

    // Cookies that nobody was given.
    let real = owner.cookie.borrow().clone().unwrap();
    for forged in
        [real.get(1..).unwrap(), "tessera=", "tessera=0", "tessera=\"\"", &format!("{real}A"), &"x".repeat(3_000)]
    {
        let nobody = pages.from(10);
        let answer = nobody.send(nobody.ask(Method::GET, "/help").header(COOKIE, forged));
        assert_eq!(answer.status, 303, "{forged}");
    }
    assert!(owner.is_in());
}

#[test]
fn a_cookie_lives_no_longer_than_its_session() {
    let pages = Pages::serve("time-out-minutes = 1");
    let owner = pages.owner();
    let left = owner.get("/help").header(SET_COOKIE).to_owned();
    let age = left.split("; ").find_map(|flag| flag.strip_prefix("Max-Age=")).unwrap().parse::<u64>().unwrap();
    assert!(age <= 60, "{left}");
}

#[test]
fn behind_a_proxy_the_cookie_is_for_tls_and_this_host_only() {
    let pages = Pages::serve("trusted-proxies = [\"127.0.0.9\"]");
    let answer = pages.from(2).get("/sign-in");
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    let given = {
        let owner = pages.from(2);
        let link = pages.first_link.as_ref().unwrap().strip_prefix(&pages.url).unwrap().to_owned();
        owner.post(&link, &[("name", "ada"), ("password", PASSWORD)]).header(SET_COOKIE).to_owned()
    };
    assert!(given.starts_with("__Host-tessera=") && given.split("; ").any(|flag| flag == "Secure"), "{given}");
}
