//! Each dirty thing that real exports do: the reason and the place are named, and the records around it are taken.

use std::io::Write as _;

use serde_json::Value;

use crate::records::{self, LONG, REASON, row};
use crate::runner::Tessera;

/// Imports a file and returns how many records were taken, and reason and place of each that was not.
fn imported(name: &str, content: &[u8]) -> (u64, Vec<(String, String)>) {
    let tessera = Tessera::new("lincolnshire");
    tessera.write(&format!("exports/{name}"), content);
    let ran = tessera.run(&["import", &format!("exports/{name}"), "--json"]);
    assert!([0, 3].contains(&ran.code), "{}", ran.all());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let number = |file: &Value, key: &str| file[key].as_u64().unwrap();
    let files = report["files"].as_array().unwrap();
    for file in files {
        let sum = number(file, "taken") + number(file, "unchanged") + number(file, "quarantined");
        assert_eq!(number(file, "records"), sum, "{file}");
    }
    let taken = files.iter().map(|file| number(file, "taken")).sum();
    let waiting = tessera.json(&["quarantine", "list"]);
    let entries = waiting.as_array().unwrap().iter().map(|entry| {
        assert!(!entry["help"].as_str().unwrap().is_empty(), "{entry}");
        (entry["reason"].as_str().unwrap().to_owned(), entry["place"].as_str().unwrap().to_owned())
    });
    (taken, entries.collect())
}

fn is(name: &str, content: &[u8], taken: u64, waiting: &[(&str, &str)]) {
    let (found_taken, found) = imported(name, content);
    let found: Vec<(&str, &str)> = found.iter().map(|(reason, place)| (reason.as_str(), place.as_str())).collect();
    assert_eq!((found_taken, found.as_slice()), (taken, waiting), "{name}");
}

fn two() -> String {
    records::long(&[row(700_001, 100_001, REASON, "One"), row(700_002, 100_002, REASON, "Two")])
}

fn xml(forms: &[&str]) -> String {
    let steps: String = forms
        .iter()
        .enumerate()
        .map(|(at, answer)| {
            format!(
                "<WorkflowStep workflowStepId=\"90000{at}\" stepStatus=\"COMPLETED\">\n<Subjects><Subject \
                 subjectCompoundId=\"10000{at}\"/></Subjects>\n<Form formId=\"70000{at}\"><TemplateMetaData>\
                 <TemplateUserCode>scSupportPanel</TemplateUserCode><Version>2</Version></TemplateMetaData>\n\
                 <Answer questionUserCode=\"reasonForRequest\">{answer}</Answer></Form></WorkflowStep>\n"
            )
        })
        .collect();
    format!("<?xml version=\"1.0\"?>\n<MosaicForms>\n{steps}</MosaicForms>\n")
}

#[test]
fn text_in_every_encoding_is_read() {
    let (plain, quoted) = (two(), two().replace("One", "The carer’s £95"));
    let utf16 = |big: bool| {
        let units = std::iter::once(0xFEFF).chain(quoted.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let windows: Vec<u8> = quoted
        .chars()
        .map(|c| match c {
            '’' => 0x92,
            '£' => 0xA3,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect();
    for (name, content) in [
        ("plain.csv", plain.into_bytes()),
        ("mark.csv", format!("\u{feff}{quoted}").into_bytes()),
        ("windows.csv", windows),
        ("utf16le.csv", utf16(false)),
        ("utf16be.csv", utf16(true)),
    ] {
        is(name, &content, 2, &[]);
    }
}

#[test]
fn bytes_that_are_not_what_the_file_claims_are_quarantined_with_their_line() {
    let mut broken = format!("\u{feff}{}", two()).into_bytes();
    let at = broken.windows(3).position(|window| window == b"One").unwrap();
    broken[at] = 0xFF;
    is("broken.csv", &broken, 1, &[("encoding-broken", "line 2")]);
}

#[test]
fn the_shape_of_a_table_may_differ() {
    let shuffled = two().replace("workflow_step_id", "Step ID").replace("person_id", "MOSAIC ID").replace('\n', "\r\n");
    is("renamed.csv", shuffled.as_bytes(), 2, &[]);
    let titled = format!("Panel requests\nRun on 27/11/2026\n{}Total,2\n", two());
    is("titled.csv", titled.as_bytes(), 2, &[]);
    let broken_line = two().replace("One", "One\r\nand a second line, with a comma");
    is("lines.csv", broken_line.as_bytes(), 2, &[]);
    let twice = format!("{}{}", two(), row(700_002, 100_002, REASON, "Two"));
    is("twice.csv", twice.as_bytes(), 2, &[]);
    is("semicolons.csv", two().replace(',', ";").as_bytes(), 2, &[]);
}

#[test]
fn rows_out_of_order_are_put_together() {
    let parted = records::long(&[
        row(700_001, 100_001, REASON, "One"),
        row(700_002, 100_002, REASON, "Two"),
        row(700_001, 100_001, records::PLAN, "A plan"),
    ]);
    is("parted.csv", parted.as_bytes(), 2, &[]);
}

#[test]
fn rows_that_do_not_fit_are_quarantined_and_their_neighbours_taken() {
    let uneven = two().replace(&format!("{LONG}\n"), &format!("{LONG}\n900001,too,short\n"));
    is("uneven.csv", uneven.as_bytes(), 2, &[("row-uneven", "line 2")]);
    let damaged = two().replace("100001,700001", "1.00E+05,700001");
    is("damaged.csv", damaged.as_bytes(), 1, &[("id-damaged", "line 2")]);
    let nobody = two().replace("100001,700001", "0,700001");
    is("nobody.csv", nobody.as_bytes(), 1, &[("person-unidentified", "line 2")]);
    let odd_status = two().replacen("COMPLETED", "FINISHED", 1);
    is("status.csv", odd_status.as_bytes(), 1, &[("status-unknown", "line 2")]);
    let us_date = two().replacen("2026-11-02 09:14:00", "11/25/2026", 1);
    is("date.csv", us_date.as_bytes(), 1, &[("date-unreadable", "line 2")]);
    let disagreeing = records::long(&[
        row(700_001, 100_001, REASON, "One"),
        row(700_001, 100_001, records::PLAN, "A plan").replace("COMPLETED", "STARTED"),
        row(700_002, 100_002, REASON, "Two"),
    ]);
    is("disagreeing.csv", disagreeing.as_bytes(), 1, &[("records-disagree", "line 3, column “step_status”")]);
}

#[test]
fn ids_with_noughts_separators_and_decimals_are_the_same_ids() {
    let spelt = two().replace("100001,700001", "\"100,001\",000700001.0");
    is("spelt.csv", spelt.as_bytes(), 2, &[]);
}

#[test]
fn a_file_that_is_no_export_is_quarantined_whole() {
    let whole = "the whole file";
    is("empty.csv", b"", 0, &[("file-empty", whole)]);
    is("blank.csv", b" \r\n\r\n", 0, &[("file-empty", whole)]);
    is("page.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>", 0, &[("file-mistyped", whole)]);
    is("paper.csv", b"%PDF-1.7\n\x01\x02", 0, &[("file-mistyped", whole)]);
    let locked = [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &wide("EncryptedPackage")].concat();
    is("locked.xlsx", &locked, 0, &[("file-encrypted", whole)]);

    is("headless.csv", b"a,b,c\n1,2,3\n", 0, &[("header-missing", whole)]);
    is("nameless.csv", b"form_id,version,question_user_code\n700001,2,x\n", 0, &[("column-missing", "line 1")]);
    let double = two().replace("started_on", "form id");
    is("double.csv", double.as_bytes(), 0, &[("column-ambiguous", "line 1, column “form_id”")]);
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_file_that_ends_too_early_gives_what_is_whole() {
    let cut = two();
    is("quote.csv", &cut.as_bytes()[..cut.len() - 2], 1, &[("file-truncated", "line 3")]);
    let xml = xml(&["One", "Two"]);
    is("cut.xml", &xml.as_bytes()[..xml.len() - 60], 1, &[("file-truncated", "line 9, WorkflowStep/Form")]);
    let (taken, waiting) = imported("cut.csv.gz", &gzip(records_of(500).as_bytes())[..400]);
    assert_eq!((taken, waiting[0].0.as_str()), (0, "file-truncated"));
}

fn records_of(count: u64) -> String {
    records::long(
        &(0..count).map(|n| row(700_000 + n, 100_000 + n, REASON, &format!("Reason {n}"))).collect::<Vec<_>>(),
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn wrapped_files_are_unwrapped_and_hostile_ones_refused() {
    is("wrapped.csv.gz", &gzip(two().as_bytes()), 2, &[]);
    is(
        "wrapped.zip",
        &zipped(&[("a.csv", two().as_bytes()), ("empty.csv", b"")]),
        2,
        &[("file-empty", "the whole file")],
    );
    is("climbing.zip", &zipped(&[("../../a.csv", two().as_bytes())]), 0, &[("archive-hostile", "the whole file")]);
    let bomb = gzip(&vec![b' '; 200 << 20]);
    let (taken, waiting) = imported("bomb.csv.gz", &bomb);
    assert_eq!((taken, waiting[0].0.as_str()), (0, "file-empty"), "white space only is nothing");
    let mut long = two();
    long.push_str(&"x".repeat(200 << 20));
    let (_, waiting) = imported("bomb2.csv.gz", &gzip(long.as_bytes()));
    assert!(["archive-hostile", "too-large"].contains(&waiting[0].0.as_str()), "{waiting:?}");
}

#[test]
fn xml_with_anything_of_its_own_is_refused() {
    is("plain.xml", xml(&["Fish &amp; chips &#163;5", "Two"]).as_bytes(), 2, &[]);
    let entity = xml(&["One", "&secret;", "Three"]);
    is("entity.xml", entity.as_bytes(), 2, &[("xml-forbidden", "line 10, WorkflowStep/Form/Answer")]);
    let dtd =
        xml(&["One"]).replace("<MosaicForms>", "<!DOCTYPE MosaicForms SYSTEM \"file:///etc/passwd\">\n<MosaicForms>");
    is("dtd.xml", dtd.as_bytes(), 0, &[("xml-forbidden", "line 2")]);
    let crossed = xml(&["One", "Two"]).replace("Two</Answer>", "Two</Amswer>");
    let (taken, waiting) = imported("crossed.xml", crossed.as_bytes());
    assert_eq!((taken, waiting[0].0.as_str()), (1, "xml-broken"));
}

#[test]
fn text_that_was_cut_and_questions_that_nobody_knows_are_findings() {
    let tessera = Tessera::new("lincolnshire");
    let rows = [row(700_001, 100_001, REASON, &"x".repeat(255)), row(700_001, 100_001, "newQuestion", "An answer")];
    tessera.write("exports/forms.csv", records::long(&rows));
    assert!(tessera.run(&["import", "exports/forms.csv"]).well());
    let checked = tessera.json(&["check", "lincolnshire-700001"]);
    let codes: Vec<&str> =
        checked[0]["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"answer-truncated") && codes.contains(&"unmapped-question"), "{codes:?}");
}

#[test]
fn an_extract_that_shrinks_is_held_until_a_person_lets_it_in() {
    let tessera = Tessera::new("lincolnshire");
    let header = "person_id,date_of_birth\n";
    let many: String = (0..200).map(|n| format!("{},2014-03-04\n", 100_000 + n)).collect();
    tessera.write("exports/persons-1.csv", format!("{header}{many}"));
    let as_at = ["--as-at", "2026-11-27T09:00"];
    assert!(tessera.run(&[&as_at[..], &["sync"]].concat()).well());
    tessera.write("exports/persons-2.csv", format!("{header}100000,2014-03-05\n"));
    assert_eq!(tessera.run(&[&as_at[..], &["sync"]].concat()).code, 3);
    let waiting = tessera.json(&["quarantine", "list"]);
    assert_eq!(waiting[0]["reason"], "extract-shrank", "{waiting}");
    assert!(tessera.run(&["quarantine", "replay"]).well());
    assert_eq!(tessera.json(&["quarantine", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn a_child_whose_record_was_merged_overnight_is_followed() {
    let tessera = Tessera::new("lincolnshire");
    let old = row(700_001, 100_001, REASON, "One");
    tessera.write("exports/forms-1.csv", records::long(std::slice::from_ref(&old)));
    assert!(tessera.run(&["import", "exports/forms-1.csv"]).well());
    tessera.write("exports/forms-2.csv", records::long(&[old.replace("100001", "100077")]));
    assert!(tessera.run(&["import", "exports/forms-2.csv"]).well());
    let story = tessera.json(&["submissions", "show", "lincolnshire-700001"]);
    assert_eq!(story["revisions"][1]["moved"], serde_json::json!(["100001", "100077"]), "{story}");
}
