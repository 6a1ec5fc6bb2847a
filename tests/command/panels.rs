//! `tessera panels`: profiles read, compared, and taken to a calendar.

use crate::runner::Tessera;

#[test]
fn a_panel_is_shown_with_the_clause_of_all_it_says() {
    let tessera = Tessera::on_samples();
    let shown = tessera.run(&["panels", "show", "lambeth/crp"]);
    assert!(shown.well(), "{}", shown.all());
    for wanted in [
        "13:00 on the monday before the sitting",
        "every Thursday, 13:00 to 16:00; slots of 15 minutes",
        "above £2,000",
        "paper: case summary\n  every request; at most 3 months old",
        "decided by the Service manager or Assistant director",
    ] {
        assert!(shown.stdout.contains(wanted), "no {wanted} in\n{}", shown.stdout);
    }
    let json = tessera.json(&["panels", "show", "lambeth/crp"]);
    let aspects = json["aspects"].as_array().unwrap();
    let closes = aspects.iter().find(|aspect| aspect["about"] == "requests close").unwrap();
    assert!(closes["said"][0]["policy"].as_str().unwrap().contains("when you need to attend"), "{closes}");
}

#[test]
fn two_panels_are_compared_thing_by_thing() {
    let tessera = Tessera::on_samples();
    let compared = tessera.json(&["panels", "diff", "lambeth/crp", "forums/marp"]);
    let aspects = compared["pairs"][0]["aspects"].as_array().unwrap();
    let about = |name: &str| aspects.iter().find(|aspect| aspect["about"] == name).unwrap();
    assert_eq!(about("approval")["both"][0], "Service manager");
    assert_eq!(about("requests close")["one"][0]["text"], "13:00 on the monday before the sitting");
    let other = &about("requests close")["other"][0];
    assert_eq!(other["text"], "16:00 on the tuesday at least 7 working days before the sitting");
    assert!(about("paper: virtual placement consultation")["one"].as_array().unwrap().is_empty());
    let authorities = tessera.json(&["panels", "diff", "lambeth", "forums"]);
    let pairs = authorities["pairs"].as_array().unwrap();
    assert!(pairs.iter().any(|pair| pair["one"] == "lambeth/ctp" && pair["other"] == "forums/pct"), "{pairs:?}");
    assert!(authorities["alone"].as_array().unwrap().iter().any(|alone| alone == "lambeth/neet"), "{authorities}");
    let written = tessera.run(&["panels", "diff", "lambeth", "forums", "--out", "compared.html"]);
    assert!(written.well(), "{}", written.all());
    let unknown = tessera.run(&["panels", "diff", "lambeth/crp", "forums/mrp"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
}

#[test]
fn sittings_go_to_a_calendar_that_outlook_and_google_read() {
    let tessera = Tessera::on_samples();
    let sittings =
        ["panels", "sittings", "lambeth/crp", "--from", "2026-12-01", "--to", "2027-04-30", "--ics", "crp.ics"];
    let ran = tessera.run(&[&["--as-at", "2026-11-27"], &sittings[..]].concat());
    assert!(ran.well(), "{}", ran.all());
    let file = std::fs::read_to_string(tessera.path("crp.ics")).unwrap();
    let listed = tessera.json(&sittings[..7]);
    let (sitting, falls_away): (Vec<_>, Vec<_>) =
        listed.as_array().unwrap().iter().partition(|sitting| sitting["cancelled"].is_null());
    assert_eq!(file.matches("BEGIN:VEVENT").count(), 2 * sitting.len() + falls_away.len());
    assert_eq!(file.matches("STATUS:CANCELLED").count(), falls_away.len());
    assert_eq!(file.matches("BEGIN:VALARM").count(), 2 * sitting.len());
    assert!(file.contains("DTSTART;TZID=Europe/London:20270401T130000"), "{file}");
    assert!(file.lines().all(|line| line.len() <= 75), "a line is too long for RFC 5545");
    let uids =
        |file: &str| file.lines().filter(|line| line.starts_with("UID:")).map(ToOwned::to_owned).collect::<Vec<_>>();
    tessera.run(&[&["--as-at", "2026-12-27"], &sittings[..]].concat());
    let later = std::fs::read_to_string(tessera.path("crp.ics")).unwrap();
    assert_eq!(uids(&file), uids(&later), "an appointment keeps its identity");
}
