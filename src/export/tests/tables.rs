//! Delimited text and tables of every kind.

use super::*;

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
fn a_missing_column_is_named_with_the_headings_found_and_the_near_miss() {
    let outcome = forms("a.csv", "worflow_step_id,person_id,step_status,need\n1,2,STARTED,a\n");
    assert_eq!(outcome.troubles, ["column-missing at line 1"]);
    for wanted in ["form_id or workflow_step_id", "`person_id`", "did you mean `worflow_step_id`"] {
        assert!(outcome.messages[0].contains(wanted), "{:?}", outcome.messages);
    }
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
