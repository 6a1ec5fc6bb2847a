//! Passwords and links that somebody guesses, and what the ledger keeps of them.

use std::time::{Duration, Instant};

use super::{PASSWORD, Pages};

#[test]
fn guessing_is_slow_and_tells_nothing() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let sam = pages.with(&owner, 3, "sam", &["reader"]);
    pages.with(&owner, 4, "kim", &["reader"]);

    // Whoever knows it may come as often as they like.
    assert!((0..9).all(|_| pages.from(9).sign_in("kim", PASSWORD).status == 303));

    let guesser = pages.from(5);
    let wrong: Vec<u16> = (0..7).map(|_| guesser.sign_in("sam", "four plain words hers").status).collect();
    assert_eq!(wrong, [422, 422, 422, 422, 422, 429, 429]);
    // From wherever: it is the account that is tried. Nobody else is kept out, and whoever is in stays.
    assert_eq!(pages.from(6).sign_in("SAM ", PASSWORD).status, 429);
    assert_eq!(guesser.sign_in("kim", PASSWORD).status, 303);
    assert!(sam.is_in());

    // An account that is there and one that is not are answered alike, and as slowly.
    for name in ["alex-1", "alex-2", "alex-3"] {
        Pages::invite(&owner, name, &["reader"]);
        pages.with(&owner, 7, name, &["reader"]);
    }
    let timed = |name: &str| {
        let began = Instant::now();
        let answer = pages.from(8).sign_in(name, "not the right password");
        (answer.status, answer.text().replace(name, "NAME"), began.elapsed())
    };
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut texts = Vec::new();
    for round in 0..4 {
        for name in ["alex-1", "alex-2", "alex-3"] {
            // One by one, so that whatever else the machine does falls on both.
            for (kind, name) in [name.to_owned(), format!("gone-{round}-{name}")].iter().enumerate() {
                let (status, text, took) = timed(name);
                assert_eq!(status, 422);
                texts.push(text);
                times[kind].push(took);
            }
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    // The quickest of each: whatever else the machine does only makes one slower.
    let [there, gone] = times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    assert!((0.6..1.6).contains(&(there / gone)), "{there} s where there is an account, {gone} s where there is none");

    // Whoever has found somebody's session does not guess the password by it.
    let tries: Vec<u16> = (0..7)
        .map(|_| {
            owner
                .post("/account", &[("held", "not the right password"), ("password", "other plain words there")])
                .status
        })
        .collect();
    assert_eq!((tries[0], tries[6]), (422, 429), "{tries:?}");

    // The ledger holds hashes that take their time, and no password; the trail and the log hold none either.
    let ledger = pages.ledger();
    let kept: Vec<String> = ledger
        .prepare("SELECT payload FROM account")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kept.len(), 6);
    assert!(kept.iter().all(|one| one.contains("$argon2id$v=19$m=19456,t=2,p=1$")), "{kept:?}");
    let said = format!("{kept:?}{:?}{}", pages.trail(0), pages.log());
    for secret in [PASSWORD, "four plain words hers", "not the right password"] {
        assert!(!said.contains(secret) && !said.contains(&secret.replace(' ', "+")), "{secret}");
    }
    let cookie = owner.cookie.borrow().clone().unwrap();
    let token = owner.csrf.borrow().clone();
    for secret in [cookie.split_once('=').unwrap().1, token.as_str()] {
        assert!(!secret.is_empty() && !said.contains(secret), "the log holds what opens a session");
    }
    assert!(said.contains("sign-in-refused"));
}

#[test]
fn a_link_is_good_once_and_not_for_long() {
    let mut pages = Pages::serve("");
    let first = pages.first_link.clone().unwrap().strip_prefix(&pages.url).unwrap().to_owned();
    let owner = pages.owner();
    assert_eq!(pages.from(3).get(&first).status, 400, "the first link is used");
    assert_eq!(pages.from(3).post(&first, &[("name", "mallory"), ("password", PASSWORD)]).status, 400);

    let link = Pages::invite(&owner, "sam", &["reader"]);
    let secret = link.strip_prefix("/invitation/").unwrap();
    assert!(secret.len() >= 32, "{secret}");
    let guesser = pages.from(4);
    for guess in [
        secret.get(1..).unwrap(),
        &secret.to_uppercase(),
        "",
        "%00",
        "..%2f..",
        &"a".repeat(5_000),
        &format!("{secret}x"),
        "' OR 1=1 --",
    ] {
        if guess != secret {
            let address = format!("/invitation/{}", guess.replace(' ', "%20"));
            assert!([400, 404].contains(&guesser.get(&address).status), "{guess}");
            assert!([400, 404].contains(&guesser.post(&address, &[("password", PASSWORD)]).status), "{guess}");
        }
    }
    // What is kept of a secret does not open the door either.
    let hash: String = pages
        .ledger()
        .query_row("SELECT payload ->> '$.invitation.hash' FROM account WHERE name = 'sam'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(guesser.get(&format!("/invitation/{hash}")).status, 400);
    // A password that anybody guesses is none; whose account it is, the link says and not the form.
    let weak = ["", "short", "aaaaaaaaaaaaaaaa", "sam sam sam sam sam", &"long words ".repeat(100)];
    for password in weak {
        assert_eq!(guesser.post(&link, &[("password", password)]).status, 422, "{password}");
    }
    let sam = pages.from(5);
    assert_eq!(sam.post(&link, &[("name", "ada"), ("password", PASSWORD)]).status, 303);
    assert!(sam.get("/account").text().contains("<dd>sam</dd>"));
    assert_eq!(pages.from(6).post(&link, &[("password", PASSWORD)]).status, 400, "a second time");
    // A newer link ends the older one; a closed account's link is none.
    let older = Pages::invite(&owner, "kim", &["reader"]);
    let newer = Pages::invite(&owner, "kim", &["reader"]);
    assert_eq!((pages.from(6).get(&older).status, pages.from(6).get(&newer).status), (400, 200));
    assert_eq!(owner.post("/accounts/kim", &[("role", "reader"), ("open", "no")]).status, 303);
    assert_eq!(pages.from(6).get(&newer).status, 400);
    assert!(!pages.log().contains(secret), "the log holds a link");
    let late = Pages::invite(&owner, "lee", &["reader"]);

    // Eight days later.
    pages.end();
    let tessera = std::mem::replace(&mut pages.tessera, crate::runner::Tessera::on_samples());
    let later = Pages::of(tessera, "", &["--as-at", "2026-12-05T09:00:00Z"]);
    assert_eq!(later.from(2).get(&late).status, 400, "a link holds for a week");
    assert_eq!(later.from(2).post(&late, &[("password", PASSWORD)]).status, 400);
    assert!(later.first_link.is_none(), "there is somebody who can sign in");
    assert_eq!(later.from(3).sign_in("ada", PASSWORD).status, 303);
}
