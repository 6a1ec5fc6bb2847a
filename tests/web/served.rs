//! A ledger that still holds what is of an authority that is served no more.

use std::fs;

use super::{Pages, rehearsed};

#[test]
fn what_is_of_an_authority_that_is_served_no_more_is_in_no_list() {
    let tessera = rehearsed();
    let config = fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let mut parts = config.split("[[authority]]\n");
    let head = parts.next().unwrap().to_owned();
    let kept: Vec<&str> = parts.filter(|part| !part.starts_with("name = \"lambeth\"")).collect();
    assert_eq!(kept.len(), 4);
    tessera.write("tessera.toml", format!("{head}[[authority]]\n{}", kept.join("[[authority]]\n")));
    let pages = Pages::of(tessera, "", &[]);
    let owner = pages.owner();
    let count = |sql: &str| pages.ledger().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(count("SELECT count(*) FROM outcome WHERE panel LIKE 'lambeth/%'") > 0, "the ledger still holds it");
    assert!(count("SELECT count(*) FROM write_back WHERE authority = 'lambeth'") > 0);
    for list in ["/requests", "/outcomes", "/write-backs", "/outcomes/waiting"] {
        let mut address = Some(list.to_owned());
        while let Some(asked) = address {
            let text = owner.get(&asked).text();
            assert!(!text.contains("lambeth-") && !text.contains("lambeth/"), "{asked}");
            let next = text.split("href=\"").filter_map(|part| part.split_once("\" rel=\"next\"")).next();
            address = next.map(|(next, _)| next.replace("&amp;", "&"));
        }
    }
    let reference: String = pages
        .ledger()
        .query_row("SELECT payload ->> '$.reference' FROM write_back WHERE authority = 'lambeth' LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(owner.get(&format!("/search?for={reference}")).text().contains("Nothing fits"));
}
