//! Tables: what a person keeps in a spreadsheet comes back as it was, and each fault has its cell.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod samples;

use proptest::prelude::*;
use volbridge_formats::{
    Entry, Fault,
    table::{Found, Layout, Mapping, Names, Reader, csv, xlsx},
};
use volbridge_proto::Code;

fn to_csv(entries: &[Entry], names: Names) -> Vec<u8> {
    let mut table = csv::Writer::new(Vec::new(), Layout::of(entries, names)).unwrap();
    for entry in entries {
        table.write(entry).unwrap();
    }
    table.finish().unwrap()
}

fn to_xlsx(entries: &[Entry], names: Names) -> Vec<u8> {
    let mut table = xlsx::Writer::new(Layout::of(entries, names)).unwrap();
    for entry in entries {
        table.write(entry).unwrap();
    }
    table.finish().unwrap()
}

fn from_csv(bytes: &[u8]) -> Vec<Found> {
    let source = csv::open(bytes).unwrap();
    let mapping = Mapping::guess(&source.headers);
    Reader::new(source, mapping).collect()
}

fn from_xlsx(bytes: Vec<u8>) -> Vec<Found> {
    let source = xlsx::open(bytes).unwrap();
    let mapping = Mapping::guess(&source.headers);
    assert_eq!(mapping.unknown(), [""; 0]);
    Reader::new(source, mapping).collect()
}

fn sound(found: Vec<Found>) -> Vec<Entry> {
    found
        .into_iter()
        .map(|found| if found.faults.is_empty() { found.entry } else { panic!("{:?}", found.faults) })
        .collect()
}

fn hostile() -> Vec<Entry> {
    let texts = samples::HOSTILE.iter().map(|text| (*text).to_owned()).chain([samples::long()]);
    texts
        .enumerate()
        .map(|(at, text)| Entry { reference: format!("{at}{text}"), ..samples::filled_with(&text) })
        .collect()
}

#[test]
fn t63_hostile_texts_come_back_from_csv_as_they_were() {
    for names in [Names::English, Names::Chinese] {
        let entries = hostile();
        assert_eq!(sound(from_csv(&to_csv(&entries, names))), entries);
    }
}

#[test]
fn t63_hostile_texts_come_back_from_a_workbook_as_they_were() {
    for entry in hostile() {
        let read = sound(from_xlsx(to_xlsx(std::slice::from_ref(&entry), Names::Chinese)));
        assert_eq!(read, [entry]);
    }
}

#[test]
fn t63_no_cell_of_a_table_begins_as_a_formula() {
    let bytes = to_csv(&hostile(), Names::English);
    let mut rows = ::csv::ReaderBuilder::new().from_reader(&bytes[..]);
    for row in rows.records().map(Result::unwrap) {
        for cell in &row {
            let number = cell.parse::<f64>().is_ok();
            let starts = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
            assert!(number || !starts, "{cell:?}");
        }
    }
}

#[test]
fn every_cell_stands_in_quotes_behind_the_mark_that_excel_looks_for() {
    let text = String::from_utf8(to_csv(&[samples::ordinary()], Names::Chinese)).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    assert!(text.starts_with("\"编号\",\"志桥编号\",\"语言\""), "{text}");
    assert!(text.lines().next().unwrap().contains("\"标题（en）\",\"标题（zh-CN）\""));
}

#[test]
fn a_sheet_as_a_centre_keeps_it_is_understood() {
    let text = "编号;项目名称（中文）;标题（英文）;国家;开始日期;岗位;招募人数;语言要求;志愿者保障;组织者备注\n\
        7;乡村支教;Teaching;CN;2027年3月1日;教师;20;en:B2；zh:C1;住宿、餐饮;内部\n\
        ;;;;;厨师;2;;;\n\
        8;图书馆;;CN;2027/4/1;馆员;1;;;\n";
    let source = csv::open(text.as_bytes()).unwrap();
    let mapping = Mapping::guess(&source.headers);
    assert_eq!(mapping.unknown(), ["组织者备注"]);
    let entries = sound(Reader::new(source, mapping).collect());
    let [first, second] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((first.reference.as_str(), first.listing.language.as_str()), ("7", "zh"));
    assert_eq!(first.text("title", "en"), "Teaching");
    assert_eq!(first.listing.starts_on, "2027-03-01");
    let roles: Vec<_> =
        first.listing.roles.iter().map(|role| (role.number, role.title.as_str(), role.slots)).collect();
    assert_eq!(roles, [(1, "教师", 20), (2, "厨师", 2)]);
    let offer = first.listing.roles[0].offer.clone().unwrap();
    assert!(offer.housing && offer.meals && !offer.visa);
    assert_eq!(first.listing.roles[0].languages.len(), 2);
    assert_eq!(second.listing.title, "图书馆");
}

#[test]
fn each_bad_cell_is_named_with_its_row_and_header() {
    let text = "reference,title_en,starts_on,hours_per_week,role_slots,latitude\n\
        1,A,03/04/2027,ten,-3,91\n\
        1,B,,,5,\n\
        2,C,,,1,,too much\n\
        1,A,,,1,\n";
    let found = from_csv(text.as_bytes());
    let faults: Vec<Fault> = found.iter().flat_map(|found| found.faults.clone()).collect();
    let places: Vec<_> = faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.code)).collect();
    assert_eq!(
        places,
        [
            (2, "starts_on", Code::DateMalformed),
            (2, "hours_per_week", Code::FieldInvalid),
            (2, "latitude", Code::FieldOutOfRange),
            (2, "role_slots", Code::FieldInvalid),
            (3, "title_en", Code::FieldMismatch),
            (4, "7", Code::FieldUnexpected),
            (5, "reference", Code::FieldDuplicate),
        ]
    );
    assert_eq!(faults[0].value, "03/04/2027");
}

#[test]
fn a_rule_that_is_broken_is_named_with_the_row_of_its_role_and_the_header_of_its_column() {
    let text = "编号,标题（中文）,国家,岗位,招募人数,已招人数\n1,支教,XX,教师,20,\n1,,,厨师,2,3\n";
    let source = csv::open(text.as_bytes()).unwrap();
    let mapping = Mapping::guess(&source.headers);
    let mut reader = Reader::new(source, mapping.clone());
    let faults = reader.next().unwrap().check(&mapping);
    let has = |row, column: &str, code| {
        faults.iter().any(|fault| (fault.row, fault.column.as_str(), fault.code) == (row, column, code))
    };
    assert!(has(2, "国家", Code::FieldInvalid), "{faults:?}");
    assert!(has(3, "已招人数", Code::FieldMismatch), "{faults:?}");
    assert!(has(2, "summary", Code::FieldRequired), "{faults:?}");
}

#[test]
fn a_header_that_was_guessed_wrong_is_corrected() {
    let text = "Our name,name,Remarks\nTeaching,internal,secret\n";
    let source = csv::open(text.as_bytes()).unwrap();
    let mut mapping = Mapping::guess(&source.headers);
    assert_eq!(mapping.unknown(), ["Our name", "Remarks"]);
    mapping.assign("Our name", "title").unwrap();
    mapping.assign("Remarks", "").unwrap();
    assert_eq!(mapping.assign("no such", "title"), Err(Code::FieldUnknown));
    assert_eq!(mapping.assign("Remarks", "no such"), Err(Code::FieldInvalid));
    let entries = sound(Reader::new(source, mapping).collect());
    assert_eq!(entries[0].listing.title, "Teaching");
}

#[test]
fn a_row_that_is_not_utf_8_is_named_and_the_next_is_read() {
    let mut bytes = b"reference,title_en\n1,A\n2,".to_vec();
    bytes.extend([0xff, 0xfe]);
    bytes.extend(b"\n3,C\n");
    let found = from_csv(&bytes);
    assert_eq!(found.len(), 3);
    assert_eq!(found[1].faults, [Fault::new(3, "2", Code::CanonicalUtf8, "")]);
    assert_eq!(found[2].entry.listing.title, "C");
}

#[test]
fn a_hundred_thousand_rows_are_read_one_after_the_other() {
    let row = b"\"r\",\"A title\",\"2\"\n";
    let rows = (0..100_000_u32).map(|number| [format!("{number}").as_bytes(), &row[..]].concat());
    let mut held = std::io::Cursor::new(b"reference,title_en,role_slots\n".to_vec());
    let mut rows = rows.fuse();
    /// Makes the rows as they are read: were they all held, this test would hold them too.
    struct Made<'a, I>(&'a mut std::io::Cursor<Vec<u8>>, &'a mut I);
    impl<I: Iterator<Item = Vec<u8>>> std::io::Read for Made<'_, I> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.read(to)?;
            if read > 0 {
                return Ok(read);
            }
            match self.1.next() {
                Some(row) => *self.0 = std::io::Cursor::new(row),
                None => return Ok(0),
            }
            self.0.read(to)
        }
    }
    let source = csv::open(Made(&mut held, &mut rows)).unwrap();
    let mapping = Mapping::guess(&source.headers);
    assert_eq!(Reader::new(source, mapping).filter(|found| found.faults.is_empty()).count(), 100_000);
}

#[test]
fn a_workbook_with_numbers_and_days_as_excel_writes_them_is_understood() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    for (column, name) in (0..).zip(["编号", "标题_中文", "开始日期", "招募人数", "可远程", "纬度"])
    {
        sheet.write_string(0, column, name).unwrap();
    }
    sheet.write_number(1, 0, 14.0).unwrap();
    sheet.write_string(1, 1, "支教").unwrap();
    let date = rust_xlsxwriter::ExcelDateTime::from_ymd(2027, 3, 1).unwrap();
    sheet.write_datetime_with_format(1, 2, &date, &day).unwrap();
    sheet.write_number(1, 3, 20.0).unwrap();
    sheet.write_boolean(1, 4, true).unwrap();
    sheet.write_number(1, 5, 25.6065).unwrap();
    // A cell in the last corner makes nothing large.
    sheet.write_number(1_048_575, 16_383, 1.0).unwrap();
    let entries = sound(from_xlsx(book.save_to_buffer().unwrap()));
    let listing = &entries[0].listing;
    assert_eq!((entries[0].reference.as_str(), listing.starts_on.as_str()), ("14", "2027-03-01"));
    assert_eq!((listing.roles[0].slots, listing.remote), (20, true));
    assert_eq!(listing.place.as_ref().unwrap().coordinates.unwrap().latitude_e6, 25_606_500);
}

#[test]
fn a_text_that_no_cell_holds_is_cut_and_says_so_and_the_others_are_whole() {
    let long = Entry { reference: "1".into(), ..samples::filled_with(&"😀".repeat(20_000)) };
    let other = Entry { reference: "2".into(), ..samples::ordinary() };
    let read = sound(from_xlsx(to_xlsx(&[long, other.clone()], Names::English)));
    assert_eq!(read[0].listing.description, "😀".repeat(16_383) + "…");
    assert_eq!(read[1], other);
}

#[test]
fn what_is_no_workbook_is_refused() {
    for bytes in [&b""[..], b"PK\x03\x04", b"reference,title\n"] {
        assert!(xlsx::open(bytes.to_vec()).is_err());
    }
}

/// What a table can carry of an entry.
fn carried(mut entry: Entry) -> Entry {
    if entry.listing.place.as_ref().is_some_and(|place| *place == Default::default()) {
        entry.listing.place = None;
    }
    entry
}

proptest! {
    #[test]
    fn any_listings_come_back_from_csv(mut entries in prop::collection::vec(samples::entry(), 1..4), chinese: bool) {
        for (at, entry) in entries.iter_mut().enumerate() {
            entry.reference = format!("{at}{}", entry.reference);
        }
        let names = if chinese { Names::Chinese } else { Names::English };
        let read = sound(from_csv(&to_csv(&entries, names)));
        prop_assert_eq!(read, entries.into_iter().map(carried).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
        if let Ok(source) = csv::open(&bytes[..]) {
            let mapping = Mapping::guess(&source.headers);
            prop_assert!(Reader::new(source, mapping).count() <= bytes.len());
        }
        let _ = xlsx::open(bytes);
    }
}

proptest! {
    // A workbook takes its time in a build for tests.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_listing_comes_back_from_a_workbook(entry in samples::entry()) {
        let read = sound(from_xlsx(to_xlsx(std::slice::from_ref(&entry), Names::English)));
        prop_assert_eq!(read, [carried(entry)]);
    }
}
