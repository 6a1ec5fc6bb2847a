//! What somebody has written into a form in Mosaic, shown on a page and in a file; and that it was seen.

#![expect(clippy::string_slice, reason = "what is cut off here ends with a character of one byte")]

use std::fs;
use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};

use super::{Answer, Pages, REQUEST, SITTING, Somebody};
use crate::runner::{Tessera, repository};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
const TEXTS: [&str; 7] =
    [SCRIPT, "=HYPERLINK(\"http://elsewhere.example\",\"x\")", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1"];

/// As an export has it. Markup of Mosaic's editor is taken out of long answers: the script comes as text in it.
fn escaped(text: &str) -> String {
    let text = text.replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\t', "&#9;");
    text.replace('\r', "&#13;")
}

/// The samples with hostile text in every answer, title, role and file name; read, and served.
fn served() -> Pages {
    let tessera = Tessera::on_samples();
    let folder = tessera.path("exports/lincolnshire");
    let export = fs::read_to_string(folder.join("c0343.xml")).unwrap();
    let mut hostile = String::new();
    let mut texts = TEXTS.iter().cycle();
    for (number, part) in export.split("TEXT\">").enumerate() {
        let rest = if number == 0 { part } else { &part[part.find('<').unwrap()..] };
        if number > 0 {
            hostile.push_str("TEXT\">");
            hostile.push_str(&escaped(texts.next().unwrap()));
        }
        hostile.push_str(rest);
    }
    fs::remove_file(folder.join("c0343.xml")).unwrap();
    fs::write(folder.join("c0343'><img src=x onerror=alert(1)>.xml"), hostile).unwrap();
    for (file, old) in
        [("documents.csv", "Chronology of Sample Child-1"), ("documents.csv", "Genogram/Eco-Map of Sample Child-1")]
    {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(old));
        fs::write(folder.join(file), text.replace(old, &format!("\"{}\"", SCRIPT.replace('"', "\"\"")))).unwrap();
    }
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!([0, 3].contains(&ran.code), "{}", ran.all());
    Pages::of(tessera, "help = \"<script>alert(1)</script> desk\"", &[])
}

/// Every tag of a page with its attributes, as a browser reads them.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "!/".contains(*c)).collect();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let key: String = rest.chars().take_while(|c| !c.is_whitespace() && !"=>".contains(*c)).collect();
            rest = &rest[key.len()..];
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix('=') {
                let quoted =
                    after.strip_prefix('"').unwrap_or_else(|| panic!("an attribute without quotes: {key} {after:.60}"));
                let end = quoted.find('"').unwrap();
                quoted[..end].clone_into(&mut value);
                rest = &quoted[end + 1..];
            } else if key.is_empty() {
                rest = &rest[1..];
            }
            attributes.push((key, value));
        }
        found.push((name.to_lowercase(), attributes));
    }
    found
}

/// That nothing of a page runs, is styled or is fetched but from our own files.
fn is_harmless(address: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.split("; ").any(|own| own == directive), "{address}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{address}: {policy}");
    assert_eq!(
        (answer.header("x-content-type-options"), answer.header("x-frame-options")),
        ("nosniff", "DENY"),
        "{address}"
    );
    assert_eq!(
        (answer.header("referrer-policy"), answer.header("cross-origin-opener-policy")),
        ("same-origin", "same-origin"),
        "{address}"
    );
    let is_asset = address.starts_with("/assets/") && answer.status == 200;
    assert!(is_asset || answer.header("cache-control") == "no-store", "{address} {}", answer.header("cache-control"));
    if !answer.header("content-type").starts_with("text/html") {
        return;
    }
    let text = answer.text();
    assert!(!text.contains(SCRIPT) && !text.contains("<img"), "{address}");
    for (name, attributes) in tags(&text) {
        assert!(
            !["style", "iframe", "object", "embed", "base", "img", "template"].contains(&name.as_str()),
            "{address}: <{name}>"
        );
        let own = |key: &str| attributes.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str());
        assert!(
            name != "script" || own("src").is_some_and(|src| src.starts_with("/assets/")),
            "{address}: a script that stands in the page"
        );
        for (key, value) in &attributes {
            assert!(!key.to_lowercase().starts_with("on") && key != "style", "{address}: {name} {key}");
            let leads = ["href", "src", "action", "formaction"].contains(&key.as_str());
            assert!(!leads || value.starts_with(['/', '#']) && !value.starts_with("//"), "{address}: {key}={value}");
        }
    }
}

/// Looks at a page, which shows hostile text as text.
fn looks(own: &Somebody, address: &str, shows: bool) -> Answer {
    let answer = own.get(address);
    assert_eq!(answer.status, 200, "{address}: {}", answer.heading());
    is_harmless(address, &answer);
    let shown = answer.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;")
        || answer.text().contains("&lt;img src=x onerror");
    assert!(!shows || shown, "{address} does not show it");
    answer
}

fn decide(own: &Somebody, kim: &Somebody) {
    let address = format!("/outcomes/{SITTING}");
    let mut fields = vec![
        ("submission-0", "lincolnshire-700001"),
        ("person-0", "100001"),
        ("seen-0", "0"),
        ("decision-0", "not-agreed"),
        ("field-worried-about-0", SCRIPT),
        ("field-needs-to-happen-0", TEXTS[1]),
        ("field-working-well-0", TEXTS[2]),
        ("field-timescales-0", TEXTS[4]),
        ("step", "check"),
    ];
    for step in ["check", "change"] {
        fields.last_mut().unwrap().1 = step;
        let answer = own.post(&address, &fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        is_harmless(&address, &answer);
        assert!(answer.text().contains("&lt;script&gt;alert(1)"), "{step}");
    }
    fields[0].1 = SCRIPT;
    let refused = own.post(&address, &fields);
    is_harmless(&address, &refused);
    fields[0].1 = "lincolnshire-700001";
    fields.last_mut().unwrap().1 = "record";
    assert_eq!(own.post(&address, &fields).status, 303);
    looks(kim, "/outcomes/waiting", true);
    let approved = kim.post("/outcomes/approve", &[("seen", "100001:2026-12-02:1:lincolnshire-700001")]);
    assert!(approved.text().contains("Approved: 1 request"), "{}", approved.text());
    is_harmless("/outcomes/approve", &approved);
}

fn keeps_papers(own: &Somebody) {
    let paper = fs::read(repository().join("samples/packs/lincolnshire-700002/Case chronology.pdf")).unwrap();
    let address = "/requests/lincolnshire-700002/pack";
    let answer = own.upload(
        address,
        &[(b"'><img src=x onerror=alert(1)>.pdf", &paper), (b"<script>alert(1)<script>.pdf", b"%PDF-1.4")],
    );
    assert_eq!(answer.status, 200);
    is_harmless(address, &answer);
    let text = answer.text();
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;.pdf"), "{text}");
    let keep =
        text.split("action=\"").find_map(|part| part.split('"').next().filter(|action| action.ends_with("/keep")));
    assert_eq!(own.post(keep.unwrap_or_else(|| panic!("{text}")), &[]).status, 303);
    looks(own, "/requests/lincolnshire-700002", true);
}

fn no_formula(address: &str, answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{address}");
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\""), "{address}");
    is_harmless(address, &answer);
    let mut book = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    let mut all = String::new();
    for sheet in book.sheet_names() {
        let formulas = book.worksheet_formula(&sheet).unwrap();
        assert_eq!(formulas.used_cells().count(), 0, "{address} {sheet}");
        for (_, _, cell) in book.worksheet_range(&sheet).unwrap().used_cells() {
            if let Data::String(text) = cell {
                all.push_str(text);
                all.push('\n');
            }
        }
    }
    all
}

#[test]
fn what_is_written_in_a_form_runs_nowhere_and_whoever_sees_it_is_in_the_trail() {
    let pages = served();
    let owner = pages.owner();
    let kim = pages.with(&owner, 3, "kim", &["approver"]);
    // Names that begin as a formula does, and an account in whose name the trail is filled.
    let sam = pages.with(&owner, 4, "-sam+1", &["administrator"]);
    let page = looks(&sam, REQUEST, true).text();
    for text in TEXTS {
        let text = text.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.contains(&text), "{text} is not on the page: {page}");
    }
    decide(&sam, &kim);
    keeps_papers(&sam);
    answers_for_a_finding(&sam);
    every_page(&owner);
    questions_and_mistakes(&pages, &owner);
    files(&owner);
    seen_is_in_the_trail(&pages, &owner);
}

/// Answers for the first finding that blocks, with a reason that is a script.
fn answers_for_a_finding(sam: &Somebody) {
    let list = sam.get("/requests").text();
    let mut addresses = list.split("href=\"").filter_map(|part| part.split('"').next());
    let is_one =
        |address: &&str| address.starts_with("/requests/") && sam.get(address).text().contains("<select id=\"finding-");
    let address = addresses.find(is_one).expect("a request has a finding that blocks");
    let page = looks(sam, address, false).text();
    let first = |list: &str| {
        let options = page.split(&format!("<select id=\"{list}-")).nth(1).unwrap();
        options.split("option value=\"").nth(1).unwrap().split('"').next().unwrap()
    };
    let until = page.split("<input id=\"until-").nth(1).unwrap().split(" value=\"").nth(1).unwrap();
    let until = until.split('"').next().unwrap();
    let waiver = [("finding", first("finding")), ("role", first("role")), ("reason", SCRIPT), ("until", until)];
    let answer = sam.post(&format!("{address}/waive"), &waiver);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(looks(sam, address, true).text().contains("Answered for"));
}

fn every_page(owner: &Somebody) {
    for address in [
        "/",
        "/sittings",
        &format!("/sittings/{SITTING}"),
        "/panels",
        "/panels/lincolnshire/support-panel",
        "/explain/document-missing",
        "/requests",
        "/search",
        "/outcomes",
        &format!("/outcomes/{SITTING}"),
        "/outcomes/of/lincolnshire-700001",
        "/write-backs",
        "/duties",
        "/trackers",
        "/figures",
        "/figures/periods",
        "/figures/periods?panel=lincolnshire/support-panel&by=month",
        "/mappings",
        "/quarantine?all=yes",
        "/audit",
        "/accounts",
        "/accounts/kim",
        "/account",
        "/help",
        "/accessibility",
        &format!("{REQUEST}/pack"),
        "/quarantine/1",
    ] {
        looks(owner, address, false);
    }
}

fn questions_and_mistakes(pages: &Pages, owner: &Somebody) {
    for parameter in ["for", "panel", "person", "subject", "actor", "then", "done", "after", "state", "from"] {
        for address in [
            "/search",
            "/requests",
            "/audit",
            "/sign-in",
            "/write-backs",
            "/quarantine",
            "/outcomes",
            "/outcomes/waiting",
            "/sittings",
            "/figures",
            "/figures/periods",
        ] {
            let answer = owner.get(&format!("{address}?{parameter}={}", super::encoded(SCRIPT)));
            is_harmless(&format!("{address}?{parameter}"), &answer);
        }
    }
    for (name, password) in [(SCRIPT, SCRIPT), (SCRIPT, "")] {
        let answer = pages.from(9).sign_in(name, password);
        is_harmless("/sign-in", &answer);
        assert!(answer.text().contains("&lt;script&gt;"));
    }
    let style = pages.from(9).get("/sign-in").text();
    let asset = style.split('"').find(|part| part.ends_with("tessera.css")).unwrap().to_owned();
    for address in [asset.as_str(), "/none", "/requests/none", "/search?for=%3Cscript%3E"] {
        is_harmless(address, &owner.get(address));
    }
    is_harmless("POST", &owner.post("/accounts", &[("name", SCRIPT), ("role", SCRIPT)]));
}

/// In no file a text becomes a formula.
fn files(owner: &Somebody) {
    let mut texts = String::new();
    for file in ["agenda.xlsx", "matrix.xlsx", "outcomes.xlsx"] {
        let address = format!("/sittings/{SITTING}/{file}");
        texts.push_str(&no_formula(&address, owner.get(&address)));
    }
    no_formula("/figures.xlsx", owner.get("/figures.xlsx"));
    for address in ["/figures/periods.xlsx", "/figures/periods.xlsx?share=yes&by=month"] {
        no_formula(address, owner.get(address));
    }
    let answer = owner.get("/figures/pre-proceedings.csv");
    is_harmless("/figures/pre-proceedings.csv", &answer);
    assert!(answer.text().starts_with("prep_table_id,prep_person_id,"), "{}", answer.text());
    assert!(
        texts.contains(TEXTS[1]) && texts.contains(TEXTS[4]) && texts.contains(SCRIPT),
        "the texts that this is about stand in no file"
    );
    let answer = owner.post("/audit/export", &[]);
    is_harmless("/audit/export", &answer);
    let mut csv = csv::Reader::from_reader(answer.bytes.as_slice());
    let cells: Vec<String> =
        csv.records().flat_map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect::<Vec<_>>()).collect();
    assert!(cells.iter().any(|cell| cell == "'-sam+1"), "the account's name stands in the trail as text");
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
    let calendar = owner.get(&format!("/sittings/{SITTING}/sitting.ics"));
    assert!(calendar.status == 200 && !calendar.text().contains("Child"));
}

/// Every page of a child's record, and what stands in the trail once it was shown.
fn seen_is_in_the_trail(pages: &Pages, owner: &Somebody) {
    let written: String = pages
        .ledger()
        .query_row("SELECT id FROM write_back WHERE submission = 'lincolnshire-700001' LIMIT 1", [], |row| row.get(0))
        .unwrap();
    let (write_back, subject) = (format!("/write-backs/{written}"), format!("write-back {written}"));
    let sitting = format!("/sittings/{SITTING}");
    let panel = "lincolnshire/support-panel";
    let all = [
        (REQUEST.to_owned(), "viewed", "lincolnshire-700001"),
        (format!("{REQUEST}/pack"), "viewed", "lincolnshire-700001"),
        ("/outcomes/of/lincolnshire-700001".to_owned(), "viewed", "lincolnshire-700001"),
        (write_back, "viewed", &subject),
        (sitting.clone(), "viewed", ""),
        (format!("{sitting}/agenda.xlsx"), "viewed", ""),
        (format!("{sitting}/matrix.xlsx"), "viewed", ""),
        (format!("{sitting}/outcomes.xlsx"), "workbook-written", panel),
        (format!("/outcomes/{SITTING}"), "outcome-form-shown", panel),
        ("/duties".to_owned(), "viewed", "duties"),
        ("/requests".to_owned(), "viewed", "list of requests"),
        ("/outcomes".to_owned(), "viewed", "list of outcomes"),
        ("/write-backs".to_owned(), "viewed", "list of write-backs"),
        ("/figures/pre-proceedings.csv".to_owned(), "viewed", "pre-proceedings"),
        ("/search?for=lincolnshire-70".to_owned(), "searched", ""),
    ];
    for (address, action, subject) in &all {
        let before = pages.latest();
        assert_eq!(owner.get(address).status, 200, "{address}");
        let told = pages.trail(before);
        let is_it = |(actor, own, about): &(String, String, String)| {
            actor.ends_with(":ada") && own == action && (subject.is_empty() || about == subject)
        };
        assert!(told.iter().any(is_it), "{address}: {told:?}");
        let roles = ["reader", "administrator", "approver", "systems"];
        assert!(told.iter().all(|(actor, ..)| roles.contains(&actor.split(':').next().unwrap())), "{told:?}");
    }
    // What cannot be audited is not shown, and nobody comes in.
    pages
        .ledger()
        .execute_batch("CREATE TRIGGER no_trail BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END")
        .unwrap();
    for (address, ..) in &all {
        let answer = owner.get(address);
        assert_eq!(answer.status, 500, "{address}");
        for word in ["100001", "700001", "alert(1)&lt;"] {
            assert!(!answer.text().contains(word), "{address} shows {word}");
        }
    }
    let answer = owner.upload(&format!("{REQUEST}/pack"), &[(b"paper.pdf", b"%PDF-1.4")]);
    assert!(answer.text().contains("The papers could not be checked"), "{}", answer.text());
    assert_eq!(owner.post("/audit/export", &[]).status, 500);
    assert_eq!(pages.from(5).sign_in("kim", super::PASSWORD).status, 500);
    pages.ledger().execute_batch("DROP TRIGGER no_trail").unwrap();
    assert_eq!(owner.get(REQUEST).status, 200);
}
