//! What goes to an office suite and what comes from one: LibreOffice opens tessera's workbooks, and tessera reads what
//! LibreOffice has written.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::runner::Tessera;

/// Commas, quotation marks, UTF-8: the numbers that LibreOffice has for them.
const UTF_8_CSV: &str = "csv:Text - txt - csv (StarCalc):44,34,76";

/// Has LibreOffice convert a file into a folder.
fn converted(file: &Path, to: &str, folder: &Path) {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let done = Command::new("soffice")
        .args(["--headless", &profile, "--convert-to", to, "--outdir"])
        .arg(folder)
        .arg(file)
        .output()
        .expect("LibreOffice is there: tests/run.sh installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A document as a person writes it, in LibreOffice's own flat format.
fn written(heading: &str, person: &str, dated: &str) -> String {
    let paragraph = |text: &str| format!("<text:p>{text}</text:p>");
    let body = [heading, &format!("Mosaic ID: {person}"), &format!("Date completed: {dated}"), "Made up from here on."];
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" office:version=\"1.2\" \
         office:mimetype=\"application/vnd.oasis.opendocument.text\"><office:body><office:text>{}</office:text>\
         </office:body></office:document>",
        body.map(paragraph).concat()
    )
}

#[test]
fn what_libreoffice_writes_is_read_as_what_it_is() {
    let tessera = Tessera::on_samples();
    tessera.run(&["sync", "--rehearse"]);
    let source = tessera.write("source/a.fodt", written("Case chronology", "100023", "20 November 2026"));
    converted(&source, "docx", &tessera.path("pack"));
    let source = tessera.write("source/b.fodt", written("Genogram", "100023", "19/11/2026"));
    converted(&source, "pdf", &tessera.path("pack"));
    fs::remove_dir_all(tessera.path("pack/profile")).unwrap();
    let checked = tessera.json(&["--rehearsal", "check", "lincolnshire-700023", "--pack", "pack"]);
    let paper = |kind: &str| {
        let papers = checked[0]["papers"].as_array().unwrap().iter();
        papers.clone().find(|paper| paper["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {checked}")).clone()
    };
    let found = |kind: &str| {
        let Value::Object(paper) = paper(kind) else { panic!("no paper") };
        (paper["state"].clone(), paper["dated"].clone(), paper["source"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(found("chronology"), ("there".into(), "2026-11-20".into(), "a.docx".to_owned()));
    assert_eq!(found("genogram"), ("there".into(), "2026-11-19".into(), "b.pdf".to_owned()));
    assert_eq!(checked[0]["verdict"], "complete", "{checked}");
}

#[test]
fn libreoffice_opens_the_matrix_the_agenda_the_figures_and_the_comparison() {
    let tessera = Tessera::on_samples();
    tessera.run(&["sync", "--rehearse"]);
    let made: [(&[&str], &str, &str); 5] = [
        (
            &["--rehearsal", "check", "--panel", "support-panel"],
            "matrix",
            "lincolnshire-700023,100023,2026-12-02,incomplete",
        ),
        (&["--rehearsal", "agenda", "lambeth/crp", "2026-12-03"], "agenda", "1. Requests,13:00,lambeth-720001,120001"),
        (
            &["--rehearsal", "figures", "--panel", "support-panel", "--from", "2026-10"],
            "figures",
            "lincolnshire/support-panel,October to December 2026 (Q3 2026-27),12,12,0,0,8,4,0",
        ),
        (
            &["--rehearsal", "figures", "--panel", "support-panel", "--from", "2026-10", "--share"],
            "shared",
            "lincolnshire/support-panel,October to December 2026 (Q3 2026-27),12,12,0,0,left out,left out,0",
        ),
        (&["panels", "diff", "lambeth/crp", "forums/marp"], "diff", "approval,the same,Service manager"),
    ];
    for (arguments, name, line) in made {
        let workbook = format!("{name}.xlsx");
        tessera.run(&[arguments, &["--out", &workbook]].concat());
        converted(&tessera.path(&workbook), UTF_8_CSV, &tessera.path("opened"));
        let text = fs::read_to_string(tessera.path(&format!("opened/{name}.csv"))).unwrap();
        assert!(text.lines().any(|own| own.starts_with(line)), "no {line} in\n{text}");
    }
}
