//! `tessera check`, `agenda` and `submissions show` on the samples: what an administrator asks before a cutoff.

use serde_json::Value;

use crate::runner::Tessera;

/// The samples, rehearsed.
fn rehearsed() -> Tessera {
    let tessera = Tessera::on_samples();
    let ran = tessera.run(&["sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    tessera
}

fn codes(request: &Value) -> Vec<String> {
    let findings = request["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| format!("{}:{}", finding["code"].as_str().unwrap(), finding["subject"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_check_has_the_shape_that_others_read() {
    let tessera = rehearsed();
    let checked = tessera.json(&["--rehearsal", "check", "lincolnshire-700002"]);
    let request = &checked[0];
    for key in ["submission", "form", "version", "panel", "person", "sitting", "cutoff", "verdict", "findings"] {
        assert!(!request[key].is_null(), "{key} in {request}");
    }
    assert_eq!(request["cutoff"], "2026-11-27T12:00:00+00:00");
    assert_eq!(request["sitting"], "2026-12-02");
    let finding = &request["findings"][0];
    for key in ["code", "severity", "subject", "message", "help", "policy"] {
        assert!(finding[key].is_string(), "{key} in {finding}");
    }
    assert!(finding.as_object().unwrap().contains_key("source"));
    let ran = tessera.run(&["--rehearsal", "check", "lincolnshire-700002"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    let clear = tessera.run(&["--rehearsal", "check", "lincolnshire-700001"]);
    assert_eq!(clear.code, 0, "{}", clear.all());
}

#[test]
fn what_a_person_states_is_kept_and_a_slip_is_told() {
    let tessera = rehearsed();
    let slip = tessera.run(&["--rehearsal", "check", "lincolnshire-700001", "--fact", "legal-advice-givn=yes"]);
    assert_eq!(slip.code, 2, "{}", slip.all());
    assert!(slip.stderr.contains("did you mean `legal-advice-given`?"), "{}", slip.stderr);
    let stated =
        tessera.json(&["--rehearsal", "check", "lincolnshire-700001", "--fact", "other-documents-relevant=yes"]);
    assert!(codes(&stated[0]).contains(&"document-missing:supporting-document".to_owned()), "{stated}");
    let later = tessera.json(&["--rehearsal", "check", "lincolnshire-700001"]);
    assert_eq!(codes(&later[0]), codes(&stated[0]));
    let story = tessera.json(&["--rehearsal", "submissions", "show", "lincolnshire-700001"]);
    assert_eq!(story["stated"][0]["fact"], "other-documents-relevant");
    assert_eq!(codes(&story["checked"][0]), codes(&stated[0]));
}

#[test]
fn a_finding_is_answered_for_by_a_role_with_a_reason_until_a_day() {
    let tessera = rehearsed();
    let waive = |extra: &[&str]| {
        let reason = ["--reason", "The author is ill; the service manager has read the notes", "--until", "2026-12-02"];
        tessera.run(&[&["--rehearsal", "check", "lincolnshire-700023"], extra, &reason].concat())
    };
    let several = waive(&["--waive", "document-missing", "--role", "service-manager"]);
    assert_eq!(several.code, 2, "{}", several.all());
    assert!(several.stderr.contains("document-missing:chronology, document-missing:genogram"), "{}", several.stderr);
    let nobody = waive(&["--waive", "document-missing:chronology", "--role", "servce-manager"]);
    assert!(nobody.stderr.contains("did you mean `service-manager`?"), "{}", nobody.stderr);
    let breach = waive(&["--waive", "document-wrong-child", "--role", "service-manager"]);
    assert_eq!(breach.code, 2, "{}", breach.all());
    let answered_for = waive(&["--waive", "document-missing:chronology", "--role", "service-manager"]);
    assert_eq!(answered_for.code, 3, "the genogram is still missing: {}", answered_for.all());
    assert!(answered_for.stdout.contains("by the service manager until 2026-12-02"), "{}", answered_for.stdout);
    let checked = tessera.json(&["--rehearsal", "check", "lincolnshire-700023"]);
    assert_eq!(codes(&checked[0]), ["document-missing:genogram"]);
    assert_eq!(checked[0]["waived"][0]["subject"], "chronology");
    let later = tessera.json(&["--rehearsal", "--as-at", "2026-12-03", "check", "lincolnshire-700023"]);
    assert!(codes(&later[0]).contains(&"document-missing:chronology".to_owned()), "{later}");
    assert!(tessera.run(&["--rehearsal", "audit", "verify"]).well());
}

#[test]
fn the_matrix_is_a_workbook_of_text_and_a_page_without_anything_from_outside() {
    use calamine::{Data, Reader as _};
    let tessera = rehearsed();
    let ran = tessera.run(&["--rehearsal", "check", "--all", "--out", "matrix.xlsx"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(tessera.path("matrix.xlsx")).unwrap();
    let sheet = book.worksheet_range("lincolnshire support-panel").unwrap();
    let texts: Vec<String> = sheet.cells().map(|(_, _, cell)| cell.to_string()).collect();
    for wanted in ["lincolnshire-700002", "Chronology", "missing", "there, 2026-11-12", "incomplete", "Support Panel"] {
        assert!(texts.iter().any(|text| text == wanted), "no {wanted} in {texts:?}");
    }
    assert!(sheet.cells().all(|(_, _, cell)| matches!(cell, Data::String(_) | Data::Empty)));
    assert!(book.sheet_names().contains(&"To chase".to_owned()));
    tessera.run(&["--rehearsal", "check", "--all", "--out", "matrix.html"]);
    let page = std::fs::read_to_string(tessera.path("matrix.html")).unwrap();
    assert!(page.contains("<th scope=\"row\">lincolnshire-700002</th>"), "{page}");
    assert!(!page.contains("http") && !page.contains("<script"), "{page}");
    let nowhere = tessera.run(&["--rehearsal", "check", "--all", "--out", "matrix.pdf"]);
    assert_eq!(nowhere.code, 2, "{}", nowhere.all());
}

#[test]
fn an_agenda_says_what_is_heard_what_is_lacking_and_what_comes_back() {
    let tessera = rehearsed();
    let agenda = tessera.json(&["--rehearsal", "agenda", "lincolnshire/support-panel", "2026-12-02"]);
    let heard = agenda["items"][0]["requests"].as_array().unwrap();
    let lacking = heard.iter().find(|one| one["submission"] == "lincolnshire-700002").unwrap();
    assert_eq!(lacking["lacks"][0], "Chronology is not on the child's record");
    let tracked = tessera.json(&["--rehearsal", "agenda", "derbyshire/care-planning-panel", "2026-12-02"]);
    let titles: Vec<&str> =
        tracked["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), 6, "{titles:?}");
    let slots = tessera.json(&["--rehearsal", "agenda", "lambeth/crp", "2026-12-03"]);
    assert_eq!(slots["slots"], 12);
    assert_eq!(slots["items"][0]["requests"][0]["at"], "13:00");
    let no_sitting = tessera.run(&["--rehearsal", "agenda", "lambeth/crp", "2026-12-04"]);
    assert_eq!(no_sitting.code, 2, "{}", no_sitting.all());
    let written = tessera.run(&["--rehearsal", "agenda", "lambeth/crp", "2026-12-03", "--out", "agenda.xlsx"]);
    assert!(written.stderr.contains("Wrote agenda.xlsx"), "{}", written.all());
    assert!(tessera.path("agenda.xlsx").is_file());
}

#[test]
fn the_story_of_a_request_is_whole() {
    let tessera = rehearsed();
    let sent = tessera.json(&["--rehearsal", "writeback", "list", "--state", "sent"]);
    let id = sent[0]["submission"].as_str().unwrap();
    let story = tessera.json(&["--rehearsal", "submissions", "show", id]);
    assert!(!story["answers"].as_array().unwrap().is_empty());
    assert!(!story["revisions"].as_array().unwrap().is_empty());
    assert_eq!(story["outcomes"][0]["state"], "approved");
    assert!(story["write_backs"][0]["receipt"].is_object(), "{story}");
    let text = tessera.run(&["--rehearsal", "submissions", "show", id]).stdout;
    assert!(text.contains("written back: case-note"), "{text}");
}

#[test]
fn a_panel_is_known_by_its_other_names_too() {
    let tessera = Tessera::on_samples();
    let cutoff = tessera.json(&["panels", "cutoff", "arp", "2026-12-14"]);
    assert_eq!(cutoff["panel"], "lambeth/16-plus");
    assert_eq!(cutoff["cutoff"], "2026-12-09T17:00:00+00:00");
}

#[test]
fn a_profile_with_a_mistake_is_told_by_every_check_and_never_taken_for_no_request() {
    let tessera = rehearsed();
    let profile =
        std::fs::read_to_string(crate::runner::repository().join("mappings/lincolnshire/panels/support-panel.toml"));
    tessera.write("mappings/lincolnshire/panels/support-panel.toml", profile.unwrap().replace("[cutoff]", "[cutof]"));
    let checked = tessera.run(&["--rehearsal", "check", "--all"]);
    assert_eq!(checked.code, 3, "{}", checked.all());
    assert!(checked.stderr.contains("unknown key `cutof`"), "{}", checked.stderr);
    assert!(checked.stderr.contains("were not checked"), "{}", checked.stderr);
    let one = tessera.run(&["--rehearsal", "check", "lincolnshire-700001"]);
    assert_eq!(one.code, 2, "{}", one.all());
}

#[test]
fn kinds_that_nobody_has_named_are_told_and_words_that_come_up_once_are_not() {
    let tessera = Tessera::on_samples();
    let rows: String = (1..=4).map(|n| format!("100001,9{n},Costings sheet,Paper {n},20/11/2026\n")).collect();
    let once = "100001,99,About Somebody Else,Paper,20/11/2026\n";
    tessera.write("more/documents.csv", format!("person_id,document_id,kind,title,dated\n{rows}{once}"));
    let config = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let source = "[[authority.source]]\nextract = \"documents\"\npath = \"more\"\npattern = \"*.csv\"\n[[authority]]\nname = \"lambeth\"";
    let config = config.replacen("[[authority]]\nname = \"lambeth\"", source, 1);
    tessera.write("tessera.toml", config);
    let synced = tessera.run(&["sync", "--rehearse"]);
    let told = "5 rows of kinds that the mapping files do not name, among them “Costings sheet” 4 times";
    assert!(synced.stdout.contains(told), "{}", synced.all());
    assert!(!synced.stdout.contains("Somebody Else"), "{}", synced.stdout);
}
