//! Pages asked for by whoever may not see them, and forms that came from elsewhere.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};

use super::{Pages, REQUEST, SITTING, Somebody, multipart};

/// One line of the table.
struct Route {
    roles: Vec<&'static str>,
    address: String,
    gets: bool,
    posts: bool,
}

fn routes() -> Vec<Route> {
    let lines = include_str!("routes.tsv").lines().filter(|line| !line.starts_with('#'));
    let route = |line: &'static str| {
        let [roles, pattern, methods] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let sitting: Vec<&str> = SITTING.split('/').collect();
        let mut address = pattern.to_owned();
        for (part, value) in [
            ("{authority}", sitting[0]),
            ("{panel}", sitting[1]),
            ("{date}", sitting[2]),
            ("{file}", "agenda.xlsx"),
            ("{code}", "document-missing"),
            ("{name}", "ada"),
            ("{what}", "hold"),
            ("/requests/{id}", REQUEST),
            ("/outcomes/of/{id}", "/outcomes/of/lincolnshire-700001"),
            ("{id}", "1"),
            ("{upload}", "none"),
            ("{tracker}", "section-20"),
        ] {
            address = address.replace(part, value);
        }
        let has = |method: &str| methods.split(' ').any(|one| one == method);
        Route { roles: roles.split(' ').collect(), address, gets: has("get"), posts: has("post") }
    };
    lines.map(route).filter(|route| route.roles != ["anybody"]).collect()
}

const FORBIDDEN: &str = "You may not do this";
const STALE: &str = "This form is out of date";

/// Every way in which somebody else's page could send a form in the name of whoever is signed in.
fn forged(own: &Somebody, other: &str, address: &str) -> Vec<(&'static str, u16, String)> {
    let token = own.csrf.borrow().clone();
    let own_fields = [("csrf", token.as_str()), ("name", "mallory"), ("role", "systems"), ("seen", "x")];
    let post = || own.ask(Method::POST, address);
    let all = [
        ("no token", post().header(ORIGIN, &own.url).form(&[("name", "mallory"), ("role", "systems")])),
        ("an empty token", post().header(ORIGIN, &own.url).form(&[("csrf", "")])),
        ("another session's token", post().header(ORIGIN, &own.url).form(&[("csrf", other)])),
        ("another site's page", post().header(ORIGIN, "http://elsewhere.example").form(&own_fields)),
        ("a page of no site", post().header(ORIGIN, "null").form(&own_fields)),
        ("another port's page", post().header(ORIGIN, "http://127.0.0.1:1").form(&own_fields)),
        ("Sec-Fetch-Site", post().header("sec-fetch-site", "cross-site").form(&own_fields)),
        ("a sister site", post().header("sec-fetch-site", "same-site").form(&own_fields)),
        (
            "plain text",
            post()
                .header(ORIGIN, &own.url)
                .header(CONTENT_TYPE, "text/plain")
                .body(format!("csrf={token}&name=mallory")),
        ),
        ("files without a token", own.multipart(address).body(multipart(None, &[(b"a.pdf", b"%PDF-1.4")]))),
    ];
    let answers = all.into_iter().map(|(how, request)| (how, own.send(request)));
    answers.map(|(how, answer)| (how, answer.status, answer.heading())).collect()
}

#[test]
fn nobody_sees_or_does_what_is_not_for_them() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let all = ["reader", "administrator", "approver", "systems"];
    let people: Vec<Somebody> =
        (10..).zip(all).map(|(host, role)| pages.with(&owner, host, &format!("only-{role}"), &[role])).collect();
    let nobody = pages.from(20);
    let before = pages.latest();
    for Route { roles, address, gets, posts } in routes() {
        let answer = nobody.get(&address);
        let sent = (answer.status, answer.location().split('?').next().unwrap());
        assert_eq!(sent, if gets { (303, "/sign-in") } else { (404, "") }, "GET {address}");
        assert!(!answer.text().contains("lincolnshire-7"), "{address}");
        let refused = if posts { 401 } else { 404 };
        assert_eq!(nobody.post(&address, &[("name", "x")]).status, refused, "POST {address}");
        for (role, own) in all.iter().zip(&people).filter(|(role, _)| !roles.contains(*role)) {
            // Everybody who is signed in reads.
            if roles.contains(&"reader") {
                continue;
            }
            let got = gets.then(|| own.get(&address));
            let fields = [("name", "x"), ("role", "systems"), ("reason", "x")];
            let posted = posts.then(|| own.post(&address, &fields));
            for answer in got.into_iter().chain(posted) {
                assert_eq!((answer.status, answer.heading().as_str()), (403, FORBIDDEN), "{role} {address}");
            }
        }
        // A method that the table does not name is none.
        if !posts {
            assert_eq!(owner.post(&address, &[]).status, 404, "POST {address}");
        }
        if !gets {
            assert_eq!(owner.get(&address).status, 404, "GET {address}");
        }
    }
    assert_eq!(pages.trail(before), []);

    // And whoever may, does see them: the table is no list of things that fail.
    for Route { roles, address, gets, .. } in routes() {
        for (role, own) in all.iter().zip(&people).filter(|(role, _)| roles.contains(*role)).take(1) {
            if gets {
                let answer = own.get(&address);
                let missing = ["/write-backs/1", "/quarantine/1", "/duties/1", "/outcomes/of/lincolnshire-700001"]
                    .contains(&address.as_str());
                assert!(
                    answer.status < 400 || missing && answer.status == 404 || address.ends_with(".ics"),
                    "{role} {address} {}",
                    answer.status
                );
            }
        }
    }
    assert!(pages.trail(before).iter().any(|(_, action, _)| action == "viewed"));
}

#[test]
fn no_form_of_another_site_or_session_is_taken() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let other = pages.with(&owner, 11, "other", &["systems"]).csrf.borrow().clone();
    let before = pages.latest();
    // What was filled in before the session was over is only shown again, and carries no token of this session.
    let changes = routes().into_iter().filter(|route| route.posts && route.address != "/again");
    for (host, Route { address, .. }) in (100..).zip(changes) {
        let owner = owner.at(&pages, host);
        let takes_files = ["/outcomes/upload", &format!("{REQUEST}/pack")].contains(&address.as_str());
        for (how, status, heading) in forged(&owner, &other, &address) {
            let is_wrong_kind = status == 400 && heading == "This cannot be done";
            let expected = match how {
                "plain text" | "files without a token" => is_wrong_kind || status == 403 && heading == STALE,
                _ if takes_files => is_wrong_kind || status == 403 && heading == STALE,
                _ => status == 403 && heading == STALE,
            };
            assert!(expected, "{address}, {how}: {status} {heading}");
        }
    }
    // What shows that files came from this session comes first.
    for address in ["/outcomes/upload", &format!("{REQUEST}/pack")] {
        let token = owner.csrf.borrow().clone();
        let (late, wrong) = (multipart(None, &[(b"a.pdf", b"%PDF-1.4")]), multipart(Some("x"), &[(b"a.pdf", b"%PDF")]));
        let late = [
            &late[..late.len() - 4],
            b"\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n",
            token.as_bytes(),
            b"\r\n--a-line-that-is-in-no-file--\r\n",
        ]
        .concat();
        for body in [late, wrong] {
            let answer = owner.send(owner.multipart(address).body(body));
            assert_eq!((answer.status, answer.heading().as_str()), (403, STALE), "{address}");
        }
        let answer = owner
            .send(owner.multipart(address).header("sec-fetch-site", "cross-site").body(multipart(Some(&token), &[])));
        assert_eq!(answer.heading(), STALE);
    }
    // Signing in somebody as somebody else, from another site.
    let nobody = pages.from(12);
    let form = [("name", "ada"), ("password", super::PASSWORD)];
    let answer =
        nobody.send(nobody.ask(Method::POST, "/sign-in").header(ORIGIN, "http://elsewhere.example").form(&form));
    assert_eq!((answer.status, answer.heading().as_str(), nobody.is_in()), (403, STALE, false));
    assert_eq!(pages.trail(before), []);
    assert_eq!(owner.post("/audit/verify", &[]).status, 200, "a form of our own is taken");
}
