//! What only workbooks do.

use super::*;

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
