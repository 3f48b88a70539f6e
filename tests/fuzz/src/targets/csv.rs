//! A municipality's file of records, as an operator imports it.

use vrs::import::{self, ImportError};

/// A real system's, with several persons and doses.
const RECORDS: &str = include_str!("../../../data/vrs/141003.csv");

/// A file is taken or refused; what is wrong with it lies on a line of its, and is told without a word of what stands there.
pub(super) fn body(input: &[u8]) {
    let Err(errors) = import::parse(input) else {
        return;
    };
    assert!(!errors.is_empty());
    // A line ends with LF, CR or both.
    let lines = 1 + input.iter().filter(|byte| b"\r\n".contains(byte)).count() as u64;
    for ImportError { line, .. } in &errors {
        assert!((1..=lines).contains(line), "line {line} of {lines}");
    }
    let told = serde_json::to_string(&errors).expect("they are JSON");
    let names = import::header();
    let known = |text: &str| text.is_ascii() || names.iter().any(|name| text.contains(name));
    assert!(told.split('"').all(known), "a cell is quoted");
}

/// The file, its lines, and both encodings.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let lines: Vec<&str> = RECORDS.lines().collect();
    let few = |count: usize| lines[..count.min(lines.len())].join("\n");
    let windows = encoding_rs::SHIFT_JIS.encode(RECORDS).0.into_owned();
    vec![
        RECORDS.into(),
        few(1).into(),
        few(2).into(),
        [b"\xEF\xBB\xBF", few(3).as_bytes()].concat(),
        few(3).replace('\n', "\r\n").into(),
        windows,
        Vec::new(),
    ]
}
