//! What councils' exports do, and what becomes of it: every fault with its reason and place, and the neighbours taken.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::domain::{ExtractType, Trouble, limit};

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
fn a_bad_row_of_a_table_costs_its_own_record_only() {
    let bad = |what, text: &str, trouble, records| Bad { what, bytes: text.as_bytes().to_vec(), trouble, records };
    check(vec![
        bad(
            "uneven row",
            "form_id,need\n1,a\n2,b,c\n3,d\n",
            &["row-uneven at line 3"],
            &["1 [] need=a", "3 [] need=d"],
        ),
        bad(
            "short row",
            "form_id,need,x\n1,a,x\n2,b\n3,d,x\n",
            &["row-uneven at line 3"],
            &["1 [] need=a x=x", "3 [] need=d x=x"],
        ),
        bad("trailing separators", "form_id,need\n1,a,,\n2,b\n", &[], &["1 [] need=a", "2 [] need=b"]),
        bad("cut in its last row", "form_id,need,x\n1,a,x\n2,b", &["file-truncated at line 3"], &["1 [] need=a x=x"]),
        bad(
            "a quote never closed",
            "form_id,need\n1,a\n2,\"b\n3,d\n4,e\n",
            &["file-truncated at line 3"],
            &["1 [] need=a", "3 [] need=d", "4 [] need=e"],
        ),
        bad(
            "cut within a quote",
            "form_id,need,x\n1,a,x\n2,\"b\r\nand so",
            &["file-truncated at line 3"],
            &["1 [] need=a x=x"],
        ),
    ]);
}

#[test]
fn bytes_that_are_no_characters_cost_their_own_row_only() {
    check(vec![
        Bad {
            what: "bytes that are no characters",
            bytes: b"form_id,need\n1,caf\xc3\xa9\n2,\xff\n3,\xc3\xa9\n".to_vec(),
            trouble: &["encoding-broken at line 3"],
            records: &["1 [] need=café", "3 [] need=é"],
        },
        Bad {
            what: "bytes that Windows-1252 does not have",
            bytes: b"form_id,need\n1,\xa35\n2,\x81\n3,\x93a\x94\n".to_vec(),
            trouble: &["encoding-broken at line 3"],
            records: &["1 [] need=£5", "3 [] need=“a”"],
        },
    ]);
}

#[test]
fn a_bad_row_of_a_long_export_spoils_its_form_only() {
    let bad = |what, text: &str, trouble, records| Bad { what, bytes: text.as_bytes().to_vec(), trouble, records };
    check(vec![
        bad(
            "a bad row of a long form spoils that form",
            "form_id,question_user_code,answer\n1,a,x\n2,a,x,y\n2,b,x\n3,a,x\n",
            &["row-uneven at line 3"],
            &["1 [] a=x", "3 [] a=x"],
        ),
        bad(
            "the form at which a long file breaks off",
            "form_id,question_user_code,answer\n1,a,x\n2,a,x\n2,b,\"x",
            &["file-truncated at line 4"],
            &["1 [] a=x"],
        ),
        bad(
            "the id at which a long file breaks off",
            "form_id,question_user_code,answer\n11,a,x\n222,a,x\n22",
            &["file-truncated at line 4"],
            &["11 [] a=x"],
        ),
        bad(
            "a long row without ids",
            "form_id,question_user_code,answer\n1,a,x\n,a,x\n3,a,x\n",
            &["submission-unidentified at line 3"],
            &["1 [] a=x", "3 [] a=x"],
        ),
        bad(
            "rows of a form that disagree",
            "form_id,step_status,question_user_code,answer\n1,STARTED,a,x\n2,STARTED,a,x\n2,COMPLETED,b,x\n3,STARTED,a,x\n",
            &["records-disagree at line 4, column “step_status”"],
            &["1 [] a=x", "3 [] a=x"],
        ),
    ]);
}

#[test]
fn furniture_is_no_record_and_is_counted() {
    let text = "Support requests\nfrom 1 to 30 November\n\nform_id,need,money\n1,a,2\nform_id,need,money\n2,b,3\n\
                ,,\nTotal,,5\nTotal,5\n(2 rows affected)\n";
    let outcome = forms("a.csv", text);
    assert_eq!(outcome.records, ["1 [] need=a money=2", "2 [] need=b money=3"]);
    assert_eq!((outcome.troubles.len(), outcome.remarks.furniture_rows), (0, 4), "{:?}", outcome.messages);
}

#[test]
fn a_database_s_null_is_unanswered_and_an_empty_answer_is_blank() {
    let long = "form_id,question_user_code,text_answer,date_answer\n1,a,NULL,2026-01-02\n1,b,NULL,NULL\n1,c,,\n";
    assert_eq!(forms("a.csv", long).records, ["1 [] a=2026-01-02 b= c="]);
    assert_eq!(forms("a.csv", "form_id,a,b,c\n1,NULL,,x\n").records, ["1 [] c=x"]);
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
fn a_missing_column_is_named_with_the_headings_found_and_the_near_miss() {
    let outcome = forms("a.csv", "worflow_step_id,person_id,step_status,need\n1,2,STARTED,a\n");
    assert_eq!(outcome.troubles, ["column-missing at line 1"]);
    for wanted in ["form_id or workflow_step_id", "`person_id`", "did you mean `worflow_step_id`"] {
        assert!(outcome.messages[0].contains(wanted), "{:?}", outcome.messages);
    }
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
fn a_bad_submission_does_not_stop_the_xml_behind_it() {
    let step = |id: u32, inner: &str| {
        format!("<WorkflowStep workflowStepId=\"{id}\"><Form formId=\"{id}\">{inner}</Form></WorkflowStep>\n")
    };
    let answer = "<Answer questionUserCode=\"a\">x</Answer>";
    let with =
        |bad: &str| format!("<MosaicForms>\n{}{bad}{}</MosaicForms>", step(1, answer), step(3, answer)).into_bytes();
    let deep = format!("{}{}", "<x>".repeat(100), "</x>".repeat(100));
    let long = format!("<Answer questionUserCode=\"a\">{}</Answer>", "y".repeat(limit::CELL_BYTES_MAX + 1));
    let many = answer.repeat(limit::ANSWERS_MAX + 1);
    let records: &[&str] = &["1 [] a=x", "3 [] a=x"];
    let bad = |what, bytes, trouble| Bad { what, bytes, trouble, records };
    check(vec![
        bad(
            "an entity",
            with(&step(2, "<Answer questionUserCode=\"a\">&x;</Answer>")),
            &["xml-forbidden at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "an entity in an attribute",
            with(&step(2, "<Answer questionUserCode=\"&x;\"/>")),
            &["xml-forbidden at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "too deep",
            with(&step(2, &deep)),
            &[&format!("too-large at line 3, WorkflowStep/Form{}", "/x".repeat(62))],
        ),
        bad("too long", with(&step(2, &long)), &["too-large at line 3, WorkflowStep/Form"]),
        bad("too many", with(&step(2, &many)), &["too-large at line 3, WorkflowStep/Form"]),
        bad(
            "an answer to nothing",
            with(&step(2, "<Answer>x</Answer>")),
            &["value-unreadable at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "a lone ampersand",
            with(&step(2, "<Answer questionUserCode=\"a\">x & y</Answer>")),
            &["xml-broken at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "an element never closed",
            with(&step(2, "<Answer questionUserCode=\"a\">x")),
            &["xml-broken at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "an element closed as another",
            with(&step(2, "<Answer questionUserCode=\"a\">x</Answr>")),
            &["xml-broken at line 3, WorkflowStep/Form/Answer"],
        ),
        bad(
            "two statuses",
            with("<WorkflowStep stepStatus=\"STARTED\"><StepStatus>COMPLETED</StepStatus></WorkflowStep>"),
            &["records-disagree at line 3, WorkflowStep"],
        ),
        Bad {
            what: "broken bytes in the step's own tag",
            bytes: with("<WorkflowStep id=\"@\" title=\"éé\"></WorkflowStep>")
                .iter()
                .map(|byte| if *byte == b'@' { 0xff } else { *byte })
                .collect(),
            trouble: &["encoding-broken at line 3, WorkflowStep"],
            records,
        },
        bad(
            "broken bytes",
            [with(&step(2, "<Answer questionUserCode=\"a\">é€é€é€@</Answer>"))]
                .concat()
                .iter()
                .map(|byte| if *byte == b'@' { 0xff } else { *byte })
                .collect(),
            &["encoding-broken at line 3, WorkflowStep/Form"],
        ),
    ]);
}

#[test]
fn cut_xml_yields_what_came_before_and_says_where_it_ends() {
    let whole = format!(
        "<MosaicForms>\n{}",
        "<WorkflowStep id=\"1\">\n<Form id=\"7\"><Answer code=\"a\">x</Answer></Form>\n</WorkflowStep>\n".repeat(3)
    );
    let records: &[&str] = &["7 [] a=x", "7 [] a=x"];
    let cut = |what, until: &str, trouble| {
        let at = whole.rfind(until).unwrap() + until.len();
        Bad { what, bytes: whole.as_bytes()[..at].to_vec(), trouble, records }
    };
    check(vec![
        cut("in an answer", "<Answer code=\"a\">x", &["file-truncated at line 9, WorkflowStep/Form"]),
        cut("in a tag", "<Answer code", &["file-truncated at line 9, WorkflowStep/Form"]),
        cut("between forms", "</Form>", &["file-truncated at line 8, WorkflowStep"]),
    ]);
    let outcome = forms("a.xml", &whole);
    assert_eq!(
        (outcome.records.len(), outcome.troubles.as_slice()),
        (3, ["file-truncated at line 11".to_owned()].as_slice())
    );
}

#[test]
fn unknown_elements_are_passed_over_and_named() {
    let xml = XML.replace("<Context>", "<Colour>blue</Colour><Context>");
    let outcome = forms("a.xml", xml);
    assert_eq!(outcome.records, XML_RECORDS);
    assert_eq!(
        outcome.remarks.elements_unknown,
        BTreeMap::from([("WorkflowStep/Form/TemplateMetaData/Colour".to_owned(), 1)])
    );
}

#[test]
fn the_head_of_an_xml_submission_is_read() {
    let dir = TempDir::new().unwrap();
    let (parts, _) = parts(&file(&dir, "a.xml", XML));
    let record = parts[0].forms(&Headings::default(), dir.path()).unwrap().next().unwrap().unwrap();
    let heads: Vec<(Column, &str)> =
        Column::ALL.iter().flat_map(|column| record.heads(*column).map(move |value| (*column, value))).collect();
    assert_eq!(
        heads,
        [
            (Column::WorkflowStepId, "900001"),
            (Column::StepStatus, "COMPLETED"),
            (Column::StartedOn, "2026-11-02T09:14:00"),
            (Column::PersonId, "123456"),
            (Column::FormId, "700001"),
            (Column::TemplateId, "2401"),
            (Column::TemplateUserCode, "tpl"),
            (Column::Version, "3"),
            (Column::Title, "A form"),
        ]
    );
    let said = record.answers().find(|answer| answer.code == "said").unwrap();
    assert_eq!((said.wording, said.datatype), (Some("What was said"), None));
    let cost = record.answers().find(|answer| answer.code == "cost").unwrap();
    assert_eq!((cost.collection, cost.row), (Some("31"), Some("88001")));
}

#[test]
fn rows_of_a_long_form_need_not_stand_together() {
    let mut text = "form_id,step_status,question_user_code,answer\n".to_owned();
    for question in ["a", "b", "c"] {
        for form in [5, 3, 9] {
            text.push_str(&format!("{form},STARTED,{question},{question}{form}\n"));
        }
    }
    let wanted = ["5 [] a=a5 b=b5 c=c5", "3 [] a=a3 b=b3 c=c3", "9 [] a=a9 b=b9 c=c9"];
    assert_eq!(forms("a.csv", &text).records, wanted);
    assert_eq!(forms("a.xlsx", sheet_of(&text)).records, wanted);
    let bad = text.replace("3,STARTED,b,b3", "3,STARTED,b,b3,x");
    let outcome = forms("a.csv", bad);
    assert_eq!(outcome.records, [wanted[0], wanted[2]]);
    assert_eq!(outcome.troubles, ["row-uneven at line 6"]);
}

#[test]
fn spilled_rows_read_back_as_they_were_whatever_the_container() {
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let book = workbook(|book| {
        let sheet = book.add_worksheet();
        sheet
            .write_row(0, 0, ["form_id", "question_user_code", "text_answer", "number_answer", "date_answer"])
            .unwrap();
        for row in [1, 3] {
            let form = f64::from(row % 2 + 1);
            sheet.write_number(row, 0, form).unwrap();
            sheet.write_string(row, 1, "cost").unwrap();
            sheet.write_number(row, 3, 4.5 + f64::from(row)).unwrap();
        }
        sheet.write_number(2, 0, 1.0).unwrap();
        sheet.write_string(2, 1, "when").unwrap();
        sheet.write_datetime_with_format(2, 4, ExcelDateTime::from_ymd(2026, 11, 12).unwrap(), &date).unwrap();
    });
    let outcome = forms("a.xlsx", book);
    assert_eq!(outcome.records, ["2 [] cost=#5.5 cost=#7.5", "1 [] when=@2026-11-12T00:00:00"]);
}

#[test]
fn identical_rows_are_kept_once_and_several_ticks_are_several_answers() {
    let text = "form_id,question_user_code,lookup_answer\n1,a,x\n1,a,y\n1,a,x\n1,b,x\n";
    assert_eq!(forms("a.csv", text).records, ["1 [] a=x a=y b=x"]);
    assert_eq!(forms("a.csv", "form_id,a\n1,x\n1,x\n2,x\n").records, ["1 [] a=x", "2 [] a=x"]);
    let outcome = forms("a.csv", "form_id,a\n1,x\n1,y\n2,x\n");
    assert_eq!(
        (outcome.records, outcome.troubles),
        (vec!["2 [] a=x".to_owned()], vec!["records-disagree at line 3, column “form_id”".to_owned()])
    );
}

#[test]
fn what_every_sibling_s_row_says_is_about_all_and_the_rest_about_one() {
    let long = "form_id,person_id,question_user_code,answer\n1,11,need,x\n1,12,need,x\n1,11,school,p\n1,12,school,q\n2,11,need,x\n";
    assert_eq!(
        forms("a.csv", long).records,
        ["1 [\"11\", \"12\"] need=x school@11=p school@12=q", "2 [\"11\"] need=x"]
    );
    let wide = "form_id,person_id,need,school\n1,11,x,p\n1,12,x,q\n2,11,x,\n";
    assert_eq!(
        forms("a.csv", wide).records,
        ["1 [\"11\", \"12\"] need=x school@11=p school@12=q", "2 [\"11\"] need=x"]
    );
    let subject = "form_id,person_id,subject_person_id,question_user_code,answer\n1,11,0,need,x\n1,11,12,school,q\n";
    assert_eq!(forms("a.csv", subject).records, ["1 [\"11\"] need=x school@12=q"]);
    let mart = "form_id,subject_person_id,question_user_code,text_answer\n1,-1,need,x\n1,11,school,p\n1,12,school,q\n";
    assert_eq!(forms("a.csv", mart).records, ["1 [\"11\", \"12\"] need=x school@11=p school@12=q"]);
}

#[test]
fn a_form_about_hundreds_of_people_is_refused() {
    let mut text = "form_id,person_id,need\n".to_owned();
    (0..=limit::PEOPLE_MAX).for_each(|person| text.push_str(&format!("1,{},x\n", 100 + person)));
    text.push_str("2,1,x\n");
    let outcome = forms("a.csv", &text);
    assert_eq!(
        (outcome.records, outcome.troubles),
        (vec!["2 [\"1\"] need=x".to_owned()], vec!["too-large at line 2".to_owned()])
    );
}

#[test]
fn numbered_columns_are_rows_of_a_group_and_a_doubled_heading_is_not() {
    assert_eq!(
        forms("a.csv", "form_id,cost_1,cost_2,note_2,x,x_1\n1,5,6,n,p,q\n").records,
        ["1 [] cost[1]=5 cost[2]=6 note_2=n x=p x_1=q"]
    );
}

#[test]
fn a_workbook_s_values_keep_their_types_and_its_ids_their_digits() {
    let date = Format::new().set_num_format("dd/mm/yyyy hh:mm");
    let book = workbook(|book| {
        let cover = book.add_worksheet().set_name("Cover").unwrap();
        cover.write_string(0, 0, "Requests").unwrap();
        let sheet = book.add_worksheet().set_name("Data").unwrap();
        sheet.write_row(1, 0, ["form_id", "person_id", "started_on", "when", "much", "agreed", "blank"]).unwrap();
        sheet.write_number(2, 0, 700_001.0).unwrap();
        sheet.write_string(2, 1, "1.23E+05").unwrap();
        let stamp = ExcelDateTime::from_ymd(2026, 11, 12).unwrap().and_hms(9, 30, 0).unwrap();
        sheet.write_datetime_with_format(2, 2, &stamp, &date).unwrap();
        sheet.write_datetime_with_format(2, 3, &stamp, &date).unwrap();
        sheet.write_number(2, 4, 4.5).unwrap();
        sheet.write_boolean(2, 5, true).unwrap();
        sheet.write_blank(2, 6, &date).unwrap();
        sheet.write_number(3, 0, 1e16).unwrap();
        sheet.write_string(3, 3, "12/11/2026").unwrap();
    });
    let dir = TempDir::new().unwrap();
    let path = file(&dir, "a.xlsx", book);
    let outcome = forms_of(&path, &Headings::default());
    assert_eq!(
        outcome.records,
        ["700001 [\"1.23E+05\"] when=@2026-11-12T09:30:00 much=#4.5 agreed=?true", "1e16 [] when=12/11/2026"]
    );
    assert_eq!(outcome.remarks.sheets_unread, ["Cover".into()]);
    assert_eq!(places(&path)[..2], ["Data!A3", "Data!D3"]);
    let (parts, _) = parts(&path);
    let record = parts[0].forms(&Headings::default(), dir.path()).unwrap().next().unwrap().unwrap();
    assert_eq!(record.head(Column::StartedOn), Some("2026-11-12T09:30:00"));
}

#[test]
fn a_failed_formula_costs_its_own_row() {
    let book = sheet_of("form_id,need\n1,a\n2,b\n3,c\n");
    for (failure, place) in [("#REF!", "Requests!B3"), ("#SPILL!", "Requests!A3")] {
        let failed = tampered(&book, "xl/worksheets/sheet1.xml", |text| {
            let (before, cell) = text.split_once("r=\"B3\"").unwrap();
            let (_, after) = cell.split_once("</c>").unwrap();
            format!("{before}r=\"B3\" t=\"e\"><v>{failure}</v></c>{after}")
        });
        let outcome = forms("a.xlsx", failed);
        assert_eq!(outcome.troubles, [format!("value-unreadable at {place}")], "{:?}", outcome.messages);
        assert_eq!(outcome.records, ["1 [] need=a", "3 [] need=c"]);
    }
}

#[test]
fn a_sheet_goes_on_where_the_one_before_was_full_and_hidden_sheets_come_last() {
    let book = workbook(|book| {
        for (name, heading, id, hidden) in [
            ("One", "need", 1, false),
            ("Old", "need", 9, true),
            ("Two", "need", 2, false),
            ("Other", "else", 3, false),
        ] {
            let sheet = book.add_worksheet().set_name(name).unwrap();
            sheet.set_hidden(hidden);
            sheet.write_row(0, 0, ["form_id", heading]).unwrap();
            sheet.write_row(1, 0, [id.to_string(), name.to_owned()]).unwrap();
        }
    });
    let outcome = forms("a.xlsx", book);
    assert_eq!(outcome.records, ["1 [] need=One", "2 [] need=Two", "9 [] need=Old"]);
    assert_eq!(outcome.remarks.sheets_unread, ["Other".into()]);
}

#[test]
fn documents_events_and_persons_get_canonical_names() {
    let dir = TempDir::new().unwrap();
    let rows = |extract, text: &str| -> Vec<String> {
        let (parts, _) = parts(&file(&dir, "rows.csv", text));
        let rows = match parts[0].rows(extract, &Headings::default()) {
            Ok(rows) => rows,
            Err(trouble) => return vec![format!("{} {}", trouble.reason, trouble.message)],
        };
        let show = |row: Result<Row, Trouble>| match row {
            Ok(row) => {
                let cells: Vec<String> = row.cells.iter().map(|(name, text)| format!("{name}={text}")).collect();
                format!("{}: {}", row.place, cells.join(" "))
            }
            Err(trouble) => format!("{} at {}", trouble.reason, trouble.place),
        };
        rows.map(show).collect()
    };
    let documents =
        "Mosaic ID;Document Type;DOCUMENT_DATE;Name;Colour\n1;Chronology;01/11/2026;A;blue\n2;Plan;;B;\n3;x\nTotal;2\n";
    assert_eq!(
        rows(ExtractType::Documents, documents),
        [
            "line 2: person_id=1 kind=Chronology dated=01/11/2026 title=A Colour=blue",
            "line 3: person_id=2 kind=Plan title=B",
            "row-uneven at line 4",
        ]
    );
    assert_eq!(
        rows(ExtractType::Persons, "PERSON_ID,DOB\n1,2015-02-03\n"),
        ["line 2: person_id=1 date_of_birth=2015-02-03"]
    );
    assert_eq!(
        rows(
            ExtractType::Events,
            "<events><event personId=\"1\"><kind>cla-review</kind><on>2026-01-02</on></event>\n<event><kind>&x;</kind></event><event person_id=\"2\"/></events>"
        ),
        [
            "line 1, event: person_id=1 kind=cla-review on=2026-01-02",
            "xml-forbidden at line 2, event",
            "line 2, event: person_id=2"
        ]
    );
    let missing = rows(ExtractType::Events, "person_id,kind,onn\n1,a,b\n");
    assert_eq!(missing, ["column-missing no column `on`; the headings are `person_id`, `kind`, `onn`"]);
    assert!(rows(ExtractType::Persons, "person_id,dob,Date of birth,birth date\n1,,,\n")[0].starts_with("line 2"));
    assert!(rows(ExtractType::Persons, "person_id,dob,birth date\n1,,\n")[0].starts_with("column-ambiguous"));
}

#[test]
fn a_council_s_own_headings_are_read() {
    let dir = TempDir::new().unwrap();
    let extra = BTreeMap::from([("form_id".to_owned(), vec!["Ref no".to_owned()])]);
    let outcome = forms_of(&file(&dir, "a.csv", "REF_NO,need\n1,a\n"), &Headings::with(&extra));
    assert_eq!(outcome.records, ["1 [] need=a"]);
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
fn a_record_survives_quarantine() {
    let dir = TempDir::new().unwrap();
    let (parts, _) = parts(&file(&dir, "a.xml", XML));
    let record = parts[0].forms(&Headings::default(), dir.path()).unwrap().next().unwrap().unwrap();
    let stored = serde_json::to_string(&record).unwrap();
    let again: Record = serde_json::from_str(&stored).unwrap();
    assert_eq!(short(&again), short(&record));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic_or_go_on_for_ever(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let outcome = forms("a.dat", &bytes);
        prop_assert!(!outcome.records.is_empty() || !outcome.troubles.is_empty() || !outcome.layouts.is_empty());
    }

    #[test]
    fn a_mutated_export_is_accounted_for(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = match which {
            0 => WIDE.as_bytes().to_vec(),
            1 => LONG.as_bytes().to_vec(),
            2 => XML.as_bytes().to_vec(),
            3 => sheet_of(WIDE),
            4 => gzip(XML.as_bytes()),
            _ => zipped(&[("a.csv", LONG.as_bytes()), ("b.xlsx", &sheet_of(LONG))]),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let outcome = forms("a.dat", &bytes);
        let stopped = outcome.messages.iter().any(|message| message.contains("the reader of the file stopped"));
        prop_assert!(!stopped, "{:?}", outcome.messages);
        prop_assert!(!outcome.records.is_empty() || !outcome.troubles.is_empty() || !outcome.layouts.is_empty());
    }
}
