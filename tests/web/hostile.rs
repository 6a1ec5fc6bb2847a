//! Addresses, headers and fields that no page of ours has: other people's children, other sites, other answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HOST, ORIGIN};

use super::{PASSWORD, Pages, REQUEST, SITTING, Somebody, rehearsed};

/// What is answered to bytes that no client library sends.
fn raw(pages: &Pages, text: &str) -> String {
    let mut stream = TcpStream::connect(pages.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut said = Vec::new();
    drop(stream.read_to_end(&mut said));
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn no_address_and_no_header_leads_elsewhere() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    pages.with(&owner, 3, "sam", &["reader"]);
    let elsewhere = [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: tessera=planted",
        "/\r\n\r\n<script>alert(1)</script>",
        "/\0",
        "/\u{7f}",
        " //elsewhere.example",
        "https:elsewhere.example",
    ];
    for (host, then) in (20..).zip(elsewhere) {
        let nobody = pages.from(host);
        // Four tries of an account are counted for each address and each account: each has its own.
        let name = format!("name-{host}");
        let own = pages.with(&owner, host, &name, &["reader"]);
        assert_eq!(own.post("/sign-out", &[]).status, 303);
        let answer = nobody.post("/sign-in", &[("name", &name), ("password", PASSWORD), ("then", then)]);
        assert_eq!((answer.status, answer.location()), (303, "/"), "{then:?}");
        assert!(!format!("{:?}", answer.headers).contains("planted"), "{then:?}");
        let shown = nobody.get(&format!("/sign-in?then={}", super::encoded(then))).text();
        assert!(!shown.contains("elsewhere") && !shown.contains("javascript:"), "{then:?}");
    }
    let answer =
        pages.from(40).post("/sign-in", &[("name", "sam"), ("password", PASSWORD), ("then", "/requests?all=yes")]);
    assert_eq!(answer.location(), "/requests?all=yes", "a page of ours is one");

    hosts(&pages, &owner);
    methods(&pages, &owner);
    rubbish(&pages);
    assert!(owner.is_in(), "the pages go on");
}

/// By no other name than their own.
fn hosts(pages: &Pages, owner: &Somebody) {
    let own_host = pages.url.strip_prefix("http://").unwrap();
    for host in [
        "elsewhere.example",
        "127.0.0.1",
        &format!("{own_host}.elsewhere.example"),
        &format!("x@{own_host}"),
        "localhost",
        "",
    ] {
        let answer = owner.send(owner.ask(Method::GET, "/").header(HOST, host));
        assert_eq!(answer.status, 400, "{host}");
        assert!(host.len() < 5 || !answer.text().contains(host), "{host}");
    }
    for name in ["x-forwarded-host", "x-original-url", "x-rewrite-url", "forwarded", "x-host"] {
        let answer = owner.send(owner.ask(Method::GET, "/").header(name, "elsewhere.example"));
        assert!(answer.status == 200 && !answer.text().contains("elsewhere"), "{name}");
    }
    let link = owner.send(
        owner
            .ask(Method::POST, "/accounts")
            .header(ORIGIN, &pages.url)
            .header("x-forwarded-host", "elsewhere.example")
            .form(&[("csrf", owner.csrf.borrow().as_str()), ("name", "lee"), ("role", "reader")]),
    );
    assert!(link.text().contains(&format!("{}/invitation/", pages.url)), "a link leads here");
}

/// What is asked for by one method is done by no other.
fn methods(pages: &Pages, owner: &Somebody) {
    let own_host = pages.url.strip_prefix("http://").unwrap();
    let before = pages.latest();
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let answer =
            owner.send(owner.ask(Method::GET, "/accounts?_method=POST&name=mallory&role=systems").header(name, "POST"));
        assert_eq!(answer.status, 200);
    }
    for method in ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND", "FOO"] {
        let said = raw(
            pages,
            &format!(
                "{method} /accounts HTTP/1.1\r\nHost: {own_host}\r\nConnection: close\r\nX-Secret: sent-back\r\nConnection: close\r\n\r\n"
            ),
        );
        let status = said.split(' ').nth(1).unwrap_or_default();
        assert!(["303", "400", "401", "403", "404", "405"].contains(&status), "{method}: {said}");
        assert!(!said.contains("sent-back") && !said.to_lowercase().contains("access-control"), "{method}: {said}");
        if let Ok(method) = Method::from_bytes(method.as_bytes())
            && method != Method::CONNECT
        {
            assert!(
                [403, 404]
                    .contains(&owner.send(owner.ask(method.clone(), "/accounts").header(ORIGIN, &pages.url)).status),
                "{method}"
            );
        }
    }
    assert_eq!(pages.trail(before), []);
}

/// What no browser sends.
fn rubbish(pages: &Pages) {
    let own_host = pages.url.strip_prefix("http://").unwrap();
    let long = "a".repeat(200_000);
    for request in [
        format!("GET /{long} HTTP/1.1\r\nHost: {own_host}\r\nConnection: close\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {own_host}\r\nConnection: close\r\nCookie: {long}{long}{long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {own_host}\r\nConnection: close\r\n{}\r\n", "X-A: b\r\n".repeat(2_000)),
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        "rubbish\r\n\r\n".to_owned(),
        format!(
            "POST /sign-in HTTP/1.1\r\nHost: {own_host}\r\nConnection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ] {
        let said = raw(pages, &request);
        let status = said.split(' ').nth(1).unwrap_or_default();
        assert!(said.is_empty() || status.starts_with('4'), "{}: {said}", request.get(..60).unwrap_or(&request));
        assert!(!said.to_lowercase().contains("\r\nserver:") && !said.contains("hyper"), "{said}");
    }
}

#[test]
fn another_childs_page_is_no_page() {
    let tessera = rehearsed();
    // An authority that is served no longer, though its requests are still in the ledger.
    let text = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let parts: Vec<&str> = text.split("[[authority]]").collect();
    let kept: Vec<&str> = parts.into_iter().filter(|part| !part.contains("name = \"lambeth\"")).collect();
    tessera.write("tessera.toml", kept.join("[[authority]]"));
    let pages = Pages::of(tessera, "", &[]);
    let owner = pages.owner();
    let ledger = pages.ledger();
    let one = |sql: &str| ledger.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let gone = one("SELECT id FROM submission WHERE authority = 'lambeth' LIMIT 1");
    let written = one("SELECT id FROM write_back WHERE authority = 'lambeth' LIMIT 1");
    let decided = one("SELECT submission FROM outcome WHERE panel LIKE 'lambeth/%' LIMIT 1");
    let before = pages.latest();
    let addresses = [
        format!("/requests/{gone}"),
        format!("/requests/{gone}/pack"),
        format!("/outcomes/of/{decided}"),
        format!("/write-backs/{written}"),
        "/panels/lambeth/crp".to_owned(),
        "/sittings/lambeth/crp/2026-12-03".to_owned(),
        "/sittings/lambeth/crp/2026-12-03/matrix.xlsx".to_owned(),
        "/outcomes/lambeth/crp/2026-12-03".to_owned(),
        "/sittings/lambeth/crp/2026-12-03/outcomes.xlsx".to_owned(),
    ];
    for address in &addresses {
        let answer = owner.get(address);
        assert_eq!(answer.status, 404, "{address} {}", answer.heading());
        assert!(!answer.text().contains("lambeth"), "{address}");
    }
    for address in [format!("/requests/{gone}/facts"), format!("/requests/{gone}/waive")] {
        let fields = [
            ("fact-x", "yes"),
            ("finding", "document-missing:x"),
            ("role", "team-manager"),
            ("reason", "x"),
            ("until", "2026-12-31"),
        ];
        let answer = owner.post(&address, &fields);
        assert!((400..500).contains(&answer.status), "{address} {}", answer.status);
    }
    assert!(pages.trail(before).iter().all(|(_, action, subject)| action != "viewed" || !subject.contains("lambeth")));

    ids(&pages, &owner);
    queries(&owner.at(&pages, 90));
}

/// Ids that nothing has.
fn ids(pages: &Pages, owner: &Somebody) {
    let long = "9".repeat(30_000);
    let ids = [
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%2flincolnshire-700001",
        "lincolnshire-700001%2f..",
        "lincolnshire-700001%00",
        "lincolnshire-70000%25",
        "lincolnshire-7000_1",
        "%F0%9F%A7%92",
        "%ff%fe",
        "LINCOLNSHIRE-700001",
        "lincolnshire-700001%20",
        "1%27%20OR%20%271%27=%271",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "-1",
        "null",
        "undefined",
        &long,
    ];
    for (host, id) in (60..).zip(ids) {
        let owner = owner.at(pages, host);
        for address in [
            format!("/requests/{id}"),
            format!("/requests/{id}/pack"),
            format!("/outcomes/of/{id}"),
            format!("/write-backs/{id}"),
            format!("/quarantine/{id}"),
            format!("/accounts/{id}"),
            format!("/explain/{id}"),
            format!("/panels/{id}/{id}"),
            format!("/sittings/{id}/{id}/2026-12-02"),
            format!("/sittings/lincolnshire/support-panel/{id}"),
            format!("/sittings/{SITTING}/{id}"),
            format!("/sittings/{id}/support-panel/2026-12-02/agenda.xlsx"),
            format!("/assets/{id}/{id}"),
            format!("/outcomes/{SITTING}{id}"),
        ] {
            let answer = owner.get(&address);
            // Longer than any address may be: refused before anybody looks at it.
            let expected = answer.status == 404 || id.len() > 1_000 && answer.status == 414;
            assert!(expected, "{} {}", address.get(..80).unwrap_or(&address), answer.status);
            assert!(!answer.text().contains("<script>alert") && answer.text().len() < 20_000, "{address}");
        }
    }
}

/// Questions that no page asks.
fn queries(owner: &Somebody) {
    for query in [
        "?after=%00",
        "?after=x",
        "?from=tomorrow",
        "?panel=../..",
        "?person=%F0%9F%A7%92",
        "?state=none",
        "?date=x",
        "?panel=a&panel=b",
        "?%ff=%ff",
        "?after=99999999999999999999999",
    ] {
        for page in [
            "/requests",
            "/outcomes",
            "/outcomes/waiting",
            "/write-backs",
            "/quarantine",
            "/audit",
            "/sittings",
            "/figures",
            "/search",
            "/figures.xlsx",
            "/figures/periods",
            "/figures/periods.xlsx",
            "/sign-in",
        ] {
            let answer = owner.get(&format!("{page}{query}"));
            assert!(answer.status < 500 && answer.status != 429, "{page}{query} {}", answer.status);
            assert!(answer.header("content-type") != "text/plain; charset=utf-8", "{page}{query}: {}", answer.text());
        }
    }
}

/// The form of a sitting with one row filled in.
fn fields<'f>(
    submission: &'f str,
    person: &'f str,
    seen: &'f str,
    what: &'f str,
    step: &'f str,
) -> Vec<(&'f str, &'f str)> {
    vec![
        ("submission-0", submission),
        ("person-0", person),
        ("seen-0", seen),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", what),
        ("field-needs-to-happen-0", what),
        ("step", step),
    ]
}

#[test]
fn a_form_that_was_changed_on_the_way_records_nothing() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let (sam, alex) =
        (pages.with(&owner, 3, "sam", &["administrator"]), pages.with(&owner, 4, "alex", &["administrator"]));
    let kim = pages.with(&owner, 5, "kim", &["approver"]);
    let address = format!("/outcomes/{SITTING}");
    let recorded = || pages.ledger().query_row("SELECT count(*) FROM outcome", [], |row| row.get::<_, u32>(0)).unwrap();
    let before = recorded();
    for (submission, person, seen) in [
        ("lincolnshire-700001", "100002", "0"),
        ("lincolnshire-700001", "100001", "999"),
        ("lincolnshire-700001", "-1", "0"),
        ("lambeth-720001", "120001", "0"),
        ("lincolnshire-none", "100001", "0"),
        ("../lincolnshire-700001", "100001", "0"),
        ("lincolnshire-700001", "100001' OR 1=1 --", "0"),
    ] {
        for step in ["record", "check"] {
            let answer = sam.post(&address, &fields(submission, person, seen, "Somebody said so", step));
            assert_eq!(answer.status, 422, "{submission} {person} {seen} {step}");
        }
    }
    let mut forged = fields("lincolnshire-700001", "100001", "0", "x", "record");
    forged[3].1 = "approved";
    assert_eq!(sam.post(&address, &forged).status, 422);
    for other in ["lincolnshire/support-panel/2026-12-03", "lambeth/crp/2026-12-02", "lincolnshire/none/2026-12-02"] {
        let answer =
            sam.post(&format!("/outcomes/{other}"), &fields("lincolnshire-700001", "100001", "0", "x", "record"));
        assert!((400..500).contains(&answer.status), "{other} {}", answer.status);
    }
    for seen in
        ["100001:2026-12-02:1:lincolnshire-700001", "x", "::::", "100001:2026-12-02:99999999999:lincolnshire-700001"]
    {
        assert_eq!(kim.post("/outcomes/approve", &[("seen", seen)]).status, 200, "{seen}");
    }
    assert_eq!(recorded(), before);

    // Two people have the form open: the second is told, and what the first has recorded stays.
    for own in [&sam, &alex] {
        assert!(own.get(&address).text().contains("name=\"seen-0\" value=\"0\""));
    }
    let answer = sam.post(&address, &fields("lincolnshire-700001", "100001", "0", "What Sam says", "record"));
    assert_eq!(answer.status, 303, "{}", answer.text());
    let answer = alex.post(&address, &fields("lincolnshire-700001", "100001", "0", "What Alex says", "record"));
    assert_eq!(answer.status, 422);
    let said = answer.text();
    assert!(said.contains("recorded revision 1") && said.contains("sam") && said.contains("What Alex says"), "{said}");
    let shown = sam.get("/outcomes/of/lincolnshire-700001").text();
    assert!(shown.contains("What Sam says") && !shown.contains("What Alex says"));
    // And what was approved as seen is nothing that came later.
    let seen = "100001:2026-12-02:1:lincolnshire-700001";
    assert_eq!(
        alex.post(&address, &fields("lincolnshire-700001", "100001", "1", "What Alex says", "record")).status,
        303
    );
    let answer = kim.post("/outcomes/approve", &[("seen", seen)]);
    assert!(answer.text().contains("Not approved"), "{}", answer.text());
    let state = "SELECT count(*) FROM outcome WHERE submission = 'lincolnshire-700001' AND state = 'approved'";
    assert_eq!(pages.ledger().query_row(state, [], |row| row.get::<_, u32>(0)).unwrap(), 0);
}

/// What a name, a date of birth and an answer of the samples look like.
const SECRETS: [&str; 5] = ["Sample Child", "Sample%20Child", "Sample+Child", "Synthetic reason", "2016-03-14"];

fn asks_for_secrets(own: &Somebody) {
    for text in ["Sample Child-1", "Child-1", "14/03/2016", "2016-03-14", "14.03.2016", "14 March 2016"] {
        let answer = own.post("/search", &[("for", text)]);
        assert_eq!((answer.status, answer.location()), (200, ""), "{text} stands in an address");
    }
    for text in ["100001", "lincolnshire-70", "TES-AAAA"] {
        assert_eq!(own.post("/search", &[("for", text)]).status, 303, "{text}");
    }
}

#[test]
fn what_stands_beside_the_pages_holds_no_child() {
    let mut pages = Pages::serve("");
    let owner = pages.owner();
    asks_for_secrets(&owner);
    assert!(owner.get(REQUEST).text().contains("Synthetic reason"), "the page shows the answers");
    let answer = owner.post(&format!("{REQUEST}/facts"), &[("fact-Sample Child", "yes")]);
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let waiver = [
        ("finding", "document-missing:x"),
        ("role", "Sample Child"),
        ("reason", "Sample Child"),
        ("until", "2026-12-31"),
    ];
    assert!((400..500).contains(&owner.post(&format!("{REQUEST}/waive"), &waiver).status));
    owner.post(
        &format!("/outcomes/{SITTING}"),
        &fields("lincolnshire-700001", "100001", "0", "Synthetic reason of Sample Child", "record"),
    );
    let answer = owner.send(
        owner
            .ask(Method::POST, "/sign-in")
            .header(ORIGIN, &pages.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("name=Sample%20Child&%zz=%ff&then=Sample+Child"),
    );
    assert!(answer.status < 500);
    for address in [
        "/none",
        "/requests/none",
        "/assets/x/../../Cargo.toml",
        "/assets",
        "/assets/",
        "/assets/x/",
        "/.git/config",
        "/tessera.toml",
        "/state/rehearsal/ledger.db",
        "/server-status",
        "/actuator",
        "/debug",
        "/metrics",
    ] {
        let answer = owner.get(address);
        assert_eq!(answer.status, 404, "{address}");
        for word in ["tessera.toml", "panicked", "src/", ".rs:", "SELECT", "sqlite", "axum", env!("CARGO_PKG_VERSION")]
        {
            assert!(!answer.text().contains(word), "{address}: {word}");
        }
        assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("x-powered-by"));
    }
    pages.end();
    let log = pages.log();
    assert!(log.contains("TRACE"), "nothing was logged");
    let trail = format!("{:?}", pages.trail(0));
    for secret in SECRETS {
        assert!(!log.contains(secret), "the log holds “{secret}”");
        assert!(!trail.contains(secret), "the trail holds “{secret}”");
    }
}
