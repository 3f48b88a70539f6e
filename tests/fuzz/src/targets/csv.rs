//! A municipality's file of records, as an operator imports it.

use vrs::import::{self, ImportError};

/// A real system's, with several persons and doses.
const RECORDS: &str = include_str!("../../../data/vrs/141003.csv");

/// Longest file that is tried.
pub(super) const LONGEST: usize = 256 * 1024;

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

/// A quarter of a megabyte, of which every municipality has many: many persons, many doses of one, and an error in every line.
pub(super) fn long() -> Vec<Vec<u8>> {
    /// Of a row's columns.
    const NUMBER: usize = 0;
    const VACCINATED_ON: usize = 16;
    let mut lines = RECORDS.lines();
    let (header, row) = lines.next().zip(lines.next()).expect("a header and a row");
    let file = |change: fn(&mut [String], u32)| {
        let mut file = header.to_owned();
        for number in 0.. {
            let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
            change(&mut cells, number);
            let line = cells.join(",");
            // Changes may add to it.
            if file.len() + line.len() > LONGEST - 1024 {
                break;
            }
            file.push('\n');
            file.push_str(&line);
        }
        file.into_bytes()
    };
    vec![
        file(|cells, number| cells[NUMBER] = individual_number(number)),
        file(|cells, number| {
            let (year, rest) = (2000 + number / (12 * 28), number % (12 * 28));
            let (month, day) = (1 + rest / 28, 1 + rest % 28);
            cells[VACCINATED_ON] = format!("{year}{month:02}{day:02}");
        }),
        file(|cells, number| {
            cells[NUMBER] = number.to_string();
            cells[VACCINATED_ON].clear();
        }),
    ]
}

/// Twelve digits, the last of which is their check digit.
fn individual_number(number: u32) -> String {
    let digits = format!("{number:011}");
    let weights = (2..=7).chain(2..=6);
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = 11 - sum % 11;
    format!("{digits}{}", if check > 9 { 0 } else { check })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_long_files_two_are_taken_and_one_is_wrong_everywhere() {
        let read = long().into_iter().map(|file| match import::parse(&file) {
            Ok(persons) => (persons.len(), 0),
            Err(errors) => (0, errors.len()),
        });
        let read: Vec<_> = read.collect();
        assert!(
            read[0].0 > 500 && read[1].0 == 1 && read[2].1 > 500,
            "{read:?}"
        );
    }
}
