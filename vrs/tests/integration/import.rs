//! CSV files: what is taken, and every error by line and column.

use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;
use vrs::import::{self, CellError};

use crate::support::{Row, csv, number, row};

fn errors(file: &[u8]) -> Vec<(u64, Option<usize>, CellError)> {
    import::parse(file)
        .err()
        .expect("the file is wrong")
        .into_iter()
        .map(|error| (error.line, error.column, error.code))
        .collect()
}

fn column(name: &str) -> Option<usize> {
    let index = import::header().iter().position(|column| *column == name);
    Some(index.expect("a column of the header") + 1)
}

#[test]
fn every_encoding_gives_the_same() {
    let file = csv(&[row(&number(1)).dose("20210701", "A"), row(&number(2))]);
    let crlf = file.replace('\n', "\r\n");
    let (shift_jis, _, unmappable) = SHIFT_JIS.encode(&crlf);
    assert!(!unmappable);
    assert!(std::str::from_utf8(&shift_jis).is_err());
    let plain = import::parse(file.as_bytes()).unwrap();
    let bom = [b"\xEF\xBB\xBF", file.as_bytes()].concat();
    for other in [crlf.as_bytes(), &shift_jis, &bom] {
        let entries = import::parse(other).unwrap();
        assert_eq!(entries.len(), plain.len());
        for (entry, plain) in entries.iter().zip(&plain) {
            assert!(entry.number == plain.number);
            assert!(entry.person == plain.person);
            assert!(entry.doses == plain.doses);
        }
    }
}

#[test]
fn a_wrong_cell_is_named_by_line_and_column() {
    let cases: [(&str, &str, CellError); 20] = [
        ("個人番号", "", CellError::Missing),
        ("個人番号", "12345", CellError::Number),
        ("個人番号", "123456789012", CellError::CheckDigit),
        ("団体内統合宛名番号", "", CellError::Missing),
        ("団体内統合宛名番号", "12a", CellError::Character),
        ("団体内統合宛名番号", "1234567890123456", CellError::TooLong),
        ("漢字氏名", "", CellError::Missing),
        ("漢字氏名", " 試験", CellError::Character),
        ("漢字氏名", "試\u{7}験", CellError::Character),
        ("生年月日", "1980-01-01", CellError::Date),
        ("生年月日", "19800230", CellError::Date),
        ("性別", "3", CellError::Code),
        ("転出", "yes", CellError::Code),
        ("接種日", "", CellError::Missing),
        ("業務", "COVID", CellError::Code),
        ("請求年月", "202113", CellError::Date),
        ("接種量", "0.", CellError::Character),
        ("接種量", "０.３", CellError::Character),
        ("ワクチン名", "", CellError::Missing),
        ("ロット番号", "123456789012345678901", CellError::TooLong),
    ];
    for (name, value, code) in cases {
        let good = row(&number(1)).dose("20210701", "A");
        let bad = row(&number(2)).dose("20210701", "B").set(name, value);
        let found = errors(csv(&[good, bad]).as_bytes());
        assert_eq!(found, [(3, column(name), code)], "{name}");
    }
}

#[test]
fn all_errors_of_a_file_are_told_at_once() {
    let file = csv(&[
        row(&number(1)).set("性別", "x").set("生年月日", "x"),
        row(&number(2)),
        row(&number(3)).dose("2021", "A").set("転出", "2"),
    ]);
    assert_eq!(
        errors(file.as_bytes()),
        [
            (2, column("生年月日"), CellError::Date),
            (2, column("性別"), CellError::Code),
            (4, column("転出"), CellError::Code),
            (4, column("接種日"), CellError::Date),
        ]
    );
}

#[test]
fn the_header_is_exact() {
    let right = csv(&[row(&number(1))]);
    let swapped = right.replace("転出,死亡", "死亡,転出");
    assert_ne!(right, swapped);
    assert_eq!(
        errors(swapped.as_bytes()),
        [
            (1, column("転出"), CellError::Header),
            (1, column("死亡"), CellError::Header)
        ]
    );
    assert_eq!(errors(b""), [(1, None, CellError::Header)]);
    let short = right.replace(",ロット番号", "");
    assert_eq!(errors(short.as_bytes()), [(1, None, CellError::Cells)]);
}

#[test]
fn rows_of_one_person_agree_and_doses_come_once() {
    let one = || row(&number(1));
    let cases: [(Vec<Row>, CellError); 4] = [
        (
            vec![
                one().dose("20210701", "A"),
                one().dose("20210722", "B").set("住所", "別の住所"),
            ],
            CellError::PersonDiffers,
        ),
        (
            vec![one().dose("20210701", "A"), one().dose("20210701", "B")],
            CellError::Repeated,
        ),
        (
            vec![one(), one().dose("20210701", "A")],
            CellError::Repeated,
        ),
        (vec![one(), one()], CellError::Repeated),
    ];
    for (rows, code) in cases {
        assert_eq!(errors(csv(&rows).as_bytes()), [(3, None, code)]);
    }
}

#[test]
fn cells_too_many_or_too_few_and_broken_bytes_are_told_by_line() {
    let mut file = csv(&[row(&number(1)), row(&number(2))]);
    file = file.trim_end().to_owned() + ",\n";
    assert_eq!(errors(file.as_bytes()), [(3, None, CellError::Cells)]);
    let file = csv(&[row(&number(1))]);
    let (shift_jis, _, _) = SHIFT_JIS.encode(&file);
    let broken = [&shift_jis[..], b"\xFF\xFF\n"].concat();
    assert_eq!(errors(&broken), [(3, None, CellError::Encoding)]);
}

#[test]
fn the_readme_has_every_column_in_order() {
    let readme = include_str!("../../README.md");
    let table = &readme[readme.find("| column | rule |").unwrap()..];
    let named: Vec<&str> = table
        .lines()
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .collect();
    assert_eq!(named, import::header());
}

#[test]
fn doses_come_out_in_order_of_date() {
    let file = csv(&[
        row(&number(1)).dose("20230101", "C"),
        row(&number(1)).dose("20210701", "A"),
        row(&number(1)).dose("20210722", "B"),
    ]);
    let entries = import::parse(file.as_bytes()).unwrap();
    let lots: Vec<_> = entries[0]
        .doses
        .iter()
        .map(|dose| dose.lot.expose())
        .collect();
    assert_eq!(lots, ["A", "B", "C"]);
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>) {
        let _ = import::parse(&bytes);
    }

    #[test]
    fn no_cells_break_the_reader(cells in prop::collection::vec("[^,\"\r\n]{0,30}", 41)) {
        let file = format!("{}\n{}\n", import::header().join(","), cells.join(","));
        let _ = import::parse(file.as_bytes());
    }
}
