//! The table of clauses in `mappings/README.md` is held to the panels' files.

use std::collections::BTreeSet;
use std::fs;

use crate::runner::repository;

/// A row of the table: a clause, and a table of a panel's file in which it lives.
struct Place {
    clause: String,
    panel: String,
    table: String,
}

fn places() -> Vec<Place> {
    let readme = fs::read_to_string(repository().join("mappings/README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with("Clauses with a time")).unwrap();
    let mut places = Vec::new();
    for row in section.lines().filter(|line| line.contains(": ") && line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [clause, _, where_it_lives] = *cells.as_slice() else { panic!("not a row: {row}") };
        for place in where_it_lives.split('`').filter(|text| text.contains(": ")) {
            let (panel, table) = place.split_once(": ").unwrap();
            let (clause, panel, table) = (clause.to_owned(), panel.to_owned(), table.to_owned());
            places.push(Place { clause, panel, table });
        }
    }
    places
}

fn file(panel: &str) -> toml::Table {
    let (authority, panel) = panel.split_once('/').unwrap();
    let path = repository().join(format!("mappings/{authority}/panels/{panel}.toml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).parse().unwrap()
}

#[test]
fn every_clause_with_a_time_lives_where_the_table_says() {
    let places = places();
    assert!(places.len() > 200, "{} places", places.len());
    for Place { clause, panel, table } in &places {
        let mut found = &toml::Value::Table(file(panel));
        for key in table.split('.') {
            found = found.get(key).unwrap_or_else(|| panic!("{panel} has no {table}"));
        }
        let cited = found.get("policy").and_then(toml::Value::as_str);
        assert_eq!(cited, Some(clause.as_str()), "{panel}: {table} cites another clause");
    }
}

#[test]
fn no_duty_and_no_tracker_is_missing_from_the_table() {
    let told: BTreeSet<String> =
        places().into_iter().map(|place| format!("{}: {}", place.panel, place.table)).collect();
    let mut missing = Vec::new();
    for authority in ["derbyshire", "forums", "four-panels", "lambeth", "lincolnshire"] {
        for entry in fs::read_dir(repository().join(format!("mappings/{authority}/panels"))).unwrap() {
            let path = entry.unwrap().path();
            let panel = format!("{authority}/{}", path.file_stem().unwrap().to_str().unwrap());
            let panel_file = file(&panel);
            for kind in ["duties", "trackers", "invitations", "routes"] {
                let named = panel_file.get(kind).and_then(toml::Value::as_table).into_iter().flatten();
                let places = named.map(|(name, _)| format!("{panel}: {kind}.{name}"));
                missing.extend(places.filter(|place| !told.contains(place)));
            }
        }
    }
    assert!(missing.is_empty(), "the table of clauses does not name: {missing:#?}");
}
