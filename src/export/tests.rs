//! What councils' exports do, and what becomes of it: every fault with its reason and place, and the neighbours taken.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::domain::{ExtractType, Trouble, limit};

mod mutated;
mod tables;
mod workbooks;
mod xml;

/// What came out of a file: records in short, and troubles as `reason at place`.
#[derive(Debug, Default)]
struct Outcome {
    layouts: Vec<Layout>,
    records: Vec<String>,
    troubles: Vec<String>,
    messages: Vec<String>,
    remarks: Remarks,
}

fn file(dir: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn forms_of(path: &Path, headings: &Headings) -> Outcome {
    let mut outcome = Outcome::default();
    let (parts, troubles) = parts(path);
    troubles.into_iter().for_each(|trouble| outcome.take(Err(trouble)));
    for part in parts {
        let spill = TempDir::new().unwrap();
        match part.forms(headings, spill.path()) {
            Ok(mut forms) => {
                outcome.layouts.push(forms.layout());
                forms.by_ref().for_each(|item| outcome.take(item));
                outcome.remarks = forms.remarks().clone();
            }
            Err(trouble) => outcome.take(Err(trouble)),
        }
        assert_eq!(std::fs::read_dir(spill.path()).unwrap().count(), 0, "a spill is left behind");
    }
    outcome
}

fn forms(name: &str, bytes: impl AsRef<[u8]>) -> Outcome {
    let dir = TempDir::new().unwrap();
    forms_of(&file(&dir, name, bytes), &Headings::default())
}

impl Outcome {
    fn take(&mut self, item: Result<Record, Trouble>) {
        match item {
            Ok(record) => self.records.push(short(&record)),
            Err(trouble) => {
                assert!(!trouble.help.is_empty(), "{trouble:?}");
                self.troubles.push(format!("{} at {}", trouble.reason, trouble.place));
                self.messages.push(format!("{}; {}", trouble.message, trouble.help));
            }
        }
    }
}

/// `form [people] code[row]@subject=value …`
fn short(record: &Record) -> String {
    let id = record.head(Column::FormId).or(record.head(Column::WorkflowStepId)).unwrap_or("-");
    let people: Vec<&str> = record.heads(Column::PersonId).collect();
    let answers: Vec<String> = record
        .answers()
        .map(|answer| {
            let value = match answer.value {
                RawValue::Text(text) => text.to_owned(),
                RawValue::Number(number) => format!("#{number}"),
                RawValue::Flag(flag) => format!("?{flag}"),
                RawValue::Moment(moment) => format!("@{moment}"),
            };
            let row = answer.row.map(|row| format!("[{row}]")).unwrap_or_default();
            let subject = answer.subject.map(|subject| format!("@{subject}")).unwrap_or_default();
            format!("{}{row}{subject}={value}", answer.code)
        })
        .collect();
    format!("{id} {people:?} {}", answers.join(" "))
}

fn places(path: &Path) -> Vec<String> {
    let (parts, _) = parts(path);
    let spill = TempDir::new().unwrap();
    let records = parts.iter().flat_map(|part| part.forms(&Headings::default(), spill.path()).unwrap());
    let all = records.map(Result::unwrap).flat_map(|record| {
        let answers: Vec<String> = record.answers().map(|answer| answer.place.to_string()).collect();
        std::iter::once(record.place().to_string()).chain(answers).collect::<Vec<_>>()
    });
    all.collect()
}

const WIDE: &str = "workflow_step_id,form_id,person_id,step_status,need,money\n\
                    900001,700001,123456,COMPLETED,Short breaks,420\n\
                    900002,700002,123457,STARTED,Transport,\n";
const WIDE_RECORDS: [&str; 2] =
    ["700001 [\"123456\"] need=Short breaks money=420", "700002 [\"123457\"] need=Transport"];

const LONG: &str = "form_id,person_id,question_user_code,form_answer_row_id,short_text_answer,date_answer\n\
                    700001,1,need,,Short breaks,\n\
                    700001,1,when,,,2026-11-12\n\
                    700001,1,blank,,,\n\
                    700002,2,cost,88001,420,\n\
                    700002,2,cost,88002,421,\n";
const LONG_RECORDS: [&str; 2] =
    ["700001 [\"1\"] need=Short breaks when=2026-11-12 blank=", "700002 [\"2\"] cost[88001]=420 cost[88002]=421"];

const XML: &str = r#"<?xml version="1.0"?>
<MosaicForms schemaVersion="25.2.0.0">
  <WorkflowStep workflowStepId="900001" stepStatus="COMPLETED" startedOn="2026-11-02T09:14:00">
    <Subjects><Subject subjectTypeCode="PER" subjectCompoundId="123456"/>
      <Subject subjectTypeCode="GRP" subjectCompoundId="9"/></Subjects>
    <Form formId="700001">
      <TemplateMetaData templateId="2401"><TemplateUserCode>tpl</TemplateUserCode><Context>C</Context>
        <Version>3</Version><Title>A form</Title></TemplateMetaData>
      <Answer questionUserCode="when" answerDatatype="DATE">2026-11-12</Answer>
      <Answer questionUserCode="need" answerDatatype="LOOKUP"><Lookup id="51">Short breaks</Lookup>
        <Lookup id="52">Parenting</Lookup></Answer>
      <Answer questionUserCode="said" questionText="What was said"> a &amp; b&#8217;s &lt;p&gt;<![CDATA[<b>]]> </Answer>
      <Answer questionUserCode="blank"/>
      <QuestionCollection id="31">
        <Row formAnswerRowId="88001" handlerRowIdentifier="123456"><Answer questionUserCode="cost">420.00</Answer></Row>
        <Row formAnswerRowId="88002"><Answer questionUserCode="cost">421.00</Answer></Row>
      </QuestionCollection>
    </Form>
  </WorkflowStep>
  <workflowstep WorkflowStepID="900002" stepstatus="CANCELLED"></workflowstep>
</MosaicForms>
"#;
const XML_RECORDS: [&str; 2] = [
    "700001 [\"123456\"] when=2026-11-12 need=Short breaks need=Parenting said= a & b’s <p><b>  blank= \
     cost[88001]@123456=420.00 cost[88002]=421.00",
    "900002 [] ",
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(&mut book);
    book.save_to_buffer().unwrap()
}

/// A workbook of one sheet that holds what a delimited text holds, all as text.
fn sheet_of(text: &str) -> Vec<u8> {
    workbook(|book| {
        let sheet = book.add_worksheet().set_name("Requests").unwrap();
        for (row, line) in (0..).zip(text.lines()) {
            for (column, cell) in (0..).zip(line.split(',')) {
                if !cell.is_empty() {
                    sheet.write_string(row, column, cell).unwrap();
                }
            }
        }
    })
}

/// Takes a member of a workbook and puts another text in its place.
fn tampered(book: &[u8], member: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut found = archive.by_index(index).unwrap();
        let name = found.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut found, &mut bytes).unwrap();
        if name == member {
            bytes = change(String::from_utf8(bytes).unwrap()).into_bytes();
        }
        members.push((name, bytes));
    }
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    zipped(&members)
}

#[test]
fn every_layout_is_read_from_every_container_and_encoding() {
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for (text, records, layout) in
        [(WIDE, WIDE_RECORDS, Layout::Wide), (LONG, LONG_RECORDS, Layout::Long), (XML, XML_RECORDS, Layout::Xml)]
    {
        let separated = |separator| text.replace(',', separator);
        let mut variants = vec![
            ("UTF-8", text.as_bytes().to_vec()),
            ("CR LF", text.replace('\n', "\r\n").into_bytes()),
            ("with a mark", format!("\u{feff}{text}").into_bytes()),
            ("UTF-16 LE", utf16(text, true)),
            ("UTF-16 BE", utf16(text, false)),
            ("gzip", gzip(text.as_bytes())),
            ("zip", zipped(&[("__MACOSX/._x.csv", b"junk"), ("inner.csv", text.as_bytes())])),
        ];
        if layout != Layout::Xml {
            variants.push(("tabs", separated("\t").into_bytes()));
            variants.push(("semicolons", separated(";").into_bytes()));
            variants.push(("upper case", text.to_uppercase().replace("NEED", "need").into_bytes()));
            variants.push(("workbook", sheet_of(text)));
            variants.push(("zipped workbook", zipped(&[("a.xlsx", &sheet_of(text))])));
            variants.push(("gzipped workbook", gzip(&sheet_of(text))));
        }
        for (name, bytes) in variants {
            let outcome = forms("export.dat", bytes);
            assert_eq!(outcome.troubles, Vec::<String>::new(), "{layout} {name}: {:?}", outcome.messages);
            assert_eq!(outcome.layouts, [layout], "{name}");
            if name == "upper case" {
                assert_eq!(outcome.records.len(), records.len(), "{layout} {name}");
            } else {
                assert_eq!(outcome.records, records, "{layout} {name}");
            }
        }
    }
}

#[test]
fn windows_1252_is_never_latin_1() {
    let bytes = [b"form_id,need\n1,\x93quoted\x94 \xa35\n".as_slice()].concat();
    assert_eq!(forms("a.csv", bytes).records, ["1 [] need=“quoted” £5"]);
}

#[test]
fn every_value_has_its_place() {
    let dir = TempDir::new().unwrap();
    let csv = "Report\r\n\r\nform_id,need,said\r\n1,a,\"two\r\nlines\"\r\n2,b,c\r\n";
    assert_eq!(
        places(&file(&dir, "a.csv", csv)),
        [
            "line 4",
            "line 4, column “need”",
            "line 4, column “said”",
            "line 6",
            "line 6, column “need”",
            "line 6, column “said”"
        ]
    );
    assert_eq!(places(&file(&dir, "a.xlsx", sheet_of("Title\n\nform_id,need\n1,a\n"))), ["Requests!A4", "Requests!B4"]);
    let xml = places(&file(&dir, "a.xml", XML));
    assert_eq!(
        xml[..3],
        ["line 6, WorkflowStep/Form", "line 9, WorkflowStep/Form/Answer", "line 10, WorkflowStep/Form/Answer"]
    );
    assert_eq!(xml[6], "line 15, WorkflowStep/Form/QuestionCollection/Row/Answer");
    assert_eq!(xml.last().unwrap(), "line 20, workflowstep");
}

/// A file with one bad record between good ones: its reason and place, and what else came out.
struct Bad<'b> {
    what: &'b str,
    bytes: Vec<u8>,
    trouble: &'b [&'b str],
    records: &'b [&'b str],
}

fn check(cases: Vec<Bad<'_>>) {
    for Bad { what, bytes, trouble, records } in cases {
        let outcome = forms("export.dat", bytes);
        assert_eq!(outcome.troubles, trouble, "{what}: {:?}", outcome.messages);
        assert_eq!(outcome.records, records, "{what}");
    }
}

#[test]
fn what_cannot_be_opened_is_one_trouble_about_the_whole_file() {
    let mut compound = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    compound.resize(2_048, 0);
    let stream = |name: &str| -> Vec<u8> {
        compound.iter().copied().chain(name.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let book = sheet_of(WIDE);
    let long_text = "a,".repeat(40_000);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "file-empty"),
        ("nothing but space", b" \r\n\r\n".to_vec(), "file-empty"),
        ("nothing in a gzip", gzip(b""), "file-empty"),
        ("locked workbook", stream("EncryptedPackage"), "file-encrypted"),
        ("unknown compound file", compound.clone(), "file-encrypted"),
        ("old workbook", stream("Workbook"), "file-mistyped"),
        ("PDF", b"%PDF-1.7 ...".to_vec(), "file-mistyped"),
        ("web page", b"<!DOCTYPE html><html></html>".to_vec(), "file-mistyped"),
        ("binary", vec![1, 2, 0, 4, 0, 0, 0, 9], "file-mistyped"),
        ("a zip in a zip", zipped(&[("a.zip", &zipped(&[("b.csv", WIDE.as_bytes())]))]), "file-mistyped"),
        ("cut gzip", gzip(long_text.as_bytes())[..40].to_vec(), "file-truncated"),
        ("cut workbook", book[..book.len() / 2].to_vec(), "file-truncated"),
        ("no header", b"some,thing\nelse,here\n".to_vec(), "header-missing"),
        ("other XML", b"<a><b/></a>".to_vec(), "header-missing"),
        ("cut XML", b"<MosaicForms><Workflo".to_vec(), "file-truncated"),
        (
            "a DTD",
            XML.replace("<MosaicForms", "<!DOCTYPE x [<!ENTITY a \"b\">]><MosaicForms").into_bytes(),
            "xml-forbidden",
        ),
        ("a climbing path", zipped(&[("../a.csv", WIDE.as_bytes())]), "archive-hostile"),
        ("an absolute path", zipped(&[("/a.csv", WIDE.as_bytes())]), "archive-hostile"),
        ("a drive", zipped(&[("C:\\a.csv", WIDE.as_bytes())]), "archive-hostile"),
        ("two columns for one", b"form_id,Form ID,need\n1,1,a\n".to_vec(), "column-ambiguous"),
        ("one question twice", b"form_id,need,need\n1,1,a\n".to_vec(), "column-ambiguous"),
        ("no answers", b"form_id,question_user_code,x\n1,1,a\n".to_vec(), "column-missing"),
    ];
    for (what, bytes, reason) in cases {
        let outcome = forms("export.csv", bytes);
        let reasons: Vec<&str> = outcome.troubles.iter().filter_map(|trouble| trouble.split(' ').next()).collect();
        assert_eq!(reasons, [reason], "{what}: {:?}", outcome.messages);
        assert_eq!(outcome.records, Vec::<String>::new(), "{what}");
    }
    let nowhere = forms_of(Path::new("/nowhere/at/all.csv"), &Headings::default());
    assert_eq!(nowhere.troubles, ["file-unreadable at the whole file"]);
}

#[test]
fn bombs_are_stopped() {
    let large = vec![b' '; usize::try_from(limit::INFLATED_BYTES_FREE).unwrap() + (8 << 20)];
    let text = [b"form_id,need\n1,a\n2,\"".as_slice(), &large].concat();
    for bytes in [gzip(&text), zipped(&[("a.csv", &text)])] {
        let outcome = forms("a.csv", bytes);
        assert!(
            outcome.troubles.iter().any(|trouble| trouble.starts_with("archive-hostile")),
            "{:?}",
            outcome.troubles
        );
    }
    let claim = tampered(&sheet_of(WIDE), "xl/sharedStrings.xml", |text| {
        text.replacen("uniqueCount=\"", "uniqueCount=\"99999999999999", 1)
    });
    assert_eq!(forms("a.xlsx", claim).troubles, ["archive-hostile at the whole file"]);
}

#[test]
fn a_zip_gives_every_member_its_name_and_one_bad_member_costs_itself() {
    let dir = TempDir::new().unwrap();
    let path =
        file(&dir, "a.zip", zipped(&[("one.csv", WIDE.as_bytes()), ("b/two.csv", b""), ("three.xml", XML.as_bytes())]));
    let (parts, troubles) = parts(&path);
    assert!(troubles.is_empty());
    let names: Vec<&str> = parts.iter().map(|part| &**part.name()).collect();
    assert_eq!(names, ["a.zip/one.csv", "a.zip/b/two.csv", "a.zip/three.xml"]);
    let outcome = forms_of(&path, &Headings::default());
    assert_eq!(outcome.records.len(), 4);
    assert_eq!(outcome.troubles, ["file-empty at the whole file"]);
}

#[test]
fn a_damaged_zip_member_is_said() {
    let mut bytes = zipped(&[("a.csv", WIDE.repeat(200).as_bytes())]);
    bytes[60] ^= 0x55;
    let outcome = forms("a.zip", bytes);
    assert!(outcome.troubles.iter().any(|trouble| trouble.starts_with("file-truncated")), "{:?}", outcome.troubles);
}

#[test]
fn a_fingerprint_is_what_sha256sum_prints() {
    let dir = TempDir::new().unwrap();
    let hash = fingerprint(&file(&dir, "a", b"abc")).unwrap();
    assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
}

#[test]
fn a_listener_who_leaves_stops_the_reader() {
    let dir = TempDir::new().unwrap();
    let mut text = "form_id,need\n".to_owned();
    for id in 0..200_000 {
        text.push_str(&format!("{id},{}\n", "x".repeat(20)));
    }
    let (parts, _) = parts(&file(&dir, "a.csv", &text));
    let mut forms = parts[0].forms(&Headings::default(), dir.path()).unwrap();
    assert!(forms.next().unwrap().is_ok());
    assert!(forms.bytes_read() < parts[0].bytes());
    drop(forms);
}

#[test]
fn what_is_made_of_records_comes_in_their_order_whoever_makes_it() {
    let dir = TempDir::new().unwrap();
    let mut text = "form_id,need\n".to_owned();
    (0..5_000).for_each(|id| text.push_str(&format!("{id},{}\n", "x".repeat(id % 7))));
    let (parts, _) = parts(&file(&dir, "a.csv", &text));
    let id = |record: Result<Record, Trouble>| record.unwrap().head(Column::FormId).unwrap().parse::<usize>().unwrap();
    let ids: Vec<usize> = parts[0].forms_through(&Headings::default(), dir.path(), id).unwrap().collect();
    assert_eq!(ids, (0..5_000).collect::<Vec<_>>());
}

#[test]
fn a_listener_is_told_when_the_making_breaks_off() {
    let dir = TempDir::new().unwrap();
    let mut text = "form_id,need\n".to_owned();
    (0..5_000).for_each(|id| text.push_str(&format!("{id},x\n")));
    let (parts, _) = parts(&file(&dir, "a.csv", &text));
    let broken = std::sync::Barrier::new(2);
    let first = std::sync::Once::new();
    // The listener stays with its first record until the reader, which helps meanwhile, breaks off.
    let made = parts[0].forms_through(&Headings::default(), dir.path(), move |record| {
        if std::thread::current().name() == Some("export-reader") {
            broken.wait();
            panic!("broken off on purpose");
        }
        first.call_once(|| {
            broken.wait();
        });
        record.map(|_| ()).map_err(|trouble| trouble.reason)
    });
    let made: Vec<_> = made.unwrap().collect();
    assert_eq!(made.first(), Some(&Ok(())));
    assert_eq!(made.last(), Some(&Err(crate::domain::Reason::FileUnreadable)));
}

#[test]
fn a_record_survives_quarantine() {
    let dir = TempDir::new().unwrap();
    let (parts, _) = parts(&file(&dir, "a.xml", XML));
    let record = parts[0].forms(&Headings::default(), dir.path()).unwrap().next().unwrap().unwrap();
    let stored = serde_json::to_string(&record).unwrap();
    let again: Record = serde_json::from_str(&stored).unwrap();
    assert_eq!(short(&again), short(&record));
}
